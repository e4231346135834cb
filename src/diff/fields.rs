//! Compares the fields of one object with what is live, by their rules. What was applied before tells the reason of a
//! change, and the version of a secret that nobody can see; whose the object is does not matter here.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::wanted::Wanted;
use super::{Entry, Question, digest, kept_with, links, same, same_field};
use crate::change::{ConsentKey, FieldChange, Path, Reason, Refusal, To, Why};
use crate::kind::{self, Compare, Sent};
use crate::manifest::Prune;
use crate::state::{Address, Hidden, Is, Node, Object, SecretRef};
use crate::text::At;

/// What comparing the fields of one object gives.
#[derive(Default)]
pub(super) struct FieldsCompared {
    pub(super) changes: Vec<FieldChange>,
    pub(super) held_back: Vec<(ConsentKey, FieldChange)>,
    /// What would have been held back without consent, by the key that consents.
    pub(super) included: Vec<ConsentKey>,
    pub(super) tolerated: BTreeMap<Box<str>, BTreeSet<Address>>,
    /// What the manifests no longer say, and whether even `--prune` leaves it.
    pub(super) left_behind: Vec<(Path, bool)>,
    /// Differences that no update mends; each has its refusal.
    pub(super) unwritable: Vec<FieldChange>,
    pub(super) cannot_tell: Vec<(Path, At)>,
    pub(super) refusals: Vec<Refusal>,
}

struct Comparison<'a> {
    question: &'a Question<'a>,
    address: &'a Address,
    desired: &'a Object,
    live: &'a Object,
    applied: Option<&'a Entry>,
    /// Made when somebody asks.
    untouched: OnceCell<Object>,
    out: FieldsCompared,
}

/// Compares every field that the object mentions, and adds what ends with it.
pub(super) fn compare(
    question: &Question<'_>,
    address: &Address,
    desired: &Object,
    live: &Object,
    applied: Option<&Entry>,
    wanted: Wanted<'_>,
) -> FieldsCompared {
    let kind = kind::kind(address.kind());
    let left_behind = wanted.left_behind;
    let mut out = FieldsCompared { refusals: wanted.refusals, left_behind, ..FieldsCompared::default() };
    links::compare(&wanted.links, live, applied, &mut out);
    let mut it = Comparison { question, address, desired, live, applied, untouched: OnceCell::new(), out };
    for (name, node) in &desired.fields {
        let rule = kind.field(name);
        if rule.is_some_and(|it| it.compare == Compare::ServerOwned) || kind.link(name).is_some() {
            continue;
        }
        let path = Path::field(name);
        let whole = rule.and_then(|it| with_unsaid(it.compare, node, live.get(name)?));
        let node = whole.as_ref().unwrap_or(node);
        match (rule.map(|it| it.sent), &node.is, live.get(name)) {
            (Some(Sent::CreateOnly), _, _) => it.newer_secrets(path, node),
            (_, Is::Secret(secret), live) => it.secret(path, secret, node, live),
            (_, Is::Sequence(_), live) if rule.is_some_and(|it| it.ordered) => it.order(path, node, live),
            // A map of which it counts that it is there comes as a whole.
            (_, Is::Map(keys), live) if live.is_some() || !rule.is_some_and(|it| it.counts_when_empty) => {
                it.keys(name, keys, live);
            }
            (Some(sent), _, live) if sent.is_fixed(address, question.version) && !same(node, live) => {
                it.fixed(path, node, live);
            }
            (_, _, live) => it.plain(path, node, live),
        }
    }
    it.out.changes.extend(wanted.ends);
    kept_with::complete(question, address, desired, live, &mut it.out);
    it.out
}

/// Returns a list with what its items do not say of those that are there; nothing where they say it all by their rule.
fn with_unsaid(compare: Compare, desired: &Node, live: &Node) -> Option<Node> {
    let (Compare::Keyed(name), Is::List(items)) = (compare, &desired.is) else { return None };
    let with = |item: &Node| {
        let there = live.items().iter().find(|it| it.get(name) == item.get(name)).and_then(Node::as_map);
        let mut item = item.clone();
        if let (Is::Map(map), Some(there)) = (&mut item.is, there) {
            for (key, node) in there {
                map.entry(key.clone()).or_insert_with(|| node.clone());
            }
        }
        item
    };
    Some(Node::new(desired.at, Is::List(items.iter().map(with).collect())))
}

