//! The page of kinds under `docs/reference/`: what the table says, in sentences. A test holds the committed page against it.
//!
//! Structs of the table are taken apart without `..` and enums without `_`, so that a new column needs its sentence here.

mod coverage;
mod field;

use std::fmt::Write as _;

pub use coverage::coverage_page;
use field::row;

use super::hazard::{HazardRule, When};
use super::{
    Compare, Covers, Created, Field, FoundBy, KINDS, Kind, Losing, PERMISSION, POLICY, REALM, Referred,
    Routes, SaysParent, Sent, Unasked, Unset, Unsets, field_type, fields_of, policy_types,
};
use crate::state::KindName;
use crate::text::{At, Key, Tree, TreeIs};

/// Returns the page of all kinds, in Markdown.
pub fn reference_page() -> String {
    let mut page = String::from(INTRO);
    for kind in KINDS {
        section(kind, &mut page);
    }
    page
}

const INTRO: &str = "\
# Kinds
Everything that realmwright manages, and what it knows of each field. Names of fields are Keycloak's own.

Where a field says nothing else, it is compared by its type and sent in the body of a create or update: texts, numbers and switches
exactly, lists as sets, maps key by key. `null` unsets a field: the column says what the field holds then, \"-\" that Keycloak
always keeps a value, so that `null` is an error. A field that the manifests do not mention is neither compared nor sent.
";

fn code(word: impl std::fmt::Display) -> String {
    format!("`{word}`")
}

fn codes<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

fn section(kind: &'static Kind, page: &mut String) {
    let _ = writeln!(page, "\n## {}", kind.title);
    for line in facts(kind) {
        let _ = writeln!(page, "- {line}");
    }
    let mut rows = Vec::new();
    let (mut of_server, mut elsewhere) = (Vec::new(), Vec::new());
    for name in names(kind) {
        match kind.field(name) {
            Some(Field { compare: Compare::ServerOwned, .. }) => of_server.push(name),
            Some(Field { sent: Sent::Relic, instead, .. }) => {
                elsewhere.push(format!("{} ({instead})", code(name)));
            }
            rule => rows.push(row(kind, name, rule)),
        }
    }
    let _ =
        write!(page, "\n| field | type | `null` | what is special |\n|---|---|---|---|\n{}", rows.concat());
    if !of_server.is_empty() {
        let fields = codes(of_server);
        let _ = writeln!(
            page,
            "\nOnly the server decides these; manifests may hold them, as exports do, and nothing compares them: {fields}."
        );
    }
    if !elsewhere.is_empty() {
        let _ = writeln!(page, "\nAn error in manifests, and said otherwise: {}.", elsewhere.join(", "));
    }
    if !kind.hazards.is_empty() {
        let rows: String = kind.hazards.iter().map(|it| hazard_row(kind, it)).collect();
        let _ = write!(
            page,
            "\nChanges that do more than they say, and need the consent `hazards`:\n\n| field | when | effect | what happens |\n|---|---|---|---|\n{rows}"
        );
    }
}

/// Which objects of a kind a read brings.
fn read(comes_with_realm: bool, covers: Covers) -> &'static str {
    match (comes_with_realm, covers) {
        (true, _) => "Reading a realm brings all of them.",
        (false, Covers::Named) => "Only those that manifests, ledgers or questions name are read.",
        (false, Covers::Apart) => "All are read where manifests or ledgers name one.",
        (false, Covers::Whole | Covers::Brief | Covers::NamesAlone) => {
            "No read brings any of them, so nothing is planned for them."
        }
    }
}

/// The types of a kind whose representation goes by them; one that is empty for every other kind.
fn types(kind: &Kind) -> Vec<&'static str> {
    if [POLICY, PERMISSION].contains(&kind.name) { policy_types(kind.name).collect() } else { vec![""] }
}

/// The types of a kind that have a field.
fn types_with(kind: &Kind, field: &str) -> Vec<&'static str> {
    let mut types = types(kind);
    types.retain(|it| (kind.has_field)(it, field) && field_type((kind.representation)(it), field).is_some());
    types
}

/// All fields of a kind but the one that names it, by the alphabet.
fn names(kind: &Kind) -> Vec<&'static str> {
    let of_class = types(kind).into_iter().flat_map(|it| fields_of((kind.representation)(it)));
    let of_class = of_class.filter(|it| !types_with(kind, it).is_empty());
    let mut names: Vec<&str> = kind.fields.iter().map(|it| it.name).chain(of_class).collect();
    names.retain(|it| *it != kind.key || kind.field(it).is_some());
    names.sort_unstable();
    names.dedup();
    names
}

