//! From paths to documents, and from documents to what is desired of each realm.
//!
//! All files are read in the order of their paths, so that the same tree gives the same answer everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::hidden::{hide_secrets, mask_quotes};
use super::merge::merge;
use super::project::{PROJECT_FILE, Project, is_project};
use crate::kind::{
    self, EMAIL_NAMES, lift_realm, name_administered, name_users_by_email, realm_address,
    resolve_names_with_slashes,
};
use crate::state::{Address, Is, Node, Object, SecretSource, State};
use crate::text::{At, Code, Files, Note, Tree, TreeIs, nearest, parse_yaml, read_regular, size};

/// Everything that the manifests say, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Loaded {
    pub files: Files,
    /// By name of the realm.
    pub realms: Vec<Desired>,
    /// Realms that are declared and that the run is not about.
    pub left_out: Vec<Desired>,
    /// The files that were read, the project file aside.
    pub manifests: Vec<PathBuf>,
    pub tests: Vec<TestDocument>,
    /// The folders that files named by `fromFile` may not leave.
    pub roots: Vec<PathBuf>,
    pub notes: Vec<Note>,
}

/// A document with `kind: AccessTest`.
#[derive(Debug)]
pub struct TestDocument {
    /// As it is written.
    pub tree: Tree,
    /// The realm that it is about, once that is found out.
    pub realm: Option<String>,
}

/// What all manifests of a realm say together.
#[derive(Debug)]
pub struct Desired {
    pub realm: String,
    /// Where the realm is named first.
    pub at: At,
    /// An object without fields is only a place: it owns nothing unless it is created.
    pub state: State,
    /// Policies and permissions that were written as an export writes them, with `config`.
    pub exported: BTreeSet<Address>,
}

/// Reads files and folders; without paths, those of the project.
pub fn load(paths: &[PathBuf], project: &Project) -> Loaded {
    let paths = if paths.is_empty() { project.roots() } else { paths.to_vec() };
    let mut notes = Vec::new();
    let mut sources = Vec::new();
    for path in manifest_files(&paths, project.file.as_deref(), &mut notes) {
        if let Some(text) = read(&path, project.largest(), &mut notes) {
            sources.push((path, text));
        }
    }
    let mut loaded = assemble(&sources, roots(&paths, project), project);
    // A folder that is lost comes before everything that follows from it.
    loaded.notes.splice(0..0, notes);
    loaded
}

/// Makes manifests of texts that are in memory already.
pub fn load_texts(sources: &[(&str, &str)], project: &Project) -> Loaded {
    let sources: Vec<(PathBuf, String)> =
        sources.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())).collect();
    assemble(&sources, vec![PathBuf::new()], project)
}

fn assemble(sources: &[(PathBuf, String)], roots: Vec<PathBuf>, project: &Project) -> Loaded {
    let mut out = Loaded { files: project.files(), notes: project.notes.clone(), roots, ..Loaded::default() };
    out.manifests = sources.iter().map(|(path, _)| path.clone()).collect();
    let mut realms: BTreeMap<String, Pieces> = BTreeMap::new();
    let numbered: Vec<(u32, &str)> = sources
        .iter()
        .map(|(path, text)| (out.files.add(path.to_string_lossy(), text.as_str()), text.as_str()))
        .collect();
    let parsed = parse_all(&numbered);
    for (((path, text), (file, _)), (documents, problems)) in sources.iter().zip(numbered).zip(parsed) {
        let name = path.to_string_lossy();
        if documents.is_empty() && problems.is_empty() {
            let at = At { file, start: 0, end: 0 };
            out.notes.push(
                Note::error(Code::EmptyFile, format!("`{name}` is empty"), at, "no document here")
                    .help("a manifest begins with `realm: NAME`"),
            );
        }
        out.notes.extend(problems);
        for document in documents {
            read_document(document, path, &mut realms, &mut out);
        }
        hide_secrets(&mut out.files, file, text);
        mask_quotes(&mut out.notes, file, text);
    }
    for (realm, pieces) in realms {
        hide_literals(&pieces.all, &mut out.files);
        let mut state = merge(pieces.all, &mut out.notes);
        name_administered(&mut state, None);
        resolve_names_with_slashes(&mut state);
        if state.get(&realm_address()).is_some_and(|it| it.is_true(EMAIL_NAMES)) {
            name_users_by_email(&mut state);
        }
        out.realms.push(Desired { realm, at: pieces.at, state, exported: pieces.exported });
    }
    out
}

