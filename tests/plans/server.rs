//! What the server of a case would say: made of what was applied before and what changed since.

use std::collections::{BTreeMap, BTreeSet};

use realmwright::access::Myself;
use realmwright::diff::{How, Ledger, Terms};
use realmwright::keycloak::{Read, Source};
use realmwright::kind::{self, NEWEST, ServerInfo, Version};
use realmwright::manifest::{self, Loaded, Project};
use realmwright::run::{AccessMode, Observed, Patterns, PlanRequest, Session, next_ledger};
use realmwright::state::{Address, Known, Live, State};
use realmwright::text::{json_of_tree, parse_yaml};
use serde_json::Value;

use crate::as_read::as_read;

/// The server of one case; `server.yaml` has these keys.
#[derive(Default)]
pub(crate) struct Server {
    /// `version: 26.0`, otherwise the newest.
    version: Option<String>,
    /// `absent: true`: no realm, also where something is live. `exists: true`: a new one, where nothing is.
    exists: Option<bool>,
    /// `removed: [role/x]`: applied, and gone since.
    removed: Vec<Address>,
    /// `unseen: { user: view-users }`: kinds directly under the realm that the credential may not see.
    unseen: BTreeMap<String, String>,
    /// `unread: [role]`: kinds that no read asks for.
    unread: BTreeSet<String>,
    /// `others: { owner: [client/a] }`: what the ledgers of other owners list.
    others: BTreeMap<String, Vec<Address>>,
    /// `adopted: [role/x]`: what of it was there before the first apply.
    adopted: Vec<Address>,
    /// `damaged: [owner]`: owners whose ledgers cannot be read.
    damaged: Vec<String>,
    /// `not_kept: ['role/x#/description']`: what the server did not keep of the last apply; an address alone is an object.
    not_kept: Vec<(Address, String)>,
    /// `files: [old.yaml]`: further manifests that the last apply read.
    files: Vec<String>,
    /// `features: { ORGANIZATION: false }`: what of the server is on or off otherwise than on a plain one.
    features: BTreeMap<String, bool>,
    /// `profile: {..}`: the user profile as the server answers it.
    profile: Option<Value>,
    /// Manifests that our owner applied, by realm, in the state that they made, and the ledger.
    applied: BTreeMap<String, (State, Ledger)>,
    /// What is live beside it or instead of it.
    live: BTreeMap<String, State>,
}

impl Server {
    pub(crate) fn read(
        applied: &[(&str, &str)],
        live: Option<&str>,
        about: Option<&str>,
    ) -> Result<Self, String> {
        let mut server = Self::default();
        if let Some(Value::Object(about)) = about.map(value).transpose()? {
            for (key, value) in about {
                server.take(&key, value)?;
            }
        }
        // First what was applied, to a new realm; then what changed since.
        server.apply(applied)?;
        for realm in live.map(documents).transpose()?.unwrap_or_default() {
            let name =
                realm.get("realm").and_then(Value::as_str).ok_or("live.yaml names no `realm`")?.to_owned();
            let Value::Object(realm) = realm else { return Err("live.yaml is no map".to_owned()) };
            server.live.insert(name, realmwright::keycloak::state_of_export(realm));
        }
        Ok(server)
    }

