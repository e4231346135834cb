//! One realm from manifests and server to a plan: the way that plan, apply and drift share.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::ownership::ownership;
use crate::access::{Impact, Realm};
use crate::apply::{CallError, Ledgers, is_ours, read_ledgers};
use crate::change::{Change, ConsentKey, FieldChange, Path, To, Why};
use crate::diff::{self, Ownership, Question, Terms};
use crate::keycloak::{self, ErrorKind, Keycloak, Read, Source, Want};
use crate::kind;
use crate::manifest::{Desired, Guards, Secrets};
use crate::plan::{self, Conditions, Order, Plan};
use crate::state::{Address, Known, State};

/// What planning needs beside what is on the server.
pub struct PlanRequest<'a> {
    pub desired: &'a Desired,
    pub secrets: &'a Secrets,
    pub owner: Option<&'a str>,
    pub environment: &'a str,
    pub roots: &'a [String],
    /// The manifest files of this run as the ledger names them.
    pub files: &'a [String],
    /// Says whether there is a file of such a name, read or not.
    pub is_on_disk: &'a (dyn Fn(&str) -> bool + Send + Sync),
    pub terms: &'a Terms,
    pub allowed: &'a BTreeMap<ConsentKey, usize>,
    pub may_create: bool,
    pub guards: &'a Guards,
    /// Write a fresh ledger in place of one that cannot be trusted.
    pub adopt: bool,
    pub server: &'a str,
    /// What is read beside that which manifests and ledgers name.
    pub also: Want,
}

/// What the server says of a realm, and what owners applied to it.
#[derive(Clone)]
pub struct Observed {
    pub read: Read,
    pub ledgers: Ledgers,
}

/// A plan, and what it was made from.
pub struct Planned {
    pub plan: Plan,
    /// How it is sent; nothing where it cannot be.
    pub order: Order,
    pub read: Read,
    /// The realm before it and after it, once somebody asks.
    sides: OnceLock<[Realm; 2]>,
    pub ownership: Ownership,
    /// The ledger is written anew even where nothing else is to do.
    pub heals: bool,
    /// Our ledger was written by a newer version, which alone may write it.
    pub too_new: bool,
}

impl Planned {
    /// Returns the realm before the plan and after it, to decide about access.
    pub fn sides(&self) -> &[Realm; 2] {
        let diff = &self.plan.diff;
        self.sides.get_or_init(|| plan::sides(&self.read.live.state, &diff.planned, self.read.taken_for))
    }

    fn put_in_order(&mut self) {
        if self.plan.is_empty() {
            return;
        }
        match plan::order(&self.read.live, &self.plan.diff, self.sides(), self.read.taken_for) {
            Ok(order) => {
                self.plan.closings.clone_from(&order.closings);
                self.plan.diff.notes.extend(order.open.iter().map(plan::open_meanwhile));
                self.order = order;
            }
            Err(cycle) => self.plan.diff.notes.push(cycle.note(&self.plan.diff.desired)),
        }
    }

    fn judge(&mut self, request: &PlanRequest<'_>) {
        let conditions = Conditions {
            version: self.read.taken_for,
            is_tested: self.read.version.is_none_or(|it| !it.is_newer_than_tested()),
            may_create: request.may_create,
            guards: request.guards,
            ledger: self.ownership.ledger.as_ref(),
        };
        plan::judge(&mut self.plan, &conditions);
    }

    /// Returns who gains or loses what by the plan.
    pub fn impact(&self, desired: &Desired) -> Impact {
        plan::impact(&self.plan, self.sides(), &|it| desired.state.contains(it), None)
    }
}

/// Reads what a plan of this request depends on.
pub async fn observe(keycloak: &Keycloak, request: &PlanRequest<'_>) -> anyhow::Result<Observed> {
    let realm = &request.desired.realm;
    let mut want = want(request.desired);
    want.everybody |= request.also.everybody;
    // Which users are looked up hangs on the ledgers, and nothing else does.
    let (ledgers, begun) =
        tokio::join!(read_ledgers(keycloak, realm), keycloak::begin(keycloak, realm, &want));
    let ledgers = match ledgers {
        // A realm that does not exist, or a credential without clients, has no ledger to show.
        Err(CallError::Keycloak(error))
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden { .. }) =>
        {
            BTreeMap::new()
        }
        other => other?,
    };
    want.users.extend(request.also.users.iter().cloned());
    want.administrators |= request.also.administrators;
    // Users that we applied and nobody declares any more have to be looked up by name, too.
    if let Some(Ok(ours)) = request.owner.and_then(|owner| ledgers.get(owner)) {
        // Service accounts come with their clients.
        let accounts = kind::service_accounts(ours.entries.keys());
        // What an interrupted run began to make is ours if it is there.
        let known = ours.entries.keys().chain(&ours.pending);
        let declared = want.named.clone();
        for it in known.filter(|it| !accounts.contains(it)) {
            ask_for(it, &mut want);
        }
        want.left = want.named.difference(&declared).cloned().collect();
        let numbered = ours.numbered().into_iter();
        want.numbered.extend(numbered.map(|(it, lacks_some)| (it, request.also.ids && lacks_some)));
    }
    let read = begun?.finish(&want).await?;
    log(realm, &read, &ledgers);
    Ok(Observed { read, ledgers })
}

