//! Secrets, resolved: the only place where their values are read, and where environment variables are.
//!
//! A plan needs none of them: it asks `same`, and where that cannot be told it says "not compared".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::state::{Object, SecretRef, SecretSource, State};
use crate::text::{At, Code, Note, read_regular};

/// How many bytes a secret may have.
const LARGEST_SECRET: u64 = 1 << 20;

/// Resolved secrets by where they come from. Never shown: not even for debugging.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeMap<SecretSource, String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({} secrets)", self.values.len())
    }
}

impl Secrets {
    /// Returns whether a secret is what the server holds; `None` where the secret could not be resolved.
    pub fn same(&self, secret: &SecretRef, live: &str) -> Option<bool> {
        self.reveal(secret).map(|it| it == live)
    }

    /// Returns the value, for the body of a request and nothing else.
    pub fn reveal<'a>(&'a self, secret: &'a SecretRef) -> Option<&'a str> {
        match &secret.source {
            SecretSource::Literal(text) => Some(text),
            SecretSource::Env(_) | SecretSource::File(_) => {
                self.values.get(&secret.source).map(String::as_str)
            }
        }
    }

    /// Returns an object with the values of its secrets in their places, and the places, to judge it by them; nothing
    /// where none was read.
    pub fn written_out(&self, object: &Object) -> Option<(Object, Vec<At>)> {
        let mut places = Vec::new();
        for node in object.fields.values() {
            node.each_secret(&mut |secret, at| {
                places.extend(self.values.contains_key(&secret.source).then_some(at));
            });
        }
        if places.is_empty() {
            return None;
        }
        let mut object = object.clone();
        for node in object.fields.values_mut() {
            node.each_secret_mut(&mut |secret, _| {
                if let Some(value) = self.values.get(&secret.source) {
                    secret.source = SecretSource::Literal(value.as_str().into());
                }
            });
        }
        Some((object, places))
    }

    /// Returns every value that was read, for what has to keep them out of its output.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.values().map(String::as_str)
    }
}

/// Returns every secret of a state, each source once.
pub fn secrets_of(state: &State) -> Vec<(SecretRef, At)> {
    let mut found: BTreeMap<SecretSource, (SecretRef, At)> = BTreeMap::new();
    for node in state.objects.values().flat_map(|it| it.fields.values()) {
        node.each_secret(&mut |secret, at| {
            found.entry(secret.source.clone()).or_insert_with(|| (secret.clone(), at));
        });
    }
    found.into_values().collect()
}

/// Reads secrets from the environment and from files inside `roots`. What cannot be read is an error note,
/// which a plan may show as "not compared" instead.
pub fn resolve(secrets: &[(SecretRef, At)], roots: &[PathBuf]) -> (Secrets, Vec<Note>) {
    resolve_from(secrets, roots, &|name| std::env::var_os(name))
}

/// The same, with what stands for the environment.
pub fn resolve_from(
    secrets: &[(SecretRef, At)],
    roots: &[PathBuf],
    environment: &dyn Fn(&str) -> Option<std::ffi::OsString>,
) -> (Secrets, Vec<Note>) {
    let mut resolved = Secrets::default();
    let mut notes = Vec::new();
    for (secret, at) in secrets {
        if resolved.values.contains_key(&secret.source) {
            continue;
        }
        let read = match &secret.source {
            SecretSource::Env(name) => from_environment(name, environment),
            SecretSource::File(path) => from_file(Path::new(&**path), roots),
            // It carries its value, and is hidden from output like the others.
            SecretSource::Literal(text) => Ok(text.to_string()),
        };
        match read {
            Ok(value) => {
                resolved.values.insert(secret.source.clone(), value);
            }
            Err(Unread { title, label, help }) => {
                notes.push(Note::error(Code::SecretUnresolved, title, *at, label).help(help));
            }
        }
    }
    (resolved, notes)
}

const MASKED: &str = "exports show stars in place of a secret: put the secret itself there";

/// Returns whether a text is what exports show instead of a secret.
pub(super) fn is_masked(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| byte == b'*')
}

struct Unread {
    title: String,
    label: &'static str,
    help: String,
}

fn from_environment(
    name: &str,
    environment: &dyn Fn(&str) -> Option<std::ffi::OsString>,
) -> Result<String, Unread> {
    let unread = |what: &str, help: &str| Unread {
        title: format!("environment variable `{name}` {what}"),
        label: "needed here",
        help: help.to_owned(),
    };
    match environment(name).map(std::ffi::OsString::into_string) {
        None => Err(unread("is not set", &format!("set it, as in `{name}=… realmwright …`"))),
        Some(Err(_)) => Err(unread("is not UTF-8", "set it to text")),
        Some(Ok(value)) if value.is_empty() => Err(unread("is empty", "an empty secret is none: set it")),
        Some(Ok(value)) if is_masked(&value) => Err(unread("is masked", MASKED)),
        Some(Ok(value)) => Ok(value),
    }
}

