//! From a state to a compiled realm.

use std::collections::{BTreeMap, BTreeSet};

use super::bits::Bits;
use super::claims::spoils;
use super::realm::{Client, ClientScope, Group, Interned, Mapper, Realm, User, texts};
use crate::kind::{
    CLIENT, CLIENT_SCOPE, DEFAULT_ROLE, GROUP, MAPPER, NEWEST, ROLE, SETTINGS, USER, Version, built_ins,
    realm_address,
};
use crate::state::{Address, KindName, Node, Object, State};

mod administration;
mod fine_grained;
mod server;

pub(super) use server::{group_matches, is_like};

impl Realm {
    /// Compiles a state of a server of this version.
    pub fn compile(state: &State, version: Version) -> Self {
        let roles = interned(state, ROLE);
        let groups = interned(state, GROUP);
        let users = interned(state, USER);
        let clients = interned(state, CLIENT);
        let client_scopes = interned(state, CLIENT_SCOPE);
        let default_role = state.default_role.as_ref().and_then(|it| roles.get(it));
        let role = |address: &Address| {
            let placeholder = address.parent().is_none() && address.name() == DEFAULT_ROLE;
            if placeholder { default_role } else { roles.get(address) }
        };
        let composites: Vec<Vec<usize>> = each(state, &roles, |_, object| refs(object, "composites", &role));
        let group_entries = each(state, &groups, |address, object| Group {
            path: address.steps().iter().map(|it| format!("/{}", it.name)).collect(),
            parent: address.parent().and_then(|it| groups.get(&it)),
            roles: mappings(object, &role),
            attributes: texts(object, "attributes"),
        });
        let user_entries = each(state, &users, |address, object| {
            let mut attributes = texts(object, "attributes");
            for field in ["email", "firstName", "lastName"] {
                if !object.text(field).is_empty() {
                    attributes.insert(field.to_owned(), vec![object.text(field).to_owned()]);
                }
            }
            attributes.insert("username".to_owned(), vec![address.name().to_owned()]);
            User {
                id: object.id.as_deref().map(str::to_owned),
                enabled: object.get("enabled").and_then(Node::as_bool).unwrap_or(true),
                roles: mappings(object, &role),
                groups: refs(object, "groups", &|it| groups.get(it)),
                attributes,
                email_verified: object.is_true("emailVerified"),
                account_of: object.made_by.as_ref().and_then(|it| clients.get(it)),
            }
        });
        let is_held = |attribute: &str| {
            let of_users = user_entries.iter().any(|it| it.attributes.contains_key(attribute));
            of_users || group_entries.iter().any(|it| it.attributes.contains_key(attribute))
        };
        let mappers = |owner: &Address| -> Vec<Mapper> {
            let mut all = mappers(state, owner);
            for it in &mut all {
                it.spoils = spoils(it, version, &is_held);
            }
            all
        };
        let client_entries = each(state, &clients, |address, object| Client {
            enabled: object.get("enabled").and_then(Node::as_bool).unwrap_or(true),
            for_people: is_for_people(object),
            full_scope: object.get("fullScopeAllowed").and_then(Node::as_bool).unwrap_or(true),
            lightweight: attribute(object, "client.use.lightweight.access.token.enabled") == Some("true"),
            service_account: object.is_true("serviceAccountsEnabled"),
            mapped_roles: mapped(object, &role),
            default_scopes: refs(object, "defaultClientScopes", &|it| client_scopes.get(it)),
            optional_scopes: refs(object, "optionalClientScopes", &|it| client_scopes.get(it)),
            mappers: mappers(address),
        });
        let client_scope_entries = each(state, &client_scopes, |address, object| ClientScope {
            mapped_roles: mapped(object, &role),
            in_token: attribute(object, "include.in.token.scope") != Some("false"),
            mappers: mappers(address),
        });
        let default_groups = state
            .get(&realm_address())
            .map(|it| refs(it, "defaultGroups", &|it| groups.get(it)))
            .unwrap_or_default();
        let mut realm = Self {
            closures: closures(&composites),
            composites,
            default_role,
            default_groups,
            roles,
            groups,
            group_entries,
            users,
            user_entries,
            clients,
            client_entries,
            client_scopes,
            client_scope_entries,
            servers: BTreeMap::new(),
            enabled: state
                .get(&realm_address())
                .and_then(|it| it.get("enabled"))
                .and_then(Node::as_bool)
                .unwrap_or(true),
            reach: None,
            believes_tokens: version < NEWEST,
            administration: None,
        };
        realm.reach = reach(&realm);
        realm.administration = administration::server(&realm).map(Box::new);
        for (at, address) in realm.clients.addresses.iter().enumerate() {
            let settings = address.child(SETTINGS, "");
            let is_server = state.get(address).is_some_and(|it| {
                it.get("authorizationServicesEnabled").and_then(Node::as_bool) != Some(false)
            });
            if let Some(object) = state.get(&settings).filter(|_| is_server) {
                realm.servers.insert(at, server::compile(state, &realm, at, settings, object, version));
            }
        }
        realm
    }
}

