//! Personas as a table shows them: once, and once more for each way on which they are decided otherwise.

use std::collections::BTreeSet;

use super::persona::{Persona, Subject, Subjects};
use super::policy::Level;
use super::realm::{Realm, Server};
use super::table::{Resource, Table, table};
use super::through::{Asker, Entrance, Ways, askers, entrances, is_own};
use crate::state::Address;

/// A persona on ways that make no difference.
#[derive(Clone, Debug)]
pub struct Column {
    /// As it asks on the first of the ways.
    pub persona: Persona,
    /// The position among the personas that were given.
    pub of: usize,
    pub through: Ways,
    /// What does not change any decision but the reader should know, such as a disabled user.
    pub notes: Vec<String>,
}

/// Splits personas by the clients through which they ask, where that changes any decision of a client.
///
/// Ways that lead only through clients that every realm has are left out where they open nothing more.
pub fn columns(realm: &Realm, client: &Address, personas: &[Persona]) -> Vec<Column> {
    let Some(server) = realm.server(client) else {
        let of = |(of, it): (usize, &Persona)| Column {
            persona: it.clone(),
            of,
            through: Ways::default(),
            notes: Vec::new(),
        };
        return personas.iter().enumerate().map(of).collect();
    };
    let entrances = entrances([realm], client);
    let askers = askers(personas, &entrances);
    let mut tokens = Subjects::default();
    let subjects: Vec<Subject> = askers.iter().map(|it| tokens.subject(realm, server, &it.persona)).collect();
    let table = table(realm, server, &subjects);
    let split: Vec<Split> = (0..askers.len())
        .collect::<Vec<_>>()
        .chunk_by(|one, other| askers[*one].of == askers[*other].of)
        .map(|all| Split::of(all, &askers, &entrances, &table))
        .collect();
    let beyond = beyond(server, &table, &split);
    let mut out = Vec::new();
    for Split { by_class, own } in &split {
        let first = out.len();
        for (class, asker, at) in by_class {
            if own.is_empty() || own.contains(class) || beyond.contains(&(*class, own)) {
                out.push(Column {
                    persona: askers[*asker].persona.clone(),
                    of: askers[*asker].of,
                    through: Ways::of(&entrances, at),
                    notes: subjects[*asker].notes.clone(),
                });
            }
        }
        // What is left of a persona is all of it.
        if let [only] = &mut out[first..] {
            only.through = Ways::default();
        }
    }
    out
}

/// The ways of one persona.
struct Split {
    /// Classes, the first asker of each, and the entrances.
    by_class: Vec<(usize, usize, BTreeSet<usize>)>,
    /// The classes on ways through clients that not every realm has.
    own: BTreeSet<usize>,
}

impl Split {
    fn of<const N: usize>(
        all: &[usize],
        askers: &[Asker],
        entrances: &[Entrance<N>],
        table: &Table<'_>,
    ) -> Self {
        let mut by_class: Vec<(usize, usize, BTreeSet<usize>)> = Vec::new();
        for asker in all {
            let class = table.class_of[*asker];
            let entrance = askers[*asker].entrance;
            match by_class.iter_mut().find(|it| it.0 == class) {
                Some(known) => known.2.extend(entrance),
                None => by_class.push((class, *asker, entrance.into_iter().collect())),
            }
        }
        let is_shown =
            |at: &BTreeSet<usize>| at.is_empty() || at.iter().flat_map(|it| &entrances[*it].ways).any(is_own);
        let own = by_class.iter().filter(|it| is_shown(&it.2)).map(|it| it.0).collect();
        Self { by_class, own }
    }
}

impl Column {
    /// Returns the persona's name, and how it comes where that matters.
    pub fn name(&self) -> String {
        format!("{}{}", self.persona.name, self.through)
    }
}

/// Returns the classes that are permitted anything which the other ways of the same persona do not permit.
fn beyond<'a>(
    server: &Server,
    table: &Table<'_>,
    split: &'a [Split],
) -> BTreeSet<(usize, &'a BTreeSet<usize>)> {
    let further = split.iter().flat_map(|Split { by_class, own }| {
        let classes = by_class.iter().map(|it| it.0);
        classes.filter(move |it| !own.is_empty() && !own.contains(it)).map(move |it| (it, own))
    });
    let mut open: BTreeSet<(usize, &BTreeSet<usize>)> = further.collect();
    let mut out = BTreeSet::new();
    for resource in 0..server.resources.len() {
        if open.is_empty() {
            break;
        }
        let resource = Resource::of(table, resource);
        let level =
            |class: usize, scope: usize| Level::from(resource.rows[resource.row_of[class]].answers[scope]);
        open.retain(|(class, own)| {
            let is_more = |scope: usize| own.iter().all(|it| level(*it, scope) < level(*class, scope));
            let is_beyond = (0..resource.scopes.len()).any(is_more);
            if is_beyond {
                out.insert((*class, *own));
            }
            !is_beyond
        });
    }
    out
}
