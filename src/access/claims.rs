//! The claims that mappers put into an access token, as far as a state tells.

use std::collections::BTreeMap;

use serde_json::Value;

use super::persona::Subject;
use super::realm::{Mapper, Realm, User};

mod found;
mod spoils;
mod typed;

pub(super) use found::{Found, may_be_sent, top_level};
pub(super) use spoils::spoils;
use typed::{is_list, list, one_of, typed};

/// A claim, or what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Text(String),
    /// One of these; which one is not known.
    One(Vec<String>),
    /// A list in an order that a state does not tell.
    List(Vec<String>),
    /// One text of these words, in an order that differs from realm to realm; but `openid` comes first.
    Scopes(Vec<String>),
    Map(BTreeMap<String, Claim>),
    /// Known to the letter.
    Json(Value),
    /// It is there; what it says is not known.
    Opaque,
    /// Not even whether it is there is known.
    Maybe,
}

/// The claims of a token.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    top: BTreeMap<String, Claim>,
    /// A mapper of an unknown type may have written any claim.
    anything: bool,
}

/// Providers without a switch per kind of token.
pub(super) fn has_no_switch(provider: &str) -> bool {
    matches!(provider, "oidc-hardcoded-role-mapper" | "oidc-role-name-mapper")
}

/// Whether a mapper may write claims that its settings do not name.
pub(super) fn may_write_anything(provider: &str, claim: &str) -> bool {
    let is_known = matches!(
        provider,
        "oidc-acr-mapper"
            | "oidc-address-mapper"
            | "oidc-allowed-origins-mapper"
            | "oidc-amr-mapper"
            | "oidc-audience-mapper"
            | "oidc-audience-resolve-mapper"
            | "oidc-full-name-mapper"
            | "oidc-group-membership-mapper"
            | "oidc-hardcoded-claim-mapper"
            | "oidc-hardcoded-role-mapper"
            | "oidc-nonce-backwards-compatible-mapper"
            | "oidc-organization-membership-mapper"
            | "oidc-role-name-mapper"
            | "oidc-sha256-pairwise-sub-mapper"
            | "oidc-sub-mapper"
            | "oidc-usermodel-attribute-mapper"
            | "oidc-usermodel-client-role-mapper"
            | "oidc-usermodel-property-mapper"
            | "oidc-usermodel-realm-role-mapper"
            | "oidc-usersessionmodel-note-mapper"
    );
    !is_known && claim.is_empty()
}

/// Returns the claim that a mapper writes, without what is below it; nothing where that may be any.
pub(super) fn written(mapper: &Mapper) -> Option<String> {
    let name = mapper.config("claim.name");
    let fixed = match mapper.provider.as_str() {
        "oidc-sub-mapper" | "oidc-sha256-pairwise-sub-mapper" => "sub",
        "oidc-acr-mapper" => "acr",
        "oidc-amr-mapper" => "amr",
        "oidc-address-mapper" => "address",
        "oidc-allowed-origins-mapper" => "allowed-origins",
        "oidc-audience-mapper" | "oidc-audience-resolve-mapper" => "aud",
        "oidc-nonce-backwards-compatible-mapper" => "nonce",
        "oidc-organization-membership-mapper" if name.is_empty() => "organization",
        "oidc-full-name-mapper" => "name",
        // Roles go where another mapper puts them.
        "oidc-hardcoded-role-mapper" | "oidc-role-name-mapper" => "",
        provider if may_write_anything(provider, name) => return None,
        _ => {
            let first = path(name).swap_remove(0);
            return Some(if KEPT.contains(&first.as_str()) { String::new() } else { first });
        }
    };
    Some(fixed.to_owned())
}

/// Returns whether a mapper has a say in which roles a token carries.
pub(super) fn may_carry_roles(provider: &str, claim: &str) -> bool {
    matches!(provider, "oidc-hardcoded-role-mapper" | "oidc-role-name-mapper")
        || may_write_anything(provider, claim)
        || claim.starts_with("realm_access")
        || claim.starts_with("resource_access")
}

/// Returns whether a mapper makes a claim of the roles in the token.
pub(super) fn lists_roles(mapper: &Mapper) -> bool {
    matches!(
        mapper.provider.as_str(),
        "oidc-usermodel-realm-role-mapper" | "oidc-usermodel-client-role-mapper"
    )
}

/// Returns the claims of a subject's token.
pub(super) fn claims_of<'a>(
    realm: &Realm,
    subject: &Subject,
    mappers: impl Iterator<Item = &'a Mapper>,
    given: &BTreeMap<String, Value>,
) -> Claims {
    let mut claims = Claims::default();
    let asking = realm.clients.addresses[subject.client].name();
    claims.top.insert("azp".to_owned(), Claim::Text(asking.to_owned()));
    claims.top.insert("typ".to_owned(), Claim::Text("Bearer".to_owned()));
    // A token without scopes has no such claim, as regex policies see it.
    if !subject.scopes.is_empty() {
        claims.top.insert("scope".to_owned(), Claim::Scopes(subject.scopes.clone()));
    }
    for name in ["iss", "exp", "iat", "jti"] {
        claims.top.insert(name.to_owned(), Claim::Opaque);
    }
    // The server adds to an audience that a mapper writes.
    claims.top.insert("aud".to_owned(), Claim::Maybe);
    for mapper in mappers {
        add_claims_of(realm, subject, mapper, &mut claims);
    }
    for name in ["sid", "auth_time", "sub"] {
        claims.top.entry(name.to_owned()).or_insert(Claim::Maybe);
    }
    for (name, value) in given {
        let claim = if value.is_null() { Claim::Maybe } else { Claim::Json(value.clone()) };
        claims.top.insert(name.clone(), claim);
    }
    claims
}

