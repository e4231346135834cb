//! From an agreed plan to a realm that is as declared: lock, read again, write ahead, send, settle, verify.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;

use super::planning::{self, Planned, Wish};
use super::{Exit, signal};
use crate::apply::{self, Ids, Ledgers, Lock, LockError, Run, is_ours, read_ledgers, write_ledger};
use crate::change::{Action, Change};
use crate::keycloak::Keycloak;
use crate::kind;
use crate::plan::{self, Ended, Outcome, Plan};
use crate::state::{Address, SecretRef};

/// How a run is to be done.
pub(super) struct Orders<'a> {
    pub(super) run: &'a str,
    pub(super) lanes: usize,
    pub(super) patience: Duration,
    /// The run covers all manifests, so that it may say what the roots are.
    pub(super) is_full: bool,
    pub(super) progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What an apply did.
pub(super) struct Applied {
    pub(super) outcomes: Vec<Outcome>,
    /// What a new plan says afterwards; none where nothing could be verified.
    pub(super) after: Option<Plan>,
    pub(super) exit: Exit,
    /// Why it ended early, for people.
    pub(super) trouble: Option<String>,
}

impl Applied {
    fn refused(trouble: String) -> Self {
        Self { outcomes: Vec::new(), after: None, exit: Exit::Refused, trouble: Some(trouble) }
    }
}

/// Applies a plan that somebody agreed to.
pub(super) async fn apply(
    keycloak: &Keycloak,
    wish: &Wish<'_>,
    agreed: &Planned,
    orders: &Orders<'_>,
) -> anyhow::Result<Applied> {
    if agreed.plan.is_empty() {
        return Ok(Applied {
            outcomes: Vec::new(),
            after: Some(agreed.plan.clone()),
            exit: Exit::Clean,
            trouble: None,
        });
    }
    let mut realm_outcome = None;
    let is_new = !agreed.plan.exists;
    if is_new {
        // In a realm that does not exist yet the POST of the realm is the lock.
        match create_realm(keycloak, wish, &agreed.plan, orders).await {
            Ok(outcome) => realm_outcome = Some(outcome),
            Err(trouble) => return Ok(trouble),
        }
    }
    let owner = wish.owner.unwrap_or("nobody");
    let lock = match apply::take(keycloak, &wish.desired.realm, owner, orders.run, orders.patience).await {
        Ok(lock) => lock,
        Err(LockError::Held(held)) if !is_new => {
            return Ok(Applied::refused(LockError::Held(held).to_string()));
        }
        Err(error) => return Err(error).context("the realm could not be locked"),
    };
    let mut lock = lock;
    let applied = locked(keycloak, wish, agreed, orders, realm_outcome, &mut lock).await;
    let released = lock.release(keycloak).await;
    let applied = applied?;
    released.context("everything was done, but the lock could not be given back")?;
    Ok(applied)
}

/// Creates the realm with its plain fields; everything else is planned again against what it then holds.
async fn create_realm(
    keycloak: &Keycloak,
    wish: &Wish<'_>,
    plan: &Plan,
    orders: &Orders<'_>,
) -> Result<Outcome, Applied> {
    let realm = kind::realm_address();
    let fields =
        plan.changes().iter().find(|it| it.object == realm).map(|it| it.fields.clone()).unwrap_or_default();
    let plain = fields
        .into_iter()
        .filter(|it| kind::kind(kind::REALM).link(&it.path.field).is_none() && it.path.key.is_none());
    let change = Change {
        object: realm.clone(),
        action: Action::Create,
        why: crate::change::Why::ManifestChanged,
        fields: plain.collect(),
        adopts: false,
        at: wish.desired.at,
    };
    let changes = [planning::enabled_unless_said(change, wish.desired)];
    let calls = match plan::calls(&crate::state::State::default(), &plan.diff.planned, &changes) {
        Ok(calls) => calls,
        Err(cycle) => {
            return Err(Applied {
                outcomes: Vec::new(),
                after: None,
                exit: Exit::Failed,
                trouble: Some(cycle.to_string()),
            });
        }
    };
    let reveal = |secret: &SecretRef| wish.secrets.reveal(secret).unwrap_or_default().to_owned();
    let run = Run {
        keycloak,
        realm: &wish.desired.realm,
        changes: &changes,
        reveal: &reveal,
        lanes: 1,
        is_stopped: &|| false,
        progress: orders.progress,
    };
    let outcome = apply::run(&run, &calls, Ids::default()).await.into_iter().next();
    match outcome {
        Some(outcome) if outcome.ended == Ended::Done => Ok(outcome),
        Some(Outcome { ended: Ended::Failed { message }, .. }) => {
            Err(Applied { outcomes: Vec::new(), after: None, exit: Exit::Failed, trouble: Some(message) })
        }
        _ => Err(Applied {
            outcomes: Vec::new(),
            after: None,
            exit: Exit::Failed,
            trouble: Some("the realm was not created".to_owned()),
        }),
    }
}

