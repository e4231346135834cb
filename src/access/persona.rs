//! Who asks: real users, service accounts and people made up for a question; and what their token carries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::bits::Bits;
use super::claims::{self, Claims};
use super::realm::{Client, Mapper, PolicyIs, Realm, Server};
use crate::kind::{CLIENT, ROLE, USER, parse_address};
use crate::state::Address;

/// The scope that every login over OIDC asks for. It is no client scope, and every client may ask for it.
pub(super) const OPENID: &str = "openid";

/// Somebody who asks for access. Roles and groups come on top of what a user or service account has.
#[derive(Clone, Debug, Default)]
pub struct Persona {
    /// What it is called in output.
    pub name: String,
    /// Asks without a token, which no server permits anything.
    pub anonymous: bool,
    pub user: Option<Address>,
    /// The client whose service account asks.
    pub service_account: Option<Address>,
    pub roles: Vec<Address>,
    pub groups: Vec<Address>,
    /// Has the realm's default role, as every new user.
    pub default_roles: bool,
    /// The client that asks for the token: the resource server itself, or the service account's own, unless
    /// it is named.
    pub client: Option<Address>,
    /// Claims of the token whatever the mappers say.
    pub claims: BTreeMap<String, Value>,
    /// Client scopes asked for beside the default ones.
    pub scopes: Vec<String>,
    /// The wall clock of the zone that the server runs in. Without it, what hinges on time is unknown.
    pub at: Option<jiff::civil::DateTime>,
}

impl Persona {
    /// Returns a user as declared.
    pub fn user(address: Address) -> Self {
        Self { name: address.name().to_owned(), user: Some(address), ..Self::default() }
    }

    /// Returns whether it is a user, and nobody made up.
    pub fn is_user(&self) -> bool {
        self.user.as_ref().is_some_and(|it| it.kind() == USER)
    }

    /// Returns whoever has a role, made up.
    fn with_role(role: &Address) -> Self {
        Self { roles: vec![role.clone()], ..Self::any(role) }
    }

    /// Returns whoever is in a group, made up.
    fn in_group(group: &Address) -> Self {
        Self { groups: vec![group.clone()], ..Self::any(group) }
    }

    fn any(address: &Address) -> Self {
        Self { name: address.to_string(), default_roles: true, ..Self::default() }
    }
}

/// Returns the objects that personas of this name may be called after.
pub fn called_after(name: &str) -> Vec<Address> {
    [Address::top(USER, name)].into_iter().chain(parse_address(name)).collect()
}

