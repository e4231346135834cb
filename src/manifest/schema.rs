//! JSON Schemas of manifests and of the project file, for editors: completion, and unknown keys while typing.
//!
//! Made of the kind table and of the recorded classes, so that they know what `lift` knows. They are milder
//! where YAML is (a number where text is meant) and say nothing about references.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::kind::{
    Compare, Field, KINDS, Kind, Sent, Spelling, Type, Types, Unset, field_type, fields_of, kind,
    looks_secret, policy_types, realm_address,
};
use crate::state::KindName;
use crate::text::{At, Key, Tree, TreeIs};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Returns the schema of a manifest.
pub fn manifest() -> Value {
    let mut definitions = Definitions::default();
    definitions.add("secret", secret());
    definitions.add("secretOrText", json!({ "anyOf": [{ "$ref": "#/$defs/secret" }, scalar()] }));
    definitions.add("names", json!({ "type": ["array", "null"], "items": scalar() }));
    definitions.add(
        "clientRoles",
        json!({
            "description": "Roles of clients, by client.",
            "type": ["object", "null"],
            "additionalProperties": { "type": "array", "items": scalar() },
        }),
    );
    let whole = kind(realm_address().kind());
    for kind in KINDS.iter().filter(|it| it.name != whole.name) {
        let schema = definitions.kind(kind);
        definitions.add(&definition(kind.name), schema);
    }
    let mut realm = definitions.object(whole, "");
    realm["properties"]["realm"] =
        json!({ "description": "The realm this is about.", "type": "string", "minLength": 1 });
    realm["required"] = json!(["realm"]);
    let mut schema = json!({
        "$schema": DRAFT,
        "title": "realmwright manifest",
        "description": "A part of a Keycloak realm. What is not mentioned is left alone; null unsets.",
    });
    merge(&mut schema, realm);
    schema["$defs"] = Value::Object(definitions.all.into_iter().collect());
    schema
}

/// Returns the schema of the project file.
pub fn project() -> Value {
    let patterns = |description: &str| json!({ "description": description, "type": ["array", "null"], "items": { "type": "string" } });
    json!({
        "$schema": DRAFT,
        "title": "realmwright project",
        "description": "Whose manifests these are, and what a run may do.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "owner": {
                "description": "Whose manifests these are; without it nothing is remembered and nothing pruned.",
                "type": "string",
                "pattern": "^[A-Za-z0-9._-]+$",
            },
            "realms": {
                "type": ["object", "null"],
                "additionalProperties": {
                    "type": ["object", "null"],
                    "additionalProperties": false,
                    "properties": {
                        "path": { "description": "Where its manifests are.", "type": "string" },
                        "create": { "description": "A missing realm is created.", "type": "boolean" },
                    },
                },
            },
            "environments": {
                "type": ["object", "null"],
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["server"],
                    "properties": {
                        "server": { "description": "The address before `/realms`.", "type": "string", "format": "uri" },
                        "issuer": { "description": "What the server must call itself.", "type": "string", "format": "uri" },
                    },
                },
            },
            "prune": {
                "description": "Delete what was applied and is no longer declared; users only when asked for.",
                "anyOf": [
                    { "type": "boolean" },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": { "users": { "type": "boolean" } },
                    },
                ],
            },
            "external": patterns("What references may name although no manifest declares it."),
            "protect": patterns("What is never updated or deleted."),
            "release": patterns("What is let go without being deleted."),
            "zone": { "description": "The time zone that the server runs in; UTC unless it is said.", "type": "string" },
            "guards": {
                "description": "What no run may do.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "minAdmins": { "description": "How many administrators there must be left.", "type": "integer", "minimum": 0 },
                    "deletePct": { "description": "The part of what the ledger lists, in percent, that a run may delete; more needs `--allow deletes=N`.", "type": "integer", "minimum": 0, "maximum": 100 },
                    "updatePct": { "description": "The part of what the ledger lists, in percent, that a run may change; more needs `--allow updates=N`.", "type": "integer", "minimum": 0, "maximum": 100 },
                    "minExisting": { "description": "Percentages count where the ledger lists more objects and links than this; 10 unless it is said.", "type": "integer", "minimum": 0 },
                    "keepSelf": { "description": "The credential in use keeps its roles, and stays enabled.", "type": "boolean" },
                    "forbidGain": forbid_gain(),
                },
            },
        },
    })
}

