//! The page of what becomes of every property that Keycloak's representations have. A test holds the committed page against
//! it, and finds properties without an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::field::of_null;
use super::{read, types};
use crate::kind::representation::classes_known;
use crate::kind::{Compare, KINDS, Kind, Sent, Type, field_type, fields_of};

/// Returns the page in Markdown, and the representations that have no answer.
pub fn coverage_page() -> (String, Vec<String>) {
    let classes: BTreeSet<&str> = classes_known().collect();
    let held = held();
    let mut page = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unanswered = Vec::new();
    for class in &classes {
        let of_kind = of_kinds(class);
        let reason = LEFT_ALONE.iter().find(|it| it.0.contains(class)).map(|it| it.1);
        let _ = write!(page, "\n## `{class}`\n\n");
        if of_kind.is_empty() {
            // Nothing of it is said by itself.
            let (words, what) = match (held.get(class), reason) {
                (Some(Holder { kind, field, ends: None }), _) => {
                    (format!("What `{field}` of {} holds, and treated with it.", kind.a_title()), WITHIN)
                }
                (Some(Holder { kind, field, ends: Some(why) }), _) => {
                    (format!("What `{field}` of {} holds: {why}.", kind.a_title()), REFUSED)
                }
                (None, Some(reason)) => (format!("Left alone: {reason}."), ALONE),
                (None, None) => {
                    unanswered.push((*class).to_owned());
                    (NO_ANSWER.to_owned(), NO_ANSWER)
                }
            };
            let fields: Vec<String> = fields_of(class).map(|it| format!("`{it}`")).collect();
            *counts.entry(what).or_default() += fields.len();
            let _ = writeln!(page, "{words}\n\n{}.", fields.join(", "));
            continue;
        }
        let kinds: Vec<String> = of_kind.iter().map(|it| it.0.a_title()).collect();
        let first = of_kind[0].0;
        let _ =
            writeln!(page, "{}. {}\n", kinds.join(", "), read(first.comes_with_realm, first.routes.covers));
        let _ = write!(page, "| property | compared | written | `null` | tested |\n|---|---|---|---|---|\n");
        for field in fields_of(class) {
            // Of several kinds with one class, what one of them manages is managed.
            let rows = of_kind.iter().map(|(kind, of)| row(kind, of, class, field));
            let Some(Row { what, cells }) = rows.min_by_key(|it| it.what == REFUSED) else { continue };
            *counts.entry(what).or_default() += 1;
            let _ = writeln!(page, "| `{field}` | {} |", cells.join(" | "));
        }
    }
    let total: usize = counts.values().sum();
    let list: String = counts.iter().map(|(what, count)| format!("| {what} | {count} |\n")).collect();
    let head = format!(
        "{INTRO}\n{total} properties of {} representations:\n\n| | |\n|---|---|\n{list}",
        classes.len()
    );
    (head + &page, unanswered)
}

const INTRO: &str = "\
# What becomes of every property
Every property of every representation that Keycloak 26.0 and 26.7 know, and what is done with it. What is compared is written,
changed and unset on both versions by a trial (`tests/live/probe.rs`), unless its row says otherwise.
";

const MANAGED: &str = "compared and written";
const ONCE: &str = "written on create";
const APART: &str = "objects or links of their own";
const SERVER: &str = "decided by the server";
const WITHIN: &str = "part of what is compared as a whole, or decided with it";
const REFUSED: &str = "refused with a reason";
const ALONE: &str = "left alone";
const NO_ANSWER: &str = "no answer";

/// A row of a property: what is counted, and its cells.
struct Row {
    what: &'static str,
    cells: [String; 4],
}

/// The kinds, and their types, whose representation is a class.
fn of_kinds(class: &str) -> Vec<(&'static Kind, &'static str)> {
    let of = |kind: &'static Kind| types(kind).into_iter().find(|it| (kind.representation)(it) == class);
    KINDS.iter().filter_map(|kind| Some((*kind, of(kind)?))).collect()
}

