//! Declared objects that would go with another one: the authorization and the service account of a client with its switches, and
//! what the server has once for several objects with the first of them.

use std::collections::BTreeMap;

use crate::change::{Change, To};
use crate::diff::{Diff, Effect, Fate};
use crate::kind;
use crate::state::{Address, Node, Object};
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
    let mut notes: Vec<Note> = declared.iter().filter_map(|(of, on)| goes_with(of, on, out)).collect();
    let gone = out.effects.iter().filter(|it| it.fate == Fate::Disappears && !out.planned.contains(&it.on));
    notes.extend(gone.filter_map(|it| shared_with(&it.of, out.desired.objects.get_key_value(&it.on)?)));
    out.notes.extend(notes);
}

/// Returns that a declared object is one and the same as another one that goes.
fn shared_with(of: &Address, (on, object): (&Address, &Object)) -> Option<Note> {
    if kind::kind(on.kind()).shared_by.is_empty() || of.kind() != on.kind() {
        return None;
    }
    let other = of.parent().unwrap_or_else(|| of.clone());
    let title = format!("`{on}` would go with that of `{other}`");
    let note = Note::error(Code::GoesWithSwitch, title, object.at, "the server has one for both");
    Some(note.help("keep both, or declare a new execution with one of its own in its place first"))
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::diff::diff;
    use crate::diff::ledger::Entry;
    use crate::diff::tests::{Sides, address};
    use crate::manifest::Prune;

    #[test]
    fn what_is_one_with_something_that_goes_is_told() {
        let flow = |alias: &str| {
            let config = json!({ "alias": "c", "config": { "condUserRole": "blocked" } });
            let step = json!({ "authenticator": "conditional-user-role", "requirement": "REQUIRED", "authenticatorConfig": config });
            json!({ "alias": alias, "topLevel": true, "providerId": "basic-flow", "builtIn": false, "authenticationExecutions": [step] })
        };
        let realm = |flows: &[Value]| json!({ "realm": "r", "authenticationFlows": flows });
        let mut sides = Sides::new(&realm(&[flow("a")]), &realm(&[flow("a"), flow("b")]));
        for alias in ["a", "b"] {
            let config = address(&format!("flow/{alias}/execution/conditional-user-role/config"));
            let object = sides.live.state.objects.get_mut(&config);
            object.expect("it is there").id = Some("one".into());
            sides.applied(&format!("flow/{alias}"), Entry::default());
        }
        sides.terms.prune = Prune::AllButUsers;
        let titles: Vec<String> = diff(&sides.question()).notes.into_iter().map(|it| it.title).collect();
        let told = titles.iter().any(|it| {
            it.starts_with("`flow/a/") && it.ends_with("that of `flow/b/execution/conditional-user-role`")
        });
        assert!(told, "{titles:?}");
    }
}
