//! Every field that a manifest can set, on a real server, through our own way: created, changed, unset, set
//! again, its map keys removed, and in the end changed beside fields that nobody mentions.
//!
//! Which fields there are comes from the table of kinds and the recorded classes, so that a new field or kind
//! is probed without a word here; only values that a server demands stand in `values`. After each step the
//! realm is as planned (nothing else moved), a second plan is empty, and the server's own representation has
//! the values.

use std::collections::{BTreeMap, BTreeSet};

use realmwright::call::Segment;
use realmwright::keycloak::ServerVersion;
use realmwright::kind::{
    Compare, IDENTITY_PROVIDER, Kind, NEWEST, OLDEST, PERMISSION, POLICY, RESOURCE, SETTINGS, Sent, Type,
    USER, Version, field_type, fields_of, kind, known_since, known_to_servers_since, lift_object, main_field,
    named_rows, of_body, realm_address,
};
use realmwright::plan;
use realmwright::state::{Address, State};
use realmwright::text::tree_of_json;
use serde_json::{Map, Value, json};

use crate::ours::{Ours, is_known_to};
use crate::realms::flat::{Flat, flat, manifest};
use crate::realms::subjects::{Subject, realm_itself, subjects};
use crate::server::Server;
use crate::{Needs, Trial, asked_for};

mod values;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "probe::every_field_of_a_realm_is_written_and_unset",
            needs: Needs::Newest,
            run: |it| realm(it, NEWEST),
        },
        Trial {
            name: "probe::every_field_of_everything_in_a_realm_is_written_and_unset",
            needs: Needs::Newest,
            run: |it| objects(it, NEWEST),
        },
        Trial {
            name: "probe::every_field_of_a_realm_is_written_and_unset_on_the_oldest",
            needs: Needs::Oldest,
            run: |it| realm(it, oldest()),
        },
        Trial {
            name: "probe::every_field_of_everything_in_a_realm_is_written_and_unset_on_the_oldest",
            needs: Needs::Oldest,
            run: |it| objects(it, oldest()),
        },
    ]
}

/// The version that trials for the oldest run on.
fn oldest() -> Version {
    asked_for::<ServerVersion>("KEYCLOAK").map_or(OLDEST, Version::from)
}

fn realm(server: &Server, version: Version) -> Result<(), String> {
    let name = "probe-realm";
    let base = flat(json!({
        "group/g1": {}, "group/g2": {},
        "client-scope/s1": { "protocol": "openid-connect" },
        "client-scope/s2": { "protocol": "openid-connect" },
        "client-scope/s3": { "protocol": "openid-connect" },
        "client-scope/s4": { "protocol": "openid-connect" },
    }));
    Probe::of(server, name, version, base, vec![realm_itself()])?.run()
}

/// One object of every kind, and of every type of policy and permission.
fn objects(server: &Server, version: Version) -> Result<(), String> {
    let base = flat(json!({
        "realm": { "organizationsEnabled": true },
        "role/r1": {}, "role/r2": {},
        "group/g1": {}, "group/g2": {},
        "user/user1": {}, "user/user2": {},
        "organization/o": { "domains": [{ "name": "o.example.org" }], "members": ["user1", "user2"] },
        "identity-provider/i1": { "providerId": "oidc", "config": { "clientId": "a", "tokenUrl": "https://a.org/t", "authorizationUrl": "https://a.org/a" } },
        "identity-provider/i2": { "providerId": "oidc", "config": { "clientId": "a", "tokenUrl": "https://a.org/t", "authorizationUrl": "https://a.org/a" } },
        "component/org.keycloak.storage.UserStorageProvider/people": {
            "providerId": "ldap",
            "config": { "enabled": "false", "editMode": "READ_ONLY", "connectionUrl": "ldap://127.0.0.1:1" },
        },
        "client-scope/s1": { "protocol": "openid-connect" },
        "client-scope/s2": { "protocol": "openid-connect" },
        "client-scope/s3": { "protocol": "openid-connect" },
        "client-scope/s4": { "protocol": "openid-connect" },
        "client/other": {}, "client/other/role/c1": {}, "client/other/role/c2": {},
        "client/rs": { "serviceAccountsEnabled": true, "authorizationServicesEnabled": true },
        "client/rs/authz/settings": {},
        "client/rs/authz/scope/s1": {}, "client/rs/authz/scope/s2": {},
        "client/rs/authz/resource/x1": { "scopes": ["s1", "s2"] },
        "client/rs/authz/resource/x2": { "scopes": ["s1", "s2"] },
        "client/rs/authz/policy/p1": { "type": "role", "roles": ["r1"] },
        "client/rs/authz/policy/p2": { "type": "role", "roles": ["r2"] },
    }));
    Probe::of(server, "probe-objects", version, base, subjects())?.run()
}

