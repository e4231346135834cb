//! Many personas against all resources of one client at once.
//!
//! What each policy says is worked out once for all personas, what each permission says once for all of them, and what a
//! resource answers once per distinct combination of what its permissions say.

use std::collections::BTreeSet;

use super::decide::{Answered, answer, heard, says_by};
use super::persona::Subject;
use super::policy::{Holds, columns};
use super::realm::{Realm, Server};
use crate::state::Address;

/// What one resource answers, scope by scope, each asked alone as resource servers do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) answers: Vec<Holds>,
}

/// All answers of one client.
pub(super) struct Table<'a> {
    server: &'a Server,
    subjects: &'a [Subject],
    /// Subjects that no policy can tell apart, by their positions.
    pub(super) classes: Vec<Vec<usize>>,
    /// Per subject its class.
    pub(super) class_of: Vec<usize>,
    /// Of each class.
    said: Said,
}

/// Returns the subjects in classes.
pub(super) fn table<'a>(realm: &Realm, server: &'a Server, subjects: &'a [Subject]) -> Table<'a> {
    let said = Said::of(server, columns(realm, server, subjects), subjects.len());
    let mut cells = Cells::new(subjects.len());
    cells.split(subjects.iter().map(who));
    for (at, permission) in server.permission_entries.iter().enumerate() {
        said.tell_apart(&mut cells, &[at], &permission.leaves);
    }
    let class_of: Vec<usize> = cells.of.iter().map(|it| *it as usize).collect();
    let mut classes: Vec<Vec<usize>> = vec![Vec::new(); cells.count];
    for (at, class) in class_of.iter().enumerate() {
        classes[*class].push(at);
    }
    let firsts: Vec<usize> = classes.iter().map(|it| it[0]).collect();
    Table { server, subjects, classes, class_of, said: said.only(&firsts) }
}

impl Table<'_> {
    /// Returns what these policies say of a class, by position; the others are left unknown.
    fn outcomes(&self, policies: &[usize], class: usize) -> Vec<Holds> {
        let mut out = vec![Holds::Unknown; self.server.policy_entries.len()];
        for it in policies {
            out[*it] = self.said.policies[*it][class];
        }
        out
    }
}

/// What matters of a subject beside what policies say of it.
fn who(subject: &Subject) -> u8 {
    match (subject.anonymous, subject.missing.is_some()) {
        (false, false) if subject.spoiled.is_some() => 4,
        (false, false) => 0,
        (false, true) => 1,
        (true, false) => 2,
        (true, true) => 3,
    }
}

fn code(holds: Option<Holds>) -> u8 {
    match holds {
        None => 0,
        Some(Holds::No) => 1,
        Some(Holds::Yes) => 2,
        Some(Holds::Unknown) => 3,
        Some(Holds::Fails) => 4,
    }
}

fn is_open(holds: Holds) -> bool {
    matches!(holds, Holds::Unknown | Holds::Fails)
}

/// What all policies and permissions say of each of many.
struct Said {
    policies: Vec<Vec<Holds>>,
    permissions: Vec<Vec<Option<Holds>>>,
    /// Whether a policy is unknown of any of them, or fails.
    open: Vec<bool>,
}

impl Said {
    fn of(server: &Server, policies: Vec<Vec<Holds>>, count: usize) -> Self {
        let says = |permission: usize| {
            let mut cells = Cells::new(count);
            for it in &server.permission_entries[permission].policies {
                cells.split(policies[*it].iter().map(|it| code(Some(*it))));
            }
            cells.spread(|at| says_by(server, permission, |policy| policies[policy][at]))
        };
        Self {
            permissions: (0..server.permission_entries.len()).map(says).collect(),
            open: policies.iter().map(|it| it.iter().any(|it| is_open(*it))).collect(),
            policies,
        }
    }

    /// Returns what is said of some of them.
    fn only(&self, these: &[usize]) -> Self {
        Self {
            policies: self.policies.iter().map(|it| these.iter().map(|at| it[*at]).collect()).collect(),
            permissions: self.permissions.iter().map(|it| these.iter().map(|at| it[*at]).collect()).collect(),
            open: self.open.clone(),
        }
    }

    /// Splits those of whom these permissions say different things, or what is unknown or fails hangs on other leaves:
    /// two unknowns of one policy are the same unknown, which the permission alone does not show.
    fn tell_apart(&self, cells: &mut Cells, permissions: &[usize], leaves: &[usize]) {
        for it in permissions {
            cells.split(self.permissions[*it].iter().map(|it| code(*it)));
        }
        if leaves.iter().any(|it| self.open[*it]) {
            let hangs: Vec<bool> = (0..cells.of.len())
                .map(|at| leaves.iter().any(|it| is_open(self.policies[*it][at])))
                .collect();
            for it in leaves {
                let says = self.policies[*it].iter().zip(&hangs);
                cells.split(says.map(|(holds, hangs)| code(hangs.then_some(*holds))));
            }
        }
    }
}

/// Positions in cells of those that nothing has told apart so far, in the order in which cells are met first.
struct Cells {
    of: Vec<u32>,
    count: usize,
}

