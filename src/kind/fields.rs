//! What the table says of a field.

use std::collections::BTreeSet;

use super::{Form, Others, ROLE, ServerInfo, TARGETS, Takes, Unset, Version};
use crate::change::To;
use crate::state::{Address, Is, KindName, Node, Object};
use crate::text::{At, Tree, TreeIs};

/// A field that needs a rule. Fields without one compare as their type says and travel in the body.
#[expect(clippy::struct_excessive_bools, reason = "a table has columns that say yes or no")]
pub struct Field {
    pub name: &'static str,
    pub compare: Compare,
    pub sent: Sent,
    /// How the field is unset, where that is not by its type.
    pub unset: Option<Unset>,
    /// How one of its keys is unset, where that is not as in the kind's other maps.
    pub unset_key: Option<Unset>,
    /// A value that goes without saying, and that a create leaves out: said, it may make the server add defaults of its own.
    /// An object that says nothing has it.
    pub implied: &'static str,
    /// Keys at any depth in this field whose values are secrets.
    pub secret_keys: &'static [&'static str],
    /// A map of texts that everybody may see: none is a secret for the word in its key.
    pub is_public: bool,
    /// Keys whose values the server alone decides: accepted, as exports have them, and never compared. Beside each the
    /// value that it has nearly everywhere; empty where anything may stand.
    pub server_keys: &'static [(&'static str, &'static str)],
    /// The field of the same object that a target leaves when it is named here: it stands in one of the two.
    pub excludes: &'static str,
    /// What the field is called beside the one that it excludes.
    pub list: &'static str,
    /// A target without which tokens lack what most applications need.
    pub expects: &'static str,
    /// Switches of the same object that the server turns off while this one is on.
    pub turns_off: &'static [&'static str],
    /// What it takes to keep this key of the map: without `auth: "true"` the server drops a password.
    pub needs: &'static [Needs],
    /// Secrets of the map, and what of it says to whom they go.
    pub beside: &'static [Beside],
    /// A map that only goes as a whole, with what others said in it: the server refuses a part of it, and then every change
    /// of the object; or it goes with the object, which others fill, too.
    pub whole: bool,
    /// Switches of the object with which the server keeps no value, below a version or on all, and draws a new one when they
    /// go off, whatever else is said beside that.
    pub drawn_with: &'static [(&'static str, Option<Version>)],
    /// Features without which the server keeps this off, or refuses a key of it: the key, empty for the field
    /// itself, and the feature.
    pub features: &'static [(&'static str, &'static str)],
    /// The server leaves out targets of another protocol than the object's, without a word.
    pub same_protocol: bool,
    /// The server deletes the object with the last target.
    pub deleted_with_last_target: bool,
    /// Links that stay although no manifest mentions them, unless we made them.
    pub stays: Stays,
    /// What the server judges by it.
    pub judges: Judges,
    /// Another field of the same object: what one that is named there loses from its own field of this name, the server takes
    /// from here, too.
    pub follows: &'static str,
    /// The server deletes no target that is named here.
    pub holds: bool,
    /// The order of its objects means something.
    pub ordered: bool,
    /// That it, or a key of it, is there says something, whatever is in it.
    pub counts_when_empty: bool,
    /// Names that its texts have to be, of what the server has.
    pub choices: &'static [Choice],
    /// What its texts, or those of its keys, may be on every server.
    pub takes: &'static [Takes],
    /// It names a flow of this type that stands in no other; empty where it names none.
    pub flow: &'static str,
    /// The field of a body that takes the id of what is named; empty where it takes the name.
    pub by_id: &'static str,
    /// The switch of a body that takes an id which says that there is one; empty where the id says it.
    pub with_id: &'static str,
    /// Its words by how much they ask for, the least first.
    pub grades: &'static [&'static str],
    /// What is named here is a part of the object: it is written before that is, and goes with it.
    pub is_part: bool,
    /// What to do in place of saying it, where it is an input error for good.
    pub instead: &'static str,
    /// Never compared, and looked at all the same: it tells whose an object is.
    pub is_telling: bool,
    /// A target, or an item, is named here by one object at a time.
    pub has_one: bool,
    /// Only what this field names of what the object stands under: others the server refuses.
    pub among: Option<(KindName, &'static str)>,
}

