//! Reading a realm into live state.
//!
//! Two sources, one decoder. `export` takes the whole realm in one request, for credentials that may; `lists`
//! asks list by list, for those that may only view. Both bring the realm in the shape of an export, with names
//! instead of ids, and everything then goes the way of a manifest: what is equal there is equal here. What a
//! credential may not see is recorded as unknown, never as absent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Error, ErrorKind, Keycloak, Right, Rights, ServerVersion};
use crate::kind::{
    self, Covers, KINDS, Kind, ServerInfo, lift_realm, realm_address, resolve_names_with_slashes,
};
use crate::state::{Address, KindName, Known, Live, State, encoded};
use crate::text::tree_of_json;

mod administered;
mod administrators;
mod authz;
mod early;
mod export;
mod flows;
mod fresh;
mod groups;
mod held;
mod holders;
mod identities;
mod lists;
mod members;
mod names;
mod numbered;
mod organization_groups;
mod organizations;
mod owners;
mod pages;
mod scope_mappings;
mod sections;
mod server_info;
mod service_accounts;
mod shares;
mod users;
mod wire;
mod workflows;

use early::Early;
use wire::Wire;

/// What a read is for: what costs extra is read only when something asks for it.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each asks for one thing more, independently of the others"
)]
pub struct Want {
    /// User names to look up; service accounts of clients come by themselves.
    pub users: BTreeSet<String>,
    /// Of these users also as whom they log in at identity providers: a request for each.
    pub identities: BTreeSet<String>,
    /// As whom users are to log in, identity provider and id there: whoever has one already is looked for.
    pub given: BTreeSet<(String, String)>,
    /// Every user of the realm, named or not.
    pub everybody: bool,
    /// Every user who administers the realm.
    pub administrators: bool,
    /// Client secrets are compared, so they are read in clear and kept hidden.
    pub secrets: bool,
    /// Something depends on what the server has installed or switched on.
    pub server_info: bool,
    /// Of what is read only where somebody says something of it: flows, for which who may only view has to ask one by one, and
    /// what no export has.
    pub named: BTreeSet<Address>,
    /// All of that, named or not.
    pub everything: bool,
    /// Those of them that only a ledger names.
    pub left: BTreeSet<Address>,
    /// Under what objects stand that only their order tells apart and that a ledger lists: their ids are read where several have
    /// one name, or where it says so.
    pub numbered: BTreeMap<Address, bool>,
    /// A ledger asks for ids that it lacks.
    pub ids: bool,
}

impl Want {
    /// Returns whether somebody says something of what is read only then.
    fn asks(&self, address: &Address) -> bool {
        self.everything || self.named.contains(address)
    }

    /// Returns whether somebody says something of an object that is so.
    fn asks_any(&self, is_so: impl Fn(&Address) -> bool) -> bool {
        self.everything || self.named.iter().any(is_so)
    }
}

/// Where a read came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The partial export: everything but users.
    Export,
    /// One list per kind and parent.
    Lists,
    /// The realm does not exist; this is what the server would put into a new one.
    Fresh,
}

/// A realm as it was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub live: Live,
    pub source: Source,
    /// Nothing where the realm does not exist or may not be viewed.
    pub realm_id: Option<String>,
    /// Nothing where the credential may not see it.
    pub version: Option<ServerVersion>,
    /// The minor by whose facts it is judged: where the credential may not see the version, the newest tested one that shows
    /// such a realm.
    pub taken_for: kind::Version,
    /// How many requests this read took.
    pub requests: usize,
    /// What the server has, where [`Want::server_info`] asks for it or it came along.
    pub server_info: Option<ServerInfo>,
    /// Wanted users whose master is another directory.
    pub federated: BTreeSet<Address>,
}

