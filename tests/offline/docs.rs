//! Every manifest that the documentation shows is one, and every command that needs no server does what is shown.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{program, shown, text, words};

/// What begins a command that talks to a server, boots one, or waits for somebody.
const NEEDS_A_SERVER: &[&str] = &[
    "plan", "apply", "drift", "login", "logout", "token", "sandbox", "demo", "doctor", "unlock", "export",
    "get",
];

/// Names what a block without `realm:` at its head is.
const PROJECT_KEYS: &[&str] = &["owner", "realms", "environments", "guards", "prune", "protect"];

struct Block {
    /// File and line.
    place: String,
    language: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn blocks() -> Vec<Block> {
    let mut files = vec![root().join("README.md")];
    let docs = fs::read_dir(root().join("docs")).expect("the folder docs");
    files.extend(
        docs.map(|it| it.expect("an entry").path()).filter(|it| it.extension().is_some_and(|it| it == "md")),
    );
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let name = file.strip_prefix(root()).expect("below the root").display().to_string();
        let mut open: Option<Block> = None;
        for (number, line) in fs::read_to_string(&file).expect("text").lines().enumerate() {
            match (line.strip_prefix("```"), open.as_mut()) {
                (Some(_), Some(_)) => out.extend(open.take()),
                (Some(language), None) => {
                    let place = format!("{name}:{}", number + 1);
                    open = Some(Block { place, language: language.trim().to_owned(), text: String::new() });
                }
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
    }
    out
}

/// The example, without the environment of whoever runs the tests.
fn example(folder: &Path) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("the example") {
            let path = entry.expect("an entry").path();
            let to = to.join(path.file_name().expect("a name"));
            if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).expect("a file") }
        }
    }
    let to = folder.join("example");
    copy(&root().join("examples/realm-config"), &to);
    to
}

#[test]
fn every_manifest_of_the_documentation_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut count, mut wrong) = (0, Vec::new());
    for block in blocks().iter().filter(|it| it.language == "yaml") {
        let tree = folder.path().join(count.to_string());
        count += 1;
        let is_test = block.text.contains("kind: AccessTest");
        let head = block.text.lines().find(|it| !it.starts_with('#')).unwrap_or_default();
        let file = if is_test {
            // It is about what the example declares.
            fs::rename(example(folder.path()), &tree).expect("a folder");
            "shown.yaml"
        } else if PROJECT_KEYS.iter().any(|it| head.starts_with(&format!("{it}:"))) {
            fs::create_dir(&tree).expect("a folder");
            fs::write(tree.join("realm.yaml"), "realm: eoepca\n").expect("a manifest");
            "realmwright.yaml"
        } else {
            fs::create_dir(&tree).expect("a folder");
            "shown.yaml"
        };
        fs::write(tree.join(file), &block.text).expect("a file");
        let output = program(&tree, folder.path()).args(["validate", "."]).output().expect("it runs");
        if !output.status.success() {
            wrong.push(shown(&block.place, &output));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count >= 4, "only {count} manifests found");
}

/// One command of a block, and what is shown below it.
fn commands(block: &Block) -> Vec<(String, Option<String>)> {
    let is_dialogue = block.text.starts_with("$ ");
    let mut out: Vec<(String, Option<String>)> = Vec::new();
    for line in block.text.lines() {
        match (is_dialogue, line.strip_prefix("$ ")) {
            (true, Some(command)) => out.push((command.to_owned(), Some(String::new()))),
            (true, None) => {
                if let Some((_, Some(shown))) = out.last_mut() {
                    shown.push_str(line);
                    shown.push('\n');
                }
            }
            (false, _) => out.push((line.to_owned(), None)),
        }
    }
    out
}

#[test]
fn every_command_of_the_documentation_that_needs_no_server_does_what_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = example(folder.path());
    let (mut count, mut wrong) = (0, Vec::new());
    for block in blocks().iter().filter(|it| it.language != "yaml") {
        let mut code = None;
        for (line, output_shown) in commands(block) {
            if line == "echo $?" {
                let told = output_shown.as_deref().and_then(|it| it.trim().parse::<i32>().ok());
                if code.is_some_and(|code| Some(code) != told) {
                    wrong.push(format!("{}: {line} is {code:?} instead of {told:?}", block.place));
                }
                continue;
            }
            code = None;
            let words = words(&line);
            let [program_name, command, ..] = &words[..] else { continue };
            let has = |word: &str| words.iter().any(|it| it == word);
            let needs = NEEDS_A_SERVER.contains(&&**command) || has("--server") || line.contains(['|', '>']);
            // What a revision holds, a copy of the example does not know.
            if program_name != "realmwright" || needs || (command == "access" && has("diff")) {
                continue;
            }
            count += 1;
            let place = if line.contains("examples/") { root() } else { example.clone() };
            let output = program(&place, folder.path()).args(&words[1..]).output().expect("it runs");
            code = output.status.code();
            if !matches!(code, Some(0 | 2)) {
                wrong.push(shown(&format!("{}: {line}", block.place), &output));
            }
            if let Some(told) = output_shown.filter(|it| !it.contains('…') && !it.trim().is_empty())
                && told.trim_end() != text(&output.stdout).trim_end()
            {
                wrong.push(shown(&format!("{}: {line}: is not what is shown", block.place), &output));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count >= 8, "only {count} commands found");
}
