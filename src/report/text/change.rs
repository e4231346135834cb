//! One block per change: symbol, address, place or reason, and what happens to its fields.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::{Entry, lines};
use super::columns::{padded, width};
use super::field::{LEFT, Wish, created, is_links, reason as field_reason, updated};
use super::{Page, action_symbol, counted, counts};
use crate::access;
use crate::change::{Action, Change, FieldChange, To, Why};
use crate::diff::Fate;
use crate::kind;
use crate::report::natural;
use crate::report::safe::one_line;
use crate::state::Address;

/// Up to so many changes are all shown.
const ALL: usize = 200;
/// What stands beside an address has at least so much room.
const BESIDE: usize = 24;

/// Renders the changes that are written to the realm; those of the ledger have sections of their own.
pub(super) fn changes(page: &Page<'_>) -> Vec<String> {
    let all = shown(page);
    let to = address_width(page, all.iter().map(|it| &it.object));
    let plain = if all.len() > ALL { plain_creates(page, &all) } else { BTreeSet::new() };
    let entries: Vec<Entry<'_>> = all
        .iter()
        .map(|it| Entry {
            address: &it.object,
            lines: block(page, it, to),
            alike: plain.contains(&it.object).then(|| shared(page, it)),
        })
        .collect();
    let mut out = vec![page.title("Changes", &counts(&page.plan.summary()))];
    out.extend(lines(page, &entries));
    out
}

/// In the order of kinds, and of names as people count.
fn shown<'a>(page: &Page<'a>) -> Vec<&'a Change> {
    let is_shown = |it: &&Change| matches!(it.action, Action::Create | Action::Update | Action::Delete);
    let mut all: Vec<&Change> = page.plan.changes().iter().filter(is_shown).collect();
    let kind = |it: &Change| it.object.steps().first().map(|it| it.kind);
    let mut start = 0;
    while start < all.len() {
        let same = all[start..].iter().take_while(|it| kind(it) == kind(all[start])).count();
        all[start..start + same].sort_by(|a, b| natural::compare(&a.object, &b.object));
        start += same;
    }
    all
}

/// Returns the creates that give nothing to anybody: without a link, a hazard, a secret, access or objects of
/// their own. Policies are none of them: each decides.
fn plain_creates<'a>(page: &Page<'_>, all: &[&'a Change]) -> BTreeSet<&'a Address> {
    let mut special: BTreeSet<Address> = all.iter().filter_map(|it| it.object.parent()).collect();
    if let Some(impact) = &page.plan.access {
        for change in &impact.changes {
            let via = change.via.iter().filter_map(|it| it.address.clone());
            special.extend(via.chain(change.cause.clone()));
            special.extend(change.personas.iter().flat_map(|it| access::called_after(it)));
        }
    }
    special.extend(page.plan.side_effects.iter().map(|it| it.address.clone()));
    let is_plain = |it: &&&'a Change| {
        it.action == Action::Create
            && !access::is_rule(&it.object)
            && !special.contains(&it.object)
            && it.fields.iter().all(|field| is_plain(&page.plan.realm, it, field))
    };
    all.iter().filter(is_plain).map(|it| &it.object).collect()
}

fn is_plain(realm: &str, change: &Change, field: &FieldChange) -> bool {
    // What is new replaces nothing: only the value itself counts.
    let mut hazards = kind::hazards_of(&change.object, field, realm, kind::OLDEST).into_iter();
    let has_hazard = hazards.any(|(rule, _)| !matches!(rule.when, kind::When::Changed | kind::When::Set));
    let To::Value(node) = &field.to else { return false };
    let mut links_or_secrets = 0;
    node.each_ref(&mut |_, _| links_or_secrets += 1);
    node.each_secret(&mut |_, _| links_or_secrets += 1);
    links_or_secrets == 0 && !has_hazard
}

/// All that is shown of a create beside its name and place.
fn shared(page: &Page<'_>, change: &Change) -> String {
    let fields = created(page, change);
    let fields = fields.iter().map(|it| it.trim()).collect::<Vec<_>>().join(" ");
    [reason(page, change), Some(fields)]
        .into_iter()
        .flatten()
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

/// Returns the column up to which addresses are filled.
pub(super) fn address_width<'a>(page: &Page<'_>, addresses: impl Iterator<Item = &'a Address>) -> usize {
    let most = page.style.width - BESIDE;
    let widths = addresses.map(|it| width(&one_line(&it.to_string()))).filter(|it| *it <= most);
    widths.max().unwrap_or(0)
}

