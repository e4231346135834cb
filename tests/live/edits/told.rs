//! What a plan foretells of access, against what a server let people do before and after it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::asked::{ADMINISTER, ASKED, CLIENTS, Facts, OF_EVERY_REALM, Thing, Way};
use crate::administration::CALLS;
use crate::tree::{list, word};

/// How much was foretold and happened.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) gains: usize,
    pub(super) losses: usize,
    /// Sides of decisions that the plan was sure of and that were as told.
    pub(super) sure: usize,
    /// Decisions that it told as open, before or after.
    pub(super) open: usize,
    /// Calls of administrators that came or went.
    pub(super) calls: usize,
}

/// Returns where the plan and the server disagree.
pub(super) fn disagreements(plan: &Value, before: &Facts, after: &Facts, tally: &mut Tally) -> Vec<String> {
    let rows: Vec<Row<'_>> =
        list(&plan["access_changes"]).iter().filter(|it| it["client"] == "rs").map(Row::of).collect();
    let mut wrong = untold(&rows, before, after, tally);
    for row in &rows {
        wrong.extend(row.not_happened(before, after, tally));
    }
    wrong.extend(of_administration(plan, before, after, tally));
    wrong
}

/// One row of an impact.
struct Row<'a> {
    is: &'a Value,
    change: String,
    personas: BTreeSet<String>,
    resources: BTreeSet<String>,
    scope: Option<String>,
    /// Clients and what is asked for; nothing for all.
    through: Option<Vec<Asking>>,
}

impl<'a> Row<'a> {
    fn of(is: &'a Value) -> Self {
        Self {
            is,
            change: word(&is["change"]),
            personas: list(&is["personas"]).iter().map(word).collect(),
            resources: list(&is["resources"]).iter().map(word).collect(),
            scope: is["scope"].as_str().map(str::to_owned),
            through: ways(&is["through"]),
        }
    }

    fn is_about(&self, who: &str, (resource, scope): &Thing) -> bool {
        self.personas.contains(who) && self.resources.contains(resource) && self.scope == *scope
    }

    fn leads_through(&self, way: &Way) -> bool {
        // One way stands for all that make the same tokens.
        let goes_there =
            |(client, asks): &Asking| *client == way.client && (asks.is_none() || way.asks.is_some());
        self.through.as_ref().is_none_or(|it| it.iter().any(goes_there))
    }

    /// The ways that it is sure of, of those that are open on a side.
    fn ways(&self, facts: &Facts) -> Vec<Asking> {
        let all = || CLIENTS.iter().map(|it| ((*it).to_owned(), None)).collect();
        let mut ways = self.through.clone().unwrap_or_else(all);
        ways.retain(|(client, asks)| facts.is_open(client, *asks));
        ways
    }

    fn not_happened(&self, before: &Facts, after: &Facts, tally: &mut Tally) -> Vec<String> {
        let mut wrong = Vec::new();
        let open = if self.change.ends_with("lost") { before } else { after };
        let ways = self.ways(open);
        for who in &self.personas {
            let own = who.strip_prefix("service-account-");
            for (client, asks) in ways.iter().filter(|it| own.is_none_or(|own| it.0 == own)) {
                let way = Way { who: who.clone(), client: client.clone(), asks: *asks };
                // Made-up personas have no token.
                if ![before, after].iter().any(|it| it.permits.contains_key(&way)) {
                    continue;
                }
                for resource in &self.resources {
                    let thing = (resource.clone(), self.scope.clone());
                    for (side, facts) in [("before", before), ("after", after)] {
                        let is = facts.may(&way, &thing);
                        match self.is[side].as_str() {
                            Some("UNKNOWN") => tally.open += 1,
                            told if (told == Some("PERMIT")) == is => tally.sure += 1,
                            told => wrong.push(format!(
                                "told and not so: {way:?} on {thing:?}: {side} {told:?}, is {is}{}: {}",
                                if facts.failing.contains(&(way.clone(), thing.clone())) {
                                    ", an error"
                                } else {
                                    ""
                                },
                                self.is
                            )),
                        }
                    }
                }
            }
        }
        wrong
    }
}

