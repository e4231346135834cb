//! What the table says of a kind in one word, for those who must not ask for its name.

use super::{Compare, Field, GROUP, KINDS, Kind, ROLE, Sent, Version, field_type, kind, known_since};
use crate::state::{Address, KindName, Object};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Types {
    /// All have the same fields.
    One,
    /// These types, and no others.
    Known,
    /// These types, and those of extensions of a server.
    KnownAndOthers,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `config`, in which an export keeps fields as text.
    Config,
    /// `permissions` of a resource, which stand in place of permissions and policies of their own.
    Permissions,
    /// Whatever is named may be a map with a `name`.
    NamesInMaps,
}

/// What a list says of the objects in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// All that each of them has.
    Whole,
    /// Not what each of them holds or names, which is asked for one by one.
    Brief,
    /// Their names and nothing else: each is read at its own path.
    NamesAlone,
    /// Only those are known that somebody asked for by name; the list is read where that takes fewer requests.
    Named,
    /// All that each of them has, and no export has them: it is read where somebody says something of one.
    Apart,
}

/// How the server is told which object another one names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Referred {
    ByName,
    /// By its id where the name has a slash, which the server would take apart.
    ByNameWithoutSlash,
    /// By its id where that is known: it may be found by another name than it is shown by.
    ByKnownId,
    ById,
}

/// How an object says what it stands under, where its path does not say it all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SaysParent {
    Nowhere,
    /// By the name of the parent, in this field.
    ByName(&'static str),
    /// By its id.
    ById(&'static str),
}

/// What an object loses with the target of a reference that the server takes from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Losing {
    ALink,
    /// Something that decides who may do what.
    Access,
    /// That, too, and without any target it decides otherwise than before: for nobody or, when negative, for everybody.
    AccessAndSense,
}

/// Users who are in a group or have a role.
#[derive(Clone, Copy)]
pub struct Members {
    /// Where its own path leads to them.
    pub path: &'static str,
    /// What one and what several of them do with it, in a sentence.
    pub verbs: [&'static str; 2],
}

/// The turn to go of what no rule of access hangs on.
pub(super) const LAST: usize = 4;

impl Kind {
    /// Returns whether one may stand under another one of this kind.
    pub fn nests(&self) -> bool {
        self.under.contains(&self.name)
    }

    /// Returns the field that says what an object is called; nothing where there is one per parent, or where it is called like
    /// what it names.
    pub fn own_key(&self) -> Option<&'static str> {
        let names = self.field(self.key).is_some_and(|it| matches!(it.compare, Compare::Ref(_)));
        Some(self.key).filter(|it| !it.is_empty() && !names)
    }

    /// Returns the field that says what an object is called where nothing else is known of it than its name; empty where there
    /// is one per parent.
    pub fn naming_key(&self) -> &'static str {
        let named_by = if self.else_named_by.is_empty() { self.key } else { self.else_named_by };
        self.own_key().unwrap_or(named_by)
    }

    /// Returns the fields that follow those of other objects, as [`Field::follows`] says.
    pub fn followers(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|it| !it.follows.is_empty())
    }

    /// Returns the fields of this kind that fields of other objects follow.
    pub fn followed(&self) -> impl Iterator<Item = &'static str> {
        let is_of_this = |kind: &Kind, it: &Field| {
            kind.field(it.follows).is_some_and(|it| it.compare == Compare::Refs(self.name))
        };
        KINDS
            .iter()
            .flat_map(move |kind| kind.followers().filter(move |it| is_of_this(kind, it)).map(|it| it.name))
    }

    /// Returns the right without which those under this parent, or directly under the realm, cannot be seen.
    pub fn needs(&self, parent: Option<&Address>) -> &'static str {
        let of = parent.filter(|_| self.is_top()).map(|it| kind(it.kind()));
        of.unwrap_or(self).routes.needs
    }

    /// Returns whether several of one name may stand beside each other, told apart by their order alone.
    pub fn is_ranked(&self) -> bool {
        !self.ranked_by.is_empty()
    }

    /// Returns whether they are written with one document, or are such a document.
    pub fn is_in_document(&self) -> bool {
        let has_parts = |it: &&Kind| !it.routes.document.is_empty() && it.routes.own == self.routes.own;
        KINDS.iter().any(has_parts)
    }

    /// Returns whether new objects of other kinds get defaults that one of this kind says.
    pub fn gives_defaults(&self) -> bool {
        KINDS.iter().any(|it| it.defaults_of.contains(&self.name))
    }

    /// Returns whether objects of this kind may stand directly under the realm.
    pub fn is_top(&self) -> bool {
        self.under.is_empty() || self.name == ROLE || self.name == GROUP
    }

    /// Returns whether they stand directly under the realm, and elsewhere too: in a client, or in another group.
    pub fn has_several_places(&self) -> bool {
        self.is_top() && !self.under.is_empty()
    }

    /// Returns whether they are of the realm or of a client, as roles are.
    pub fn is_of_realm_or_client(&self) -> bool {
        self.has_several_places() && !self.nests()
    }
}