/// Stands for the keys of a map, whatever is in them.
pub const KEYS: &str = "*";

/// Texts of a field, of one key of it, or its keys ([`KEYS`]), that must be names of what the server has.
pub struct Choice {
    pub key: &'static str,
    /// What such a name is the name of.
    pub noun: &'static str,
    pub names: ServerNames,
    pub others_are: OthersAre,
}

/// Returns the names of what a server has for an object.
type ServerNames = for<'a> fn(&'a ServerInfo, &Object) -> BTreeSet<&'a str>;

/// What becomes of a name that the server does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OthersAre {
    Refused,
    /// Refused, as types of policies are: what decides would be missing.
    RefusedType,
    Unused,
    Dropped,
}

impl Field {
    /// Returns whether one list names all of a kind, wherever they stand: roles of clients as `client/role`. What permissions over
    /// administration are for does.
    pub fn names_all(&self) -> bool {
        matches!(self.compare, Compare::RefItems { .. }) || self.name == TARGETS
    }

    /// Returns what of an item only one object may name, where [`Field::has_one`]: the item, or what tells it apart.
    pub fn held<'n>(&self, item: &'n Node) -> Option<&'n Node> {
        if let Compare::Keyed(name) = self.compare { item.get(name) } else { Some(item) }
    }

    /// Returns the switches of the object with which a server of this version keeps no value of the field.
    pub fn lost_with(&self, version: Version) -> impl Iterator<Item = &'static str> + use<> {
        let on_this = move |below: Option<Version>| below.is_none_or(|it| version < it);
        self.drawn_with.iter().filter(move |it| on_this(it.1)).map(|it| it.0)
    }
}

/// Which links of an object stay although nobody mentions them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    Nothing,
    /// The role that every user has.
    DefaultRole,
    /// What came with the realm.
    BuiltIn,
    /// All, of an object that came with the realm.
    OfBuiltIn,
    /// These client scopes: on every client, and on those that somebody else made.
    Scopes {
        always: &'static [&'static str],
        adopted: &'static [&'static str],
    },
    /// Those that another field of the object tells by name.
    Told(&'static str),
}

/// Objects that the server refuses, or changes, by what a field of another object says.
#[derive(Clone, Copy)]
pub struct Judges {
    /// The kinds that are judged, anywhere in the realm: writes of theirs come after a change of the field.
    pub kinds: &'static [KindName],
    /// The values with which it allows something: that is allowed while it has one of them, so writes come before it has
    /// none. Empty where it allows nothing.
    pub allows: &'static [&'static str],
    /// The key that says so, where the field is a map.
    pub key: &'static str,
}

/// Nothing is judged by it.
pub(super) const NOBODY: Judges = Judges { kinds: &[], allows: &[], key: "" };

impl Judges {
    /// Returns whether a change of the field, or of one key of it, ends what it allows: a list allows it with any of its items.
    pub fn goes_off(&self, key: Option<&str>, to: &To) -> bool {
        let is_one = |it: &Node| it.scalar().is_some_and(|it| self.allows.contains(&&*it));
        let is_allowed = |it: &Node| is_one(it) || it.items().iter().any(is_one);
        let stays = match (to, key) {
            (_, Some(key)) if key != self.key => true,
            (To::Value(map @ Node { is: Is::Map(_), .. }), None) => map.get(self.key).is_some_and(is_allowed),
            (To::Value(node), _) => is_allowed(node),
            (To::Unset | To::Links { .. }, _) => false,
        };
        !self.allows.is_empty() && !stays
    }
}