/// A client, and what is asked for with it.
type Asking = (String, Option<&'static str>);

/// The ways that are asked for; other client scopes are not.
fn ways(through: &Value) -> Option<Vec<Asking>> {
    let asks = |it: &Value| match list(&it["scopes"]) {
        [] => Some(None),
        [one] => ASKED.iter().find(|it| *one == **it).map(|it| Some(*it)),
        _ => None,
    };
    let asked = |it: &Value| Some((word(&it["client"]), asks(it)?));
    Some(through.as_array()?.iter().filter_map(asked).collect())
}

fn untold(rows: &[Row<'_>], before: &Facts, after: &Facts, tally: &mut Tally) -> Vec<String> {
    let mut wrong = Vec::new();
    let ways: BTreeSet<&Way> = before.permits.keys().chain(after.permits.keys()).collect();
    let things: BTreeSet<&Thing> = before.permits.values().chain(after.permits.values()).flatten().collect();
    for way in ways {
        for thing in &things {
            let (was, is) = (before.may(way, thing), after.may(way, thing));
            // A way that comes takes nothing, and one that goes gives nothing.
            let side = if is { after } else { before };
            if was == is || !side.permits.contains_key(way) {
                continue;
            }
            let word = if is { "gained" } else { "lost" };
            *(if is { &mut tally.gains } else { &mut tally.losses }) += 1;
            // For a way that comes or goes, others stand, and among them ones that nobody asks on here.
            let is_there = [before, after].iter().all(|it| it.permits.contains_key(way));
            let tells = |it: &&Row<'_>| {
                it.is_about(&way.who, thing)
                    && (!is_there || it.leads_through(way))
                    && (it.change.ends_with(word) || it.change == "unknown")
            };
            if !rows.iter().any(|it| tells(&it)) {
                let near: Vec<String> = rows
                    .iter()
                    .filter(|it| it.personas.contains(&way.who) && it.resources.contains(&thing.0))
                    .map(|it| it.is.to_string())
                    .collect();
                wrong.push(format!("{word} and not told: {way:?} on {thing:?}; told: {near:?}"));
            }
        }
    }
    wrong
}

/// Roles of administration of a row: `realm-admin` brings all.
fn opens(row: &Value, role: &str) -> bool {
    let names =
        list(&row["roles"]).iter().map(|it| word(it).rsplit('/').next().unwrap_or_default().to_owned());
    names.into_iter().any(|it| it == role || it == "realm-admin")
}

fn of_administration(plan: &Value, before: &Facts, after: &Facts, tally: &mut Tally) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows = list(&plan["administration_changes"]);
    let may = |facts: &Facts, who: &str, client: &str, call: usize| {
        facts.calls.contains(&(who.to_owned(), client.to_owned(), call))
    };
    // Through which client administrators come is no matter as long as there is one.
    let any = |it: &Facts| -> BTreeSet<(String, usize)> {
        it.calls.iter().map(|(who, _, call)| (who.clone(), *call)).collect()
    };
    let (was, is) = (any(before), any(after));
    for (who, call) in was.symmetric_difference(&is) {
        tally.calls += 1;
        let moved = if is.contains(&(who.clone(), *call)) { "gained" } else { "lost" };
        let tells = |row: &&Value| {
            word(&row["change"]).ends_with(moved)
                && list(&row["personas"]).iter().any(|it| it == who)
                && CALLS[*call].0.iter().any(|it| opens(row, it))
        };
        if !rows.iter().any(|it| tells(&it)) {
            wrong.push(format!("{moved} and not told: {who}: {:?}", CALLS[*call]));
        }
    }
    for row in rows {
        let change = word(&row["change"]);
        let through = ways(&row["through"]).unwrap_or_else(|| vec![(OF_EVERY_REALM.to_owned(), None)]);
        for who in list(&row["personas"]).iter().map(word) {
            // Administrators ask for nothing here, and not through every client.
            let is_asked = |(client, asks): &&Asking| asks.is_none() && ADMINISTER.contains(&client.as_str());
            for (client, _) in through.iter().filter(is_asked) {
                let way = Way { who: who.clone(), client: client.clone(), asks: None };
                for (at, (roles, ..)) in CALLS.iter().enumerate().filter(|it| opens(row, it.1.0[0])) {
                    // Another role may open it as well, and whoever gets all of them may have had this one.
                    let alone = roles.len() == 1 && !opens(row, "realm-admin");
                    let sides = match change.as_str() {
                        "gained" => [(before, alone.then_some(false)), (after, Some(true))],
                        "lost" => [(before, Some(true)), (after, alone.then_some(false))],
                        _ => continue,
                    };
                    for (facts, wanted) in sides {
                        let Some(wanted) = wanted else { continue };
                        let is = may(facts, &who, client, at);
                        let is_asked = [before, after].iter().any(|it| it.permits.contains_key(&way));
                        if is == wanted {
                            tally.sure += 1;
                        } else if is_asked && (!wanted || facts.permits.contains_key(&way)) {
                            wrong.push(format!(
                                "told and not so: {who} through {client}: {roles:?} is {is}: {row}"
                            ));
                        }
                    }
                }
            }
        }
    }
    wrong
}