/// Returns the roles that count for administrators through any client; nothing where these are all, or may be: where no
/// built-in client is known, not all clients are.
fn reach(realm: &Realm) -> Option<Bits> {
    let knows_all = built_ins().iter().any(|it| it.kind() == CLIENT && realm.clients.get(it).is_some());
    let mut out: Option<Bits> = knows_all.then(Bits::default);
    for client in (0..realm.client_entries.len()).filter(|it| realm.client_entries[*it].for_people) {
        out.get_or_insert_default().add(&realm.reach_of(client)?);
    }
    out
}

fn interned(state: &State, kind: KindName) -> Interned {
    Interned::new(state.objects.keys().filter(|it| it.kind() == kind).cloned())
}

fn each<T>(state: &State, table: &Interned, f: impl Fn(&Address, &Object) -> T) -> Vec<T> {
    table.addresses.iter().map(|it| f(it, &state.objects[it])).collect()
}

/// Returns the positions of what a list field refers to; what is not there is skipped.
fn refs(object: &Object, field: &str, position: &dyn Fn(&Address) -> Option<usize>) -> Vec<usize> {
    let items = object.get(field).map_or(&[][..], Node::items);
    items.iter().filter_map(Node::as_ref).filter_map(position).collect()
}

fn mappings(object: &Object, role: &dyn Fn(&Address) -> Option<usize>) -> Vec<usize> {
    let mut out = refs(object, "realmRoles", role);
    out.extend(refs(object, "clientRoles", role));
    out
}

fn mapped(object: &Object, role: &dyn Fn(&Address) -> Option<usize>) -> Vec<usize> {
    let mut out = refs(object, "scopeMappings", role);
    out.extend(refs(object, "clientScopeMappings", role));
    out
}

fn attribute<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    let value = object.get("attributes")?.get(key)?;
    value.as_text().or_else(|| value.items().first().and_then(Node::as_text))
}

/// Returns whether a client can get tokens for people: by a login of its own, or for one that it has.
fn is_for_people(client: &Object) -> bool {
    let on = |field: &str, default: bool| client.get(field).and_then(Node::as_bool).unwrap_or(default);
    let flows = [
        on("standardFlowEnabled", true),
        on("implicitFlowEnabled", false),
        // The only flow that asks nobody for a consent fails where one is needed.
        on("directAccessGrantsEnabled", false) && !on("consentRequired", false),
    ];
    let grants = FLOW_ATTRIBUTES.iter().any(|it| attribute(client, it) == Some("true"));
    let is_oidc = matches!(client.text("protocol"), "" | "openid-connect");
    on("enabled", true) && !on("bearerOnly", false) && is_oidc && (grants || flows.contains(&true))
}

/// Flows that a client has as attributes.
pub(super) const FLOW_ATTRIBUTES: &[&str] = &[
    "oauth2.device.authorization.grant.enabled",
    "oidc.ciba.grant.enabled",
    "standard.token.exchange.enabled",
    "oauth2.jwt.authorization.grant.enabled",
];

fn mappers(state: &State, owner: &Address) -> Vec<Mapper> {
    let of_owner = state.under(owner).filter(|(it, _)| it.kind() == MAPPER);
    of_owner
        .map(|(address, object)| Mapper {
            address: address.clone(),
            provider: object.text("protocolMapper").to_owned(),
            config: object
                .get("config")
                .and_then(Node::as_map)
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.to_string(), value.scalar()?)))
                .collect(),
            spoils: false,
        })
        .collect()
}

fn closures(composites: &[Vec<usize>]) -> Vec<Bits> {
    (0..composites.len())
        .map(|role| {
            let mut seen = Bits::default();
            let mut open = vec![role];
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    open.extend(&composites[next]);
                }
            }
            seen
        })
        .collect()
}

/// Returns the positions as a set.
fn set(positions: Vec<usize>) -> BTreeSet<usize> {
    positions.into_iter().collect()
}
