//! With `--format json`, stdout is one document: whatever was asked, and whatever went wrong.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::program::{program, shown, words};

/// Every command, with arguments that are right; of groups, what stands below them.
const COMMANDS: &[&str] = &[
    "access who view R",
    "access can eric view R",
    "access why eric view R",
    "access matrix --client demo",
    "access diff a.yaml a.yaml",
    "validate a.yaml",
    "plan a.yaml",
    "apply a.yaml",
    "drift a.yaml",
    "test a.yaml",
    "unlock --realm a --run r",
    "demo",
    "sandbox up",
    "sandbox down",
    "sandbox status",
    "sandbox run",
    "login",
    "logout",
    "token login",
    "token user eric --client demo",
    "token service-account demo",
    "token ticket --client demo --resource R",
    "token rpt --audience demo --token-env T",
    "token exchange --client demo",
    "token inspect",
    "doctor --realm a",
    "schema manifest",
    "completions bash",
];

const MANIFEST: &str = "realm: a
users: [{ username: eric, email: eric@example.org, firstName: Eric, lastName: Example }]
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, uris: [\"/r/*\"], scopes: [view], permissions: { user: [eric] } }]
";

const TEST: &str = "kind: AccessTest
resourceServer: demo
personas: { eric: { user: eric } }
expect: [{ resources: [R], eric: { permit: [view] } }]
";

/// Answers every request with a refusal to log anybody in, as Keycloak says it.
fn refusing_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes);
            let body =
                r#"{"error":"invalid_grant","error_description":"Invalid\u001b[31m user \u202ecredentials"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

/// Takes connections and says nothing.
fn silent_server() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    (format!("http://{}", listener.local_addr().expect("an address")), listener)
}

/// The name of a command: its first words that are no arguments.
fn name(line: &str) -> String {
    let groups = ["access", "sandbox", "token"];
    let count = if groups.iter().any(|it| line.starts_with(it)) { 2 } else { 1 };
    line.split(' ').take(count).collect::<Vec<_>>().join(" ")
}

/// Checks the one document of a run, and returns it.
fn document(line: &str, output: &Output) -> Value {
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/result.json"))
            .expect("a schema"),
    )
    .expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let whole: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", shown(line, output)));
    let wrong: Vec<String> =
        validator.iter_errors(&whole).map(|it| format!("{it} at {}", it.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{}", shown(line, output));
    assert_eq!(whole["command"], name(line), "{}", shown(line, output));
    assert_eq!(whole["exit_code"].as_i64(), output.status.code().map(i64::from), "{}", shown(line, output));
    assert_eq!(whole["realmwright_version"], env!("CARGO_PKG_VERSION"));
    whole
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        write("a.yaml", MANIFEST);
        write("test.yaml", TEST);
        write("wrong.yaml", "realm: a\nclientz: []\n");
        write("odd.yaml", "realm: a\nclients: [{ clientId: demo, secret: literal }]\n");
        Place { folder }
    }

    fn run(&self, line: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = program(self.folder.path(), self.folder.path());
        command.args(words(line)).envs(variables.iter().copied()).output().expect("it runs")
    }
}

#[test]
fn a_wrong_command_line_is_a_document_too() {
    let place = Place::new();
    for line in COMMANDS {
        let command = name(line);
        let output = place.run(&format!("{command} --format json --no-such-flag"), &[]);
        let whole = document(line, &output);
        assert_eq!(whole["exit_code"], 64, "{line}");
        assert_eq!(whole["errors"][0]["code"], "usage");
        let message = whole["errors"][0]["message"].as_str().expect("a message");
        assert!(
            ["--no-such-flag", "--format", "required"].iter().any(|it| message.contains(it)),
            "{line}: {message}"
        );
    }
    for line in ["--format json", "plam --format=json", "--format json plan --only"] {
        let output = place.run(line, &[]);
        let whole: Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(
            (&whole["exit_code"], &whole["errors"][0]["code"]),
            (&64.into(), &"usage".into()),
            "{line}"
        );
    }
}

