//! The table of kinds: what Keycloak does with every field of everything that a realm holds.
//!
//! A kind is data: one file under `kind/` each, measured on real servers. Code stands only where a table
//! would become a language: two spellings of a policy, the shorthand on a resource, the tree of roles.

mod authz;
mod built_in;
mod client;
mod client_scope;
mod closed;
mod created;
mod encode;
mod fresh;
mod group;
mod hazard;
mod lift;
mod mapper;
mod migrate;
mod misread;
mod owner;
mod policy;
mod realm;
mod reference;
mod refused;
mod representation;
mod role;
mod scope_mapping;
mod server_info;
mod service_account;
mod shorthand;
mod user;
mod user_profile;

pub use built_in::{built_ins, is_admin_permissions, is_built_in, is_fine_grained};
pub use closed::{
    REACHED_BY, STRICT, Strict, close, closer_type, closers, decide, decide_by, keeps_closed, made_so,
    reopen, set_apart,
};
pub use created::{created, part_of_client, sent_unasked, spawned, switched, switched_off};
pub use encode::{body, segment, value, wire_name};
pub use fresh::{RECORDED_FRESH, flows, fresh_flows, fresh_realm, fresh_user_profile};
pub use hazard::{Hazard, HazardRule, When, hazards_of};
pub use lift::{Lifted, lift_object, lift_realm, looks_secret};
pub use migrate::migrate;
pub use misread::{Misread, misread};
pub use owner::{Owned, listed_name, own_name, readings, rename};
pub use policy::{goes_when_empty, main_field, policy_types};
pub use realm::{has_languages, said_default_role, waits_for_the_realm};
pub use reference::{DEFAULT_ROLE, parse_address, reference, settle_slashes};
pub use refused::{
    Clash, Judge, asks_flows, asks_server_info, clashes, policies, refused, refused_anywhere, refused_whole,
    wrong_realm_name,
};
pub use representation::{NEWEST, OLDEST, Type, Version, field_type, fields_of, known_since};
pub use role::{administrator, default_role_name, is_administration};
pub use scope_mapping::is_only_mapped;
pub use server_info::ServerInfo;
pub use service_account::{reserved_for, service_account, service_account_of};
pub use user::{EMAIL_NAMES, name_shown, name_users_by_email, renames_users};
pub use user_profile::UserProfile;
use user_profile::is_email;

use crate::change::To;
use crate::state::{Address, Is, KindName, Object};
use crate::text::{Note, Tree};

pub const REALM: KindName = KindName("realm");
pub const ROLE: KindName = KindName("role");
pub const GROUP: KindName = KindName("group");
pub const USER: KindName = KindName("user");
pub const CLIENT: KindName = KindName("client");
pub const CLIENT_SCOPE: KindName = KindName("client-scope");
pub const MAPPER: KindName = KindName("mapper");
pub const SETTINGS: KindName = KindName("authz/settings");
pub const SCOPE: KindName = KindName("authz/scope");
pub const RESOURCE: KindName = KindName("authz/resource");
pub const POLICY: KindName = KindName("authz/policy");
pub const PERMISSION: KindName = KindName("authz/permission");

pub const OPENID_CONNECT: &str = "openid-connect";

/// Everything that is managed, in the order in which a reader meets it.
pub static KINDS: &[&Kind] = &[
    &realm::REALM,
    &client_scope::CLIENT_SCOPE,
    &role::ROLE,
    &group::GROUP,
    &client::CLIENT,
    &mapper::MAPPER,
    &authz::SETTINGS,
    &authz::SCOPE,
    &authz::RESOURCE,
    &policy::POLICY,
    &policy::PERMISSION,
    &user::USER,
];

/// Returns the table entry of a kind.
pub fn kind(name: KindName) -> &'static Kind {
    KINDS.iter().find(|it| it.name == name).expect("every KindName constant has an entry in KINDS")
}

/// Returns the address of the realm itself.
pub fn realm_address() -> Address {
    Address::top(REALM, "")
}

