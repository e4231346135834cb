//! Many personas against all resources of one client at once.
//!
//! What each policy says is worked out once per persona, what each permission says once per class, and what a
//! resource answers once per distinct combination of what its permissions say.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::{Answered, answer, says};
use super::persona::Subject;
use super::policy::{Holds, outcomes};
use super::realm::{Realm, Server};

/// What one resource answers, scope by scope, each asked alone as resource servers do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) answers: Vec<Holds>,
}

/// Personas of one client that no policy can tell apart.
#[derive(Debug)]
pub(super) struct Same {
    /// Positions in the list of subjects.
    pub(super) members: Vec<usize>,
    pub(super) outcomes: Vec<Holds>,
    /// What each permission says.
    permissions: Vec<Option<Holds>>,
}

/// All answers of one client.
pub(super) struct Table<'a> {
    server: &'a Server,
    subjects: &'a [Subject],
    pub(super) classes: Vec<Same>,
    /// Per subject its class.
    pub(super) class_of: Vec<usize>,
}

/// Returns the subjects in classes.
pub(super) fn table<'a>(realm: &Realm, server: &'a Server, subjects: &'a [Subject]) -> Table<'a> {
    let mut found: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let mut classes: Vec<Same> = Vec::new();
    let mut class_of = Vec::with_capacity(subjects.len());
    for (at, subject) in subjects.iter().enumerate() {
        let outcomes = outcomes(realm, server, subject);
        let permissions: Vec<Option<Holds>> =
            (0..server.permission_entries.len()).map(|it| says(server, it, &outcomes)).collect();
        let key = key(server, subject, &outcomes, &permissions);
        let class = *found.entry(key).or_insert_with(|| {
            classes.push(Same { members: Vec::new(), outcomes, permissions });
            classes.len() - 1
        });
        classes[class].members.push(at);
        class_of.push(class);
    }
    Table { server, subjects, classes, class_of }
}

/// What any decision of this client can depend on.
fn key(server: &Server, subject: &Subject, outcomes: &[Holds], permissions: &[Option<Holds>]) -> Vec<u8> {
    let mut key = vec![u8::from(subject.anonymous), u8::from(subject.missing.is_some())];
    for (entry, holds) in server.permission_entries.iter().zip(permissions) {
        key.push(code(*holds));
        // Two unknowns of one policy are the same unknown, which the permission alone does not show.
        if entry.leaves.iter().any(|it| outcomes[*it] == Holds::Unknown || outcomes[*it] == Holds::Fails) {
            key.extend(entry.leaves.iter().map(|it| code(Some(outcomes[*it]))));
        }
    }
    key
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

/// Answers of one resource, remembered by what its permissions say.
pub(super) struct Resource {
    at: usize,
    /// Every scope it has, or nothing where it has none and is asked as a whole.
    pub(super) scopes: Vec<Option<usize>>,
    permissions: Vec<usize>,
    leaves: Vec<usize>,
    /// Steps from what the permissions so far say to what they say with the next.
    nodes: Vec<[u32; 5]>,
    ends: BTreeMap<u32, usize>,
    pub(super) rows: Vec<Row>,
}

impl Resource {
    pub(super) fn new(server: &Server, resource: usize) -> Self {
        let entry = &server.resource_entries[resource];
        let scopes: Vec<Option<usize>> =
            if entry.all.is_empty() { vec![None] } else { entry.all.iter().copied().map(Some).collect() };
        let wide = server.scope_wide.iter().copied();
        let wide = wide.filter(|it| !server.permission_entries[*it].scopes.is_disjoint(&entry.all));
        let permissions: Vec<usize> = entry.applied.iter().map(|it| it.permission).chain(wide).collect();
        let leaves: BTreeSet<usize> =
            permissions.iter().flat_map(|it| server.permission_entries[*it].leaves.iter().copied()).collect();
        Self {
            at: resource,
            scopes,
            permissions,
            leaves: leaves.into_iter().collect(),
            nodes: vec![[0; 5]],
            ends: BTreeMap::new(),
            rows: Vec::new(),
        }
    }

    /// Returns the position of the row that a class gets.
    pub(super) fn row(&mut self, table: &Table<'_>, class: usize) -> usize {
        let same = &table.classes[class];
        let subject = &table.subjects[same.members[0]];
        let mut node = 0_u32;
        for permission in &self.permissions {
            node = step(&mut self.nodes, node, code(same.permissions[*permission]));
        }
        // What is unknown or fails hangs on the single policies.
        if self.leaves.iter().any(|it| matches!(same.outcomes[*it], Holds::Unknown | Holds::Fails)) {
            for leaf in &self.leaves {
                node = step(&mut self.nodes, node, code(Some(same.outcomes[*leaf])));
            }
        }
        if subject.anonymous || subject.missing.is_some() {
            node = step(&mut self.nodes, node, if subject.anonymous { 0 } else { 3 });
        }
        if let Some(row) = self.ends.get(&node) {
            return *row;
        }
        let answers = self.scopes.iter().map(|scope| self.ask(table.server, subject, &same.outcomes, *scope));
        let row = Row { answers: answers.collect() };
        let at = self.rows.iter().position(|it| *it == row).unwrap_or_else(|| {
            self.rows.push(row);
            self.rows.len() - 1
        });
        self.ends.insert(node, at);
        at
    }

    /// Returns the whole answer that a class gets, by the position of the scope; nothing where its personas are not known.
    pub(super) fn answered(&self, table: &Table<'_>, class: usize, scope: usize) -> Option<Answered> {
        let same = &table.classes[class];
        let subject = &table.subjects[same.members[0]];
        let asked: BTreeSet<usize> = self.scopes[scope].into_iter().collect();
        let known = subject.missing.is_none();
        known.then(|| answer(table.server, subject, Some(self.at), &asked, &same.outcomes))
    }

    fn ask(&self, server: &Server, subject: &Subject, outcomes: &[Holds], scope: Option<usize>) -> Holds {
        if subject.missing.is_some() {
            return Holds::Unknown;
        }
        let asked: BTreeSet<usize> = scope.into_iter().collect();
        let answer = answer(server, subject, Some(self.at), &asked, outcomes);
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
}

fn step(nodes: &mut Vec<[u32; 5]>, from: u32, by: u8) -> u32 {
    let next = nodes[from as usize][usize::from(by)];
    if next != 0 {
        return next;
    }
    nodes.push([0; 5]);
    let next = u32::try_from(nodes.len() - 1).expect("fewer combinations than personas times permissions");
    nodes[from as usize][usize::from(by)] = next;
    next
}
