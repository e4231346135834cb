//! A config tree in a folder of its own, and our binary run on it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Server;

/// The secrets that the example's manifests ask the environment for.
pub(crate) const SECRETS: &[(&str, &str)] = &[
    ("DEMO_SECRET", "demo-secret"),
    ("DEMO_APP_SECRET", "demo-app-secret"),
    ("DUMMY_SERVICE_SECRET", "dummy-service-secret"),
    ("IDENTITY_API_SECRET", "identity-api-secret"),
    ("ERIC_PASSWORD", "eric-password"),
    ("ALICE_PASSWORD", "alice-password"),
];

/// Manifests and their project file; gone when dropped.
pub(crate) struct Tree {
    folder: TempDir,
    pub(crate) realm: String,
    environment: Vec<(String, String)>,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Tree {
    /// A copy of the example, for a realm of its own.
    pub(crate) fn example(realm: &str) -> Result<Tree, String> {
        let tree = Tree::empty(realm)?;
        tree.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/realm-config"), "")?;
        Ok(tree)
    }

    /// One manifest, and a project file with the owner `team`.
    pub(crate) fn of(realm: &str, manifest: &str) -> Result<Tree, String> {
        let tree = Tree::empty(realm)?;
        tree.write("realmwright.yaml", &format!("owner: team\nrealms: {{ {realm}: {{ path: . }} }}\n"))?;
        tree.write("realm.yaml", &format!("realm: {realm}\n{manifest}"))?;
        Ok(tree)
    }

    /// A folder without anything.
    pub(crate) fn empty(realm: &str) -> Result<Tree, String> {
        let folder = tempfile::tempdir().map_err(text)?;
        let environment = SECRETS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Ok(Tree { folder, realm: realm.to_owned(), environment: environment.collect() })
    }

    /// A project file alone: the owner `team`, who may make the realm.
    pub(crate) fn creating(realm: &str) -> Result<Tree, String> {
        let tree = Tree::empty(realm)?;
        tree.write(
            "realmwright.yaml",
            &format!("owner: team\nrealms: {{ {realm}: {{ path: ., create: true }} }}\n"),
        )?;
        Ok(tree)
    }

    fn copy(&self, from: &Path, below: &str) -> Result<(), String> {
        for entry in std::fs::read_dir(from).map_err(text)? {
            let entry = entry.map_err(text)?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.copy(&entry.path(), &format!("{name}/"))?;
                continue;
            }
            let content = std::fs::read_to_string(entry.path()).map_err(text)?;
            let content = content.replace("realm: eoepca", &format!("realm: {}", self.realm));
            self.write(&name, &content.replace("  eoepca: {", &format!("  {}: {{", self.realm)))?;
        }
        Ok(())
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> Result<(), String> {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(text)?;
        std::fs::write(path, content).map_err(text)
    }

    /// Returns the paths of all files, in their order.
    pub(crate) fn files(&self) -> Result<Vec<String>, String> {
        let mut out = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).map_err(text)? {
                let path = entry.map_err(text)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let below = path.strip_prefix(self.folder.path()).map_err(text)?;
                    out.push(below.to_string_lossy().into_owned());
                }
            }
        }
        out.sort();
        Ok(out)
    }

    /// Returns what a file holds.
    pub(crate) fn read(&self, name: &str) -> Result<String, String> {
        std::fs::read_to_string(self.folder.path().join(name)).map_err(text)
    }

    /// Replaces the one manifest by one that does not say its realm.
    pub(crate) fn declare(&self, manifest: &Value) -> Result<(), String> {
        let mut manifest = manifest.clone();
        manifest["realm"] = json!(self.realm);
        self.write("realm.yaml", &manifest.to_string())
    }

    /// Replaces the one manifest.
    pub(crate) fn manifest(&self, manifest: &str) -> Result<(), String> {
        self.write("realm.yaml", &format!("realm: {}\n{manifest}", self.realm))
    }

    /// Replaces a text that a file holds exactly once.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) -> Result<(), String> {
        let path = self.folder.path().join(name);
        let content = std::fs::read_to_string(&path).map_err(text)?;
        match content.matches(from).count() {
            1 => std::fs::write(path, content.replace(from, to)).map_err(text),
            count => Err(format!("{name} holds {count} times: {from}")),
        }
    }

    /// Cuts a file from one text up to another, which stays.
    pub(crate) fn cut(&self, name: &str, from: &str, upto: &str) -> Result<(), String> {
        let path = self.folder.path().join(name);
        let content = std::fs::read_to_string(&path).map_err(text)?;
        let start = content.find(from).ok_or_else(|| format!("{name} lacks: {from}"))?;
        let end = if upto.is_empty() {
            Some(content.len())
        } else {
            content[start..].find(upto).map(|it| it + start)
        };
        let end = end.ok_or_else(|| format!("{name} lacks: {upto}"))?;
        std::fs::write(path, format!("{}{}", &content[..start], &content[end..])).map_err(text)
    }

    /// Sets a variable for the commands that follow.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(it, _)| it != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Runs our binary on the tree as the server's administrator.
    pub(crate) fn run(&self, server: &Server, args: &[&str]) -> Result<Ran, String> {
        self.run_at(&server.url, server, args)
    }

    /// Runs our binary on the tree, on a server that is reached by another URL.
    pub(crate) fn run_at(&self, url: &str, server: &Server, args: &[&str]) -> Result<Ran, String> {
        let ran = self.command(url, server, args).output().map_err(text)?;
        self.ran(server, &ran)
    }

    /// Returns our binary as a command that has yet to be started.
    pub(crate) fn command(&self, url: &str, server: &Server, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_realmwright"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            // What a test looks for stands in one line.
            .env("COLUMNS", "1000")
            .env("REALMWRIGHT_SERVER", url)
            .env("REALMWRIGHT_USER", &server.user)
            .env("REALMWRIGHT_PASSWORD", &server.password)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs our binary as somebody without any login, who pipes a text in.
    pub(crate) fn run_as_nobody(&self, server: &Server, args: &[&str], stdin: &str) -> Result<Ran, String> {
        self.ran(server, &piped(self.command_of_nobody(server, args), stdin)?)
    }

    /// Runs a command whose result is a token; everything else that it says is searched for tokens all the same.
    pub(crate) fn token(&self, server: &Server, args: &[&str], stdin: &str) -> Result<Ran, String> {
        let command = self.command_of_nobody(server, &[&["token"], args].concat());
        let mut output = piped(command, stdin)?;
        let told = std::mem::take(&mut output.stdout);
        let ran = self.ran(server, &output)?;
        let out = String::from_utf8_lossy(&told).into_owned();
        self.tells_no_secret(server, &out, &ran.err)?;
        Ok(Ran { out, ..ran })
    }

    /// Returns our binary as a command of somebody without any login.
    pub(crate) fn command_of_nobody(&self, server: &Server, args: &[&str]) -> Command {
        let mut command = self.command(&server.url, server, args);
        command.env_remove("REALMWRIGHT_USER").env_remove("REALMWRIGHT_PASSWORD");
        command
    }

    /// Takes what a command said, having checked that no secret is in it.
    pub(crate) fn ran(&self, server: &Server, ran: &Output) -> Result<Ran, String> {
        let words = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        let ran =
            Ran { code: ran.status.code().unwrap_or(-1), out: words(&ran.stdout), err: words(&ran.stderr) };
        self.tells_no_secret(server, &ran.out, &ran.err)?;
        if has_token(&ran.out) || has_token(&ran.err) {
            return Err(format!("a token was told:\n{}\n{}", ran.err, ran.out));
        }
        Ok(ran)
    }

    fn tells_no_secret(&self, server: &Server, out: &str, err: &str) -> Result<(), String> {
        let is_secret = |name: &str| name.ends_with("SECRET") || name.ends_with("PASSWORD");
        let ours = self.environment.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
        for secret in ours.chain([&server.password]) {
            // What is shorter stands in other words as well.
            if secret.len() >= 8 && (out.contains(secret) || err.contains(secret)) {
                return Err(format!("the secret {secret} was told:\n{err}\n{out}"));
            }
        }
        Ok(())
    }

    /// Returns the path of a file in the tree.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Plans and returns the plan's JSON; `args` are more of the command line.
    pub(crate) fn plan(&self, server: &Server, args: &[&str]) -> Result<Plan, String> {
        let ran = self.run(server, &[&["plan", "--format", "json"], args].concat())?.expect(0)?;
        Ok(Plan(ran.json()?))
    }

    /// Applies, expecting the exit code 0.
    pub(crate) fn apply(&self, server: &Server, args: &[&str]) -> Result<Ran, String> {
        self.run(server, &[&["apply", "--auto-approve"], args].concat())?.expect(0)
    }

    /// Applies, expecting the exit code 3.
    pub(crate) fn refused(&self, server: &Server, args: &[&str]) -> Result<Ran, String> {
        self.run(server, &[&["apply", "--auto-approve"], args].concat())?.expect(3)
    }

    /// Returns the entries of drift as `class address`, having checked that the exit code fits them.
    pub(crate) fn drift(&self, server: &Server) -> Result<Vec<String>, String> {
        let ran = self.run(server, &["drift", "--format", "json"])?;
        let json = ran.json()?;
        let entries: Vec<String> = list(&json["resource_drift"])
            .iter()
            .map(|it| format!("{} {}", word(&it["class"]), word(&it["address"])))
            .collect();
        ran.expect(if entries.is_empty() { 0 } else { 2 })?;
        Ok(entries)
    }

    /// Checks that nothing is left to do and nothing has drifted.
    pub(crate) fn is_clean(&self, server: &Server) -> Result<(), String> {
        same("a new plan", &self.plan(server, &[])?.changes(), &[])?;
        same("drift", &self.drift(server)?, &[])
    }
}

