//! `access diff`: who gains or loses access between two states, each of them manifests or a revision of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::revision;
use crate::access::{self, ImpactQuestion, Realm};
use crate::cli::inputs::{Inputs, Limit, time};
use crate::cli::realms::{Format, failed, show_notes, style};
use crate::cli::terminal::{document, fail, print, warn};
use crate::cli::{Exit, Global};
use crate::diff;
use crate::keycloak::state_of_export;
use crate::kind::{self, NEWEST, Version};
use crate::manifest::{Loaded, Project};
use crate::report;
use crate::run::UsageError;
use crate::state::{Address, State};
use crate::text::read_regular;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// What was: a manifest, a folder of them, an export of a realm, or a git revision such as `HEAD~1`
    before: String,
    /// What is; without it, the manifests here
    after: Option<String>,
    /// The project file; without it, realmwright.yaml here or above
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    #[command(flatten)]
    limit: Limit,
    /// The realm that is compared
    #[arg(long, value_name = "NAME")]
    realm: Option<String>,
    /// When is asked: an instant, the time of the server's clock, or `now`; without it, what hinges on the time is
    /// unknown
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What stdout carries
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: Format,
}

/// One side of a comparison.
enum Side {
    /// The manifests of this project.
    Here,
    Path(PathBuf),
    Revision(String),
}

impl Side {
    fn new(text: Option<&str>) -> Self {
        match text {
            None => Self::Here,
            Some(text) if Path::new(text).exists() => Self::Path(text.into()),
            Some(text) => Self::Revision(text.to_owned()),
        }
    }

    /// Returns the folder that a revision of the other side is taken of, and what of it is read.
    fn folder(&self, project: &Project) -> (PathBuf, Option<PathBuf>) {
        let root = project.root.clone().filter(|it| !it.as_os_str().is_empty());
        match self {
            // A path that is named is compared with itself as it was.
            Self::Path(path) if path.is_dir() => (path.clone(), None),
            Self::Path(path) => {
                let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
                (folder.unwrap_or(Path::new(".")).to_path_buf(), path.file_name().map(PathBuf::from))
            }
            Self::Here | Self::Revision(_) => (root.unwrap_or_else(|| PathBuf::from(".")), None),
        }
    }
}

pub(in crate::cli) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let project = Inputs::of(Vec::new(), args.project.clone(), args.limit).project()?;
    let at = time(args.at.as_deref(), &project)?;
    let sides = [Side::new(Some(&args.before)), Side::new(args.after.as_deref())];
    let mut states = Vec::new();
    for (side, other) in sides.iter().zip(sides.iter().rev()) {
        if let Side::Path(path) = side
            && let Some(export) = export(path, args.limit)
        {
            states.push(vec![export]);
            continue;
        }
        let loaded = match side {
            Side::Here => load(Vec::new(), args.project.clone(), args.limit)?,
            Side::Path(path) => load(vec![path.clone()], args.project.clone(), args.limit)?,
            Side::Revision(name) => {
                let (folder, part) = other.folder(&project);
                let tree = revision::tree(&folder, name).await?;
                load_tree(tree.path(), part, args.limit)?
            }
        };
        let quiet = Global { quiet: true, ..global };
        if !show_notes(&loaded, if matches!(side, Side::Revision(_)) { quiet } else { global }) {
            if let Side::Revision(name) = side {
                fail(&format!("these are the manifests as of {name}"));
            }
            failed("", "errors in the manifests; nothing was compared", &loaded.files, &loaded.notes);
            return Ok(Exit::Failed);
        }
        states.push(realms(&loaded));
    }
    let (realm, [mut before, mut after], versions) = chosen(states, args.realm.as_deref())?;
    let changes = changed(&before, &after);
    let terms = ImpactQuestion { realm: &realm, changes: &changes, declared: &|_| true, at };
    kind::align_administered(&mut before, &mut after);
    let [was, is] =
        [(&before, versions[0]), (&after, versions[1])].map(|(it, version)| Realm::compile(it, version));
    let impact = access::impact(&was, &is, &terms);
    match args.format {
        Format::Text => print(&report::impact_text(&impact, &style().full(true))),
        Format::Json => document(report::diff_json(&realm, &impact)),
    }
    Ok(if impact.is_nothing() { Exit::Clean } else { Exit::NotClean })
}

fn load(paths: Vec<PathBuf>, project: Option<PathBuf>, limit: Limit) -> anyhow::Result<Loaded> {
    Ok(Inputs::of(paths, project, limit).load()?.1)
}