/// Tells with `-v` what a plan is made from.
fn log(realm: &str, read: &Read, ledgers: &Ledgers) {
    let by = match read.source {
        Source::Export => "one export",
        Source::Lists => "lists",
        Source::Fresh => "what a new one holds",
    };
    let (objects, requests) = (read.live.state.objects.len(), read.requests);
    if read.live.exists {
        tracing::info!("read realm {realm} by {by}: {objects} objects in {requests} requests");
    } else {
        tracing::info!(
            "realm {realm} does not exist: compared with what a new realm holds ({objects} objects)"
        );
    }
    for kind in kind::KINDS.iter().filter(|it| it.is_top()) {
        match read.live.known(kind.name, None) {
            Known::All => {}
            Known::Only(asked) => {
                tracing::info!("of kind {}, {} objects were asked for", kind.name, asked.len());
            }
            Known::Not { needs } => tracing::info!("kind {} is unknown: the login lacks {needs}", kind.name),
        }
    }
    for (address, field) in &read.live.unread {
        tracing::info!("{field} of {address} may not be seen");
    }
    if ledgers.is_empty() {
        tracing::info!("realm {realm} has no ledger: nobody applied anything with an owner");
    }
    for (owner, ledger) in ledgers {
        match ledger {
            Ok(it) => {
                let (serial, count) = (it.serial, it.entries.len());
                tracing::info!("ledger of owner {owner}: serial {serial}, {count} objects");
            }
            Err(reason) => tracing::warn!("ledger of owner {owner} cannot be used: {reason}"),
        }
    }
}

/// Reads a realm and plans it; access is not judged yet.
pub async fn plan(keycloak: &Keycloak, request: &PlanRequest<'_>) -> anyhow::Result<Planned> {
    Ok(plan_realm(request, observe(keycloak, request).await?))
}

/// Plans a realm as it was read; access is not judged yet.
pub fn plan_realm(request: &PlanRequest<'_>, observed: Observed) -> Planned {
    let Observed { mut read, ledgers } = observed;
    read.live.state.objects.retain(|address, _| !is_ours(address));
    read.live.closed = kind::set_apart(&mut read.live.state);
    let (mut ownership, notes, heals, too_new) = ownership(request, &read, ledgers);
    diff::follow(&read.live.state, &mut ownership);
    let renamed = diff::rename(&request.desired.state, request.terms, &mut read.live, &mut ownership);
    let diff = diff::diff(&question(request, &read, &ownership));
    let plan = Plan {
        realm: request.desired.realm.clone(),
        server: request.server.to_owned(),
        keycloak: read.version.map_or_else(|| format!("{} assumed", read.taken_for), |it| it.to_string()),
        exists: read.live.exists,
        diff,
        allowed: request.allowed.clone(),
        ..Plan::default()
    };
    let order = Order::default();
    let mut planned = Planned { plan, order, read, sides: OnceLock::new(), ownership, heals, too_new };
    planned.put_in_order();
    planned.judge(request);
    planned.plan.diff.notes.extend(notes.into_iter().chain(renamed));
    planned
}

pub(super) fn question<'a>(
    request: &'a PlanRequest<'_>,
    read: &'a Read,
    ownership: &'a Ownership,
) -> Question<'a> {
    Question {
        desired: &request.desired.state,
        live: &read.live,
        version: read.taken_for,
        realm: &request.desired.realm,
        ownership,
        secrets: request.secrets,
        terms: request.terms,
        server: read.server_info.as_ref(),
    }
}

/// The users that the manifests declare or refer to, and whether secrets are compared.
pub fn want(desired: &Desired) -> Want {
    let mut want = Want {
        // Only for what not every plain server has is it worth a request.
        server_info: kind::asks_server_info(&desired.state),
        ..Want::default()
    };
    for (address, object) in &desired.state.objects {
        // By their earlier name, too, somebody has what they have.
        let user = address.parent().and_then(|it| desired.state.get(&it)?.formerly.clone());
        let of_user = user.map(|it| it.child(address.kind(), address.last_name()));
        for it in [Some(address.clone()), object.formerly.clone(), of_user].iter().flatten() {
            ask_for(it, &mut want);
        }
        object.each_ref(&mut |_, target, _| ask_for(target, &mut want));
        let given = kind::identity(address, object);
        want.given.extend(given.map(|(provider, id)| (provider.to_owned(), id.to_owned())));
        object.fields.values().for_each(|it| it.each_secret(&mut |_, _| want.secrets = true));
    }
    want
}

/// Asks for what is known only where somebody names it: for a user, or with them for what they have, and for what an object
/// stands under.
fn ask_for(address: &Address, want: &mut Want) {
    let top = address.steps().first().map(|it| Address::top(it.kind, it.name.clone()));
    want.named.extend(top.filter(|it| kind::is_apart(it) || kind::is_of_flow(it)));
    want.named.extend(Some(address.clone()).filter(kind::is_apart));
    if !kind::is_asked_by_name(address) {
        return;
    }
    let user = address.parent();
    want.users.insert(user.as_ref().unwrap_or(address).name().to_owned());
    want.identities.extend(user.map(|it| it.name().to_owned()));
}

/// Returns the users of a state who are people.
pub fn people(state: &State) -> Vec<Address> {
    let are_people = |it: &Address| kind::kind(it.kind()).are_people;
    let users = state.objects.iter().filter(|(it, object)| are_people(it) && object.made_by.is_none());
    users.map(|it| it.0.clone()).collect()
}

/// A realm that the manifests do not say to be disabled is created enabled.
pub(super) fn enabled_unless_said(mut change: Change, desired: &Desired) -> Change {
    let mut unasked = kind::create_defaults(&change.object, &desired.state);
    unasked.retain(|(name, _)| !change.fields.iter().any(|it| *it.path.field == **name));
    change.fields.extend(unasked.into_iter().map(|(name, node)| FieldChange {
        path: Path::field(name),
        from: None,
        to: To::Value(node),
        why: Why::ManifestChanged,
        at: desired.at,
    }));
    change
}
