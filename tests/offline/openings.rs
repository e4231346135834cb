//! Nobody is let in on the way: every state that a run can leave behind, whichever call fails and in whatever order
//! calls are answered, permits only what the realm permitted before or permits afterwards.

use std::collections::BTreeSet;

use realmwright::access::{Bounds, Realm};
use realmwright::call::Body;
use realmwright::change::Action;
use realmwright::diff::Ledger;
use realmwright::kind::{self, NEWEST};
use realmwright::plan::{self, Order};
use realmwright::state::{Address, Live, State};
use serde_json::{Value, json};

use crate::as_read::as_read;
use crate::properties::{Asked, ask, fresh, live};
use crate::realms::openings::{Edit, random, told};
use crate::realms::random::Random;

const SEEDS: u64 = 60;
/// Ways through the calls of one edit, some of them with a call that fails.
const WAYS: u64 = 8;

fn state(manifest: &Value) -> State {
    let mut manifest = manifest.clone();
    manifest["realm"] = json!("r");
    let lifted = kind::lift_realm(&realmwright::text::tree_of_json(&manifest));
    assert_eq!(lifted.notes, []);
    lifted.into_live()
}

struct Case {
    live: Live,
    desired: State,
    ledger: Ledger,
    asked: Asked,
    order: Order,
}

fn case(edit: &Edit) -> Case {
    let ledger = Ledger { owner: "us".to_owned(), ..Ledger::default() };
    let first = ask(&state(&edit.before), &fresh(NEWEST, "r"), NEWEST, Some(ledger), true);
    let live = live(as_read(first.diff.planned));
    planned(live, state(&edit.after), first.ledger, &edit.name)
}

fn planned(live: Live, desired: State, ledger: Ledger, name: &str) -> Case {
    let asked = ask(&desired, &live, NEWEST, Some(ledger.clone()), true);
    let sides = plan::sides(&live.state, &asked.diff.planned, NEWEST);
    let order = plan::order(&live, &asked.diff, &sides, NEWEST).unwrap_or_else(|it| panic!("{name}: {it}"));
    Case { live, desired, ledger, asked, order }
}

impl Case {
    /// Does the calls that `next` chooses among the ready ones; a failed one takes its followers with it.
    fn walk(
        &self,
        bounds: &Bounds<'_>,
        fails: Option<usize>,
        next: &mut dyn FnMut(usize) -> usize,
        after_each: &mut dyn FnMut(&State),
    ) -> Result<State, String> {
        let (calls, changes) = (&self.order.calls, &self.order.changes);
        let mut state = self.live.as_it_is().into_owned();
        let (mut done, mut given_up) = (BTreeSet::new(), BTreeSet::new());
        loop {
            let is_over = |it: &usize| done.contains(it) || given_up.contains(it);
            let ready: Vec<usize> = (0..calls.len())
                .filter(|it| !is_over(it) && calls[*it].after.iter().all(|it| done.contains(it)))
                .collect();
            if ready.is_empty() {
                break;
            }
            let call = ready[next(ready.len())];
            if Some(call) == fails {
                given_up.insert(call);
                loop {
                    let before = given_up.len();
                    for index in 0..calls.len() {
                        let follows = calls[index].after.iter().any(|it| given_up.contains(it))
                            || calls[index].change == calls[call].change;
                        if follows && !done.contains(&index) {
                            given_up.insert(index);
                        }
                    }
                    if given_up.len() == before {
                        break;
                    }
                }
                continue;
            }
            plan::simulate(&mut state, &self.asked.diff.desired, changes, &calls[call], NEWEST);
            done.insert(call);
            self.look(bounds, &state, &done, fails)?;
            after_each(&state);
        }
        self.look(bounds, &state, &done, fails)?;
        Ok(state)
    }

    fn look(
        &self,
        bounds: &Bounds<'_>,
        state: &State,
        done: &BTreeSet<usize>,
        fails: Option<usize>,
    ) -> Result<(), String> {
        let opened = bounds.opened(&Realm::compile(state, NEWEST));
        if opened.is_empty() {
            return Ok(());
        }
        Err(format!("{:?}\n{}", opened.first(), self.lines(done, fails)))
    }

    fn lines(&self, done: &BTreeSet<usize>, fails: Option<usize>) -> String {
        let line = |(index, call): (usize, &realmwright::call::Call)| {
            let change = &self.order.changes[call.change];
            let mark = if done.contains(&index) {
                "done"
            } else if Some(index) == fails {
                "fails"
            } else {
                "-"
            };
            let fields: Vec<String> =
                call.fields.iter().map(|it| format!("{} {:?} -> {:?}", it.path, it.from, it.to)).collect();
            format!(
                "  {index} {mark} {} {} after {:?} {}",
                call.method.name(),
                change.object,
                call.after,
                fields.join(", ")
            )
        };
        self.order.calls.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }

    /// No two calls read an object and write it back side by side: one of them would be lost.
    fn takes_turns(&self) -> Result<(), String> {
        let calls = &self.order.calls;
        let mut waits_for: Vec<BTreeSet<usize>> = Vec::new();
        for call in calls {
            let all = call.after.iter().flat_map(|it| waits_for[*it].iter().chain([it])).copied().collect();
            waits_for.push(all);
        }
        let written = |it: usize| match &calls[it].body {
            Body::Overlay { address, .. } => Some(address),
            _ => None,
        };
        for (at, waits_for) in waits_for.iter().enumerate() {
            let other = (0..at).find(|it| written(*it).is_some() && written(*it) == written(at));
            if let Some(other) = other.filter(|it| !waits_for.contains(it)) {
                let lines = self.lines(&BTreeSet::new(), None);
                return Err(format!("{other} and {at} write one object side by side\n{lines}"));
            }
        }
        Ok(())
    }

