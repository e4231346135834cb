//! What every command over realms begins with: inputs read and checked, a connection, one wish per realm.

use serde_json::Value;

use super::Global;
use super::connection::{Connection, Target};
use super::frame::is_json;
use super::inputs::{Inputs, Scope, names};
use super::terminal::{columns, document, keep, print, say};
use crate::access::Myself;
use crate::diff::Terms;
use crate::manifest::{self, Desired, Loaded, Project, Prune, Secrets};
use crate::plan::{Outcome, Plan, drift};
use crate::report::{self, Audit, Style, Verification};
use crate::run::{self, Observed, Patterns, Planned, RefusedError, Session};
use crate::text::{Files, Note, hex};

/// What plan, apply and drift are asked alike.
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) connection: Connection,
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) output: Output,
}

/// The inputs of a run, and the connection that it works over.
pub(super) struct Ready {
    pub(super) session: Session,
    pub(super) target: Target,
    pub(super) run: String,
    missing_secrets: Vec<Note>,
}

impl Ready {
    /// Reads the manifests and connects; `None` when the manifests have errors, which are shown. Nothing is
    /// sent before they are clean.
    pub(super) async fn open(asked: &RunArgs, command: &str, global: Global) -> anyhow::Result<Option<Self>> {
        let Some(read) = Read::open(asked, command, global)? else { return Ok(None) };
        let run = run_id()?;
        let target = asked.connection.open(&read.project, &run).await?;
        let place = Place {
            server: target.server.clone(),
            environment: target.environment.clone(),
            myself: target.myself.clone(),
            auth_realm: target.auth_realm.clone(),
        };
        let (session, missing_secrets) = read.session(asked, place)?;
        for text in session.secrets.iter().flat_map(Secrets::values) {
            target.keycloak.redact(text);
        }
        Ok(Some(Self { session, target, run, missing_secrets }))
    }

    pub(super) fn realms(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.session.loaded.realms.len()
    }

    pub(super) async fn plan(&self, realm: usize, adopt: bool) -> anyhow::Result<Planned> {
        Ok(self.session.plan(realm, adopt, self.observe(realm, adopt).await?))
    }

    async fn observe(&self, realm: usize, adopt: bool) -> anyhow::Result<Observed> {
        self.check_issuer(&self.session.desired(realm).realm).await?;
        run::observe(&self.target.keycloak, &self.session.request(realm, adopt)).await
    }

    /// Plans all realms of the run.
    pub(super) async fn plan_all(&mut self) -> anyhow::Result<Vec<Planned>> {
        let mut observed = Vec::new();
        for realm in self.realms() {
            observed.push(self.observe(realm, false).await?);
        }
        Ok(self.session.plan_all(observed))
    }

    /// Stops pruning where one realm of the run says that it may follow a mistake.
    pub(super) async fn settle_pruning(&mut self, adopt: bool, is_asked: bool) {
        if !self.session.prunes() || self.realms().count() < 2 {
            return;
        }
        let mut plans = Vec::new();
        for realm in self.realms() {
            let Ok(planned) = self.plan(realm, adopt).await else {
                let realm = &self.session.desired(realm).realm;
                return self.session.stop_pruning(&format!("realm `{realm}` of this run cannot be planned"));
            };
            plans.push(planned.plan);
        }
        let plans: Vec<&Plan> = plans.iter().collect();
        if let Some(why) = self.session.pruning_waits(&plans, is_asked) {
            self.session.stop_pruning(&why);
        }
    }

    /// Plans a realm and tests its plan.
    pub(super) async fn plan_tested(&self, realm: usize, adopt: bool) -> anyhow::Result<Planned> {
        let mut planned = self.plan(realm, adopt).await?;
        self.test(&mut planned).await?;
        Ok(planned)
    }

    /// Counts the users whom the comparison of access left out, and runs the access tests on what the realm would be.
    pub(super) async fn test(&self, planned: &mut Planned) -> anyhow::Result<()> {
        if let Some(impact) = planned.plan.access.as_mut().filter(|it| it.decisions > 0) {
            let people = run::people(&planned.read.live.state).len();
            let count = self.target.keycloak.count_users(&planned.plan.realm).await?;
            impact.outside = count.map(|it| it.saturating_sub(people));
        }
        if planned.plan.access.is_some() {
            let keycloak = &self.target.keycloak;
            let members = run::unread_members(keycloak, &planned.plan, &planned.read.live.state).await?;
            if let Some(impact) = &mut planned.plan.access {
                impact.members = members;
            }
        }
        self.session.test(planned);
        Ok(())
    }

