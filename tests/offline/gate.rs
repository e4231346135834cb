//! What every kind must have: a kind without it fails here, not in somebody's realm.

use std::collections::BTreeSet;

use realmwright::keycloak::Rights;
use realmwright::kind::{
    Compare, Covers, Field, KINDS, Kind, Link, PERMISSION, POLICY, Sent, fields_of, kind, lift_realm,
    parse_address, policy_types,
};
use realmwright::state::KindName;
use realmwright::text::{parse_yaml, tree_of_json};
use serde_json::Value;

use crate::realms::everything::everything;
use crate::realms::flat::manifest;
use crate::realms::subjects::{realm_itself, subjects};
use crate::tidy::files;

/// Types that no manifest can make on a plain server: code is deployed, and owners make their own permissions.
const NOT_HERE: &[&str] = &["js", "uma"];

/// Fields that hold objects and that only manifests have.
const OURS: &[&str] = &["permissions", "userProfile", "subComponents", "managedMembers", "workflows"];

#[test]
fn every_kind_is_probed_field_by_field() {
    let probed: BTreeSet<KindName> =
        subjects().iter().chain([&realm_itself()]).map(|it| it.address.kind()).collect();
    for kind in KINDS {
        let words = "is probed nowhere: add the address of one to tests/realms/subjects.rs, and values to \
                     tests/live/probe/values.rs where those by type will not do";
        assert!(probed.contains(&kind.name), "{} {words}", kind.name);
    }
    for of in [POLICY, PERMISSION] {
        for name in policy_types(of).filter(|it| !NOT_HERE.contains(it)) {
            let is_it = |fixed: &Value| fixed["type"] == name;
            let has = subjects().iter().any(|it| it.address.kind() == of && is_it(&it.fixed));
            assert!(has, "{of} of type {name} is not probed");
        }
    }
    for subject in subjects() {
        let class =
            (kind(subject.address.kind()).representation)(subject.fixed["type"].as_str().unwrap_or(""));
        for name in subject.skip {
            assert!(fields_of(class).any(|it| it == *name), "{name} is no field of {class}");
        }
    }
}

#[test]
fn every_kind_is_in_the_realm_that_has_something_of_everything() {
    let realm = everything(&mut |_, _| 0);
    let there: BTreeSet<KindName> = realm.keys().map(realmwright::state::Address::kind).collect();
    for kind in KINDS {
        let words = "is not in tests/realms/everything.rs: add one, with fields that vary";
        assert!(there.contains(&kind.name), "{} {words}", kind.name);
    }
    for of in [POLICY, PERMISSION] {
        for name in policy_types(of).filter(|it| !NOT_HERE.contains(it)) {
            let has = realm.iter().any(|(it, fields)| it.kind() == of && fields["type"] == name);
            assert!(has, "no {of} of type {name}");
        }
    }
}

#[test]
fn every_kind_knows_its_class_and_every_ruled_field_is_one_that_keycloak_knows() {
    for kind in KINDS {
        for class_of in ["", "role", "resource", "scope"] {
            let class = (kind.representation)(class_of);
            let words =
                "is in no schemas/keycloak/*/representations.json: is it spelled so? Otherwise record it";
            assert!(fields_of(class).next().is_some(), "{}: the class `{class}` {words}", kind.name);
        }
        let types = policy_types(POLICY).chain(policy_types(PERMISSION)).chain([""]);
        let known: BTreeSet<&str> = types.flat_map(|it| fields_of((kind.representation)(it))).collect();
        // What other tools call it is refused by name, and `permissions` beside `policies` is ours. Scope mappings
        // are written at the realm.
        let ours = |it: &&Field| {
            matches!(it.sent, Sent::Relic | Sent::Links(Link::Mappings("scope-mappings")))
                || OURS.contains(&it.name)
        };
        for field in kind.fields.iter().filter(|it| !ours(it)) {
            let words = "in no schemas/keycloak/*/representations.json";
            assert!(known.contains(field.name), "{} has no field {} {words}", kind.name, field.name);
        }
        let id = kind.routes.id;
        let is_left_alone = kind.field(id).is_some_and(|it| it.compare == Compare::ServerOwned);
        assert!(
            is_left_alone || id == kind.key || !known.contains(id),
            "{}: `server_owned({id:?})` is missing",
            kind.name
        );
        assert!(kind.under.iter().all(|up| KINDS.iter().any(|it| it.name == *up)));
        let parts = usize::from(!kind.key.is_empty()) + kind.qualified_by.len();
        let text = format!("{}{}", kind.name, "/x".repeat(parts));
        if kind.is_top() {
            assert_eq!(parse_address(&text).map(|it| it.kind()), Some(kind.name), "{text}");
        }
    }
}

