//! The claims that mappers put into an access token, as far as a state tells.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::persona::Subject;
use super::realm::{Mapper, Realm};

/// A claim, or what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Text(String),
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

/// What is found under the target of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Missing,
    Text(Cow<'a, str>),
    /// One of these; which one is not known.
    First(&'a [String]),
    /// All of these as `[a, b]`, in an unknown order.
    Whole(&'a [String]),
    /// All of these as `openid a b`, in an unknown order but for `openid`.
    Scopes(&'a [String]),
    Opaque,
    Maybe,
    /// The server answers with an error.
    Fails,
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
        _ => return Some(path(name).swap_remove(0)),
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
pub(super) fn of<'a>(
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
    for name in ["aud", "sid", "auth_time", "sub"] {
        claims.top.insert(name.to_owned(), Claim::Maybe);
    }
    for mapper in mappers {
        one(realm, subject, mapper, &mut claims);
    }
    for (name, value) in given {
        let claim = if value.is_null() { Claim::Maybe } else { Claim::Json(value.clone()) };
        claims.top.insert(name.clone(), claim);
    }
    claims
}

fn one(realm: &Realm, subject: &Subject, mapper: &Mapper, claims: &mut Claims) {
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
            if let Some(claim) = typed(mapper, vec![mapper.config("claim.value").to_owned()]) {
                put(name, claim);
            }
        }
        "oidc-usermodel-property-mapper" | "oidc-usermodel-attribute-mapper" => {
            let field = mapper.config("user.attribute");
            let Some(user) = user else { return put(name, Claim::Maybe) };
            match field {
                "emailVerified" => put(name, Claim::Text(user.email_verified.to_string())),
                "enabled" => put(name, Claim::Text(user.enabled.to_string())),
                "id" => put(name, user.id.clone().map_or(Claim::Opaque, Claim::Text)),
                _ => match user.attributes.get(field).filter(|it| !it.is_empty()) {
                    Some(_) if mapper.config("aggregate.attrs") == "true" => put(name, Claim::Opaque),
                    Some(values) => {
                        if let Some(claim) = typed(mapper, values.clone()) {
                            put(name, claim);
                        }
                    }
                    // A group's attribute stands in for the user's.
                    None => {
                        let groups = realm.with_parents(&subject.groups);
                        if groups.iter().any(|it| realm.group_entries[it].attributes.contains_key(field)) {
                            put(name, Claim::Opaque);
                        }
                    }
                },
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
    let Some(held) = &subject.token_roles else {
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
        claims.put(&target, Claim::List(names));
    }
}

/// Returns a value in the type that a mapper gives it; nothing where it is none of that type, and so not there.
fn typed(mapper: &Mapper, values: Vec<String>) -> Option<Claim> {
    let label = mapper.config("jsonType.label");
    if mapper.config("multivalued") == "true" {
        return Some(if matches!(label, "" | "String") { Claim::List(values) } else { Claim::Opaque });
    }
    // Which of several is taken is the server's business.
    let Ok([value]) = <[String; 1]>::try_from(values) else { return Some(Claim::Opaque) };
    let number = |is: Option<String>| is.map(Claim::Text);
    match label {
        "JSON" => serde_json::from_str(&value).ok().map(Claim::Json),
        "boolean" => Some(Claim::Text(value.eq_ignore_ascii_case("true").to_string())),
        "int" => number(value.parse::<i32>().ok().map(|it| it.to_string())),
        "long" => number(value.parse::<i64>().ok().map(|it| it.to_string())),
        _ => (!value.is_empty()).then_some(Claim::Text(value)),
    }
}

/// Returns the text of a value that is no list and no map.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => Some(Cow::Borrowed("null")),
        Value::Bool(it) => Some(it.to_string().into()),
        Value::Number(it) => Some(it.to_string().into()),
        Value::String(it) => Some(Cow::Borrowed(it)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns what a policy finds in a claim that is known to the letter: at the top the first item of a list, and below
/// it all items as `[a, b]` (measured on 26.7.5, as is that an item that is a list or a map counts as empty).
fn of_json(value: &Value, is_top: bool) -> Found<'_> {
    match value {
        Value::Null => Found::Missing,
        Value::String(it) if it.is_empty() => Found::Missing,
        Value::Array(items) if items.is_empty() => Found::Missing,
        Value::Array(items) if is_top => Found::Text(scalar(&items[0]).unwrap_or_default()),
        Value::Array(items) => match items.iter().map(scalar).collect::<Option<Vec<_>>>() {
            Some(items) => Found::Text(format!("[{}]", items.join(", ")).into()),
            None => Found::Opaque,
        },
        Value::Object(_) => Found::Text(value.to_string().into()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            scalar(value).map_or(Found::Missing, Found::Text)
        }
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

impl Claims {
    fn put(&mut self, name: &str, claim: Claim) {
        let parts = path(name);
        let mut map = &mut self.top;
        let Some((last, up)) = parts.split_last().filter(|_| !name.is_empty()) else { return };
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
        match map.get(last) {
            Some(_) if matches!(claim, Claim::Maybe) => {
                map.insert(last.clone(), claim);
            }
            // Which of two mappers comes last is the server's business.
            Some(old) if *old != claim && !matches!(old, Claim::Maybe) => {
                map.insert(last.clone(), Claim::Opaque);
            }
            Some(_) | None => {
                map.insert(last.clone(), claim);
            }
        }
    }

    /// Returns the values of a top-level claim that lists groups; an empty list when it is not there.
    pub(super) fn values(&self, name: &str) -> Option<Vec<&str>> {
        match self.top.get(name) {
            Some(Claim::Text(text)) => Some(vec![text]),
            Some(Claim::List(items)) => Some(items.iter().map(String::as_str).collect()),
            Some(Claim::Json(Value::String(text))) => Some(vec![text]),
            Some(Claim::Json(Value::Null)) => Some(Vec::new()),
            Some(Claim::Json(Value::Array(items))) => items.iter().map(Value::as_str).collect(),
            Some(Claim::Scopes(scopes)) if scopes.len() == 1 => Some(vec![&scopes[0]]),
            Some(Claim::Json(_) | Claim::Map(_) | Claim::Scopes(_) | Claim::Opaque | Claim::Maybe) => None,
            None if self.anything => None,
            None => Some(Vec::new()),
        }
    }

    /// Returns what the target of a regex policy finds: `claim`, `org.dept`, `realm_access.roles[0]`.
    pub(super) fn find(&self, target: &str) -> Found<'_> {
        let parts = if is_path(target) { path(target) } else { vec![target.to_owned()] };
        let mut place = Place::Top;
        for (at, part) in parts.iter().enumerate() {
            let (name, index) = match part.split_once('[').filter(|_| parts.len() > 1) {
                Some((name, index)) => (name, Some(index.trim_end_matches(']'))),
                None => (part.as_str(), None),
            };
            place = match place {
                Place::Top => match self.top.get(name) {
                    None if self.anything => return Found::Maybe,
                    None => return Found::Missing,
                    Some(claim) => Place::Claim(claim),
                },
                Place::Claim(Claim::Map(map)) => match map.get(name) {
                    None => return Found::Missing,
                    Some(claim) => Place::Claim(claim),
                },
                Place::Claim(Claim::Opaque | Claim::Maybe | Claim::List(_)) => return Found::Maybe,
                Place::Claim(Claim::Text(_) | Claim::Scopes(_)) => return Found::Fails,
                Place::Claim(Claim::Json(value)) | Place::Json(value) => match value {
                    Value::Object(map) => match map.get(name) {
                        None => return Found::Missing,
                        Some(value) => Place::Json(value),
                    },
                    // Below a text the server fails; below the others nobody has looked.
                    Value::String(_) if at == 1 => return Found::Fails,
                    _ => return Found::Maybe,
                },
            };
            let Some(index) = index else { continue };
            let Ok(index) = index.parse::<usize>() else { return Found::Maybe };
            match place {
                // In which order they are is not known.
                Place::Claim(Claim::List(items)) if index < items.len() => return Found::First(items),
                Place::Claim(Claim::List(_)) => return Found::Missing,
                Place::Claim(Claim::Json(Value::Array(items))) | Place::Json(Value::Array(items)) => {
                    match items.get(index) {
                        None => return Found::Missing,
                        Some(value) => place = Place::Json(value),
                    }
                }
                Place::Top | Place::Claim(_) | Place::Json(_) => return Found::Maybe,
            }
        }
        let is_top = parts.len() == 1;
        match place {
            Place::Top => Found::Missing,
            Place::Json(value) | Place::Claim(Claim::Json(value)) => of_json(value, is_top),
            Place::Claim(Claim::Text(text)) => Found::Text(Cow::Borrowed(text)),
            Place::Claim(Claim::Scopes(scopes)) => Found::Scopes(scopes),
            Place::Claim(Claim::List(items)) if items.is_empty() => Found::Missing,
            Place::Claim(Claim::List(items)) if is_top => Found::First(items),
            Place::Claim(Claim::List(items)) => Found::Whole(items),
            Place::Claim(Claim::Map(_) | Claim::Opaque) => Found::Opaque,
            Place::Claim(Claim::Maybe) => Found::Maybe,
        }
    }
}

/// Where a path has come to.
#[derive(Clone, Copy)]
enum Place<'a> {
    Top,
    Claim(&'a Claim),
    Json(&'a Value),
}

/// Returns whether a target leads below a claim: without a dot that is not escaped, it is looked up as it is written,
/// escapes and indexes included.
fn is_path(target: &str) -> bool {
    path(target).len() > 1
}

/// Returns the name of the claim at the top of a path, without its index.
pub(super) fn top_level(target: &str) -> String {
    if !is_path(target) {
        return target.to_owned();
    }
    let mut first = path(target).swap_remove(0);
    first.truncate(first.find('[').unwrap_or(first.len()));
    first
}

/// Returns whether a resource server may send along what a target asks the request for. Of what Keycloak itself adds
/// (`kc.client.id`, `kc.client.network.ip_address` and the like) nothing is ever found: with their dots they are paths
/// below `kc`, and with escapes they are looked up as written.
pub(super) fn may_be_sent(target: &str) -> bool {
    if is_path(target) { path(target)[0] != "kc" } else { !target.contains('\\') }
}

#[cfg(test)]
mod tests;
