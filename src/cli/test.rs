//! `test`: what access tests say of manifests, or of a realm as it is.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::asking::{AskedRealm, Asking, Facts};
use super::realms::{Format, failed, run_id, style};
use super::terminal::{document, fail, print, say};
use super::{Exit, Global};
use crate::access::Realm;
use crate::access::test::{Case, Oracle, Reading, Results, Stage, Test, Tested};
use crate::keycloak::Want;
use crate::kind::is_admin_permissions;
use crate::report;
use crate::run::UsageError;
use crate::state::{Address, stars_match};
use crate::text::Note;

mod oracle;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    asking: Asking,
    /// How the server is asked: by its own evaluation for an administrator, or with real tokens of the personas
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        requires = "server",
        help_heading = "Connection"
    )]
    oracle: How,
    /// Only these cases, such as `persona=alice;scope=view;resource=/eric/*`; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Only the cases and permissions of this client; may be repeated. Otherwise those of all that have authorization
    #[arg(long, value_name = "CLIENT")]
    resource_server: Vec<String>,
    /// Exit 2 when the cases reach fewer of a hundred permissions
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// What is undecided fails
    #[arg(long)]
    strict: bool,
    /// No case at all is no error
    #[arg(long)]
    allow_empty: bool,
    /// What stdout is
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: Format,
    /// Write a file beside it: `junit=PATH` or `json=PATH`; may be repeated
    #[arg(long, value_name = "FORMAT=PATH", help_heading = "Output")]
    report: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum How {
    #[default]
    Evaluate,
    Token,
}

impl How {
    fn oracle(self) -> Oracle {
        match self {
            How::Evaluate => Oracle::Evaluate,
            How::Token => Oracle::Token,
        }
    }
}

/// Returns the clients whose permissions are to be tested, each with the position of its realm.
fn servers<'a>(
    facts: &Facts,
    realms: &'a [Realm],
    wanted: &[String],
) -> anyhow::Result<Vec<(usize, &'a Address)>> {
    let all = |at: usize| realms[at].servers().map(move |it| (at, it));
    let all: Vec<(usize, &Address)> = (0..realms.len()).flat_map(all).collect();
    for name in wanted {
        if !all.iter().any(|it| it.1.name() == name) {
            let names: Vec<&str> = facts.realms.iter().map(|it| it.realm.as_str()).collect();
            bail!("no client `{name}` of {} has authorization", names.join(", "));
        }
    }
    // Who administers is no question of access tests, unless somebody asks.
    let is_wanted = |it: &Address| {
        if wanted.is_empty() {
            !is_admin_permissions(it)
        } else {
            wanted.iter().any(|name| name == it.name())
        }
    };
    Ok(all.into_iter().filter(|it| is_wanted(it.1)).collect())
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let filters = args.filter.iter().map(|it| Filter::read(it)).collect::<anyhow::Result<Vec<_>>>()?;
    let reports = args.report.iter().map(|it| File::read(it)).collect::<anyhow::Result<Vec<_>>>()?;
    let Some(facts) = args.asking.open(&run_id()?, &Want::default(), global).await? else {
        return Ok(Exit::Failed);
    };
    let realms: Vec<Realm> = facts.realms.iter().map(|it| Realm::compile(&it.state, it.version)).collect();
    let (tests, notes) = read(&facts);
    if notes.iter().any(Note::is_error) {
        say(report::notes(&facts.loaded.files, &notes, report::Color::Always).trim_end());
        let message = "access tests name what is not there; nothing was tested";
        fail(message);
        failed("test", message, &facts.loaded.files, &notes);
        return Ok(Exit::Failed);
    }
    let mut tested = tested(&facts, &realms, &tests)?;
    for it in &mut tested {
        let personas = it.personas.clone();
        it.cases.retain(|case| filters.is_empty() || filters.iter().any(|of| of.keeps(&personas, case)));
    }
    let servers = servers(&facts, &realms, &args.resource_server)?;
    tested.retain(|it| {
        args.resource_server.is_empty() || args.resource_server.iter().any(|name| *name == it.client.name())
    });
    let mut results = Results::default();
    for (at, client) in servers {
        results.count_in(&facts.realms[at].realm, &realms[at], client);
    }
    if let Some(target) = &facts.target {
        let how = args.oracle.oracle();
        oracle::ask(target, &facts, &realms, &mut tested, how).await?;
        results.oracle = Some((how, target.server.clone()));
    }
    for it in tested {
        if let Some(at) = facts.realms.iter().position(|asked_realm| asked_realm.realm == it.realm) {
            results.add(&realms[at], it);
        }
    }
    let count = results.count();
    if count.all() == 0 && !args.allow_empty {
        let message = "there is no case to test (--allow-empty says that this is fine)";
        return Err(anyhow::anyhow!(message));
    }
    let files = &facts.loaded.files;
    let told = report::tests_json(&results, files);
    match args.format {
        Format::Text => print(&report::tests_text(&results, files, &style())),
        Format::Json => document(told.clone()),
    }
    for report in &reports {
        match report.format {
            FileFormat::Json => report.write(report::json_text(&told).as_bytes())?,
            FileFormat::Junit => report.write(&report::tests_junit(&results, files, args.strict))?,
        }
    }
    let too_little = args.min_coverage.filter(|it| results.coverage() < usize::from(*it));
    if let Some(least) = too_little {
        fail(&format!("{} % of the permissions are tested, less than {least} %", results.coverage()));
    }
    let unknown_fails = args.strict && count.unknown > 0;
    let is_clean = count.failed + count.split + count.errors == 0 && !unknown_fails && too_little.is_none();
    Ok(if is_clean { Exit::Clean } else { Exit::NotClean })
}