/// One field of a subject with its two values.
struct Field {
    of: Address,
    class: &'static str,
    name: &'static str,
    values: [Value; 2],
    of_type: Option<&'static Type>,
    can_be_unset: bool,
    /// A manifest that names the object must say it.
    is_required: bool,
    /// Which value it has.
    now: usize,
}

struct Probe<'a> {
    server: &'a Server,
    ours: Ours,
    base: Flat,
    fields: Vec<Field>,
    wrong: Vec<String>,
}

impl<'a> Probe<'a> {
    fn of(
        server: &'a Server,
        realm: &str,
        version: Version,
        mut base: Flat,
        subjects: Vec<Subject>,
    ) -> Result<Self, String> {
        server.fresh_realm(realm)?;
        // Users may have attributes that no profile names.
        let mut profile = server.get(&format!("/{realm}/users/profile"))?;
        profile["unmanagedAttributePolicy"] = json!("ENABLED");
        server.put(&format!("/{realm}/users/profile"), &profile)?;
        let mut fields = Vec::new();
        let mut newer = Vec::new();
        for subject in subjects {
            let Value::Object(fixed) = subject.fixed else { panic!("the fixed fields are a map") };
            let is_newer = |since: Option<Version>| since.is_some_and(|it| it > version);
            let is_nowhere = !is_known_to(version, &subject.address);
            for field in fields_to_probe(&subject.address, &fixed, subject.skip) {
                if is_nowhere || is_newer(known_since(field.class, field.name)) {
                    // What it names is not there either.
                    let fixed = if is_nowhere { fixed.clone() } else { Map::new() };
                    newer.extend(Some((field, fixed)).filter(|it| !is_nowhere || !it.0.rule_is_link()));
                } else {
                    fields.push(field);
                }
            }
            if !is_nowhere {
                base.insert(subject.address, fixed);
            }
        }
        let ours = Ours::new(server, realm)?;
        let mut probe = Self { server, ours, base, fields, wrong: Vec::new() };
        probe.refuses(newer);
        Ok(probe)
    }

    /// A field that this version does not know is refused before anything is sent.
    fn refuses(&mut self, newer: Vec<(Field, Map<String, Value>)>) {
        for (field, mut fields) in newer {
            // What it stands in is as it is elsewhere, but for what that names.
            let mut flat = Flat::new();
            for above in field.of.ancestors().chain([realm_address()]) {
                let mut fields = self.base.get(&above).cloned().unwrap_or_default();
                fields.retain(|name, _| kind(above.kind()).link(name).is_none());
                flat.insert(above, fields);
            }
            fields.insert(field.name.to_owned(), field.values[0].clone());
            flat.insert(field.of.clone(), fields);
            let since = known_to_servers_since(kind(field.of.kind()));
            let since = since.or_else(|| known_since(field.class, field.name));
            let says = format!("{} knows it", since.map(|it| it.to_string()).unwrap_or_default());
            match self.ours.plan(&manifest(&self.ours.realm, &flat)) {
                Err(message) if message.contains("RW0506") && message.contains(&says) => {}
                Err(message) => self.wrong.push(format!("{} {}: {message}", field.of, field.name)),
                Ok(_) => self.wrong.push(format!("{} {}: not refused", field.of, field.name)),
            }
        }
    }

