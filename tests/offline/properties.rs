//! Comparing, planning and merging, over random realms that hold objects of all kinds.

use std::collections::BTreeMap;

use realmwright::diff::{self, Diff, Ledger, Ownership, Question, Terms};
use realmwright::kind::{self, NEWEST, OLDEST, Version, lift_object, lift_realm, lower_realm};
use realmwright::manifest::{self, Project, Prune, Secrets};
use realmwright::state::{Address, Hidden, Is, Live, Node, SecretRef, SecretSource, State};
use realmwright::text::tree_of_json;
use serde_json::{Value, json};

use crate::as_read::as_read;
use crate::realms::edit::{edit, mend};
use crate::realms::everything::everything;
use crate::realms::flat::{Flat, manifest};
use crate::realms::random::Random;

const SEEDS: u64 = 12;

/// What a new realm of the version holds.
pub(crate) fn fresh(version: Version, realm: &str) -> Live {
    live(kind::fresh_realm(realm, version))
}

/// A realm that was read completely.
pub(crate) fn live(state: State) -> Live {
    let mut live = Live::default();
    live.state = state;
    live.exists = true;
    live.cover(kind::KINDS.iter().map(|it| it.name));
    live
}

fn desired(flat: &Flat) -> State {
    let text = manifest("r", flat).to_string();
    let project = Project::default();
    let mut loaded = manifest::load_texts(&[("r.json", &text)], &project);
    let desired = loaded.realms.pop().expect("one realm");
    loaded.notes.extend(manifest::check(&desired, &project));
    loaded.notes.retain(realmwright::text::Note::is_error);
    assert_eq!(loaded.notes, []);
    desired.state
}

pub(crate) struct Asked {
    pub(crate) diff: Diff,
    pub(crate) ledger: Ledger,
}

pub(crate) fn ask(
    desired: &State,
    live: &Live,
    version: Version,
    ledger: Option<Ledger>,
    prune: bool,
) -> Asked {
    let owner = ledger.as_ref().map(|_| "us".to_owned());
    let ownership = Ownership { owner, ledger, ..Ownership::default() };
    let terms = Terms {
        prune: if prune { Prune::UsersToo } else { Prune::Nothing },
        reenables: true,
        secrets: true,
        ..Terms::default()
    };
    let question = Question {
        server: None,
        desired,
        live,
        version,
        realm: "r",
        ownership: &ownership,
        secrets: &Secrets::default(),
        terms: &terms,
    };
    let diff = diff::diff(&question);
    let ledger = diff::next_ledger(&question, &diff, &|_| false);
    Asked { diff, ledger }
}

fn generated(seed: u64) -> Flat {
    let mut random = Random::new(seed);
    let mut flat = everything(&mut |_, _| random.below(3));
    mend(&mut flat);
    flat
}

#[test]
fn a_realm_does_not_differ_from_itself() {
    for version in [OLDEST, NEWEST] {
        let live = fresh(version, "r");
        assert_eq!(ask(&live.state, &live, version, None, false).diff.changes, []);
        for seed in 0..SEEDS {
            let state = desired(&generated(seed));
            let planned = ask(&state, &live, version, None, false).diff.planned;
            let again = self::live(as_read(planned));
            assert_eq!(ask(&again.state, &again, version, None, false).diff.changes, [], "seed {seed}");
        }
    }
}

#[test]
fn nothing_is_left_to_do_once_a_plan_is_done() {
    for version in [OLDEST, NEWEST] {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let mut flat = generated(seed);
            let all: Vec<Address> = flat.keys().cloned().collect();
            let mut live = fresh(version, "r");
            let mut ledger = ours();
            for step in 0..6 {
                let state = desired(&flat);
                let asked = ask(&state, &live, version, Some(ledger), true);
                ledger = asked.ledger;
                live = self::live(as_read(asked.diff.planned));
                let again = ask(&state, &live, version, Some(ledger.clone()), true);
                assert_eq!(again.diff.changes, [], "seed {seed} step {step}");
                edit(&mut flat, &all, &mut random);
                edit(&mut flat, &all, &mut random);
                mend(&mut flat);
            }
        }
    }
}

#[test]
fn a_kind_that_no_read_brings_is_neither_made_nor_deleted_and_the_plan_says_so() {
    let state = desired(&generated(1));
    let made = ask(&state, &fresh(NEWEST, "r"), NEWEST, Some(ours()), true);
    let all = live(as_read(made.diff.planned));
    for unread in kind::KINDS.iter().map(|it| it.name) {
        let is_of_it = |it: &Address| it.steps().iter().any(|step| step.kind == unread);
        let mut live = Live::default();
        live.exists = true;
        live.state = all.state.clone();
        live.cover(kind::KINDS.iter().map(|it| it.name).filter(|it| *it != unread));
        live.state.objects.retain(|it, _| !is_of_it(it));
        // Declared, and declared no longer.
        for is_declared in [true, false] {
            let mut state = state.clone();
            state.objects.retain(|it, _| is_declared || !is_of_it(it));
            let diff = ask(&state, &live, NEWEST, Some(made.ledger.clone()), true).diff;
            let touched: Vec<&Address> =
                diff.changes.iter().map(|it| &it.object).filter(|it| is_of_it(it)).collect();
            assert!(touched.is_empty(), "{unread} was not read, and is planned: {touched:?}");
            let wanted = state.objects.keys().filter(|it| is_of_it(it));
            let silent: Vec<&Address> =
                wanted.filter(|it| !diff.refusals.iter().any(|refusal| refusal.address == **it)).collect();
            assert!(silent.is_empty(), "{unread} was not read, and the plan does not say it of {silent:?}");
        }
    }
}