pub(super) fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Delete => "-",
        Action::Adopt => "=",
        Action::Forget => ".",
    }
}

/// Renders one change with its fields.
pub(super) fn block(page: &Page<'_>, change: &Change, to: usize) -> Vec<String> {
    // `reason` says why.
    let Change { object, action, why: _, fields, adopted, at } = change;
    let mut after: Vec<String> = page.place(*at).into_iter().collect();
    after.extend(reason(page, change));
    if *adopted && *action == Action::Update {
        after.push("adopts it".to_owned());
    }
    let mut lines = vec![head(page, *action, object, to, &after.join(", "))];
    match action {
        Action::Create => lines.extend(created(page, change)),
        Action::Update => {
            lines.extend(updated(page, fields, object, said_once(change), Wish::After));
        }
        Action::Delete => lines.extend(losses(page, object).map(|it| format!("      {it}"))),
        Action::Adopt | Action::Forget => {}
    }
    lines
}

/// Returns `  ~ address   after`.
pub(super) fn head(page: &Page<'_>, action: Action, address: &Address, to: usize, after: &str) -> String {
    let symbol = action_symbol(page.style, action);
    let address = one_line(&address.to_string());
    if after.is_empty() {
        return format!("  {symbol} {address}");
    }
    format!("  {symbol} {}   {}", padded(&address, to), page.dim(after))
}

/// Why a change is there, where it is not simply that a manifest says so.
fn reason(page: &Page<'_>, change: &Change) -> Option<String> {
    if let (Action::Delete, Why::Cascade(of)) = (change.action, &change.why) {
        let name = one_line(&of.to_string());
        // A client may stay, without what one of its switches makes.
        let stays = page.plan.diff.planned.contains(of);
        return Some(if stays {
            format!("because {} of {name} is switched off", kind::part_of_client(&change.object))
        } else {
            format!("because {name} goes")
        });
    }
    if let Why::MadeBy(by) = &change.why {
        return Some(format!("made with {}", one_line(&by.to_string())));
    }
    match change.action {
        Action::Create if change.why == Why::LiveChanged => Some("removed in Keycloak".to_owned()),
        Action::Create if change.why == Why::NotKept => Some(super::field::NOT_KEPT.to_owned()),
        Action::Delete if change.why == Why::KeptClosed => Some(LEFT.to_owned()),
        Action::Delete if change.adopted => {
            Some("no longer declared; existed before the first apply".to_owned())
        }
        Action::Delete => Some("no longer declared".to_owned()),
        Action::Update => said_once(change).map(str::to_owned),
        Action::Create | Action::Adopt | Action::Forget => None,
    }
}

/// The reason that all plain fields of an update share: said once, at its head.
fn said_once(change: &Change) -> Option<&'static str> {
    let mut plain = change.fields.iter().filter(|it| !is_links(it));
    let first = field_reason(plain.next()?)?;
    plain.all(|it| field_reason(it) == Some(first)).then_some(first)
}

/// What others lose when an object goes: "1 group and 1 user lose it: group/ops, user/eric".
fn losses(page: &Page<'_>, address: &Address) -> Option<String> {
    let mut by_kind: BTreeMap<&str, BTreeSet<&Address>> = BTreeMap::new();
    let mut emptied: BTreeSet<String> = BTreeSet::new();
    for effect in page.plan.diff.effects.iter().filter(|it| it.of == *address) {
        match effect.fate {
            Fate::Loses { .. } => {
                by_kind.entry(kind::kind(effect.on.kind()).title).or_default().insert(&effect.on);
            }
            Fate::Emptied { .. } => {
                emptied.insert(one_line(&effect.on.to_string()));
            }
            Fate::Disappears => {}
        }
    }
    let counts: Vec<String> = by_kind.iter().map(|(title, them)| counted(them.len(), title)).collect();
    let total: usize = by_kind.values().map(BTreeSet::len).sum();
    let lose = match counts.split_last() {
        None => None,
        Some((only, [])) => Some(only.clone()),
        Some((last, rest)) => Some(format!("{} and {last}", rest.join(", "))),
    }
    .map(|it| {
        let them = natural::by_name(by_kind.into_values().flatten());
        let them: Vec<String> = them.into_iter().map(|it| one_line(&it.to_string())).collect();
        format!("{it} {} it: {}", if total == 1 { "loses" } else { "lose" }, them.join(", "))
    });
    let empty = (!emptied.is_empty())
        .then(|| format!("leaves {} empty", emptied.into_iter().collect::<Vec<_>>().join(", ")));
    let all: Vec<String> = [lose, empty].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}