/// Reads every document against the realms that are asked.
fn read(facts: &Facts) -> (Vec<Test>, Vec<Note>) {
    let stages: Vec<Stage<'_>> = facts
        .realms
        .iter()
        .map(|it| Stage { realm: &it.realm, state: &it.state, version: it.version })
        .collect();
    let zone = facts.project.zone();
    let reading = Reading { stages: &stages, zone: &zone, at: facts.at, external: &facts.project.external };
    let (mut tests, mut notes) = (Vec::new(), Vec::new());
    for document in &facts.loaded.tests {
        let (test, found) = reading.read(&document.tree);
        notes.extend(found);
        tests.extend(test);
    }
    (tests, notes)
}

/// Runs every test on its realm.
fn tested(facts: &Facts, realms: &[Realm], tests: &[Test]) -> anyhow::Result<Vec<Tested>> {
    let of = |test: &Test| -> anyhow::Result<(&AskedRealm, &Realm)> {
        let at = facts.realms.iter().position(|it| it.realm == test.realm);
        let at = at.context("a document is about one of the realms it was read against")?;
        Ok((&facts.realms[at], &realms[at]))
    };
    tests.iter().map(|it| of(it).map(|(asked_realm, realm)| it.run(realm, &asked_realm.users))).collect()
}

/// Which cases are asked for: all that are given have to match.
struct Filter {
    persona: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
}

impl Filter {
    fn read(text: &str) -> anyhow::Result<Self> {
        let mut out = Self { persona: None, scope: None, resource: None };
        for part in text.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            let field = match part.split_once('=') {
                Some(("persona", value)) => (&mut out.persona, value),
                Some(("scope", value)) => (&mut out.scope, value),
                Some(("resource", value)) => (&mut out.resource, value),
                _ => {
                    let message = format!(
                        "--filter takes persona=…, scope=… and resource=…, with `;` between them; this is `{part}`"
                    );
                    return Err(UsageError::new(message).into());
                }
            };
            *field.0 = Some(field.1.to_owned());
        }
        Ok(out)
    }

    fn keeps(&self, personas: &[crate::access::Persona], case: &Case) -> bool {
        let is =
            |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|it| stars_match(it, text));
        is(&self.persona, &personas[case.persona].name)
            && is(&self.scope, case.scope.as_deref().unwrap_or_default())
            && is(&self.resource, &case.resource)
    }
}

/// A report that is written to a file.
struct File {
    format: FileFormat,
    path: PathBuf,
}

#[derive(Clone, Copy)]
enum FileFormat {
    Json,
    Junit,
}

impl File {
    fn read(text: &str) -> anyhow::Result<Self> {
        let (format, path) = match text.split_once('=') {
            Some(("junit", path)) => (FileFormat::Junit, path),
            Some(("json", path)) => (FileFormat::Json, path),
            _ => {
                let message = format!("--report takes junit=PATH or json=PATH; this is `{text}`");
                return Err(UsageError::new(message).into());
            }
        };
        if path.is_empty() {
            return Err(UsageError::new(format!("--report {text} names no file")).into());
        }
        Ok(Self { format, path: path.into() })
    }

    /// Writes the file as a whole or not at all.
    fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let folder = self.path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            anyhow::bail!("cannot write {}: there is no folder {}", self.path.display(), folder.display());
        }
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            file.persist(&self.path).map_err(|it| it.error)
        };
        write().map(drop).with_context(|| format!("cannot write {}", self.path.display()))
    }
}
