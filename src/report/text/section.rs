//! What a reader must know beside the changes: sections that are there only when they are not empty.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{address_width, block};
use super::columns::padded;
use super::{Page, counted, painted};
use crate::change::{Action, Change, ConsentKey, Refusal};
use crate::kind::USER;
use crate::report::safe::one_line;
use crate::state::Address;
use crate::text::At;

/// How many names a section lists before it only counts.
const NAMES: usize = 5;

/// Renders all sections in the order in which they matter to a reader of the changes.
pub(super) fn all(page: &Page<'_>) -> Vec<Vec<String>> {
    vec![
        adopts(page),
        forgets(page),
        tolerated(page),
        held_back(page),
        left_behind(page),
        side_effects(page),
        cannot_tell(page),
        consents(page),
        guards(page),
        refused(page),
    ]
}

/// A title with a count, then the first lines, then how many more.
fn listed(page: &Page<'_>, title: &str, rest: &str, lines: &[String]) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let more = lines.len().saturating_sub(NAMES);
    let mut out = vec![page.title(title, rest)];
    out.extend(lines.iter().take(NAMES).cloned());
    out.extend((more > 0).then(|| format!("  {}", page.dim(&format!("… and {more} more")))));
    out
}

fn adopts(page: &Page<'_>) -> Vec<String> {
    let changes = page.plan.changes();
    let alone: Vec<&Change> = changes.iter().filter(|it| it.action == Action::Adopt).collect();
    let updated = changes.iter().filter(|it| it.adopted && it.action == Action::Update).count();
    let symbol = painted(page.style.adopt, "=");
    let lines: Vec<String> =
        alone.iter().map(|it| format!("  {symbol} {}", one_line(&it.object.to_string()))).collect();
    let also = if updated > 0 { format!("; {updated} more with the updates above") } else { String::new() };
    let rest =
        format!("{} already there as declared, from now on managed{also}", counted(alone.len(), "object"));
    listed(page, "Adopts", &rest, &lines)
}

fn forgets(page: &Page<'_>) -> Vec<String> {
    let gone = page.plan.changes().iter().filter(|it| it.action == Action::Forget);
    let lines: Vec<String> = gone.map(|it| format!("  . {}", one_line(&it.object.to_string()))).collect();
    let rest = format!(
        "{} no longer managed: gone, or released; nothing is deleted",
        counted(lines.len(), "object")
    );
    listed(page, "Forgets", &rest, &lines)
}

fn tolerated(page: &Page<'_>) -> Vec<String> {
    let tolerated = &page.plan.diff.tolerated;
    let lines: Vec<String> = tolerated
        .iter()
        .map(|((address, field), links)| {
            format!("  {} {}: {}", one_line(&address.to_string()), one_line(field), links.len())
        })
        .collect();
    let total = tolerated.values().map(BTreeSet::len).sum();
    let rest = format!("{} from before, which the manifests lack and which stay", counted(total, "link"));
    let mut out = listed(page, "Tolerated", &rest, &lines);
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
    let rest = format!("{} left alone without your consent", counted(held.len(), "difference"));
    let mut out = vec![page.title("Held back", &rest)];
    let to = address_width(held.iter().map(|(_, it)| &it.object));
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

fn left_behind(page: &Page<'_>) -> Vec<String> {
    let left = &page.plan.diff.left_behind;
    if left.is_empty() {
        return Vec::new();
    }
    let objects: BTreeSet<&Address> =
        left.iter().filter(|it| it.path.is_none()).map(|it| &it.address).collect();
    let referrers = referrers(page, &objects);
    let mut out = vec![page.title("Left behind", "no longer declared, and stays as it is")];
    for it in left {
        let address = one_line(&it.address.to_string());
        if let Some(path) = &it.path {
            out.push(format!("  {address} {}", one_line(&path.to_string())));
            continue;
        }
        let adopted = if it.adopted { page.dim("   was there before") } else { String::new() };
        out.push(format!("  {address}{adopted}"));
        out.extend(referrers.get(&it.address).map(|them| format!("      {}", refer(them))));
    }
    if objects.iter().any(|it| it.kind() != USER) {
        out.push("  delete with --prune".to_owned());
    }
    if objects.iter().any(|it| it.kind() == USER) {
        out.push("  delete users with `prune: { users: true }` in the project file".to_owned());
    }
    out
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
    const SHOWN: usize = 3;
    let mut names: Vec<String> = them.iter().take(SHOWN).map(|it| one_line(&it.to_string())).collect();
    names.extend((them.len() > SHOWN).then(|| format!("{} more", them.len() - SHOWN)));
    format!("still referred to by {}", names.join(", "))
}

fn side_effects(page: &Page<'_>) -> Vec<String> {
    let effects = &page.plan.side_effects;
    if effects.is_empty() {
        return Vec::new();
    }
    let mut out = vec![page.title("Side effects", "what these changes do beyond their objects")];
    out.extend(effects.iter().map(|it| with_place(page, &format!("! {}", one_line(&it.message)), it.at)));
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
    let lines: Vec<String> = secrets
        .iter()
        .map(|(address, path, at)| {
            let text = format!("? {} {}", one_line(&address.to_string()), one_line(&path.to_string()));
            with_place(page, &text, *at)
        })
        .collect();
    let rest = format!(
        "whether {} as declared; not sent",
        match secrets.len() {
            1 => "1 secret is".to_owned(),
            count => format!("{count} secrets are"),
        }
    );
    let mut out = listed(page, "Cannot tell", &rest, &lines);
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
        let why = plan.diff.refusals.iter().filter(|it| it.consent == Some(consent.key));
        out.extend(why.map(|it| format!("    {}", refusal(page, it))));
    }
    out
}

/// The rules about access, kept or not.
fn guards(page: &Page<'_>) -> Vec<String> {
    let guards = &page.plan.guards;
    if guards.is_empty() {
        return Vec::new();
    }
    let rest = if guards.iter().all(|it| it.passes) { "all kept" } else { NOTHING };
    let mut out = vec![page.title("Guards", rest)];
    out.extend(guards.iter().map(|it| {
        let word = if it.passes { "pass ".to_owned() } else { painted(page.style.refuse, "BLOCK") };
        format!(
            "  {word}  {}",
            with_place(page, &format!("{}: {}", it.id.name(), one_line(&it.message)), it.at).trim_start()
        )
    }));
    out
}

const NOTHING: &str = "apply will do nothing of this plan";

/// What guards refuse is said with them.
pub(super) fn refused(page: &Page<'_>) -> Vec<String> {
    let is_guard =
        |it: &&Refusal| page.plan.guards.iter().any(|guard| guard.id == it.id && guard.message == it.message);
    let mut refusals = page.plan.refusals.iter().filter(|it| !is_guard(it)).peekable();
    if refusals.peek().is_none() {
        return Vec::new();
    }
    let mut out = vec![page.title("Refused", NOTHING)];
    out.extend(refusals.map(|it| {
        let symbol = painted(page.style.refuse, "x");
        format!("  {symbol} {}", refusal(page, it).trim_start())
    }));
    out
}

fn refusal(page: &Page<'_>, refusal: &Refusal) -> String {
    let text = format!("{} [{}]", one_line(&refusal.message), refusal.id.name());
    with_place(page, &text, refusal.at)
}
