//! Nobody is let in on the way: every state that a run can leave behind, whichever call fails and in whatever order
//! calls are answered, permits only what the realm permitted before or permits afterwards.

use std::collections::BTreeSet;

use realmwright::access::{Bounds, Realm};
use realmwright::diff::Ledger;
use realmwright::kind::NEWEST;
use realmwright::plan::{self, Order};
use realmwright::state::{Live, State};
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
    let lifted = realmwright::kind::lift_realm(&realmwright::text::tree_of_json(&manifest));
    assert_eq!(lifted.notes, []);
    lifted.into_live()
}

struct Case {
    live: Live,
    asked: Asked,
    order: Order,
}

fn case(edit: &Edit) -> Case {
    let ledger = Ledger { owner: "us".to_owned(), ..Ledger::default() };
    let first = ask(&state(&edit.before), &fresh(NEWEST, "r"), NEWEST, Some(ledger), true);
    let live = live(as_read(first.diff.planned));
    let asked = ask(&state(&edit.after), &live, NEWEST, Some(first.ledger), true);
    let order =
        plan::order(&live.state, &asked.diff, NEWEST).unwrap_or_else(|it| panic!("{}: {it}", edit.name));
    Case { live, asked, order }
}

impl Case {
    /// Does the calls that `next` chooses among the ready ones; a failed one takes its followers with it.
    fn walk(
        &self,
        bounds: &Bounds,
        fails: Option<usize>,
        next: &mut dyn FnMut(usize) -> usize,
        looks: bool,
    ) -> Result<State, String> {
        let (calls, changes) = (&self.order.calls, &self.order.changes);
        let mut state = self.live.state.clone();
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
            if looks {
                self.look(bounds, &state, &done, fails)?;
            }
        }
        self.look(bounds, &state, &done, fails)?;
        Ok(state)
    }

    fn look(
        &self,
        bounds: &Bounds,
        state: &State,
        done: &BTreeSet<usize>,
        fails: Option<usize>,
    ) -> Result<(), String> {
        let opened = bounds.opened(&Realm::compile(state, NEWEST));
        if opened.is_empty() {
            return Ok(());
        }
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
        let calls: Vec<String> = self.order.calls.iter().enumerate().map(line).collect();
        Err(format!("{:?}\n{}", opened.first(), calls.join("\n")))
    }

    fn holds(&self, seed: u64) -> Result<(), String> {
        let sides = [&self.live.state, &self.asked.diff.planned].map(|it| Realm::compile(it, NEWEST));
        let bounds = Bounds::of(&sides[0], &sides[1]);
        let end = self.walk(&bounds, None, &mut |_| 0, true)?;
        if self.order.closings.iter().all(|it| it.strict.is_none()) && end != self.asked.diff.planned {
            let differs =
                end.objects.iter().find(|(it, object)| self.asked.diff.planned.get(it) != Some(*object));
            return Err(format!("ends elsewhere: {differs:?}"));
        }
        for call in 0..self.order.calls.len() {
            self.walk(&bounds, Some(call), &mut |_| 0, false)?;
        }
        let mut random = Random::new(seed);
        for way in 0..WAYS {
            let fails =
                (way % 2 == 0 && !self.order.calls.is_empty()).then(|| random.below(self.order.calls.len()));
            self.walk(&bounds, fails, &mut |it| random.below(it), true)?;
        }
        Ok(())
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
    let seeds = std::env::var("REALMWRIGHT_TEST_EDITS").ok().and_then(|it| it.parse().ok()).unwrap_or(SEEDS);
    let wrong = opened(&(0..seeds).map(random).collect::<Vec<_>>());
    assert!(
        wrong.is_empty(),
        "{} of {seeds}\n{}",
        wrong.len(),
        wrong.iter().take(3).cloned().collect::<Vec<_>>().join("\n")
    );
}