/// What a property of an object of a kind and a type becomes.
fn row(kind: &'static Kind, of: &str, class: &str, field: &str) -> Row {
    let cells = |compared: &str, written: &str, unset: &str, tested: &str| {
        [compared, written, unset, tested].map(str::to_owned)
    };
    let rule = kind.field(field);
    if field == kind.key && rule.is_none() {
        return Row { what: MANAGED, cells: cells("names it", "on create", "-", "everywhere") };
    }
    if kind.qualified_by.contains(&field) || field == kind.else_named_by && rule.is_none() {
        return Row { what: MANAGED, cells: cells("names it with others", "on create", "-", "everywhere") };
    }
    if !(kind.has_field)(of, field) {
        let why = "refused: of other types, or another spelling";
        return Row { what: REFUSED, cells: cells(why, "-", "-", "-") };
    }
    let compare = rule.map_or(Compare::Typed, |it| it.compare);
    if compare == Compare::ServerOwned {
        return Row { what: SERVER, cells: cells("never: the server decides it", "-", "-", "-") };
    }
    let sent = rule.map_or(Sent::Body, |it| it.sent);
    let (what, written, tested) = match sent {
        Sent::Relic => {
            let words = format!("refused: {}", rule.map_or("", |it| it.instead));
            return Row { what: REFUSED, cells: cells(&words, "-", "-", "-") };
        }
        Sent::Body => (MANAGED, "in the body", "probe"),
        Sent::Always => (MANAGED, "in every body", "probe"),
        Sent::Fixed | Sent::FixedOf(_) => (MANAGED, "on create, and kept", "sequences"),
        Sent::CreateOnly => (ONCE, "on create", "sequences"),
        Sent::Links(_) | Sent::ScopeMappings => (APART, "one by one", "probe"),
        Sent::Children(_)
        | Sent::ChildrenBy(..)
        | Sent::ChildrenByName(..)
        | Sent::ChildrenOf(_)
        | Sent::Child(_)
        | Sent::Roles => (APART, "objects of their own", "probe"),
    };
    let compared = match (sent, compare) {
        (Sent::CreateOnly, _) => "never",
        (_, Compare::Refs(_) | Compare::ClientRoles | Compare::RoleTree | Compare::RefMap(_)) => "by names",
        (_, Compare::Ref(_) | Compare::Owner | Compare::RefItems { .. }) => "by name",
        (_, Compare::Secret) => "hidden",
        (_, Compare::InOrder) => "in its order",
        (_, Compare::Keyed(_)) => "item by item",
        (_, Compare::Folded) => "in lower case",
        (_, Compare::Typed | Compare::ServerOwned) => match field_type(class, field) {
            _ if what == APART => "each by itself",
            Some(Type::List(_)) => "as a set",
            Some(Type::Map(_)) => "key by key",
            Some(Type::Class(_) | Type::Any) => "as a whole",
            _ => "exactly",
        },
    };
    let unset = if what == MANAGED { of_null(kind, field, of) } else { "-" };
    Row { what, cells: cells(compared, written, unset, tested) }
}

/// What holds a class that is no object of its own; `ends` says why nothing of that is managed.
struct Holder {
    kind: &'static Kind,
    field: String,
    ends: Option<&'static str>,
}

/// The classes that stand in properties of others.
fn held() -> BTreeMap<&'static str, Holder> {
    let mut held: BTreeMap<&'static str, Holder> = BTreeMap::new();
    for class in classes_known() {
        for (kind, _) in of_kinds(class) {
            for field in fields_of(class) {
                let rule = kind.field(field);
                let refused = rule.filter(|it| matches!(it.sent, Sent::Relic));
                let ends = refused.map(|it| it.instead);
                hold(field_type(class, field), kind, field, ends, &mut held);
            }
        }
    }
    held
}

fn hold(
    of: Option<&'static Type>,
    kind: &'static Kind,
    field: &str,
    ends: Option<&'static str>,
    held: &mut BTreeMap<&'static str, Holder>,
) {
    match of {
        Some(Type::List(of) | Type::Map(of)) => hold(Some(of), kind, field, ends, held),
        Some(Type::Class(class)) => {
            // What is managed somewhere counts as that.
            let is_new = held.get(&**class).is_none_or(|it| it.ends.is_some() && ends.is_none());
            if is_new {
                held.insert(class, Holder { kind, field: field.to_owned(), ends });
                for inner in fields_of(class) {
                    hold(field_type(class, inner), kind, field, ends, held);
                }
            }
        }
        _ => {}
    }
}

