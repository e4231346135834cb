//! One of two realms that are compared, and everybody who asks there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, ImpactQuestion};
use crate::access::bits::Bits;
use crate::access::chain::Decision;
use crate::access::class::everybody;
use crate::access::decide::{heard, on, order};
use crate::access::persona::{Persona, Subject, Subjects};
use crate::access::policy::Level;
use crate::access::realm::{Realm, Server};
use crate::access::table::{Resource, Table, table};
use crate::access::through::{Asker, Entrance, Says, Through, askers, entrances, read_mappers};
use crate::kind::USER;
use crate::state::Address;

/// Everybody whom a comparison looks at, at every entrance to one client.
pub(super) struct People {
    pub(super) personas: Vec<Persona>,
    pub(super) entrances: Vec<Entrance<2>>,
    /// Those of one persona stand together.
    pub(super) askers: Vec<Asker>,
}

impl People {
    /// Returns everybody whom the decisions of a client are about, and the members of what brings them something else.
    pub(super) fn of(
        realms: [&Realm; 2],
        client: &Address,
        members: &[Persona],
        terms: &ImpactQuestion<'_>,
    ) -> Self {
        let mut found: BTreeMap<String, Persona> = BTreeMap::new();
        let everybody = realms.into_iter().rev().flat_map(|it| everybody(it, client, terms.at));
        let members = members.iter().map(|it| Persona { at: terms.at, ..it.clone() });
        for persona in everybody.chain(members) {
            found.entry(persona.name.clone()).or_insert(persona);
        }
        let personas: Vec<Persona> = found.into_values().collect();
        let entrances = entrances(realms, client);
        Self { askers: askers(&personas, &entrances), personas, entrances }
    }

    pub(super) fn is_declared(&self, persona: usize, terms: &ImpactQuestion<'_>) -> bool {
        let user = self.personas[persona].user.as_ref();
        user.is_none_or(|it| it.kind() != USER || (terms.declared)(it))
    }

    /// Returns on which sides an asker gets a token.
    pub(super) fn is_open(&self, asker: usize) -> [bool; 2] {
        self.askers[asker].entrance.map_or([true; 2], |it| self.entrances[it].open)
    }

    /// Returns the askers who stand for this one on a side: where its entrance is not there, the same persona at all
    /// others. A further way to what one may do already is no gain, and one less is no loss.
    fn on_side(&self, asker: usize, side: usize) -> Vec<usize> {
        if self.is_open(asker)[side] {
            return vec![asker];
        }
        let of = self.askers[asker].of;
        let first = self.askers.partition_point(|it| it.of < of);
        let all = (first..self.askers.len()).take_while(|it| self.askers[*it].of == of);
        all.filter(|it| self.is_open(*it)[side]).collect()
    }
}

/// One of the two realms, as one client sees it.
pub(super) struct Side<'a> {
    at: usize,
    realm: &'a Realm,
    people: &'a People,
    pub(super) server: Option<&'a Server>,
    resources: BTreeMap<&'a str, usize>,
    pub(super) subjects: Vec<Subject>,
    /// Decisions may hang on more of a token than its roles: on its claims, or on whether it is taken at all.
    pub(super) reads_tokens: bool,
    /// Who is not there yet, or not any more, or can log in on the other side alone, by position: nothing was permitted
    /// to them.
    absent: BTreeSet<usize>,
}