/// Adds what one mapper writes.
fn add_claims_of(realm: &Realm, subject: &Subject, mapper: &Mapper, claims: &mut Claims) {
    let name = mapper.config("claim.name");
    let user = subject.user.map(|it| &realm.user_entries[it]);
    let mut put = |name: &str, claim: Claim| claims.put(name, claim);
    match mapper.provider.as_str() {
        "oidc-sub-mapper" => {
            let id = user.and_then(|it| it.id.clone());
            put("sub", id.map_or(Claim::Opaque, Claim::Text));
        }
        "oidc-sha256-pairwise-sub-mapper" => put("sub", Claim::Opaque),
        "oidc-acr-mapper" => put("acr", Claim::Opaque),
        "oidc-amr-mapper" => put("amr", Claim::Maybe),
        "oidc-address-mapper" => put("address", Claim::Maybe),
        "oidc-allowed-origins-mapper" => put("allowed-origins", Claim::Maybe),
        "oidc-audience-mapper" | "oidc-audience-resolve-mapper" => put("aud", Claim::Maybe),
        "oidc-nonce-backwards-compatible-mapper" => put("nonce", Claim::Maybe),
        "oidc-organization-membership-mapper" => {
            put(if name.is_empty() { "organization" } else { name }, Claim::Maybe);
        }
        "oidc-full-name-mapper" => {
            let part = |field: &str| user?.attributes.get(field)?.first().cloned();
            let names: Vec<String> = [part("firstName"), part("lastName")].into_iter().flatten().collect();
            match user {
                None => put("name", Claim::Maybe),
                Some(_) if names.is_empty() => {}
                Some(_) => put("name", Claim::Text(names.join(" "))),
            }
        }
        "oidc-group-membership-mapper" => {
            let full = mapper.config("full.path") == "true";
            let text = |it: &usize| {
                if full {
                    realm.group_entries[*it].path.clone()
                } else {
                    realm.groups.addresses[*it].name().to_owned()
                }
            };
            put(name, Claim::List(subject.groups.iter().map(text).collect()));
        }
        "oidc-hardcoded-claim-mapper" => {
            let value = mapper.config("claim.value");
            if let Some(claim) = typed(mapper, value).filter(|_| !value.is_empty()) {
                put(name, claim);
            }
        }
        "oidc-usermodel-property-mapper" => {
            let Some(user) = user else { return put(name, Claim::Maybe) };
            let said = match property(user, mapper.config("user.attribute")) {
                Property::Is(value) => typed(mapper, &value),
                Property::None => None,
                Property::Unknown => Some(Claim::Maybe),
            };
            if let Some(claim) = said {
                put(name, claim);
            }
        }
        "oidc-usermodel-attribute-mapper" => {
            let field = mapper.config("user.attribute");
            let Some(user) = user else { return put(name, Claim::Maybe) };
            match user.attributes.get(field).filter(|it| !it.is_empty()) {
                Some(_) if mapper.config("aggregate.attrs") == "true" => put(name, Claim::Opaque),
                Some(values) if is_list(mapper) => put(name, list(mapper, values.clone())),
                Some(values) => {
                    if let Some(claim) = one_of(mapper, values.clone()) {
                        put(name, claim);
                    }
                }
                // A group's attribute stands in for the user's.
                None => {
                    let groups = realm.with_parents(&subject.groups);
                    if groups.iter().any(|it| realm.group_entries[it].attributes.contains_key(field)) {
                        put(name, Claim::Maybe);
                    }
                }
            }
        }
        "oidc-usermodel-realm-role-mapper" | "oidc-usermodel-client-role-mapper" => {
            roles(realm, subject, mapper, claims);
        }
        "oidc-usersessionmodel-note-mapper" => put(name, Claim::Maybe),
        "oidc-hardcoded-role-mapper" | "oidc-role-name-mapper" => {}
        provider if may_write_anything(provider, name) => claims.anything = true,
        _ => put(name, Claim::Maybe),
    }
}