    /// A realm that does not exist yet calls itself nothing.
    async fn check_issuer(&self, realm: &str) -> anyhow::Result<()> {
        let Some(wanted) = &self.target.issuer else { return Ok(()) };
        match self.target.keycloak.issuer(realm).await {
            Ok(is)
                if [is.as_str(), is.rsplit_once("/realms/").map_or("", |it| it.0)]
                    .contains(&wanted.trim_end_matches('/')) =>
            {
                Ok(())
            }
            Ok(is) => Err(RefusedError::new(format!(
                "realm `{realm}` calls itself {is}, but the environment's issuer is {wanted}: this is another server"
            ))
            .into()),
            Err(error) if error.kind() == crate::keycloak::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Shows secrets that cannot be resolved as errors; `false` when there are any.
    pub(super) fn show_missing_secrets(&self, command: &str) -> bool {
        let (notes, files) = (&self.missing_secrets, &self.session.loaded.files);
        if !notes.is_empty() {
            say(report::notes(files, notes, report::Color::Always).trim_end());
            failed(command, "secrets are missing; nothing was sent", files, notes);
        }
        notes.is_empty()
    }

    /// A server on this machine bears more at once.
    pub(super) fn lanes(&self) -> usize {
        let here = ["//127.", "//localhost", "//[::1]"].iter().any(|it| self.target.server.contains(it));
        if here { 8 } else { 4 }
    }
}

/// Where a run works, and as whom.
pub(super) struct Place {
    pub(super) server: String,
    pub(super) environment: String,
    pub(super) myself: Myself,
    pub(super) auth_realm: Option<String>,
}

/// Manifests without errors, before anything is asked of a server.
pub(super) struct Read {
    project: Project,
    loaded: Loaded,
    terms: Terms,
}

impl Read {
    /// Reads the manifests; `None` when they have errors, which are shown.
    pub(super) fn open(asked: &RunArgs, command: &str, global: Global) -> anyhow::Result<Option<Self>> {
        let RunArgs { inputs, scope, .. } = asked;
        let (project, mut loaded) = inputs.load()?;
        let terms = scope.terms(&project)?;
        scope.check(&project)?;
        loaded.notes.extend(run::only_nothing(&terms.only, &loaded));
        if !show_notes(&loaded, global) {
            let message = "errors in the manifests; nothing was sent";
            failed(command, message, &loaded.files, &loaded.notes);
            return Ok(None);
        }
        Ok(Some(Self { project, loaded, terms }))
    }

    /// Returns the inputs of the run, and what is wrong with its secrets.
    pub(super) fn session(self, asked: &RunArgs, place: Place) -> anyhow::Result<(Session, Vec<Note>)> {
        let Self { project, loaded, terms } = self;
        let of_realm = |it: &Desired| manifest::resolve(&manifest::secrets_of(&it.state), &loaded.roots);
        let (secrets, missing): (Vec<Secrets>, Vec<Vec<Note>>) = loaded.realms.iter().map(of_realm).unzip();
        let session = Session {
            patterns: Patterns::of(&terms, asked.inputs.is_whole()),
            terms,
            allowed: asked.scope.allowed()?,
            roots: asked.inputs.roots(&project),
            files: names(&loaded.manifests, &project),
            is_on_disk: {
                let folder = project.root.clone().unwrap_or_default();
                Box::new(move |file| folder.join(file).symlink_metadata().is_ok())
            },
            waits: (project.prune != Prune::Nothing && !asked.scope.is_full()).then(|| {
                "--only and --exclude leave out a part of the manifests, which cannot say what is gone; run without \
                 them to prune"
                    .to_owned()
            }),
            access: asked.scope.access(),
            at: asked.scope.time(&project)?,
            server: place.server,
            environment: place.environment,
            myself: place.myself,
            auth_realm: place.auth_realm,
            secrets,
            project,
            loaded,
        };
        Ok((session, missing.concat()))
    }
}

/// Shows what was found in the manifests; `false` when there are errors.
pub(super) fn show_notes(loaded: &Loaded, global: Global) -> bool {
    let errors = loaded.notes.iter().filter(|it| it.is_error()).count();
    let shown: Vec<Note> = loaded.notes.iter().filter(|it| it.is_error() || !global.quiet).cloned().collect();
    if !shown.is_empty() {
        say(report::notes(&loaded.files, &shown, report::Color::Always).trim_end());
        // Errors are told by the document of the failure.
        if is_json() {
            let others: Vec<Note> = loaded.notes.iter().filter(|it| !it.is_error()).cloned().collect();
            keep(report::notes_json(&loaded.files, &others));
        }
    }
    if errors > 0 {
        say(&format!("error: {} in the manifests; nothing was sent", report::notes_count(&loaded.notes)));
    } else if shown.len() > 1 {
        say(&format!("{} in the manifests", report::notes_count(&shown)));
    }
    errors == 0
}

pub(super) fn run_id() -> anyhow::Result<String> {
    let mut bytes = [0u8; 6];
    getrandom::fill(&mut bytes).map_err(|it| anyhow::anyhow!("cannot draw a random run id: {it}"))?;
    Ok(hex(&bytes))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    #[default]
    Text,
    Json,
}

/// What stdout carries.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Output {
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// List every object, also those that are alike in everything but their names
    #[arg(long)]
    full: bool,
}

impl Output {
    /// Shows plans as the result.
    pub(super) fn plans(&self, plans: &[Plan], session: &Session) {
        let files = &session.loaded.files;
        match self.format {
            Format::Text => texts(plans.iter().map(|it| self.plan_text(session, it))),
            Format::Json => match plans {
                [plan] => document(report::plan_json(plan, files)),
                _ => document(report::plans_json(&plans.iter().map(|it| (it, files)).collect::<Vec<_>>())),
            },
        }
    }