#[test]
fn every_failure_is_one_document_with_its_reason() {
    let place = Place::new();
    let refusing = refusing_server();
    let login = |server: &str| {
        vec![
            ("REALMWRIGHT_SERVER", server.to_owned()),
            ("REALMWRIGHT_USER", "admin".to_owned()),
            ("REALMWRIGHT_PASSWORD", "admin-password".to_owned()),
            ("REALMWRIGHT_USER_PASSWORD", "eric-password".to_owned()),
            ("T", "e30.e30.x".to_owned()),
        ]
    };
    let nobody = login("http://127.0.0.1:9");
    let refusing = login(&refusing);
    let open = login("http://192.0.2.1");
    let none: Vec<(&str, String)> = Vec::new();
    let mut elsewhere = nobody.clone();
    elsewhere.push(("REALMWRIGHT_ALLOWED_SERVERS", "https://other.example.org".to_owned()));
    let realms = ["plan a.yaml", "apply a.yaml --auto-approve", "drift a.yaml"];
    let tokens = ["token user eric --client demo --realm a", "token service-account demo --realm a"];
    let asked = ["access can eric view R a.yaml --server", "test a.yaml test.yaml --server"];
    let mut count = 0;
    let mut check = |line: &str, variables: &[(&str, String)], exit: i64, code: &str| {
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
        let output = place.run(&format!("{line} --format json"), &variables);
        let whole = document(line, &output);
        let codes: Vec<&str> =
            whole["errors"].as_array().expect("a list").iter().filter_map(|it| it["code"].as_str()).collect();
        assert_eq!(whole["exit_code"], exit, "{}", shown(line, &output));
        assert!(codes.contains(&code), "{code}: {}", shown(line, &output));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains(['\u{1b}', '\u{202e}']) && !stderr.contains("-password"), "{stderr}");
        count += 1;
    };
    let ours = ["unlock --realm a --run r", "doctor --realm a"];
    for line in realms.iter().chain(&asked).chain(&ours) {
        check(line, &none, 64, "usage");
        check(line, &nobody, 1, "network");
        check(line, &refusing, 1, "login");
        check(line, &open, 1, "input");
        check(line, &elsewhere, 3, "refused");
    }
    for line in tokens {
        check(line, &none, 64, "usage");
        check(line, &nobody, 1, "network");
        check(line, &refusing, 1, "login");
        check(line, &open, 1, "input");
    }
    for line in [
        "plan",
        "apply",
        "drift",
        "validate",
        "test",
        "access can eric view R",
        "access who view R",
        "access matrix --client demo",
    ] {
        check(&format!("{line} wrong.yaml"), &none, 1, "RW0103");
        check(&format!("{line} nowhere.yaml"), &none, 1, "RW0114");
    }
    for (line, exit, code) in [
        ("plan a.yaml --prune", 64, "usage"),
        ("plan a.yaml --allow deletes", 64, "usage"),
        ("plan a.yaml --at yesterday", 64, "usage"),
        ("access can eric view Nothing a.yaml", 1, "input"),
        ("access can eric view '/r/*' --exact --client nobody a.yaml", 1, "input"),
        ("access why nobody view R a.yaml", 1, "input"),
        ("access diff a.yaml wrong.yaml", 1, "RW0103"),
        ("access diff a.yaml no-such-revision", 1, "input"),
        ("test a.yaml", 1, "input"),
        ("token inspect a.yaml --offline", 1, "input"),
        ("token inspect a.yaml", 64, "usage"),
        ("token login --server http://127.0.0.1:9", 64, "usage"),
        ("login --device --server http://127.0.0.1:9", 1, "network"),
        ("logout", 64, "usage"),
    ] {
        check(line, &none, exit, code);
    }
    assert!(count >= 67, "{count}");
}

#[test]
fn results_are_documents_of_the_same_form() {
    let place = Place::new();
    let odd = "access diff a.yaml odd.yaml";
    for (line, exit) in [
        ("validate a.yaml", 0),
        ("validate odd.yaml", 0),
        ("access who view R a.yaml", 0),
        ("access can eric view R a.yaml", 0),
        ("access can eric view '/r/*' --exact a.yaml", 0),
        ("access can any-user view R a.yaml", 2),
        ("access can eric view '*' a.yaml", 0),
        ("access why eric view R a.yaml", 0),
        ("access matrix --client demo a.yaml", 0),
        ("access diff a.yaml a.yaml", 0),
        (odd, 2),
        ("test a.yaml test.yaml", 0),
        ("sandbox status", 0),
        ("logout --server http://127.0.0.1:9", 0),
    ] {
        let output = place.run(&format!("{line} --format json"), &[]);
        let whole = document(line, &output);
        assert_eq!(whole["exit_code"], exit, "{}", shown(line, &output));
        assert_eq!(whole["errors"], Value::Array(Vec::new()), "{line}");
        // What text shows beside the result.
        let codes: Vec<&str> = whole["warnings"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|it| it["code"].as_str())
            .collect();
        assert_eq!(codes.contains(&"RW0401"), line.contains("odd.yaml"), "{}", shown(line, &output));
    }
}

#[test]
fn a_signal_is_answered_at_once_with_a_document() {
    let place = Place::new();
    let (url, _kept) = silent_server();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = program(place.folder.path(), place.folder.path());
        command.args(["plan", "a.yaml", "--format", "json", "--server", &url]);
        command.envs([("REALMWRIGHT_USER", "admin"), ("REALMWRIGHT_PASSWORD", "admin")]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_secs(2));
        let sent = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.is_ok_and(|it| it.success()));
        let output = child.wait_with_output().expect("it ends");
        let whole = document("plan", &output);
        assert_eq!((&whole["exit_code"], &whole["errors"][0]["code"]), (&code.into(), &"interrupted".into()));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "stopped\n");
    }
}

/// Reading very many manifests waits for nothing, so nothing there could be dropped.
#[test]
fn a_signal_ends_work_that_only_computes() {
    let place = Place::new();
    let roles: Vec<String> =
        (0..300_000).map(|it| format!("    - {{ name: role-{it}, description: x }}\n")).collect();
    let big = format!("realm: big\nroles:\n  realm:\n{}", roles.concat());
    fs::write(place.folder.path().join("big.yaml"), big).expect("a manifest");
    let mut command = program(place.folder.path(), place.folder.path());
    command.args(["validate", "big.yaml"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    std::thread::sleep(Duration::from_secs(2));
    let sent = std::process::Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|it| it.success()));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(143), "{}", shown("validate", &output));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "stopped\n");
}
