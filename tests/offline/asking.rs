//! Questions about access, put to the example's manifests through our binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What a command said, and how it ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(folder: &Path, args: &[&str]) -> Ran {
    let ran = Command::new(env!("CARGO_BIN_EXE_realmwright"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .output()
        .expect("our binary can be run");
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    Ran { code: ran.status.code().unwrap_or(-1), out: text(&ran.stdout), err: text(&ran.stderr) }
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/realm-config")
}

fn ask(args: &[&str]) -> Ran {
    run(&example(), &[&["access"], args].concat())
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|it| panic!("{it}: {}{}", ran.out, ran.err))
}

#[test]
fn can_says_it_in_one_line_and_by_its_exit_code() {
    for (persona, resource, code, word) in [
        ("eric", "Premium resource", 0, "PERMIT"),
        ("alice", "Premium resource", 2, "DENY"),
        ("alice", "Archive", 2, "UNKNOWN"),
        ("role/user-premium", "/protected/premium/page", 0, "PERMIT"),
        ("anonymous", "A resource", 2, "DENY"),
        ("any-user", "A resource", 0, "PERMIT"),
        ("{user: eric, at: 2024-01-05T09:00}", "Archive", 0, "PERMIT"),
        ("{user: eric, at: 2026-01-05T09:00}", "Archive", 2, "DENY"),
    ] {
        let ran = ask(&["can", persona, "view", resource]);
        assert_eq!(ran.code, code, "{persona} {resource}: {}{}", ran.out, ran.err);
        assert!(ran.out.starts_with(word) && ran.out.lines().count() == 1, "{}", ran.out);
        let ran = ask(&["can", persona, "view", resource, "--format", "json"]);
        assert_eq!((ran.code, &json(&ran)["verdict"]), (code, &Value::from(word)));
    }
}

#[test]
fn a_time_may_be_given_for_the_whole_question() {
    assert_eq!(ask(&["can", "eric", "view", "Archive", "--at", "2024-06-01T12:00"]).code, 0);
    assert_eq!(ask(&["can", "eric", "view", "Archive", "--at", "2026-06-01T12:00Z"]).code, 2);
    assert_eq!(ask(&["can", "eric", "view", "Archive", "--at", "soon"]).code, 64);
}