/// Reads the manifests of a folder that a revision was unpacked in, by its own project file if it has one.
fn load_tree(folder: &Path, part: Option<PathBuf>, limit: Limit) -> anyhow::Result<Loaded> {
    let file = folder.join("realmwright.yaml");
    let project = file.is_file().then_some(file);
    let paths = match (part, &project) {
        (Some(part), _) => vec![folder.join(part)],
        (None, Some(_)) => Vec::new(),
        (None, None) => vec![folder.to_path_buf()],
    };
    load(paths, project, limit)
}

/// Reads a file that Keycloak exported, which holds all of a realm and needs no defaults.
fn export(path: &Path, limit: Limit) -> Option<OneRealm> {
    if path.extension().is_none_or(|it| it != "json") {
        return None;
    }
    // What cannot be read or is no JSON is told as a manifest.
    let Ok(text) = read_regular(path, limit.bytes()) else { return None };
    let Ok(Value::Object(realm)) = serde_json::from_slice(&text) else { return None };
    let text = |key: &str| realm.get(key).and_then(Value::as_str);
    let (Some(name), Some(version)) = (text("realm"), text("keycloakVersion")) else { return None };
    let mut numbers = version.split('.').map_while(|it| it.parse().ok());
    let minor = Version::of(numbers.next().unwrap_or(NEWEST.major), numbers.next().unwrap_or(NEWEST.minor));
    let version = Version { patch: numbers.next(), ..minor };
    let name = name.to_owned();
    if !realm.contains_key("users") {
        warn(&format!("{} holds no users: it is an export of a part of the realm", path.display()));
    }
    Some(OneRealm { name, state: state_of_export(realm), version })
}

/// A realm of one side.
struct OneRealm {
    name: String,
    state: State,
    version: Version,
}

/// Every realm with what it would hold by these manifests alone.
fn realms(loaded: &Loaded) -> Vec<OneRealm> {
    let one = |it: &crate::manifest::Desired| OneRealm {
        name: it.realm.clone(),
        state: diff::on_a_new_realm(&it.realm, &it.state, NEWEST),
        version: NEWEST,
    };
    loaded.realms.iter().map(one).collect()
}

/// Returns the realm that is compared, and both of its states. One that is on one side alone is compared with a
/// realm that nothing is declared of; two that only have different names are compared with each other.
fn chosen(
    states: Vec<Vec<OneRealm>>,
    wanted: Option<&str>,
) -> anyhow::Result<(String, [State; 2], [Version; 2])> {
    let names: BTreeSet<&str> = states.iter().flatten().map(|it| it.name.as_str()).collect();
    let all: Vec<&str> = names.into_iter().collect();
    let name = match (wanted, &all[..]) {
        (Some(wanted), _) if all.contains(&wanted) => wanted.to_owned(),
        (Some(wanted), _) => {
            return Err(UsageError::new(format!("neither side declares realm `{wanted}`")).into());
        }
        (None, []) => anyhow::bail!("neither side is about a realm"),
        (None, [name]) => (*name).to_owned(),
        (None, _) if states.iter().all(|it| it.len() == 1) => states[1][0].name.clone(),
        (None, _) => {
            let message = format!("there are several realms: choose with --realm: {}", all.join(", "));
            return Err(UsageError::new(message).into());
        }
    };
    let pick = |side: Vec<OneRealm>| {
        let is_only = side.len() == 1 && wanted.is_none();
        let found = side.into_iter().find(|it| is_only || it.name == name);
        found.map_or_else(
            || (diff::on_a_new_realm(&name, &State::default(), NEWEST), NEWEST),
            |it| (it.state, it.version),
        )
    };
    let mut sides = states.into_iter().map(pick);
    let mut next = || sides.next().expect("there are two sides");
    let ((before, was), (after, is)) = (next(), next());
    Ok((name, [before, after], [was, is]))
}

/// Returns the objects that differ: those on one side alone first, as they tell more.
fn changed(before: &State, after: &State) -> Vec<Address> {
    let mut whole = Vec::new();
    let mut updated = Vec::new();
    for (address, object) in &before.objects {
        match after.get(address) {
            None => whole.push(address.clone()),
            Some(other) if other.fields != object.fields => updated.push(address.clone()),
            Some(_) => {}
        }
    }
    whole.extend(after.objects.keys().filter(|it| !before.contains(it)).cloned());
    whole.extend(updated);
    whole
}