    /// Shows drift as the result.
    pub(super) fn drifts(&self, plans: &[Plan], session: &Session) {
        let files = &session.loaded.files;
        match self.format {
            Format::Text => texts(plans.iter().map(|it| {
                notes_text(session, it) + &report::drift_text(it, &drift(it), files, &self.style())
            })),
            Format::Json => {
                documents(plans.iter().map(|it| report::drift_json(it, &drift(it), files)).collect());
            }
        }
    }

    /// Shows the plan that an apply is about to do: a part of the result in text, of the dialogue in JSON.
    pub(super) fn before(&self, plan: &Plan, session: &Session) {
        match self.format {
            Format::Text => print(&self.plan_text(session, plan)),
            Format::Json => say(self.plan_text(session, plan).trim_end()),
        }
    }

    /// Shows what became of each realm as the result.
    pub(super) fn applied(
        &self,
        reports: &[(Plan, Vec<Outcome>, Audit)],
        failed: Vec<Value>,
        session: &Session,
    ) {
        match self.format {
            Format::Text => texts(
                reports
                    .iter()
                    // Of what nobody agreed to, everything is said already.
                    .filter(|(_, outcomes, audit)| {
                        !outcomes.is_empty() || audit.verification != Verification::NotDone
                    })
                    .map(|(plan, outcomes, audit)| {
                        report::outcomes_text(plan, outcomes, audit, &self.style())
                    }),
            ),
            Format::Json => {
                let one = |(plan, outcomes, audit): &(Plan, Vec<Outcome>, Audit)| {
                    report::outcomes_json(plan, outcomes, audit, &session.loaded.files)
                };
                documents(reports.iter().map(one).chain(failed).collect());
            }
        }
    }

    fn style(&self) -> Style {
        style().full(self.full)
    }

    fn plan_text(&self, session: &Session, plan: &Plan) -> String {
        notes_text(session, plan) + &report::plan_text(plan, &session.loaded.files, &self.style())
    }
}

/// Keeps what is wrong with the input for the document; in text, stderr has said it already.
pub(super) fn failed(command: &str, message: &str, files: &Files, notes: &[Note]) {
    if is_json() {
        document(report::failure_json(command, "input", message, files, notes));
    }
}

fn texts(texts: impl Iterator<Item = String>) {
    print(&texts.collect::<Vec<_>>().join("\n"));
}

/// One realm is one flat document; several are a list.
fn documents(mut documents: Vec<Value>) {
    match documents.len() {
        1 => document(documents.remove(0)),
        _ => document(report::several_json(documents)),
    }
}

/// Colored, as wide as stdout; colors that reach no terminal are stripped on their way out.
pub(super) fn style() -> Style {
    Style::colored().wide(columns(&std::io::stdout()))
}

/// What the plan found wrong, with its places.
fn notes_text(session: &Session, plan: &Plan) -> String {
    let notes = &plan.diff.notes;
    if notes.is_empty() {
        String::new()
    } else {
        report::notes(&session.loaded.files, notes, report::Color::Always) + "\n"
    }
}
