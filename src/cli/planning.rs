//! One realm from manifests and server to a plan: the way that plan, apply and drift share.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Impact, Realm};
use crate::apply::{is_ours, read_ledgers};
use crate::change::{Change, ConsentKey, FieldChange, Path, To, Why};
use crate::diff::{self, Ledger, LedgerError, Ownership, Question, Terms};
use crate::keycloak::{Keycloak, Read, Want, read};
use crate::kind::{self, USER, UserProfile, Version};
use crate::manifest::{Desired, Secrets};
use crate::plan::{self, Plan};
use crate::state::{Address, State};

/// What planning needs beside the manifests and the server.
pub(super) struct Wish<'a> {
    pub(super) desired: &'a Desired,
    pub(super) secrets: &'a Secrets,
    pub(super) owner: Option<&'a str>,
    pub(super) environment: &'a str,
    pub(super) roots: &'a [String],
    pub(super) terms: &'a Terms,
    pub(super) allowed: &'a BTreeMap<ConsentKey, usize>,
    pub(super) may_create: bool,
    /// Write a fresh ledger in place of one that cannot be trusted.
    pub(super) adopt: bool,
    pub(super) server: &'a str,
    /// What is read beside that which manifests and ledgers name.
    pub(super) also: Want,
}

/// A plan, and what it was made from.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) read: Read,
    pub(super) ownership: Ownership,
    /// The ledger is written anew even where nothing else is to do.
    pub(super) heals: bool,
    /// Our ledger was written by a newer version, which alone may write it.
    pub(super) too_new: bool,
}

impl Planned {
    /// Returns the realm before the plan and after it, to decide about access.
    pub(super) fn sides(&self) -> [Realm; 2] {
        plan::sides(&self.plan, &self.read.live.state, version(&self.read))
    }

    /// Returns who gains or loses what by the plan.
    pub(super) fn impact(&self, desired: &Desired) -> Impact {
        plan::impact(&self.plan, &self.sides(), &|it| desired.state.contains(it), None)
    }
}

/// Reads the realm and plans.
pub(super) async fn plan(keycloak: &Keycloak, wish: &Wish<'_>) -> anyhow::Result<Planned> {
    let ledgers = match read_ledgers(keycloak, &wish.desired.realm).await {
        // A realm that does not exist, or a credential without clients, has no ledger to show.
        Err(crate::apply::CallError::Keycloak(error))
            if matches!(
                error.kind(),
                crate::keycloak::ErrorKind::NotFound | crate::keycloak::ErrorKind::Forbidden { .. }
            ) =>
        {
            BTreeMap::new()
        }
        other => other?,
    };
    let mut want = want(wish.desired);
    want.users.extend(wish.also.users.iter().cloned());
    want.everybody |= wish.also.everybody;
    want.administrators |= wish.also.administrators;
    // Users that we applied and nobody declares any more have to be looked up by name, too.
    if let Some(Ok(ours)) = wish.owner.and_then(|owner| ledgers.get(owner)) {
        let users = ours.entries.keys().filter(|it| it.kind() == USER).map(|it| it.name().to_owned());
        want.users.extend(users.filter(|it| !it.starts_with("service-account-")));
    }
    let mut read = read(keycloak, &wish.desired.realm, &want).await?;
    read.live.state.objects.retain(|address, _| !is_ours(address));
    let (ownership, heals, too_new) = ownership(wish, &read, ledgers);
    let mut plan = compare(wish, &read, &ownership);
    wish.server.clone_into(&mut plan.server);
    plan.keycloak = read.version.map_or_else(|| format!("{} assumed", kind::NEWEST), |it| it.to_string());
    Ok(Planned { plan, read, ownership, heals, too_new })
}

fn compare(wish: &Wish<'_>, read: &Read, ownership: &Ownership) -> Plan {
    let profile = profile(read);
    let question = question(wish, read, ownership, profile.as_ref());
    let diff = diff::diff(&question);
    let mut plan = Plan {
        realm: wish.desired.realm.clone(),
        exists: read.live.exists,
        diff,
        allowed: wish.allowed.clone(),
        ..Plan::default()
    };
    let tested = read.version.is_none_or(|it| !it.is_newer_than_tested());
    plan::judge(&mut plan, wish.may_create, tested);
    plan
}

fn question<'a>(
    wish: &'a Wish<'_>,
    read: &'a Read,
    ownership: &'a Ownership,
    profile: Option<&'a UserProfile>,
) -> Question<'a> {
    Question {
        desired: &wish.desired.state,
        live: &read.live,
        version: version(read),
        default_role: &read.default_role,
        ownership,
        same_secret: Box::new(|secret, live| wish.secrets.same(secret, live)),
        terms: wish.terms,
        user_profile: profile,
        policy_types: &read.policy_types,
    }
}

fn profile(read: &Read) -> Option<UserProfile> {
    read.user_profile.as_ref().map(UserProfile::read)
}

/// The minor version that facts are taken for: the newest tested one where the credential may not see it.
pub(super) fn version(read: &Read) -> Version {
    read.version.map_or(kind::NEWEST, |it| Version(it.major, it.minor))
}

