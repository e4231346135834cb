//! The table of kinds: what Keycloak does with every field of everything that a realm holds.
//!
//! A kind is data: one file under `kind/` each, measured on real servers. Code stands only where a table
//! would become a language: two spellings of a policy, the shorthand on a resource, the tree of roles.

mod administered;
mod authz;
mod behaviour;
mod built_in;
mod check;
mod client;
mod client_policy;
mod client_scope;
mod closed;
mod component;
mod created;
mod encode;
mod facts;
mod fields;
mod flow;
mod fresh;
mod group;
mod hazard;
mod identity_provider;
mod lift;
mod localization;
mod lower;
mod mapper;
mod migrate;
mod misread;
mod named;
mod nested;
mod organization;
mod owner;
mod policy;
mod realm;
mod recorded;
mod reference;
mod reference_page;
mod refused;
mod representation;
mod required_action;
mod role;
mod routes;
mod scope_mapping;
mod server_info;
mod service_account;
mod shorthand;
mod takes;
mod user;
mod user_profile;
mod version;
mod workflow;

pub use administered::{
    TARGETS, administered, administering, align_administered, complete_administered, is_over_administration,
    looks_like_id, may_be_an_id, name_administered, resource_for, stand_for, stands_for, type_of,
};
pub use behaviour::Becomes;
use behaviour::{Behaviour, Ordinary};
pub use built_in::{built_ins, is_admin_permissions, is_built_in, is_fine_grained};
use check::Check;
pub use check::{Said, loops, mistakes};
pub use client::{comes_along, complete_export, idle_secret, part_of_client, settings_of, words_of_fixed};
pub use closed::{
    REACHED_BY, STRICT, Strict, close, closer_type, closers, covered, decide, decide_by, keeps_closed,
    made_so, reopen, says_how_to_decide, set_apart,
};
pub use created::{
    changed_along, changed_by_update, changed_with_end, create_defaults, created, created_along,
    gone_with_end, removed_by_update, untouched,
};
pub use encode::{body, in_field, in_key, is_folder, of_body, segment, value, wire_name};
use facts::LAST;
pub use facts::{
    Covers, Losing, Members, Referred, SaysParent, Spelling, Types, field_rank, has_members, holds_much,
    is_apart, is_asked_by_name, is_everybodys, is_exported, is_of_people, known_to_servers_since, ordered_by,
    parts, rank_of, section_of, sorted_by, standing_in,
};
pub use fields::{Beside, Choice, Compare, Field, Judges, KEYS, Link, Needs, OthersAre, Sent, Stays};
use fields::{
    NOBODY, cannot_be_unset, children, choice, client_roles, field, former_permissions, formerly_permitted,
    links, one_of, relic, server_owned, useless,
};
pub use flow::{
    UNLISTED_FLOW, asks_flows, closed_flows, flows_around, identify, is_of_flow, listed_names, rank,
};
pub use fresh::{fresh_realm, kinds_of_a_fresh_realm, newest_with_fields};
pub use hazard::{Hazard, HazardRule, When, hazards_of, hazards_of_delete};
pub use lift::{Lifted, lift_object, lift_realm, looks_secret, names_a_secret};
pub use lower::{arrange, lower_realm};
pub use migrate::migrate;
pub use misread::{Misread, misread};
pub use named::{is_numbered, name_of};
pub use nested::{as_exported, named_rows};
pub use organization::MANAGED_MEMBERS;
pub use owner::{Owned, listed_name, own_name, owner, readings, rename};
pub use policy::{main_field, policy_types};
pub use realm::{has_languages, said_default_role, waits_for_the_realm};
pub use recorded::nearest_recorded;
pub use reference::{DEFAULT_ROLE, parse_address, reference, resolve_names_with_slashes};
pub use reference_page::{coverage_page, reference_page};
use refused::Refuses;
pub use refused::{
    Clash, Judge, asks_server_info, clashes, is_judged_by_type, no_such_id, policies, refused,
    refused_anywhere, refused_whole, wrong_realm_name,
};
pub use representation::{Type, field_type, fields_of, known_since};
pub use role::{
    administrator, default_role_name, is_administration, is_default_role, stands_for_default_role,
};
use routes::ROUTES;
pub use routes::{FoundBy, Routes};
pub use scope_mapping::is_only_mapped;
pub use server_info::ServerInfo;
pub use service_account::{
    account_of, denied_accounts, reserved_for, service_account, service_account_of, service_accounts,
};
pub use takes::{Form, Others, Takes};
pub use user::federated_identity::identity;
pub use user::{EMAIL_NAMES, name_users_by_email, passwords, user as user_address};
pub use user_profile::UserProfile;
use user_profile::is_email;
pub use version::{MIDDLE, NEWEST, OLDEST, Version};