/// Parses on all cores: of large manifests this is what takes the time.
fn parse_all(sources: &[(u32, &str)]) -> Vec<(Vec<Tree>, Vec<Note>)> {
    let parse = |(file, text): &(u32, &str)| parse_yaml(*file, text);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let size: usize = sources.iter().map(|(_, text)| text.len()).sum();
    if threads == 1 || size < 100_000 {
        return sources.iter().map(parse).collect();
    }
    std::thread::scope(|scope| {
        let chunks = sources.chunks(sources.len().div_ceil(threads * 4));
        let running: Vec<_> =
            chunks.map(|it| scope.spawn(move || it.iter().map(parse).collect::<Vec<_>>())).collect();
        running.into_iter().flat_map(|it| it.join().expect("the parser does not panic")).collect()
    })
}

struct Pieces {
    at: At,
    all: Vec<(Address, Object)>,
    exported: BTreeSet<Address>,
}

/// Reads one document; a list is what `kc.sh export` writes for several realms.
fn read_document(document: Tree, path: &Path, realms: &mut BTreeMap<String, Pieces>, out: &mut Loaded) {
    match &document.is {
        TreeIs::Map(_) => {}
        TreeIs::List(items) => {
            for item in items {
                read_document(item.clone(), path, realms, out);
            }
            return;
        }
        TreeIs::Null | TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) => {
            let title = format!("a manifest is a map, but this is {}", document.what());
            out.notes.push(
                Note::error(Code::WrongForm, title, document.at, "not a map")
                    .help("a manifest begins with `realm: NAME`"),
            );
            return;
        }
    }
    if is_report(&document, path) {
        return;
    }
    if let Some(kind) = document.get("kind") {
        match kind.scalar() {
            Some("AccessTest") => out.tests.push(TestDocument { tree: document, realm: None }),
            written => {
                let written = written.unwrap_or_default();
                let title = format!("unknown kind of document `{written}`");
                let note =
                    Note::error(Code::UnknownDocument, title, kind.at, "not a kind that realmwright knows");
                out.notes.push(match nearest(written, ["AccessTest"]) {
                    Some(near) => note.help(format!("did you mean `{near}`?")),
                    None => note.help(
                        "a manifest has no `kind`, an access test has `kind: AccessTest`; \
                         other files can be named in `.ignore`",
                    ),
                });
            }
        }
        return;
    }
    let Some(name) = document.get("realm") else {
        if path.file_name().is_some_and(|it| it == PROJECT_FILE) && is_project(&document) {
            let title = format!("`{}` is the project file of another project", path.display());
            out.notes.push(
                Note::warning(Code::OtherProject, title, document.at, "not read by this run")
                    .help("the manifests beside it are read; name it in `.ignore`, or run from its folder"),
            );
            return;
        }
        let at = document.entries().first().map_or(document.at, |(key, _)| key.at);
        out.notes.push(
            Note::error(
                Code::NoRealm,
                "this document does not say which realm it is about",
                at,
                "no `realm` here",
            )
            .help("begin it with `realm: NAME`; files that are no manifests can be named in `.ignore`"),
        );
        return;
    };
    let Some(realm) = name.scalar().filter(|it| !it.is_empty()) else {
        let title = format!("`realm` is {}, not a name", name.what());
        out.notes.push(Note::error(Code::WrongForm, title, name.at, "expected the name of a realm"));
        return;
    };
    let migrated = kind::migrate(&document, &mut out.notes);
    let document = migrated.as_ref().unwrap_or(&document);
    let mut lifted = lift_realm(document);
    out.notes.extend(std::mem::take(&mut lifted.notes));
    let exports = exports(document);
    kind::complete_export(document, path, &mut lifted.pieces, &mut out.notes);
    let pieces = realms.entry(realm.to_owned()).or_insert_with(|| Pieces {
        at: name.at,
        all: Vec::new(),
        exported: BTreeSet::new(),
    });
    let users = document.get("users").map_or(&[][..], Tree::items);
    let has_name = |it: &Tree| it.get("username").is_some() || it.get("serviceAccountClientId").is_some();
    let unnamed: BTreeSet<At> =
        users.iter().filter(|it| it.get("email").is_some() && !has_name(it)).map(|it| it.at).collect();
    let folder = path.parent().unwrap_or(Path::new(""));
    for (address, mut object) in lifted.pieces {
        if exports.contains(&object.at) {
            pieces.exported.insert(address.clone());
        }
        object.named_by_email = unnamed.contains(&object.at);
        drop_masked(&mut object.fields, &mut out.notes);
        for node in object.fields.values_mut() {
            settle_files(node, folder, &out.roots, &mut out.notes);
        }
        pieces.all.push((address, object));
    }
}

