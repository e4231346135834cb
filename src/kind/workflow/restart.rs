//! Where a workflow may begin anew: `restart` is its last step, and leads back to one that has to be waited for.
//!
//! It goes back to the step of its `position`, counted from 0 and 0 where none is said. From there to its end one step needs a time,
//! which may be `restart` itself. Measured on 26.7.5.

use super::{STEPS, USES, WITH, uses};
use crate::kind::refused::{Judge, Severe};
use crate::kind::takes::is_span;
use crate::kind::title;
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

pub(super) const RESTART: &str = "restart";

const AFTER: &str = "after";
const POSITION: &str = "position";

/// Returns what the server refuses of the steps of a workflow that begins anew: of several things the first.
pub(super) fn wrong(judge: &Judge<'_>, address: &Address, workflow: &Object) -> Option<Note> {
    let steps = workflow.get(STEPS).map(Node::items).unwrap_or_default();
    let nth = steps.iter().position(|it| uses(it) == RESTART)?;
    let (restart, of) = (&steps[nth], title(address));
    let wrong = |code, words: String, help: String| {
        Some(judge.note(Severe::Error, code, words, restart.at, "Keycloak would refuse it").help(help))
    };
    if steps.len() == 1 {
        let words = format!("{of} has no step but `{RESTART}`");
        return wrong(Code::Missing, words, format!("say before it what to do: `{USES}: notify-user`"));
    }
    if nth + 1 < steps.len() {
        let words = format!("`{RESTART}` is not the last step of {of}");
        return wrong(Code::NotTogether, words, "let it be the only one, at the end".to_owned());
    }
    let said = restart.get(WITH).and_then(|it| it.get(POSITION));
    let text = said.and_then(|it| it.items().first().unwrap_or(it).scalar());
    let Some(position) = text.map_or(Some(0), |it| it.parse::<usize>().ok()).filter(|it| *it <= nth) else {
        let words = format!("`{POSITION}` of `{RESTART}` of {of} is no step");
        let help = format!("count steps from 0, and write the number of one before it: at most {}", nth - 1);
        return wrong(Code::WrongNumber, words, help);
    };
    let waits = |it: &Node| it.get(AFTER).and_then(Node::scalar).is_some_and(|it| is_span(&it, 1));
    if steps[position..].iter().any(waits) {
        return None;
    }
    let words = format!("{of} would begin anew without end: no step from number {position} on has a time");
    wrong(
        Code::NotTogether,
        words,
        format!("say `{AFTER}` in one of them, or in `{RESTART}`: `{AFTER}: 30d`"),
    )
}
