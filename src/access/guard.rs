//! What no plan may do to access, whatever is consented to: administrators left, the credential in use kept,
//! gains that nobody may have.

use std::collections::BTreeSet;

use super::class::everybody;
use super::find::resources;
use super::impact::{AccessChange, AdministrationChange, ChangeOfAccess, Impact};
use super::realm::{Realm, Server};
use crate::change::{Action, Change, Reason, To};
use crate::kind::{
    CLIENT, GROUP, REALM, ROLE, USER, Version, administrator, fresh_realm, is_administration,
    service_account, title,
};
use crate::manifest::{ForbidGain, Guards};
use crate::state::{Address, Is, Node, Pattern, State, stars_match};
use crate::text::At;

/// Who the credential in use belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Myself {
    User(Address),
    Client(Address),
    /// Somebody of another realm, whom no plan of this one touches.
    Elsewhere,
    /// A token that does not say whose it is.
    Unknown,
}

/// One rule, and whether the plan keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    pub id: Reason,
    pub passes: bool,
    /// What it looked at, in words.
    pub message: String,
    /// The rule in the project file.
    pub at: At,
}

/// What guards look at.
pub struct Watch<'a> {
    pub guards: &'a Guards,
    /// What the manifests declare of other realms, which the rules may be about.
    pub elsewhere: &'a [(&'a str, &'a State)],
    /// Subjects that are protected keep their administration, too.
    pub protect: &'a [Pattern],
    pub realm: &'a str,
    pub changes: &'a [Change],
    /// The realm before the plan.
    pub before: &'a Realm,
    /// The realm after it, and the state that it was compiled from.
    pub after: &'a Realm,
    pub planned: &'a State,
    pub version: Version,
    pub impact: &'a Impact,
    pub myself: &'a Myself,
    /// Users of a directory, who do not count: it may be out of reach when they are needed.
    pub federated: &'a BTreeSet<Address>,
    /// Whether this credential may see who has which role.
    pub sees_users: bool,
}

/// Judges a plan by its guards, in the order of the project file's documentation.
pub fn guards(watch: &Watch<'_>) -> Vec<Guard> {
    let forbidden = watch.guards.forbid_gain.iter().map(|it| forbid_gain(watch, it));
    let admins = watch.guards.min_admins.map(|(least, at)| min_admins(watch, least, at));
    let myself = watch.guards.keep_self.map(|at| keep_self(watch, at));
    admins.into_iter().chain(myself).chain(forbidden).chain(protected(watch)).collect()
}

fn min_admins(watch: &Watch<'_>, least: usize, at: At) -> Guard {
    let guard = |passes, message| Guard { id: Reason::MinAdmins, passes, message, at };
    if !watch.sees_users {
        return guard(
            false,
            "this credential may not see who administers the realm (needs view-users)".to_owned(),
        );
    }
    let role = administrator(watch.realm);
    let local = |realm: &Realm| -> BTreeSet<Address> {
        realm.holders(&role).difference(watch.federated).cloned().collect()
    };
    let (before, after) = (local(watch.before), local(watch.after));
    let names = |them: &BTreeSet<Address>| match them.len() {
        0 => "nobody".to_owned(),
        count => {
            let shown: Vec<&str> = them.iter().take(5).map(Address::name).collect();
            let more = if count > 5 { ", …" } else { "" };
            format!("{count} ({}{more})", shown.join(", "))
        }
    };
    let message = format!(
        "people who hold {}: {} before, {} after; at least {least}",
        role.name(),
        names(&before),
        names(&after)
    );
    guard(after.len() >= least, message)
}

fn keep_self(watch: &Watch<'_>, at: At) -> Guard {
    let guard = |passes, message: String| Guard { id: Reason::KeepSelf, passes, message, at };
    let (me, user) = match watch.myself {
        Myself::Elsewhere => {
            return guard(true, "the credential in use belongs to another realm".to_owned());
        }
        Myself::Unknown => {
            return guard(
                false,
                "the token in use does not say whose it is, so nobody can tell what it keeps".to_owned(),
            );
        }
        Myself::User(user) => (user, Some(user)),
        Myself::Client(client) => (client, watch.before.service_account(client)),
    };
    let mut losses: Vec<String> = watch.changes.iter().filter_map(|it| locks_out(it, me)).collect();
    if let Some(user) = user {
        let lost = lost(watch, user);
        losses.extend((!lost.is_empty()).then(|| format!("loses {}", lost.join(", "))));
    }
    if losses.is_empty() {
        return guard(true, format!("{} keeps what it has", title(me)));
    }
    guard(false, format!("{}, which is logged in here, {}", title(me), losses.join(" and ")))
}

