//! What every command over realms begins with: inputs read and checked, a connection, one wish per realm.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::applying::Applied;
use super::connection::{Connection, Target};
use super::inputs::{Inputs, Scope};
use super::planning::{self, Planned, Wish};
use super::terminal::{print, say};
use super::{Global, exit::UsageError};
use crate::diff::Terms;
use crate::manifest::{self, Desired, Loaded, Project, Secrets};
use crate::plan::Plan;
use crate::report;
use crate::text::Note;

/// Everything that is the same for all realms of a run.
pub(super) struct Ready {
    pub(super) project: Project,
    pub(super) loaded: Loaded,
    pub(super) target: Target,
    pub(super) run: String,
    secrets: Vec<(Secrets, Vec<Note>)>,
    terms: Terms,
    allowed: BTreeMap<String, usize>,
    roots: Vec<String>,
}

impl Ready {
    /// Reads the manifests and connects; `None` when the manifests have errors, which are shown. Nothing is
    /// sent before they are clean.
    pub(super) async fn open(
        inputs: &Inputs,
        connection: &Connection,
        scope: &Scope,
        global: Global,
    ) -> anyhow::Result<Option<Self>> {
        let (project, loaded) = inputs.load()?;
        let terms = scope.terms(&project)?;
        let allowed = scope.allowed()?;
        if !show_notes(&loaded, global) {
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
        Ok(Some(Self { project, loaded, target, run, secrets, terms, allowed, roots }))
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
        }
    }

    pub(super) async fn plan(&self, realm: usize, adopt: bool) -> anyhow::Result<Planned> {
        planning::plan(&self.target.keycloak, &self.wish(realm, adopt)).await
    }

    /// Shows secrets that cannot be resolved as errors; `false` when there are any.
    pub(super) fn show_missing_secrets(&self, _global: Global) -> bool {
        let mut notes: Vec<Note> = self.secrets.iter().flat_map(|(_, notes)| notes.iter().cloned()).collect();
        notes.iter_mut().for_each(|it| it.severity = crate::text::Severity::Error);
        if !notes.is_empty() {
            say(report::notes(&self.loaded.files, &notes, report::Color::Never).trim_end());
        }
        notes.is_empty()
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

fn run_id() -> anyhow::Result<String> {
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
    pub(super) fn plans(&self, plans: &[Plan], ready: &Ready) -> anyhow::Result<()> {
        self.out(
            plans,
            |it| report::plan_text(it, &ready.loaded.files, &report::Style::plain()),
            |it| json!({ "plan": format!("{:?}", it.summary()) }),
            ready,
        )
    }

    pub(super) fn drifts(&self, plans: &[Plan], ready: &Ready) -> anyhow::Result<()> {
        self.out(
            plans,
            |it| format!("{:#?}\n", crate::plan::drift(it)),
            |it| json!({ "drift": format!("{:?}", it.summary()) }),
            ready,
        )
    }

    /// The plan that an apply is about to do: a part of the result in text, of the dialogue in JSON.
    pub(super) fn show_before(&self, plan: &Plan, _ready: &Ready) -> anyhow::Result<()> {
        match self.format {
            Format::Text => print(&debug_text(plan))?,
            Format::Json => say(&debug_text(plan)),
        }
        Ok(())
    }

    pub(super) fn applied(&self, reports: &[(Plan, Option<Applied>)], _ready: &Ready) -> anyhow::Result<()> {
        for (plan, applied) in reports {
            let outcomes = applied.as_ref().map(|it| format!("{:#?}", it.outcomes)).unwrap_or_default();
            let after = applied.as_ref().and_then(|it| it.after.as_ref()).map(debug_text).unwrap_or_default();
            print(&format!("{} {outcomes}\nafter: {after}\n", plan.realm))?;
        }
        Ok(())
    }

    fn out<T>(
        &self,
        values: &[T],
        text: impl Fn(&T) -> String,
        value: impl Fn(&T) -> Value,
        _ready: &Ready,
    ) -> anyhow::Result<()> {
        match self.format {
            Format::Text => {
                for it in values {
                    print(&text(it))?;
                }
            }
            Format::Json => print(&format!("{:#}\n", value(&values[0])))?,
        }
        Ok(())
    }
}

fn debug_text(plan: &Plan) -> String {
    format!(
        "{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:?}\n",
        plan.changes(),
        plan.diff.refusals,
        plan.diff.held_back,
        plan.diff.notes,
        plan.summary()
    )
}
