//! What every command over realms begins with: inputs read and checked, a connection, one wish per realm.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use serde_json::Value;

use super::Global;
use super::connection::{Connection, Target};
use super::exit::{RefusedError, UsageError};
use super::expectations;
use super::inputs::{Access, Inputs, Scope};
use super::planning::{self, Planned, Wish};
use super::terminal::{print, say};
use crate::access::{self, Impact, Myself, guarded_users};
use crate::change::ConsentKey;
use crate::diff::Terms;
use crate::keycloak::Want;
use crate::kind::USER;
use crate::manifest::{self, Desired, Loaded, Project, Secrets};
use crate::plan::{self, Outcome, Plan, drift};
use crate::report::{self, Audit, Style, Verification};
use crate::state::{Address, Known};
use crate::text::{Files, Note};

/// What plan, apply and drift are asked alike.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) connection: Connection,
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Everything that is the same for all realms of a run.
pub(super) struct Ready {
    pub(super) project: Project,
    pub(super) loaded: Loaded,
    pub(super) target: Target,
    pub(super) run: String,
    secrets: Vec<(Secrets, Vec<Note>)>,
    terms: Terms,
    allowed: BTreeMap<ConsentKey, usize>,
    roots: Vec<String>,
    access: Access,
    at: Option<DateTime>,
}

impl Ready {
    /// Reads the manifests and connects; `None` when the manifests have errors, which are shown. Nothing is
    /// sent before they are clean.
    pub(super) async fn open(asked: &Asked, command: &str, global: Global) -> anyhow::Result<Option<Self>> {
        let Asked { inputs, connection, scope, output } = asked;
        let (project, loaded) = inputs.load()?;
        let terms = scope.terms(&project)?;
        let allowed = scope.allowed()?;
        let at = scope.time(&project)?;
        if !show_notes(&loaded, global) {
            output.failed(
                command,
                "errors in the manifests; nothing was sent",
                &loaded.files,
                &loaded.notes,
            )?;
            return Ok(None);
        }
        if scope.asks_to_prune() && project.owner.is_none() {
            return Err(UsageError::new("--prune needs an owner: without one nobody knows what was applied here (`owner:` in the project file, or --owner)").into());
        }
        if scope.asks_to_prune() && !scope.is_full() {
            return Err(UsageError::new("--prune goes with neither --only nor --exclude: a part of the manifests cannot say what is gone").into());
        }
        let secrets: Vec<(Secrets, Vec<Note>)> = loaded
            .realms
            .iter()
            .map(|it| manifest::resolve(&manifest::secrets_of(&it.state), &loaded.roots))
            .collect();
        let run = run_id()?;
        let target = connection.open(&project, &run).await?;
        for text in secrets.iter().flat_map(|(it, _)| it.values()) {
            target.keycloak.redact(text);
        }
        let roots = inputs.roots(&project);
        let access = scope.access();
        Ok(Some(Self { project, loaded, target, run, secrets, terms, allowed, roots, access, at }))
    }

    pub(super) fn realms(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.loaded.realms.len()
    }

    fn desired(&self, realm: usize) -> &Desired {
        &self.loaded.realms[realm]
    }

