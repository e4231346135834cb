//! The rows of fields on the page of kinds.

use super::{code, codes, kinds_below, types, types_with, with_entry};
use crate::kind::representation::Type;
use crate::kind::{
    Compare, Field, Form, Kind, Link, Others, OthersAre, Sent, Stays, TARGETS, field_type, known_since,
    lift_object,
};
use crate::state::{Address, Is};
use crate::text::{At, Key, Tree, TreeIs};

/// One row of the table of fields.
pub(super) fn row(kind: &'static Kind, name: &str, rule: Option<&Field>) -> String {
    let with = types_with(kind, name);
    let of = with.first().copied().unwrap_or("");
    let class = (kind.representation)(of);
    let known = field_type(class, name);
    let mut special = Vec::new();
    if with.len() < types(kind).len() && !with.is_empty() {
        special.push(format!("only of the types {}", codes(with.iter().copied())));
    }
    if kind.is_switch(name) {
        special.push("its change makes, changes or removes other objects".to_owned());
    }
    let same = other_spelling(kind, name);
    special.extend(same.as_ref().map(|it| format!("another spelling of {}", code(it))));
    special.extend(known_since(class, name).map(|it| format!("since {it}")));
    special.extend(rule.into_iter().flat_map(of_rule));
    if rule.is_some_and(|it| it.sent.holds().is_none()) && with.is_empty() {
        special.push("manifests say it at the realm".to_owned());
    }
    let unset = if same.is_some() || with.is_empty() { "" } else { of_null(kind, name, of) };
    let shown = known.map(of_type).unwrap_or_default();
    format!("| {} | {shown} | {unset} | {} |\n", code(name), special.join("; "))
}