/// A realm in the shape of an export, and how complete it is.
#[derive(Default)]
struct Draft {
    realm: Map<String, Value>,
    /// The kinds that were asked for; of any other kind nothing is known.
    covers: Vec<KindName>,
    /// What of them was not read.
    missing: Vec<(KindName, Option<Address>, &'static str)>,
    /// The realm itself may not be viewed.
    is_stub: bool,
    unread: BTreeSet<(Address, &'static str)>,
    /// The kinds of which only these objects are known, under one parent or directly under the realm.
    only: Vec<(KindName, Option<Address>, BTreeSet<Address>)>,
}

impl Draft {
    /// Begins with what both sources bring, each as far as the rights of the credential go.
    fn of_realm(realm: Map<String, Value>) -> Self {
        let covers = KINDS.iter().filter(|it| it.comes_with_realm).map(|it| it.name).collect();
        Self { realm, covers, ..Self::default() }
    }

    /// Records that of a kind only those are known that manifests name: what a ledger knows is not gone for that.
    fn know_named(&mut self, kind: &Kind, want: &Want) {
        self.only.push((kind.name, None, want.named.difference(&want.left).cloned().collect()));
    }

    fn add_users(&mut self, rows: impl IntoIterator<Item = Value>) {
        let users = self.realm.entry("users").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(users) = users {
            users.extend(rows);
        }
    }

    /// Records that a kind was not read, under one parent or directly under the realm: what it takes, the table says.
    fn miss(&mut self, kind: &Kind, parent: Option<Address>) {
        let needs = kind.needs(parent.as_ref());
        self.miss_for_lack_of(needs, kind, parent);
    }

    /// Records that some of a kind cannot be told for lack of a right to see something else.
    fn miss_for_lack_of(&mut self, needs: &'static str, kind: &Kind, parent: Option<Address>) {
        self.missing.push((kind.name, parent, needs));
    }
}

/// Reads what the wanted objects may be compared with.
pub async fn read(keycloak: &Keycloak, realm: &str, want: &Want) -> Result<Read, Error> {
    begin(keycloak, realm, want).await?.finish(want).await
}

/// A realm of which everything is read but users and what else only some plans look at, so that it can be read before
/// anybody knows which users are wanted.
pub struct Begun<'a> {
    wire: Wire<'a>,
    so_far: SoFar,
}

enum SoFar {
    New(Box<Read>),
    There { rights: Box<Rights>, source: Source, draft: Box<Draft>, early: Box<Early> },
}

impl Begun<'_> {
    /// Reads the rest.
    pub async fn finish(self, want: &Want) -> Result<Read, Error> {
        match self.so_far {
            SoFar::New(read) => Ok(*read),
            SoFar::There { rights, source, draft, early } => {
                finish(&self.wire, want, &rights, source, *draft, *early).await
            }
        }
    }
}

/// Begins to read a realm, for what is known to be wanted by then; users may join later.
pub async fn begin<'a>(keycloak: &'a Keycloak, realm: &str, want: &Want) -> Result<Begun<'a>, Error> {
    let wire = Wire::new(keycloak, realm);
    let so_far = so_far(keycloak, &wire, realm, want).await?;
    Ok(Begun { wire, so_far })
}

async fn so_far(keycloak: &Keycloak, wire: &Wire<'_>, realm: &str, want: &Want) -> Result<SoFar, Error> {
    let fresh = async || Ok(SoFar::New(Box::new(fresh::read(wire, realm).await?)));
    // The export is tried before its right is known: a refusal costs no more than the question.
    let listed =
        async { if want.secrets { wire.rows(section("clients").routes.list).await } else { Ok(None) } };
    // The server needs a while for it, and does the small requests meanwhile.
    let (rights, exported, listed, early) =
        tokio::join!(keycloak.rights(realm), export::ask(wire), listed, early::read(wire, want));
    let rights = match rights {
        Err(error) if error.kind() == ErrorKind::NotFound => return fresh().await,
        rights => Box::new(rights?),
    };
    match exported {
        Ok(exported) if rights.named("partial-export") != Right::No => {
            let mut draft = export::draft(exported, listed?);
            let accounts = async {
                if may_view(&rights, section("users")) {
                    service_accounts::left_out(wire, &draft).await
                } else {
                    Ok(Vec::new())
                }
            };
            let (targets, accounts) = tokio::try_join!(owners::read(wire, &draft), accounts)?;
            owners::put(&mut draft, targets);
            service_accounts::put(&mut draft, accounts);
            let (draft, early) = (Box::new(draft), Box::new(early?));
            return Ok(SoFar::There { rights, source: Source::Export, draft, early });
        }
        Ok(_) => {}
        Err(error) => match error.kind() {
            // Old servers fail to export a realm whose user directory they cannot reach.
            ErrorKind::Forbidden { .. } | ErrorKind::Server { .. } => {}
            // Only the realm itself tells that there is no realm.
            ErrorKind::NotFound => match wire.get("").await {
                Err(error) if error.kind() == ErrorKind::NotFound => return fresh().await,
                answer => drop(answer?),
            },
            ErrorKind::Input
            | ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Tls
            | ErrorKind::NotKeycloak
            | ErrorKind::Login
            | ErrorKind::Expired
            | ErrorKind::Conflict
            | ErrorKind::Refused { .. }
            | ErrorKind::TooLong
            | ErrorKind::Lost => return Err(error),
        },
    }
    let draft = Box::pin(lists::read(wire, &rights, listed.ok().flatten())).await?;
    Ok(SoFar::There { rights, source: Source::Lists, draft: Box::new(draft), early: Box::new(early?) })
}