/// Returns the texts below a folder of the tests.
fn texts(folder: &str, extension: &str) -> Vec<String> {
    let paths = files(&format!("tests/{folder}"), extension);
    paths.iter().map(|it| std::fs::read_to_string(it).expect("a text")).collect()
}

#[test]
fn every_kind_is_in_a_plan_and_in_a_sequence() {
    let in_text = |text: &str| -> BTreeSet<KindName> {
        let words = text.split_whitespace().map(|it| it.trim_end_matches([',', ':', ';', '.']));
        words.filter_map(parse_address).map(|it| it.kind()).collect()
    };
    let in_plans: BTreeSet<KindName> = texts("plans", "case").iter().flat_map(|it| in_text(it)).collect();
    let in_manifest = |text: &str| -> BTreeSet<KindName> {
        let (documents, _) = parse_yaml(0, text);
        let states = documents.iter().map(|it| lift_realm(it).into_live());
        states.flat_map(|it| it.objects.into_keys().map(|it| it.kind()).collect::<Vec<_>>()).collect()
    };
    let sequences = texts("sequences", "yaml");
    let in_sequences: BTreeSet<KindName> = sequences.iter().flat_map(|it| in_manifest(it)).collect();
    // A document may say nothing itself.
    let is_own = |kind: &Kind, field: &str| {
        let rule = kind.field(field);
        rule.is_none_or(|it| it.sent.holds().is_none() && it.compare != Compare::ServerOwned)
    };
    for kind in KINDS.iter().filter(|it| fields_of((it.representation)("")).any(|name| is_own(it, name))) {
        let (name, title) = (kind.name, kind.title);
        assert!(
            in_plans.contains(&name),
            "{title} is in no tests/plans/**.case: add one to tests/plans/kinds"
        );
        assert!(in_sequences.contains(&name), "{title} is in no tests/sequences: add one");
    }
}

/// Every object of a manifest comes back when that is read.
#[test]
fn every_kind_has_its_place_in_a_manifest() {
    let flat = everything(&mut |_, _| 0);
    let lifted = lift_realm(&tree_of_json(&manifest("r", &flat)));
    assert_eq!(lifted.notes.iter().map(|it| &*it.title).collect::<Vec<_>>(), Vec::<&str>::new());
    let state = lifted.into_live();
    // What a user owns is called after its owner, too.
    for (address, _) in flat.iter().filter(|it| !it.1.contains_key("owner")) {
        let words =
            "is in no field that holds such objects: add one to what it stands under (src/kind/realm.rs)";
        assert!(state.contains(address), "{address} {words}");
    }
}

#[test]
fn every_kind_says_how_it_is_read() {
    let rights: BTreeSet<&str> = Rights::names().collect();
    for kind in KINDS {
        let (name, routes) = (kind.name, &kind.routes);
        let is_one = kind.key.is_empty() || !routes.document.is_empty();
        // What stands under others is shown with them; a document holds its parts; the realm is read by itself.
        let is_shown = !kind.under.is_empty() || is_one;
        assert!(
            kind.comes_with_realm || matches!(routes.covers, Covers::Named | Covers::Apart),
            "{name}: which read brings it? (`comes_with_realm`)"
        );
        assert!(is_shown || !routes.list.is_empty(), "{name}: who may not export needs `routes.list`");
        let needs_id = [routes.own, routes.collection].iter().any(|it| it.contains("{id}"));
        assert!(!needs_id || is_one || !routes.find.is_empty(), "{name}: ids are found by `routes.find`");
        assert!(
            routes.needs.is_empty() || rights.contains(routes.needs),
            "{name}: no right `{}`",
            routes.needs
        );
    }
}

#[test]
fn every_kind_is_in_the_schema() {
    let schema = realmwright::manifest::schema::manifest();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for choice in 0..3 {
        let realm = manifest("r", &everything(&mut |_, _| choice));
        let problems: Vec<String> =
            validator.iter_errors(&realm).map(|it| format!("{}: {it}", it.instance_path())).collect();
        assert_eq!(problems, Vec::<String>::new());
    }
}