/// Returns how a change ends the login of somebody.
fn locks_out(change: &Change, me: &Address) -> Option<String> {
    let is_mine = change.object == *me;
    if is_mine && change.action == Action::Delete {
        return Some("is deleted".to_owned());
    }
    if !is_mine && change.object.kind() != REALM {
        return None;
    }
    let is = |to: &To, wanted: bool| matches!(to, To::Value(Node { is: Is::Bool(it), .. }) if *it == wanted);
    change.fields.iter().find_map(|it| {
        let field = &*it.path.field;
        let ends = match (is_mine, field) {
            (true, "enabled" | "serviceAccountsEnabled") | (false, "enabled") => is(&it.to, false),
            (true, "publicClient") => is(&it.to, true),
            (true, "secret" | "credentials" | "clientAuthenticatorType") | (false, "notBefore") => true,
            (true, "attributes") => {
                let path = it.path.to_string();
                ["jwt.credential", "jwks", "token.endpoint.auth"].iter().any(|it| path.contains(it))
            }
            _ => false,
        };
        ends.then(|| format!("has another {}", it.path))
    })
}

/// Returns the administration roles that a user has before and not after.
fn lost(watch: &Watch<'_>, user: &Address) -> Vec<String> {
    let [before, after] = [watch.before, watch.after].map(|it| it.administration(user, watch.realm));
    let lost: BTreeSet<Address> = before.difference(&after).cloned().collect();
    watch.before.wholes(&lost).iter().map(ToString::to_string).collect()
}

fn protected(watch: &Watch<'_>) -> Vec<Guard> {
    let people = watch.before.users.addresses.iter().filter(|it| {
        let client = watch.before.users.get(it).and_then(|at| watch.before.user_entries[at].account_of);
        let client = client.map(|it| &watch.before.clients.addresses[it]);
        let subjects = [Some(*it), client];
        subjects.into_iter().flatten().any(|it| watch.protect.iter().any(|pattern| pattern.covers(it)))
    });
    people
        .filter_map(|it| {
            let lost = lost(watch, it);
            let message = format!("{} is protected and would lose {}", title(it), lost.join(", "));
            (!lost.is_empty()).then_some(Guard {
                id: Reason::Protect,
                passes: false,
                message,
                at: At::SERVER,
            })
        })
        .collect()
}

fn forbid_gain(watch: &Watch<'_>, rule: &ForbidGain) -> Guard {
    let gains = watch.impact.changes.iter().filter(|it| match it.change {
        ChangeOfAccess::Gained | ChangeOfAccess::MaybeGained | ChangeOfAccess::Unknown => true,
        ChangeOfAccess::Lost | ChangeOfAccess::MaybeLost => false,
    });
    let is_about_all = [&rule.client, &rule.scope, &rule.resource].into_iter().all(|it| it == "*");
    let mut broken: Vec<String> = Vec::new();
    if rule.administration.is_some() || is_about_all {
        broken.extend(watch.impact.administration.iter().filter_map(|it| administers(watch, rule, it)));
    }
    if rule.administration.is_none() {
        broken.extend(gains.filter_map(|it| forbidden(watch, rule, it)));
    }
    let on = if rule.resource == "*" { String::new() } else { format!(" on {}", rule.resource) };
    let here = Looked {
        sides: &[watch.before, watch.after],
        state: watch.planned,
        version: watch.version,
        realm: watch.realm,
    };
    let missing = here.missing(rule);
    let missing = missing.filter(|_| broken.is_empty());
    let is_known = missing.is_none();
    let has = |(realm, state): &(&str, &State)| {
        let compiled = Realm::compile(state, watch.version);
        let there = Looked { sides: &[&compiled], state, version: watch.version, realm };
        there.missing(rule).is_none()
    };
    let is_elsewhere = !is_known && watch.elsewhere.iter().any(has);
    let message = match (&broken[..], missing) {
        ([], Some(missing)) if is_elsewhere => format!("{missing}; another realm has it"),
        ([], Some(missing)) => format!("{missing}, so nobody can tell whether this rule is kept"),
        ([], None) => format!("{} gains nothing{on}", rule.persona),
        ([first], _) => first.clone(),
        ([first, more @ ..], _) => format!("{first}, and {} more", more.len()),
    };
    let passes = broken.is_empty() && (is_known || is_elsewhere);
    Guard { id: Reason::ForbidGain, passes, message, at: rule.at }
}

