//! Side effects of a plan, and what it needs a yes for.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use super::extent::{Extent, many_deletes, percentages};
use crate::access::Guard;
use crate::change::{Action, Change, ConsentKey, Refusal, Why};
use crate::diff::{Fate, Ledger};
use crate::kind::{self, Version};
use crate::manifest::Guards;
use crate::state::Address;
use crate::text::At;

/// What a change does beyond its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideEffect {
    pub hazard: &'static str,
    /// What consents to it; none: it is only told.
    pub consent: Option<ConsentKey>,
    pub address: Address,
    pub message: String,
    pub at: At,
}

/// Something that must be agreed to: on a terminal with the plan, otherwise by `--allow KEY=N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub key: ConsentKey,
    pub count: usize,
    pub what: String,
}

/// What a plan is judged by.
pub struct Conditions<'a> {
    pub version: Version,
    /// The minor version of the server is none that is newer than ours.
    pub is_tested: bool,
    /// The project file says that the realm may be created.
    pub may_create: bool,
    pub guards: &'a Guards,
    /// What was applied before.
    pub ledger: Option<&'a Ledger>,
}

/// Fills in side effects, consents and refusals of a plan.
pub fn judge(plan: &mut Plan, conditions: &Conditions<'_>) {
    plan.side_effects = side_effects(plan, conditions.version);
    let listed = conditions.ledger.map(Extent::of).unwrap_or_default();
    let mut consents = Vec::new();
    let mut need = |key, count, what: String| {
        if count > 0 {
            consents.push(Consent { key, count, what });
        }
    };
    if !plan.exists && !conditions.may_create && !plan.is_empty() {
        need(ConsentKey::Realms, 1, format!("realm `{}` does not exist and would be created", plan.realm));
    }
    if plan.realm == "master" && !plan.is_empty() {
        need(ConsentKey::Master, 1, "`master` holds the administrators of every realm".to_owned());
    }
    if !conditions.is_tested && !plan.is_empty() {
        need(
            ConsentKey::UntestedVersion,
            1,
            format!("Keycloak {} is newer than what was tested", plan.keycloak),
        );
    }
    let hazards = plan.side_effects.iter().filter(|it| it.consent == Some(ConsentKey::Hazards)).count();
    need(ConsentKey::Hazards, hazards, "side effects on existing objects".to_owned());
    if let Some((count, what)) = many_deletes(plan, conditions.guards, listed) {
        need(ConsentKey::Deletes, count, what);
    }
    for key in [ConsentKey::Cascade, ConsentKey::Changed] {
        let count = plan.diff.refusals.iter().filter(|it| it.consent == Some(key)).count();
        let what = if key == ConsentKey::Cascade {
            "objects that others own disappear or change"
        } else {
            "objects that changed outside are deleted"
        };
        need(key, count, what.to_owned());
    }
    for (key, what) in [
        (ConsentKey::Reenables, "what somebody disabled is enabled again"),
        (ConsentKey::Secrets, "secrets that differ in Keycloak are replaced"),
    ] {
        need(key, plan.diff.included.iter().filter(|it| it.0 == key).count(), what.to_owned());
    }
    plan.consents = consents;
    plan.refusals = plan.diff.refusals.iter().filter(|it| it.consent.is_none()).cloned().collect();
    plan.guard(percentages(plan, conditions.guards, listed));
}

impl Plan {
    /// Takes what guards say; one that is not kept refuses the plan, and nothing consents to it.
    pub fn guard(&mut self, guards: Vec<Guard>) {
        let broken = guards.iter().filter(|it| !it.passes);
        self.refusals.extend(broken.map(|it| Refusal {
            id: it.id,
            address: kind::realm_address(),
            message: it.message.clone(),
            at: it.at,
            consent: None,
        }));
        self.guards.extend(guards);
    }

    /// Returns the consents that nobody gave yet.
    pub fn missing_consents(&self) -> impl Iterator<Item = &Consent> {
        self.consents.iter().filter(|it| self.allowed.get(&it.key).copied().unwrap_or(0) < it.count)
    }

    /// Returns why apply would refuse without asking anybody.
    pub fn unasked_refusals(&self) -> Vec<Refusal> {
        let lacking = self.missing_consents().map(|it| Refusal {
            id: it.key.into(),
            address: kind::realm_address(),
            message: format!(
                "{} ({}): allow it with `--allow {}={}`",
                it.what,
                it.count,
                it.key.name(),
                it.count
            ),
            at: At::SERVER,
            consent: Some(it.key),
        });
        self.refusals.iter().cloned().chain(lacking).collect()
    }
}

fn side_effects(plan: &Plan, version: Version) -> Vec<SideEffect> {
    let mut effects = Vec::new();
    // What a run creates nobody uses yet, its realm included.
    let made: BTreeSet<&Address> =
        plan.changes().iter().filter(|it| it.action == Action::Create).map(|it| &it.object).collect();
    let is_new = |it: &Change| {
        let parent = it.object.parent();
        match it.action {
            Action::Update => matches!(it.why, Why::MadeBy(_)),
            // What is put under something that is there changes that.
            Action::Create => parent.is_none_or(|it| made.contains(&it)),
            Action::Delete | Action::Adopt | Action::Forget => true,
        }
    };
    let counts = |it: &Change| (kind::kind(it.object.kind()).hazards_where)(&it.object, &plan.diff.planned);
    for change in plan.changes().iter().filter(|it| plan.exists && counts(it)) {
        let is_new = is_new(change);
        for field in &change.fields {
            let met = kind::hazards_of(&change.object, field, &plan.realm, version).into_iter();
            for (rule, message) in met.filter(|it| !is_new || matches!(it.0.when, kind::When::Acts(..))) {
                effects.push(SideEffect {
                    hazard: rule.hazard.name(),
                    consent: (rule.field != "secret").then_some(ConsentKey::Hazards),
                    address: change.object.clone(),
                    message,
                    at: field.at,
                });
            }
        }
    }
    let goes = |it: &&Change| it.action == Action::Delete && !matches!(it.why, Why::Cascade(_));
    for change in plan.changes().iter().filter(|it| goes(it) && counts(it)) {
        effects.extend(kind::hazards_of_delete(&change.object).into_iter().map(|(rule, message)| {
            SideEffect {
                hazard: rule.hazard.name(),
                consent: Some(ConsentKey::Hazards),
                address: change.object.clone(),
                message,
                at: change.at,
            }
        }));
    }
    let links = plan.diff.effects.iter().filter(|it| matches!(it.fate, Fate::Loses { .. }));
    let mut by_cause: BTreeMap<&Address, usize> = BTreeMap::new();
    for effect in links {
        *by_cause.entry(&effect.of).or_default() += 1;
    }
    for (cause, count) in by_cause {
        effects.push(SideEffect {
            hazard: "links",
            consent: None,
            address: cause.clone(),
            message: match count {
                1 => format!("1 other object loses its link to {}", kind::title(cause)),
                _ => format!("{count} other objects lose their link to {}", kind::title(cause)),
            },
            at: At::SERVER,
        });
    }
    effects
}
