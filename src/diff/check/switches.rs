//! Declared objects that would go with what their client turns off: its authorization, its service account.

use std::collections::BTreeMap;

use crate::change::{Change, To};
use crate::diff::{Diff, Effect, Fate};
use crate::kind;
use crate::state::{Address, Node};
use crate::text::{Code, Note};

/// Adds notes on what is declared and goes all the same, as the effects of the plan say.
pub(in crate::diff) fn still_declared(out: &mut Diff) {
    let mut declared: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for Effect { of, on, fate } in &out.effects {
        // What makes it go stays itself.
        if *fate == Fate::Disappears && out.desired.contains(on) && out.planned.contains(of) {
            declared.entry(of).or_default().push(on);
        }
    }
    let notes: Vec<Note> = declared.iter().filter_map(|(of, on)| goes_with(of, on, out)).collect();
    out.notes.extend(notes);
}

fn goes_with(of: &Address, on: &[&Address], out: &Diff) -> Option<Note> {
    let first = on.first()?;
    let object = out.desired.get(first)?;
    let more = if on.len() > 1 { format!(" and {} more", on.len() - 1) } else { String::new() };
    let title = format!("{}{more} would go with what {} turns off", kind::title(first), kind::title(of));
    let change: &Change = out.changes.iter().find(|it| it.object == *of)?;
    let is = |node: Option<&Node>| node.and_then(Node::as_bool) == Some(true);
    let goes_off = change
        .fields
        .iter()
        .filter(|it| is(it.from.as_ref()) && !matches!(&it.to, To::Value(node) if is(Some(node))));
    let names: Vec<String> = goes_off.map(|it| format!("`{}: true`", it.path.field)).collect();
    let help = match names.as_slice() {
        [] => "take it out of the manifests as well".to_owned(),
        names => format!("say {}, or take it out of the manifests as well", names.join(" and ")),
    };
    Some(Note::error(Code::GoesWithSwitch, title, object.at, "declared here").help(help))
}