impl Ran {
    pub(crate) fn expect(self, code: i32) -> Result<Ran, String> {
        if self.code == code {
            return Ok(self);
        }
        // A plan is long; what matters is said on the other stream, or comes first or last.
        let start: String = self.out.chars().take(2000).collect();
        let rest = self.out.get(start.len()..).unwrap_or_default();
        let end = rest.char_indices().nth_back(2000).map_or(rest, |(at, _)| &rest[at..]);
        Err(format!("exit code {} instead of {code}\n{}\n{start}\n…\n{end}", self.code, self.err))
    }

    pub(crate) fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.out).map_err(|it| format!("{it}: {}\n{}", self.out, self.err))
    }

    /// Checks that a text was said on one of the two streams.
    pub(crate) fn says(&self, text: &str) -> Result<(), String> {
        if self.out.contains(text) || self.err.contains(text) {
            return Ok(());
        }
        let start: String = self.out.chars().take(2000).collect();
        Err(format!("nothing says `{text}`:\n{}\n{start}", self.err))
    }
}

/// A plan as JSON, and its parts as lines that a test can name.
pub(crate) struct Plan(pub(crate) Value);

impl Plan {
    /// Returns `action address` of each change, sorted.
    pub(crate) fn changes(&self) -> Vec<String> {
        let line = |it: &Value| format!("{} {}", word(&it["change"]["actions"][0]), word(&it["address"]));
        sorted(list(&self.0["resource_changes"]).iter().map(line))
    }