/// Reads a file, links followed, and takes one line end off its end.
fn from_file(path: &Path, roots: &[PathBuf]) -> Result<String, Unread> {
    let unread = |what: String, help: &str| Unread {
        title: format!("secret file `{}` {what}", path.display()),
        label: "needed here",
        help: help.to_owned(),
    };
    let real = path.canonicalize().map_err(|error| {
        unread(
            format!("cannot be read: {}", reason(&error)),
            "the path is relative to the manifest that names it",
        )
    })?;
    let is_inside = roots.iter().any(|root| {
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        root.canonicalize().is_ok_and(|root| real.starts_with(root))
    });
    if !is_inside {
        let help = "keep it beside the manifests, or name its folder with `--secret-root`";
        return Err(unread("is outside of the manifests".to_owned(), help));
    }
    let bytes = read_regular(&real, LARGEST_SECRET).map_err(|error| {
        unread(format!("cannot be read: {}", reason(&error)), "it has to be a readable file")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| unread("is not UTF-8".to_owned(), "Keycloak takes text only"))?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |it| it.strip_suffix('\r').unwrap_or(it));
    if value.is_empty() {
        return Err(unread("is empty".to_owned(), "an empty secret is none: write it into the file"));
    }
    if is_masked(value) {
        return Err(unread("is masked".to_owned(), MASKED));
    }
    Ok(value.to_owned())
}

fn reason(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        return "it does not exist".to_owned();
    }
    error.to_string().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn secret(source: SecretSource) -> SecretRef {
        SecretRef { source, version: None }
    }

    fn resolved(source: SecretSource, roots: &[PathBuf]) -> Result<String, String> {
        let secret = secret(source);
        let environment = |name: &str| match name {
            "SET" => Some("hush".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        };
        let (secrets, notes) = resolve_from(&[(secret.clone(), At::SERVER)], roots, &environment);
        match notes.first() {
            Some(note) => Err(note.title.clone()),
            None => Ok(secrets.reveal(&secret).unwrap_or("").to_owned()),
        }
    }

    #[test]
    fn environment_variables_are_read_and_missing_ones_are_named() {
        assert_eq!(resolved(SecretSource::Env("SET".into()), &[]).as_deref(), Ok("hush"));
        let missing = resolved(SecretSource::Env("UNSET".into()), &[]);
        assert_eq!(missing, Err("environment variable `UNSET` is not set".to_owned()));
        let empty = resolved(SecretSource::Env("EMPTY".into()), &[]);
        assert_eq!(empty, Err("environment variable `EMPTY` is empty".to_owned()));
    }

    #[test]
    fn files_are_read_inside_the_roots_alone_and_lose_one_line_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inside = folder.path().join("manifests");
        std::fs::create_dir(&inside).expect("a folder");
        let file = |path: PathBuf| SecretSource::File(path.to_str().expect("UTF-8").into());
        for (text, value) in
            [("hush", "hush"), ("hush\n", "hush"), ("hush\r\n", "hush"), ("hush\n\n", "hush\n")]
        {
            std::fs::write(inside.join("secret"), text).expect("written");
            let roots = [inside.clone()];
            assert_eq!(resolved(file(inside.join("secret")), &roots).as_deref(), Ok(value), "{text:?}");
        }
        std::fs::write(folder.path().join("other"), "hush").expect("written");
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("other"), inside.join("link")).expect("a link");
        for path in ["other", "manifests/../other", "manifests/link"] {
            let said = resolved(file(folder.path().join(path)), std::slice::from_ref(&inside));
            assert!(
                said.as_ref().is_err_and(|it| it.contains("outside of the manifests")),
                "{path}: {said:?}"
            );
        }
    }

    #[test]
    fn a_secret_answers_whether_it_is_the_same_and_never_shows_itself() {
        let literal = secret(SecretSource::Literal(Arc::from("hush")));
        let (secrets, _) = resolve(&[(literal.clone(), At::SERVER)], &[]);
        assert_eq!(secrets.same(&literal, "hush"), Some(true));
        assert_eq!(secrets.same(&literal, "other"), Some(false));
        assert_eq!(secrets.same(&secret(SecretSource::Env("NOT_RESOLVED".into())), "x"), None);
        assert_eq!(secrets.values().collect::<Vec<_>>(), ["hush"]);
        assert!(!format!("{secrets:?}").contains("hush"));
    }
}
