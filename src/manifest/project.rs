//! The project file `realmwright.yaml`: who owns the manifests, which realms and environments there are, and
//! what a run may do. Optional; every problem in it is a note.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::load::{from_here, read};
use jiff::tz::TimeZone;

use crate::kind::misread;
use crate::state::Pattern;
use crate::text::{At, Code, Files, Key, LARGEST_FILE, Note, Reader, Tree, TreeIs, nearest, parse_yaml};

pub const PROJECT_FILE: &str = "realmwright.yaml";

/// The project file, read. The default is no project: no owner, nothing pruned.
#[derive(Clone, Debug, Default)]
pub struct Project {
    pub owner: Option<String>,
    /// By name of the realm.
    pub realms: BTreeMap<String, RealmEntry>,
    pub environments: BTreeMap<String, Environment>,
    pub prune: Prune,
    /// What references may name although no manifest declares it.
    pub external: Vec<Pattern>,
    /// What is never updated or deleted.
    pub protect: Vec<Pattern>,
    /// What is let go without being deleted.
    pub release: Vec<Pattern>,
    /// The time zone that the server runs in; UTC unless it is said.
    pub zone: Option<TimeZone>,
    /// What no run may do.
    pub guards: Guards,
    /// The folder of the project file.
    pub root: Option<PathBuf>,
    /// The project file itself.
    pub file: Option<PathBuf>,
    /// Where secret files may stand, too. Only the command line says so.
    pub secret_root: Option<PathBuf>,
    /// How many bytes one manifest may have, where the command line says so.
    pub largest: Option<u64>,
    pub notes: Vec<Note>,
    source: Option<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub struct RealmEntry {
    /// Where its manifests are, relative to the project file.
    pub path: Option<PathBuf>,
    /// The realm may be created.
    pub create: bool,
    pub at: Option<At>,
}

#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub server: String,
    /// What the server must call itself, where it is given.
    pub issuer: Option<String>,
}

/// What no run may do, whatever is consented to: too much at once only by its very count.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    /// How many administrators there must be left.
    pub min_admins: Option<(usize, At)>,
    /// The credential in use keeps what it has.
    pub keep_self: Option<At>,
    pub forbid_gain: Vec<ForbidGain>,
    /// How much of what the ledger lists may be deleted, and changed.
    pub delete_pct: Option<Percent>,
    pub update_pct: Option<Percent>,
    /// Percentages count where the ledger lists more than this.
    pub min_existing: Option<usize>,
}

/// A part of a whole that a rule permits.
#[derive(Clone, Copy, Debug)]
pub struct Percent {
    pub most: usize,
    pub at: At,
}

/// Somebody who must not gain access, and to what; `*` is any text.
#[derive(Clone, Debug)]
pub struct ForbidGain {
    pub persona: String,
    /// Names of resources.
    pub resource: String,
    pub scope: String,
    pub client: String,
    /// Names of roles of administration; where they are said, the rule is about them alone.
    pub administration: Option<Vec<String>>,
    pub at: At,
}

/// What is deleted once no manifest declares it any longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prune {
    #[default]
    Nothing,
    AllButUsers,
    UsersToo,
}

impl Project {
    /// Returns the project file of a folder or of one above it.
    pub fn find(folder: &Path) -> Option<PathBuf> {
        folder.ancestors().map(|it| it.join(PROJECT_FILE)).find(|it| it.is_file())
    }

    /// Reads a project file.
    pub fn open(path: &Path) -> Self {
        let mut project = Self::default();
        let folder = path.parent().unwrap_or(Path::new(""));
        project.root = Some(folder.to_path_buf());
        project.file = Some(path.to_path_buf());
        let Some(text) = read(path, LARGEST_FILE, &mut project.notes) else { return project };
        let (documents, mut notes) = parse_yaml(0, &text);
        let mut reader = Reader { notes: &mut notes, not_yet: NOT_YET };
        match &documents[..] {
            [] => {}
            [document] => reader.project(document, &mut project),
            [_, second, ..] => reader.notes.push(
                Note::error(
                    Code::WrongForm,
                    "a project file is one document",
                    second.at,
                    "a second one begins here",
                )
                .help("manifests stand in files of their own"),
            ),
        }
        project.notes.extend(notes);
        project.source = Some((from_here(path).display().to_string(), text));
        project
    }

    /// Returns the sources of the project; its own places are in the first file.
    pub fn files(&self) -> Files {
        let mut files = Files::default();
        if let Some((name, text)) = &self.source {
            let file = files.add(name.as_str(), text.as_str());
            super::hidden::hide_secrets(&mut files, file, text);
        }
        files
    }

