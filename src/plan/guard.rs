//! Side effects of a plan, and what it needs a yes for.

use super::Plan;
use crate::access::Guard;
use crate::change::{Action, ConsentKey, Refusal, To};
use crate::diff::Fate;
use crate::kind::{self, Hazard};
use crate::state::{Address, Is, Node};
use crate::text::At;

/// What a change does beyond its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideEffect {
    pub hazard: &'static str,
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

/// Fills in side effects, consents and refusals of a plan.
///
/// `may_create` is the project's `create: true`; `tested` is false for a minor version that is newer than ours.
pub fn judge(plan: &mut Plan, may_create: bool, tested: bool) {
    plan.side_effects = side_effects(plan);
    let mut consents = Vec::new();
    let mut need = |key, count, what: String| {
        if count > 0 {
            consents.push(Consent { key, count, what });
        }
    };
    if !plan.exists && !may_create && !plan.is_empty() {
        need(ConsentKey::Realms, 1, format!("realm `{}` does not exist and would be created", plan.realm));
    }
    if plan.realm == "master" && !plan.is_empty() {
        need(ConsentKey::Master, 1, "`master` holds the administrators of every realm".to_owned());
    }
    if !tested && !plan.is_empty() {
        need(
            ConsentKey::UntestedVersion,
            1,
            format!("Keycloak {} is newer than what was tested", plan.keycloak),
        );
    }
    let hazards = plan.side_effects.iter().filter(|it| it.hazard != "links").count();
    need(ConsentKey::Hazards, hazards, "side effects on existing objects".to_owned());
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
        (ConsentKey::Secrets, "secrets that somebody changed are put back"),
    ] {
        need(key, plan.diff.included.iter().filter(|it| it.0 == key).count(), what.to_owned());
    }
    plan.consents = consents;
    plan.refusals = plan.diff.refusals.iter().filter(|it| it.consent.is_none()).cloned().collect();
}

impl Plan {
    /// Takes what guards on access say; one that is not kept refuses the plan, and nothing consents to it.
    pub fn guard(&mut self, guards: Vec<Guard>) {
        let broken = guards.iter().filter(|it| !it.passes);
        self.refusals.extend(broken.map(|it| Refusal {
            id: it.id,
            address: kind::realm_address(),
            message: it.message.clone(),
            at: it.at,
            consent: None,
        }));
        self.guards = guards;
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

fn side_effects(plan: &Plan) -> Vec<SideEffect> {
    let mut effects = Vec::new();
    for change in plan.changes().iter().filter(|it| it.action == Action::Update) {
        for field in &change.fields {
            let Some((hazard, when)) =
                kind::kind(change.object.kind()).field(&field.path.field).and_then(|it| it.hazard)
            else {
                continue;
            };
            let now = match &field.to {
                To::Value(Node { is: Is::Text(text), .. }) => text.to_string(),
                To::Value(Node { is: Is::Bool(value), .. }) => value.to_string(),
                To::Value(_) | To::Unset | To::Links { .. } => continue,
            };
            if now == when {
                effects.push(SideEffect {
                    hazard: hazard.name(),
                    address: change.object.clone(),
                    message: message(hazard, &change.object, &field.path.to_string(), &now),
                    at: field.at,
                });
            }
        }
    }
    let links = plan.diff.effects.iter().filter(|it| matches!(it.fate, Fate::Loses { .. }));
    let mut by_cause: std::collections::BTreeMap<&Address, usize> = std::collections::BTreeMap::new();
    for effect in links {
        *by_cause.entry(&effect.of).or_default() += 1;
    }
    for (cause, count) in by_cause {
        effects.push(SideEffect {
            hazard: "links",
            address: cause.clone(),
            message: format!("{count} other objects lose their link to {}", kind::title(cause)),
            at: At::SERVER,
        });
    }
    effects
}

fn message(hazard: Hazard, address: &Address, field: &str, value: &str) -> String {
    let title = kind::title(address);
    match hazard {
        Hazard::Deletes => {
            format!("{field} {value} deletes every resource, policy and permission of {title}")
        }
        Hazard::DropsSecret => {
            format!("{field} {value} drops the secret of {title}, and its authorization if it has one")
        }
        Hazard::LocksOut => format!("{field} {value} locks out whoever uses {title}"),
        Hazard::Opens => format!("{field} {value} opens {title} wider"),
    }
}