/// Returns the personas that every comparison looks at for one client: nobody, anybody, one per role and group
/// that its policies name, and every service account. Through which client they come is another matter.
pub fn personas(realm: &Realm, client: &Address) -> Vec<Persona> {
    let mut out = vec![
        Persona { name: "anonymous".to_owned(), anonymous: true, ..Persona::default() },
        Persona { name: "any-user".to_owned(), default_roles: true, ..Persona::default() },
    ];
    let Some(server) = realm.server(client) else { return out };
    let (mut roles, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for policy in &server.policy_entries {
        match &policy.is {
            PolicyIs::Role { roles: named, .. } => roles.extend(named.iter().map(|it| it.of)),
            PolicyIs::Group { groups: named, .. } => groups.extend(named.iter().map(|it| it.group)),
            PolicyIs::User { .. }
            | PolicyIs::Client { .. }
            | PolicyIs::ClientScope { .. }
            | PolicyIs::Regex { .. }
            | PolicyIs::Time(_)
            | PolicyIs::Aggregate { .. }
            | PolicyIs::Unknown { .. } => {}
        }
    }
    if server.is_administration() {
        let asked = std::mem::take(&mut roles);
        let brings = |all: Bits| all.iter().any(|it| asked.contains(&it));
        let leads = |it: &usize| !asked.contains(it) && brings(realm.deep_roles(&[*it], &[]));
        roles = (0..realm.roles.len()).filter(leads).collect();
        groups = (0..realm.groups.len()).filter(|it| brings(realm.deep_roles(&[], &[*it]))).collect();
    }
    let roles = roles.into_iter().filter(|it| Some(*it) != realm.default_role);
    out.extend(roles.map(|it| Persona::with_role(&realm.roles.addresses[it])));
    out.extend(groups.into_iter().map(|it| Persona::in_group(&realm.groups.addresses[it])));
    out.extend(realm.user_entries.iter().filter_map(|it| it.account_of).map(|it| {
        let address = &realm.clients.addresses[it];
        Persona {
            name: format!("service-account-{}", address.name()),
            service_account: Some(address.clone()),
            ..Persona::default()
        }
    }));
    out
}

/// Returns a persona for each group, and each role but the default one, that brings its members other roles in the second
/// realm than in the first, where it exists: they need not be declared.
pub(super) fn members([before, after]: [&Realm; 2]) -> Vec<Persona> {
    let named = |realm: &Realm, roles: &[usize]| -> BTreeSet<Address> {
        roles.iter().map(|it| realm.roles.addresses[*it].clone()).collect()
    };
    let mut out = Vec::new();
    for (address, entry) in before.groups.addresses.iter().zip(&before.group_entries) {
        let then = after.groups.get(address).map(|it| named(after, &after.group_entries[it].roles));
        if then.unwrap_or_default() != named(before, &entry.roles) {
            out.push(Persona::in_group(address));
        }
    }
    for (at, address) in before.roles.addresses.iter().enumerate() {
        let then = after.roles.get(address).map(|it| named(after, &after.composites[it]));
        let is_other = then.unwrap_or_default() != named(before, &before.composites[at]);
        if is_other && Some(at) != before.default_role {
            out.push(Persona::with_role(address));
        }
    }
    out
}

/// A persona in a compiled realm: what policies look at.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) anonymous: bool,
    /// What a user policy compares: a client that asks for itself goes by its own id, and not by its service account's.
    pub(super) identity: Option<Address>,
    pub(super) user: Option<usize>,
    pub(super) client: usize,
    pub(super) direct_roles: Vec<usize>,
    pub(super) groups: Vec<usize>,
    pub(super) roles: Bits,
    /// Roles in the token; nothing when a mapper makes them unknown.
    pub(super) token_roles: Option<Bits>,
    /// Roles that mappers list in claims of their own; nothing when not all of them are known.
    pub(super) listed_roles: Option<Bits>,
    /// Roles that mappers may put into the token, and these.
    pub(super) mapped: Vec<(usize, Address)>,
    /// The `scope` of the token.
    pub(super) scopes: Vec<String>,
    pub(super) claims: Claims,
    pub(super) now: Option<jiff::civil::DateTime>,
    /// What is not known of the persona itself: then nothing is known of its access.
    pub(super) missing: Option<String>,
    /// A mapper that may make the token one that the server does not take.
    pub(super) spoiled: Option<Address>,
    /// Disabled, or the account of a client that gets no token for it.
    pub(super) is_off: bool,
    pub(super) notes: Vec<String>,
}

/// Whether the token's mappers put roles in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    All,
    None,
    Unknown,
}

/// What a client's tokens are made of, for some set of asked scopes.
#[derive(Debug)]
struct Token<'a> {
    scopes: Vec<String>,
    mappers: Vec<&'a Mapper>,
    spoiled: Option<Address>,
    realm_roles: Carries,
    client_roles: Carries,
    hardcoded: Vec<(usize, Address)>,
    /// A mapper puts roles in that do not exist, which only claims show.
    has_strange_roles: bool,
    /// Roles that are in it under the name of another one; nothing where there is no such role.
    renamed: Vec<(usize, Option<usize>, Address)>,
    /// The roles a token may carry when not all: those of the client itself.
    narrow: Option<Bits>,
}

/// Turns personas into subjects; tokens of one client are worked out once.
#[derive(Default)]
pub(super) struct Subjects<'a> {
    /// By client, whether `openid` is asked for, and the client scopes that apply.
    tokens: BTreeMap<(usize, bool, Vec<usize>), Token<'a>>,
}

