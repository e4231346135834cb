//! What an owner applied last: the only memory between runs. It lives in the attributes of a disabled client
//! and is written by `apply` alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::same::is_nothing;
use crate::change::{Action, Change, Path};
use crate::kind::{Owned, parse_address};
use crate::state::{Address, Is, Node, State};
use crate::text::hex;

const FORMAT: u64 = 1;

/// The ledger of one owner in one realm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub owner: String,
    pub realm_id: String,
    pub environment: String,
    /// Grows with every write; one that moved under a run stops it.
    pub serial: u64,
    /// The manifest roots of the last full apply.
    pub roots: Vec<String>,
    /// The manifest files that the last full apply read, relative to the project file.
    pub files: Vec<String>,
    pub entries: BTreeMap<Address, Entry>,
    /// Addresses about to be created when the last run began to write.
    pub pending: BTreeSet<Address>,
    /// Why it cannot say what may be pruned: it began without what an earlier one knew.
    pub untrusted: Option<String>,
}

/// One object that we applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub how: How,
    /// Digest of each managed field or map key, by [`Path`](crate::change::Path) pointer; never of a secret.
    pub fields: BTreeMap<String, String>,
    /// The links that we applied, by field.
    pub links: BTreeMap<String, BTreeSet<Address>>,
    /// Links that were there before us and stay.
    pub tolerated: BTreeMap<String, BTreeSet<Address>>,
    /// Versions of secrets that were sent.
    pub secrets: BTreeMap<String, u32>,
    /// What the server took without an error and did not keep: digests of what was sent, by pointer; the empty
    /// pointer is the object itself.
    pub not_kept: BTreeMap<String, String>,
    /// The id of one of several that may have one name: it tells which of them is ours. Nothing where none was read.
    pub id: Option<String>,
}

impl Entry {
    /// Returns whether a field or key was applied.
    pub fn manages(&self, path: &Path) -> bool {
        let pointer = path.pointer();
        self.fields.contains_key(&pointer) || self.secrets.contains_key(&pointer)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    #[default]
    Created,
    Adopted,
}

#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LedgerError {
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
    #[error("the ledger was written by a newer version (format {0})")]
    Newer(u64),
}

#[derive(Serialize, Deserialize)]
struct EntryShape {
    how: How,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    links: BTreeMap<String, BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tolerated: BTreeMap<String, BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    not_kept: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct LedgerShape {
    format: u64,
    owner: String,
    realm_id: String,
    environment: String,
    serial: u64,
    roots: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    entries: BTreeMap<String, EntryShape>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pending: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    untrusted: Option<String>,
}

impl Ledger {
    /// Returns the ledger as JSON text; equal ledgers give equal bytes.
    pub fn write(&self) -> String {
        let texts = |links: &BTreeMap<String, BTreeSet<Address>>| {
            links
                .iter()
                .map(|(field, them)| (field.clone(), them.iter().map(Address::to_string).collect()))
                .collect()
        };
        let entries = self.entries.iter().map(|(address, entry)| {
            let wire = EntryShape {
                how: entry.how,
                fields: entry.fields.clone(),
                links: texts(&entry.links),
                tolerated: texts(&entry.tolerated),
                secrets: entry.secrets.clone(),
                not_kept: entry.not_kept.clone(),
                id: entry.id.clone(),
            };
            (address.to_string(), wire)
        });
        let wire = LedgerShape {
            format: FORMAT,
            owner: self.owner.clone(),
            realm_id: self.realm_id.clone(),
            environment: self.environment.clone(),
            serial: self.serial,
            roots: self.roots.clone(),
            files: self.files.clone(),
            entries: entries.collect(),
            pending: self.pending.iter().map(Address::to_string).collect(),
            untrusted: self.untrusted.clone(),
        };
        serde_json::to_string(&wire).expect("maps with text keys are JSON")
    }