use crate::state::{Address, Is, KindName, Object, PART, State};
use crate::text::{Note, Tree};

pub const REALM: KindName = KindName::new("realm");
pub const LOCALIZATION: KindName = KindName::new("localization");
pub const ROLE: KindName = KindName::new("role");
pub const GROUP: KindName = KindName::new("group");
pub const REQUIRED_ACTION: KindName = KindName::new("required-action");
pub const IDENTITY_PROVIDER: KindName = KindName::new("identity-provider");
pub const IDENTITY_PROVIDER_MAPPER: KindName = KindName::under("identity-provider", "mapper");
pub const COMPONENT: KindName = KindName::new("component");
pub const COMPONENT_MAPPER: KindName = KindName::under("component", "mapper");
pub const FLOW: KindName = KindName::new("flow");
pub const EXECUTION: KindName = KindName::under("flow", "execution");
pub const AUTHENTICATOR_CONFIG: KindName = KindName::under("execution", "config");
pub const USER_PROFILE: KindName = KindName::new("user-profile");
pub const PROFILE_ATTRIBUTE: KindName = KindName::new("user-profile/attribute");
pub const PROFILE_GROUP: KindName = KindName::new("user-profile/group");
pub const CLIENT_PROFILES: KindName = KindName::new("client-profiles");
pub const CLIENT_PROFILE: KindName = KindName::new("client-profile");
pub const CLIENT_POLICIES: KindName = KindName::new("client-policies");
pub const CLIENT_POLICY: KindName = KindName::new("client-policy");
pub const ORGANIZATION: KindName = KindName::new("organization");
pub const WORKFLOW: KindName = KindName::new("workflow");
pub const ORGANIZATION_GROUP: KindName = KindName::under("organization", "group");
pub const USER: KindName = KindName::new("user");
pub const FEDERATED_IDENTITY: KindName = KindName::under("user", "federated-identity");
pub const CLIENT: KindName = KindName::new("client");
pub const CLIENT_SCOPE: KindName = KindName::new("client-scope");
pub const MAPPER: KindName = KindName::new("mapper");
pub const SETTINGS: KindName = KindName::new("authz/settings");
pub const SCOPE: KindName = KindName::new("authz/scope");
pub const RESOURCE: KindName = KindName::new("authz/resource");
pub const POLICY: KindName = KindName::new("authz/policy");
pub const PERMISSION: KindName = KindName::new("authz/permission");

pub const OPENID_CONNECT: &str = "openid-connect";

/// Everything that is managed, in the order in which a reader meets it.
pub static KINDS: &[&Kind] = &[
    &realm::REALM,
    &localization::LOCALIZATION,
    &flow::FLOW,
    &flow::execution::EXECUTION,
    &flow::execution::CONFIG,
    &required_action::REQUIRED_ACTION,
    &user_profile::USER_PROFILE,
    &user_profile::ATTRIBUTE,
    &user_profile::GROUP,
    &identity_provider::IDENTITY_PROVIDER,
    &identity_provider::mapper::MAPPER,
    &component::COMPONENT,
    &component::mapper::MAPPER,
    &client_policy::PROFILES,
    &client_policy::PROFILE,
    &client_policy::POLICIES,
    &client_policy::POLICY,
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
    &organization::ORGANIZATION,
    &workflow::WORKFLOW,
    &organization::group::GROUP,
    &user::USER,
    &user::federated_identity::FEDERATED_IDENTITY,
];

/// Returns the table entry of a kind.
pub fn kind(name: KindName) -> &'static Kind {
    let entry = KINDS.iter().find(|it| it.name == name);
    entry.unwrap_or_else(|| unreachable!("`{name}` has no entry in KINDS, as every constant has"))
}

/// Returns the address of the realm itself.
pub fn realm_address() -> Address {
    Address::top(REALM, "")
}

