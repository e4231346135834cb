//! From a document to decided cases: what is expected, what is left over, and what must never be.

use std::collections::BTreeSet;

use super::document::ends_with;
use super::{Case, Heard, Never, Rule, Test, Tested};
use crate::access::chain::{Decision, Doubt, Verdict};
use crate::access::column::{Column, columns as columns_of};
use crate::access::decide::{on, ways};
use crate::access::persona::{Persona, Subject, Subjects, personas};
use crate::access::policy::Holds;
use crate::access::realm::{Realm, Server};
use crate::access::table::{Resource, Table, table};
use crate::kind::{RESOURCE, SCOPE};
use crate::state::Address;

/// Everybody whom a document is about, on one realm.
struct Ground<'a> {
    test: &'a Test,
    realm: &'a Realm,
    server: &'a Server,
    personas: &'a [Persona],
    subjects: &'a [Subject],
}

impl Test {
    /// Makes all cases and decides them. `declared` are the users whom `never` is about beside the made-up
    /// personas.
    pub fn run(&self, realm: &Realm, declared: &[Address]) -> Tested {
        let mut out = Tested {
            realm: self.realm.clone(),
            client: self.client.clone(),
            at: self.at,
            personas: self.personas.clone(),
            cases: Vec::new(),
        };
        let Some(server) = realm.server(&self.client) else {
            let doubt = Doubt::NotThere(format!("{} has no authorization", self.client));
            out.cases = self
                .expected
                .iter()
                .map(|it| it.case(Decision::unknown(doubt.clone()), Vec::new()))
                .collect();
            return out;
        };
        let named = self.personas.len();
        let mut columns = Vec::new();
        if !self.never.is_empty() {
            columns = columns_of(realm, &self.client, &self.everybody(realm, declared));
            let persona = |it: &Column| Persona { name: it.name(), ..it.persona.clone() };
            out.personas.extend(columns.iter().map(persona));
        }
        let mut subjects = Subjects::default();
        let subjects: Vec<Subject> =
            out.personas.iter().map(|it| subjects.subject(realm, server, it)).collect();
        let ground = Ground { test: self, realm, server, personas: &out.personas, subjects: &subjects };
        let mut cases = ground.expected();
        cases.extend(ground.otherwise());
        if !self.never.is_empty() {
            let table = table(realm, server, &subjects);
            let of: Vec<usize> = columns.iter().map(|it| it.of).collect();
            cases.extend(self.never.iter().flat_map(|it| ground.never(&table, named, &of, it)));
        }
        out.cases = cases;
        out
    }

    /// The document's personas, then those that every comparison looks at, then declared users; of one name, the
    /// first.
    fn everybody(&self, realm: &Realm, declared: &[Address]) -> Vec<Persona> {
        let mut out = self.personas.clone();
        let users = declared.iter().cloned().map(Persona::user);
        let more = personas(realm, &self.client).into_iter().chain(users);
        let names: BTreeSet<String> = out.iter().map(|it| it.name.clone()).collect();
        out.extend(more.filter(|it| !names.contains(&it.name)).map(|it| Persona { at: self.time, ..it }));
        out
    }
}

impl super::Expected {
    fn case(&self, decision: Decision, lacking: Vec<String>) -> Case {
        Case {
            persona: self.persona,
            resource: self.resource.clone(),
            scope: self.scope.clone(),
            permit: self.permit,
            rule: Rule::Expect,
            why: self.why.clone(),
            at: self.at,
            decision,
            lacking,
            server: Heard::Nothing,
            changed_mind: false,
        }
    }
}