/// Reads what neither source brings, and turns all into live state.
async fn finish(
    wire: &Wire<'_>,
    want: &Want,
    rights: &Rights,
    source: Source,
    mut draft: Draft,
    early: Early,
) -> Result<Read, Error> {
    let Early { documents, users, server_info } = early;
    // Whom something is shared with is looked at as if somebody had asked for them.
    let mut want = want.clone();
    want.users.extend(shares::read(wire, &mut draft).await?);
    administered::ask(wire, rights, &draft, &mut want).await?;
    let want = &want;
    let (found, flows, organizations, workflows, about) = tokio::try_join!(
        users::read(wire, want, rights, &draft.realm, users),
        flows::read(wire, want, source),
        organizations::read(wire, want, rights),
        workflows::read(wire, want, rights),
        server_info::read(wire, want, &draft.realm, server_info),
    )?;
    if source == Source::Lists {
        flows::put(&mut draft, flows);
    }
    organizations::put(&mut draft, organizations, want);
    workflows::put(&mut draft, workflows, want);
    let federated = found.federated();
    let mut asked = match &found {
        users::Found::Some { rows, asked } => {
            draft.add_users(rows.iter().cloned());
            Some(asked.clone())
        }
        users::Found::Unreadable => None,
    };
    let identities = identities::read(wire, want, &mut draft.realm, asked.is_some()).await?;
    if let Some(asked) = &mut asked {
        let others = identities::others(wire, want, &draft.realm).await?;
        asked.extend(others.iter().filter_map(|it| str_of(it, "username")).map(kind::user_address));
        draft.add_users(others);
    }
    for secret in rows(&draft.realm, "clients").iter().filter_map(|it| str_of(it, "secret")) {
        wire.redact(secret);
    }
    let realm_id = text(&draft.realm, "id");
    let taken_for = match about.version {
        Some(version) => version.into(),
        None if draft.is_stub => kind::NEWEST,
        None => kind::newest_with_fields(&draft.realm),
    };
    sections::put_documents(&mut draft, documents);
    let mut live = lift(draft.realm);
    let called = users::called(wire, &live.state).await?;
    kind::rename(&mut live.state, &called);
    numbered::read(wire, want, &mut live.state).await?;
    live.unread = draft.unread;
    learn(&mut live, draft.covers, draft.missing, asked.as_ref());
    for (kind, parent, asked) in draft.only {
        live.learn(kind, parent, Known::Only(asked));
    }
    identities::learn(&mut live, identities);
    if draft.is_stub {
        live.state.objects.remove(&realm_address());
        let kind = kind::kind(realm_address().kind());
        live.learn(kind.name, None, Known::Not { needs: kind.needs(None) });
    }
    if rights.sees_parts && source == Source::Lists {
        see_parts(&mut live);
    }
    administered::learn(&mut live);
    Ok(Read {
        live,
        source,
        realm_id,
        version: about.version,
        taken_for,
        requests: wire.requests(),
        server_info: about.server_info,
        federated,
    })
}

