//! All decisions of a client with personas who are decided alike together, and resources that are.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::matrix::{Decisions, Sheet};
use super::one_line;
use crate::access::Column;
use crate::report::natural;
use crate::report::text::{counted, few};

/// So many names stand without their count.
pub(super) const HEADED: usize = 3;

/// Decisions without repetition.
pub(super) struct Folded {
    pub(super) classes: Vec<Class>,
    /// Per column its class.
    pub(super) class_of: Vec<usize>,
    pub(super) groups: Vec<Group>,
    /// How many decisions are yes, no, and unknown.
    pub(super) counts: [usize; 3],
    /// Per persona, by position, how many columns it has.
    columns_of: BTreeMap<usize, usize>,
}

/// Personas for whom every decision is the same.
pub(super) struct Class {
    /// Positions of columns.
    pub(super) members: Vec<usize>,
}

/// Resources with the same scopes and decisions.
pub(super) struct Group {
    pub(super) resources: Vec<String>,
    pub(super) lines: Vec<Line>,
}

/// Scopes of a resource with the same decisions; no name where it has none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) scopes: Vec<Option<String>>,
    /// What most personas are told.
    pub(super) most: Option<bool>,
    /// The classes that are told otherwise, in order.
    pub(super) others: Vec<(usize, Option<bool>)>,
}

impl Group {
    /// Returns the resources in words.
    pub(super) fn label(&self, most: usize) -> String {
        let names: Vec<String> = self.resources.iter().map(|it| one_line(it)).collect();
        let count = if names.len() > HEADED { format!("{} resources: ", names.len()) } else { String::new() };
        format!("{count}{}", few(&names, most))
    }
}

impl Line {
    pub(super) fn grants(&self, class: usize) -> Option<bool> {
        self.others.binary_search_by_key(&class, |it| it.0).map_or(self.most, |at| self.others[at].1)
    }

    /// Returns what it is about, as `edit, view on Maps`.
    pub(super) fn label(&self, resources: &str) -> String {
        let scopes = self.scopes();
        if scopes.is_empty() { resources.to_owned() } else { format!("{scopes} on {resources}") }
    }

    pub(super) fn scopes(&self) -> String {
        self.scopes.iter().flatten().map(|it| one_line(it)).collect::<Vec<_>>().join(", ")
    }
}

/// The decisions about one scope of one resource; only those are kept that differ from what most personas are told.
struct Row {
    resource: String,
    scope: Option<String>,
    most: Option<bool>,
    others: Vec<(usize, Option<bool>)>,
}

impl Row {
    fn of(resource: &str, scope: Option<&str>, grants: &[Option<bool>]) -> Self {
        let count = |of: Option<bool>| grants.iter().filter(|it| **it == of).count();
        let most = [Some(false), Some(true), None].into_iter().rev().max_by_key(|it| count(*it)).flatten();
        let others = grants.iter().copied().enumerate().filter(|it| it.1 != most);
        Self {
            resource: resource.to_owned(),
            scope: scope.map(str::to_owned),
            most,
            others: others.collect(),
        }
    }
}

impl Folded {
    pub(super) fn of(sheet: &Sheet<'_>, decisions: Decisions<'_>) -> io::Result<Self> {
        let columns = sheet.columns;
        let mut rows: Vec<Row> = Vec::new();
        let mut grants: Vec<Option<bool>> = Vec::with_capacity(columns.len());
        decisions(&mut |cell| {
            grants.push(cell.grants);
            if grants.len() == columns.len() {
                rows.push(Row::of(cell.resource, cell.scope, &grants));
                grants.clear();
            }
            Ok(())
        })?;
        let mut counts = [0; 3];
        let mut told: Vec<Vec<(usize, Option<bool>)>> = vec![Vec::new(); columns.len()];
        for (at, row) in rows.iter().enumerate() {
            counts[position(row.most)] += columns.len() - row.others.len();
            for (column, grants) in &row.others {
                counts[position(*grants)] += 1;
                told[*column].push((at, *grants));
            }
        }
        let (classes, class_of) = classes(told);
        let mut columns_of: BTreeMap<usize, usize> = BTreeMap::new();
        for column in columns {
            *columns_of.entry(column.of).or_default() += 1;
        }
        for row in &mut rows {
            row.others.retain(|it| classes[class_of[it.0]].members[0] == it.0);
            for it in &mut row.others {
                it.0 = class_of[it.0];
            }
        }
        Ok(Self { groups: groups(&rows), classes, class_of, counts, columns_of })
    }

    /// Returns what stands together, or nothing where nothing does.
    pub(super) fn alike(&self, sheet: &Sheet<'_>) -> Option<String> {
        let resources = self.groups.iter().map(|it| it.resources.len()).sum::<usize>();
        let (classes, groups) = (self.classes.len(), self.groups.len());
        let (personas, word) = everybody(sheet.columns);
        let of_personas = || format!("{} in {}", counted(personas, word), counted(classes, "column"));
        let of_resources = || format!("{} in {}", counted(resources, "resource"), counted(groups, "group"));
        let both =
            [(sheet.columns.len() > classes).then(of_personas), (resources > groups).then(of_resources)];
        let both: Vec<String> = both.into_iter().flatten().collect();
        (!both.is_empty()).then(|| format!("Decided alike and shown together: {}.", both.join(", ")))
    }

