use super::*;
use crate::kind::USER;
use crate::report::{Color, notes};
use crate::text::Code;

fn texts(sources: &[(&str, &str)]) -> Loaded {
    load_texts(sources, &Project::default())
}

#[test]
fn documents_of_a_realm_become_one_state_wherever_they_stand() {
    let loaded = texts(&[
        ("a.yaml", "realm: one\nusers:\n  - username: Eric\n    email: eric@example.org\n    groups: [/a]\n"),
        ("b.yaml", "realm: two\nenabled: true\n---\nrealm: one\nusers: [{username: eric, groups: [/b]}]\n"),
    ]);
    assert_eq!(notes(&loaded.files, &loaded.notes, Color::Never), "");
    let names: Vec<&str> = loaded.realms.iter().map(|it| it.realm.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    let eric = loaded.realms[0].state.get(&Address::top(USER, "eric")).expect("declared");
    assert_eq!(eric.text("email"), "eric@example.org");
    assert_eq!(format!("{:?}", eric.get("groups").expect("declared")), "[@group/a, @group/b]");
}

#[test]
fn secrets_in_manifests_never_show_in_the_lines_of_notes() {
    let loaded = texts(&[(
        "a.yaml",
        "realm: one\nclients:\n  - { clientId: demo, secret: hush-1, nonsense: 1 }\n  - clientId: x\n    secret: hush-2\n    secret: hush-3\n",
    )]);
    let text = notes(&loaded.files, &loaded.notes, Color::Never);
    assert!(text.contains("nonsense") && text.contains("*****"), "{text}");
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn what_an_earlier_run_wrote_beside_the_manifests_is_no_manifest() {
    let loaded = texts(&[
        ("a.yaml", "realm: one\nenabled: true\n"),
        ("plan.json", "{\"format_version\": \"1.0\", \"realmwright_version\": \"0.1.0\", \"plans\": []}"),
        ("matrix.json", "{\"format_version\": \"1.0\", \"realm\": \"two\", \"decisions\": []}"),
        ("report", "{\"format_version\": \"1.0\", \"realmwright_version\": \"0.1.0\", \"errors\": []}"),
    ]);
    assert_eq!(notes(&loaded.files, &loaded.notes, Color::Never), "");
    assert_eq!(loaded.realms.len(), 1);
}

#[test]
fn a_manifest_that_names_a_version_is_not_taken_for_a_report() {
    let loaded = texts(&[
        ("a.yaml", "realm: one\nrealmwright_version: 0.1.0\n"),
        ("b.yaml", "realm: one\nformat_version: 1\n"),
    ]);
    let codes: Vec<_> = loaded.notes.iter().map(|it| it.code).collect();
    assert_eq!(codes, [Code::UnknownField, Code::UnknownField]);
}

#[test]
fn secret_files_are_relative_to_the_manifest_and_stay_inside_the_tree() {
    let loaded = texts(&[
        ("m/a.yaml", "realm: one\nclients: [{clientId: demo, secret: {fromFile: ../run/secret}}]\n"),
        ("m/b.yaml", "realm: one\nclients: [{clientId: x, secret: {fromFile: ../../etc/passwd}}]\n"),
    ]);
    let demo = loaded.realms[0].state.get(&Address::top(kind::CLIENT, "demo")).expect("declared");
    assert_eq!(format!("{:?}", demo.fields["secret"]), "(secret from file run/secret)");
    let codes: Vec<_> = loaded.notes.iter().map(|it| it.code).collect();
    assert_eq!(codes, [Code::SecretOutside]);
}

#[test]
fn folders_are_walked_in_order_and_the_project_file_is_not_a_manifest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [
        ("realmwright.yaml", "owner: x\n"),
        ("z/b.yml", "realm: one\nusers: [{username: bob}]\n"),
        ("a.json", "{\"realm\": \"one\", \"enabled\": true}"),
        ("t.yaml", "kind: AccessTest\nexpect: []\n"),
        ("notes.txt", "nothing"),
        (".hidden.yaml", "nothing"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    let project = Project::open(&folder.path().join(PROJECT_FILE));
    let loaded = load(&[], &project);
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    assert_eq!((loaded.realms.len(), loaded.tests.len()), (1, 1));
    assert_eq!(loaded.realms[0].state.objects.len(), 2);
    let again = load(&[folder.path().to_owned(), folder.path().join("a.json")], &project);
    assert_eq!(again.realms[0].state.objects.len(), 2);
    assert!(again.files.text(4).is_none(), "a file named twice is read once");
}

#[test]
fn a_realm_that_a_manifest_misspells_is_told_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join(PROJECT_FILE), "realms: { eoepca: { path: . } }").expect("written");
    std::fs::write(folder.path().join("a.yaml"), "realm: eoepka").expect("written");
    let project = Project::open(&folder.path().join(PROJECT_FILE));
    let loaded = super::super::validate(&[], &project);
    assert_eq!(loaded.notes.len(), 1, "{:?}", loaded.notes);
    let help = loaded.notes[0].help.as_deref();
    assert_eq!(help, Some("did you mean `eoepca`? Otherwise name it under `realms:`"));
}

#[test]
fn many_files_are_read_on_all_cores_in_their_order() {
    let text = |number: usize| {
        format!("realm: one\nusers:\n  - {{ username: user-{number} }}\n{}", "# padding\n".repeat(300))
    };
    let texts: Vec<(String, String)> = (0..60).map(|it| (format!("{it:03}.yaml"), text(it))).collect();
    let sources: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    let loaded = load_texts(&sources, &Project::default());
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    let state = &loaded.realms[0].state;
    for number in 0..60u32 {
        let address = Address::top(USER, format!("user-{number}"));
        assert_eq!(state.get(&address).map(|it| it.at.file), Some(number));
    }
}

#[test]
fn paths_without_manifests_are_errors() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("latin.txt"), b"realm: \xe9").expect("written");
    let said = |path: PathBuf| {
        let loaded = load(&[path], &Project::default());
        loaded.notes.iter().map(|it| (it.code, it.title.clone())).collect::<Vec<_>>()
    };
    let titles = said(folder.path().to_owned());
    assert!(titles[0].0 == Code::EmptyFolder && titles[0].1.ends_with("has no manifests"), "{titles:?}");
    let titles = said(folder.path().join("no.yaml"));
    assert!(titles[0].0 == Code::Unreadable && titles[0].1.ends_with("does not exist"), "{titles:?}");
    let titles = said(folder.path().join("latin.txt"));
    assert!(titles[0].0 == Code::Unreadable && titles[0].1.ends_with("is not UTF-8"), "{titles:?}");
}
