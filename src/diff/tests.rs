//! What the tables of tests beside the steps share: both sides of a realm, ledgers and terms, and changes in words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Entry, How, Ledger, Ownership, Question, Terms};
use crate::change::{Change, FieldChange, To};
use crate::kind::{self, NEWEST, lift_realm, parse_address};
use crate::manifest::Secrets;
use crate::state::{Address, Live, State};
use crate::text::tree_of_json;

/// Everything that a question borrows.
#[derive(Default)]
pub(super) struct Sides {
    pub(super) desired: State,
    pub(super) live: Live,
    pub(super) ownership: Ownership,
    pub(super) terms: Terms,
    secrets: Secrets,
}

impl Sides {
    /// Both sides as representations of a realm; their owner is `us`, whose ledger is empty.
    pub(super) fn new(desired: &Value, live: &Value) -> Self {
        let mut sides = Self { desired: said(desired), ..Self::default() };
        sides.live.state = lift_realm(&tree_of_json(live)).into_live();
        sides.live.exists = true;
        sides.live.cover(kind::KINDS.iter().map(|it| it.name));
        sides.ownership.owner = Some("us".into());
        sides.ownership.ledger = Some(Ledger::default());
        sides
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question {
            desired: &self.desired,
            live: &self.live,
            version: NEWEST,
            realm: "r",
            ownership: &self.ownership,
            secrets: &self.secrets,
            terms: &self.terms,
            server: None,
        }
    }

    /// Lists an object in our ledger, with links and digests of fields.
    pub(super) fn applied(&mut self, object: &str, entry: Entry) {
        self.ownership.ledger.get_or_insert_default().entries.insert(address(object), entry);
    }
}

/// Returns what a manifest says.
pub(super) fn said(realm: &Value) -> State {
    let lifted = lift_realm(&tree_of_json(realm));
    State { objects: lifted.pieces.into_iter().collect(), ..State::default() }
}

pub(super) fn address(text: &str) -> Address {
    parse_address(text).expect("an address")
}

/// Returns an entry of an object with links to roles in one field.
pub(super) fn entry(how: How, field: &str, roles: &[&str]) -> Entry {
    let links = roles.iter().map(|it| address(&format!("role/{it}"))).collect();
    Entry { how, links: BTreeMap::from([(field.to_owned(), links)]), ..Entry::default() }
}

/// Returns the fields of a change in words, one line each.
pub(super) fn lines(fields: &[FieldChange]) -> Vec<String> {
    let names = |them: &std::collections::BTreeSet<Address>| {
        them.iter().map(Address::name).collect::<Vec<_>>().join(" ")
    };
    let line = |it: &FieldChange| {
        let to = match &it.to {
            To::Value(node) => format!("= {}", node.as_text().unwrap_or("something")),
            To::Unset => "unset".to_owned(),
            To::Links { add, remove } => format!("+[{}] -[{}]", names(add), names(remove)),
        };
        format!("{} {to} {}", it.path, it.why.name())
    };
    fields.iter().map(line).collect()
}

/// Returns changes in words.
pub(super) fn changes(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|it| format!("{:?} {} {}", it.action, it.object, it.why.name())).collect()
}