impl<'a> Subjects<'a> {
    /// Returns how a persona appears to the policies of a resource server.
    pub(super) fn subject(&mut self, realm: &'a Realm, server: &Server, persona: &Persona) -> Subject {
        let mut missing = None;
        let account = persona.service_account.as_ref().and_then(|it| realm.clients.get(it));
        let user = match (&persona.user, &persona.service_account) {
            (Some(address), _) => {
                let found = realm.users.get(address);
                if found.is_none() {
                    missing = Some(format!("user {} is not known", address.name()));
                }
                found
            }
            (None, Some(address)) => {
                let found = realm
                    .user_entries
                    .iter()
                    .position(|it| it.account_of.is_some() && it.account_of == account);
                if found.is_none() {
                    missing = Some(format!("client {} has no service account", address.name()));
                }
                found
            }
            (None, None) => None,
        };
        let own = user.and_then(|it| realm.user_entries[it].account_of);
        let client = match &persona.client {
            Some(address) => realm.clients.get(address).unwrap_or_else(|| {
                missing = Some(format!("client {} is not known", address.name()));
                server.client
            }),
            None => own.unwrap_or(server.client),
        };
        let mut direct_roles = user.map(|it| realm.user_entries[it].roles.clone()).unwrap_or_default();
        let mut groups = user.map(|it| realm.user_entries[it].groups.clone()).unwrap_or_default();
        for address in &persona.roles {
            match realm.roles.get(address) {
                Some(role) => direct_roles.push(role),
                None => missing = Some(format!("{address} is not known")),
            }
        }
        for address in &persona.groups {
            match realm.groups.get(address) {
                Some(group) => groups.push(group),
                None => missing = Some(format!("{address} is not known")),
            }
        }
        if persona.default_roles {
            direct_roles.extend(realm.default_role);
            groups.extend(&realm.default_groups);
        }
        let mut roles = realm.deep_roles(&direct_roles, &groups);
        let applied = applied(realm, client, &persona.scopes, &roles);
        let key = (client, persona.scopes.iter().any(|it| it == OPENID), applied);
        let token = self
            .tokens
            .entry(key)
            .or_insert_with_key(|(client, openid, applied)| token(realm, *client, *openid, applied));
        let listed_roles = token.listed(&roles);
        let mut token_roles = listed_roles.as_ref().and_then(|it| token.carried(realm, it));
        if server.is_administration() {
            let through = persona.client.as_ref().map(|_| client).or(own);
            match through {
                Some(it) if realm.looks_up(it, token.mappers.iter().copied()) => {
                    token_roles = Some(Bits::default());
                }
                Some(_) => roles = Bits::default(),
                None => {}
            }
            roles = realm.counting(roles, through);
        }
        let entry = &realm.client_entries[client];
        let mut notes = Vec::new();
        if !realm.enabled && !persona.anonymous {
            notes.push("the realm is disabled and gives nobody a token".to_owned());
        }
        if !entry.enabled {
            notes.push(format!("{} is disabled and gets no token", realm.clients.addresses[client]));
        }
        if let Some(user) = user.filter(|it| !realm.user_entries[*it].enabled) {
            notes.push(format!("{} is disabled and cannot log in", realm.users.addresses[user]));
        }
        let is_itself = own.is_some_and(|it| it == client && entry.service_account);
        let mut subject = Subject {
            name: persona.name.clone(),
            anonymous: persona.anonymous,
            identity: match own.filter(|_| is_itself) {
                Some(client) => Some(realm.clients.addresses[client].clone()),
                None => user.map(|it| realm.users.addresses[it].clone()),
            },
            user,
            client,
            direct_roles,
            groups,
            roles,
            token_roles,
            listed_roles: None,
            mapped: token.mapped(),
            scopes: token.scopes.clone(),
            claims: Claims::default(),
            now: persona.at,
            missing,
            // Over administration decides what one holds, and not a token.
            spoiled: token.spoiled.clone().filter(|_| !persona.anonymous && !server.is_fine_grained),
            is_off: !realm.enabled || user.is_some_and(|it| realm.is_off(it)),
            notes,
        };
        if server.token_reads.any_claims() {
            subject.listed_roles = listed_roles.filter(|_| !token.has_strange_roles);
            let mappers = token.mappers.iter().filter(|it| server.token_reads.claims_of(it));
            subject.claims = claims::claims_of(realm, &subject, mappers.copied(), &persona.claims);
        }
        subject
    }
}

impl Token<'_> {
    fn mapped(&self) -> Vec<(usize, Address)> {
        let renamed = self.renamed.iter().filter_map(|it| Some((it.1?, it.2.clone())));
        self.hardcoded.iter().cloned().chain(renamed).collect()
    }

    /// Returns what mappers list: mappers give roles other names first, then add roles (measured on 26.0.8 and 26.7.5).
    fn listed(&self, held: &Bits) -> Option<Bits> {
        let mut out = held.clone();
        if let Some(all) = &self.narrow {
            out = out.iter().filter(|it| all.has(*it)).collect();
        }
        let renamed: Vec<(usize, Option<usize>)> =
            self.renamed.iter().filter(|it| out.has(it.0)).map(|it| (it.0, it.1)).collect();
        for (from, to) in &renamed {
            // Which of two such mappers comes first is the server's business.
            let meets = |it: &&(usize, Option<usize>)| it.1 == Some(*from) || (it.0 == *from && it.1 != *to);
            if renamed.iter().any(|it| meets(&it)) {
                return None;
            }
            out.remove(*from);
            if let Some(to) = to {
                out.insert(*to);
            }
        }
        for (role, _) in &self.hardcoded {
            out.insert(*role);
        }
        Some(out)
    }

    /// Returns what of it a token carries: the kinds that a mapper writes where the server looks.
    fn carried(&self, realm: &Realm, listed: &Bits) -> Option<Bits> {
        let carries = [self.realm_roles, self.client_roles];
        if carries.contains(&Carries::Unknown) {
            return None;
        }
        if carries == [Carries::All; 2] {
            return Some(listed.clone());
        }
        let is_carried = |it: &usize| {
            let is_of_client = realm.roles.addresses[*it].parent().is_some();
            carries[usize::from(is_of_client)] == Carries::All
        };
        Some(listed.iter().filter(is_carried).collect())
    }
}