/// Returns in words by which role somebody comes to administer the realm who must not.
fn administers(watch: &Watch<'_>, rule: &ForbidGain, gain: &AdministrationChange) -> Option<String> {
    let persona =
        forbidden_persona(rule, &gain.personas, gain.undeclared).filter(|_| gain.change.is_gain())?;
    let parts = |role: &Address| {
        let all = watch.after.roles.addresses.iter();
        all.filter(|it| watch.after.is_part(it, role)).cloned().collect::<Vec<_>>()
    };
    let is_meant = |it: &Address| match &rule.administration {
        Some(names) => parts(it).iter().any(|it| names.iter().any(|name| stars_match(name, it.name()))),
        None => true,
    };
    let role = gain.roles.iter().find(|it| is_meant(it))?;
    let verb = verb(gain.change);
    Some(format!("{persona} {verb} {} of this realm's administration{}", role.name(), gain.through))
}

fn verb(gain: ChangeOfAccess) -> &'static str {
    if gain == ChangeOfAccess::Gained { "gains" } else { "may gain" }
}

/// Returns whom of these a rule is about.
fn forbidden_persona<'a>(rule: &ForbidGain, personas: &'a [String], undeclared: usize) -> Option<&'a str> {
    let named = personas.iter().find(|it| stars_match(&rule.persona, it)).map(String::as_str);
    named.or_else(|| (rule.persona == "*" && undeclared > 0).then_some("somebody undeclared"))
}

/// One realm that a rule may be about.
struct Looked<'a> {
    /// Before a plan and after it, or as its manifests declare it.
    sides: &'a [&'a Realm],
    state: &'a State,
    version: Version,
    realm: &'a str,
}

impl Looked<'_> {
    /// Returns in words what a rule names and this realm does not have on any side.
    fn missing(&self, rule: &ForbidGain) -> Option<String> {
        if let Some(names) = &rule.administration {
            return self.missing_role(rule, names);
        }
        let servers = || {
            let all =
                self.sides.iter().flat_map(|it| it.servers.iter().map(move |(at, server)| (it, *at, server)));
            all.filter(|(realm, at, _)| stars_match(&rule.client, realm.clients.addresses[*at].name()))
        };
        if !self.is_somebody(&rule.persona) {
            return Some(format!("nobody here is called {}", rule.persona));
        }
        if rule.client != "*" && servers().next().is_none() {
            return Some(format!("no client with authorization is called {}", rule.client));
        }
        let has_scope = |it: &Address| stars_match(&rule.scope, it.name());
        if rule.scope != "*" && !servers().any(|(_, _, it)| it.scopes.addresses.iter().any(has_scope)) {
            return Some(format!("no authorization scope is called {}", rule.scope));
        }
        let is_resource = |realm: &Realm, at: usize, server: &Server| {
            let client = &realm.clients.addresses[at];
            server.resources.addresses.iter().any(|it| stars_match(&rule.resource, it.name()))
                || !resources(self.state, self.version, client, &rule.resource).is_empty()
        };
        (rule.resource != "*" && !servers().any(|(realm, at, server)| is_resource(realm, at, server)))
            .then(|| format!("no resource is called {}", rule.resource))
    }

    /// Returns in words what a rule about administration names and this realm does not have.
    fn missing_role(&self, rule: &ForbidGain, names: &[String]) -> Option<String> {
        if !is_persona(self.state, &rule.persona) {
            return Some(format!("nobody here is called {}", rule.persona));
        }
        let known = |name: &str, role: &Address| {
            is_administration(role, self.realm) && stars_match(name, role.name())
        };
        let has = |name: &str| {
            // Manifests need not declare what every realm has.
            let fresh = || fresh_realm(self.realm, self.version).objects;
            self.sides.iter().any(|it| it.roles.addresses.iter().any(|it| known(name, it)))
                || fresh().keys().any(|it| known(name, it))
        };
        let name = names.iter().find(|it| !has(it))?;
        Some(format!("no role of this realm's administration is called {name}"))
    }

    /// Says whether a rule is about anybody who was looked at: other realms of the tree may have whom this one lacks.
    fn is_somebody(&self, persona: &str) -> bool {
        if self.sides.iter().all(|it| it.servers().next().is_none()) {
            return is_persona(self.state, persona);
        }
        self.sides.iter().any(|realm| {
            let mut all = realm.servers().flat_map(|it| everybody(realm, it, None));
            all.any(|it| stars_match(persona, &it.name))
        })
    }
}

