//! Which manifests, which part of them, and what a run may do: shared by plan, apply, drift and validate.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::DateTime;

use crate::access;
use crate::change::ConsentKey;
use crate::diff::Terms;
use crate::kind::misread;
use crate::manifest::{self, Loaded, Project, Prune, is_owner_name};
use crate::run::{AccessMode, UsageError, check_tests};
use crate::state::Pattern;
use crate::text::LARGEST_FILE;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Manifests")]
pub(super) struct Inputs {
    /// Manifest files and folders; without any, those of the project file
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The project file; without it, realmwright.yaml here or above
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    /// Whose manifests these are; wins over the project file
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Only this realm of the manifests
    #[arg(long, value_name = "NAME")]
    realm: Vec<String>,
    /// A folder that files named by `fromFile` may stand in, beside the manifests' own
    #[arg(long, value_name = "FOLDER")]
    secret_root: Option<PathBuf>,
    #[command(flatten)]
    limit: Limit,
}

/// How much of a file is read.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct Limit {
    /// How many megabytes one manifest may have [default: 256]
    #[arg(long, value_name = "MB", env = "REALMWRIGHT_MAX_MANIFEST_MB", value_parser = clap::value_parser!(u64).range(1..=4_000))]
    max_manifest_mb: Option<u64>,
}

impl Limit {
    pub(super) fn bytes(self) -> u64 {
        self.max_manifest_mb.map_or(LARGEST_FILE, |it| it << 20)
    }
}

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "What a run covers")]
pub(super) struct Scope {
    /// Only objects that this address pattern covers; may be repeated
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// No objects that this address pattern covers; may be repeated
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Delete what these manifests' owner applied earlier and no manifest declares any longer
    #[arg(long)]
    prune: bool,
    /// Remove also links that were there before the first apply, on what this pattern covers
    #[arg(long, value_name = "PATTERN")]
    adopt_exact: Vec<String>,
    /// Send secrets that cannot be compared, on what this pattern covers
    #[arg(long, value_name = "PATTERN")]
    send_secrets: Vec<String>,
    /// Whose access is compared before and after: nobody's, that of declared users and made-up personas, or that of
    /// every user of the realm beside them
    #[arg(long, value_enum, default_value_t, value_name = "WHOSE")]
    access: Access,
    /// When the compared access is asked for: an instant, the time of the server's clock, or `now`; without it,
    /// what hinges on the time is undecided
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Consent to at most N of a kind, such as `hazards=2`; may be repeated
    #[arg(long, value_name = "KEY=N")]
    allow: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Access {
    Off,
    #[default]
    Personas,
    AllUsers,
}

impl Inputs {
    /// Reads the project file and all manifests.
    pub(super) fn load(&self) -> anyhow::Result<(Project, Loaded)> {
        let project = self.project()?;
        let mut loaded = manifest::validate(&self.paths, &project);
        for wanted in &self.realm {
            if !loaded.realms.iter().any(|it| it.realm == *wanted)
                && !loaded.notes.iter().any(crate::text::Note::is_error)
            {
                return Err(UsageError::new(format!("no manifest declares realm `{wanted}`")).into());
            }
        }
        check_tests(&mut loaded, &project);
        if !self.realm.is_empty() {
            loaded.tests.retain(|it| it.realm.as_ref().is_none_or(|it| self.realm.contains(it)));
            let (named, others) = loaded.realms.into_iter().partition(|it| self.realm.contains(&it.realm));
            (loaded.realms, loaded.left_out) = (named, others);
        }
        Ok((project, loaded))
    }

    /// Reads the project file, where there is one.
    pub(super) fn project(&self) -> anyhow::Result<Project> {
        let mut project = if let Some(path) = &self.project {
            Project::open(path)
        } else {
            let here = std::env::current_dir()?;
            // Looked for from the first path on, so that it is found from anywhere; named as a person would.
            let start = self.paths.first().map_or_else(|| here.clone(), |it| here.join(it));
            Project::find(&start)
                .map_or_else(Project::default, |it| Project::open(it.strip_prefix(&here).unwrap_or(&it)))
        };
        if let Some(owner) = &self.owner {
            if !is_owner_name(owner) {
                let message =
                    format!("`{owner}` is not a name for an owner: use letters, digits, `-`, `_` and `.`");
                return Err(UsageError::new(message).into());
            }
            project.owner = Some(owner.clone());
        }
        project.secret_root.clone_from(&self.secret_root);
        project.largest = Some(self.limit.bytes());
        Ok(project)
    }

    /// Returns the inputs of some paths, with a project file where one is named.
    pub(super) fn of(paths: Vec<PathBuf>, project: Option<PathBuf>, limit: Limit) -> Self {
        Self { paths, project, owner: None, realm: Vec::new(), secret_root: None, limit }
    }

    /// Takes one more path.
    pub(super) fn and(mut self, path: &str) -> Self {
        self.paths.push(path.into());
        self
    }