/// Returns the client scopes that apply: the default ones and those asked for, but for those with roles of which
/// the user has none.
fn applied(realm: &Realm, client: usize, asked: &[String], held: &Bits) -> Vec<usize> {
    let is_for = |it: &usize| {
        let roles = &realm.client_scope_entries[*it].mapped_roles;
        roles.is_empty() || realm.deep_roles(roles, &[]).iter().any(|it| held.has(it))
    };
    realm.scopes_for(client, asked).filter(is_for).collect()
}

fn token<'a>(realm: &'a Realm, client: usize, openid: bool, applied: &[usize]) -> Token<'a> {
    let entry = &realm.client_entries[client];
    let name = |scope: &usize| realm.client_scopes.addresses[*scope].name();
    let scopes = applied.iter().filter(|it| realm.client_scope_entries[**it].in_token);
    let openid = openid.then(|| OPENID.to_owned());
    let of_scopes = applied.iter().flat_map(|it| &realm.client_scope_entries[*it].mappers);
    let mappers: Vec<&Mapper> = entry.mappers.iter().chain(of_scopes).filter(|it| it.is_on(entry)).collect();
    let mut token = Token {
        scopes: openid.into_iter().chain(scopes.map(|it| name(it).to_owned())).collect(),
        realm_roles: Carries::None,
        client_roles: Carries::None,
        hardcoded: Vec::new(),
        has_strange_roles: false,
        renamed: Vec::new(),
        narrow: realm.narrow(client, applied),
        spoiled: mappers.iter().find(|it| it.spoils).map(|it| it.address.clone()),
        mappers,
    };
    for mapper in &token.mappers {
        let claim = mapper.config("claim.name");
        let prefixed = |key: &str| !mapper.config(key).is_empty();
        match mapper.provider.as_str() {
            "oidc-usermodel-realm-role-mapper" if claim == "realm_access.roles" => {
                token.realm_roles = if prefixed("usermodel.realmRoleMapping.rolePrefix") {
                    Carries::Unknown
                } else {
                    Carries::All
                };
            }
            "oidc-usermodel-client-role-mapper" if claim == "resource_access.${client_id}.roles" => {
                // Old servers fail at one role as text, new ones leave it out (measured on 26.0.8 and 26.7.5).
                let is_part = mapper.config("multivalued") != "true"
                    || prefixed("usermodel.clientRoleMapping.rolePrefix")
                    || prefixed("usermodel.clientRoleMapping.clientId");
                token.client_roles = if is_part { Carries::Unknown } else { Carries::All };
            }
            "oidc-hardcoded-role-mapper" => {
                let position = role_named(realm, mapper.config("role"));
                token.has_strange_roles |= position.is_none();
                token.hardcoded.extend(position.map(|it| (it, mapper.address.clone())));
            }
            "oidc-role-name-mapper" => {
                let to = role_named(realm, mapper.config("new.role.name"));
                token.has_strange_roles |= to.is_none();
                token.renamed.extend(
                    role_named(realm, mapper.config("role")).map(|it| (it, to, mapper.address.clone())),
                );
            }
            provider if claims::may_carry_roles(provider, claim) => {
                token.realm_roles = Carries::Unknown;
                token.client_roles = Carries::Unknown;
                break;
            }
            _ => {}
        }
    }
    token
}

/// Returns a role by its name as mappers spell it: `role`, or `client.role`, where the last dot ends the client's name
/// whether there is such a client or not (measured on 26.0.8 and 26.7.5).
fn role_named(realm: &Realm, name: &str) -> Option<usize> {
    let address = match name.rsplit_once('.') {
        Some((client, role)) => Address::top(CLIENT, client).child(ROLE, role),
        None => Address::top(ROLE, name),
    };
    realm.roles.get(&address)
}

impl Mapper {
    /// Returns whether a mapper writes into the access tokens of a client.
    pub(super) fn is_on(&self, client: &Client) -> bool {
        let switch = if client.lightweight { "lightweight.claim" } else { "access.token.claim" };
        !self.provider.starts_with("saml-")
            && (claims::has_no_switch(&self.provider) || self.config(switch) == "true")
    }

    pub(super) fn config(&self, key: &str) -> &str {
        self.config.get(key).map_or("", String::as_str)
    }
}