fn forbid_gain() -> Value {
    json!({
        "description": "Who must not gain access, and to what; `*` is any text.",
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["persona"],
            "properties": {
                "persona": { "type": "string" },
                "resource": { "type": "string" },
                "scope": { "type": "string" },
                "client": { "type": "string" },
                "administration": {
                    "description": "Names of roles that let administer the realm, such as `realm-admin` and `manage-*`: the rule is about these alone.",
                    "type": "array",
                    "items": { "type": "string" },
                },
            },
        },
    })
}

/// The classes and kinds that are referred to by name.
#[derive(Default)]
struct Definitions {
    all: BTreeMap<String, Value>,
}

impl Definitions {
    fn add(&mut self, name: &str, schema: Value) {
        self.all.insert(name.to_owned(), schema);
    }

    fn kind(&mut self, kind: &'static Kind) -> Value {
        if kind.types == Types::One {
            return self.object(kind, "");
        }
        // The type decides which fields there are.
        let types: Vec<&str> = policy_types(kind.name).filter(|it| *it != "uma").collect();
        let cases: Vec<Value> = types
            .iter()
            .map(|of| {
                let is_of = json!({ "properties": { "type": { "const": of } }, "required": ["type"] });
                json!({ "if": is_of, "then": self.object(kind, of) })
            })
            .collect();
        let of = if kind.types == Types::Known {
            json!({ "enum": types })
        } else {
            json!({ "anyOf": [{ "enum": types }, { "type": "string" }] })
        };
        json!({ "type": "object", "required": ["name"], "properties": { "type": of }, "allOf": cases })
    }

    /// One object of a kind with every field it takes, and no other.
    fn object(&mut self, kind: &'static Kind, of: &str) -> Value {
        let class = (kind.representation)(of);
        let mut properties = Map::new();
        for name in fields_of(class) {
            let rule = kind.field(name);
            let is_ignored = rule.is_some_and(|it| it.compare == Compare::ServerOwned);
            if !is_ignored && !(kind.has_field)(of, name) {
                continue;
            }
            if let Some(schema) = self.field(kind, rule, class, name) {
                properties.insert(name.to_owned(), schema);
            }
        }
        // Fields of ours, such as `permissions` beside the `policies` of an export.
        let ours = kind.fields.iter().filter(|it| it.sent.holds().is_some());
        for rule in ours {
            if let Some(schema) = self.field(kind, Some(rule), class, rule.name) {
                properties.insert(rule.name.to_owned(), schema);
            }
        }
        if kind.spellings.contains(&Spelling::Permissions) {
            properties.insert("permissions".to_owned(), shorthand());
        }
        if kind.spellings.contains(&Spelling::Config) {
            properties.insert(
                "config".to_owned(),
                json!({
                    "description": "The same fields as an export writes them: lists as JSON in text.",
                    "type": ["object", "null"],
                    "additionalProperties": scalar(),
                }),
            );
        }
        let mut sorted: Vec<(String, Value)> = properties.into_iter().collect();
        sorted.sort_by(|one, other| one.0.cmp(&other.0));
        let mut properties = Map::new();
        if let Some(key) = kind.own_key() {
            sorted.retain(|(name, _)| name != key);
            properties
                .insert(key.to_owned(), json!({ "type": ["string", "number", "boolean"], "minLength": 1 }));
        }
        if kind.is_renamed {
            properties.insert(
                "formerly".to_owned(),
                json!({ "description": "The name that it had before: it is renamed and keeps what hangs on it.", "type": ["string", "number", "boolean"], "minLength": 1 }),
            );
        }
        properties.extend(sorted);
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
        match kind.naming_key() {
            "" => {}
            key if key == kind.key => schema["required"] = json!([key]),
            other => {
                let named_by = [kind.key, other].map(|it| json!({ "required": [it] }));
                schema["anyOf"] = json!(named_by);
            }
        }
        schema
    }

