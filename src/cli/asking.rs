//! Whom a question about access is put to: the manifests alone, or the realm as it is on the server.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Global;
use super::connection::{Login, Target, Via};
use super::inputs::{Inputs, time};
use super::realms::{failed, show_notes};
use crate::access;
use crate::diff;
use crate::keycloak::Want;
use crate::kind::{NEWEST, Version};
use crate::manifest::{Loaded, Project};
use crate::run;
use crate::run::UsageError;
use crate::state::{Address, State};

/// What every question about access is asked with.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Asking {
    #[command(flatten)]
    inputs: Inputs,
    /// Ask the realm as it is on this server; without URL, on that of `REALMWRIGHT_SERVER` or --env. Without the
    /// flag, the manifests alone answer
    #[arg(long, num_args = 0..=1, value_name = "URL", help_heading = "Connection")]
    #[expect(clippy::option_option, reason = "not asked for, asked for, and asked for by name")]
    server: Option<Option<String>>,
    #[command(flatten)]
    via: Via,
    #[command(flatten)]
    login: Login,
    /// When is asked: an instant, the time of the server's clock, or `now`; without it, what hinges on the time
    /// is unknown
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Everything that questions about access are answered from.
pub(super) struct Facts {
    pub(super) project: Project,
    pub(super) loaded: Loaded,
    pub(super) at: Option<DateTime>,
    /// Where the server's clock stands.
    pub(super) zone: TimeZone,
    /// The server, when it is asked.
    pub(super) target: Option<Target>,
    pub(super) realms: Vec<AskedRealm>,
}

/// One realm as it is asked about.
pub(super) struct AskedRealm {
    pub(super) realm: String,
    pub(super) state: State,
    pub(super) version: Version,
    /// The users whom answers name: the declared ones, or all where everybody is asked about or nothing is declared.
    pub(super) users: Vec<Address>,
}

impl Asking {
    /// Takes one more manifest.
    pub(super) fn and(mut self, path: &str) -> Self {
        self.inputs = self.inputs.and(path);
        self
    }

    /// Reads manifests, and the server when it is asked, there also the users whom the question is about; `None` when
    /// the manifests have errors, which are shown.
    pub(super) async fn open(&self, run: &str, also: &Want, global: Global) -> anyhow::Result<Option<Facts>> {
        // After a bare --server, a path looks like its value.
        let is_url = |it: &String| it.starts_with("http://") || it.starts_with("https://");
        let (inputs, server) = match &self.server {
            Some(Some(path)) if !is_url(path) => (&self.inputs.clone().and(path), Some(None)),
            server => (&self.inputs, server.as_ref().map(Option::as_deref)),
        };
        let project = inputs.project()?;
        let alone = inputs.realms_alone(&project);
        let (project, loaded) = match (server, alone) {
            (Some(_), [_, ..]) => (project, Loaded::default()),
            _ => inputs.load()?,
        };
        if !show_notes(&loaded, global) {
            failed("", "errors in the manifests; nothing was asked", &loaded.files, &loaded.notes);
            return Ok(None);
        }
        let at = time(self.at.as_deref(), &project)?;
        let zone = project.zone();
        let mut facts = Facts { project, loaded, at, zone, target: None, realms: Vec::new() };
        match server {
            None if self.via.names_a_server() => {
                return Err(UsageError::new("--env names a server that nothing asks: add --server").into());
            }
            None => facts.realms = facts.loaded.realms.iter().map(AskedRealm::declared).collect(),
            Some(server) => {
                let variable = std::env::var("REALMWRIGHT_SERVER").ok();
                let server = server.or(variable.as_deref());
                let target = self.login.open(server, &self.via, &facts.project, run).await?;
                for desired in &facts.loaded.realms {
                    let mut want = run::want(desired);
                    want.users.extend(also.users.iter().cloned());
                    want.everybody |= also.everybody;
                    let mut asked_realm = AskedRealm::live(&target, &desired.realm, want).await?;
                    if !also.everybody {
                        asked_realm.users = run::people(&desired.state);
                    }
                    facts.realms.push(asked_realm);
                }
                for realm in alone {
                    let want = Want { everybody: true, ..Want::default() };
                    facts.realms.push(AskedRealm::live(&target, realm, want).await?);
                }
                facts.target = Some(target);
            }
        }
        Ok(Some(facts))
    }
}

impl AskedRealm {
    fn declared(desired: &crate::manifest::Desired) -> Self {
        Self {
            realm: desired.realm.clone(),
            state: diff::on_a_new_realm(&desired.realm, &desired.state, NEWEST),
            version: NEWEST,
            users: run::people(&desired.state),
        }
    }

    async fn live(target: &Target, realm: &str, want: Want) -> anyhow::Result<Self> {
        let read = target.read(realm, &want).await?;
        // What cannot be seen may change every answer: better none than one that looks whole.
        if let Some((plural, needs)) = access::unseen(&read.live) {
            anyhow::bail!(
                "this credential may not see the {plural} of realm `{realm}`, which every answer hangs on: it lacks {needs}"
            );
        }
        let version = read.taken_for;
        let state = read.live.state;
        Ok(Self { realm: realm.to_owned(), users: run::people(&state), state, version })
    }
}