/// The kinds that items of a list may be of.
fn kinds_below(kind: fn(&Tree) -> KindName) -> Vec<KindName> {
    let of = |name: &str| kind(&with_entry("type", Tree::text(At::SERVER, name)));
    let mut kinds: Vec<KindName> = [POLICY, PERMISSION].into_iter().flat_map(policy_types).map(of).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn with_entry(name: &str, value: Tree) -> Tree {
    Tree::new(At::SERVER, TreeIs::Map(vec![(Key { at: At::SERVER, name: name.into() }, value)]))
}

/// Where objects of a kind stand in a manifest.
fn places(kind: &Kind) -> Vec<String> {
    let mut places = Vec::new();
    for (parent, field) in KINDS.iter().flat_map(|it| it.fields.iter().map(move |field| (it, field))) {
        let place = if parent.name == REALM {
            field.name.to_owned()
        } else {
            format!("{}.{}", parent.name, field.name)
        };
        let said = match field.sent {
            Sent::Children(below) if kinds_below(below).contains(&kind.name) => vec![format!("{place}[]")],
            Sent::Child(below) if below == kind.name => vec![place],
            Sent::ChildrenOf(below) if below == kind.name => vec![format!("{place}[]")],
            Sent::ChildrenBy(below, field) if below == kind.name => vec![format!("{place}.{field}[]")],
            Sent::ChildrenByName(below, _) if below == kind.name => vec![format!("{place}.NAME")],
            Sent::Roles if kind.name == super::ROLE => {
                vec![format!("{place}.realm[]"), format!("{place}.client.CLIENT[]")]
            }
            Sent::Children(_)
            | Sent::ChildrenBy(..)
            | Sent::ChildrenByName(..)
            | Sent::ChildrenOf(_)
            | Sent::Child(_)
            | Sent::Roles
            | Sent::Body
            | Sent::Always
            | Sent::CreateOnly
            | Sent::Fixed
            | Sent::FixedOf(_)
            | Sent::Links(_)
            | Sent::ScopeMappings
            | Sent::Relic => Vec::new(),
        };
        places.extend(said);
    }
    places
}

fn address(kind: &Kind) -> String {
    let name = if kind.key.is_empty() { kind.name.to_string() } else { format!("{}/NAME", kind.name) };
    // An execution stands in a flow itself.
    let within = |of: KindName| {
        let mut above = super::kind(of).under.iter().filter(|up| **up != of);
        above.next().map(|up| format!("{up}/NAME/")).unwrap_or_default()
    };
    let above: Vec<String> = kind
        .under
        .iter()
        .map(|it| {
            if *it == kind.name {
                format!("{}{}/NAME/NAME", within(*it), kind.name)
            } else {
                format!("{}{it}/NAME/{name}", within(*it))
            }
        })
        .collect();
    let all: Vec<String> = kind.is_top().then_some(name).into_iter().chain(above).collect();
    codes(all.iter().map(String::as_str))
}

/// What is true of all objects of a kind, a sentence each.
fn facts(kind: &Kind) -> Vec<String> {
    let Kind {
        name: _,
        title: _,
        representation,
        key,
        under: _,
        fields: _,
        hazards: _,
        routes,
        unset,
        not_in_put,
        normalize,
        // The rows of fields show which types have them.
        has_field: _,
        // Asks a single object and a version.
        is_fixed: _,
        referred,
        comes_with_realm,
        hidden_without,
        members,
        are_made_along,
        one_by_one,
        also_named_by,
        shares_names,
        reenabled,
        are_people,
        losing,
        new,
        // The rows of fields say which are switches.
        switches: _,
        qualified_by,
        else_named_by,
        ranked_by,
        shared_by,
        // Asks a single object and a realm.
        hazards_where: _,
        says_parent,
        // The pages of `docs` say whose the realm is, and where ledgers are.
        is_everybodys: _,
        keep_ledgers: _,
        defaults_of,
        is_judged_with_parent,
        is_renamed,
        judges,
        names_in_texts,
        may_name,
        // A message says which sign is wrong.
        takes_in_names: _,
        // The rows of fields and the schema show both.
        types: _,
        spellings: _,
        acts_where_named,
        // An order among requests.
        turn_to_go: _,
        // Code: what single clients and users bring along, and what is wrong with one.
        check: _,
        refuses: _,
        behaviour: _,
    } = kind;
    let mut out = vec![format!("Address: {}.", address(kind))];
    let mut say = |is_so: bool, words: String| out.extend(is_so.then_some(words));
    let places = places(kind);
    say(!places.is_empty(), format!("In a manifest: {}.", codes(places.iter().map(String::as_str))));
    let before: Vec<&str> = qualified_by.iter().copied().chain([*key]).collect();
    say(!key.is_empty(), format!("Named by {}.", codes(before)));
    say(
        !ranked_by.is_empty(),
        format!(
            "The list says their order; {} is said by it, or by you. Of several of one name the second is `NAME~2`.",
            code(ranked_by)
        ),
    );
    say(!else_named_by.is_empty(), format!("Without that it is named by {}.", code(else_named_by)));
    say(!shared_by.is_empty(), format!("Those with one {} are one and the same.", code(shared_by)));
    let parent = match says_parent {
        SaysParent::Nowhere => "",
        SaysParent::ByName(field) | SaysParent::ById(field) => field,
    };
    say(!parent.is_empty(), format!("What it stands under is said by {}.", code(parent)));
    say(*is_renamed, "`formerly` says what it was called before: it is renamed.".to_owned());
    let from = codes(defaults_of.iter().map(|it| it.word));
    let named = codes(names_in_texts.iter().map(|it| it.word));
    say(!named.is_empty(), format!("Its texts may name {named}: it is written when those are there."));
    let looked_for = codes(may_name.iter().map(|it| it.word));
    say(!looked_for.is_empty(), format!("Its texts may name {looked_for}: one that is not there is told."));
    say(!defaults_of.is_empty(), format!("New ones get defaults that these say: {from}."));
    say(*is_judged_with_parent, "The server judges it with what it stands under.".to_owned());
    let judged = codes(judges.kinds.iter().map(|it| it.word));
    say(!judges.kinds.is_empty(), format!("Changes of {judged} are written after it."));
    say(*acts_where_named, "What it says counts for the access of what names it.".to_owned());
    say(
        !also_named_by.is_empty(),
        format!("{} and {} are unique together, in any case.", code(key), code(also_named_by)),
    );
    say(*shares_names, "Policies and permissions of one client share their names.".to_owned());
    let classes: Vec<&str> = types(kind).into_iter().map(representation).collect();
    say(true, format!("Keycloak's class: {}.", codes(classes)));
    say(normalize.is_some(), "Other spellings that exports use are accepted.".to_owned());
    let how = match referred {
        Referred::ByName => "by its name",
        Referred::ByNameWithoutSlash => "by its name, or by its id where the name has a slash",
        Referred::ByKnownId => "by its id where that is known, otherwise by its name",
        Referred::ById => "by its id",
    };
    say(!key.is_empty(), format!("Requests name it {how}; manifests always by its name."));
    let lost = match losing {
        Losing::ALink => "",
        Losing::Access => "Losing the target of a reference may close access.",
        Losing::AccessAndSense => {
            "Losing the target of a reference may close access, or open it where the policy is negative."
        }
    };
    say(!lost.is_empty(), lost.to_owned());
    say(kind.name != REALM, read(*comes_with_realm, routes.covers).to_owned());
    say(!hidden_without.is_empty(), format!("A list of them may lack some without {hidden_without}."));
    let members = members.map(|it| it.path);
    say(members.is_some(), format!("Its members are read at {}.", code(members.unwrap_or_default())));
    say(*are_made_along, "The server makes or changes some of them along with other objects.".to_owned());
    say(
        !reenabled.is_empty(),
        format!(
            "Where somebody switched {} off, switching it on needs the consent `reenables`.",
            code(reenabled)
        ),
    );
    say(*are_people, "Deleted only where the project file says `prune: { users: true }`.".to_owned());
    say(*one_by_one, "Changes of several fields are sent one by one.".to_owned());
    out.extend(of_routes(routes));
    if kind.is_of_realm_or_client() {
        out.push("Those of a client are seen by whoever may see the client.".to_owned());
    }
    out.extend(of_unsets(unset));
    if !not_in_put.is_empty() {
        out.push(format!(
            "A read shows these, and an update leaves them out: {}.",
            codes(not_in_put.iter().copied())
        ));
    }
    out.extend(of_created(new));
    out
}

fn of_routes(routes: &Routes) -> Vec<String> {
    let Routes {
        collection,
        top,
        own,
        put,
        // What else a read shows is no matter of manifests.
        put_takes: _,
        find,
        id,
        location_is_id,
        found_by,
        row,
        post_takes,
        list,
        covers,
        needs,
        document,
        in_realm: _,
        bare,
        is_remade,
    } = routes;
    let mut out = Vec::new();
    let mut say = |is_so: bool, words: String| out.extend(is_so.then_some(words));
    let at_top =
        if top.is_empty() { String::new() } else { format!("; under none of its kind {}", code(top)) };
    let under = if top.is_empty() { "" } else { " under one of its kind" };
    say(!collection.is_empty(), format!("Created at {}{at_top}.", code(collection)));
    say(
        !post_takes.is_empty(),
        format!("Created with {} alone{under}, and then updated.", codes(post_takes.iter().copied())),
    );
    let lacks = match covers {
        Covers::Whole | Covers::Apart => "",
        Covers::Brief => "; what each of them holds or names is asked for one by one",
        Covers::NamesAlone => " by name; each is read by itself",
        Covers::Named => "; most are asked for by name",
    };
    say(!list.is_empty(), format!("Listed at {}{lacks}.", code(list)));
    say(true, format!("Seen with the right {}.", code(needs)));
    say(*is_remade, format!("Deleted at {}, and for an update created anew.", code(own)));
    say(
        !own.is_empty() && put.is_empty() && !is_remade,
        format!("Read, updated and deleted at {}.", code(own)),
    );
    say(!put.is_empty(), format!("Read and deleted at {}, and updated at {}.", code(own), code(put)));
    let which = match found_by {
        FoundBy::Name => "its name",
        FoundBy::NameInAnyCase => "its name in any case",
        FoundBy::Path => "its path",
    };
    say(!find.is_empty() && find != own, format!("Found at {} by {which}.", code(find)));
    say(!document.is_empty(), format!("A part of one document, in its list {}.", code(document)));
    say(!bare.is_empty(), format!("Requests carry {} alone, and only the keys that change.", code(bare)));
    say(*id != "id", format!("Its id is the field {}.", code(id)));
    say(!location_is_id, "The answer to a create does not tell the id.".to_owned());
    say(!row.is_empty(), format!("Compared as the field {} of its parent shows it.", code(row)));
    out
}

fn of_unsets(unsets: &Unsets) -> Vec<String> {
    let Unsets { text, key, empty_keys_vanish } = unsets;
    let how = |it: &Unset| match it {
        Unset::Null => "as `null`",
        Unset::EmptyText => "as an empty text",
        Unset::Omit => "by leaving it out",
        Unset::Never => "never",
    };
    let first = format!("A request unsets a text {}, a key of a map {}.", how(text), how(key));
    let second = empty_keys_vanish.then(|| "The server drops keys of maps whose value is empty.".to_owned());
    [first].into_iter().chain(second).collect()
}

fn of_created(created: &Created) -> Vec<String> {
    // What a create is compared with is recorded, and no matter of manifests.
    let Created { recorded_as: _, said_there: _, needs, unasked } = created;
    let needs = needs.iter().map(|(field, _)| format!("A create has to say {}.", code(field)));
    let words = |it: &Unasked| match it {
        Unasked::Enabled => "A create sends `enabled: true` unless the manifest says otherwise.".to_owned(),
        Unasked::AsNamed(field) => {
            format!("A create sends its name as {}, unless the manifest says it.", code(field))
        }
        Unasked::Says(field, word) => {
            format!("A create sends {} unless the manifest says otherwise.", code(format!("{field}: {word}")))
        }
        Unasked::Protocol => {
            "A create sends `protocol`, as what it stands under has it, unless the manifest says it."
                .to_owned()
        }
    };
    needs.chain(unasked.iter().map(words)).collect()
}

fn hazard_row(kind: &Kind, rule: &HazardRule) -> String {
    let HazardRule { hazard, field, key, when, of, part, does } = rule;
    let path = if field.is_empty() {
        "the object".to_owned()
    } else if key.is_empty() {
        code(field)
    } else {
        code(format!("{field}.{key}"))
    };
    let names = codes(of.iter().chain([part]).copied().filter(|it| !it.is_empty()));
    let of = if names.is_empty() { String::new() } else { format!(" of {names}") };
    let up: Vec<String> = kind.under.iter().map(|it| format!("the {}", super::kind(*it).title)).collect();
    let does = does.replace("{it}", &format!("the {}", kind.title)).replace("{up}", &up.join(" or "));
    format!("| {path}{of} | {} | {} | {does} |\n", of_when(*when), code(hazard.name()))
}

fn of_when(when: When) -> String {
    match when {
        When::Goes => "goes".to_owned(),
        When::Is(value) => format!("becomes {}", code(value)),
        When::Was(value) => format!("was {} and changes", code(value)),
        When::Turns(from, to) => format!("turns from {} to {}", code(from), code(to)),
        When::Changed => "changes".to_owned(),
        When::Set => "becomes another value".to_owned(),
        When::Replaced => "had a value and changes".to_owned(),
        When::Emptied => "becomes empty".to_owned(),
        When::Lowered => "becomes less".to_owned(),
        When::Raised => "becomes more".to_owned(),
        When::Acts(key, word) => format!("gets one with {} {}, also of a new object", code(key), code(word)),
        When::Gains([]) => "gets another one".to_owned(),
        When::Gains(items) => format!("gets one of {}", codes(items.iter().copied())),
        When::Administers(version) => format!("becomes a role that administers the realm, before {version}"),
    }
}