/// Records what was read: the kinds that the draft covers, but for what it misses, and the users that were asked
/// for.
fn learn(
    live: &mut Live,
    covers: Vec<KindName>,
    missing: Vec<(KindName, Option<Address>, &'static str)>,
    users: Option<&BTreeSet<Address>>,
) {
    live.cover(covers);
    for kind in KINDS.iter().filter(|it| it.is_top() && it.routes.covers == Covers::Named) {
        let known = match users {
            Some(asked) => {
                // Service accounts come with their clients, so one that is not there does not exist, unless its
                // client says that it has one.
                Known::Only(asked.iter().cloned().chain(kind::denied_accounts(&live.state)).collect())
            }
            None => Known::Not { needs: kind.needs(None) },
        };
        live.learn(kind.name, None, known);
    }
    for (kind, parent, needs) in missing {
        live.learn(kind, parent, Known::Not { needs });
    }
}

/// Of lists that fine-grained permissions may have cut, only what is in them is known.
fn see_parts(live: &mut Live) {
    for kind in KINDS.iter().filter(|it| !it.hidden_without.is_empty()) {
        if !matches!(live.known(kind.name, None), Known::Not { .. }) {
            live.learn(kind.name, None, Known::Not { needs: kind.hidden_without });
        }
    }
}

/// Returns what a realm held that was exported, as if it were read.
pub fn state_of_export(realm: Map<String, Value>) -> State {
    lift(export::draft(Value::Object(realm), None).realm).state
}

/// Turns a realm in the shape of an export into live state.
fn lift(mut realm: Map<String, Value>) -> Live {
    spell(&mut realm);
    let mut state = lift_realm(&tree_of_json(&Value::Object(realm))).into_live();
    resolve_names_with_slashes(&mut state);
    let mut live = Live::default();
    live.state = state;
    live.exists = true;
    live
}

/// Writes names so that they are read as they are: a realm role may have a slash or a percent sign in its name.
fn spell(realm: &mut Map<String, Value>) {
    let roles = realm.get_mut("roles");
    if let Some(Value::Object(roles)) = roles {
        let of_realm = roles.get_mut("realm").and_then(Value::as_array_mut).into_iter().flatten();
        of_realm.for_each(spell_composites);
        if let Some(Value::Object(clients)) = roles.get_mut("client") {
            clients.values_mut().filter_map(Value::as_array_mut).flatten().for_each(spell_composites);
        }
    }
    for group in realm.get_mut("groups").and_then(Value::as_array_mut).into_iter().flatten() {
        spell_group(group);
    }
    for organization in realm.get_mut("organizations").and_then(Value::as_array_mut).into_iter().flatten() {
        for group in organization.get_mut("groups").and_then(Value::as_array_mut).into_iter().flatten() {
            spell_group(group);
        }
    }
    for user in realm.get_mut("users").and_then(Value::as_array_mut).into_iter().flatten() {
        user.get_mut("realmRoles").into_iter().for_each(spell_list);
    }
    for client in realm.get_mut("clients").and_then(Value::as_array_mut).into_iter().flatten() {
        client.get_mut("authorizationSettings").into_iter().for_each(authz::spell);
    }
}

fn spell_composites(role: &mut Value) {
    role.pointer_mut("/composites/realm").into_iter().for_each(spell_list);
}

fn spell_group(group: &mut Value) {
    group.get_mut("realmRoles").into_iter().for_each(spell_list);
    for child in group.get_mut("subGroups").and_then(Value::as_array_mut).into_iter().flatten() {
        spell_group(child);
    }
}

fn spell_list(names: &mut Value) {
    for name in names.as_array_mut().into_iter().flatten() {
        if let Value::String(name) = name {
            *name = encoded(name);
        }
    }
}

/// Returns the kind that stands in a section of what is read.
fn section(name: &str) -> &'static Kind {
    kind::standing_in(name).expect("a test holds that every section is in the table")
}

/// Returns the address of what has this name in a section directly under the realm.
fn at(name_of_section: &str, name: &str) -> Address {
    Address::top(section(name_of_section).name, name)
}

/// Says whether lists of a kind are whole: where fine-grained permissions decide who may be seen, they leave out the others
/// without a word.
fn sees_all(rights: &Rights, kind: &Kind) -> bool {
    !rights.sees_parts || rights.named(kind.needs(None)).is_yes()
}

/// Says whether it is worth asking for what directly under the realm is of a kind.
fn may_view(rights: &Rights, kind: &Kind) -> bool {
    rights.named(kind.needs(None)) != Right::No
}

fn text(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn str_of<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn is_true(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool) == Some(true)
}

/// Returns a list of a map, empty where there is none.
fn rows<'a>(map: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    map.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns role names of clients as the export has them: client to names.
fn client_roles<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let mut of_client: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (client, role) in pairs {
        of_client.entry(client).or_default().push(Value::from(role));
    }
    of_client.into_iter().map(|(client, roles)| (client.to_owned(), Value::from(roles))).collect()
}

#[cfg(test)]
mod tests;