pub struct Kind {
    pub name: KindName,
    /// For sentences: "client role" is said of a role under a client.
    pub title: &'static str,
    /// The representation class that knows the fields, by the object's `type`.
    pub representation: fn(&str) -> &'static str,
    /// The field that names an object among its siblings; empty where there is one per parent.
    pub key: &'static str,
    /// The kinds it may stand under; empty: directly under the realm.
    pub under: &'static [KindName],
    pub fields: &'static [Field],
    /// What changes of its fields do beyond the object.
    pub hazards: &'static [HazardRule],
    pub routes: Routes,
    /// How a text field and a map key are unset in a PUT of the whole object.
    pub unset: Unsets,
    /// What a GET answers and a PUT of the whole must not carry.
    pub not_in_put: &'static [&'static str],
    /// Turns other accepted spellings into ours, before fields are read.
    pub respell: Option<fn(&Tree, &mut Vec<Note>) -> Tree>,
    /// Whether an object of this type has a field that its class knows.
    pub takes: fn(&str, &str) -> bool,
    /// What a server of a version lets nobody change.
    pub is_fixed: fn(&Address, Version) -> bool,
}

/// Where an object is created, read, written and found. Placeholders: `{up}` the parent's own path,
/// `{id}`, `{name}` and `{type}` the object's.
pub struct Routes {
    /// POST here; empty where only the server makes such objects.
    pub collection: &'static str,
    /// GET, PUT and DELETE here.
    pub own: &'static str,
    /// GET here and take the one with this name: for ids that no answer told.
    pub find: &'static str,
    /// The field that holds the id.
    pub id: &'static str,
    /// The field of the parent's representation that shows such objects as they are stored; empty where GET
    /// does. Plans compare with that form, so an update begins with it.
    pub row: &'static str,
}

pub struct Unsets {
    pub text: Unset,
    pub key: Unset,
    /// The server drops map keys whose value is empty.
    pub empty_keys_vanish: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    Null,
    EmptyText,
    /// Leave it out of the whole.
    Omit,
    /// The server always keeps a value: `null` is an input error.
    Never,
}

/// A field that needs a rule. Fields without one compare as their type says and travel in the body.
pub struct Field {
    pub name: &'static str,
    pub compare: Compare,
    pub sent: Sent,
    /// How the field is unset, where that is not by its type.
    pub unset: Option<Unset>,
    /// How one of its keys is unset, where that is not as in the kind's other maps.
    pub unset_key: Option<Unset>,
    /// A value that goes without saying, and that a create leaves out: said, it makes the server add defaults
    /// of its own.
    pub implied: &'static str,
    /// Keys at any depth in this field whose values are secrets.
    pub secret_keys: &'static [&'static str],
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
    /// A map that goes as a whole: the server refuses a part of it, and then every change of the object.
    pub whole: bool,
    /// The server draws a new value when this switch of the object goes off, whatever else is said beside that.
    pub drawn_with: &'static str,
    /// Features without which the server keeps this off, or refuses a key of it: the key, empty for the field
    /// itself, and the feature.
    pub features: &'static [(&'static str, &'static str)],
    /// The server leaves out targets of another protocol than the object's, without a word.
    pub same_protocol: bool,
    /// Links that stay although no manifest mentions them, unless we made them.
    pub stays: Stays,
    /// What the server judges by it.
    pub judges: Judges,
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
}

/// Objects that the server refuses, or changes, by what a field of another object says.
#[derive(Clone, Copy)]
pub struct Judges {
    /// The kinds that are judged, anywhere in the realm: writes of theirs come after a change of the field.
    pub kinds: &'static [KindName],
    /// What it allows is allowed while it is on: writes come before it goes off.
    pub allows: bool,
}

impl Judges {
    /// Returns whether a change ends what the field allows.
    pub fn goes_off(&self, to: &To) -> bool {
        self.allows && !matches!(to, To::Value(node) if node.as_bool() == Some(true))
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

/// How a field is compared. Lists are sets: no list of these kinds has a meaningful order on the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// As the representation's type says.
    Typed,
    /// Text in lower case.
    Folded,
    Refs(KindName),
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
    /// One object of its own.
    Child(KindName),
    /// Roles of the realm and of clients.
    Roles,
    /// Which roles tokens of clients may carry: links of clients and client scopes, written at the realm.
    ScopeMappings,
    /// Known to Keycloak, not managed by this version: an input error, never ignored.
    NotYet,
}

impl Sent {
    /// Returns whether a create says it.
    pub fn is_created_with(self) -> bool {
        match self {
            Self::Body | Self::Always | Self::CreateOnly | Self::Fixed | Self::FixedOf(_) => true,
            Self::Links(_)
            | Self::Children(_)
            | Self::Child(_)
            | Self::Roles
            | Self::ScopeMappings
            | Self::NotYet => false,
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
}

impl Kind {
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|it| it.name == name)
    }