fn ours() -> Ledger {
    Ledger { owner: "us".to_owned(), ..Ledger::default() }
}

#[test]
fn planning_twice_gives_the_same() {
    let live = fresh(NEWEST, "r");
    let state = desired(&generated(3));
    let [a, b] = [(); 2].map(|()| ask(&state, &live, NEWEST, None, false).diff);
    assert_eq!((a.changes, a.planned), (b.changes, b.planned));
}

#[test]
fn manifests_may_stand_in_any_order_and_in_any_number_of_files() {
    for seed in 0..SEEDS {
        let whole = desired(&generated(seed));
        let manifest = manifest("r", &generated(seed));
        let mut pieces: Vec<String> = Vec::new();
        for (section, value) in manifest.as_object().expect("a map") {
            match value {
                Value::Array(items) if section != "defaultGroups" && !section.ends_with("Scopes") => {
                    pieces.extend(items.iter().map(|it| json!({ "realm": "r", section: [it] }).to_string()));
                }
                Value::String(_) if section == "realm" => {}
                _ => pieces.push(json!({ "realm": "r", section: value }).to_string()),
            }
        }
        let mut random = Random::new(seed);
        for at in (1..pieces.len()).rev() {
            pieces.swap(at, random.below(at + 1));
        }
        let names: Vec<String> = (0..pieces.len()).map(|it| format!("{it}.json")).collect();
        let texts: Vec<(&str, &str)> =
            names.iter().zip(&pieces).map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mut loaded = manifest::load_texts(&texts, &Project::default());
        assert_eq!(loaded.notes, []);
        let merged = loaded.realms.pop().expect("one realm").state;
        assert_eq!(values(&merged), values(&whole), "seed {seed}");
    }
}

/// A state without its places.
fn values(state: &State) -> BTreeMap<String, BTreeMap<String, Node>> {
    let fields = |it: &realmwright::state::Object| {
        it.fields.iter().map(|(name, node)| (name.to_string(), sorted(node))).collect()
    };
    state.objects.iter().map(|(address, object)| (address.to_string(), fields(object))).collect()
}

fn sorted(node: &Node) -> Node {
    let mut node = node.clone();
    if let Is::List(items) = &mut node.is {
        items.sort();
    }
    node
}

/// What was hidden stays so, and is not written out.
fn mask(node: &mut Node) {
    match &mut node.is {
        Is::Hidden(hidden) => *hidden = Hidden::Masked,
        Is::List(items) | Is::Sequence(items) => items.iter_mut().for_each(mask),
        Is::Map(map) => map.values_mut().for_each(mask),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) | Is::Secret(_) => {}
    }
}

#[test]
fn what_is_lowered_is_lifted_to_the_same() {
    let whole = |it: &State| {
        let mut it = it.clone();
        it.objects.values_mut().flat_map(|it| it.fields.values_mut()).for_each(mask);
        let others =
            it.objects.iter().map(|(address, it)| (address.clone(), it.made_by.clone(), it.formerly.clone()));
        (values(&it), others.collect::<Vec<_>>(), it.default_role.clone())
    };
    for version in [NEWEST, OLDEST] {
        let state = kind::fresh_realm("r", version);
        let lifted = lift_realm(&tree_of_json(&lower_realm("r", &state)));
        assert_eq!(lifted.notes, []);
        assert_eq!(whole(&lifted.into_live()), whole(&state), "{version:?}");
    }
    for seed in 0..SEEDS {
        let lifted = lift_realm(&tree_of_json(&manifest("r", &generated(seed)))).into_live();
        let again = lift_realm(&tree_of_json(&lower_realm("r", &lifted)));
        assert_eq!(again.notes, [], "seed {seed}");
        assert_eq!(whole(&again.into_live()), whole(&lifted), "seed {seed}");
    }
}

#[test]
fn what_is_written_reads_back_as_it_was() {
    let reveal = |secret: &SecretRef| match &secret.source {
        SecretSource::Literal(text) => text.to_string(),
        SecretSource::Env(_) | SecretSource::File(_) => String::new(),
    };
    for seed in 0..SEEDS {
        for (address, object) in &desired(&generated(seed)).objects {
            let kind = kind::kind(address.kind());
            let body = Value::Object(kind::body(kind, kind::own_name(address, object), object, &reveal));
            let lifted = lift_object(kind, &tree_of_json(&body), address.parent().as_ref());
            assert_eq!(lifted.notes, [], "{address}");
            let back = lifted.pieces.into_iter().find(|(it, _)| it == address).expect("the same address").1;
            for (name, node) in &object.fields {
                let travels = kind.field(name).is_none_or(|it| {
                    it.sent.is_created_with() && node.scalar().is_none_or(|text| *text != *it.implied)
                });
                // A role with a slash in its name is sent by id.
                let mut by_name = true;
                node.each_ref(&mut |it, _| by_name &= it.steps().iter().all(|it| !it.name.contains('/')));
                if travels && by_name {
                    assert!(
                        diff::same(node, back.get(name)),
                        "{address} {name}: {node:?} {:?}",
                        back.get(name)
                    );
                }
            }
        }
    }
}