/// Returns the object that says in which order an object and its siblings stand, and the field that does; nothing where
/// they stand in none.
pub fn ordered_by(address: &Address) -> Option<(Address, &'static str)> {
    KINDS.iter().find_map(|kind| {
        let rule = kind.fields.iter().find(|it| it.ordered && it.sent.holds() == Some(address.kind()))?;
        let parent = address.parent();
        let owner = match parent {
            // What exists once per parent stands beside its objects.
            Some(parent) if kind.key.is_empty() => parent.child(kind.name, ""),
            Some(parent) => parent,
            None => Address::top(kind.name, ""),
        };
        Some((owner, rule.name))
    })
}

/// Returns whether objects of a kind hold much: a client has roles, mappers and authorization.
pub fn holds_much(kind: KindName) -> bool {
    KINDS.iter().filter(|it| it.under.contains(&kind)).count() > 2
}

/// Returns whether an address is that of a person, or of something that people have.
pub fn is_of_people(address: &Address) -> bool {
    address.steps().first().is_some_and(|it| kind(it.kind).are_people)
}

/// Returns how early a field is read: what an object is called, of what type it is, and then the rest.
pub fn field_rank(field: &str) -> usize {
    let names = |it: &&Kind| field == "realm" || it.key == field || it.naming_key() == field;
    let is_type = |it: &&Kind| {
        it.is_made_with(field) || it.field(field).is_some_and(|it| matches!(it.sent, Sent::Fixed))
    };
    if KINDS.iter().any(names) {
        0
    } else if KINDS.iter().any(is_type) {
        1
    } else {
        2
    }
}

/// Returns the field of a kind by which its objects stand in a map of lists; nothing where they stand in a list alone.
pub fn sorted_by(kind: KindName) -> Option<&'static str> {
    KINDS.iter().flat_map(|it| it.fields).find_map(|it| match it.sent {
        Sent::ChildrenBy(of, field) if of == kind => Some(field),
        _ => None,
    })
}

/// Returns the number by which an object stands among its siblings; nothing where it stands in no order, or none is known.
pub fn rank_of(address: &Address, object: &Object) -> Option<i64> {
    object.get(kind(address.kind()).ranked_by)?.scalar()?.parse().ok()
}

/// Returns what an object names that is a part of it, and goes with it: the sub-flow of an execution.
pub fn parts<'o>(address: &Address, object: &'o Object) -> impl Iterator<Item = &'o Address> {
    let rules = kind(address.kind()).fields.iter().filter(|it| it.is_part);
    rules.filter_map(|it| object.get(it.name)?.as_ref())
}

/// Returns whether users have what an object brings: groups and roles.
pub fn has_members(address: &Address) -> bool {
    kind(address.kind()).members.is_some()
}

/// Returns whether an object is known only where somebody asked for it by its name.
pub fn is_asked_by_name(address: &Address) -> bool {
    kind(address.kind()).routes.covers == Covers::Named
}

/// Returns whether an object is known only where somebody says something of one of its kind.
pub fn is_apart(address: &Address) -> bool {
    kind(address.kind()).routes.covers == Covers::Apart
}

/// Returns the recorded version that knows a place for objects of a kind, where the oldest knows none.
fn place_known_since(of: KindName) -> Option<Version> {
    let holds = |kind: &'static Kind| {
        kind.fields.iter().filter(move |it| it.sent.holds() == Some(of)).map(move |it| (kind, it))
    };
    let places = KINDS.iter().filter(|it| it.name != of).flat_map(|it| holds(it));
    places.map(|(kind, it)| known_since((kind.representation)(""), it.name)).min().flatten()
}

/// Returns the field of a realm's representation in which objects of a kind stand.
pub fn section_of(kind: &Kind) -> Option<&'static str> {
    super::realm::REALM.fields.iter().find(|it| it.sent.holds() == Some(kind.name)).map(|it| it.name)
}

/// Returns whether exports of a realm have the section of a kind: that is a property of their representation.
pub fn is_exported(kind: &Kind) -> bool {
    let class = (super::realm::REALM.representation)("");
    section_of(kind).is_some_and(|it| field_type(class, it).is_some())
}

/// Returns the recorded version that objects of a kind need at least, where the oldest knows none: their class came with it, or the
/// place where they stand.
pub fn known_to_servers_since(kind: &Kind) -> Option<Version> {
    known_since((kind.representation)(""), kind.key).or_else(|| place_known_since(kind.name))
}

/// Returns the kind whose objects stand in a section: a field of a realm or of another object, as exports have it. Parts of
/// documents are called like others.
pub fn standing_in(section: &str) -> Option<&'static Kind> {
    let named = KINDS.iter().filter_map(|it| Some((it, it.field(section)?.sent.holds()?)));
    named.filter(|(of, _)| !of.is_in_document()).map(|(_, holds)| kind(holds)).next()
}

/// Returns whether no owner has an object alone.
pub fn is_everybodys(address: &Address) -> bool {
    kind(address.kind()).is_everybodys
}