#[expect(clippy::struct_excessive_bools, reason = "a table has columns that say yes or no")]
pub struct Kind {
    pub name: KindName,
    /// For sentences: "client role" is said of a role under a client.
    pub title: &'static str,
    /// The representation class that knows the fields, by the object's `type`.
    pub representation: fn(&str) -> &'static str,
    /// The field that names an object among its siblings; empty where there is one per parent.
    pub key: &'static str,
    /// The fields before the key without which that does not tell objects of one parent apart. Their values are parts of
    /// the name, and those that say nothing are left out.
    pub qualified_by: &'static [&'static str],
    /// The field that names an object whose key says nothing; empty where a key has to be said.
    pub else_named_by: &'static str,
    /// How bodies of new objects, and lists of what stands under several, say what an object stands under.
    pub says_parent: SaysParent,
    /// The field by which they stand in an order among what they stand under: where nobody says it, it follows from the place
    /// in the list. Several may have one name then: the second is called `name~2`. Empty where they stand in no order.
    pub ranked_by: &'static str,
    /// Several may be one and the same on the server, which this field tells: the first is made, and of another one only what it
    /// stands under names it, and only when that is made. They go together. Empty where each is one of its own.
    pub shared_by: &'static str,
    /// The kinds it may stand under; empty: directly under the realm.
    pub under: &'static [KindName],
    pub fields: &'static [Field],
    /// What changes of its fields do beyond the object.
    pub hazards: &'static [HazardRule],
    /// Of which objects they are: executions count where somebody goes through their flow.
    pub hazards_where: fn(&Address, &State) -> bool,
    pub routes: Routes,
    /// How a text field and a map key are unset in a PUT of the whole object.
    pub unset: Unsets,
    /// What a GET answers and a PUT of the whole must not carry.
    pub not_in_put: &'static [&'static str],
    /// Turns other accepted spellings into ours, before fields are read.
    pub normalize: Option<fn(&Tree, &mut Vec<Note>) -> Tree>,
    /// Whether an object of this type has a field that its class knows.
    pub has_field: fn(&str, &str) -> bool,
    /// What a server of a version lets nobody change.
    pub is_fixed: fn(&Address, Version) -> bool,
    pub referred: Referred,
    /// Whether reading a realm brings all of them along, as far as the rights go. Of the others only those are known that were
    /// asked for one by one: a kind that no read brings is unknown, and never absent.
    pub comes_with_realm: bool,
    /// The right without which a list of them may be cut, where fine-grained permissions hide some.
    pub hidden_without: &'static str,
    /// The users who have what it brings; nothing where it brings nothing.
    pub members: Option<Members>,
    /// The server makes or changes some of them along with other objects, so they are looked at after those.
    pub are_made_along: bool,
    /// Changes are written one by one, as one may close access and another open it.
    pub one_by_one: bool,
    /// The field that names an object as its key does, so that both are unique together, in any case.
    pub also_named_by: &'static str,
    /// Names are unique among all kinds that share theirs, under one parent.
    pub shares_names: bool,
    /// What somebody switched off outside, and an apply switches on again only with a yes.
    pub reenabled: &'static str,
    /// They are people, whom only a word of the project file lets go.
    pub are_people: bool,
    pub losing: Losing,
    /// Every owner may say something of it, and none has it alone.
    pub is_everybodys: bool,
    /// The kinds whose objects say what new ones get where nobody says it.
    pub defaults_of: &'static [KindName],
    /// What it stands under is judged with it, too: a mapper asks something of the redirects of its client.
    pub is_judged_with_parent: bool,
    /// It may say what it was called: the server gives it another name, and it keeps what hangs on it.
    pub is_renamed: bool,
    /// Whether its `type` decides which fields there are.
    pub types: Types,
    /// What manifests may say in other words than the server's.
    pub spellings: &'static [Spelling],
    /// Ledgers are kept as some of them.
    pub keep_ledgers: bool,
    /// What it says, with what stands under it, counts for the access of what names it.
    pub acts_where_named: bool,
    /// When one goes beside others: permissions before policies, policies before what they name, so that no policy is ever
    /// empty in between.
    pub turn_to_go: usize,
    /// Finds what is wrong with what manifests say of one, and what no server says beforehand.
    check: Check,
    /// Finds what a server refuses of one as a whole, at every write of it.
    refuses: Refuses,
    /// Whether a name may have a sign.
    pub takes_in_names: fn(char) -> bool,
    /// What the server judges by any field of it.
    pub judges: Judges,
    /// What texts of it may name, which has to be there whenever it is written.
    pub names_in_texts: &'static [KindName],
    /// What texts of it may name, which the server takes whether it is there or not.
    pub may_name: &'static [KindName],
    new: Created,
    /// Fields whose change brings along or drops more than the object.
    switches: &'static [&'static str],
    behaviour: &'static dyn Behaviour,
}