    pub(super) fn wish(&self, realm: usize, adopt: bool) -> Wish<'_> {
        let desired = self.desired(realm);
        Wish {
            desired,
            secrets: &self.secrets[realm].0,
            owner: self.project.owner.as_deref(),
            environment: &self.target.environment,
            roots: &self.roots,
            terms: &self.terms,
            allowed: &self.allowed,
            may_create: self.project.may_create(&desired.realm),
            adopt,
            server: &self.target.server,
            also: self.also(desired),
        }
    }

    pub(super) async fn plan(&self, realm: usize, adopt: bool) -> anyhow::Result<Planned> {
        self.check_issuer(&self.desired(realm).realm).await?;
        let mut planned = planning::plan(&self.target.keycloak, &self.wish(realm, adopt)).await?;
        if !planned.plan.is_empty() {
            self.judge_access(&mut planned, self.desired(realm));
        }
        Ok(planned)
    }

    /// Plans, counts the users whom the comparison of access left out, and runs the access tests on what the realm
    /// would be.
    pub(super) async fn plan_tested(&self, realm: usize, adopt: bool) -> anyhow::Result<Planned> {
        let mut planned = self.plan(realm, adopt).await?;
        if let Some(impact) = planned.plan.access.as_mut().filter(|it| it.decisions > 0) {
            let people = planning::people(&planned.read.live.state).len();
            let count = self.target.keycloak.count_users(&self.desired(realm).realm).await?;
            impact.outside = count.map(|it| it.saturating_sub(people));
        }
        if let Some(tests) = expectations::on_plan(&self.loaded, &self.project, self.at, &planned) {
            planned.plan.add_tests(tests);
        }
        Ok(planned)
    }

    /// What guards and the comparison of access look at beside what is declared.
    fn also(&self, desired: &Desired) -> Want {
        let guards = &self.project.guards;
        let mut users: BTreeSet<String> = guarded_users(guards).map(str::to_owned).collect();
        users.extend(
            self.myself(&desired.realm).user_name().filter(|_| guards.keep_self.is_some()).map(str::to_owned),
        );
        Want {
            users,
            everybody: self.access == Access::AllUsers || access::guards_everybody(guards),
            administrators: guards.min_admins.is_some(),
            ..Want::default()
        }
    }

    fn myself(&self, realm: &str) -> Myself {
        match &self.target.auth_realm {
            Some(it) if it != realm => Myself::Elsewhere,
            _ => self.target.myself.clone(),
        }
    }

    /// Says who gains or loses what by a plan, and whether the guards on access are kept. Users who are not
    /// declared are counted, unless all are asked for or a guard names them.
    fn judge_access(&self, planned: &mut Planned, desired: &Desired) {
        let guards = &self.project.guards;
        let all = self.access == Access::AllUsers;
        let declared = |it: &Address| all || desired.state.contains(it) || access::guards_user(guards, it);
        let sides = planned.sides();
        let looks = self.access != Access::Off || !guards.forbid_gain.is_empty();
        let compare = || plan::impact(&planned.plan, &sides, &declared, self.at);
        let impact = if looks { compare() } else { Impact::default() };
        let guards = access::guards(&access::Watch {
            guards,
            protect: &self.project.protect,
            realm: &desired.realm,
            changes: planned.plan.changes(),
            before: &sides[0],
            after: &sides[1],
            planned: &planned.plan.diff.planned,
            version: planning::version(&planned.read),
            impact: &impact,
            myself: &self.myself(&desired.realm),
            federated: &planned.read.federated,
            sees_users: !matches!(planned.read.live.known(USER, None), Known::Not { .. }),
        });
        planned.plan.guard(guards);
        planned.plan.access = (self.access != Access::Off).then_some(impact);
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
    pub(super) fn show_missing_secrets(&self, output: &Output, command: &str) -> anyhow::Result<bool> {
        let notes: Vec<Note> = self.secrets.iter().flat_map(|(_, notes)| notes.iter().cloned()).collect();
        if !notes.is_empty() {
            say(report::notes(&self.loaded.files, &notes, report::Color::Never).trim_end());
            output.failed(command, "secrets are missing; nothing was sent", &self.loaded.files, &notes)?;
        }
        Ok(notes.is_empty())
    }

    /// A server on this machine bears more at once.
    pub(super) fn lanes(&self) -> usize {
        let here = ["//127.", "//localhost", "//[::1]"].iter().any(|it| self.target.server.contains(it));
        if here { 8 } else { 4 }
    }
}

/// Shows what was found in the manifests; `false` when there are errors.
pub(super) fn show_notes(loaded: &Loaded, global: Global) -> bool {
    let errors = loaded.notes.iter().filter(|it| it.is_error()).count();
    let shown: Vec<Note> = loaded.notes.iter().filter(|it| it.is_error() || !global.quiet).cloned().collect();
    if !shown.is_empty() {
        say(report::notes(&loaded.files, &shown, report::Color::Never).trim_end());
    }
    if errors > 0 {
        say(&format!(
            "error: {errors} {} in the manifests; nothing was sent",
            if errors == 1 { "problem" } else { "problems" }
        ));
    }
    errors == 0
}