    fn run(mut self) -> Result<(), String> {
        self.step("create", &|_| Some(0), &|_| None, true);
        self.step("change", &|_| Some(1), &|_| None, true);
        self.step("unset", &|_| None, &|it| it.can_be_unset.then_some(Value::Null), true);
        self.step("set again", &|_| Some(0), &|_| None, true);
        self.step("empty", &|_| None, &Field::empty, true);
        self.step("set once more", &|_| Some(0), &|_| None, true);
        self.step("remove keys", &|_| None, &Field::without_a_key, true);
        self.step("set all", &|_| Some(0), &|_| None, true);
        // Every two fields that may move apart do so in some round: one mentioned, the other not.
        let leaders: BTreeSet<(Address, &str)> =
            self.fields.iter().map(|it| (it.of.clone(), values::moves_with(it.of.kind(), it.name))).collect();
        let mut index: BTreeMap<(Address, &str), usize> = BTreeMap::new();
        let mut counts: BTreeMap<Address, usize> = BTreeMap::new();
        for (of, name) in leaders {
            let count = counts.entry(of.clone()).or_default();
            index.insert((of, name), *count);
            *count += 1;
        }
        let most = counts.values().copied().max().unwrap_or(0);
        let rounds = usize::BITS - most.saturating_sub(1).leading_zeros();
        for (bit, side) in (0..rounds).flat_map(|it| [(it, 0), (it, 1)]) {
            let moved = |it: &Field| {
                let leader = values::moves_with(it.of.kind(), it.name);
                let index = index.get(&(it.of.clone(), leader))?;
                ((index >> bit) & 1 == side).then_some(1 - it.now)
            };
            self.step(&format!("round {bit} {side}"), &moved, &|_| None, false);
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(self.wrong.join("\n")) }
    }

    /// Applies one value (or none) per field and looks at what the server then has.
    fn step(
        &mut self,
        title: &str,
        which: &dyn Fn(&Field) -> Option<usize>,
        other: &dyn Fn(&Field) -> Option<Value>,
        look: bool,
    ) {
        let mut flat = self.base.clone();
        let mut set: BTreeMap<Address, Map<String, Value>> = BTreeMap::new();
        for field in &mut self.fields {
            let value = match which(field) {
                Some(it) => {
                    field.now = it;
                    Some(field.values[it].clone())
                }
                None => other(field).or_else(|| field.is_required.then(|| field.values[field.now].clone())),
            };
            if let Some(value) = value {
                flat.entry(field.of.clone()).or_default().insert(field.name.to_owned(), value.clone());
                set.entry(field.of.clone()).or_default().insert(field.name.to_owned(), value);
            }
        }
        let after = match self.ours.apply(&manifest(&self.ours.realm, &flat), false) {
            Ok(after) => after,
            Err(error) => {
                self.wrong.push(format!("== {title}: {error}"));
                return;
            }
        };
        if !look {
            return;
        }
        for (address, fields) in set {
            match self.raw(&address, &after) {
                Ok(raw) => {
                    for (name, value) in &fields {
                        if let Some(wrong) = differs(&address, name, value, &raw) {
                            self.wrong.push(format!("== {title}: {address} {name}: {wrong}"));
                        }
                    }
                }
                Err(error) => self.wrong.push(format!("== {title}: {address}: {error}")),
            }
        }
    }

    /// Reads the server's own representation, by nothing of ours but the path.
    fn raw(&self, address: &Address, state: &State) -> Result<Value, String> {
        let object = state.get(address).ok_or("not there")?;
        let kind = kind(address.kind());
        // What nothing writes in its place has no representation of its own.
        let at = if kind.routes.is_remade { kind.routes.list } else { kind.routes.own };
        let whole = self.server.get(&self.path(at, address, object.text("type"), state)?)?;
        let whole = of_body(kind, address.name(), whole);
        // What stands in a document, or in a list alone, is a row of it.
        let rows = whole.as_array().or_else(|| whole.get(kind.routes.document)?.as_array());
        let row = rows.into_iter().flatten().find(|it| it[kind.key] == address.name());
        let is_row = kind.routes.is_remade || !kind.routes.document.is_empty();
        Ok(if is_row { row.cloned().unwrap_or_default() } else { whole })
    }