    /// Returns where the manifests are.
    pub fn roots(&self) -> Vec<PathBuf> {
        let root = self.root.clone().unwrap_or_default();
        let paths: Vec<PathBuf> =
            self.realms.values().filter_map(|it| it.path.as_ref()).map(|it| root.join(it)).collect();
        if paths.is_empty() || self.realms.values().any(|it| it.path.is_none()) {
            return vec![if root.as_os_str().is_empty() { PathBuf::from(".") } else { root }];
        }
        paths
    }

    /// Returns an environment by name, or a sentence that says which there are.
    pub fn environment(&self, name: &str) -> Result<&Environment, String> {
        self.environments.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.environments.keys().map(String::as_str).collect();
            match nearest(name, known.iter().copied()) {
                Some(near) => format!("no environment `{name}` in {PROJECT_FILE}: did you mean `{near}`?"),
                None if known.is_empty() => format!("no environment `{name}`: {PROJECT_FILE} declares none"),
                None => {
                    format!("no environment `{name}` in {PROJECT_FILE}: it declares {}", known.join(", "))
                }
            }
        })
    }

    /// Returns how many bytes one manifest may have.
    pub fn largest(&self) -> u64 {
        self.largest.unwrap_or(LARGEST_FILE)
    }

    /// Returns where the server's clock stands.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Returns whether a realm may be created.
    pub fn may_create(&self, realm: &str) -> bool {
        self.realms.get(realm).is_some_and(|it| it.create)
    }
}

const KNOWN: &[&str] =
    &["owner", "realms", "environments", "prune", "external", "protect", "release", "zone", "guards"];

/// Returns whether a document reads like a project file.
pub(super) fn is_project(document: &Tree) -> bool {
    document.entries().iter().any(|(key, _)| KNOWN.contains(&&*key.name))
}

/// Returns whether a text can name an owner: it is part of the name of a client.
pub fn is_owner_name(text: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    !text.is_empty() && text.chars().all(plain)
}

/// Keys that are planned and refused until they do what they say.
const NOT_YET: &[&str] =
    &["additive", "enforce", "exclusive", "extraFields", "ignore", "overlay", "overlays", "vars"];

