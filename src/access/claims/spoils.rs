//! Mappers that make tokens unusable: Keycloak reads some claims back in forms of its own, and answers every request with
//! an error whose token has another form of one of these (measured on 26.0.8 and 26.7.5).

use serde_json::Value;

use super::path;
use super::typed::{is_list, label};
use crate::access::realm::Mapper;
use crate::kind::{NEWEST, OLDEST, Version};

/// What a claim is read as.
#[derive(Clone, Copy)]
enum Reads {
    /// What Keycloak itself wrote, and nothing else.
    Own,
    Text,
    Truth,
    Number,
    Texts,
    /// These, and nothing else.
    Parts(&'static [(&'static str, Reads)]),
    /// The same under every name.
    Each(&'static Reads),
}

/// What may stand in a claim.
enum Form {
    Known(Value),
    Text,
    Truth,
    Number,
    Texts,
    Unknown,
}

const ROLES: Reads = Reads::Parts(&[("roles", Reads::Texts), ("verify_caller", Reads::Truth)]);

const ADDRESS: Reads = Reads::Parts(&[
    ("formatted", Reads::Text),
    ("street_address", Reads::Text),
    ("locality", Reads::Text),
    ("region", Reads::Text),
    ("postal_code", Reads::Text),
    ("country", Reads::Text),
]);

/// Returns what a claim is read as; nothing where it may be anything. What changed between the oldest and the newest
/// version may have changed with any in between.
fn reads(claim: &str, version: Version) -> Option<Reads> {
    Some(match claim {
        "azp" | "nbf" | "sid" => Reads::Own,
        "authorization" => Reads::Parts(&[]),
        "authorization_details" if version > OLDEST => Reads::Own,
        "cnf" => Reads::Parts(&[("jkt", Reads::Text), ("x5t#S256", Reads::Text)]),
        "realm_access" => ROLES,
        "resource_access" => Reads::Each(&ROLES),
        "address" if version < NEWEST => ADDRESS,
        "allowed-origins" | "trusted-certs" => Reads::Texts,
        "email_verified" | "phone_number_verified" => Reads::Truth,
        "updated_at" => Reads::Number,
        "at_hash" | "birthdate" | "c_hash" | "claims_locales" | "email" | "family_name" | "gender"
        | "given_name" | "locale" | "middle_name" | "name" | "nickname" | "phone_number" | "picture"
        | "preferred_username" | "profile" | "s_hash" | "website" | "zoneinfo" => Reads::Text,
        _ => return None,
    })
}

/// Returns whether a mapper may make tokens of a server of this version unusable. `is_held` tells whether anybody has an
/// attribute.
pub(in crate::access) fn spoils(mapper: &Mapper, version: Version, is_held: &dyn Fn(&str) -> bool) -> bool {
    let form = match mapper.provider.as_str() {
        "oidc-hardcoded-claim-mapper" => match known(mapper) {
            Ok(form) => form,
            // Old servers do not even make the token; new ones may find something in what is no JSON.
            Err(Misfit) if version < NEWEST => return true,
            Err(Misfit) => (label(mapper) == Some("JSON")).then_some(Form::Unknown),
        },
        "oidc-usermodel-attribute-mapper" if !is_held(mapper.config("user.attribute")) => None,
        "oidc-usermodel-property-mapper" if label(mapper).is_none() => {
            let is_truth = matches!(
                mapper.config("user.attribute"),
                "enabled" | "Enabled" | "emailVerified" | "EmailVerified"
            );
            Some(if is_truth { Form::Truth } else { Form::Text })
        }
        "oidc-usermodel-property-mapper" => Some(single(mapper)),
        "oidc-group-membership-mapper" => Some(Form::Texts),
        _ if is_list(mapper) && label(mapper).is_none() => Some(Form::Texts),
        _ if is_list(mapper) => Some(Form::Unknown),
        _ => Some(single(mapper)),
    };
    let parts = path(mapper.config("claim.name"));
    let Some(((first, below), form)) = parts.split_first().zip(form) else { return false };
    let is_rebuilt = first == "resource_access" && !below.is_empty() && version >= NEWEST;
    let is_ignored = super::KEPT_WHOLE.contains(&first.as_str()) && !below.is_empty();
    let Some(mut reads) = reads(first, version).filter(|_| !is_rebuilt && !is_ignored) else { return false };
    for part in below {
        match part_of(reads, part) {
            Some(is) => reads = is,
            None => return true,
        }
    }
    !may_be(reads, &form)
}

/// A value that is not of its type.
struct Misfit;

/// Returns what a mapper always writes; nothing where that is nothing.
fn known(mapper: &Mapper) -> Result<Option<Form>, Misfit> {
    let value = mapper.config("claim.value");
    if value.is_empty() {
        return Ok(None);
    }
    let number = |it: Option<i64>| it.map(|it| Some(Form::Known(it.into()))).ok_or(Misfit);
    match label(mapper) {
        Some("JSON") => serde_json::from_str(value).map(|it| Some(Form::Known(it))).map_err(|_| Misfit),
        Some("int") => number(value.parse::<i32>().ok().map(i64::from)),
        Some("long") => number(value.parse().ok()),
        Some("boolean") => Ok(Some(Form::Truth)),
        _ => Ok(Some(Form::Known(value.into()))),
    }
}

/// Returns what a mapper writes that writes one value.
fn single(mapper: &Mapper) -> Form {
    match label(mapper) {
        Some("boolean") => Form::Truth,
        Some("int" | "long") => Form::Number,
        Some(_) => Form::Unknown,
        None => Form::Text,
    }
}

fn part_of(reads: Reads, name: &str) -> Option<Reads> {
    match reads {
        Reads::Each(one) => Some(*one),
        Reads::Parts(parts) => parts.iter().find(|it| it.0 == name).map(|it| it.1),
        Reads::Own | Reads::Text | Reads::Truth | Reads::Number | Reads::Texts => None,
    }
}

/// Returns whether something of a form is surely read as this.
fn may_be(reads: Reads, form: &Form) -> bool {
    match (reads, form) {
        (Reads::Own, _) | (_, Form::Unknown) => false,
        (_, Form::Known(Value::Null)) => true,
        (Reads::Text, Form::Known(it)) => !it.is_array() && !it.is_object(),
        (Reads::Text, it) => !matches!(it, Form::Texts),
        (Reads::Truth, Form::Known(it)) => {
            it.is_boolean() || it.is_i64() || it.as_str().is_some_and(|it| ["true", "false"].contains(&it))
        }
        (Reads::Truth, it) => matches!(it, Form::Truth | Form::Number),
        (Reads::Number, Form::Known(it)) => {
            it.is_number() || it.as_str().is_some_and(|it| it.parse::<i64>().is_ok())
        }
        (Reads::Number, it) => matches!(it, Form::Number),
        (Reads::Texts, Form::Known(Value::Array(items))) => items.iter().all(Value::is_string),
        (Reads::Texts, it) => matches!(it, Form::Texts),
        (Reads::Parts(_) | Reads::Each(_), Form::Known(Value::Object(map))) => {
            map.iter().all(|(name, it)| {
                part_of(reads, name).is_some_and(|reads| may_be(reads, &Form::Known(it.clone())))
            })
        }
        (Reads::Parts(_) | Reads::Each(_), _) => false,
    }
}