async fn locked(
    keycloak: &Keycloak,
    wish: &Wish<'_>,
    agreed: &Planned,
    orders: &Orders<'_>,
    realm_outcome: Option<Outcome>,
    lock: &mut Lock,
) -> anyhow::Result<Applied> {
    // Somebody may have written since the plan was shown.
    let planned = planning::plan(keycloak, wish).await?;
    if realm_outcome.is_none() && !same_plan(&agreed.plan, &planned.plan) {
        return Ok(Applied::refused("the realm changed since this plan was made; plan again".to_owned()));
    }
    if planned.plan.diff.notes.iter().any(crate::text::Note::is_error) || !planned.plan.refusals.is_empty() {
        return Ok(Applied::refused("the plan cannot be applied any more; plan again".to_owned()));
    }
    let changes = planned.plan.changes();
    let calls = plan::calls(&planned.read.live.state, &planned.plan.diff.planned, changes)?;
    let mut serial = planned.ownership.ledger.as_ref().map_or(0, |it| it.serial);
    if let Some(owner) = wish.owner {
        // Write-ahead: a kill from here on leaves nothing that nobody owns.
        let mut ledger = planned.ownership.ledger.clone().unwrap_or_default();
        owner.clone_into(&mut ledger.owner);
        if let Some(id) = &planned.read.realm_id {
            ledger.realm_id.clone_from(id);
        }
        ledger.pending =
            changes.iter().filter(|it| it.action == Action::Create).map(|it| it.object.clone()).collect();
        if !ledger.pending.is_empty() || planned.ownership.ledger.is_none() {
            serial += 1;
            ledger.serial = serial;
            write_ledger(keycloak, &wish.desired.realm, &ledger).await?;
        }
    }
    let stopped = AtomicBool::new(false);
    let reveal = |secret: &SecretRef| wish.secrets.reveal(secret).unwrap_or_default().to_owned();
    let run = Run {
        keycloak,
        realm: &wish.desired.realm,
        changes,
        reveal: &reveal,
        lanes: orders.lanes,
        is_stopped: &|| stopped.load(Ordering::Relaxed),
        progress: orders.progress,
    };
    let mut outcomes = {
        let sending = apply::run(&run, &calls, Ids::of(&planned.read.live.state));
        until_done(sending, lock, keycloak, &stopped).await
    };
    let signal = outcomes.1;
    let mut outcomes = std::mem::take(&mut outcomes.0);
    let failed: BTreeSet<Address> = outcomes
        .iter()
        .filter(|it| !matches!(it.ended, Ended::Done | Ended::AlreadyDone))
        .map(|it| it.address.clone())
        .collect();
    if wish.owner.is_some() {
        let now = current_serial(keycloak, wish).await?;
        if now != serial {
            return Ok(Applied {
                outcomes,
                after: None,
                exit: Exit::Partly,
                trouble: Some(format!(
                    "the ledger was written by another run (serial {now} instead of {serial})"
                )),
            });
        }
        let mut ledger = planning::next_ledger(wish, &planned, orders.is_full, &|it| failed.contains(it));
        ledger.serial = serial + 1;
        write_ledger(keycloak, &wish.desired.realm, &ledger).await?;
    }
    if let Some(outcome) = realm_outcome {
        outcomes.retain(|it| it.address != outcome.address);
        outcomes.insert(0, outcome);
    }
    if let Some(exit) = signal {
        return Ok(Applied {
            outcomes,
            after: None,
            exit,
            trouble: Some("stopped; what was under way was finished".to_owned()),
        });
    }
    let after = planning::plan(keycloak, wish).await?.plan;
    let wrote = outcomes.iter().any(|it| it.ended == Ended::Done);
    let exit = match (failed.is_empty(), after.is_empty()) {
        (true, true) => Exit::Clean,
        (true, false) => Exit::Partly,
        (false, _) if wrote => Exit::Partly,
        (false, _) => Exit::Failed,
    };
    let trouble =
        (failed.is_empty() && !after.is_empty()).then(|| "the realm is still not as declared".to_owned());
    Ok(Applied { outcomes, after: Some(after), exit, trouble })
}

/// Runs to the end, renewing the lock; the first signal starts no more calls.
async fn until_done(
    sending: impl Future<Output = Vec<Outcome>>,
    lock: &mut Lock,
    keycloak: &Keycloak,
    stopped: &AtomicBool,
) -> (Vec<Outcome>, Option<Exit>) {
    tokio::pin!(sending);
    let signal = signal::stopped();
    tokio::pin!(signal);
    let mut ended = None;
    let mut clock = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            outcomes = &mut sending => return (outcomes, ended),
            exit = &mut signal, if ended.is_none() => {
                stopped.store(true, Ordering::Relaxed);
                ended = exit.ok();
            }
            _ = clock.tick() => {
                if lock.renew(keycloak).await.is_err() {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

async fn current_serial(keycloak: &Keycloak, wish: &Wish<'_>) -> anyhow::Result<u64> {
    let ledgers: Ledgers = read_ledgers(keycloak, &wish.desired.realm).await?;
    let ours = wish.owner.and_then(|owner| ledgers.get(owner));
    Ok(ours.and_then(|it| it.as_ref().ok()).map_or(0, |it| it.serial))
}

/// Whether two plans do the same to the same objects.
fn same_plan(a: &Plan, b: &Plan) -> bool {
    a.changes().iter().filter(|it| !is_ours(&it.object)).eq(b.changes().iter())
}