/// What a create says and gets beyond what manifests say.
struct Created {
    /// The recorded create (`schemas/keycloak/<minor>/create-defaults.json`) that shows the defaults of such an object; empty
    /// where there is none.
    recorded_as: fn(&Address, &Object) -> String,
    /// Fields that were said there, and are no defaults.
    said_there: &'static [&'static str],
    /// What it has to say, and what to write: the server refuses a new object without.
    needs: &'static [(&'static str, &'static str)],
    /// What a create sends although nobody mentioned it, where the server would make something else of it.
    unasked: &'static [Unasked],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unasked {
    /// What is not said to be disabled is meant to be used: the server would disable it.
    Enabled,
    /// The protocol of what it stands under, or else `OpenID` Connect: the server refuses it without one.
    Protocol,
    /// In this field what it is called.
    AsNamed(&'static str),
    /// In this field this word.
    Says(&'static str, &'static str),
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

impl Kind {
    /// Returns the words for any object of the kind: "an identity provider".
    pub fn a_title(&self) -> String {
        let article = if self.title.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        format!("{article} {}", self.title)
    }

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
            | Sent::ChildrenBy(..)
            | Sent::ChildrenByName(..)
            | Sent::ChildrenOf(_)
            | Sent::Child(_)
            | Sent::Roles
            | Sent::ScopeMappings
            | Sent::Relic => None,
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

    /// Returns whether a change of a field brings along or drops more than the object.
    pub fn is_switch(&self, field: &str) -> bool {
        self.switches.contains(&field)
    }

    pub fn is_compared(&self, field: &str) -> bool {
        self.field(field).is_none_or(|it| {
            it.compare != Compare::ServerOwned && !matches!(it.sent, Sent::CreateOnly | Sent::Relic)
        })
    }
}

/// Returns the protocol of a client, client scope or mapper as the first of these says it; the server's own
/// default where none does.
pub fn protocol<'a>(said: impl IntoIterator<Item = Option<&'a Object>>) -> &'a str {
    let mut texts = said.into_iter().flatten().map(|it| it.text("protocol"));
    texts.find(|it| !it.is_empty()).unwrap_or(OPENID_CONNECT)
}

/// Returns the words for an object in a sentence, without its name: "client role".
pub fn words(address: &Address) -> &'static str {
    if address.kind() == ROLE && address.steps().len() > 1 {
        "client role"
    } else {
        kind(address.kind()).title
    }
}

/// Returns the words for an object in a sentence: "client role `reader`".
pub fn title(address: &Address) -> String {
    let (words, name) = (words(address), address.name().replace(PART, "/"));
    if name.is_empty() { words.to_owned() } else { format!("{words} `{name}`") }
}

/// A kind with nothing beyond the ordinary: entries say what differs.
const ORDINARY: Kind = Kind {
    name: KindName::new(""),
    title: "",
    representation: |_| "",
    key: "name",
    qualified_by: &[],
    else_named_by: "",
    says_parent: SaysParent::Nowhere,
    ranked_by: "",
    shared_by: "",
    under: &[],
    fields: &[],
    hazards: &[],
    hazards_where: everywhere,
    routes: ROUTES,
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: false },
    not_in_put: &[],
    normalize: None,
    has_field: any_field,
    is_fixed: never_fixed,
    referred: Referred::ByName,
    comes_with_realm: false,
    hidden_without: "",
    members: None,
    are_made_along: false,
    one_by_one: false,
    also_named_by: "",
    shares_names: false,
    reenabled: "",
    are_people: false,
    losing: Losing::ALink,
    is_everybodys: false,
    defaults_of: &[],
    is_judged_with_parent: false,
    is_renamed: false,
    types: Types::One,
    spellings: &[],
    keep_ledgers: false,
    acts_where_named: false,
    turn_to_go: LAST,
    check: |_, _, _, _| {},
    refuses: |_, _, _, _| {},
    takes_in_names: |_| true,
    judges: NOBODY,
    names_in_texts: &[],
    may_name: &[],
    new: CREATED,
    switches: &[],
    behaviour: &Ordinary,
};

const CREATED: Created =
    Created { recorded_as: |_, _| String::new(), said_there: &[], needs: &[], unasked: &[] };

fn any_field(_: &str, _: &str) -> bool {
    true
}

fn everywhere(_: &Address, _: &State) -> bool {
    true
}

fn never_fixed(_: &Address, _: Version) -> bool {
    false
}
