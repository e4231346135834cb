//! What a change of a field does beyond its object, and to whom: data of each kind, which consents are asked by.

use super::{CLIENT, KEYS, REALM, ROLE, Version, is_administration, kind, title};
use crate::change::{FieldChange, Path, To};
use crate::state::{Address, Is, Node, PART};

/// What a side effect is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hazard {
    Deletes,
    DropsSecret,
    LogsOut,
    BreaksClients,
    LocksOut,
    Opens,
}

impl Hazard {
    /// Returns the word that plans use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deletes => "deletes",
            Self::DropsSecret => "drops_secret",
            Self::LogsOut => "logs_out",
            Self::BreaksClients => "breaks_clients",
            Self::LocksOut => "locks_out",
            Self::Opens => "opens",
        }
    }
}

/// One side effect of one field of a kind.
pub struct HazardRule {
    pub hazard: Hazard,
    pub field: &'static str,
    /// The key that it is about, where the field is a map; any with [`KEYS`].
    pub key: &'static str,
    pub when: When,
    /// The names of the objects that it is about; empty: all.
    pub of: &'static [&'static str],
    /// The first part of their names, where names have several; empty: any.
    pub part: &'static str,
    /// What it does to whom, after the field and its value; `{it}` stands for the object, `{up}` for what it
    /// stands under.
    pub does: &'static str,
}

/// Which changes of a field have the side effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The object goes; such a rule is about no field.
    Goes,
    /// It becomes this.
    Is(&'static str),
    /// It was this, and becomes anything else.
    Was(&'static str),
    /// It was the first and becomes the second.
    Turns(&'static str, &'static str),
    /// It becomes anything else.
    Changed,
    /// It becomes another value, and not nothing.
    Set,
    /// It had a value and becomes anything else.
    Replaced,
    /// It had something and has nothing.
    Emptied,
    /// It is a number and becomes less; 0 is no limit of its own.
    Lowered,
    /// It is a number and becomes more.
    Raised,
    /// Its list gets one of these, or any item where none is said.
    Gains(&'static [&'static str]),
    /// Its list gets an item, or another one, of which this key says this. What it does it does by itself, whether anybody uses
    /// the object or not, so that a new one counts, too.
    Acts(&'static str, &'static str),
    /// It becomes a role by which a realm is administered, on servers below this version.
    Administers(Version),
}

pub(super) const fn rule(hazard: Hazard, field: &'static str, when: When, does: &'static str) -> HazardRule {
    HazardRule { hazard, field, key: "", when, of: &[], part: "", does }
}

pub(super) const fn of_key(
    hazard: Hazard,
    (field, key): (&'static str, &'static str),
    when: When,
    does: &'static str,
) -> HazardRule {
    HazardRule { key, ..rule(hazard, field, when, does) }
}

/// Returns the rules that the change of a field meets, with what it does in words.
pub fn hazards_of(
    address: &Address,
    change: &FieldChange,
    realm: &str,
    version: Version,
) -> Vec<(&'static HazardRule, String)> {
    let rules = kind(address.kind()).hazards;
    let judge = |change: &FieldChange| -> Vec<(&'static HazardRule, String)> {
        rules.iter().filter_map(|it| Some((it, it.judge(address, change, realm, version)?))).collect()
    };
    match &change.to {
        // A map that is new as a whole, key by key, as an update has it.
        To::Value(Node { is: Is::Map(map), .. }) if change.path.key.is_none() => {
            let of_key = |key: &str, node: &Node| FieldChange {
                path: Path::key(&change.path.field, key),
                from: change.from.as_ref().and_then(|it| it.get(key)).cloned(),
                to: To::Value(node.clone()),
                ..change.clone()
            };
            map.iter().flat_map(|(key, node)| judge(&of_key(key, node))).collect()
        }
        _ => judge(change),
    }
}

/// Returns the rules that a delete of an object meets, with what it does in words.
pub fn hazards_of_delete(address: &Address) -> Vec<(&'static HazardRule, String)> {
    let rules = kind(address.kind()).hazards.iter();
    let meets = rules.filter(|it| it.when == When::Goes && it.is_about(address));
    meets.map(|it| (it, it.does(address, &title(address)))).collect()
}