/// Says whether a document is what an earlier run wrote beside the manifests, such as with `--report json=PATH`.
///
/// One key alone could be an author's mistake, and what is skipped is no longer declared.
fn is_report(document: &Tree, path: &Path) -> bool {
    let is_json = path.extension().is_some_and(|it| it == "json");
    document.get("format_version").is_some() && (is_json || document.get("realmwright_version").is_some())
}

/// Returns the places of policies that keep their fields in `config`.
fn exports(document: &Tree) -> BTreeSet<At> {
    let clients = document.get("clients").map_or(&[][..], Tree::items);
    let settings = clients.iter().filter_map(|it| it.get("authorizationSettings"));
    let lists = settings.flat_map(|it| [it.get("policies"), it.get("permissions")]).flatten();
    lists.flat_map(Tree::items).filter(|it| it.get("config").is_some()).map(|it| it.at).collect()
}

/// Exports show asterisks instead of secrets: such a field is not managed.
fn drop_masked(fields: &mut BTreeMap<Box<str>, Node>, notes: &mut Vec<Note>) {
    fields.retain(|_, node| {
        if is_masked(node) {
            notes.push(
                Note::warning(
                    Code::MaskedSecret,
                    "a masked secret is left alone",
                    node.at,
                    "exports do not show it",
                )
                .help("take it out, or say where it comes from: `{ fromEnv: NAME }`"),
            );
            return false;
        }
        if let Is::Map(map) = &mut node.is {
            drop_masked(map, notes);
        }
        true
    });
}

fn is_masked(node: &Node) -> bool {
    let Is::Secret(secret) = &node.is else { return false };
    let SecretSource::Literal(text) = &secret.source else { return false };
    text.len() > 2 && text.bytes().all(|byte| byte == b'*')
}

/// Makes paths of secret files relative to the current folder: from here on two equal ones are one file.
fn settle_files(node: &mut Node, folder: &Path, roots: &[PathBuf], notes: &mut Vec<Note>) {
    let at = node.at;
    match &mut node.is {
        Is::Secret(secret) => {
            let SecretSource::File(written) = &mut secret.source else { return };
            let path = tidied(&folder.join(&**written));
            if !roots.iter().any(|root| is_inside(&path, root)) {
                notes.push(
                    Note::error(
                        Code::SecretOutside,
                        format!("secret file `{written}` is outside of the manifests"),
                        at,
                        "leaves the folder",
                    )
                    .help("keep it beside the manifests, or name its folder with `--secret-root`"),
                );
            }
            if let Some(path) = path.to_str() {
                *written = path.into();
            }
        }
        Is::List(items) | Is::Sequence(items) => {
            for it in items {
                settle_files(it, folder, roots, notes);
            }
        }
        Is::Map(map) => map.values_mut().for_each(|it| settle_files(it, folder, roots, notes)),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) | Is::Hidden(_) => {}
    }
}