    fn holds(&self, seed: u64) -> Result<(), String> {
        self.takes_turns()?;
        if !self.order.open.is_empty() {
            return Err(format!("cannot keep closed {:?}", self.order.open));
        }
        let sides = [&self.live.state, &self.asked.diff.planned].map(|it| Realm::compile(it, NEWEST));
        let resources: BTreeSet<Address> = [&self.live.state, &self.asked.diff.planned]
            .iter()
            .flat_map(|it| it.objects.keys().filter(|it| it.kind() == kind::RESOURCE).cloned())
            .collect();
        let bounds = Bounds::of(&sides[0], &sides[1], &resources);
        let mut halves = Vec::new();
        let end = self.walk(&bounds, None, &mut |_| 0, &mut |it| halves.push(it.clone()))?;
        self.ends_as_planned(&end)?;
        for call in 0..self.order.calls.len() {
            halves.push(self.walk(&bounds, Some(call), &mut |_| 0, &mut |_| {})?);
        }
        let mut random = Random::new(seed);
        for way in 0..WAYS {
            let fails =
                (way % 2 == 0 && !self.order.calls.is_empty()).then(|| random.below(self.order.calls.len()));
            halves.push(self.walk(&bounds, fails, &mut |it| random.below(it), &mut |_| {})?);
        }
        let mut seen: Vec<State> = Vec::new();
        for half in halves {
            if !seen.contains(&half) {
                self.goes_on(&bounds, &half)?;
                seen.push(half);
            }
        }
        Ok(())
    }

    fn ends_as_planned(&self, end: &State) -> Result<(), String> {
        let planned = &self.asked.diff.planned;
        if end == planned {
            return Ok(());
        }
        let all = end.objects.keys().chain(planned.objects.keys());
        let differs: Vec<_> = all
            .filter(|it| end.get(it) != planned.get(it))
            .map(|it| (it, end.get(it), planned.get(it)))
            .collect();
        Err(format!("ends elsewhere: {differs:?}"))
    }

    /// A run that was killed is taken up: nobody is let in then either, and nothing is left to do.
    fn goes_on(&self, bounds: &Bounds<'_>, half: &State) -> Result<(), String> {
        let read = |state: &State| {
            let mut live = live(as_read(state.clone()));
            live.closed = kind::set_apart(&mut live.state);
            live
        };
        let mut ledger = self.ledger.clone();
        let creates = self.asked.diff.changes.iter().filter(|it| it.action == Action::Create);
        ledger.pending = creates.map(|it| it.object.clone()).collect();
        let half = read(half);
        ledger.settle(&half.state);
        let then = planned(half, self.desired.clone(), ledger, "taken up");
        let told = |it: String| format!("{it}\ntaken up after\n{}", self.lines(&BTreeSet::new(), None));
        let end = then.walk(bounds, None, &mut |_| 0, &mut |_| {}).map_err(told)?;
        then.ends_as_planned(&end).map_err(told)?;
        let again = ask(&self.desired, &read(&end), NEWEST, Some(then.asked.ledger), true);
        if again.diff.changes.is_empty() {
            return Ok(());
        }
        Err(told(format!("still to do: {:?}", again.diff.changes)))
    }
}

fn opened(edits: &[Edit]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (seed, edit) in edits.iter().enumerate() {
        if let Err(why) = case(edit).holds(seed as u64) {
            wrong.push(format!("{}: {why}", edit.name));
        }
    }
    wrong
}

#[test]
fn told_edits_let_nobody_in_on_the_way() {
    let wrong = opened(&told());
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), told().len(), wrong.join("\n"));
}

#[test]
fn random_edits_let_nobody_in_on_the_way() {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let first = number("REALMWRIGHT_TEST_SEED").unwrap_or(0);
    let seeds = number("REALMWRIGHT_TEST_EDITS").unwrap_or(SEEDS);
    let wrong = opened(&(first..first + seeds).map(random).collect::<Vec<_>>());
    assert!(
        wrong.is_empty(),
        "{} of {seeds}\n{}",
        wrong.len(),
        wrong.iter().take(30).cloned().collect::<Vec<_>>().join("\n")
    );
}

/// Six hundred policies change at once: too much to decide after each. All that they touch is kept closed then, and
/// nobody says that it is open.
#[test]
fn what_is_too_much_to_look_at_is_kept_closed() {
    let manifest = |from: usize| {
        let name = |it: usize| format!("r{it}");
        let policies = (0..600).map(|it| {
            json!({ "name": format!("p{it}"), "type": "role", "roles": [{ "id": name(it + from), "required": true }] })
        });
        let names: Vec<String> = (0..600).map(|it| format!("p{it}")).collect();
        json!({
            "roles": { "realm": (0..1200).map(|it| json!({ "name": name(it) })).collect::<Vec<_>>() },
            "clients": [{
                "clientId": "shop", "serviceAccountsEnabled": true, "authorizationServicesEnabled": true,
                "authorizationSettings": {
                    "resources": [{ "name": "R" }],
                    "policies": policies.collect::<Vec<_>>(),
                    "permissions": [{ "name": "P", "type": "resource", "resources": ["R"], "policies": names }],
                },
            }],
        })
    };
    let edit = Edit { name: "many".to_owned(), before: manifest(0), after: manifest(600) };
    let order = case(&edit).order;
    assert!(order.open.is_empty(), "{:?}", order.open);
    let closed: Vec<String> =
        order.closings.iter().flat_map(|it| &it.resources).map(ToString::to_string).collect();
    assert_eq!(closed, ["client/shop/authz/resource/R"]);
}