    /// Returns the realms that were named where no manifests are.
    pub(super) fn realms_alone(&self, project: &Project) -> &[String] {
        if self.paths.is_empty() && project.root.is_none() { &self.realm } else { &[] }
    }

    /// Returns whether all realms of the project file are looked at.
    pub(super) fn is_whole(&self) -> bool {
        self.paths.is_empty() && self.realm.is_empty()
    }

    /// Returns the manifest roots as written, for the ledger.
    pub(super) fn roots(&self, project: &Project) -> Vec<String> {
        let paths = if self.paths.is_empty() { project.roots() } else { self.paths.clone() };
        names(&paths, project)
    }
}

/// Returns paths as the ledger names them: relative to the project file, wherever a checkout is.
pub(super) fn names(paths: &[PathBuf], project: &Project) -> Vec<String> {
    let base = project.root.clone().and_then(|it| std::path::absolute(it).ok());
    let mut names: Vec<String> = paths
        .iter()
        .map(|it| {
            let full = std::path::absolute(it).unwrap_or_else(|_| it.clone());
            let short = base.as_ref().and_then(|base| full.strip_prefix(base).ok().map(PathBuf::from));
            short.unwrap_or_else(|| it.clone()).display().to_string()
        })
        .collect();
    names.sort();
    names
}

/// Reads the time of `--at`: an instant, the server's own clock, or `now`.
pub(super) fn time(text: Option<&str>, project: &Project) -> anyhow::Result<Option<DateTime>> {
    match text {
        None => Ok(None),
        Some("now") => Ok(Some(project.zone().to_datetime(jiff::Timestamp::now()))),
        Some(text) => match access::wall_clock(text, &project.zone()) {
            Ok(at) => Ok(Some(at)),
            Err(problem) => Err(UsageError::new(format!(
                "--at {text} is {problem}: write 2026-01-05T03:00:00Z, 2026-01-05T03:00 (the server's own clock) or now"
            ))
            .into()),
        },
    }
}

/// Reads the patterns of a flag.
pub(super) fn patterns(flag: &str, texts: &[String]) -> anyhow::Result<Vec<Pattern>> {
    let read = |text: &String| {
        let pattern = Pattern::new(text);
        match misread(&pattern) {
            None => Ok(pattern),
            Some(wrong) => Err(UsageError::new(format!("{flag}: {}; {}", wrong.title, wrong.help)).into()),
        }
    };
    texts.iter().map(read).collect()
}

impl Scope {
    /// Returns whether the run covers all of its manifests.
    pub(super) fn is_full(&self) -> bool {
        self.only.is_empty() && self.exclude.is_empty()
    }

    pub(super) fn access(&self) -> AccessMode {
        match self.access {
            Access::Off => AccessMode::Off,
            Access::Personas => AccessMode::Personas,
            Access::AllUsers => AccessMode::AllUsers,
        }
    }

    /// Refuses what flags ask for and cannot have.
    pub(super) fn check(&self, project: &Project) -> anyhow::Result<()> {
        self.time(project)?;
        if self.prune && project.owner.is_none() {
            return Err(UsageError::new("--prune needs an owner: without one nobody knows what was applied here (`owner:` in the project file, or --owner)").into());
        }
        if self.prune && !self.is_full() {
            return Err(UsageError::new("--prune goes with neither --only nor --exclude: a part of the manifests cannot say what is gone").into());
        }
        Ok(())
    }

    pub(super) fn time(&self, project: &Project) -> anyhow::Result<Option<DateTime>> {
        time(self.at.as_deref(), project)
    }

    pub(super) fn allowed(&self) -> anyhow::Result<BTreeMap<ConsentKey, usize>> {
        let mut allowed = BTreeMap::new();
        for text in &self.allow {
            let pair = text
                .split_once('=')
                .and_then(|(key, number)| Some((ConsentKey::of(key)?, number.parse().ok()?)));
            let Some((key, number)) = pair else {
                let keys: Vec<&str> = ConsentKey::ALL.iter().map(|it| it.name()).collect();
                let message =
                    format!("--allow takes KEY=N with a key of {}; this is `{text}`", keys.join(", "));
                return Err(UsageError::new(message).into());
            };
            allowed.insert(key, number);
        }
        Ok(allowed)
    }

    pub(super) fn terms(&self, project: &Project) -> anyhow::Result<Terms> {
        let allowed = self.allowed()?;
        Ok(Terms {
            only: patterns("--only", &self.only)?,
            exclude: patterns("--exclude", &self.exclude)?,
            protect: project.protect.clone(),
            release: project.release.clone(),
            adopt_exact: patterns("--adopt-exact", &self.adopt_exact)?,
            send_secrets: patterns("--send-secrets", &self.send_secrets)?,
            prune: match project.prune {
                _ if !self.is_full() => Prune::Nothing,
                Prune::Nothing if self.prune => Prune::AllButUsers,
                prune => prune,
            },
            reenables: allowed.contains_key(&ConsentKey::Reenables),
            secrets: allowed.contains_key(&ConsentKey::Secrets),
        })
    }
}