/// Representations that are no state of a realm, or that are not ours, and why.
const LEFT_ALONE: &[(&[&str], &str)] = &[
    (
        &[
            "AbstractAuthenticationExecutionRepresentation",
            "AbstractPolicyRepresentation",
            "AbstractUserRepresentation",
            "AbstractWorkflowComponentRepresentation",
        ],
        "what others have in common, which stands with each of them",
    ),
    (
        &["AdminEventRepresentation", "AuthDetailsRepresentation", "EventRepresentation"],
        "what happened, which nobody declares",
    ),
    (&["UserSessionRepresentation"], "who is logged in, which is theirs"),
    (
        &["KeyMetadataRepresentation", "KeysMetadataRepresentation", "CertificateRepresentation"],
        "keys as the server shows them, which follow from components and from attributes of clients",
    ),
    (
        &["ClientInitialAccessCreatePresentation", "ClientInitialAccessPresentation"],
        "tokens to register clients with: shown once, used up, and in no export",
    ),
    (
        &["ClientTypeRepresentation", "ClientTypesRepresentation", "PropertyConfig"],
        "types of clients, an experimental feature that is off on a plain server",
    ),
    (
        &[
            "AuthenticatorConfigInfoRepresentation",
            "ComponentTypeRepresentation",
            "ConfigPropertyRepresentation",
            "IdentityProviderMapperTypeRepresentation",
            "PasswordPolicyTypeRepresentation",
            "PolicyProviderRepresentation",
            "ProtocolMapperTypeRepresentation",
            "RequiredActionConfigInfoRepresentation",
            "RequiredActionProviderSimpleRepresentation",
            "UserFederationMapperTypeRepresentation",
            "UserFederationProviderFactoryRepresentation",
        ],
        "what providers of a server can be told, which is the server's",
    ),
    (
        &[
            "AuthorizationRequest",
            "AuthorizationResponse",
            "EvaluationResultRepresentation",
            "Metadata",
            "Permission",
            "PermissionRequest",
            "PermissionResponse",
            "PermissionTicketToken",
            "PolicyEvaluationRequest",
            "PolicyEvaluationResponse",
            "PolicyResultRepresentation",
        ],
        "questions about access and their answers",
    ),
    (&["PermissionTicketRepresentation"], "what people ask of owners of resources, which is theirs"),
    (&["ErrorRepresentation", "OAuth2ErrorRepresentation"], "answers to requests that failed"),
    (
        &["ClientMappingsRepresentation", "MappingsRepresentation"],
        "roles as their endpoint lists them; whoever has them says `realmRoles` and `clientRoles`",
    ),
    (
        &["ManagementPermissionReference", "ManagementPermissionRepresentation"],
        "the former fine-grained permissions, which 26.7 answers with 501",
    ),
    (&["PartialImportRepresentation"], "a request that imports"),
    (&["PublishedRealmRepresentation"], "what anybody may see of a realm, which follows from it"),
    (&["RealmEventsConfigRepresentation"], "fields that the realm has itself"),
    (
        &["AuthenticationExecutionInfoRepresentation", "AuthenticationExecutionRepresentation"],
        "executions as other endpoints say them",
    ),
    (&["RequiredActionConfigRepresentation"], "the `config` that a required action has itself"),
    (
        &[
            "ClientPolicyConditionConfigurationRepresentation",
            "ClientPolicyExecutorConfigurationRepresentation",
        ],
        "what conditions and executors are told, which is kept as it is said",
    ),
    (&["OrganizationInvitationRepresentation"], "who was invited and did not answer yet, which is theirs"),
    (
        &[
            "LDAPCapabilityRepresentation",
            "SynchronizationResultRepresentation",
            "TestLdapConnectionRepresentation",
        ],
        "questions to a directory and their answers",
    ),
    (&["UserFederationMapperSyncConfigRepresentation"], "replaced by components in Keycloak 2"),
    (&["SecurityProfileConfiguration"], "what a server reads from a file of its own"),
    (&["VerifiableCredentialOfferActionConfig"], "what a link that is sent to somebody holds"),
];