fn is_inside(path: &Path, root: &Path) -> bool {
    let absolute = |it: &Path| std::path::absolute(Path::new(".").join(it)).ok();
    match (absolute(path), absolute(root)) {
        (Some(path), Some(root)) => tidied(&path).starts_with(tidied(&root)),
        _ => false,
    }
}

/// Resolves `.` and `..` by the text alone.
fn tidied(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir | Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                out.push(component);
            }
        }
    }
    out
}

/// Returns the folders that a run may read secret files from.
fn roots(paths: &[PathBuf], project: &Project) -> Vec<PathBuf> {
    let folders = paths
        .iter()
        .map(|it| if it.is_dir() { it.clone() } else { it.parent().unwrap_or(Path::new("")).to_path_buf() });
    project.root.iter().cloned().chain(project.secret_root.clone()).chain(folders).collect()
}

/// Returns the manifests among files and folders, each once, sorted.
fn manifest_files(paths: &[PathBuf], project: Option<&Path>, notes: &mut Vec<Note>) -> Vec<PathBuf> {
    let mut found = BTreeMap::new();
    let project = project.map(real);
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            let mut seen = false;
            let walk = ignore::WalkBuilder::new(path).follow_links(true).git_global(false).build();
            for entry in walk {
                match entry {
                    // What is no file is told where it is read.
                    Ok(entry) => {
                        let file = real(entry.path());
                        if is_manifest(entry.path()) && project.as_ref() != Some(&file) {
                            seen = true;
                            found.insert(file, from_here(entry.path()));
                        }
                    }
                    Err(error) => {
                        notes.push(
                            Note::error(
                                Code::Unreadable,
                                format!("cannot read `{}`", path.display()),
                                At::SERVER,
                                "",
                            )
                            .help(error.to_string()),
                        );
                        seen = true;
                    }
                }
            }
            if !seen && found.len() == before {
                let title = format!("`{}` has no manifests", path.display());
                notes.push(
                    Note::error(Code::EmptyFolder, title, At::SERVER, "").help(
                        "manifests end in .yaml, .yml or .json; hidden and git-ignored files are skipped",
                    ),
                );
            }
        } else {
            found.insert(real(path), from_here(path));
        }
    }
    let mut files: Vec<PathBuf> = found.into_values().collect();
    files.sort();
    files
}

/// Returns a path as somebody in the current folder would type it.
pub(super) fn from_here(path: &Path) -> PathBuf {
    let path = tidied(path);
    match std::env::current_dir() {
        Ok(here) => path.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(path),
        Err(_) => path,
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn is_manifest(path: &Path) -> bool {
    let ending = path.extension().and_then(|it| it.to_str());
    matches!(ending, Some("yaml" | "yml" | "json"))
}

/// Reads a file as text; says what is wrong where it cannot.
pub(super) fn read(path: &Path, most: u64, notes: &mut Vec<Note>) -> Option<String> {
    let shown = path.display();
    let (title, help) = match read_regular(path, most) {
        _ if path.to_str().is_none() => {
            (format!("the name of `{shown}` is not UTF-8"), "rename the file".to_owned())
        }
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some(text),
            Err(error) => (
                format!("`{shown}` is not UTF-8"),
                format!("byte {} cannot be read; save the file as UTF-8", error.utf8_error().valid_up_to()),
            ),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            (format!("`{shown}` does not exist"), "name a manifest or a folder of manifests".to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => (
            format!("`{shown}` is larger than {}", size(most)),
            "name manifests only; if it is one, read more of it with --max-manifest-mb".to_owned(),
        ),
        Err(error) => (format!("cannot read `{shown}`"), error.to_string()),
    };
    notes.push(Note::error(Code::Unreadable, title, At::SERVER, "").help(help));
    None
}

/// Keeps secrets that stand in a manifest out of the lines that are shown of it.
fn hide_literals(pieces: &[(Address, Object)], files: &mut Files) {
    for (_, object) in pieces {
        for node in object.fields.values() {
            node.each_secret(&mut |secret, at| {
                if let SecretSource::Literal(_) = secret.source {
                    files.hide(at);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
