//! Asking the server what it says of the cases that it can be asked about.

mod token;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::super::asking::{AskedRealm, Facts};
use super::super::connection::Target;
use crate::access::test::{Heard, Oracle, TestOutcome, Tested, not_asked};
use crate::access::{self, Persona, Realm};
use crate::keycloak::{ErrorKind, Evaluation, EvaluationIds};
use crate::state::Address;

/// How many questions are under way at once.
const LANES: usize = 4;
/// How long a server that disagrees is left alone before it is asked again. Right after writes its caches may
/// miss a permission.
const PAUSE: Duration = Duration::from_secs(2);

/// Fills in what the server says of every case.
pub(super) async fn ask(
    target: &Target,
    facts: &Facts,
    realms: &[Realm],
    tested: &mut [Tested],
    oracle: Oracle,
) -> anyhow::Result<()> {
    for it in tested {
        let Some(at) = facts.realms.iter().position(|asked_realm| asked_realm.realm == it.realm) else {
            continue;
        };
        let reasons: Vec<_> = it.cases.iter().map(|case| not_asked(&realms[at], it, case, oracle)).collect();
        for (case, reason) in it.cases.iter_mut().zip(reasons) {
            case.server = reason.map_or(Heard::Nothing, Heard::NotAsked);
        }
        if it.cases.iter().all(|it| it.server != Heard::Nothing) {
            continue;
        }
        fill_in(target, facts, &facts.realms[at], it, oracle).await?;
        ask_again(target, facts, &facts.realms[at], it, oracle).await?;
    }
    Ok(())
}

/// Asks whatever nothing was heard of yet.
async fn fill_in(
    target: &Target,
    facts: &Facts,
    asked_realm: &AskedRealm,
    tested: &mut Tested,
    oracle: Oracle,
) -> anyhow::Result<()> {
    match oracle {
        Oracle::Evaluate => evaluate(target, asked_realm, tested).await,
        Oracle::Token => token::ask(target, facts, asked_realm, tested).await,
    }
}

/// Asks once more where the server disagrees with the evaluator: its second answer counts, and the first one is
/// told.
async fn ask_again(
    target: &Target,
    facts: &Facts,
    asked_realm: &AskedRealm,
    tested: &mut Tested,
    oracle: Oracle,
) -> anyhow::Result<()> {
    let is_split = |at: &usize| tested.cases[*at].outcome() == TestOutcome::Split;
    let split: Vec<usize> = (0..tested.cases.len()).filter(is_split).collect();
    if split.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(PAUSE).await;
    for at in &split {
        tested.cases[*at].server = Heard::Nothing;
    }
    fill_in(target, facts, asked_realm, tested, oracle).await?;
    for at in split {
        let case = &mut tested.cases[at];
        case.changed_mind = matches!(case.server, Heard::Said { .. }) && case.outcome() != TestOutcome::Split;
    }
    Ok(())
}

/// The client that asks for the token.
fn asking<'a>(tested: &'a Tested, persona: &'a Persona) -> &'a Address {
    persona.client.as_ref().or(persona.service_account.as_ref()).unwrap_or(&tested.client)
}

async fn evaluate(target: &Target, asked_realm: &AskedRealm, tested: &mut Tested) -> anyhow::Result<()> {
    let asked: Vec<usize> =
        (0..tested.cases.len()).filter(|it| tested.cases[*it].server == Heard::Nothing).collect();
    let personas: BTreeSet<usize> = asked.iter().map(|it| tested.cases[*it].persona).collect();
    let personas: Vec<&Persona> = personas.into_iter().map(|it| &tested.personas[it]).collect();
    let users = personas.iter().filter_map(|it| Some(it.user.as_ref()?.name().to_owned())).collect();
    let clients = personas.iter().map(|it| asking(tested, it).name().to_owned()).collect();
    let server = tested.client.name();
    let ids = EvaluationIds::read(&target.keycloak, &tested.realm, server, &clients, &users).await?;
    let (tested_now, ids) = (&*tested, &ids);
    let answers: Vec<(usize, Heard)> = stream::iter(asked)
        .map(|at| async move {
            let case = &tested_now.cases[at];
            let persona = &tested_now.personas[case.persona];
            let question = Evaluation {
                user: persona.user.as_ref().map(Address::name).unwrap_or_default(),
                client: asking(tested_now, persona).name(),
                resource: &case.resource,
                scope: case.scope.as_deref(),
                at: persona.at,
            };
            let heard = match target.keycloak.evaluate(ids, &question).await {
                Ok(Ok(said)) => {
                    let is_unknown =
                        |name: &str| !access::has_permission(&asked_realm.state, &tested_now.client, name);
                    let took_part = said.permissions.into_iter().filter(|it| it.2 == said.permit);
                    let unknown = took_part.filter(|it| is_unknown(&it.0)).map(|(name, of, _)| (name, of));
                    Heard::Said { permit: said.permit, unknown: unknown.collect() }
                }
                Ok(Err(missing)) => Heard::Failed(missing.to_string()),
                // A policy can make every evaluation that meets it fail.
                Err(error) if matches!(error.kind(), ErrorKind::Server { .. }) => {
                    Heard::Failed(error.to_string())
                }
                Err(error) => return Err(error),
            };
            Ok((at, heard))
        })
        .buffer_unordered(LANES)
        .try_collect()
        .await?;
    for (at, heard) in answers {
        tested.cases[at].server = heard;
    }
    Ok(())
}