impl Cells {
    fn new(positions: usize) -> Self {
        Self { of: vec![0; positions], count: positions.min(1) }
    }

    /// Splits cells whose positions differ in this, which is below five.
    fn split(&mut self, by: impl Iterator<Item = u8>) {
        const NONE: u32 = u32::MAX;
        let mut next = vec![[NONE; 5]; self.count];
        let mut count = 0;
        for (cell, by) in self.of.iter_mut().zip(by) {
            let next = &mut next[*cell as usize][usize::from(by)];
            if *next == NONE {
                *next = count;
                count += 1;
            }
            *cell = *next;
        }
        self.count = count as usize;
    }

    /// Returns for each position what the first one of its cell gets.
    fn spread<T: Copy>(&self, mut get: impl FnMut(usize) -> T) -> Vec<T> {
        let mut known: Vec<T> = Vec::with_capacity(self.count);
        let each = self.of.iter().enumerate().map(|(at, cell)| {
            let cell = *cell as usize;
            if cell == known.len() {
                known.push(get(at));
            }
            known[cell]
        });
        each.collect()
    }
}

/// What one resource answers to each class.
pub(super) struct Resource {
    /// Every scope it has, or nothing where it has none and is asked as a whole.
    pub(super) scopes: Vec<Option<usize>>,
    /// All that differ.
    pub(super) rows: Vec<Row>,
    /// Per class the row that it gets.
    pub(super) row_of: Vec<usize>,
    at: usize,
    /// Policies that have a say.
    heard: Vec<usize>,
}

impl Resource {
    pub(super) fn of(table: &Table<'_>, resource: usize) -> Self {
        let Table { server, subjects, classes, said, .. } = table;
        let entry = &server.resource_entries[resource];
        let scopes: Vec<Option<usize>> =
            if entry.all.is_empty() { vec![None] } else { entry.all.iter().copied().map(Some).collect() };
        let wide = server.scope_wide.iter().copied();
        let wide = wide.filter(|it| !server.permission_entries[*it].scopes.is_disjoint(&entry.all));
        let permissions: Vec<usize> = entry.applied.iter().map(|it| it.permission).chain(wide).collect();
        let entries = || permissions.iter().map(|it| &server.permission_entries[*it]);
        let leaves: BTreeSet<usize> = entries().flat_map(|it| it.leaves.iter().copied()).collect();
        let leaves: Vec<usize> = leaves.into_iter().collect();
        let mut cells = Cells::new(classes.len());
        cells.split(classes.iter().map(|it| who(&subjects[it[0]])));
        said.tell_apart(&mut cells, &permissions, &leaves);
        let heard = heard(server, resource);
        let mut rows: Vec<Row> = Vec::new();
        let row_of = cells.spread(|class| {
            let outcomes = table.outcomes(&heard, class);
            let subject = &subjects[classes[class][0]];
            let answers = scopes.iter().map(|scope| ask(server, subject, &outcomes, resource, *scope));
            let row = Row { answers: answers.collect() };
            rows.iter().position(|it| *it == row).unwrap_or_else(|| {
                rows.push(row);
                rows.len() - 1
            })
        });
        Self { at: resource, scopes, rows, row_of, heard }
    }

    /// Returns the whole answer that a class gets, by the position of the scope; nothing where its personas are not known.
    pub(super) fn answered(&self, table: &Table<'_>, class: usize, scope: usize) -> Option<Answered> {
        let subject = &table.subjects[table.classes[class][0]];
        let asked: BTreeSet<usize> = self.scopes[scope].into_iter().collect();
        let outcomes = || table.outcomes(&self.heard, class);
        let known = subject.missing.is_none();
        known.then(|| answer(table.server, subject, Some(self.at), &asked, &outcomes()))
    }

    /// Returns what each policy that has a say says of a class.
    pub(super) fn said<'a>(&self, table: &Table<'a>, class: usize) -> Vec<(&'a Address, Holds)> {
        let policies = &table.server.policies.addresses;
        self.heard.iter().map(|it| (&policies[*it], table.said.policies[*it][class])).collect()
    }
}

fn ask(
    server: &Server,
    subject: &Subject,
    outcomes: &[Holds],
    resource: usize,
    scope: Option<usize>,
) -> Holds {
    if subject.missing.is_some() {
        return Holds::Unknown;
    }
    let asked: BTreeSet<usize> = scope.into_iter().collect();
    let answer = answer(server, subject, Some(resource), &asked, outcomes);
    match (answer.permit, scope) {
        (Holds::Yes, Some(scope)) if answer.granted.contains(&scope) => Holds::Yes,
        (Holds::Yes, Some(scope)) if answer.maybe.contains(&scope) => Holds::Unknown,
        (Holds::Yes, Some(_)) => Holds::No,
        // No outcome grants it.
        (Holds::Unknown, Some(scope))
            if !answer.granted.contains(&scope) && !answer.maybe.contains(&scope) =>
        {
            Holds::No
        }
        (holds, _) => holds,
    }
}