impl Ground<'_> {
    fn ask(&self, persona: usize, resource: &str, scope: Option<&str>) -> Decision {
        match self.positions(resource, scope) {
            Ok((at, asked)) => on(self.realm, self.server, &self.subjects[persona], Some(at), &asked),
            Err(doubt) => Decision::unknown(doubt),
        }
    }

    fn positions(&self, resource: &str, scope: Option<&str>) -> Result<(usize, BTreeSet<usize>), Doubt> {
        let client = &self.test.client;
        let there = |at: Option<usize>, what: &str, name: &str| {
            at.ok_or_else(|| Doubt::NotThere(format!("there is no {what} {name}")))
        };
        let at = there(self.server.resources.get(&client.child(RESOURCE, resource)), "resource", resource)?;
        let scopes = scope.map(|it| there(self.server.scopes.get(&client.child(SCOPE, it)), "scope", it));
        Ok((at, scopes.transpose()?.into_iter().collect()))
    }

    fn expected(&self) -> Vec<Case> {
        let decided = |it: &super::Expected| {
            let scope = it.scope.as_deref();
            let decision = self.ask(it.persona, &it.resource, scope);
            let lacking = if decision.grants(scope) == Some(true) { self.lacking(it) } else { Vec::new() };
            it.case(decision, lacking)
        };
        self.test.expected.iter().map(decided).collect()
    }

    /// What `via` names and no way to the permit goes through.
    fn lacking(&self, it: &super::Expected) -> Vec<String> {
        if it.via.is_empty() {
            return Vec::new();
        }
        let Ok((at, asked)) = self.positions(&it.resource, it.scope.as_deref()) else { return Vec::new() };
        let ways = ways(self.realm, self.server, &self.subjects[it.persona], at, &asked);
        let is_on_none = |via: &&String| !ways.iter().any(|address| ends_with(address, via));
        it.via.iter().filter(is_on_none).cloned().collect()
    }

    /// What the document's personas are not expected anything of.
    fn otherwise(&self) -> Vec<Case> {
        let Some((permit, at)) = self.test.otherwise else { return Vec::new() };
        let named: BTreeSet<(usize, &str, Option<&str>)> = self
            .test
            .expected
            .iter()
            .map(|it| (it.persona, it.resource.as_str(), it.scope.as_deref()))
            .collect();
        let mut out = Vec::new();
        for (resource, scopes) in self.realm.resources(&self.test.client) {
            let scopes = if scopes.is_empty() { vec![None] } else { scopes.into_iter().map(Some).collect() };
            for persona in 0..self.test.personas.len() {
                for scope in &scopes {
                    if !named.contains(&(persona, resource, *scope)) {
                        let decision = self.ask(persona, resource, *scope);
                        out.push(unnamed(persona, resource, *scope, permit, decision, Rule::Otherwise, at));
                    }
                }
            }
        }
        out
    }

    /// `of` says of everybody from the first on, each at each way in, who it is.
    fn never(&self, table: &Table<'_>, first: usize, of: &[usize], never: &Never) -> Vec<Case> {
        let is_meant = |it: &usize| never.personas.as_ref().is_none_or(|named| named.contains(it));
        let is_excepted =
            |who: usize, of: usize| never.except.iter().any(|all| *all == of || self.is_excepted(*all, who));
        let about: Vec<usize> = of
            .iter()
            .enumerate()
            .filter(|(at, of)| is_meant(of) && !is_excepted(first + at, **of))
            .map(|(at, _)| first + at)
            .collect();
        let mut out = Vec::new();
        for (at, address) in self.server.resources.addresses.iter().enumerate() {
            let name = address.name();
            if never.resources.as_ref().is_some_and(|it| !it.contains(name)) {
                continue;
            }
            let resource = Resource::of(table, at);
            for (place, scope) in resource.scopes.iter().enumerate() {
                let scope = scope.map(|it| self.server.scopes.addresses[it].name());
                if !never.scopes.is_empty() && !scope.is_some_and(|it| never.scopes.contains(it)) {
                    continue;
                }
                for persona in &about {
                    let row = resource.row_of[table.class_of[*persona]];
                    // What is denied needs no chain; of the rest there should not be much.
                    let decision = match resource.rows[row].answers[place] {
                        Holds::No => denied(),
                        Holds::Yes | Holds::Unknown | Holds::Fails => self.ask(*persona, name, scope),
                    };
                    let case = unnamed(*persona, name, scope, false, decision, Rule::Never, never.at);
                    out.push(Case { why: never.why.clone(), ..case });
                }
            }
        }
        out
    }

    /// Whether somebody is among those whom an excepted persona means: the same user or service account; where
    /// it is made up, whoever has all of its roles and groups and asks through its client.
    fn is_excepted(&self, excepted: usize, who: usize) -> bool {
        let (persona, meant, is) = (&self.personas[excepted], &self.subjects[excepted], &self.subjects[who]);
        if persona.anonymous || is.anonymous {
            return persona.anonymous && is.anonymous;
        }
        if persona.user.is_some() || persona.service_account.is_some() {
            return meant.user.is_some() && meant.user == is.user;
        }
        let has_role = |it: &Address| self.realm.roles.get(it).is_some_and(|it| is.roles.has(it));
        let groups = self.realm.with_parents(&is.groups);
        let in_group = |it: &Address| self.realm.groups.get(it).is_some_and(|it| groups.has(it));
        let asks_through = |it: &Address| self.realm.clients.get(it) == Some(is.client);
        if persona.roles.is_empty() && persona.groups.is_empty() && persona.client.is_none() {
            return persona.default_roles && self.realm.default_role.is_some_and(|it| is.roles.has(it));
        }
        persona.roles.iter().all(has_role)
            && persona.groups.iter().all(in_group)
            && persona.client.as_ref().is_none_or(asks_through)
    }
}

fn denied() -> Decision {
    Decision { verdict: Verdict::Deny, path: Vec::new(), notes: Vec::new() }
}

/// A case that a document does not write out. Of what is as wanted, the chain is left out.
fn unnamed(
    persona: usize,
    resource: &str,
    scope: Option<&str>,
    permit: bool,
    mut decision: Decision,
    rule: Rule,
    at: crate::text::At,
) -> Case {
    if decision.grants(scope) == Some(permit) {
        decision.path = Vec::new();
    }
    Case {
        persona,
        resource: resource.to_owned(),
        scope: scope.map(str::to_owned),
        permit,
        rule,
        why: None,
        at,
        decision,
        lacking: Vec::new(),
        server: Heard::Nothing,
        changed_mind: false,
    }
}