impl<'a> Side<'a> {
    /// Returns both sides. Those who come or go with the changes are told from those of whom nothing is known; those
    /// who are disabled on both sides are looked at as if they were not.
    pub(super) fn both(
        realms: [&'a Realm; 2],
        client: &Address,
        people: &'a People,
        changes: &BTreeSet<&Address>,
    ) -> [Self; 2] {
        let mut sides = [0, 1].map(|at: usize| Self::new(at, realms[at], client, people, changes));
        for (at, Asker { persona, .. }) in people.askers.iter().enumerate() {
            let is_off = |side: &Side<'_>| side.subjects.get(at).map(|it| it.is_off && it.missing.is_none());
            let off = [0, 1].map(|it: usize| is_off(&sides[it]));
            if let Some(side) =
                off.iter().position(|it| *it == Some(true)).filter(|_| off.contains(&Some(false)))
            {
                sides[side].absent.insert(at);
            }
            let is_missing = |side: &Side<'_>| side.subjects.get(at).map(|it| it.missing.is_some());
            let side = match [0, 1].map(|it: usize| is_missing(&sides[it])) {
                [Some(true), Some(false)] => 0,
                [Some(false), Some(true)] => 1,
                _ => continue,
            };
            let made_of = [&persona.user, &persona.service_account];
            if made_of.into_iter().flatten().any(|it| changes.contains(it)) {
                sides[side].absent.insert(at);
            }
        }
        sides
    }

    fn new(
        at: usize,
        realm: &'a Realm,
        client: &Address,
        people: &'a People,
        changes: &BTreeSet<&Address>,
    ) -> Self {
        let server = realm.server(client);
        let mut subjects = Subjects::default();
        let mut subject =
            |server, it: &Asker| subjects.subject(realm, server, &of_this_side(realm, &it.persona, changes));
        let of = |server| people.askers.iter().map(|it| subject(server, it)).collect();
        let subjects: Vec<Subject> = server.map(of).unwrap_or_default();
        let reads_claims = server.is_some_and(|it| it.token_reads.any_claims());
        let reads_tokens = reads_claims || subjects.iter().any(|it| it.spoiled.is_some());
        let addresses = server.map(|it| it.resources.addresses.as_slice()).unwrap_or_default();
        // Of several of one name the first.
        let resources = addresses.iter().enumerate().rev().map(|(at, it)| (it.name(), at)).collect();
        Self { at, realm, people, server, resources, subjects, reads_tokens, absent: BTreeSet::new() }
    }

    pub(super) fn table(&self) -> Option<Table<'_>> {
        self.server.map(|it| table(self.realm, it, &self.subjects))
    }

    /// Returns the classes of those who stand for an asker, in order; none where it is not there.
    pub(super) fn classes(&self, table: &Table<'_>, asker: usize) -> Vec<usize> {
        let there = self.people.on_side(asker, self.at).into_iter().filter(|it| !self.absent.contains(it));
        let classes: BTreeSet<usize> = there.map(|it| table.class_of[it]).collect();
        classes.into_iter().collect()
    }

    pub(super) fn resource(&self, name: &str) -> Option<usize> {
        self.resources.get(name).copied()
    }

    /// Returns the names of all resources.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.resources.keys().copied()
    }

    /// Returns whether a decision about a resource may be left open by any of these: by it, by its permissions, or by
    /// their policies.
    pub(super) fn hangs_on(&self, name: &str, any: &dyn Fn(&Address) -> bool) -> bool {
        let (Some(server), Some(at)) = (self.server, self.resource(name)) else { return false };
        let order = order(server, Some(at), &server.resource_entries[at].all);
        any(&server.resources.addresses[at])
            || order.iter().any(|it| any(&server.permissions.addresses[it.0]))
            || heard(server, at).iter().any(|it| any(&server.policies.addresses[*it]))
    }

    /// Returns what the claims in the token of an asker are made of, as far as policies read them.
    pub(super) fn claims_from(&self, asker: usize, client: &Address) -> ClaimsFrom<'a> {
        let Some(subject) = self.subjects.get(asker) else { return ClaimsFrom::default() };
        let realm = self.realm;
        let client_of = realm.clients.addresses[subject.client].clone();
        let way = Through { client: client_of, scopes: self.people.askers[asker].persona.scopes.clone() };
        let mappers = read_mappers(realm, client, &way);
        let tells = |what: &str| mappers.iter().any(|it| it.0.contains(what));
        let roles = subject.token_roles.iter().flat_map(Bits::iter).filter(|_| tells("role"));
        let member_of = subject.groups.iter().filter(|_| tells("group"));
        ClaimsFrom {
            roles: roles.map(|it| &realm.roles.addresses[it]).collect(),
            member_of: member_of.map(|it| &realm.groups.addresses[*it]).collect(),
            mappers,
            user: subject.user.map(|it| &realm.user_entries[it].attributes),
            groups: realm
                .with_parents(&subject.groups)
                .iter()
                .map(|it| &realm.group_entries[it].attributes)
                .collect(),
        }
    }

    /// Returns whether a client has a client scope, by default or for the asking.
    pub(super) fn has_client_scope(&self, client: &Address, client_scope: &Address) -> bool {
        let Some(client) = self.realm.clients.get(client) else { return false };
        let entry = &self.realm.client_entries[client];
        let mut all = entry.default_scopes.iter().chain(&entry.optional_scopes);
        all.any(|it| self.realm.client_scopes.addresses[*it] == *client_scope)
    }

    /// Returns the decision about an asker: where others stand for it, the one that permits most.
    pub(super) fn decision(&self, asker: usize, resource: &str, scope: Option<&str>) -> Option<Decision> {
        let server = self.server?;
        let resource = self.resource(resource)?;
        let scope_at = scope.map(|name| server.scopes.addresses.iter().position(|it| it.name() == name));
        let asked = match scope_at {
            Some(None) => return None,
            Some(Some(scope)) => BTreeSet::from([scope]),
            None => BTreeSet::new(),
        };
        let there = self.people.on_side(asker, self.at).into_iter().filter(|it| !self.absent.contains(it));
        let decisions = there.map(|it| on(self.realm, server, &self.subjects[it], Some(resource), &asked));
        decisions.min_by_key(|it| match it.grants(scope) {
            Some(true) => 0,
            None => 1,
            Some(false) => 2,
        })
    }
}

