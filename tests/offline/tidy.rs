//! How the source is cut: what may use what, how long a file may be, and where Keycloak's words may stand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use realmwright::kind::{KINDS, fields_of};

/// Modules in reading order: each may use those before it.
const ORDER: &[&str] = &[
    "text", "state", "change", "call", "kind", "manifest", "diff", "export", "access", "plan", "report",
    "keycloak", "apply", "sandbox", "run", "cli",
];

/// Tests that show notes as people see them.
const EXCEPT: &[(&str, &str)] = &[
    ("src/access/test/tests.rs", "report"),
    ("src/manifest/check/tests.rs", "report"),
    ("src/manifest/load/tests.rs", "report"),
    ("src/manifest/project/tests.rs", "report"),
];

const MOST_LINES: usize = 500;

struct Source {
    /// Below the root, with slashes.
    name: String,
    text: String,
}

impl Source {
    /// The module under `src/` that a file belongs to.
    fn module(&self) -> Option<&str> {
        let below = self.name.strip_prefix("src/")?;
        Some(below.split_once('/').map_or(below.trim_end_matches(".rs"), |it| it.0))
    }

    /// The lines before the tests at the end of a file; none where the file is tests.
    fn product(&self) -> &str {
        let is_test = ["tests/", "/tests", "/fixture"].iter().any(|it| self.name.contains(it));
        let end = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        if is_test { "" } else { &self.text[..end] }
    }
}

/// Returns every file below a folder of the repository with this extension.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of the repository");
            open.extend(entries.map(|it| it.expect("an entry").path()));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files("src", "rs");
    paths.extend(files("tests", "rs"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| Source {
            name: path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/"),
            text: fs::read_to_string(&path).expect("source is text"),
        })
        .collect()
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    let rank = |module: &str| ORDER.iter().position(|it| *it == module);
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(module) = source.module().filter(|it| !matches!(*it, "lib" | "main")) else { continue };
        let Some(own) = rank(module) else {
            wrong.push(format!("{}: `{module}` is not in the order", source.name));
            continue;
        };
        for (number, line) in source.text.lines().enumerate() {
            // Written out or imported, in tests too.
            for used in line.split("crate::").skip(1) {
                let names: Vec<&str> = match used.strip_prefix('{') {
                    Some(list) => list.split(',').collect(),
                    None => vec![used],
                };
                for name in names {
                    let name: String =
                        name.trim().chars().take_while(|it| it.is_ascii_lowercase() || *it == '_').collect();
                    let may = EXCEPT.contains(&(&*source.name, &*name));
                    if !may && rank(&name).is_some_and(|it| it > own) {
                        wrong.push(format!("{}:{}: {module} uses {name}", source.name, number + 1));
                    }
                }
            }
        }
    }
    none(&wrong);
}

/// Modules whose files must not need each other in a circle.
const WITHOUT_CIRCLES: &[&str] = &["cli", "keycloak"];

/// A unit of a module is a file with its folder (`login.rs` and `login/`), and the module's own file (`cli.rs`). A unit
/// needs another one when it names something of it. What the module's own file passes on by `use` is of the unit that it
/// comes from; what it defines itself is its own, and it needs all units, so none may need that.
#[test]
fn no_files_of_a_module_need_each_other_in_a_circle() {
    let all = sources();
    for module in WITHOUT_CIRCLES {
        let units: BTreeSet<&str> = all
            .iter()
            .filter_map(|it| it.name.strip_prefix(&format!("src/{module}/")))
            .map(|below| below.split(['/', '.']).next().unwrap_or_default())
            .collect();
        let own = all.iter().find(|it| it.name == format!("src/{module}.rs")).expect("a module has a file");
        let own = without_comments(own.product());
        let passed_on: BTreeMap<String, &str> = units
            .iter()
            .flat_map(|unit| names_at(&own, &format!("use {unit}::")).into_iter().map(move |it| (it, *unit)))
            .collect();
        let defined: BTreeSet<String> = ["fn", "struct", "enum", "trait", "type", "const", "static"]
            .iter()
            .flat_map(|word| names_at(&own, &format!("{word} ")))
            .collect();
        let mut needs: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        needs.insert(module, units.iter().map(|it| (*it, format!("src/{module}.rs"))).collect());
        for source in all.iter().filter(|it| it.module() == Some(module)) {
            let Some(below) = source.name.strip_prefix(&format!("src/{module}/")) else { continue };
            let unit = below.split(['/', '.']).next().unwrap_or_default();
            let text = without_comments(source.product());
            let up = "super::".repeat(below.split('/').count());
            let absolute = names_at(&text, &format!("crate::{module}::"));
            for name in absolute.into_iter().chain(names_at(&text, &up)) {
                let of = units.get(&*name).or_else(|| passed_on.get(&name)).copied();
                let is_own = name == "*" || defined.contains(&name);
                // The rest comes from other modules.
                let Some(of) = of.or(is_own.then_some(module)) else { continue };
                if of != unit {
                    needs.entry(unit).or_default().insert(of, format!("{} (`{name}`)", source.name));
                }
            }
        }
        // What needs nothing that is left, or what nothing needs, is in no circle.
        loop {
            let needing: BTreeSet<&str> =
                needs.iter().filter(|it| !it.1.is_empty()).map(|it| *it.0).collect();
            let needed: BTreeSet<&str> = needs.values().flat_map(|it| it.keys().copied()).collect();
            let before = needs.values().map(BTreeMap::len).sum::<usize>();
            needs.retain(|unit, _| needed.contains(unit));
            for it in needs.values_mut() {
                it.retain(|of, _| needing.contains(of));
            }
            if needs.values().map(BTreeMap::len).sum::<usize>() == before {
                break;
            }
        }
        let edges = |(unit, of): (&&str, &BTreeMap<&str, String>)| {
            of.iter().map(|(of, place)| format!("{unit} needs {of}: {place}")).collect::<Vec<_>>()
        };
        none(&needs.iter().flat_map(edges).collect::<Vec<_>>());
    }
}