pub(super) fn run_id() -> anyhow::Result<String> {
    let mut bytes = [0u8; 6];
    getrandom::fill(&mut bytes).map_err(|it| anyhow::anyhow!("cannot draw a random run id: {it}"))?;
    Ok(bytes.iter().map(|it| format!("{it:02x}")).collect())
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
    /// What stdout is
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

impl Output {
    /// Shows plans as the result.
    pub(super) fn plans(&self, plans: &[Plan], ready: &Ready) -> anyhow::Result<()> {
        let files = &ready.loaded.files;
        match self.format {
            Format::Text => texts(plans.iter().map(|it| ready.plan_text(it))),
            Format::Json => match plans {
                [plan] => json(&report::plan_json(plan, files)),
                _ => json(&report::plans_json(&plans.iter().map(|it| (it, files)).collect::<Vec<_>>())),
            },
        }
    }

    /// Shows drift as the result.
    pub(super) fn drifts(&self, plans: &[Plan], ready: &Ready) -> anyhow::Result<()> {
        let files = &ready.loaded.files;
        match self.format {
            Format::Text => texts(
                plans
                    .iter()
                    .map(|it| ready.notes_text(it) + &report::drift_text(it, &drift(it), files, &style())),
            ),
            Format::Json => {
                documents(plans.iter().map(|it| report::drift_json(it, &drift(it), files)).collect())
            }
        }
    }

    /// Shows the plan that an apply is about to do: a part of the result in text, of the dialogue in JSON.
    pub(super) fn before(&self, plan: &Plan, ready: &Ready) -> anyhow::Result<()> {
        match self.format {
            Format::Text => print(&ready.plan_text(plan))?,
            Format::Json => say(ready.plan_text(plan).trim_end()),
        }
        Ok(())
    }

    /// Shows what became of each realm as the result.
    pub(super) fn applied(
        &self,
        reports: &[(Plan, Vec<Outcome>, Audit)],
        failed: Vec<Value>,
        ready: &Ready,
    ) -> anyhow::Result<()> {
        match self.format {
            Format::Text => texts(
                reports
                    .iter()
                    // Of what nobody agreed to, everything is said already.
                    .filter(|(_, outcomes, audit)| {
                        !outcomes.is_empty() || audit.verification != Verification::NotDone
                    })
                    .map(|(plan, outcomes, audit)| report::outcomes_text(plan, outcomes, audit, &style())),
            ),
            Format::Json => {
                let one = |(plan, outcomes, audit): &(Plan, Vec<Outcome>, Audit)| {
                    report::outcomes_json(plan, outcomes, audit, &ready.loaded.files)
                };
                documents(reports.iter().map(one).chain(failed).collect())
            }
        }
    }

    /// Says in JSON what is wrong with the input; in text, stderr has said it already.
    pub(super) fn failed(
        &self,
        command: &str,
        message: &str,
        files: &Files,
        notes: &[Note],
    ) -> anyhow::Result<()> {
        match self.format {
            Format::Text => Ok(()),
            Format::Json => json(&report::failure_json(command, "input", message, files, notes)),
        }
    }

    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}

fn texts(texts: impl Iterator<Item = String>) -> anyhow::Result<()> {
    Ok(print(&texts.collect::<Vec<_>>().join("\n"))?)
}

/// One realm is one flat document; several are a list.
fn documents(mut documents: Vec<Value>) -> anyhow::Result<()> {
    match documents.len() {
        1 => json(&documents.remove(0)),
        _ => json(&report::several_json(documents)),
    }
}

fn json(value: &Value) -> anyhow::Result<()> {
    Ok(print(&report::json_text(value))?)
}

/// Coloured; what reaches no terminal is stripped on its way out.
pub(super) fn style() -> Style {
    Style::colored()
}

impl Ready {
    fn plan_text(&self, plan: &Plan) -> String {
        self.notes_text(plan) + &report::plan_text(plan, &self.loaded.files, &style())
    }

    /// What the plan found wrong, with its places.
    fn notes_text(&self, plan: &Plan) -> String {
        let notes = &plan.diff.notes;
        if notes.is_empty() {
            String::new()
        } else {
            report::notes(&self.loaded.files, notes, report::Color::Always) + "\n"
        }
    }
}