/// What a field holds whose value is `null`, as reading a manifest finds it out.
pub(super) fn of_null(kind: &'static Kind, name: &str, of: &str) -> &'static str {
    match kind.field(name).map(|it| it.sent) {
        Some(
            Sent::Children(_)
            | Sent::ChildrenBy(..)
            | Sent::ChildrenByName(..)
            | Sent::ChildrenOf(_)
            | Sent::Child(_)
            | Sent::Roles
            | Sent::ScopeMappings
            | Sent::CreateOnly,
        ) => {
            return "";
        }
        Some(Sent::Fixed) => return "-",
        Some(Sent::Body | Sent::Always | Sent::FixedOf(_) | Sent::Links(_) | Sent::Relic) | None => {}
    }
    let entry =
        |name: &str, is: TreeIs| (Key { at: At::SERVER, name: name.into() }, Tree::new(At::SERVER, is));
    let mut entries = vec![entry(kind.key, TreeIs::Text("a".into())), entry(name, TreeIs::Null)];
    if !of.is_empty() {
        entries.push(entry("type", TreeIs::Text(of.into())));
    }
    let parent = kind.under.first().map(|it| Address::top(*it, "a"));
    let read = lift_object(kind, &Tree::new(At::SERVER, TreeIs::Map(entries)), parent.as_ref());
    let value = read.pieces.iter().find_map(|it| it.1.get(name));
    match value.map(|it| &it.is) {
        Some(Is::Null) => "nothing",
        Some(Is::List(_)) => "an empty list",
        _ => "-",
    }
}

fn of_type(known: &Type) -> String {
    match known {
        Type::Text => "text".to_owned(),
        Type::Boolean => "true or false".to_owned(),
        Type::Integer => "whole number".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Any => "anything".to_owned(),
        Type::Enum(words) => format!("one of {}", codes(words.iter().map(String::as_str))),
        Type::List(item) => format!("list of {}", of_type(item)),
        Type::Map(item) => format!("map to {}", of_type(item)),
        Type::Class(name) => code(name),
    }
}

/// What the rule of a field says, each column in its own words.
fn of_rule(rule: &Field) -> Vec<String> {
    let Field {
        name: _,
        compare,
        sent,
        // The column of `null` shows whether it can be unset; how a request says it is no matter of manifests.
        unset: _,
        unset_key: _,
        implied,
        secret_keys,
        is_public,
        server_keys,
        excludes,
        // Words for messages.
        list: _,
        // Said beside the table.
        instead: _,
        expects,
        turns_off,
        needs,
        beside,
        whole,
        drawn_with,
        features,
        same_protocol,
        deleted_with_last_target,
        stays,
        judges,
        follows,
        holds,
        choices,
        takes,
        flow,
        // How requests say it.
        by_id,
        with_id: _,
        grades: _,
        is_part,
        is_telling: _,
        has_one,
        among,
        ordered,
        counts_when_empty,
    } = rule;
    let mut out: Vec<String> = of_compare(*compare).into_iter().chain(of_sent(*sent)).collect();
    let mut say = |is_so: bool, words: String| out.extend(is_so.then_some(words));
    let by_type = "in permissions over administration names of what their `resourceType` says, or that type for all of it";
    say(*by_id == TARGETS, by_type.to_owned());
    say(!implied.is_empty(), format!("{} is what the server assumes, and is not sent", code(implied)));
    say(!secret_keys.is_empty(), format!("secrets: {}", codes(secret_keys.iter().copied())));
    say(*is_public, "no key makes a text a secret".to_owned());
    let keys = codes(server_keys.iter().map(|it| it.0));
    say(!server_keys.is_empty(), format!("the server decides the keys {keys}"));
    say(!excludes.is_empty(), format!("what stands here leaves {}", code(excludes)));
    say(!expects.is_empty(), format!("a warning where {} is missing", code(expects)));
    say(
        !turns_off.is_empty(),
        format!("while it is on, the server turns off {}", codes(turns_off.iter().copied())),
    );
    for it in *needs {
        let keys = codes(it.keys.iter().copied());
        say(
            true,
            format!(
                "since {} the server drops {keys} unless {} is {}",
                it.since,
                code(it.key),
                code(it.value)
            ),
        );
    }
    for it in *beside {
        let keys = codes(it.keys.iter().copied());
        say(true, format!("the secret {} must be declared where {keys} change", code(it.secret)));
    }
    say(*whole, "goes as a whole, with what others said in it".to_owned());
    for (switch, below) in *drawn_with {
        let below = below.map(|it| format!(" (before {it})")).unwrap_or_default();
        say(
            true,
            format!(
                "the server keeps none while {} is on{below}, and makes a new one when that goes off",
                code(switch)
            ),
        );
    }
    for (key, feature) in *features {
        let what = if key.is_empty() { "it".to_owned() } else { format!("the key {}", code(key)) };
        say(true, format!("{what} needs the feature {} of the server", code(feature)));
    }
    say(*same_protocol, "only of the same protocol".to_owned());
    say(*deleted_with_last_target, "the server deletes the object with the last of them".to_owned());
    say(!follows.is_empty(), format!("loses what objects in {} lose", code(follows)));
    say(*has_one, "no two objects name one of them".to_owned());
    if let Some((of, field)) = among {
        say(true, format!("only those that {} of the {} names", code(field), code(of)));
    }
    say(*is_part, "what stands here goes with the object".to_owned());
    say(*holds, "the server deletes none of them while they stand here".to_owned());
    for it in *choices {
        let of_key = if it.key.is_empty() { String::new() } else { format!("{}: ", code(it.key)) };
        let others = match it.others_are {
            OthersAre::Refused | OthersAre::RefusedType => "others are refused",
            OthersAre::Unused => "others have no effect",
            OthersAre::Dropped => "others are dropped",
        };
        say(true, format!("{of_key}a {} of the server; {others}", it.noun));
    }
    for it in *takes {
        let of_key = if it.key.is_empty() { String::new() } else { format!("{}: ", code(it.key)) };
        let form = match it.form {
            Form::Words(words) => format!("one of {}", codes(words.iter().copied())),
            Form::Integer | Form::Long => "a whole number".to_owned(),
            Form::Filter => "a text in parentheses".to_owned(),
            Form::Span => "a time span".to_owned(),
            Form::Interval => "a time span of at least a second".to_owned(),
        };
        let others = match it.others {
            Others::Refused | Others::BreakRealm => "refused",
            Others::Unused => "kept without effect",
            Others::BreakLogins => "refused, as nobody would log in there a second time",
            Others::BreakTokens => "kept, and no token is given any more",
        };
        say(true, format!("{of_key}{form}; others are {others}"));
    }
    say(*ordered, "in an order that is compared".to_owned());
    say(*counts_when_empty, "that it is there says something, whatever is in it".to_owned());
    say(!flow.is_empty(), format!("a flow of type {}", code(flow)));
    out.extend(of_stays(*stays));
    let judged = codes(judges.kinds.iter().map(|it| it.word));
    let order = if judges.allows.is_empty() { "are written after it" } else { "are written while it is on" };
    out.extend((!judges.kinds.is_empty()).then(|| format!("changes of {judged} {order}")));
    out
}

fn of_compare(compare: Compare) -> Option<String> {
    Some(match compare {
        Compare::Typed | Compare::ServerOwned => return None,
        Compare::InOrder => "in an order that is compared".to_owned(),
        Compare::Folded => "compared in lower case".to_owned(),
        Compare::Keyed(name) => {
            format!("items by {}, in lower case; what one does not say stays", code(name))
        }
        Compare::Refs(kind) => format!("names of {}", code(kind)),
        Compare::Ref(kind) => format!("the name of a {}", code(kind)),
        Compare::RefMap(kind) => format!("a map of names of {}", code(kind)),
        Compare::Owner => "a user's name; the client itself where nothing is said".to_owned(),
        Compare::ClientRoles => "by client: names of its roles".to_owned(),
        Compare::RoleTree => "roles of the realm (`realm`) and by client (`client`)".to_owned(),
        Compare::RefItems { kind, id, option } => {
            format!(
                "items `{{ {id}, {option} }}` that name {}; {} is false unless said",
                code(kind),
                code(option)
            )
        }
        Compare::Secret => "a secret, which no output shows".to_owned(),
    })
}

fn of_sent(sent: Sent) -> Option<String> {
    Some(match sent {
        Sent::Body | Sent::Relic => return None,
        Sent::Always => "sent with every update".to_owned(),
        Sent::CreateOnly => "sent on create only, and never compared".to_owned(),
        Sent::Fixed => "cannot change after the create".to_owned(),
        Sent::FixedOf(_) => "of some objects it cannot change after the create".to_owned(),
        Sent::Links(link) => match link {
            Link::Mappings(path) => format!("links, added and removed at {}", code(path)),
            Link::Composites => "links, added and removed at `composites`".to_owned(),
            Link::Each(path) | Link::ById(path) | Link::ByName(path) => {
                format!("links, one request each at {}", code(path))
            }
        },
        Sent::Children(kind) => {
            let kinds = kinds_below(kind);
            format!("objects of their own: {}", codes(kinds.iter().map(|it| it.word)))
        }
        Sent::ChildrenBy(kind, field) => {
            format!("objects of their own, by their {}: {}", code(field), code(kind))
        }
        Sent::ChildrenByName(kind, field) => {
            format!("objects of their own, by their names, each as its {}: {}", code(field), code(kind))
        }
        Sent::ChildrenOf(kind) => {
            format!("objects of their own, which name what they stand under: {}", code(kind))
        }
        Sent::Child(kind) => format!("an object of its own: {}", code(kind)),
        Sent::Roles => {
            "objects of their own: `role`, of the realm (`realm`) and by client (`client`)".to_owned()
        }
        Sent::ScopeMappings => "links of clients and client scopes".to_owned(),
    })
}

fn of_stays(stays: Stays) -> Option<String> {
    Some(match stays {
        Stays::Nothing => return None,
        Stays::DefaultRole => "the default role stays, also where the list leaves it out".to_owned(),
        Stays::BuiltIn => "what came with the realm stays, also where the list leaves it out".to_owned(),
        Stays::Told(by) => format!("those that {} names stay", code(by)),
        Stays::OfBuiltIn => {
            "of objects that came with the realm all stay, also where the list leaves them out".to_owned()
        }
        Stays::Scopes { always, adopted } => format!(
            "stay where the list leaves them out: {}, and of clients that somebody else made {}",
            codes(always.iter().copied()),
            codes(adopted.iter().copied())
        ),
    })
}

/// The field that another one is read as, where it is only a spelling of that.
fn other_spelling(kind: &Kind, name: &str) -> Option<Box<str>> {
    let list = Tree::new(At::SERVER, TreeIs::List(vec![Tree::text(At::SERVER, "a")]));
    let read = kind.normalize?(&with_entry(name, list), &mut Vec::new());
    match read.entries() {
        [(key, _)] if *key.name != *name => Some(key.name.clone()),
        _ => None,
    }
}