    fn field(&mut self, kind: &Kind, rule: Option<&'static Field>, class: &str, name: &str) -> Option<Value> {
        let of = field_type(class, name);
        let Some(rule) = rule else { return Some(self.typed(of?, &[])) };
        match rule.sent {
            Sent::Relic => return None,
            Sent::Children(child) => return Some(children(child)),
            Sent::ChildrenOf(child) => return Some(list_of(child)),
            Sent::ChildrenBy(child, _) => {
                return Some(json!({ "type": ["object", "null"], "additionalProperties": list_of(child) }));
            }
            Sent::ChildrenByName(child, field) => {
                let of = to(&format!("{}/properties/{field}", definition(child)));
                return Some(json!({ "type": ["object", "null"], "additionalProperties": of }));
            }
            Sent::Child(child) => {
                return Some(json!({ "anyOf": [to(&definition(child)), { "type": "null" }] }));
            }
            Sent::Roles => {
                let roles = list_of(rule.sent.holds()?);
                return Some(json!({
                    "type": ["object", "null"],
                    "additionalProperties": false,
                    "properties": {
                        "realm": roles,
                        "client": { "type": ["object", "null"], "additionalProperties": roles },
                    },
                }));
            }
            Sent::ScopeMappings => return Some(scope_mappings(rule.name)),
            Sent::Body
            | Sent::Always
            | Sent::CreateOnly
            | Sent::Fixed
            | Sent::FixedOf(_)
            | Sent::Links(_) => {}
        }
        Some(match rule.compare {
            Compare::ServerOwned => json!({ "description": "The server decides it; not compared." }),
            Compare::Typed | Compare::InOrder | Compare::Keyed(_) | Compare::Folded => {
                let mut schema = self.typed(of?, rule.secret_keys);
                if rule.unset.is_some_and(|it| it != Unset::Never) {
                    schema = json!({ "anyOf": [schema, { "type": "null" }] });
                }
                schema
            }
            Compare::Secret => to("secretOrText"),
            Compare::Refs(_) if kind.spellings.contains(&Spelling::NamesInMaps) => json!({
                "type": ["array", "null"],
                "items": { "anyOf": [scalar(), { "type": "object", "required": ["name"] }] },
            }),
            Compare::Refs(_) => to("names"),
            Compare::Ref(_) => json!({ "type": ["string", "number", "null"] }),
            Compare::RefMap(_) => json!({
                "type": ["object", "null"],
                "additionalProperties": { "type": ["string", "number", "null"] },
            }),
            Compare::Owner => json!({ "anyOf": [scalar(), { "type": "object" }, { "type": "null" }] }),
            Compare::ClientRoles => to("clientRoles"),
            Compare::RoleTree => json!({
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": { "realm": to("names"), "client": to("clientRoles"), "application": to("clientRoles") },
            }),
            Compare::RefItems { id, option, .. } => {
                let mut properties = Map::new();
                for name in [id, "id", "name"] {
                    properties.insert(name.to_owned(), scalar());
                }
                properties.insert(option.to_owned(), json!({ "type": "boolean" }));
                json!({
                    "type": ["array", "null"],
                    "items": { "anyOf": [
                        scalar(),
                        { "type": "object", "additionalProperties": false, "properties": properties },
                    ] },
                })
            }
        })
    }

    fn typed(&mut self, of: &Type, secret_keys: &[&str]) -> Value {
        match of {
            Type::Text => json!({ "type": ["string", "number", "boolean", "null"] }),
            Type::Boolean => json!({ "type": "boolean" }),
            Type::Integer => json!({ "type": "integer" }),
            Type::Number => json!({ "type": "number" }),
            Type::Any => json!({}),
            Type::Enum(words) => json!({ "enum": words }),
            Type::List(item) => json!({ "type": ["array", "null"], "items": self.typed(item, secret_keys) }),
            Type::Map(item) => {
                let of = self.typed(item, secret_keys);
                let mut values = vec![of, to("secret")];
                if matches!(**item, Type::List(_)) {
                    values.push(scalar());
                }
                json!({ "type": ["object", "null"], "additionalProperties": { "anyOf": values } })
            }
            Type::Class(class) => {
                let name =
                    if secret_keys.is_empty() { class.clone() } else { format!("{class}.withSecrets") };
                if !self.all.contains_key(&name) {
                    // First, for a class may hold itself.
                    self.add(&name, Value::Null);
                    let schema = self.class(class, secret_keys);
                    self.add(&name, schema);
                }
                json!({ "anyOf": [to(&name), { "type": "null" }] })
            }
        }
    }

