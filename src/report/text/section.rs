//! What a reader must know beside the changes: sections that are there only when they are not empty.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::{Entry, lines};
use super::change::{address_width, block};
use super::columns::padded;
use super::{Page, painted};
use crate::change::{Action, Change, ConsentKey, Refusal};
use crate::diff::Diff;
use crate::plan::Plan;
use crate::report::natural;
use crate::report::safe::one_line;
use crate::state::{Address, Object};
use crate::text::At;

/// Renders all sections in the order in which they matter to a reader of the changes.
pub(super) fn all(page: &Page<'_>) -> Vec<Vec<String>> {
    // Nothing of a plan is left out by accident: what is new needs its section, or its reason here.
    let Plan {
        // In the heading.
        realm: _,
        server: _,
        keycloak: _,
        exists: _,
        diff,
        // Before these sections.
        access: _,
        tests: _,
        guards: _,
        side_effects: _,
        closings: _,
        consents: _,
        // A yes is not said again: what it is to stands in the consents.
        allowed: _,
        refusals: _,
    } = page.plan;
    let Diff {
        changes: _,
        held_back: _,
        // They are among the changes and consents.
        included: _,
        unwritable: _,
        // For drifts.
        memory: _,
        left_behind: _,
        // With the consents that they need.
        refusals: _,
        tolerated: _,
        cannot_tell: _,
        // With the deletes that they come from.
        effects: _,
        // In the counts.
        unchanged: _,
        unmanaged: _,
        // On stderr, before the plan.
        notes: _,
        // Whole realms.
        desired: _,
        planned: _,
    } = diff;
    vec![
        adopts(page),
        forgets(page),
        kept(page),
        held_back(page),
        unwritable(page),
        left_behind(page),
        side_effects(page),
        kept_closed(page),
        cannot_tell(page),
        consents(page),
        guards(page),
        refused(page),
    ]
}

/// Returns the entries of a list in which every object has one line.
fn entries(lines: Vec<(&Address, String, String)>) -> Vec<Entry<'_>> {
    let entry = |(address, line, alike)| Entry { address, lines: vec![line], alike: Some(alike) };
    let mut all: Vec<Entry<'_>> = lines.into_iter().map(entry).collect();
    all.sort_by(|a, b| natural::compare(a.address, b.address));
    all
}

/// A title, then a line for each object.
fn listed(page: &Page<'_>, title: &str, rest: &str, entries: &[Entry<'_>]) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    let mut out = vec![page.title(title, rest)];
    out.extend(lines(page, entries));
    out
}

fn adopts(page: &Page<'_>) -> Vec<String> {
    let changes = page.plan.changes();
    let alone = changes.iter().filter(|it| it.action == Action::Adopt);
    let updated = changes.iter().filter(|it| it.adopted && it.action == Action::Update).count();
    let symbol = painted(page.style.adopt, "=");
    let line = |it: &'_ Change| format!("  {symbol} {}", one_line(&it.object.to_string()));
    let all = entries(alone.map(|it| (&it.object, line(it), String::new())).collect());
    let also = if updated > 0 { format!("; {updated} more with the updates above") } else { String::new() };
    let rest = match all.len() {
        1 => format!("1 object that exists as declared is managed from now on{also}"),
        count => format!("{count} objects that exist as declared are managed from now on{also}"),
    };
    listed(page, "Adopts", &rest, &all)
}

fn forgets(page: &Page<'_>) -> Vec<String> {
    let gone = page.plan.changes().iter().filter(|it| it.action == Action::Forget);
    let line = |it: &Change| format!("  . {}", one_line(&it.object.to_string()));
    let all = entries(gone.map(|it| (&it.object, line(it), String::new())).collect());
    let rest = match all.len() {
        1 => "1 object that is gone or released; nothing is deleted".to_owned(),
        count => format!("{count} objects that are gone or released; nothing is deleted"),
    };
    listed(page, "Forgets", &rest, &all)
}