fn without_comments(text: &str) -> String {
    text.lines().map(|it| it.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The names that follow a path wherever it stands, those of a list among them; each by its first part.
fn names_at(text: &str, path: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices(path) {
        // In the middle of a longer path it is another one.
        if text[..at].ends_with([':', '_']) || text[..at].ends_with(char::is_alphanumeric) {
            continue;
        }
        let rest = &text[at + path.len()..];
        match rest.strip_prefix('{') {
            None => names.extend(first_word(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut is_first = true;
                for (at, it) in list.char_indices() {
                    match it {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => is_first = true,
                        _ if is_first && !it.is_whitespace() => {
                            names.extend(first_word(&list[at..]));
                            is_first = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names.retain(|it| it != "super");
    names
}

fn first_word(text: &str) -> Option<String> {
    if text.starts_with('*') {
        return Some("*".to_owned());
    }
    let word: String = text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// What is decided by the name of a kind belongs into the table.
#[test]
fn no_file_outside_of_kind_and_access_names_a_kind() {
    let all = sources();
    let table = all.iter().find(|it| it.name == "src/kind.rs").expect("the table of kinds is there");
    let constants =
        table.text.lines().filter_map(|it| it.strip_prefix("pub const ")?.split_once(": KindName"));
    let kinds: Vec<&str> = constants.map(|(name, _)| name).collect();
    assert_eq!(kinds.len(), KINDS.len(), "every kind has a constant: {kinds:?}");
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let words = |text: &str| -> Vec<String> { text.split(|it| !is_word(it)).map(str::to_owned).collect() };
    let mut found = Vec::new();
    for source in &all {
        if source.module().is_none_or(|it| matches!(it, "kind" | "access")) {
            continue;
        }
        // `kind::ROLE`, and lists that are imported: other constants may have such a name.
        let taken = source.product().split("kind::").skip(1).flat_map(|it| match it.strip_prefix('{') {
            Some(list) => words(list.split('}').next().unwrap_or("")),
            None => words(it).into_iter().take(1).collect(),
        });
        if taken.into_iter().any(|it| kinds.contains(&&*it)) {
            found.push(source.name.clone());
        }
    }
    none(&found);
}

#[test]
fn files_stay_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{}: {lines} lines", source.name));
        }
        if !source.product().is_empty() && !source.text.starts_with("//!") {
            wrong.push(format!("{}: does not say at its head what it is", source.name));
        }
        if source.name.ends_with("/mod.rs") {
            wrong.push(format!("{}: named mod.rs", source.name));
        }
    }
    none(&wrong);
}

#[test]
fn nothing_is_silenced_hashed_or_unwrapped() {
    let mut wrong = Vec::new();
    for source in sources() {
        let product = source.product();
        let here = source.name.ends_with("offline/tidy.rs");
        for (number, line) in source.text.lines().enumerate() {
            for word in ["#[allow(", "HashMap", "HashSet"] {
                if !here && line.contains(word) {
                    wrong.push(format!("{}:{}: {word}", source.name, number + 1));
                }
            }
        }
        for (number, line) in product.lines().enumerate() {
            for word in [".unwrap()", ".unwrap_err()"] {
                if line.contains(word) {
                    wrong.push(format!("{}:{}: {word}", source.name, number + 1));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn few_kinds_need_code() {
    let with: Vec<_> = KINDS.iter().filter(|it| it.normalize.is_some()).map(|it| it.name).collect();
    assert!(with.len() <= 6, "{with:?}");
}

/// Comparing, planning and reporting know kinds, not fields: two words in camel case are a field's name.
#[test]
fn fields_of_keycloak_are_named_in_the_table_and_where_access_reads_them() {
    let types = ["", "role", "user", "group", "client", "client-scope", "regex", "time", "resource", "scope"];
    let fields: BTreeSet<&str> = KINDS
        .iter()
        .flat_map(|kind| types.map(|it| (kind.representation)(it)))
        .flat_map(fields_of)
        .filter(|it| it.contains(|it: char| it.is_ascii_uppercase()))
        .collect();
    assert!(fields.contains("redirectUris") && !fields.contains("secret"));
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module().unwrap_or_default();
        if !matches!(module, "text" | "state" | "change" | "call" | "diff" | "plan" | "report") {
            continue;
        }
        for (number, line) in source.product().lines().enumerate() {
            let words = line.split('"').skip(1).step_by(2);
            for word in words.filter(|it| fields.contains(it)) {
                wrong.push(format!("{}:{}: {word}", source.name, number + 1));
            }
        }
    }
    none(&wrong);
}
