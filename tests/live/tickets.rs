//! What the bearer of a token is let in to, asked for much at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::server::Server;
use crate::tree::{list, word};

/// What was answered, in words that can be compared: the scopes that are granted, or why there are none.
pub(crate) type Answer = Result<BTreeSet<String>, String>;

/// A resource by its id, as a whole or for one of its scopes.
pub(crate) type Wanted = (String, Option<String>);

/// Parts questions so that none of a part is about the same resource as another: the server answers nearly all of them as
/// if each were asked alone. Returns their positions.
pub(crate) fn rounds<'a>(wanted: impl Iterator<Item = &'a Wanted>) -> Vec<Vec<usize>> {
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out: Vec<Vec<usize>> = Vec::new();
    for (at, (resource, _)) in wanted.enumerate() {
        let round = asked.entry(resource.as_str()).or_default();
        if *round == out.len() {
            out.push(Vec::new());
        }
        out[*round].push(at);
        *round += 1;
    }
    out
}

/// How it is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Tickets {
    /// As few as possible.
    Few,
    /// One for each question: beside a user's resource the server may deny what it permits of its own resource of that
    /// type (26.7.5; it hangs on their order).
    Each,
}

impl Server {
    /// Returns what the bearer of a token is let in to of all this.
    pub(crate) fn tickets(
        &self,
        realm: &str,
        token: &str,
        client: &str,
        wanted: &[Wanted],
        tickets: Tickets,
    ) -> Result<Vec<Answer>, String> {
        let mut out = vec![Err("DENY".to_owned()); wanted.len()];
        let rounds = match tickets {
            Tickets::Few => rounds(wanted.iter()),
            Tickets::Each => (0..wanted.len()).map(|it| vec![it]).collect(),
        };
        for round in rounds {
            let these: Vec<&Wanted> = round.iter().map(|it| &wanted[*it]).collect();
            for (at, answer) in round.iter().zip(self.round(realm, token, client, &these)?) {
                out[*at] = answer;
            }
        }
        Ok(out)
    }

    fn round(
        &self,
        realm: &str,
        token: &str,
        client: &str,
        wanted: &[&Wanted],
    ) -> Result<Vec<Answer>, String> {
        let permission = |(id, scope): &&Wanted| {
            scope.as_ref().map_or_else(|| id.clone(), |scope| format!("{id}#{scope}"))
        };
        let permissions: Vec<String> = wanted.iter().map(permission).collect();
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:uma-ticket"),
            ("audience", client),
            ("response_mode", "permissions"),
        ];
        let form: Vec<(&str, &str)> =
            form.into_iter().chain(permissions.iter().map(|it| ("permission", it.as_str()))).collect();
        let (status, answer) = self.token_for(realm, token, &form)?;
        let granted = |(id, _): &&Wanted| -> Answer {
            let row = list(&answer).iter().find(|it| it["rsid"] == **id).ok_or("DENY")?;
            Ok(list(&row["scopes"]).iter().map(word).collect())
        };
        match status {
            200 => Ok(wanted.iter().map(granted).collect()),
            403 => Ok(vec![Err("DENY".to_owned()); wanted.len()]),
            500 if wanted.len() == 1 => Ok(vec![Err("FAILS".to_owned())]),
            // One policy that fails takes all with it.
            500 => {
                let each = wanted.iter().map(|it| self.round(realm, token, client, &[*it]));
                Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
            }
            _ => Err(format!("ticket for {permissions:?}: {status} {answer}")),
        }
    }
}

/// Returns whether an answer lets in to what was asked for.
pub(crate) fn is_in(answer: &Answer, scope: Option<&str>) -> bool {
    answer.as_ref().is_ok_and(|granted| scope.is_none_or(|it| granted.contains(it)))
}

/// Runs through all of these on four threads, and returns what each gave, in order.
pub(crate) fn at_once<T: Sync, R: Send>(
    items: &[T],
    does: impl Fn(&T) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(item) = items.get(at) else { return Ok(done) };
            done.push((at, does(item)?));
        }
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        let done = threads.into_iter().map(|it| it.join().map_err(|_| "a panic".to_owned())?);
        done.collect::<Result<Vec<_>, String>>().map(|it| it.into_iter().flatten().collect())
    })?;
    all.sort_by_key(|it| it.0);
    Ok(all.into_iter().map(|it| it.1).collect())
}

/// Returns the realm's token answer as a token, and nothing where the login is refused.
pub(crate) fn granted_token(
    (status, answer): (reqwest::StatusCode, Value),
) -> Result<Option<String>, String> {
    match answer["access_token"].as_str() {
        Some(token) => Ok(Some(token.to_owned())),
        None if status.is_server_error() => Err(format!("login: {status} {answer}")),
        None => Ok(None),
    }
}