fn roles(realm: &Realm, subject: &Subject, mapper: &Mapper, claims: &mut Claims) {
    let name = mapper.config("claim.name");
    let of_realm = mapper.provider == "oidc-usermodel-realm-role-mapper";
    let prefix = mapper.config(if of_realm {
        "usermodel.realmRoleMapping.rolePrefix"
    } else {
        "usermodel.clientRoleMapping.rolePrefix"
    });
    let only = mapper.config("usermodel.clientRoleMapping.clientId");
    let Some(held) = &subject.listed_roles else {
        // Which clients' roles there are is not known either.
        let above = name.split("${client_id}").next().unwrap_or_default().trim_end_matches('.');
        return claims.put(above, Claim::Maybe);
    };
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for role in held.iter() {
        let address = &realm.roles.addresses[role];
        let client = address.parent();
        if client.is_none() != of_realm {
            continue;
        }
        let client = client.as_ref().map_or("", |it| it.name());
        if !only.is_empty() && only != client {
            continue;
        }
        let target = name.replace("${client_id}", &client.replace('.', "\\."));
        lists.entry(target).or_default().push(format!("{prefix}{}", address.name()));
    }
    for (target, names) in lists {
        let claim = if is_list(mapper) {
            list(mapper, names)
        } else if target.starts_with("resource_access") {
            // Old servers fail at such a token, new ones leave the roles out (measured on 26.0.8 and 26.7.5).
            Claim::Maybe
        } else {
            one_of(mapper, names).unwrap_or(Claim::Maybe)
        };
        claims.put(&target, claim);
    }
}

/// What is known of a property of a user.
enum Property {
    Is(String),
    None,
    Unknown,
}

/// Returns a property of a user as Keycloak's own code knows it: its first letter may be a capital, and attributes are none.
fn property(user: &User, name: &str) -> Property {
    let mut letters = name.chars();
    let first = letters.next().map(|it| it.to_ascii_lowercase());
    let name: String = first.into_iter().chain(letters).collect();
    let is = |value: Option<String>| value.map_or(Property::None, Property::Is);
    match name.as_str() {
        "id" => user.id.clone().map_or(Property::Unknown, Property::Is),
        "enabled" => Property::Is(user.enabled.to_string()),
        "emailVerified" => Property::Is(user.email_verified.to_string()),
        "email" | "firstName" | "lastName" | "username" => {
            is(user.attributes.get(&name).and_then(|it| it.first()).cloned())
        }
        "attributes"
        | "createdTimestamp"
        | "federated"
        | "federationLink"
        | "groupsCount"
        | "groupsStream"
        | "realmRoleMappingsStream"
        | "requiredActionsStream"
        | "roleMappingsStream"
        | "serviceAccountClientLink" => Property::Unknown,
        _ => Property::None,
    }
}

/// Splits at dots that are not escaped; `\.` is a dot.
fn path(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(is) = chars.next() {
        let last = parts.len() - 1;
        match is {
            '\\' if chars.peek() == Some(&'.') => {
                chars.next();
                parts[last].push('.');
            }
            '.' => parts.push(String::new()),
            _ => parts[last].push(is),
        }
    }
    parts
}

/// Claims that no mapper changes, nor anything below them (measured on 26.0.8 and 26.7.5).
const KEPT: &[&str] = &["exp", "iat", "iss", "jti", "scope", "typ"];

/// Claims below which no mapper writes anything.
const KEPT_WHOLE: &[&str] = &["acr", "aud", "auth_time", "azp", "nonce", "session_state", "sub"];

impl Claims {
    fn put(&mut self, name: &str, claim: Claim) {
        let parts = path(name);
        let Some((last, up)) = parts.split_last().filter(|_| !name.is_empty()) else { return };
        let first = parts[0].as_str();
        if KEPT.contains(&first) || (KEPT_WHOLE.contains(&first) && !up.is_empty()) {
            return;
        }
        let mut map = &mut self.top;
        for part in up {
            let entry = map.entry(part.clone()).or_insert_with(|| Claim::Map(BTreeMap::new()));
            if !matches!(entry, Claim::Map(_)) {
                // Two mappers disagree whether this is a map.
                *entry = Claim::Maybe;
                return;
            }
            let Claim::Map(inner) = entry else { return };
            map = inner;
        }
        let is = match map.get(last) {
            // Which of two mappers comes last, and whether it adds to the other, is the server's business.
            Some(Claim::Maybe) => Claim::Maybe,
            Some(old) if *old != claim && claim != Claim::Maybe => Claim::Opaque,
            Some(_) | None => claim,
        };
        map.insert(last.clone(), is);
    }

    /// Returns the values of a top-level claim that lists groups; an empty list when it is not there.
    pub(super) fn values(&self, name: &str) -> Option<Vec<&str>> {
        match self.top.get(name) {
            Some(Claim::Text(text)) => Some(vec![text]),
            Some(Claim::List(items)) => Some(items.iter().map(String::as_str).collect()),
            Some(Claim::Json(Value::String(text))) => Some(vec![text]),
            Some(Claim::Json(Value::Null)) => Some(Vec::new()),
            Some(Claim::Json(Value::Array(items))) => items.iter().map(Value::as_str).collect(),
            Some(Claim::One(items) | Claim::Scopes(items)) if items.len() == 1 => Some(vec![&items[0]]),
            Some(
                Claim::Json(_)
                | Claim::Map(_)
                | Claim::One(_)
                | Claim::Scopes(_)
                | Claim::Opaque
                | Claim::Maybe,
            ) => None,
            None if self.anything => None,
            None => Some(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests;