    fn take(&mut self, key: &str, value: Value) -> Result<(), String> {
        match (key, value) {
            ("version", Value::String(it)) => self.version = Some(it),
            ("version", Value::Number(it)) => self.version = Some(it.to_string()),
            ("exists", Value::Bool(it)) => self.exists = Some(it),
            ("absent", Value::Bool(it)) => self.exists = Some(!it),
            ("removed", it) => self.removed = addresses(&it)?,
            ("unseen", Value::Object(them)) => {
                self.unseen = them.into_iter().map(|(kind, needs)| (kind, text(&needs))).collect();
            }
            ("unread", Value::Array(kinds)) => self.unread = kinds.iter().map(text).collect(),
            ("others", Value::Object(them)) => {
                for (owner, them) in them {
                    self.others.insert(owner, addresses(&them)?);
                }
            }
            ("adopted", it) => self.adopted = addresses(&it)?,
            ("damaged", it) => self.damaged = texts(&it),
            ("files", it) => self.files = texts(&it),
            ("not_kept", it) => {
                let all = texts(&it).into_iter().map(|it| {
                    let (address, path) = it.split_once('#').unwrap_or((&it, ""));
                    Some((kind::parse_address(address)?, path.to_owned()))
                });
                self.not_kept = all.collect::<Option<_>>().ok_or("`not_kept` has what is no address")?;
            }
            ("features", Value::Object(them)) => {
                let switch = |(name, it): (String, Value)| Some((name, it.as_bool()?));
                self.features = them.into_iter().filter_map(switch).collect();
            }
            ("profile", it) => self.profile = Some(it),
            (key, _) => return Err(format!("server.yaml does not take `{key}`, or not such a value")),
        }
        Ok(())
    }

    fn minor(&self) -> Version {
        match self.version.as_deref() {
            Some(text) => {
                let mut numbers = text.split('.').map(|it| it.parse().unwrap_or(0));
                let minor = Version::of(numbers.next().unwrap_or(26), numbers.next().unwrap_or(0));
                Version { patch: numbers.next(), ..minor }
            }
            None => NEWEST,
        }
    }

    /// Applies manifests to new realms, as their owner did before.
    fn apply(&mut self, files: &[(&str, &str)]) -> Result<(), String> {
        if files.is_empty() {
            return Ok(());
        }
        let project = Project::open(std::path::Path::new("realmwright.yaml"));
        let loaded = manifest::load_texts(files, &project);
        let errors: Vec<&String> =
            loaded.notes.iter().filter(|it| it.is_error()).map(|it| &it.title).collect();
        if !errors.is_empty() {
            return Err(format!("what was applied has errors: {errors:?}"));
        }
        let session = session(project, loaded);
        // What came over the server since was not there yet.
        let then = Self {
            version: self.version.clone(),
            features: self.features.clone(),
            profile: self.profile.clone(),
            ..Self::default()
        };
        for realm in 0..session.loaded.realms.len() {
            let request = session.request(realm, false);
            let planned = session.plan(realm, false, then.observe(&request));
            let mut ledger = next_ledger(&request, &planned, true, &|_| false);
            ledger.files.extend(self.files.iter().cloned());
            for address in &self.adopted {
                if let Some(entry) = ledger.entries.get_mut(address) {
                    entry.how = How::Adopted;
                }
            }
            for (address, pointer) in &self.not_kept {
                if let Some(entry) = ledger.entries.get_mut(address) {
                    let sent = entry.fields.get(pointer).cloned().unwrap_or_default();
                    entry.not_kept.insert(pointer.clone(), sent);
                }
            }
            let state = as_read(planned.plan.diff.planned.clone());
            self.applied.insert(session.desired(realm).realm.clone(), (state, ledger));
        }
        Ok(())
    }