/// Keys of a map that the server drops while another key has another value.
pub struct Needs {
    pub keys: &'static [&'static str],
    pub key: &'static str,
    pub value: &'static str,
    /// The first version that drops them.
    pub since: Version,
}

/// A secret that the server keeps when it is not sent, and the keys beside it that say where it goes and for whom.
pub struct Beside {
    pub secret: &'static str,
    pub keys: &'static [&'static str],
}

/// How a field is compared. Lists are sets, as most have no order on the server that means something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// As the representation's type says.
    Typed,
    /// A list, as its type says, in its order.
    InOrder,
    /// Text in lower case.
    Folded,
    /// A list of maps that this key tells apart, in lower case. What an item does not say of one that is there stays.
    Keyed(&'static str),
    Refs(KindName),
    /// The name of one object.
    Ref(KindName),
    /// A map of names.
    RefMap(KindName),
    /// The user that owns a resource; the client itself is the default and not shown.
    Owner,
    /// A map of client to role names.
    ClientRoles,
    /// `{realm: [..], client: {..}}`.
    RoleTree,
    /// A list of `{id, option}`, where the option is false when absent.
    RefItems {
        kind: KindName,
        id: &'static str,
        option: &'static str,
    },
    Secret,
    /// What the server decides; accepted in manifests (exports have it) and never compared.
    ServerOwned,
}