/// Returns whether a realm has somebody of this name, or that by which personas are made up.
fn is_persona(state: &State, persona: &str) -> bool {
    let has_service_account =
        |it: &Address| state.get(it).is_some_and(|it| it.is_true("serviceAccountsEnabled"));
    let is_it = |it: &Address| match it.kind() {
        USER => stars_match(persona, it.name()),
        CLIENT => has_service_account(it) && stars_match(persona, service_account(it).name()),
        ROLE | GROUP => stars_match(persona, &it.to_string()),
        _ => false,
    };
    matches!(persona, "*" | "anonymous" | "any-user") || state.objects.keys().any(is_it)
}

/// Returns in words what somebody gains who must not.
fn forbidden(watch: &Watch<'_>, rule: &ForbidGain, gain: &AccessChange) -> Option<String> {
    let scope = gain.scope.as_deref();
    if !stars_match(&rule.client, gain.client.name()) || !stars_match(&rule.scope, scope.unwrap_or_default())
    {
        return None;
    }
    let persona = forbidden_persona(rule, &gain.personas, gain.undeclared)?;
    let meant: BTreeSet<String> = match rule.resource.as_str() {
        "*" => gain.resources.iter().cloned().collect(),
        text => resources(watch.planned, watch.version, &gain.client, text).into_iter().collect(),
    };
    let resource = gain.resources.iter().find(|it| meant.contains(*it))?;
    let verb = verb(gain.change);
    let scope = scope.unwrap_or("access");
    Some(format!("{persona} {verb} {scope} on {resource} of {}{}", gain.client.name(), gain.through))
}

/// Returns the users whom guards name, whom a plan has to know.
pub fn guarded_users(guards: &Guards) -> impl Iterator<Item = &str> {
    guards.forbid_gain.iter().map(|it| it.persona.as_str()).filter(|it| !it.contains(['*', '/']))
}

/// Returns whether guards are about users whom nobody can name in advance.
pub fn guards_everybody(guards: &Guards) -> bool {
    guards.forbid_gain.iter().any(|it| it.persona.contains('*') && !it.persona.contains('/'))
}

/// Returns whether guards are about a user among others than everybody, who is then named and not only counted.
pub fn guards_user(guards: &Guards, user: &Address) -> bool {
    guards.forbid_gain.iter().any(|it| it.persona != "*" && stars_match(&it.persona, user.name()))
}

impl Myself {
    pub fn user(name: &str) -> Self {
        Self::User(Address::top(USER, name.to_lowercase()))
    }

    pub fn client(id: &str) -> Self {
        Self::Client(Address::top(CLIENT, id))
    }

    /// Returns whose a token is that names a user and the client that asked: where the user is the account of that client,
    /// the client's own.
    pub fn of_token(user: &str, client: &str) -> Self {
        match user {
            "" => Self::Unknown,
            _ if service_account(&Address::top(CLIENT, client)).name() == user => Self::client(client),
            _ => Self::user(user),
        }
    }

    /// Returns the name of a user, where it is one.
    pub fn user_name(&self) -> Option<&str> {
        match self {
            Self::User(user) if user.kind() == USER => Some(user.name()),
            _ => None,
        }
    }
}
