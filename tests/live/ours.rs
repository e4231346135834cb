//! The product's own way from a manifest to a realm, one step at a time: load, read, compare, send, read again.
//!
//! Only the command line is left out, and the ledger is kept here instead of in the realm. Every step proves
//! two things by itself: what was planned is what the realm then holds, and a second plan is empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use realmwright::apply::{self, Ids, Run};
use realmwright::change::{Action, Change};
use realmwright::diff::{self, Diff, Ledger, Ownership, Question, Terms};
use realmwright::keycloak::{Connect, Credentials, Keycloak, Read, Secret, Want, read};
use realmwright::kind::{self, Compare, NEWEST, Sent, USER, Version};
use realmwright::manifest::{self, Desired, Project, Prune, Secrets};
use realmwright::plan::{self, Ended};
use realmwright::report;
use realmwright::run;
use realmwright::state::{Address, Hidden, Is, KindName, Node, SecretRef, State};
use serde_json::Value;

use crate::server::Server;

/// One owner's work on one realm.
pub(crate) struct Ours {
    keycloak: Keycloak,
    runtime: tokio::runtime::Runtime,
    pub(crate) realm: String,
    ledger: Option<Ledger>,
    /// Every user ever declared, so that one who is gone is looked for too.
    users: BTreeSet<String>,
    /// What is read only because somebody named it, ever.
    named: BTreeSet<Address>,
    /// Foreign users to read along.
    pub(crate) also: BTreeSet<String>,
}

/// Returns whether a server of this version knows objects of a kind.
pub(crate) fn is_known_to(version: Version, address: &Address) -> bool {
    kind::known_to_servers_since(kind::kind(address.kind())).is_none_or(|it| it <= version)
}

impl Ours {
    pub(crate) fn new(server: &Server, realm: &str) -> Result<Self, String> {
        let runtime = tokio::runtime::Runtime::new().map_err(|it| it.to_string())?;
        let password = Secret::new(server.password.as_str());
        let credentials = Credentials::Password { user: server.user.clone(), password };
        let connect = Connect::new(server.url.as_str(), credentials);
        let keycloak = runtime.block_on(Keycloak::connect(&connect)).map_err(|it| it.to_string())?;
        let (realm, ledger) = (realm.to_owned(), None);
        Ok(Self {
            keycloak,
            runtime,
            realm,
            ledger,
            users: BTreeSet::new(),
            named: BTreeSet::new(),
            also: BTreeSet::new(),
        })
    }

    /// Applies a manifest, proves the prediction, and that nothing is left to do; returns what the realm holds.
    pub(crate) fn apply(&mut self, manifest: &Value, prune: bool) -> Result<State, String> {
        let desired = load(manifest)?;
        let before = self.read(&desired)?;
        let diff = self.diff(&desired, &before, prune)?;
        self.send(&before, &diff)?;
        self.learn(&desired, &before, &diff);
        let after = self.read(&desired)?;
        let wrong = unpredicted(&diff.planned, &after.live.state);
        if !wrong.is_empty() {
            return Err(format!("not as planned (planned, then real):\n{}", wrong.join("\n")));
        }
        let rest = self.diff(&desired, &after, prune)?;
        if !rest.changes.is_empty() {
            return Err(format!("a second plan is not empty:{}", shown(&rest)));
        }
        Ok(after.live.state)
    }

    /// Compares without applying; errors and what no consent can permit are errors here.
    pub(crate) fn plan(&mut self, manifest: &Value) -> Result<Diff, String> {
        let desired = load(manifest)?;
        let before = self.read(&desired)?;
        self.diff(&desired, &before, false)
    }

    fn read(&mut self, desired: &Desired) -> Result<Read, String> {
        let Want { users, named, .. } = run::want(desired);
        self.users.extend(users);
        self.named.extend(named);
        let users: BTreeSet<String> = self.users.union(&self.also).cloned().collect();
        let (identities, named) = (users.clone(), self.named.clone());
        let want = Want { identities, users, secrets: true, named, ..Want::default() };
        self.runtime.block_on(read(&self.keycloak, &self.realm, &want)).map_err(|it| it.to_string())
    }