impl Reader<'_> {
    fn project(&mut self, tree: &Tree, project: &mut Project) {
        for (key, value) in self.entries(tree, "the project file", KNOWN) {
            match &*key.name {
                "owner" => project.owner = self.owner(key, value),
                "realms" => {
                    for (name, value) in self.map(key, value) {
                        let entry = self.realm(name, value);
                        project.realms.insert(name.name.to_string(), entry);
                    }
                }
                "environments" => {
                    for (name, value) in self.map(key, value) {
                        if let Some(environment) = self.environment(name, value) {
                            project.environments.insert(name.name.to_string(), environment);
                        }
                    }
                }
                "prune" => project.prune = self.prune(key, value),
                "external" => project.external = self.patterns(key, value),
                "protect" => project.protect = self.patterns(key, value),
                "release" => project.release = self.patterns(key, value),
                "zone" => project.zone = self.zone(key, value),
                "guards" => project.guards = self.guards(value),
                _ => {}
            }
        }
    }

    fn owner(&mut self, key: &Key, value: &Tree) -> Option<String> {
        let text = self.text(key, value)?;
        if !is_owner_name(&text) {
            self.notes.push(
                Note::error(
                    Code::WrongForm,
                    format!("`{text}` is not a name for an owner"),
                    value.at,
                    "not plain",
                )
                .help("use letters, digits, `-`, `_` and `.`"),
            );
            return None;
        }
        Some(text)
    }

    fn zone(&mut self, key: &Key, value: &Tree) -> Option<TimeZone> {
        let text = self.text(key, value)?;
        let zone = TimeZone::get(&text).ok();
        if zone.is_none() {
            self.notes.push(
                Note::error(Code::WrongForm, format!("`{text}` is not a time zone"), value.at, "not known")
                    .help("write a name of the IANA database, such as `Europe/Vienna` or `UTC`"),
            );
        }
        zone
    }

    fn guards(&mut self, tree: &Tree) -> Guards {
        let mut guards = Guards::default();
        let known = ["minAdmins", "keepSelf", "forbidGain", "deletePct", "updatePct", "minExisting"];
        for (key, value) in self.entries(tree, "`guards`", &known) {
            match &*key.name {
                "minAdmins" => guards.min_admins = self.count(key, value).map(|it| (it, key.at)),
                "minExisting" => guards.min_existing = self.count(key, value),
                "deletePct" => guards.delete_pct = self.percent(key, value),
                "updatePct" => guards.update_pct = self.percent(key, value),
                "keepSelf" => guards.keep_self = self.boolean(key, value).and_then(|it| it.then_some(key.at)),
                _ => match &value.is {
                    TreeIs::List(items) => {
                        guards.forbid_gain = items.iter().filter_map(|it| self.forbid_gain(it)).collect();
                    }
                    _ => self.wrong(key, value, "a list"),
                },
            }
        }
        guards
    }

    fn count(&mut self, key: &Key, value: &Tree) -> Option<usize> {
        let count = value.scalar().and_then(|it| it.parse().ok());
        if count.is_none() {
            self.wrong(key, value, "a number");
        }
        count
    }

    fn percent(&mut self, key: &Key, value: &Tree) -> Option<Percent> {
        let most = value.scalar().and_then(|it| it.parse().ok()).filter(|it| *it <= 100);
        if most.is_none() {
            self.wrong(key, value, "a number from 0 to 100");
        }
        Some(Percent { most: most?, at: key.at })
    }

    fn forbid_gain(&mut self, tree: &Tree) -> Option<ForbidGain> {
        let any = || "*".to_owned();
        let mut out = ForbidGain {
            persona: String::new(),
            resource: any(),
            scope: any(),
            client: any(),
            administration: None,
            at: tree.at,
        };
        let keys = ["persona", "resource", "scope", "client", "administration"];
        for (key, value) in self.entries(tree, "`forbidGain`", &keys) {
            if &*key.name == "administration" {
                out.administration = Some(self.texts(key, value));
                continue;
            }
            let text = self.text(key, value)?;
            match &*key.name {
                "persona" => out.persona = text,
                "resource" => out.resource = text,
                "scope" => out.scope = text,
                _ => out.client = text,
            }
        }
        if out.persona.is_empty() {
            self.notes.push(
                Note::error(Code::Missing, "this says not who must not gain", tree.at, "needs `persona`")
                    .help("write `persona: any-user`, or `persona: \"*\"` for everybody"),
            );
            return None;
        }
        Some(out)
    }

    fn realm(&mut self, name: &Key, value: &Tree) -> RealmEntry {
        let mut entry = RealmEntry { at: Some(name.at), ..RealmEntry::default() };
        if matches!(value.is, TreeIs::Null) {
            return entry;
        }
        for (key, value) in self.entries(value, &format!("realm `{}`", name.name), &["path", "create"]) {
            match &*key.name {
                "path" => entry.path = self.text(key, value).map(PathBuf::from),
                "create" => entry.create = self.boolean(key, value).unwrap_or(false),
                _ => {}
            }
        }
        entry
    }

    fn environment(&mut self, name: &Key, value: &Tree) -> Option<Environment> {
        let title = format!("environment `{}`", name.name);
        let mut server = None;
        let mut issuer = None;
        for (key, value) in self.entries(value, &title, &["server", "issuer"]) {
            match &*key.name {
                "server" => server = self.address(key, value),
                "issuer" => issuer = self.address(key, value),
                _ => {}
            }
        }
        if server.is_none() && value.get("server").is_none() {
            let title = format!("{title} has no `server`");
            self.notes.push(
                Note::error(Code::Missing, title, name.at, "needs `server`")
                    .help("write `server: https://HOST`, the address before `/realms`"),
            );
        }
        Some(Environment { server: server?, issuer })
    }

    fn address(&mut self, key: &Key, value: &Tree) -> Option<String> {
        let text = self.text(key, value)?;
        let problem = match url::Url::parse(&text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => "begins with neither http nor https",
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "holds credentials",
            Ok(url) if url.query().is_some() || url.fragment().is_some() => "has more than a path",
            Ok(_) => return Some(text.trim_end_matches('/').to_owned()),
            Err(_) => "is not a URL",
        };
        self.notes.push(
            Note::error(
                Code::WrongForm,
                format!("`{}` {problem}", key.name),
                value.at,
                "expected an address",
            )
            .help("write it as `https://HOST`"),
        );
        None
    }

    fn prune(&mut self, key: &Key, value: &Tree) -> Prune {
        if let TreeIs::Map(_) = value.is {
            let mut users = false;
            for (key, value) in self.entries(value, "`prune`", &["users"]) {
                users |= &*key.name == "users" && self.boolean(key, value).unwrap_or(false);
            }
            return if users { Prune::UsersToo } else { Prune::AllButUsers };
        }
        if self.boolean(key, value) == Some(true) { Prune::AllButUsers } else { Prune::Nothing }
    }

    fn pattern(&mut self, key: &Key, value: &Tree) -> Option<Pattern> {
        let pattern = Pattern::at_place(&self.text(key, value)?, value.at);
        let Some(wrong) = misread(&pattern) else { return Some(pattern) };
        self.notes.push(
            Note::error(Code::WrongPatternKind, wrong.title, value.at, "matches nothing").help(wrong.help),
        );
        None
    }

    fn patterns(&mut self, key: &Key, value: &Tree) -> Vec<Pattern> {
        let TreeIs::List(items) = &value.is else {
            if !matches!(value.is, TreeIs::Null) {
                self.wrong(key, value, "a list of patterns");
            }
            return Vec::new();
        };
        items.iter().filter_map(|it| self.pattern(key, it)).collect()
    }
}

#[cfg(test)]
mod tests;