/// How a field is written.
#[derive(Clone, Copy)]
pub enum Sent {
    Body,
    /// In the body of every update: permissions of `admin-permissions` are refused without (400 on 26.7.5).
    Always,
    /// Sent on create and not compared afterwards.
    CreateOnly,
    /// Sent on create; a difference later cannot be mended.
    Fixed,
    /// Fixed there, and else as the rest of the body.
    FixedOf(fn(&Address, Version) -> bool),
    Links(Link),
    /// A list whose items are objects of their own.
    Children(fn(&Tree) -> KindName),
    /// A map of lists of them: its keys say this field of each.
    ChildrenBy(KindName, &'static str),
    /// A map of them by their names: what stands there is this field of each, and all that one says.
    ChildrenByName(KindName, &'static str),
    /// A list of what stands under several objects, each of which names its parent (`Kind::says_parent`).
    ChildrenOf(KindName),
    /// One object of its own.
    Child(KindName),
    /// Roles of the realm and of clients.
    Roles,
    /// Which roles tokens of clients may carry: links of clients and client scopes, written at the realm.
    ScopeMappings,
    /// Kept elsewhere by a server of today, or not at all: an input error, never ignored.
    Relic,
}

impl Sent {
    /// Returns the kind of the objects that a field holds; where their type decides it, that of those without one.
    pub fn holds(self) -> Option<KindName> {
        match self {
            Self::Children(of) => Some(of(&Tree::new(At::SERVER, TreeIs::Null))),
            Self::Child(kind)
            | Self::ChildrenBy(kind, _)
            | Self::ChildrenByName(kind, _)
            | Self::ChildrenOf(kind) => Some(kind),
            Self::Roles => Some(ROLE),
            _ => None,
        }
    }

    /// Returns whether a create says it.
    pub fn is_created_with(self) -> bool {
        match self {
            Self::Body | Self::Always | Self::CreateOnly | Self::Fixed | Self::FixedOf(_) => true,
            Self::Links(_)
            | Self::Children(_)
            | Self::ChildrenBy(..)
            | Self::ChildrenByName(..)
            | Self::ChildrenOf(_)
            | Self::Child(_)
            | Self::Roles
            | Self::ScopeMappings
            | Self::Relic => false,
        }
    }

    /// Returns whether the server keeps what an object was created with.
    pub fn is_fixed(self, address: &Address, version: Version) -> bool {
        match self {
            Self::Fixed => true,
            Self::FixedOf(is_there) => is_there(address, version),
            _ => false,
        }
    }
}

/// Links are set-valued fields of exactly one owner, written by calls of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// POST and DELETE of role lists at `{own}/{path}/…`: `role-mappings` or `scope-mappings`.
    Mappings(&'static str),
    /// POST and DELETE of role lists at `{own}/composites`.
    Composites,
    /// PUT and DELETE of `{own}/{path}/{target id}`.
    Each(&'static str),
    /// POST of the target's id alone to `{own}/{path}`, and DELETE of `{own}/{path}/{target id}`.
    ById(&'static str),
    /// The same with its name.
    ByName(&'static str),
}

pub(super) const fn field(name: &'static str) -> Field {
    Field {
        name,
        compare: Compare::Typed,
        sent: Sent::Body,
        unset: None,
        unset_key: None,
        implied: "",
        secret_keys: &[],
        is_public: false,
        server_keys: &[],
        excludes: "",
        list: "",
        expects: "",
        turns_off: &[],
        needs: &[],
        beside: &[],
        whole: false,
        drawn_with: &[],
        features: &[],
        same_protocol: false,
        deleted_with_last_target: false,
        stays: Stays::Nothing,
        judges: NOBODY,
        ordered: false,
        counts_when_empty: false,
        choices: &[],
        takes: &[],
        flow: "",
        by_id: "",
        with_id: "",
        grades: &[],
        is_part: false,
        is_telling: false,
        has_one: false,
        among: None,
        instead: "",
        follows: "",
        holds: false,
    }
}

/// The server puts a value of its own in the place of nothing, or fails.
pub(super) const fn cannot_be_unset(name: &'static str) -> Field {
    Field { unset: Some(Unset::Never), ..field(name) }
}

pub(super) const fn server_owned(name: &'static str) -> Field {
    Field { compare: Compare::ServerOwned, ..field(name) }
}

/// What a server of today keeps elsewhere, or not at all: an input error that says what to do in its place.
pub(super) const fn relic(name: &'static str, instead: &'static str) -> Field {
    Field { sent: Sent::Relic, instead, ..field(name) }
}

/// The permissions over administration of former versions, which no representation has.
pub(super) const fn former_permissions(instead: &'static str) -> Field {
    relic("managementPermissions", instead)
}

/// Those of a kind that has a type among the permissions of today.
macro_rules! formerly_permitted {
    ($of_type:literal) => {
        $crate::kind::fields::former_permissions(concat!(
            "say what is permitted in the client `admin-permissions`, by permissions with `resourceType: ",
            $of_type,
            "`"
        ))
    };
}
pub(super) use formerly_permitted;

/// The roles of clients that users have, by themselves or in a group.
pub(super) const fn client_roles() -> Field {
    Field {
        compare: Compare::ClientRoles,
        sent: Sent::Links(Link::Mappings("role-mappings")),
        ..field("clientRoles")
    }
}

/// Texts that name what the server has; others it refuses.
pub(super) const fn choice(noun: &'static str, names: ServerNames) -> Choice {
    Choice { key: "", noun, names, others_are: OthersAre::Refused }
}

/// Texts that name what the server has; others it keeps and does not use.
pub(super) const fn useless(noun: &'static str, names: ServerNames) -> Choice {
    Choice { others_are: OthersAre::Unused, ..choice(noun, names) }
}

/// A few words; others are refused.
pub(super) const fn one_of(key: &'static str, all: &'static [&'static str]) -> Takes {
    Takes { key, form: Form::Words(all), others: Others::Refused }
}

pub(super) const fn links(name: &'static str, kind: KindName, link: Link) -> Field {
    Field { compare: Compare::Refs(kind), sent: Sent::Links(link), ..field(name) }
}

pub(super) const fn children(name: &'static str, kind: fn(&Tree) -> KindName) -> Field {
    Field { sent: Sent::Children(kind), ..field(name) }
}