    /// Returns names of columns, by the clients through which they come where that makes a difference.
    pub(super) fn names(&self, columns: &[Column], members: &[usize]) -> Vec<Named> {
        let mut by_persona: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in members {
            by_persona.entry(columns[*at].of).or_default().push(*at);
        }
        let mut by_ways: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
        for (persona, all) in by_persona {
            let column = &columns[all[0]];
            let mut name = one_line(&column.persona.name);
            if !column.notes.is_empty() {
                name.push_str(" (disabled)");
            }
            // Who is decided alike on every way needs none.
            let is_whole = self.columns_of[&persona] == all.len();
            let ways: BTreeSet<String> = all.iter().flat_map(|it| columns[*it].through.names()).collect();
            let ways = if is_whole { Vec::new() } else { ways.into_iter().map(|it| one_line(&it)).collect() };
            by_ways.entry(ways).or_default().push(name);
        }
        let named = |(through, mut names): (Vec<String>, Vec<String>)| {
            names.sort_by(|a, b| natural::names(a, b));
            Named { names, through }
        };
        by_ways.into_iter().map(named).collect()
    }
}

/// Returns those who are told what most are, in words: all, or those whom nothing else names.
pub(super) fn rest(columns: &[Column], members: &[usize]) -> String {
    let (count, word) = people(columns, members);
    if members.len() == columns.len() {
        return format!("all {}", counted(count, word));
    }
    let here: BTreeSet<usize> = members.iter().copied().collect();
    let elsewhere = (0..columns.len()).filter(|it| !here.contains(it)).map(|it| columns[it].of);
    let named: BTreeSet<usize> = elsewhere.collect();
    let all: BTreeSet<usize> = members.iter().map(|it| columns[*it].of).collect();
    let others = all.difference(&named).count();
    let but = match all.len() - others {
        0 => return format!("the other {}", counted(others, word)),
        1 => "one of these through other clients".to_owned(),
        some => format!("{some} of these through other clients"),
    };
    if others == 0 { but } else { format!("the other {}, and {but}", counted(others, word)) }
}

/// Personas who come through the same clients; through all where none is named.
pub(super) struct Named {
    pub(super) names: Vec<String>,
    pub(super) through: Vec<String>,
}

/// Returns names in words, not more than so many.
pub(super) fn listed(all: &[Named], most: usize) -> String {
    let mut left = most;
    let mut parts = Vec::new();
    for it in all.iter().filter(|_| most > 0) {
        if left == 0 {
            break;
        }
        let through = match it.through.as_slice() {
            [] => String::new(),
            all => format!(" through {}", few(all, 4)),
        };
        parts.push(format!("{}{through}", few(&it.names, left)));
        left = left.saturating_sub(it.names.len());
    }
    let shown = parts.len();
    let more: usize = all[shown..].iter().map(|it| it.names.len()).sum();
    let named = parts.join("; ");
    if more > 0 { format!("{named}; and {more} more") } else { named }
}

/// Returns how many personas all columns are of, and what they are called.
pub(super) fn everybody(columns: &[Column]) -> (usize, &'static str) {
    let all: Vec<usize> = (0..columns.len()).collect();
    people(columns, &all)
}

/// Returns how many personas columns are of, and what they are called.
pub(super) fn people(columns: &[Column], members: &[usize]) -> (usize, &'static str) {
    let all: BTreeSet<usize> = members.iter().map(|it| columns[*it].of).collect();
    let is_user = |it: &usize| columns[*it].persona.is_user();
    (all.len(), if members.iter().all(is_user) { "user" } else { "persona" })
}

fn position(grants: Option<bool>) -> usize {
    match grants {
        Some(true) => 0,
        Some(false) => 1,
        None => 2,
    }
}

/// Folds columns that are told the same, by what each is told otherwise than most.
fn classes(told: Vec<Vec<(usize, Option<bool>)>>) -> (Vec<Class>, Vec<usize>) {
    let mut known: BTreeMap<Vec<(usize, Option<bool>)>, usize> = BTreeMap::new();
    let mut classes: Vec<Class> = Vec::new();
    let mut class_of = Vec::with_capacity(told.len());
    for (at, told) in told.into_iter().enumerate() {
        let class = *known.entry(told).or_insert_with(|| {
            classes.push(Class { members: Vec::new() });
            classes.len() - 1
        });
        classes[class].members.push(at);
        class_of.push(class);
    }
    (classes, class_of)
}

/// Folds scopes within resources, and then resources.
fn groups(rows: &[Row]) -> Vec<Group> {
    let mut known: BTreeMap<Vec<Line>, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for rows in rows.chunk_by(|one, other| one.resource == other.resource) {
        let mut lines: Vec<Line> = Vec::new();
        for row in rows {
            let is_same = |it: &&mut Line| it.most == row.most && it.others == row.others;
            match lines.iter_mut().find(is_same) {
                Some(line) => line.scopes.push(row.scope.clone()),
                None => lines.push(Line {
                    scopes: vec![row.scope.clone()],
                    most: row.most,
                    others: row.others.clone(),
                }),
            }
        }
        let at = *known.entry(lines).or_insert_with_key(|lines| {
            groups.push(Group { resources: Vec::new(), lines: lines.clone() });
            groups.len() - 1
        });
        groups[at].resources.push(rows[0].resource.clone());
    }
    for group in &mut groups {
        group.resources.sort_by(|a, b| natural::names(a, b));
    }
    groups
}
