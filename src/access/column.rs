//! Personas as a table shows them: once, and once more for each way on which they are decided otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::persona::{Persona, Subject, Subjects};
use super::policy::Level;
use super::realm::{Realm, Server};
use super::table::{Resource, Table, table};
use super::through::{Ways, askers, entrances, is_own};
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
    let mut opens = Opens { server, table: &table, known: BTreeMap::new() };
    let mut out = Vec::new();
    let mut start = 0;
    for all in askers.chunk_by(|one, other| one.of == other.of) {
        let first = out.len();
        let of = all[0].of;
        let mut by_class: Vec<(usize, usize, BTreeSet<usize>)> = Vec::new();
        for (at, asker) in all.iter().enumerate() {
            let class = table.class_of[start + at];
            match by_class.iter_mut().find(|it| it.0 == class) {
                Some(known) => known.2.extend(asker.entrance),
                None => by_class.push((class, at, asker.entrance.into_iter().collect())),
            }
        }
        let is_shown =
            |at: &BTreeSet<usize>| at.is_empty() || at.iter().flat_map(|it| &entrances[*it].ways).any(is_own);
        let own: BTreeSet<usize> = by_class.iter().filter(|it| is_shown(&it.2)).map(|it| it.0).collect();
        for (class, asker, at) in &by_class {
            if own.is_empty() || own.contains(class) || opens.beyond(*class, &own) {
                let through = Ways::of(&entrances, at);
                let notes = subjects[start + asker].notes.clone();
                out.push(Column { persona: all[*asker].persona.clone(), of, through, notes });
            }
        }
        // What is left of a persona is all of it.
        if let [only] = &mut out[first..] {
            only.through = Ways::default();
        }
        start += all.len();
    }
    out
}

impl Column {
    /// Returns the persona's name, and how it comes where that matters.
    pub fn name(&self) -> String {
        format!("{}{}", self.persona.name, self.through)
    }
}

/// Which classes are permitted anything that others are not.
struct Opens<'a> {
    server: &'a Server,
    table: &'a Table<'a>,
    known: BTreeMap<(usize, BTreeSet<usize>), bool>,
}

impl Opens<'_> {
    fn beyond(&mut self, class: usize, others: &BTreeSet<usize>) -> bool {
        if let Some(known) = self.known.get(&(class, others.clone())) {
            return *known;
        }
        let opens = (0..self.server.resources.len()).any(|at| self.on(at, class, others));
        self.known.insert((class, others.clone()), opens);
        opens
    }

    fn on(&self, resource: usize, class: usize, others: &BTreeSet<usize>) -> bool {
        let mut resource = Resource::new(self.server, resource);
        let row = resource.row(self.table, class);
        let others: Vec<usize> = others.iter().map(|it| resource.row(self.table, *it)).collect();
        let at = |row: usize, scope: usize| Level::from(resource.rows[row].answers[scope]);
        let is_more = |scope: usize| others.iter().all(|it| at(*it, scope) < at(row, scope));
        (0..resource.scopes.len()).any(is_more)
    }
}