    /// Takes what was about to be created when a run ended early, and is there, as created by us; and a resource that a
    /// user owns by its name and owner, which once was listed by its name alone.
    pub fn settle(&mut self, live: &State) {
        for address in std::mem::take(&mut self.pending).into_iter().filter(|it| live.contains(it)) {
            self.entries.entry(address).or_default();
        }
        let owned = Owned::of(&[live]);
        let alone: Vec<(Address, Address)> =
            self.entries.keys().filter_map(|it| Some((it.clone(), owned.meant(it)?.clone()))).collect();
        for (name, meant) in alone {
            if !self.entries.contains_key(&meant)
                && let Some(entry) = self.entries.remove(&name)
            {
                self.entries.insert(meant, entry);
            }
        }
    }

    /// Remembers what was sent and is not there: `sent` are the changes that were done, by object, `after` is what still differs
    /// from what is desired. Returns whether there is any.
    pub fn remember_not_kept(
        &mut self,
        sent: &BTreeMap<&Address, &Change>,
        after: &[Change],
        desired: &State,
    ) -> bool {
        let mut found = false;
        for change in after {
            let Some(sent) = sent.get(&change.object) else { continue };
            let Some(entry) = self.entries.get_mut(&change.object) else { continue };
            if change.action == Action::Create {
                entry.not_kept.insert(String::new(), String::new());
                found = true;
                continue;
            }
            for path in change.fields.iter().map(|it| &it.path) {
                let node = desired.get(&change.object).and_then(|it| path.of(it));
                let was_sent = sent.action == Action::Create || sent.fields.iter().any(|it| it.path == *path);
                if let (true, Some(digest)) = (was_sent, node.and_then(digest)) {
                    entry.not_kept.insert(path.pointer(), digest);
                    found = true;
                }
            }
        }
        found
    }