    /// Returns whether a field is written by links, and how.
    pub fn link(&self, field: &str) -> Option<Link> {
        match self.field(field)?.sent {
            Sent::Links(link) => Some(link),
            Sent::Body
            | Sent::Always
            | Sent::CreateOnly
            | Sent::Fixed
            | Sent::FixedOf(_)
            | Sent::Children(_)
            | Sent::Child(_)
            | Sent::Roles
            | Sent::ScopeMappings
            | Sent::NotYet => None,
        }
    }

    /// Returns what a field of an object of this type holds once it is unset; nothing where it cannot be.
    pub fn unset_value(&self, field: &str, of: &str) -> Option<Is> {
        if self.field(field).is_some_and(|it| it.unset == Some(Unset::Never)) {
            return None;
        }
        match field_type((self.representation)(of), field)? {
            Type::Text | Type::Map(_) | Type::Any | Type::Class(_) => Some(Is::Null),
            Type::List(_) => Some(Is::List(Vec::new())),
            Type::Boolean => Some(Is::Bool(false)),
            Type::Enum(_) | Type::Integer | Type::Number => None,
        }
    }

    pub fn is_compared(&self, field: &str) -> bool {
        self.field(field).is_none_or(|it| {
            it.compare != Compare::ServerOwned && !matches!(it.sent, Sent::CreateOnly | Sent::NotYet)
        })
    }
}

/// Returns the protocol of a client, client scope or mapper as the first of these says it; the server's own
/// default where none does.
pub fn protocol<'a>(said: impl IntoIterator<Item = Option<&'a Object>>) -> &'a str {
    let mut texts = said.into_iter().flatten().map(|it| it.text("protocol"));
    texts.find(|it| !it.is_empty()).unwrap_or(OPENID_CONNECT)
}

/// Returns the words for an object in a sentence: "client role `reader`".
pub fn title(address: &Address) -> String {
    let kind = kind(address.kind());
    let words = if address.kind() == ROLE && address.steps().len() > 1 { "client role" } else { kind.title };
    if address.name().is_empty() { words.to_owned() } else { format!("{words} `{}`", address.name()) }
}

const fn field(name: &'static str) -> Field {
    Field {
        name,
        compare: Compare::Typed,
        sent: Sent::Body,
        unset: None,
        unset_key: None,
        implied: "",
        secret_keys: &[],
        server_keys: &[],
        excludes: "",
        list: "",
        expects: "",
        turns_off: &[],
        needs: &[],
        beside: &[],
        whole: false,
        drawn_with: "",
        features: &[],
        same_protocol: false,
        stays: Stays::Nothing,
        judges: Judges { kinds: &[], allows: false },
    }
}

/// The server puts a value of its own in the place of nothing, or fails.
const fn kept(name: &'static str) -> Field {
    Field { unset: Some(Unset::Never), ..field(name) }
}

const fn server_owned(name: &'static str) -> Field {
    Field { compare: Compare::ServerOwned, ..field(name) }
}

const fn not_yet(name: &'static str) -> Field {
    Field { sent: Sent::NotYet, ..field(name) }
}

const fn links(name: &'static str, kind: KindName, link: Link) -> Field {
    Field { compare: Compare::Refs(kind), sent: Sent::Links(link), ..field(name) }
}

const fn children(name: &'static str, kind: fn(&Tree) -> KindName) -> Field {
    Field { sent: Sent::Children(kind), ..field(name) }
}

fn any_field(_: &str, _: &str) -> bool {
    true
}

fn never_fixed(_: &Address, _: Version) -> bool {
    false
}