    fn path(&self, template: &str, address: &Address, of: &str, state: &State) -> Result<String, String> {
        let mut path = format!("/{}", self.ours.realm);
        for (index, segment) in plan::path(template, address, of).iter().enumerate() {
            if index == 0 {
                path.push('/');
            }
            match segment {
                Segment::Text(text) => path.push_str(text),
                Segment::Id(of) => path.push_str(&self.id(of, state)?),
            }
        }
        Ok(path)
    }

    fn id(&self, address: &Address, state: &State) -> Result<String, String> {
        if let Some(id) = state.get(address).and_then(|it| it.id.as_deref()) {
            return Ok(id.to_owned());
        }
        let kind = kind(address.kind());
        let rows = self.server.get(&self.path(kind.routes.find, address, "", state)?)?;
        let rows = named_rows(kind, rows.as_array().cloned().unwrap_or_default());
        let row = rows.iter().find(|(name, _)| name == address.name());
        let id = row.and_then(|(_, it)| it[kind.routes.id].as_str());
        id.map(str::to_owned).ok_or_else(|| format!("{address} has no id"))
    }
}

impl Field {
    /// The other way to unset a text or a list.
    fn empty(&self) -> Option<Value> {
        match self.of_type.filter(|_| self.can_be_unset)? {
            Type::Text => Some(json!("")),
            Type::List(_) => Some(json!([])),
            _ => None,
        }
    }

    /// The first value with one of its keys unset.
    fn without_a_key(&self) -> Option<Value> {
        let Some(Type::Map(_)) = self.of_type else { return None };
        let mut value = self.values[0].clone();
        let key = value.as_object()?.keys().next()?.clone();
        // Mappers need theirs.
        if self.of.kind() == realmwright::kind::MAPPER || self.rule_is_link() {
            return None;
        }
        value[&key] = Value::Null;
        Some(value)
    }

    fn rule_is_link(&self) -> bool {
        kind(self.of.kind()).link(self.name).is_some()
    }
}

/// Returns the fields that the table and the recorded classes let a manifest set.
fn fields_to_probe(address: &Address, fixed: &Map<String, Value>, skip: &[&str]) -> Vec<Field> {
    let kind = kind(address.kind());
    let of = fixed.get("type").and_then(Value::as_str).unwrap_or("");
    let class = (kind.representation)(of);
    let ours = kind.fields.iter().filter(|it| matches!(it.sent, Sent::Links(_))).map(|it| it.name);
    let ruled = kind.fields.iter().filter(|it| it.compare != Compare::Typed).map(|it| it.name);
    let main = main_field(of).filter(|it| !it.is_empty());
    let names: BTreeSet<&'static str> = fields_of(class)
        .chain(ours)
        .chain(ruled.filter(|name| main == Some(*name) && address.kind() == POLICY))
        .collect();
    let is_probed = |name: &str| {
        let is_said = skip.contains(&name) || fixed.contains_key(name);
        let is_in_the_name = name == kind.key || kind.qualified_by.contains(&name);
        !(is_said || is_in_the_name)
            && may_be_set(kind, name)
            && !(address.kind() == USER && name == "username")
            && !(address.kind() == SETTINGS && name == "name")
            // Whose it is belongs to what a resource is called.
            && !(address.kind() == RESOURCE && name == "owner")
    };
    names
        .into_iter()
        .filter(|name| is_probed(name))
        .filter_map(|name| {
            let of_type = field_type(class, name);
            let typed = of_type.or(Some(&Type::Any))?;
            let (a, b) = values::values(kind, name, typed);
            let is_required = match address.kind() {
                POLICY => main == Some(name) || matches!(name, "targetClaim" | "hour" | "hourEnd"),
                PERMISSION => matches!(name, "policies" | "resources" | "resourceType" | "scopes"),
                _ => false,
            };
            let can_be_unset = can_be_unset(address, fixed, name) && !is_required;
            let of = address.clone();
            Some(Field { of, class, name, values: [a, b], of_type, can_be_unset, is_required, now: 0 })
        })
        .filter(|it| {
            // What a kind respells or does not take is no field of its own.
            let tree = json!({ kind.key: address.name(), "type": of, it.name: it.values[0] });
            let lifted = lift_object(kind, &tree_of_json(&tree), address.parent().as_ref());
            let object = lifted.pieces.iter().find(|(at, _)| at == address);
            object.is_some_and(|(_, object)| object.get(it.name).is_some())
        })
        .collect()
}

