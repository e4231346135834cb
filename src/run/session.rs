//! Everything that is the same for all realms of a run, and the plan of one of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use super::access_tests;
use super::patterns::Patterns;
use super::plan::{Observed, PlanRequest, Planned, plan_realm};
use crate::access::{self, Impact, Myself, guarded_users};
use crate::change::{Action, ConsentKey};
use crate::diff::Terms;
use crate::keycloak::Want;
use crate::kind::{KINDS, Kind};
use crate::manifest::{Desired, Loaded, Project, Prune, Secrets};
use crate::plan::{self, Plan};
use crate::state::{Address, Known, State};
use crate::text::{At, Code, Note};

/// Whose access is compared before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessMode {
    Off,
    /// Declared users and made-up personas.
    #[default]
    Personas,
    /// Every user of the realm beside them.
    AllUsers,
}

/// The inputs of a run: manifests, project file, and what its flags and its login say.
pub struct Session {
    pub project: Project,
    pub loaded: Loaded,
    /// Per realm of `loaded`.
    pub secrets: Vec<Secrets>,
    pub terms: Terms,
    pub patterns: Patterns,
    pub allowed: BTreeMap<ConsentKey, usize>,
    /// The manifest roots as written, for the ledger.
    pub roots: Vec<String>,
    /// The manifest files as the ledger names them.
    pub files: Vec<String>,
    /// Says whether there is a file of such a name, read or not.
    pub is_on_disk: Box<dyn Fn(&str) -> bool + Send + Sync>,
    pub access: AccessMode,
    /// When access is asked for; without it, what hinges on the time is undecided.
    pub at: Option<DateTime>,
    /// The base URL of the server, without a trailing slash.
    pub server: String,
    /// Empty without one.
    pub environment: String,
    /// Who is logged in, and in which realm where that can be told.
    pub myself: Myself,
    pub auth_realm: Option<String>,
    /// Why nothing is pruned although that was asked for, and what to do.
    pub waits: Option<String>,
}

impl Session {
    pub fn desired(&self, realm: usize) -> &Desired {
        &self.loaded.realms[realm]
    }