fn kept(page: &Page<'_>) -> Vec<String> {
    let tolerated = &page.plan.diff.tolerated;
    let line = |((address, field), links): (&'_ (Address, Box<str>), &BTreeSet<Address>)| {
        let links: Vec<String> =
            natural::by_name(links).into_iter().map(|it| one_line(&it.to_string())).collect();
        let links = format!("{}: {}", one_line(field), links.join(", "));
        (format!("  {} {links}", one_line(&address.to_string())), links)
    };
    let all = entries(
        tolerated
            .iter()
            .map(|it| {
                let (line, links) = line(it);
                (&it.0.0, line, links)
            })
            .collect(),
    );
    let total: usize = tolerated.values().map(BTreeSet::len).sum();
    let rest = match total {
        1 => "1 link that existed before the first apply and is not in the manifests".to_owned(),
        count => format!("{count} links that existed before the first apply and are not in the manifests"),
    };
    let mut out = listed(page, "Kept", &rest, &all);
    if !out.is_empty() {
        out.push("  remove them with --adopt-exact PATTERN".to_owned());
    }
    out
}

fn held_back(page: &Page<'_>) -> Vec<String> {
    let held = &page.plan.diff.held_back;
    if held.is_empty() {
        return Vec::new();
    }
    let rest = match held.len() {
        1 => "1 difference that needs your consent".to_owned(),
        count => format!("{count} differences that need your consent"),
    };
    let mut out = vec![page.title("Held back", &rest)];
    let to = address_width(page, held.iter().map(|(_, it)| &it.object));
    let mut by_key: BTreeMap<ConsentKey, Vec<&Change>> = BTreeMap::new();
    for (key, change) in held {
        by_key.entry(*key).or_default().push(change);
    }
    for (key, changes) in by_key {
        out.extend(changes.iter().flat_map(|it| block(page, it, to)));
        let them = if changes.len() == 1 { "it" } else { "them" };
        out.push(format!("  include {them} with --allow {}={}", key.name(), changes.len()));
    }
    out
}

/// What differs and no apply of these manifests writes; the refusals say why.
fn unwritable(page: &Page<'_>) -> Vec<String> {
    let changes = &page.plan.diff.unwritable;
    if changes.is_empty() {
        return Vec::new();
    }
    let rest = "from what is declared, and these manifests may not write it";
    let mut out = vec![page.title("Differs", rest)];
    let to = address_width(page, changes.iter().map(|it| &it.object));
    // Nothing is adopted that may not be written.
    out.extend(changes.iter().flat_map(|it| block(page, &Change { adopted: false, ..it.clone() }, to)));
    out
}

fn left_behind(page: &Page<'_>) -> Vec<String> {
    let left = &page.plan.diff.left_behind;
    if left.is_empty() {
        return Vec::new();
    }
    let objects: BTreeSet<&Address> =
        left.iter().filter(|it| it.path.is_none()).map(|it| &it.address).collect();
    let referrers = referrers(page, &objects);
    let mut all = Vec::new();
    for it in left {
        let address = one_line(&it.address.to_string());
        if let Some(path) = &it.path {
            let stays = if it.stays {
                page.dim("   declare the value that it shall have: Keycloak cannot unset it")
            } else {
                String::new()
            };
            let path = one_line(&path.to_string());
            let lines = vec![format!("  {address} {path}{stays}")];
            all.push(Entry { address: &it.address, lines, alike: Some(path) });
            continue;
        }
        let why = match (maker(page, &it.address), it.adopted, it.stays) {
            (Some(client), _, _) => format!("{client} has it as its service account"),
            (None, true, _) => "existed before the first apply".to_owned(),
            (None, false, true) => "this credential may not see it".to_owned(),
            (None, false, false) => String::new(),
        };
        let after = if why.is_empty() { String::new() } else { format!("   {}", page.dim(&why)) };
        let mut lines = vec![format!("  {address}{after}")];
        let by = referrers.get(&it.address);
        lines.extend(by.map(|them| format!("      {}", refer(them))));
        // One with links of its own still grants them.
        let has_links = page.plan.diff.planned.get(&it.address).is_some_and(has_links);
        let alike = (by.is_none() && !has_links).then_some(why);
        all.push(Entry { address: &it.address, lines, alike });
    }
    all.sort_by(|a, b| natural::compare(a.address, b.address));
    let rest = match left.len() {
        1 => "no longer declared, and stays as it is",
        _ => "no longer declared, and stay as they are",
    };
    let mut out = listed(page, "Left behind", rest, &all);
    let ends = |is_whole: bool, of_people: bool| {
        let left = left.iter().filter(|it| !it.stays && it.path.is_none() == is_whole);
        left.filter(|it| it.is_of_people(&page.plan.diff.desired) == of_people).count() > 0
    };
    for (is_whole, of_people, how) in [
        (true, false, "delete with --prune"),
        (false, false, "unset fields with --prune, or write `null`"),
        (true, true, "delete users with `prune: { users: true }` in the project file"),
        (
            false,
            true,
            "unset fields of users with `prune: { users: true }` in the project file, or write `null`",
        ),
    ] {
        if ends(is_whole, of_people) {
            out.push(format!("  {how}"));
        }
    }
    out
}