    /// Returns the changes but for what the server does by itself.
    pub(crate) fn calls(&self) -> Vec<String> {
        let with: Vec<String> = list(&self.0["resource_changes"])
            .iter()
            .filter(|it| it["reason"] == "cascade")
            .map(|it| format!("delete {}", word(&it["address"])))
            .collect();
        self.changes().into_iter().filter(|it| !with.contains(it)).collect()
    }

    /// Returns the changes but for what only the ledger learns.
    pub(crate) fn writes(&self) -> Vec<String> {
        let ledger_only = |it: &String| it.starts_with("adopt ") || it.starts_with("forget ");
        self.changes().into_iter().filter(|it| !ledger_only(it)).collect()
    }

    /// Returns `address` or `address/pointer` of what is left behind, sorted.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        sorted(
            list(&self.0["left_behind"])
                .iter()
                .map(|it| format!("{}{}", word(&it["address"]), word(&it["path"]))),
        )
    }

    /// Returns `consent address` of what is held back, sorted.
    pub(crate) fn held_back(&self) -> Vec<String> {
        sorted(
            list(&self.0["held_back"])
                .iter()
                .map(|it| format!("{} {}", word(&it["consent"]), word(&it["address"]))),
        )
    }

    /// Returns `key=count` of what needs a yes.
    pub(crate) fn consents(&self) -> Vec<String> {
        sorted(list(&self.0["consents"]).iter().map(|it| format!("{}={}", word(&it["key"]), it["count"])))
    }

    /// Returns `fate address` of what deletes do to others.
    pub(crate) fn cascades(&self) -> Vec<String> {
        sorted(
            list(&self.0["cascades"]).iter().map(|it| format!("{} {}", word(&it["fate"]), word(&it["on"]))),
        )
    }

    /// Returns `id address` of what is refused.
    pub(crate) fn refusals(&self) -> Vec<String> {
        sorted(
            list(&self.0["refusals"])
                .iter()
                .map(|it| format!("{} {}", word(&it["id"]), word(&it["address"]))),
        )
    }

    /// Returns `address/pointer: links` of what was there before us and stays.
    pub(crate) fn tolerated(&self) -> Vec<String> {
        let links = |it: &Value| list(it).iter().map(word).collect::<Vec<_>>().join(", ");
        sorted(
            list(&self.0["tolerated"])
                .iter()
                .map(|it| format!("{}{}: {}", word(&it["address"]), word(&it["path"]), links(&it["links"]))),
        )
    }
}

/// Runs a command and pipes a text in.
fn piped(mut command: Command, stdin: &str) -> Result<Output, String> {
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(text)?;
    let mut pipe = child.stdin.take().ok_or("no stdin")?;
    // A command that does not read its stdin may have closed it.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    child.wait_with_output().map_err(text)
}

/// Says whether a JSON Web Token stands in a text.
fn has_token(text: &str) -> bool {
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    text.match_indices("eyJ").any(|(at, _)| {
        let rest = text[at..].trim_start_matches(is_part);
        text.len() - at - rest.len() > 20 && rest.starts_with(".eyJ")
    })
}

/// Returns the items of a JSON list; none for anything else.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns a JSON text; empty for anything else.
pub(crate) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

/// Checks that two lists are the same, and shows what one lacks of the other.
pub(crate) fn same(what: &str, is: &[String], wanted: &[&str]) -> Result<(), String> {
    let extra: Vec<&String> = is.iter().filter(|it| !wanted.contains(&it.as_str())).collect();
    let missing: Vec<&&str> = wanted.iter().filter(|it| !is.iter().any(|have| have == *it)).collect();
    if extra.is_empty() && missing.is_empty() && is.len() == wanted.len() {
        return Ok(());
    }
    Err(format!("{what}: not wanted {extra:#?}, missing {missing:#?}"))
}

/// Checks a claim, and shows what was found where it does not hold.
pub(crate) fn check(holds: bool, claim: &str, found: &Value) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("not so: {claim}: {found:#}")) }
}

fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}