impl Comparison<'_> {
    /// Returns the object as it would be if nobody had ever set a field of it.
    fn untouched(&self) -> &Object {
        self.untouched.get_or_init(|| self.question.untouched(self.address, self.live))
    }

    fn plain(&mut self, path: Path, desired: &Node, live: Option<&Node>) {
        if same_field(kind::kind(self.address.kind()), &path.field, desired, live) {
            return;
        }
        // Whether a text that the server masks is this one, only the ledger knows.
        if let (Some(Node { is: Is::Hidden(Hidden::Masked), .. }), Is::Text(_)) = (live, &desired.is) {
            let applied = self.digest_of(&path);
            if applied.is_none() || applied == digest(desired).as_ref() {
                if applied.is_none() {
                    self.out.cannot_tell.push((path, desired.at));
                }
                return;
            }
        }
        // Of a map that is unset the server keeps what it puts into every new one.
        if let (Is::Null, None, Some(Node { is: Is::Map(_), .. })) = (&desired.is, &path.key, live)
            && path.of(self.untouched()).is_some_and(|it| same(it, live))
        {
            return;
        }
        let to = if desired.is_null() { To::Unset } else { To::Value(desired.clone()) };
        let change =
            FieldChange { why: self.why(&path, desired), path, from: live.cloned(), to, at: desired.at };
        let is_incident = *change.path.field == *kind::kind(self.address.kind()).reenabled
            && desired.as_bool() == Some(true)
            && self.digest_of(&change.path) != digest(&Node::bool(At::SERVER, false)).as_ref()
            && self.question.live.state.contains(self.address);
        if is_incident && !self.question.terms.reenables {
            self.out.held_back.push((ConsentKey::Reenables, change));
        } else {
            if is_incident {
                self.out.included.push(ConsentKey::Reenables);
            }
            self.out.changes.push(change);
        }
    }

    /// Objects stand in the order that the manifests say, whatever stands between them. New ones come last.
    fn order(&mut self, path: Path, desired: &Node, live: Option<&Node>) {
        let live = live.map(Node::items).unwrap_or_default();
        let mut new: Vec<&Node> = desired.items().iter().filter(|it| !live.contains(it)).collect();
        new.sort_unstable();
        let will_be: Vec<&Node> = live.iter().chain(new.iter().copied()).collect();
        let declared = will_be.iter().filter(|it| desired.items().contains(it));
        // Several new ones may come in any order.
        if new.len() < 2 && declared.copied().eq(desired.items()) {
            return;
        }
        let mut next = desired.items().iter();
        let order = will_be.iter().map(|it| {
            let of_ours = if desired.items().contains(it) { next.next() } else { None };
            of_ours.unwrap_or(it).clone()
        });
        let to = To::Value(Node::new(desired.at, Is::Sequence(order.collect())));
        let from = Some(Node::new(At::SERVER, Is::Sequence(live.to_vec())));
        self.out.changes.push(FieldChange { why: self.why(&path, desired), path, from, to, at: desired.at });
    }

    fn fixed(&mut self, path: Path, desired: &Node, live: Option<&Node>) {
        self.out.refusals.push(Refusal {
            id: Reason::Fixed,
            address: self.address.clone(),
            message: format!(
                "`{path}` of {} cannot be changed: Keycloak keeps what it was created with; give the new one another name, or remove the old one first",
                kind::title(self.address)
            ),
            at: desired.at,
            consent: None,
        });
        let why = self.why(&path, desired);
        let to = To::Value(desired.clone());
        self.out.unwritable.push(FieldChange { path, from: live.cloned(), to, why, at: desired.at });
    }

    fn keys(&mut self, field: &str, keys: &BTreeMap<Box<str>, Node>, live: Option<&Node>) {
        for (key, node) in keys {
            let path = Path::key(field, key);
            let live = live.and_then(|it| it.get(key));
            match &node.is {
                Is::Secret(secret) => self.secret(path, secret, node, live),
                _ => self.plain(path, node, live),
            }
        }
    }

    /// A secret is compared where Keycloak shows it, and sent where a recorded version grew.
    fn secret(&mut self, path: Path, secret: &SecretRef, node: &Node, live: Option<&Node>) {
        let recorded = self.recorded(&path);
        if self.keeps_none(&path) || self.lowered(&path, secret, node.at) {
            return;
        }
        let grew = matches!((secret.version, recorded), (Some(now), Some(before)) if now > before);
        let asked = self.question.terms.send_secrets.iter().any(|it| it.covers(self.address));
        let is_same = match live.map(|it| &it.is) {
            Some(Is::Hidden(Hidden::Value(text))) => self.question.secrets.same(secret, text),
            Some(Is::Text(text)) => self.question.secrets.same(secret, text),
            _ => None,
        };
        let change = FieldChange {
            path: path.clone(),
            from: live.map(|it| Node::new(it.at, Is::Hidden(Hidden::Masked))),
            to: To::Value(node.clone()),
            // No ledger holds a secret: only of a version that was sent is it known that the realm once had it.
            why: if recorded.is_some() && secret.version.is_some() && !grew {
                Why::LiveChanged
            } else {
                Why::ManifestChanged
            },
            at: node.at,
        };
        match is_same {
            _ if self.is_drawn(&path) => {
                self.out.changes.push(FieldChange { why: Why::ManifestChanged, ..change });
            }
            Some(true) => {}
            _ if grew || asked => self.out.changes.push(change),
            Some(false) if self.question.terms.secrets => {
                self.out.included.push(ConsentKey::Secrets);
                self.out.changes.push(change);
            }
            Some(false) => self.out.held_back.push((ConsentKey::Secrets, change)),
            // What is there but masked is shown masked: a key that is not shown is not there.
            None if live.map_or(path.key.is_some(), Node::is_null) => {
                self.out.changes.push(FieldChange { why: Why::ManifestChanged, ..change });
            }
            None if recorded.is_none() || secret.version.is_none() => {
                self.out.cannot_tell.push((path, node.at));
            }
            None => {}
        }
    }

    /// Credentials are sent on create; later only passwords, and when a version that the ledger knows has grown.
    fn newer_secrets(&mut self, path: Path, node: &Node) {
        let passwords: Vec<Node> = kind::passwords(node).cloned().collect();
        if passwords.is_empty() {
            return;
        }
        let node = Node::new(node.at, Is::List(passwords));
        let mut newest: Option<(u32, At)> = None;
        node.each_secret(&mut |secret, at| {
            if let Some(version) = secret.version {
                newest =
                    Some(newest.map_or((version, at), |it| if it.0 >= version { it } else { (version, at) }));
            }
        });
        let asked = self.question.terms.send_secrets.iter().any(|it| it.covers(self.address));
        let recorded = self.recorded(&path);
        let at = newest.map_or(node.at, |it| it.1);
        let is_sent = match (newest, recorded) {
            (Some((version, _)), Some(before)) if version < before => {
                return self.refuse_lower(&path, before, at);
            }
            (Some((version, _)), Some(before)) => version > before,
            (Some(_), None) if !asked => {
                self.out.cannot_tell.push((path, at));
                return;
            }
            _ => asked,
        };
        if is_sent {
            let to = To::Value(node);
            self.out.changes.push(FieldChange { path, from: None, to, why: Why::ManifestChanged, at });
        }
    }

    /// Returns the switches with which this server keeps no value of a field.
    fn lost_with(&self, path: &Path) -> impl Iterator<Item = &'static str> {
        let field = kind::kind(self.address.kind()).field(&path.field);
        field.into_iter().flat_map(|it| it.lost_with(self.question.version))
    }

    /// Returns whether the server keeps no value of a field, once this is done.
    fn keeps_none(&self, path: &Path) -> bool {
        let is_said = |switch| self.desired.get(switch).and_then(Node::as_bool) == Some(true);
        self.lost_with(path).any(|it| is_said(it) || (self.live.is_true(it) && !self.goes_off(it)))
    }

    /// Returns whether the server will draw another value with another change of this plan, whatever it has.
    fn is_drawn(&self, path: &Path) -> bool {
        self.lost_with(path).any(|it| self.live.is_true(it) && self.goes_off(it))
    }

    /// Returns whether a switch is said to be off, or no longer said to be on where that ends it.
    fn goes_off(&self, switch: &str) -> bool {
        match self.desired.get(switch) {
            Some(said) => said.as_bool() == Some(false),
            None => {
                self.question.terms.prune != Prune::Nothing && self.digest_of(&Path::field(switch)).is_some()
            }
        }
    }

    fn recorded(&self, path: &Path) -> Option<u32> {
        self.applied?.secrets.get(&path.pointer()).copied()
    }

    fn lowered(&mut self, path: &Path, secret: &SecretRef, at: At) -> bool {
        match (secret.version, self.recorded(path)) {
            (Some(now), Some(before)) if now < before => {
                self.refuse_lower(path, before, at);
                true
            }
            _ => false,
        }
    }

    fn refuse_lower(&mut self, path: &Path, before: u32, at: At) {
        self.out.refusals.push(Refusal {
            id: Reason::SecretVersion,
            address: self.address.clone(),
            message: format!(
                "the version of `{path}` of {} is lower than {before}, which was applied; versions only grow",
                kind::title(self.address)
            ),
            at,
            consent: None,
        });
    }

    fn digest_of(&self, path: &Path) -> Option<&String> {
        self.applied?.fields.get(&path.pointer())
    }

    /// Live moved when what is desired is what was applied; otherwise the manifests did.
    fn why(&self, path: &Path, desired: &Node) -> Why {
        let now = digest(desired);
        // A number that follows from a place is another one when somebody moves what stands there.
        let is_derived =
            *path.field == *kind::kind(self.address.kind()).ranked_by && self.desired.place.is_some();
        let is = path.of(self.live).and_then(digest);
        if is_derived && self.digest_of(path).is_some_and(|it| Some(it) != is.as_ref()) {
            return Why::LiveChanged;
        }
        let sent = self.applied.and_then(|it| it.not_kept.get(&path.pointer()));
        match (self.digest_of(path), now) {
            (_, Some(now)) if sent == Some(&now) => Why::NotKept,
            (Some(applied), Some(now)) if *applied == now => Why::LiveChanged,
            _ => Why::ManifestChanged,
        }
    }
}