    fn class(&mut self, class: &str, secret_keys: &[&str]) -> Value {
        let mut properties = BTreeMap::new();
        let mut open = false;
        for name in fields_of(class) {
            open |= name == "*";
            let Some(of) = field_type(class, name).filter(|_| name != "*") else { continue };
            let is_secret = secret_keys.contains(&name) || (looks_secret(name) && *of == Type::Text);
            let schema = if is_secret { to("secretOrText") } else { self.typed(of, secret_keys) };
            properties.insert(name, schema);
        }
        json!({ "type": "object", "additionalProperties": open, "properties": properties })
    }
}

fn definition(kind: KindName) -> String {
    match kind.parent {
        "" => kind.word.replace('/', "-"),
        parent => format!("{parent}-{}", kind.word),
    }
}

fn to(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn secret() -> Value {
    json!({
        "description": "Where a secret comes from; `version` grows when one that Keycloak never shows is to be sent again.",
        "type": "object",
        "properties": {
            "fromEnv": { "description": "The name of an environment variable.", "type": "string", "minLength": 1 },
            "fromFile": { "description": "A file, relative to this one.", "type": "string", "minLength": 1 },
            "version": { "type": "integer", "minimum": 0 },
        },
        "additionalProperties": false,
        "oneOf": [{ "required": ["fromEnv"] }, { "required": ["fromFile"] }],
    })
}

/// The shorthand on a resource.
/// A list, or a map of the client whose roles they are to such lists.
fn scope_mappings(field: &str) -> Value {
    let names = json!({ "type": ["array", "null"], "items": { "type": "string" } });
    let row = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "self": { "type": ["string", "null"] },
            "client": { "type": ["string", "null"] },
            "clientScope": { "type": ["string", "null"] },
            "roles": names,
        },
    });
    let rows = json!({ "type": ["array", "null"], "items": row });
    if field == "scopeMappings" {
        rows
    } else {
        json!({ "type": ["object", "null"], "additionalProperties": rows })
    }
}

fn shorthand() -> Value {
    let names = json!({ "anyOf": [scalar(), { "type": "array", "items": scalar() }] });
    json!({
        "description": "Protects the resource where it is declared: a policy for each word, and one permission over them.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "authenticated": { "description": "Everybody who is logged in.", "type": "boolean" },
            "user": names, "role": names, "group": names, "client": names,
            "decisionStrategy": { "enum": ["UNANIMOUS", "AFFIRMATIVE", "CONSENSUS"] },
        },
    })
}

/// A list of objects, whose kind may depend on their type.
fn children(child: fn(&Tree) -> KindName) -> Value {
    let plain = child(&of_type(""));
    let permission = child(&of_type("resource"));
    let item = if plain == permission {
        to(&definition(plain))
    } else {
        let is_permission = json!({ "properties": { "type": { "enum": ["resource", "scope", "uma"] } }, "required": ["type"] });
        json!({ "if": is_permission, "then": to(&definition(permission)), "else": to(&definition(plain)) })
    };
    json!({ "type": ["array", "null"], "items": item })
}

fn list_of(child: KindName) -> Value {
    json!({ "type": ["array", "null"], "items": to(&definition(child)) })
}

fn of_type(name: &str) -> Tree {
    let key = Key { at: At::SERVER, name: "type".into() };
    Tree::new(At::SERVER, TreeIs::Map(vec![(key, Tree::text(At::SERVER, name))]))
}

fn merge(schema: &mut Value, other: Value) {
    if let (Value::Object(schema), Value::Object(other)) = (schema, other) {
        schema.extend(other);
    }
}

#[cfg(test)]
mod tests;