    /// Returns what planning a realm needs.
    pub fn request(&self, realm: usize, adopt: bool) -> PlanRequest<'_> {
        let desired = self.desired(realm);
        PlanRequest {
            desired,
            secrets: &self.secrets[realm],
            owner: self.project.owner.as_deref(),
            environment: &self.environment,
            roots: &self.roots,
            files: &self.files,
            is_on_disk: &*self.is_on_disk,
            terms: &self.terms,
            allowed: &self.allowed,
            may_create: self.project.may_create(&desired.realm),
            guards: &self.project.guards,
            adopt,
            server: &self.server,
            also: self.also(desired),
        }
    }

    pub fn prunes(&self) -> bool {
        self.terms.prune != Prune::Nothing
    }

    /// Returns why nothing may be pruned: what a realm no longer declares may have gone, by a slip of the pen, to a
    /// realm of this run that does not exist or is refused. `is_asked`: somebody is asked for consent later.
    pub fn pruning_waits(&self, plans: &[&Plan], is_asked: bool) -> Option<String> {
        let prunes = |it: &Plan| it.changes().iter().any(|it| it.action == Action::Delete);
        plans.iter().find_map(|plan| {
            let mut others = plans.iter().filter(|it| it.realm != plan.realm);
            let is_refused = !plan.refusals.is_empty()
                || plan.has_errors()
                || (!is_asked && !plan.unasked_refusals().is_empty());
            let realm = &plan.realm;
            let why = match (plan.exists, is_refused) {
                (false, _) => format!("realm `{realm}` of this run does not exist yet"),
                (true, true) => format!("realm `{realm}` of this run is refused"),
                (true, false) => return None,
            };
            others.any(|it| prunes(it)).then_some(why)
        })
    }

    /// Leaves out pruning in every realm of the run because of one of them.
    pub fn stop_pruning(&mut self, why: &str) {
        self.terms.prune = Prune::Nothing;
        self.waits = Some(format!(
            "{why}, and what is gone here may have moved there; apply again once it is applied"
        ));
    }

    /// Plans all realms of the run as they were read.
    pub fn plan_all(&mut self, observed: Vec<Observed>) -> Vec<Planned> {
        let all = |session: &Self, observed: Vec<Observed>| -> Vec<Planned> {
            observed.into_iter().enumerate().map(|(realm, it)| session.plan(realm, false, it)).collect()
        };
        if !self.prunes() || observed.len() < 2 {
            return all(self, observed);
        }
        let planned = all(self, observed.clone());
        let plans: Vec<&Plan> = planned.iter().map(|it| &it.plan).collect();
        let Some(why) = self.pruning_waits(&plans, true) else { return planned };
        self.stop_pruning(&why);
        all(self, observed)
    }

    /// Plans a realm as it was read, says who gains or loses what by it, and judges it by guards.
    pub fn plan(&self, realm: usize, adopt: bool, observed: Observed) -> Planned {
        let mut planned = plan_realm(&self.request(realm, adopt), observed);
        let (desired, live) = (self.desired(realm), &planned.read.live);
        let is_last = realm + 1 == self.loaded.realms.len();
        let unmatched = self.patterns.unmatched(desired, live, &planned.ownership, is_last);
        planned.plan.diff.notes.extend(unmatched);
        if let Some(why) = self.waits.as_ref().filter(|_| !planned.plan.diff.left_behind.is_empty()) {
            let note = Note::warning(Code::PruningWaits, "nothing is pruned in this run", At::SERVER, "");
            planned.plan.diff.notes.push(note.help(why));
        }
        if !planned.plan.is_empty() {
            self.judge_access(&mut planned, self.desired(realm));
        }
        planned
    }

    /// Runs the access tests of a realm on what its plan would make of it.
    pub fn test(&self, planned: &mut Planned) {
        if let Some(tests) = access_tests::on_plan(&self.loaded, &self.project, self.at, planned) {
            planned.plan.add_tests(tests);
        }
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
            everybody: self.access == AccessMode::AllUsers || access::guards_everybody(guards),
            administrators: guards.min_admins.is_some(),
            ..Want::default()
        }
    }

    fn myself(&self, realm: &str) -> Myself {
        match &self.auth_realm {
            Some(it) if it != realm => Myself::Elsewhere,
            _ => self.myself.clone(),
        }
    }

    /// What the manifests declare of other realms, whether this run covers them or not.
    fn elsewhere(&self, desired: &Desired) -> Vec<(&str, &State)> {
        let all = self.loaded.realms.iter().chain(&self.loaded.left_out);
        all.filter(|it| it.realm != desired.realm).map(|it| (it.realm.as_str(), &it.state)).collect()
    }

    /// Users who are not declared are counted, unless all are asked for or a guard names them.
    fn judge_access(&self, planned: &mut Planned, desired: &Desired) {
        let guards = &self.project.guards;
        let all = self.access == AccessMode::AllUsers;
        let declared = |it: &Address| all || desired.state.contains(it) || access::guards_user(guards, it);
        let sides = planned.sides();
        let looks = self.access != AccessMode::Off || !guards.forbid_gain.is_empty();
        let compare = || plan::impact(&planned.plan, sides, &declared, self.at);
        let is_seen = |it: &&Kind| !matches!(planned.read.live.known(it.name, None), Known::Not { .. });
        let impact = if looks { compare() } else { Impact::default() };
        let guards = access::guards(&access::Watch {
            guards,
            elsewhere: &self.elsewhere(desired),
            protect: &self.project.protect,
            realm: &desired.realm,
            changes: planned.plan.changes(),
            before: &sides[0],
            after: &sides[1],
            planned: &planned.plan.diff.planned,
            version: planned.read.taken_for,
            impact: &impact,
            myself: &self.myself(&desired.realm),
            federated: &planned.read.federated,
            sees_users: KINDS.iter().filter(|it| it.are_people).all(is_seen),
        });
        planned.plan.guard(guards);
        planned.plan.access = (self.access != AccessMode::Off).then_some(impact);
    }
}