/// Returns the client that an object is the service account of.
fn maker(page: &Page<'_>, address: &Address) -> Option<String> {
    let client = page.plan.diff.planned.get(address)?.made_by.as_ref()?;
    Some(one_line(&client.to_string()))
}

fn has_links(object: &Object) -> bool {
    let mut links = 0;
    object.each_ref(&mut |_, _, _| links += 1);
    links > 0
}

/// Who still refers to which of these objects once the plan is done.
fn referrers<'a>(page: &Page<'a>, to: &BTreeSet<&Address>) -> BTreeMap<Address, BTreeSet<&'a Address>> {
    let mut found: BTreeMap<Address, BTreeSet<&Address>> = BTreeMap::new();
    if to.is_empty() {
        return found;
    }
    for (address, object) in &page.plan.diff.planned.objects {
        object.each_ref(&mut |_, target, _| {
            if to.contains(target) {
                found.entry(target.clone()).or_default().insert(address);
            }
        });
    }
    found
}

fn refer(them: &BTreeSet<&Address>) -> String {
    let names = natural::by_name(them.iter().copied());
    let names: Vec<String> = names.into_iter().map(|it| one_line(&it.to_string())).collect();
    format!("still referred to by {}", names.join(", "))
}

fn side_effects(page: &Page<'_>) -> Vec<String> {
    let effects = &page.plan.side_effects;
    if effects.is_empty() {
        return Vec::new();
    }
    let mut out = vec![page.title("Side effects", "beyond the objects that change")];
    out.extend(effects.iter().map(|it| {
        with_place(page, &format!("{} {}", painted(page.style.refuse, "!"), one_line(&it.message)), it.at)
    }));
    out
}

fn kept_closed(page: &Page<'_>) -> Vec<String> {
    let closings = &page.plan.closings;
    if closings.is_empty() {
        return Vec::new();
    }
    let rest = if closings.iter().all(|it| it.taken_over) {
        "denied to everybody since an interrupted run; opened once the changes are made"
    } else {
        "denied to everybody until the changes are made, because no order of them is safe"
    };
    let mut out = vec![page.title("Kept closed", rest)];
    for closing in closings {
        let names: Vec<String> = closing.resources.iter().map(|it| one_line(it.name())).collect();
        let client = one_line(closing.client.name());
        let since = if closing.taken_over { " (since an interrupted run)" } else { "" };
        if !names.is_empty() {
            out.push(format!("  client {client}: {}{since}", names.join(", ")));
        }
        if closing.strict {
            out.push(format!("  client {client} decides by ENFORCING and UNANIMOUS meanwhile{since}"));
        }
    }
    out
}

fn with_place(page: &Page<'_>, text: &str, at: At) -> String {
    match page.place(at) {
        Some(place) => format!("  {text}   {}", page.dim(&place)),
        None => format!("  {text}"),
    }
}