    /// What a read of the realm and of all ledgers brings.
    pub(crate) fn observe(&self, request: &PlanRequest<'_>) -> Observed {
        let realm = &request.desired.realm;
        let version = self.minor();
        let (mut state, ledger) = match self.applied.get(realm) {
            Some((state, ledger)) => (state.clone(), Some(ledger.clone())),
            None => (kind::fresh_realm(realm, version), None),
        };
        let edits = self.live.get(realm);
        for (address, object) in edits.into_iter().flat_map(|it| &it.objects) {
            let there = state.objects.get_or_insert_with(address.clone(), || object.clone());
            there.fields.extend(object.fields.iter().map(|(name, node)| (name.clone(), node.clone())));
            there.namesakes = object.namesakes;
        }
        kind::Owned::of(&[&state]).settle(&mut state);
        let default_role = edits.and_then(|it| it.default_role.clone());
        state.default_role = default_role.or(state.default_role);
        let is_gone = |it: &Address| self.removed.iter().any(|gone| it == gone || it.is_under(gone));
        state.objects.retain(|it, _| !is_gone(it));
        if let Some(profile) = &self.profile {
            let realm = serde_json::json!({ "realm": realm, "userProfile": profile });
            let its = kind::lift_realm(&realmwright::text::tree_of_json(&realm)).into_live().objects;
            state.objects.retain(|it, _| {
                !its.keys()
                    .any(|new| new.kind() == it.kind() && new.steps().len() == 1 && it.kind() != kind::REALM)
            });
            state.objects.extend(its.into_iter().filter(|(it, _)| it.kind() != kind::REALM));
        }
        let mut live = Live::default();
        live.exists = self.exists.unwrap_or(ledger.is_some() || edits.is_some());
        if !live.exists {
            state = kind::fresh_realm(realm, version);
        }
        live.state = state;
        live.cover(kind::KINDS.iter().map(|it| it.name).filter(|it| !self.unread.contains(it.word)));
        live.state.objects.retain(|it, _| !self.unread.contains(it.kind().word));
        for (kind, needs) in &self.unseen {
            if let Some(kind) = kind::KINDS.iter().find(|it| it.name.word == kind) {
                live.state.objects.retain(|it, _| it.steps()[0].kind != kind.name);
                live.learn(kind.name, None, Known::Not { needs: needs.clone().leak() });
            }
        }
        let owner = request.owner.filter(|_| live.exists);
        let ours = owner.zip(ledger).map(|(owner, ledger)| (owner.to_owned(), Ok(ledger)));
        let others = self.others.iter().map(|(owner, them)| {
            let entries = them.iter().map(|it| (it.clone(), realmwright::diff::Entry::default())).collect();
            (owner.clone(), Ok(Ledger { owner: owner.clone(), entries, ..Ledger::default() }))
        });
        let damaged = self.damaged.iter().map(|owner| {
            (
                owner.clone(),
                Err(realmwright::diff::LedgerError::Damaged("a part of it is missing".to_owned())),
            )
        });
        let mut server_info = ServerInfo::recorded(version).clone();
        server_info.features.extend(self.features.clone());
        Observed {
            ledgers: ours.into_iter().chain(others).chain(damaged).collect(),
            read: Read {
                source: if live.exists { Source::Export } else { Source::Fresh },
                realm_id: live.exists.then(|| format!("id of {realm}")),
                version: Some(realmwright::keycloak::ServerVersion {
                    major: version.major,
                    minor: version.minor,
                    patch: 5,
                }),
                taken_for: version,
                requests: 0,
                server_info: Some(server_info),
                federated: BTreeSet::new(),
                live,
            },
        }
    }
}

fn session(project: Project, loaded: Loaded) -> Session {
    let secrets = loaded.realms.iter().map(|it| manifest::resolve(&manifest::secrets_of(&it.state), &[]).0);
    Session {
        secrets: secrets.collect(),
        terms: Terms::default(),
        patterns: Patterns::default(),
        allowed: BTreeMap::new(),
        roots: vec![".".to_owned()],
        files: loaded.manifests.iter().map(|it| it.display().to_string()).collect(),
        is_on_disk: Box::new(|_| false),
        waits: None,
        access: AccessMode::Off,
        at: None,
        server: String::new(),
        environment: String::new(),
        myself: Myself::Elsewhere,
        auth_realm: None,
        project,
        loaded,
    }
}

fn value(text: &str) -> Result<Value, String> {
    documents(text).map(|it| it.into_iter().next().unwrap_or_default())
}

fn documents(text: &str) -> Result<Vec<Value>, String> {
    let (trees, notes) = parse_yaml(0, text);
    match notes.first() {
        Some(note) => Err(note.title.clone()),
        None => Ok(trees.iter().map(json_of_tree).collect()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn addresses(value: &Value) -> Result<Vec<Address>, String> {
    texts(value)
        .into_iter()
        .map(|it| kind::parse_address(&it).ok_or_else(|| format!("no such address: {it}")))
        .collect()
}
