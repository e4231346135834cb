//! From an agreed plan to a realm that is as declared: lock, read again, write ahead, send, settle, verify.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;

use super::exit::{Exit, of_error};
use super::ownership;
use super::plan::{PlanRequest, Planned, enabled_unless_said, plan};
use crate::apply::{
    self, CallError, Ids, Ledgers, Lock, LockError, Run, is_ours, outgrows, read_ledgers, write_ledger,
    write_ledger_ahead,
};
use crate::change::{Action, Change, FieldChange};
use crate::diff::{Ledger, Terms};
use crate::keycloak::{ErrorKind, Keycloak, Want};
use crate::kind;
use crate::plan::{self as plans, Ended, Outcome, Plan};
use crate::report::{Failure, Verification};
use crate::state::{Address, SecretRef};

/// How often a run looks whether its lock is still its own.
const LOOK: Duration = Duration::from_secs(3);

/// How a run is to be done.
pub struct ApplyOptions<'a> {
    pub run: &'a str,
    pub lanes: usize,
    pub patience: Duration,
    /// The run covers all manifests, so that it may say what the roots are.
    pub is_full: bool,
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Tells how to end, once a signal has come; then no more calls are started.
    pub signal: &'a (dyn Fn() -> Option<Exit> + Sync),
}

/// What an apply did.
pub struct Applied {
    pub outcomes: Vec<Outcome>,
    /// What a new plan says afterwards.
    pub verification: Verification,
    pub exit: Exit,
    /// Why it ended early, or what is left to do by hand.
    pub failure: Option<Failure>,
}

impl Applied {
    fn ended(exit: Exit, class: &'static str, message: String) -> Self {
        let failure = Some(Failure { class, message });
        Self { outcomes: Vec::new(), verification: Verification::NotDone, exit, failure }
    }

    /// Adds something that went wrong at the end.
    fn and(&mut self, exit: Exit, message: String) {
        self.exit = self.exit.worst(exit);
        self.failure = Some(match self.failure.take() {
            Some(first) => Failure { message: format!("{}; {message}", first.message), ..first },
            None => Failure { class: "lock", message },
        });
    }
}

/// Whether any of it reached the realm, or may have.
fn wrote(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|it| it.began)
}

/// Applies a plan that somebody agreed to.
pub async fn apply(
    keycloak: &Keycloak,
    request: &PlanRequest<'_>,
    agreed: &Planned,
    options: &ApplyOptions<'_>,
) -> anyhow::Result<Applied> {
    if agreed.plan.is_empty() && !agreed.heals {
        return Ok(Applied {
            outcomes: Vec::new(),
            verification: Verification::Clean { held_back: agreed.plan.diff.held_back.len() },
            exit: Exit::Clean,
            failure: None,
        });
    }
    let mut outcomes = Vec::new();
    if !agreed.plan.exists {
        // In a realm that does not exist yet the POST of the realm is the lock.
        let created = create_realm(keycloak, request, &agreed.plan, options).await?;
        if let Ended::Failed { message } = &created.ended {
            let mut applied = if created.began {
                Applied::ended(Exit::Partly, "server", message.clone())
            } else if appears(keycloak, &request.desired.realm).await {
                let message = "another run created the realm meanwhile; plan again".to_owned();
                Applied::ended(Exit::Refused, "lock", message)
            } else {
                Applied::ended(Exit::Failed, "server", message.clone())
            };
            applied.outcomes.push(created);
            return Ok(applied);
        }
        outcomes.push(created);
    }
    let mut applied = match locked(keycloak, request, agreed, options, &mut outcomes).await {
        Ok(applied) => applied,
        // Nothing half-done is hidden behind an error.
        Err(error) if !outcomes.is_empty() => {
            let exit = if wrote(&outcomes) { Exit::Partly } else { Exit::Failed };
            Applied::ended(exit, of_error(&error).1, format!("{error:#}"))
        }
        Err(error) => return Err(error),
    };
    applied.outcomes = outcomes;
    Ok(applied)
}