/// What claims are made of.
#[derive(Default, PartialEq, Eq)]
pub(super) struct ClaimsFrom<'a> {
    mappers: BTreeSet<Says<'a>>,
    /// Where a mapper tells them.
    roles: BTreeSet<&'a Address>,
    member_of: BTreeSet<&'a Address>,
    user: Option<&'a Attributes>,
    groups: Vec<&'a Attributes>,
}

type Attributes = BTreeMap<String, Vec<String>>;

/// Takes roles and groups from a persona that only come with the changes: until then nobody has them.
fn of_this_side(realm: &Realm, persona: &Persona, changes: &BTreeSet<&Address>) -> Persona {
    let mut persona = persona.clone();
    persona.roles.retain(|it| realm.roles.get(it).is_some() || !changes.contains(it));
    persona.groups.retain(|it| realm.groups.get(it).is_some() || !changes.contains(it));
    persona
}

/// Scopes of a resource on either side: the name, and its position on each side.
pub(super) fn scopes(
    sides: &[Side<'_>; 2],
    resources: &[Option<Resource>; 2],
) -> Vec<(Option<String>, [Option<usize>; 2])> {
    let mut out: BTreeMap<Option<String>, [Option<usize>; 2]> = BTreeMap::new();
    for at in 0..2 {
        let (Some(server), Some(resource)) = (sides[at].server, &resources[at]) else { continue };
        for (position, scope) in resource.scopes.iter().enumerate() {
            let name = scope.map(|it| server.scopes.addresses[it].name().to_owned());
            out.entry(name).or_default()[at] = Some(position);
        }
    }
    out.into_iter().collect()
}

/// What a resource answers to one class or to the best of several, numbered.
pub(super) struct Rows<'a> {
    resource: Option<&'a Resource>,
    /// Sets of rows of more or less than one: they are numbered after the single ones.
    several: Vec<BTreeSet<usize>>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(resource: Option<&'a Resource>) -> Self {
        Self { resource, several: Vec::new() }
    }

    fn singles(&self) -> usize {
        self.resource.map_or(0, |it| it.rows.len())
    }

    /// Returns the number of what these classes get.
    pub(super) fn number(&mut self, classes: &[usize]) -> usize {
        let row_of = self.resource.map(|it| it.row_of.as_slice()).unwrap_or_default();
        if let ([class], false) = (classes, row_of.is_empty()) {
            return row_of[*class];
        }
        let rows: BTreeSet<usize> = classes.iter().filter_map(|it| row_of.get(*it)).copied().collect();
        let at = self.several.iter().position(|it| *it == rows).unwrap_or_else(|| {
            self.several.push(rows);
            self.several.len() - 1
        });
        self.singles() + at
    }

    /// Returns the answer that permits most of what is said about a scope.
    pub(super) fn answer(&self, number: usize, scope: usize) -> Answer {
        let Some(resource) = self.resource else { return Answer::Absent };
        let level = |row: usize| Level::from(resource.rows[row].answers[scope]);
        let best = match number.checked_sub(self.singles()) {
            None => Some(level(number)),
            Some(at) => self.several[at].iter().map(|it| level(*it)).max(),
        };
        match best {
            Some(Level::Permitted) => Answer::Permit,
            Some(Level::Unknown) => Answer::Unknown,
            Some(Level::Denied) => Answer::Deny,
            None => Answer::Absent,
        }
    }
}