/// Returns the ledger as it is once this plan was applied, but for what failed.
pub(super) fn next_ledger(
    wish: &Wish<'_>,
    planned: &Planned,
    is_full: bool,
    failed: &dyn Fn(&Address) -> bool,
) -> Ledger {
    let profile = profile(&planned.read);
    let question = question(wish, &planned.read, &planned.ownership, profile.as_ref());
    let mut ledger = diff::next_ledger(&question, &planned.plan.diff, failed);
    ledger.untrusted = untrusted(&planned.ownership);
    // A run over a part must not make the rest look undeclared to the next one.
    if is_full && (wish.adopt || covers(wish.roots, &ledger.roots)) {
        wish.roots.clone_into(&mut ledger.roots);
    }
    if wish.adopt || ledger.serial == 0 || ledger.environment.is_empty() {
        wish.environment.clone_into(&mut ledger.environment);
    }
    if let Some(id) = &planned.read.realm_id {
        ledger.realm_id.clone_from(id);
    }
    ledger
}

/// Returns why a ledger that is written now cannot say what may be pruned: one in place of a lost one knows too
/// little, until somebody says with `--adopt` that it is the measure.
pub(super) fn untrusted(ownership: &Ownership) -> Option<String> {
    match &ownership.ledger {
        Some(ledger) => ledger.untrusted.clone(),
        None => ownership.damaged.clone(),
    }
}

/// Returns whose realm it is, whether `--adopt` has something to heal, and whether our ledger is too new for us.
fn ownership(wish: &Wish<'_>, read: &Read, ledgers: crate::apply::Ledgers) -> (Ownership, bool, bool) {
    let (mut heals, mut too_new) = (false, false);
    let mut ownership = Ownership { owner: wish.owner.map(str::to_owned), ..Ownership::default() };
    for (owner, mut ledger) in ledgers {
        if let Ok(ledger) = &mut ledger {
            ledger.settle(|it| read.live.state.contains(it));
        }
        let is_ours = wish.owner == Some(owner.as_str());
        match ledger {
            Ok(ledger) if is_ours => {
                let moved = read
                    .realm_id
                    .as_ref()
                    .is_some_and(|it| !ledger.realm_id.is_empty() && *it != ledger.realm_id);
                let trouble = if moved {
                    Some("the ledger belongs to a realm with another id".to_owned())
                } else if ledger.untrusted.is_some() {
                    ledger.untrusted.clone()
                } else if !covers(wish.roots, &ledger.roots) {
                    Some(format!(
                        "the last full apply covered {}, and this run covers {}",
                        ledger.roots.join(", "),
                        wish.roots.join(", ")
                    ))
                } else if wish.environment != ledger.environment && ledger.serial > 0 {
                    Some(format!(
                        "the last apply was for environment `{}`, and this one is for `{}`",
                        ledger.environment, wish.environment
                    ))
                } else {
                    None
                };
                if wish.adopt && trouble.is_some() {
                    heals = true;
                    if moved || ledger.untrusted.is_some() {
                        continue;
                    }
                } else {
                    ownership.damaged = trouble;
                }
                if !moved {
                    ownership.ledger = Some(ledger);
                }
            }
            Ok(ledger) => {
                ownership.others.insert(owner, ledger);
            }
            // One that is only too new for us is not damaged, and not to be replaced.
            Err(reason) if is_ours && (!wish.adopt || matches!(reason, LedgerError::Newer(_))) => {
                ownership.damaged = Some(reason.to_string());
                too_new = matches!(reason, LedgerError::Newer(_));
            }
            Err(_) if is_ours => heals = true,
            // Another owner's damaged ledger protects nothing that we could know of.
            Err(_) => {}
        }
    }
    (ownership, heals, too_new)
}

/// Returns whether everything under the old manifest roots is under the new ones.
fn covers(new: &[String], old: &[String]) -> bool {
    let covers = |new: &String, old: &String| {
        new == "." || new.is_empty() || std::path::Path::new(old).starts_with(new)
    };
    old.iter().all(|old| new.iter().any(|new| covers(new, old)))
}

/// The users that the manifests declare or refer to, and whether secrets are compared.
pub(super) fn want(desired: &Desired) -> Want {
    let mut users: BTreeSet<String> = BTreeSet::new();
    let mut secrets = false;
    let mut policy_types = None;
    for (address, object) in &desired.state.objects {
        if address.kind() == USER {
            users.insert(address.name().to_owned());
        }
        object.each_ref(&mut |_, target, _| {
            if target.kind() == USER {
                users.insert(target.name().to_owned());
            }
        });
        object.fields.values().for_each(|it| it.each_secret(&mut |_, _| secrets = true));
        // Only for types that not every server has is it worth a request.
        if address.kind() == kind::POLICY && !kind::is_common_policy(object.text("type")) {
            policy_types = address.parent().map(|it| it.name().to_owned());
        }
    }
    Want { users, secrets, policy_types, ..Want::default() }
}

/// Returns the users of a state who are people.
pub(super) fn people(state: &State) -> Vec<Address> {
    let users = state.objects.keys().filter(|it| it.kind() == USER);
    users.filter(|it| !it.name().starts_with("service-account-")).cloned().collect()
}

/// A realm that the manifests do not say to be disabled is created enabled.
pub(super) fn enabled_unless_said(mut change: Change, desired: &Desired) -> Change {
    if let Some((name, node)) = kind::sent_unasked(&change.object, &desired.state)
        && !change.fields.iter().any(|it| *it.path.field == *name)
    {
        let to = To::Value(node);
        change.fields.push(FieldChange {
            path: Path::field(name),
            from: None,
            to,
            why: Why::ManifestChanged,
            at: desired.at,
        });
    }
    change
}