fn may_be_set(kind: &Kind, name: &str) -> bool {
    kind.field(name).is_none_or(|it| {
        it.compare != Compare::ServerOwned && (it.sent.is_created_with() || matches!(it.sent, Sent::Links(_)))
    })
}

/// Asks the product whether a manifest may say `null` here.
fn can_be_unset(address: &Address, fixed: &Map<String, Value>, name: &str) -> bool {
    let kind = kind(address.kind());
    let mut fields = fixed.clone();
    fields.insert(kind.key.to_owned(), json!(address.name()));
    fields.insert(name.to_owned(), Value::Null);
    let fixed = kind.field(name).is_some_and(|it| matches!(it.sent, Sent::Fixed | Sent::CreateOnly));
    let lifted = lift_object(kind, &tree_of_json(&Value::Object(fields)), address.parent().as_ref());
    !fixed && lifted.notes.is_empty()
}

/// Says how the server's value differs from what was set, where it shows it as it was written.
fn differs(address: &Address, name: &str, set: &Value, raw: &Value) -> Option<String> {
    let rule = kind(address.kind()).field(name);
    let as_written = rule.is_none_or(|it| {
        matches!(it.compare, Compare::Typed | Compare::Folded | Compare::Secret)
            && it.sent.is_created_with()
            && !matches!(it.sent, Sent::CreateOnly)
    });
    if !as_written || address.kind() == PERMISSION {
        return None;
    }
    let has = &raw[name];
    // Of what is unset 26.0 keeps what it puts into every identity provider.
    let refilled = json!({ "syncMode": "LEGACY" });
    if (address.kind(), name) == (IDENTITY_PROVIDER, "config") && set.is_null() && *has == refilled {
        return None;
    }
    // What goes without saying is not sent.
    if has.is_null()
        && rule.is_some_and(|it| {
            set.as_bool().is_some_and(|is| it.implied == ["false", "true"][usize::from(is)])
        })
    {
        return None;
    }
    let folded = rule.is_some_and(|it| it.compare == Compare::Folded);
    (!is(set, has, folded)).then(|| format!("set {set}, and the server has {has}"))
}

fn is(set: &Value, has: &Value, folded: bool) -> bool {
    match (set, has) {
        _ if set.is_null() || set == "" || *set == json!([]) => {
            has.is_null()
                || has == ""
                || has == false
                || has.as_array().is_some_and(Vec::is_empty)
                || has.as_object().is_some_and(Map::is_empty)
        }
        (Value::Object(set), Value::Object(has)) => set.iter().all(|(key, value)| {
            let masked = has.get(key).is_some_and(|it| it == "**********");
            masked || is(value, has.get(key).unwrap_or(&Value::Null), folded)
        }),
        (Value::Array(set), Value::Array(has)) => {
            set.len() == has.len() && set.iter().all(|it| has.contains(it))
        }
        (Value::String(set), Value::String(has)) if folded => set.to_lowercase() == has.to_lowercase(),
        (Value::Bool(false), Value::Null) => true,
        _ => set == has,
    }
}