#[test]
fn who_names_people_and_the_chain_they_share() {
    let ran = ask(&["who", "view", "/eric/notes.txt", "--client", "demo"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("`view` on `Eric space` of client `demo`\n  may eric\n"), "{}", ran.out);
    let ran = ask(&["who", "view", "Shared resource", "--format", "json"]);
    let answer = &json(&ran)["answers"][0];
    assert_eq!(answer["permitted"][0]["personas"], serde_json::json!(["alice"]));
    assert_eq!(answer["permitted"][1]["personas"][0], "eric");
    assert!(answer["denied"].as_array().expect("a list").contains(&"anonymous".into()), "{answer:#}");
}

#[test]
fn why_shows_where_every_link_is_declared() {
    let ran = ask(&["why", "alice", "view", "Premium resource"]);
    assert_eq!(ran.code, 0);
    for words in [
        "DENY: alice may not do `view` on `Premium resource` of client `demo`.",
        "asks for the role `user-premium`: no, alice does not have it",
        "client/demo/authz/policy/Only Premium User Policy   clients/demo.yaml:",
        "alice would have to have the role `user-premium`.",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
}

#[test]
fn what_is_not_there_is_an_error_that_knows_what_was_meant() {
    for (args, code, words) in [
        (&["can", "alic", "view", "Archive"][..], 1, "did you mean `alice`?"),
        (&["can", "alice", "viw", "Archive"], 1, "did you mean `view`?"),
        (&["can", "alice", "view", "Archiv"], 1, "did you mean `Archive`?"),
        (&["can", "alice", "view", "Archive", "--client", "demi"], 1, "did you mean `demo`?"),
        (&["can", "alice", "view", "Archive", "--client", "account"], 1, "has no authorization"),
        (&["can", "alice", "view", "Archive", "--as", "demoo"], 1, "did you mean `demo`?"),
        (&["can", "alice"], 64, "required"),
        (&["matrix", "--client", "demo", "--persona", "nobody-known"], 1, "no user `nobody-known`"),
        (&["diff", "no-such-thing"], 1, "neither a file, nor a folder, nor a git revision"),
        (&["diff", "--", "--output=x"], 1, "neither a file, nor a folder, nor a git revision"),
    ] {
        let ran = ask(args);
        assert_eq!(ran.code, code, "{args:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
    }
    let ran = ask(&["can", "alic", "view", "Archive", "--format", "json"]);
    assert_eq!((ran.code, &json(&ran)["failure"]["class"]), (1, &Value::from("input")));
}

#[test]
fn what_several_resources_have_is_answered_for_each() {
    let ran = ask(&["who", "view", "/eric/x"]);
    for client in ["demo", "demo-app", "dummy-service"] {
        assert!(ran.out.contains(&format!("of client `{client}`")), "{}", ran.out);
    }
    let ran = ask(&["can", "alice", "view", "/alice/*"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 4), "{}", ran.out);
    assert!(ran.out.lines().all(|it| it.starts_with("PERMIT")), "{}", ran.out);
    let ran = ask(&["can", "alice", "view", "*space*", "--client", "demo", "--format", "json"]);
    let answers = &json(&ran)["answers"];
    assert_eq!(
        (ran.code, &answers[0]["verdict"], &answers[1]["verdict"]),
        (2, &Value::from("PERMIT"), &Value::from("DENY"))
    );
    assert_eq!(ask(&["why", "eric", "view", "/eric/x"]).out.matches("PERMIT: ").count(), 3);
}

#[test]
fn a_matrix_asks_every_declared_user_about_everything() {
    let ran = ask(&["matrix", "--client", "demo", "--format", "json"]);
    let document = json(&ran);
    let decisions = document["decisions"].as_array().expect("a list");
    assert_eq!(decisions.len(), 2 * 8);
    assert!(decisions.iter().all(|it| it["client"] == "demo" && it["scope"] == "view"));
    let ran = ask(&["matrix", "--client", "demo", "--format", "csv", "--synthetic"]);
    // One of them once more, for what it may ask for.
    assert_eq!(ran.out.lines().count(), 1 + 12 * 8, "{}", ran.out);
    // Nobody but the client itself may pass the client policy.
    let shared = |args: &[&str]| {
        let ran = ask(&[
            &["matrix", "--client", "demo", "--persona", "role/user-premium", "--format", "json"],
            args,
        ]
        .concat());
        let all = json(&ran)["decisions"].clone();
        let found =
            all.as_array().expect("a list").iter().find(|it| it["resource"] == "Shared resource").cloned();
        found.expect("asked about")["verdict"].clone()
    };
    assert_eq!([shared(&[]), shared(&["--as", "identity-api"])], ["PERMIT", "DENY"]);
}

/// The example in a repository of its own, committed once.
fn repository() -> TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("a folder");
        for entry in std::fs::read_dir(from).expect("the example") {
            let path = entry.expect("an entry").path();
            let target = to.join(path.file_name().expect("a name"));
            if path.is_dir() {
                copy(&path, &target);
            } else {
                std::fs::copy(&path, target).expect("copied");
            }
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    copy(&example(), &folder.path().join("config"));
    git(folder.path(), &["init", "--quiet"]);
    commit(folder.path());
    folder
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    let ran = Command::new("git").arg("-C").arg(folder).args(identity).args(args).output().expect("git");
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn commit(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "x"]);
}

#[test]
fn two_states_are_compared_as_files_or_as_revisions() {
    let folder = repository();
    let config = folder.path().join("config");
    let ran = run(&config, &["access", "diff", "HEAD"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let users = std::fs::read_to_string(config.join("users.yaml")).expect("a file");
    std::fs::write(config.join("users.yaml"), users.replace("[user]", "[user, user-premium]"))
        .expect("written");
    // Not yet committed: the work tree against the last commit.
    let ran = run(&config, &["access", "diff", "HEAD", "--format", "json"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let changes = json(&ran)["access_changes"].clone();
    let change = &changes[0];
    assert_eq!(changes.as_array().map(Vec::len), Some(1), "{changes:#}");
    assert_eq!((&change["change"], &change["cause"]), (&"gained".into(), &"user/alice".into()));
    assert_eq!(change["personas"], serde_json::json!(["alice"]));
    commit(folder.path());
    for (place, args) in [
        (config.as_path(), &["HEAD~1"][..]),
        (&config, &["HEAD~1", "HEAD"]),
        // Outside of the project the folder that is named is compared with itself as it was.
        (folder.path(), &["HEAD~1", "config"]),
    ] {
        let ran = run(place, &[&["access", "diff"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("gains alice   view on Premium resource of demo (1)"), "{}", ran.out);
        assert!(ran.out.contains("because of user/alice"), "{}", ran.out);
    }
    // Paths on both sides, and a loss.
    let before = example();
    let ran = run(folder.path(), &["access", "diff", "config", before.to_str().expect("text")]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("loses alice   view on Premium resource"), "{}", ran.out);
}

#[test]
fn administration_is_asked_for_by_its_roles() {
    let folder = TempDir::new().expect("a folder can be made");
    let manifest = "realm: r
roles: { realm: [{ name: boss, composites: { client: { realm-management: [manage-users] } } }] }
groups: [{ name: ops, clientRoles: { realm-management: [view-users] }, subGroups: [{ name: night }] }]
users:
  - { username: alice, email: a@e.org, firstName: A, lastName: B, realmRoles: [boss] }
  - { username: bob, email: b@e.org, firstName: B, lastName: B, groups: [/ops/night] }
  - { username: gone, email: g@e.org, firstName: B, lastName: B, enabled: false, realmRoles: [boss] }
  - { username: root, email: r@e.org, firstName: B, lastName: B, clientRoles: { realm-management: [realm-admin] } }
  - { username: service-account-robot, serviceAccountClientId: robot, clientRoles: { realm-management: [manage-users] } }
clients: [{ clientId: robot, serviceAccountsEnabled: true }]
";
    std::fs::write(folder.path().join("realm.yaml"), manifest).expect("a file can be written");
    let ask = |args: &[&str]| run(folder.path(), &[&["access"], args].concat());
    let who = ask(&["who", "--administration", "manage-users"]);
    let expected = "\
`manage-users` of this realm's administration
  may alice, role/boss
      role boss > role realm-management/manage-users
  may gone
      role boss > role realm-management/manage-users
      but user/gone is disabled and cannot log in
  may root
      role realm-management/realm-admin > role realm-management/manage-users
  may service-account-robot
      role realm-management/manage-users
  of 10 personas
";
    assert_eq!((who.code, who.out.as_str()), (0, expected), "{}", who.err);
    // Of several roles, the one that brings the others along.
    let all = ask(&["who", "--administration", "*"]);
    assert_eq!(all.out.matches("root").count(), 1, "{}", all.out);
    assert!(all.out.contains("`realm-admin` of this realm's administration\n  may root\n"), "{}", all.out);
    for (persona, role, code) in [
        ("alice", "manage-users", 0),
        ("alice", "realm-admin", 2),
        ("bob", "view-users", 0),
        ("bob", "*-users", 2),
        ("root", "*", 0),
        ("any-user", "manage-users", 2),
        ("group/ops", "view-users", 0),
        ("service-account-robot", "manage-users", 0),
    ] {
        let ran = ask(&["can", persona, "--administration", role]);
        assert_eq!(ran.code, code, "{persona} {role}: {}{}", ran.out, ran.err);
    }
    let why = ask(&["why", "bob", "--administration", "view-users"]);
    assert!(why.out.contains("→ which gives the role `realm-management/view-users`"), "{}", why.out);
    let matrix = ask(&["matrix", "--administration"]);
    assert!(matrix.out.contains("manage-users on administration"), "{}", matrix.out);
    let typo = ask(&["who", "--administration", "manage-user"]);
    assert!(typo.code == 1 && typo.err.contains("did you mean `manage-users`?"), "{}", typo.err);
    let both = ask(&["who", "view", "Lounge", "--administration", "manage-users"]);
    assert!(both.code == 1 && both.err.contains("`view` does not exist"), "{}", both.err);
}
