//! Secrets: from references to their text, outside of everything that is shown or compared.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::load::Loaded;
use crate::state::{SecretRef, SecretSource, State};
use crate::text::{At, Note};

/// The text of every secret that could be resolved. Never printed.
#[derive(Default)]
pub struct Secrets {
    texts: BTreeMap<SecretSource, String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.texts.len())
    }
}

impl Secrets {
    /// Returns whether a live text is this secret; `None` where the secret could not be resolved.
    pub fn same(&self, secret: &SecretRef, live: &str) -> Option<bool> {
        self.reveal(secret).map(|it| it == live)
    }

    pub fn reveal(&self, secret: &SecretRef) -> Option<&str> {
        self.texts.get(&secret.source).map(String::as_str)
    }

    /// Returns every text, for redaction.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.values().map(String::as_str)
    }
}

/// Resolves the secrets of a state. What cannot be resolved is a note: "not compared" for a plan, an error
/// before the first write of an apply.
pub fn resolve(state: &State, loaded: &Loaded, secret_root: Option<&Path>) -> (Secrets, Vec<Note>) {
    let mut secrets = Secrets::default();
    let mut notes = Vec::new();
    for object in state.objects.values() {
        for node in object.fields.values() {
            node.each_secret(&mut |secret, at| {
                if secrets.texts.contains_key(&secret.source) {
                    return;
                }
                match text(&secret.source, at, loaded, secret_root) {
                    Ok(text) => {
                        secrets.texts.insert(secret.source.clone(), text);
                    }
                    Err(note) => notes.push(note),
                }
            });
        }
    }
    (secrets, notes)
}

fn text(source: &SecretSource, at: At, loaded: &Loaded, secret_root: Option<&Path>) -> Result<String, Note> {
    match source {
        SecretSource::Literal(text) => Ok(text.to_string()),
        SecretSource::Env(name) => std::env::var(&**name).ok().filter(|it| !it.is_empty()).ok_or_else(|| {
            Note::warning(
                "RW0701",
                format!("environment variable {name} is not set"),
                at,
                "this secret cannot be compared or sent",
            )
            .help(format!("set {name} before `apply`"))
        }),
        SecretSource::File(written) => file(written, at, loaded, secret_root),
    }
}

/// A file stands inside a manifest root or the secret root: a pull request must not read the machine.
fn file(written: &str, at: At, loaded: &Loaded, secret_root: Option<&Path>) -> Result<String, Note> {
    let here = loaded
        .files
        .name(at.file)
        .map(PathBuf::from)
        .and_then(|it| it.parent().map(Path::to_path_buf))
        .unwrap_or_default();
    let path = tidy(&std::path::absolute(here.join(written)).unwrap_or_default());
    let inside = loaded.roots.iter().map(PathBuf::as_path).chain(secret_root).any(|root| {
        let root = std::path::absolute(root).unwrap_or_default();
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        real.starts_with(root.canonicalize().unwrap_or(root))
    });
    if !inside {
        return Err(Note::error(
            "RW0702",
            format!("{written} is outside of the manifests"),
            at,
            "secret files stand inside the config tree",
        )
        .help("or name their folder with --secret-root"));
    }
    let text = std::fs::read_to_string(&path).map_err(|it| {
        Note::warning(
            "RW0703",
            format!("cannot read {written}: {it}"),
            at,
            "this secret cannot be compared or sent",
        )
    })?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |it| it.strip_suffix('\r').unwrap_or(it));
    Ok(text.to_owned())
}

/// Resolves `..` by the words of the path alone.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                tidy.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => tidy.push(component),
        }
    }
    tidy
}
