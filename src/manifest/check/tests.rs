use super::super::{Project, load_texts};
use super::{check, check_recorded};
use crate::report::{Color, notes};

/// Everything that loading and checking say of one manifest.
fn said(text: &str) -> String {
    let project = Project::default();
    let mut loaded = load_texts(&[("a.yaml", text)], &project);
    for desired in &loaded.realms {
        loaded.notes.extend(check(desired, &project).into_iter().chain(check_recorded(desired)));
    }
    notes(&loaded.files, &loaded.notes, Color::Never)
}

#[test]
fn the_example_has_nothing_to_complain_about() {
    let folder = std::path::Path::new("examples/realm-config");
    let project = Project::open(&folder.join("realmwright.yaml"));
    let loaded = super::super::load(&[], &project);
    let mut found = loaded.notes.clone();
    for desired in &loaded.realms {
        found.extend(check(desired, &project).into_iter().chain(check_recorded(desired)));
    }
    assert_eq!(notes(&loaded.files, &found, Color::Never), "");
    assert_eq!(loaded.realms.len(), 1);
    assert_eq!(loaded.realms[0].realm, "eoepca");
}

/// Cases: a line `## title`, then the manifest.
const CASES: &str = include_str!("cases.yaml");

#[test]
fn each_bad_input_has_a_message_with_its_place_and_a_way_out() {
    let mut text = String::new();
    for case in CASES.split("## ").skip(1) {
        let (title, manifest) = case.split_once('\n').expect("a title and a manifest");
        text.extend(["## ", title, "\n", &said(manifest), "\n"]);
    }
    snapbox::assert_data_eq!(text, snapbox::file!["messages.txt"].raw());
}