/// Waits whether somebody else's realm appears: of two POSTs at once one is answered by an error of the database,
/// before the other one is done.
async fn appears(keycloak: &Keycloak, realm: &str) -> bool {
    let path = format!("realms/{}", kind::segment(realm));
    for _ in 0..10 {
        if keycloak.get(&path).await.is_ok() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    false
}

/// Does everything that needs the lock, and gives it back.
async fn locked(
    keycloak: &Keycloak,
    request: &PlanRequest<'_>,
    agreed: &Planned,
    options: &ApplyOptions<'_>,
    outcomes: &mut Vec<Outcome>,
) -> anyhow::Result<Applied> {
    let (realm, owner) = (request.desired.realm.as_str(), request.owner.unwrap_or("nobody"));
    let is_stopped = || (options.signal)().is_some();
    let taken = apply::take(keycloak, realm, owner, options.run, options.patience, &is_stopped).await;
    let mut lock = match (taken, (options.signal)()) {
        (Ok(lock), _) => lock,
        (Err(LockError::Stopped), Some(exit)) => {
            return Ok(Applied::ended(exit, "stopped", LockError::Stopped.to_string()));
        }
        (Err(error @ LockError::Held(_)), _) => {
            let exit = if wrote(outcomes) { Exit::Partly } else { Exit::Refused };
            return Ok(Applied::ended(exit, "lock", error.to_string()));
        }
        (Err(LockError::Call(error)), _) => return Err(of_a_client(error, "the realm could not be locked")),
        (Err(error), _) => return Err(error.into()),
    };
    let applied = under_lock(keycloak, request, agreed, options, outcomes, &mut lock).await;
    let Err(error) = lock.release(keycloak).await else { return applied };
    let message = format!(
        "the lock could not be given back ({error}); it ends by itself in minutes, or by `realmwright unlock --realm {realm} --run {}`",
        options.run
    );
    match applied {
        Ok(mut applied) => {
            applied.and(if wrote(outcomes) { Exit::Partly } else { Exit::Failed }, message);
            Ok(applied)
        }
        Err(first) => Err(first.context(message)),
    }
}

/// Creates the realm with its plain fields; everything else is planned again against what it then holds.
async fn create_realm(
    keycloak: &Keycloak,
    request: &PlanRequest<'_>,
    plan: &Plan,
    options: &ApplyOptions<'_>,
) -> anyhow::Result<Outcome> {
    let realm = kind::realm_address();
    let fields =
        plan.changes().iter().find(|it| it.object == realm).map(|it| it.fields.clone()).unwrap_or_default();
    let is_plain = |it: &FieldChange| {
        it.path.key.is_none()
            && kind::kind(realm.kind()).link(&it.path.field).is_none()
            && !kind::waits_for_the_realm(&it.path.field)
            && !plans::names_others(&it.to)
    };
    let plain = fields.into_iter().filter(is_plain);
    let change = Change {
        object: realm.clone(),
        action: Action::Create,
        why: crate::change::Why::ManifestChanged,
        fields: plain.collect(),
        adopted: false,
        at: request.desired.at,
    };
    let changes = [enabled_unless_said(change, request.desired)];
    let calls = plans::calls(&crate::state::State::default(), &plan.diff.planned, &changes)?;
    let reveal = |secret: &SecretRef| request.secrets.reveal(secret).unwrap_or_default().to_owned();
    let run = Run {
        keycloak,
        realm: &request.desired.realm,
        changes: &changes,
        reveal: &reveal,
        lanes: 1,
        is_stopped: &|| false,
        progress: options.progress,
    };
    let outcome = apply::run(&run, &calls, Ids::default()).await.into_iter().next();
    outcome.context("the realm was not created")
}

async fn under_lock(
    keycloak: &Keycloak,
    request: &PlanRequest<'_>,
    agreed: &Planned,
    options: &ApplyOptions<'_>,
    outcomes: &mut Vec<Outcome>,
    lock: &mut Lock,
) -> anyhow::Result<Applied> {
    let realm_made = outcomes.first().map(|it| it.address.clone());
    let refused = |message: &str| {
        let exit = if realm_made.is_some() { Exit::Partly } else { Exit::Refused };
        Ok(Applied::ended(exit, "refused", message.to_owned()))
    };
    if let Some(realm) = &realm_made {
        own_realm(keycloak, request, realm).await?;
    }
    // Somebody may have written since the plan was shown.
    let planned = plan(keycloak, request).await?;
    if realm_made.is_none() && !same_plan(&agreed.plan, &planned.plan) {
        return refused("the realm changed since this plan was made; plan again");
    }
    if planned.plan.has_errors() || !planned.plan.refusals.is_empty() {
        let notes = planned.plan.diff.notes.iter().filter(|it| it.is_error()).map(|it| it.title.clone());
        let reasons: Vec<String> =
            notes.chain(planned.plan.refusals.iter().map(|it| it.message.clone())).collect();
        return refused(&format!("the plan cannot be applied any more: {}; plan again", reasons.join("; ")));
    }
    let order = &planned.order;
    let serial = write_ahead(keycloak, request, &planned, options.is_full).await?;
    let (changes, calls) = (order.changes.len(), order.calls.len());
    tracing::info!("{changes} changes in {calls} calls, {} at once", options.lanes);
    let lost = {
        let is_lost = AtomicBool::new(false);
        let reveal = |secret: &SecretRef| request.secrets.reveal(secret).unwrap_or_default().to_owned();
        let run = Run {
            keycloak,
            realm: &request.desired.realm,
            changes: &order.changes,
            reveal: &reveal,
            lanes: options.lanes,
            is_stopped: &|| is_lost.load(Ordering::Relaxed) || (options.signal)().is_some(),
            progress: options.progress,
        };
        let sending = apply::run(&run, &order.calls, Ids::of(&planned.read.live.as_it_is()));
        let (sent, lost) = while_locked(sending, lock, keycloak, &is_lost).await;
        // A realm that was just made is told of once.
        let is_twice = |it: &Outcome| it.ended == Ended::Done && realm_made.as_ref() == Some(&it.address);
        outcomes.extend(sent.into_iter().filter(|it| !is_twice(it)));
        lost
    };
    let incomplete = if wrote(outcomes) { Exit::Partly } else { Exit::Failed };
    let (exit_lost, is_failed) =
        (if wrote(outcomes) { Exit::Partly } else { Exit::Refused }, |it: &&Outcome| {
            !matches!(it.ended, Ended::Done | Ended::AlreadyDone)
        });
    let failed: BTreeSet<Address> = outcomes.iter().filter(is_failed).map(|it| it.address.clone()).collect();
    let mut settled = None;
    if request.owner.is_some() {
        let now = current_serial(keycloak, request).await.context("the ledger could not be settled")?;
        if now != serial {
            let message = format!("the ledger was written by another run (serial {now} instead of {serial})");
            return Ok(Applied::ended(exit_lost, "lock", message));
        }
        let mut ledger =
            ownership::next_ledger(request, &planned, options.is_full, &|it| failed.contains(it));
        ledger.serial = serial + 1;
        // Half made, or perhaps made: ours, if a later run finds it.
        let is_begun = |it: &&Outcome| {
            it.began && it.action == Action::Create && is_failed(it) && !kind::keeps_closed(&it.address)
        };
        ledger.pending = outcomes.iter().filter(is_begun).map(|it| it.address.clone()).collect();
        let written = write_ledger(keycloak, &request.desired.realm, &ledger).await;
        written.map_err(|it| of_a_client(it, "the ledger could not be settled"))?;
        settled = Some(ledger);
    }
    if let Some(lost) = lost {
        return Ok(Applied::ended(exit_lost, "lock", format!("{lost}; no more calls were started")));
    }
    if let Some(exit) = (options.signal)().filter(|_| outcomes.iter().any(|it| it.ended == Ended::NotStarted))
    {
        let message = "stopped; what was under way was finished".to_owned();
        return Ok(Applied::ended(exit, "stopped", message));
    }
    // Of what was made, the ledger lacks the ids. Secrets that were asked for are sent by now.
    let terms = Terms { send_secrets: Vec::new(), ..request.terms.clone() };
    let also = Want { ids: true, ..request.also.clone() };
    let again = PlanRequest { also, terms: &terms, ..*request };
    let Planned { plan: after, read, .. } = match plan(keycloak, &again).await {
        Ok(after) => after,
        Err(error) => {
            let message = format!("the realm could not be read again: {error:#}");
            let mut applied = Applied::ended(incomplete, of_error(&error).1, message.clone());
            applied.verification = Verification::Failed { message };
            return Ok(applied);
        }
    };
    if let Some(mut ledger) = settled {
        let done = outcomes.iter().filter(|it| it.ended == Ended::Done);
        let done: BTreeSet<&Address> = done.map(|it| &it.address).collect();
        let sent = planned.plan.changes().iter().filter(|it| done.contains(&it.object));
        let sent = sent.map(|it| (&it.object, it)).collect();
        let is_not_kept = ledger.remember_not_kept(&sent, after.changes(), &after.diff.desired);
        let has_ids = failed.is_empty() && ledger.remember_ids(&read.live.state);
        if is_not_kept || has_ids {
            ledger.serial += 1;
            let written = write_ledger(keycloak, &request.desired.realm, &ledger).await;
            written.context("what the server made of it could not be noted in the ledger")?;
        }
    }
    let still: Vec<Address> = after.changes().iter().map(|it| it.object.clone()).collect();
    let (exit, failure) = match (failed.len(), still.is_empty()) {
        (0, true) => (Exit::Clean, None),
        (0, false) => (Exit::Partly, Some("the realm is still not as declared".to_owned())),
        (count, _) => (incomplete, Some(format!("{count} of {} changes were not applied", outcomes.len()))),
    };
    let verification = if still.is_empty() {
        Verification::Clean { held_back: after.diff.held_back.len() }
    } else {
        Verification::Differs { still }
    };
    let failure = failure.map(|message| Failure { class: "server", message });
    Ok(Applied { outcomes: Vec::new(), verification, exit, failure })
}

/// Notes in a first ledger that this run made the realm: nothing in its own lists is from before.
async fn own_realm(keycloak: &Keycloak, request: &PlanRequest<'_>, realm: &Address) -> anyhow::Result<()> {
    let Some(owner) = request.owner else { return Ok(()) };
    let pending = BTreeSet::from([realm.clone()]);
    let ledger = Ledger { owner: owner.to_owned(), pending, ..Ledger::default() };
    Ok(write_ledger(keycloak, &request.desired.realm, &ledger).await?)
}

/// Notes in the ledger what is about to be created, so that a kill from here on leaves nothing that nobody owns, and
/// finds out whether the server takes the ledger that this run is to end with; returns the serial of what the ledger then holds.
async fn write_ahead(
    keycloak: &Keycloak,
    request: &PlanRequest<'_>,
    planned: &Planned,
    is_full: bool,
) -> anyhow::Result<u64> {
    let old = planned.ownership.ledger.as_ref();
    let serial = old.map_or(0, |it| it.serial);
    let Some(owner) = request.owner else { return Ok(serial) };
    let mut ledger = old.cloned().unwrap_or_default();
    owner.clone_into(&mut ledger.owner);
    ledger.untrusted = ownership::untrusted(&planned.ownership);
    if let Some(id) = &planned.read.realm_id {
        ledger.realm_id.clone_from(id);
    }
    let creates = planned.plan.changes().iter().filter(|it| it.action == Action::Create);
    ledger.pending = creates.map(|it| it.object.clone()).collect();
    let settled = ownership::next_ledger(request, planned, is_full, &|_| false);
    if ledger.pending.is_empty() && old.is_some() && !outgrows(&settled, &ledger)? {
        return Ok(serial);
    }
    ledger.serial = serial + 1;
    let written = write_ledger_ahead(keycloak, &request.desired.realm, &ledger, &settled).await;
    written.map_err(|it| of_a_client(it, "the ledger cannot be written, so nothing else was"))?;
    Ok(ledger.serial)
}

/// Says what could not be done to the lock or the ledger. Both are clients, of which client policies ask what they ask of others.
fn of_a_client(error: CallError, what: &'static str) -> anyhow::Error {
    let kind = if let CallError::Keycloak(it) = &error { Some(it.kind()) } else { None };
    let error = anyhow::Error::from(error);
    if !matches!(kind, Some(ErrorKind::Refused { .. } | ErrorKind::Server { .. })) {
        return error.context(what);
    }
    error.context(format!(
        "{what}; it is kept in a disabled client `realmwright-…`, and a client policy of the realm may refuse that: \
         switch such a policy off by hand, and give it a condition that leaves these clients out"
    ))
}

/// Sends to the end, keeping the lock meanwhile; once it is lost, no more calls are started.
async fn while_locked(
    sending: impl Future<Output = Vec<Outcome>>,
    lock: &mut Lock,
    keycloak: &Keycloak,
    is_lost: &AtomicBool,
) -> (Vec<Outcome>, Option<LockError>) {
    let mut lost = None;
    let keeping = async {
        loop {
            match lock.keep(keycloak).await {
                Ok(()) => {}
                // Who cannot be asked may still answer before the lock runs out.
                Err(LockError::Call(_)) if !lock.is_overdue() => {}
                Err(error) => {
                    is_lost.store(true, Ordering::Relaxed);
                    lost = Some(error);
                    return std::future::pending::<()>().await;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let outcomes = tokio::select! {
        outcomes = sending => outcomes,
        () = keeping => unreachable!("keeping never ends"),
    };
    (outcomes, lost)
}

async fn current_serial(keycloak: &Keycloak, request: &PlanRequest<'_>) -> anyhow::Result<u64> {
    let ledgers: Ledgers = read_ledgers(keycloak, &request.desired.realm).await?;
    let ours = request.owner.and_then(|owner| ledgers.get(owner));
    Ok(ours.and_then(|it| it.as_ref().ok()).map_or(0, |it| it.serial))
}

/// Whether two plans do the same to the same objects.
fn same_plan(a: &Plan, b: &Plan) -> bool {
    a.changes().iter().filter(|it| !is_ours(&it.object)).eq(b.changes().iter())
}