    fn diff(&self, desired: &Desired, read: &Read, prune: bool) -> Result<Diff, String> {
        let diff = self.asked(desired, read, prune, diff::diff);
        if let Some(note) = diff.notes.iter().find(|it| it.is_error()) {
            return Err(format!(
                "{}: {} ({})",
                note.code,
                note.title,
                note.marks.first().map_or("", |it| it.label.as_str())
            ));
        }
        match diff.refusals.iter().find(|it| it.consent.is_none()) {
            Some(refusal) => Err(format!("refused: {}", refusal.message)),
            None => Ok(diff),
        }
    }

    fn asked<T>(
        &self,
        desired: &Desired,
        read: &Read,
        prune: bool,
        ask: impl FnOnce(&Question<'_>) -> T,
    ) -> T {
        let ownership = Ownership {
            owner: Some("probe".to_owned()),
            ledger: self.ledger.clone(),
            ..Ownership::default()
        };
        let terms = Terms {
            prune: if prune { Prune::UsersToo } else { Prune::Nothing },
            reenables: true,
            secrets: true,
            ..Terms::default()
        };
        let secrets = Secrets::default();
        ask(&Question {
            desired: &desired.state,
            live: &read.live,
            version: read.version.map_or(NEWEST, Version::from),
            realm: &desired.realm,
            ownership: &ownership,
            secrets: &secrets,
            terms: &terms,
            server: read.server_info.as_ref(),
        })
    }

    fn send(&self, read: &Read, diff: &Diff) -> Result<(), String> {
        let version = read.version.map_or(NEWEST, Version::from);
        let sides = plan::sides(&read.live.state, &diff.planned, version);
        let order = plan::order(&read.live, diff, &sides, version).map_err(|it| it.to_string())?;
        let secrets = Secrets::default();
        let reveal = |secret: &SecretRef| secrets.reveal(secret).unwrap_or_default().to_owned();
        let run = Run {
            keycloak: &self.keycloak,
            realm: &self.realm,
            changes: &order.changes,
            reveal: &reveal,
            lanes: 8,
            is_stopped: &|| false,
            progress: &|_, _| (),
        };
        let outcomes = self.runtime.block_on(apply::run(&run, &order.calls, Ids::of(&read.live.state)));
        let mut failed = String::new();
        for outcome in outcomes.iter().filter(|it| !matches!(it.ended, Ended::Done | Ended::AlreadyDone)) {
            let _ = writeln!(failed, "{} {:?}", outcome.address, outcome.ended);
        }
        if failed.is_empty() { Ok(()) } else { Err(format!("not applied:\n{failed}")) }
    }

    fn learn(&mut self, desired: &Desired, read: &Read, diff: &Diff) {
        let next = self.asked(desired, read, false, |it| diff::next_ledger(it, diff, &|_| false));
        self.ledger = Some(next);
    }
}

fn load(manifest: &Value) -> Result<Desired, String> {
    let text = serde_json::to_string_pretty(manifest).map_err(|it| it.to_string())?;
    let project = Project::default();
    let mut loaded = manifest::load_texts(&[("manifest.json", &text)], &project);
    for desired in &loaded.realms {
        loaded.notes.extend(manifest::check(desired, &project));
    }
    loaded.notes.retain(realmwright::text::Note::is_error);
    if !loaded.notes.is_empty() {
        return Err(report::notes(&loaded.files, &loaded.notes, report::Color::Never));
    }
    loaded.realms.pop().ok_or_else(|| "no realm in the manifest".to_owned())
}

/// What no plan can know of something new. Everything else that is compared must be as planned.
const DRAWN: &[(KindName, &str)] = &[
    // The server draws a secret, and a key with its certificate.
    (kind::CLIENT, "secret"),
    (kind::CLIENT, "attributes.saml.signing.certificate"),
    (kind::CLIENT, "attributes.saml.signing.private.key"),
    (kind::CLIENT, "attributes.saml.encryption.certificate"),
    (kind::CLIENT, "attributes.saml.encryption.private.key"),
];

/// The server's clock, moved by every new secret.
const CLOCK: (KindName, &str) = (kind::CLIENT, "attributes.client.secret.creation.time");

/// Compares a planned state with a real one, object by object and field by field.
pub(crate) fn unpredicted(planned: &State, real: &State) -> Vec<String> {
    let mut wrong = Vec::new();
    for address in planned.objects.keys().chain(real.objects.keys()).collect::<BTreeSet<_>>() {
        match (planned.get(address), real.get(address)) {
            (Some(planned), Some(real)) => {
                fields(address, &planned.fields, &real.fields, &mut wrong);
                if planned.made_by != real.made_by && address.kind() == USER {
                    wrong.push(format!("{address}: made by {:?}, then {:?}", planned.made_by, real.made_by));
                }
            }
            (Some(_), None) => wrong.push(format!("{address}: planned and not there")),
            (None, Some(_)) => wrong.push(format!("{address}: there and not planned")),
            (None, None) => {}
        }
    }
    wrong
}

type Fields = BTreeMap<Box<str>, Node>;

fn fields(address: &Address, planned: &Fields, real: &Fields, wrong: &mut Vec<String>) {
    let kind = kind::kind(address.kind());
    let nothing = Node::new(realmwright::text::At::SERVER, Is::Null);
    for name in planned.keys().chain(real.keys()).collect::<BTreeSet<_>>() {
        let rule = kind.field(name);
        let unseen = rule.is_some_and(|it| {
            it.compare == Compare::ServerOwned || matches!(it.sent, Sent::CreateOnly | Sent::Relic)
        });
        if unseen {
            continue;
        }
        let (was, is) = (planned.get(name).unwrap_or(&nothing), real.get(name).unwrap_or(&nothing));
        let keys: Vec<(String, &Node, &Node)> = match (was.as_map(), is.as_map()) {
            (None, None) => vec![(name.to_string(), was, is)],
            (a, b) => {
                let keys = a.into_iter().chain(b).flat_map(|it| it.keys()).collect::<BTreeSet<_>>();
                let of = |it: &'_ Node, key: &str| it.get(key).is_some();
                keys.into_iter()
                    .map(|key| {
                        let was =
                            if of(was, key) { &was.as_map().expect("of says so")[key] } else { &nothing };
                        let is = if of(is, key) { &is.as_map().expect("of says so")[key] } else { &nothing };
                        (format!("{name}.{key}"), was, is)
                    })
                    .collect()
            }
        };
        for (path, was, is) in keys {
            let drawn = was.is_null() && DRAWN.contains(&(address.kind(), &*path));
            // A mask says that there is a secret, and no more.
            let is_masked = matches!((&was.is, &is.is), (Is::Secret(_), Is::Hidden(Hidden::Masked)));
            if !drawn && !is_masked && (address.kind(), &*path) != CLOCK && !diff::same(was, Some(is)) {
                wrong.push(format!("{address} {path}: {was:?}, then {is:?}"));
            }
        }
    }
}

/// Returns the changes of a plan for a failure.
pub(crate) fn shown(diff: &Diff) -> String {
    let mut out = String::new();
    for change in &diff.changes {
        let _ = write!(out, "\n  {:?} {}", change.action, change.object);
        for field in fields_of(change) {
            let _ = write!(out, "\n      {}: {:?} -> {:?}", field.path, field.from, field.to);
        }
    }
    out
}

fn fields_of(change: &Change) -> &[realmwright::change::FieldChange] {
    if change.action == Action::Create { &[] } else { &change.fields }
}
