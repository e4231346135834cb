use super::super::{Project, load_texts};
use super::check;
use crate::report::{Color, notes};

/// Everything that loading and checking say of one manifest.
fn said(text: &str) -> String {
    let project = Project::default();
    let mut loaded = load_texts(&[("a.yaml", text)], &project);
    for desired in &loaded.realms {
        loaded.notes.extend(check(desired, &project));
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
        found.extend(check(desired, &project));
    }
    assert_eq!(notes(&loaded.files, &found, Color::Never), "");
    assert_eq!(loaded.realms.len(), 1);
    assert_eq!(loaded.realms[0].realm, "eoepca");
}