impl HazardRule {
    fn does(&self, address: &Address, it: &str) -> String {
        let up = address.parent().map(|it| title(&it)).unwrap_or_default();
        self.does.replace("{it}", it).replace("{up}", &up)
    }

    /// Returns whether it is about objects of this name.
    fn is_about(&self, address: &Address) -> bool {
        (self.of.is_empty() || self.of.contains(&address.name()))
            && (self.part.is_empty() || address.name().split(PART).next() == Some(self.part))
    }

    fn has_key(&self, key: Option<&str>) -> bool {
        if self.key == KEYS { key.is_some() } else { key.unwrap_or_default() == self.key }
    }

    /// Returns what the change of a field does, in words, where this rule is about it.
    fn judge(
        &self,
        address: &Address,
        change: &FieldChange,
        realm: &str,
        version: Version,
    ) -> Option<String> {
        let path = &change.path;
        if *path.field != *self.field || !self.has_key(path.key.as_deref()) || !self.is_about(address) {
            return None;
        }
        let to = match &change.to {
            To::Value(node) => Some(node),
            To::Unset => None,
            To::Links { .. } => return None,
        };
        let shown = self.when.meets(change.from.as_ref(), to, realm, version)?;
        let it = if address.kind() == REALM { "the realm".to_owned() } else { title(address) };
        let does = self.does(address, &it);
        Some(if shown.is_empty() { format!("{path} {does}") } else { format!("{path} {shown} {does}") })
    }
}

impl When {
    /// Returns the new value as a sentence shows it, where the change is one of these.
    fn meets(self, from: Option<&Node>, to: Option<&Node>, realm: &str, version: Version) -> Option<String> {
        // Configurations of components hold lists of one.
        let text = |it: &Node| match (it.items(), it.as_ref()) {
            ([only], _) => only.scalar(),
            (_, Some(named)) => Some(named.name().to_owned()),
            _ => it.scalar(),
        };
        let (was, is) = (from.and_then(text), to.and_then(text));
        let number = |it: &Option<String>| it.as_ref().and_then(|it| it.parse::<i64>().ok());
        let shown = is.clone().unwrap_or_default();
        let meets = match self {
            Self::Is(value) => is.as_deref() == Some(value),
            Self::Was(value) => was.as_deref() == Some(value),
            Self::Turns(a, b) => was.as_deref() == Some(a) && is.as_deref() == Some(b),
            Self::Goes => false,
            Self::Changed => true,
            Self::Set => is.as_deref().is_some_and(|it| !it.is_empty()),
            Self::Replaced => from.is_some_and(|it| !it.is_nothing()),
            Self::Emptied => from.is_some_and(|it| !it.is_nothing()) && to.is_none_or(Node::is_nothing),
            Self::Lowered => match (number(&was).unwrap_or(0), number(&is).unwrap_or(0)) {
                (_, ..=0) => false,
                (..=0, _) => true,
                (was, is) => is < was,
            },
            Self::Raised => number(&was).zip(number(&is)).is_some_and(|(was, is)| is > was),
            Self::Gains([]) => {
                let had = from.map(Node::items).unwrap_or_default();
                let new = to.map(Node::items).unwrap_or_default().iter().find(|it| !had.contains(it));
                return new.map(|it| it.scalar().unwrap_or_default());
            }
            Self::Gains(items) => {
                let has = |it: Option<&Node>, item: &str| {
                    it.is_some_and(|it| it.items().iter().any(|it| it.as_text() == Some(item)))
                };
                return items.iter().find(|it| has(to, it) && !has(from, it)).map(|it| (*it).to_owned());
            }
            Self::Acts(key, word) => {
                let was = from.map(Node::items).unwrap_or_default();
                let mut items = to.into_iter().flat_map(Node::items);
                let acts = |it: &Node| it.get(key).and_then(Node::as_text) == Some(word);
                return items.any(|it| acts(it) && !was.contains(it)).then(|| word.to_owned());
            }
            Self::Administers(below) => {
                version < below && is.as_deref().map(role).is_some_and(|it| is_administration(&it, realm))
            }
        };
        meets.then_some(shown)
    }
}

/// Reads a role as mappers name it: `client.role`.
fn role(text: &str) -> Address {
    match text.rsplit_once('.') {
        Some((client, role)) => Address::top(CLIENT, client).child(ROLE, role),
        None => Address::top(ROLE, text),
    }
}

#[cfg(test)]
mod tests;