fn cannot_tell(page: &Page<'_>) -> Vec<String> {
    let secrets = &page.plan.diff.cannot_tell;
    let all = entries(
        secrets
            .iter()
            .map(|(address, path, at)| {
                let path = one_line(&path.to_string());
                let text = format!("? {} {path}", one_line(&address.to_string()));
                (address, with_place(page, &text, *at), path)
            })
            .collect(),
    );
    let rest = match secrets.len() {
        1 => "whether 1 secret is as declared; it is not sent".to_owned(),
        count => format!("whether {count} secrets are as declared; they are not sent"),
    };
    let mut out = listed(page, "Cannot tell", &rest, &all);
    if !out.is_empty() {
        out.push("  send with --send-secrets PATTERN".to_owned());
    }
    out
}

fn consents(page: &Page<'_>) -> Vec<String> {
    let plan = page.plan;
    if plan.consents.is_empty() {
        return Vec::new();
    }
    let missing = plan.missing_consents().count();
    let rest = if missing == 0 { "all of it given".to_owned() } else { format!("{missing} not given yet") };
    let mut out = vec![page.title("Needs your consent", &rest)];
    let flags: Vec<String> =
        plan.consents.iter().map(|it| format!("--allow {}={}", it.key.name(), it.count)).collect();
    let to = flags.iter().map(String::len).max().unwrap_or(0);
    for (consent, flag) in plan.consents.iter().zip(&flags) {
        let is_missing = plan.missing_consents().any(|it| it == consent);
        let given = if is_missing { "" } else { " (given)" };
        out.push(format!("  {}   {}{given}", padded(flag, to), one_line(&consent.what)));
        let why = in_order(plan.diff.refusals.iter().filter(|it| it.consent == Some(consent.key)));
        out.extend(why.into_iter().map(|it| format!("    {}", refusal(page, it))));
    }
    out
}

/// The rules about access, kept or not.
fn guards(page: &Page<'_>) -> Vec<String> {
    let guards = &page.plan.guards;
    if guards.is_empty() {
        return Vec::new();
    }
    let rest = if guards.iter().all(|it| it.passes) {
        "all kept".to_owned()
    } else {
        painted(page.style.refuse, NOTHING)
    };
    let mut out = vec![page.title("Guards", &rest)];
    out.extend(guards.iter().map(|it| {
        let word = if it.passes { "pass ".to_owned() } else { painted(page.style.refuse, "BLOCK") };
        format!(
            "  {word}  {}",
            with_place(page, &format!("{}: {}", it.id.name(), one_line(&it.message)), it.at).trim_start()
        )
    }));
    out
}

const NOTHING: &str = "apply would write nothing";

/// What guards refuse is said with them.
pub(super) fn refused(page: &Page<'_>) -> Vec<String> {
    let is_guard =
        |it: &&Refusal| page.plan.guards.iter().any(|guard| guard.id == it.id && guard.message == it.message);
    let refusals = in_order(page.plan.refusals.iter().filter(|it| !is_guard(it)));
    if refusals.is_empty() {
        return Vec::new();
    }
    let mut out = vec![page.title("Refused", &painted(page.style.refuse, NOTHING))];
    out.extend(refusals.into_iter().map(|it| {
        let symbol = painted(page.style.refuse, "x");
        format!("  {symbol} {}", refusal(page, it).trim_start())
    }));
    out
}

fn in_order<'a>(refusals: impl Iterator<Item = &'a Refusal>) -> Vec<&'a Refusal> {
    let mut all: Vec<&Refusal> = refusals.collect();
    all.sort_by(|a, b| natural::compare(&a.address, &b.address));
    all
}

fn refusal(page: &Page<'_>, refusal: &Refusal) -> String {
    let text = format!("{} [{}]", one_line(&refusal.message), refusal.id.name());
    with_place(page, &painted(page.style.delete, &text), refusal.at)
}