    pub fn read(text: &str) -> Result<Self, LedgerError> {
        let damaged = |it: &dyn std::fmt::Display| LedgerError::Damaged(it.to_string());
        let value: Value = serde_json::from_str(text).map_err(|it| damaged(&it))?;
        match value.get("format").and_then(Value::as_u64) {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => return Err(LedgerError::Newer(newer)),
            _ => return Err(damaged(&"it names no format")),
        }
        let wire: LedgerShape = serde_json::from_value(value).map_err(|it| damaged(&it))?;
        let address =
            |text: &String| parse_address(text).ok_or_else(|| damaged(&format!("no such address: {text}")));
        let links = |links: &BTreeMap<String, BTreeSet<String>>| {
            links
                .iter()
                .map(|(field, them)| Ok((field.clone(), them.iter().map(address).collect::<Result<_, _>>()?)))
                .collect::<Result<BTreeMap<_, BTreeSet<Address>>, LedgerError>>()
        };
        let mut entries = BTreeMap::new();
        for (text, entry) in &wire.entries {
            entries.insert(
                address(text)?,
                Entry {
                    how: entry.how,
                    fields: entry.fields.clone(),
                    links: links(&entry.links)?,
                    tolerated: links(&entry.tolerated)?,
                    secrets: entry.secrets.clone(),
                    not_kept: entry.not_kept.clone(),
                    id: entry.id.clone(),
                },
            );
        }
        Ok(Self {
            owner: wire.owner,
            realm_id: wire.realm_id,
            environment: wire.environment,
            serial: wire.serial,
            roots: wire.roots,
            files: wire.files,
            entries,
            pending: wire.pending.iter().map(address).collect::<Result<_, _>>()?,
            untrusted: wire.untrusted,
        })
    }
}

/// Returns 16 bytes of SHA-256 over a value in canonical form, in hexadecimal. Secrets have no digest: a
/// node that holds one gives `None`.
pub fn digest(node: &Node) -> Option<String> {
    let canonical = canonical(node)?.to_string();
    let hash = Sha256::digest(canonical.as_bytes());
    Some(hex(&hash[..16]))
}

fn canonical(node: &Node) -> Option<Value> {
    Some(match &node.is {
        Is::Null => Value::Null,
        Is::Bool(it) => json!(it),
        Is::Number(it) | Is::Text(it) => json!(it),
        Is::Ref(address) => json!(format!("@{address}")),
        Is::List(items) => {
            let mut texts =
                items.iter().map(|it| canonical(it).map(|it| it.to_string())).collect::<Option<Vec<_>>>()?;
            texts.sort();
            texts.dedup();
            json!(texts)
        }
        Is::Sequence(items) => Value::Array(items.iter().map(canonical).collect::<Option<_>>()?),
        Is::Map(map) => {
            let entries = map.iter().filter(|(_, it)| !is_nothing(it));
            Value::Object(
                entries.map(|(key, it)| Some((key.to_string(), canonical(it)?))).collect::<Option<_>>()?,
            )
        }
        Is::Secret(_) | Is::Hidden(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{CLIENT, RESOURCE, ROLE, USER};
    use crate::state::Object;
    use crate::text::At;

    #[test]
    fn a_ledger_reads_back_as_it_was_written() {
        let role = Address::top(ROLE, "a/b");
        let entry = Entry {
            how: How::Adopted,
            fields: BTreeMap::from([("/email".into(), "00".into())]),
            links: BTreeMap::from([("realmRoles".into(), BTreeSet::from([role.clone()]))]),
            tolerated: BTreeMap::from([("groups".into(), BTreeSet::new())]),
            secrets: BTreeMap::from([("/credentials".into(), 3)]),
            not_kept: BTreeMap::from([(String::new(), "01".into())]),
            id: Some("7".into()),
        };
        let ledger = Ledger {
            owner: "platform".into(),
            serial: 7,
            files: vec!["realm.yaml".into()],
            entries: BTreeMap::from([(Address::top(USER, "eric"), entry)]),
            pending: BTreeSet::from([role]),
            ..Ledger::default()
        };
        assert_eq!(Ledger::read(&ledger.write()), Ok(ledger));
    }

    #[test]
    fn what_a_run_was_about_to_create_is_ours_if_it_is_there() {
        let [there, gone] = ["there", "gone"].map(|it| Address::top(ROLE, it));
        let mut ledger = Ledger { pending: [there.clone(), gone].into(), ..Ledger::default() };
        let mut live = State::default();
        live.objects.insert(there.clone(), Object::new(At::SERVER));
        ledger.settle(&live);
        assert_eq!(ledger.entries.into_iter().collect::<Vec<_>>(), [(there, Entry::default())]);
        assert!(ledger.pending.is_empty());
    }

    #[test]
    fn a_users_resource_that_was_listed_by_its_name_alone_is_the_same() {
        let client = Address::top(CLIENT, "rs");
        let [alone, owned] = ["photo", "photo@alice"].map(|it| client.child(RESOURCE, it));
        let mut resource = Object::new(At::SERVER);
        let alice = Address::top(USER, "alice");
        resource.fields.insert("owner".into(), Node::new(At::SERVER, Is::Ref(alice)));
        let mut live = State::default();
        live.objects.insert(owned.clone(), resource);
        let listed =
            |it: &Address| Ledger { entries: [(it.clone(), Entry::default())].into(), ..Ledger::default() };
        let mut ledger = listed(&alone);
        ledger.settle(&live);
        assert_eq!(ledger, listed(&owned));
        live.objects.insert(alone.clone(), Object::new(At::SERVER));
        let mut ledger = listed(&alone);
        ledger.settle(&live);
        assert_eq!(ledger, listed(&alone));
    }

    #[test]
    fn what_is_no_ledger_is_damaged_and_a_newer_one_says_so() {
        assert!(matches!(Ledger::read("{"), Err(LedgerError::Damaged(_))));
        assert!(matches!(Ledger::read("{}"), Err(LedgerError::Damaged(_))));
        assert_eq!(Ledger::read(r#"{"format":2}"#), Err(LedgerError::Newer(2)));
    }

    #[test]
    fn digests_ignore_order_and_refuse_secrets() {
        let list = |words: &[&str]| {
            Node::new(At::SERVER, Is::List(words.iter().map(|it| Node::text(At::SERVER, *it)).collect()))
        };
        assert_eq!(digest(&list(&["a", "b"])), digest(&list(&["b", "a"])));
        assert_ne!(digest(&list(&["a", "b"])), digest(&list(&["a"])));
        assert_eq!(digest(&Node::new(At::SERVER, Is::Hidden(crate::state::Hidden::Masked))), None);
    }
}
