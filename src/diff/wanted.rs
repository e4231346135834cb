//! What is wanted of a declared object beyond what its manifest says, decided before it is compared.
//!
//! Links that nobody mentions and that stay are added to the wanted ones: what is not to be removed is wanted. Fields, keys
//! and links that were applied and that nobody mentions any more end by a change of their own, or are left behind.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::hands_off::is_built_in;
use super::kept_with::refuse_along;
use super::{Entry, How, Question, same};
use crate::change::{FieldChange, Path, Reason, Refusal, To, Why};
use crate::kind::{self, Field, Kind, Stays};
use crate::manifest::Prune;
use crate::state::{Address, Is, Node, Object};
use crate::text::At;

/// What is wanted of one object.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub(super) links: Vec<WantedLinks<'a>>,
    /// What ends because nobody mentions it any more.
    pub(super) ends: Vec<FieldChange>,
    /// What would end and stays, and whether even `--prune` leaves it.
    pub(super) left_behind: Vec<(Path, bool)>,
    pub(super) refusals: Vec<Refusal>,
}

/// What is wanted of one field of links.
pub(super) struct WantedLinks<'a> {
    pub(super) rule: &'static Field,
    /// What says so.
    pub(super) node: &'a Node,
    pub(super) there: BTreeSet<Address>,
    /// What is declared, and what is there and stays.
    pub(super) wanted: BTreeSet<Address>,
    /// What is there and declared in the field that excludes this one.
    pub(super) leaves: BTreeSet<Address>,
    /// What only stays because it was there before us.
    pub(super) tolerated: BTreeSet<Address>,
}

/// Returns what is wanted of an object of which `applied` was applied before.
pub(super) fn wanted<'a>(
    question: &Question<'_>,
    address: &Address,
    desired: &'a Object,
    live: &Object,
    applied: Option<&Entry>,
) -> Wanted<'a> {
    let kind = kind::kind(address.kind());
    let mut out = Wanted::default();
    let object = BothSides { question, address, kind, desired, live, applied, untouched: OnceCell::new() };
    for rule in kind.fields.iter().filter(|it| kind.link(it.name).is_some()) {
        object.wanted_links(rule, &mut out);
    }
    if let Some(applied) = applied {
        object.end_fields(applied, &mut out);
        object.end_links(applied, &mut out);
    }
    out
}

/// Both sides of an object, and what decides about it.
struct BothSides<'a, 'd> {
    question: &'a Question<'a>,
    address: &'a Address,
    kind: &'static Kind,
    desired: &'d Object,
    live: &'a Object,
    applied: Option<&'a Entry>,
    /// Made when somebody asks.
    untouched: OnceCell<Object>,
}

impl<'d> BothSides<'_, 'd> {
    /// Adds a field of links that the object mentions: exact from the second apply on and on objects that this owner creates,
    /// additive before and without an owner.
    fn wanted_links(&self, rule: &'static Field, out: &mut Wanted<'d>) {
        let field = rule.name;
        let there = targets(self.live.get(field));
        // What is named in the field that excludes this one leaves it, whether this one is mentioned or not.
        let rival = self.desired.get(rule.excludes);
        let leaves: BTreeSet<Address> = targets(rival).intersection(&there).cloned().collect();
        let mentioned = self.desired.get(field);
        let Some(node) = mentioned.or(rival.filter(|_| !leaves.is_empty())) else { return };
        if self.question.live.unread.iter().any(|(object, name)| object == self.address && **name == *field) {
            out.refusals.push(Refusal {
                id: Reason::Unknown,
                address: self.address.clone(),
                message: format!(
                    "`{field}` of {} cannot be seen with this credential",
                    kind::title(self.address)
                ),
                at: node.at,
                consent: None,
            });
            return;
        }
        let declared = if mentioned.is_some() { self.linked(rule) } else { there.clone() };
        let (stays, mut tolerated) = self.unmentioned_links(rule, &declared, &there);
        let mut wanted: BTreeSet<Address> = declared.into_iter().chain(stays.iter().cloned()).collect();
        wanted.retain(|it| !leaves.contains(it));
        tolerated.retain(|it| stays.contains(it) && !leaves.contains(it));
        out.links.push(WantedLinks { rule, node, there, wanted, leaves, tolerated });
    }

    /// Returns the declared targets that the server links: those of another protocol it leaves out without a word.
    fn linked(&self, rule: &Field) -> BTreeSet<Address> {
        let mut linked = targets(self.desired.get(rule.name));
        if rule.same_protocol {
            let own = kind::protocol([Some(self.desired), Some(self.live)]);
            linked.retain(|it| own == protocol_of(self.question, it));
        }
        linked
    }

    /// Returns the links that are there, not declared, and stay; and what was there before us, as far as that is known.
    fn unmentioned_links(
        &self,
        rule: &Field,
        declared: &BTreeSet<Address>,
        there: &BTreeSet<Address>,
    ) -> (BTreeSet<Address>, BTreeSet<Address>) {
        let ours = self.applied.and_then(|it| it.links.get(rule.name));
        let is_created = self.is_created();
        let is_ours = |it: &Address| ours.is_some_and(|ours| ours.contains(it));
        let (extra, mut stays): (BTreeSet<Address>, BTreeSet<Address>) = there
            .difference(declared)
            .cloned()
            .partition(|it| is_ours(it) || !stays_by_rule(self.question, self.address, rule, it, is_created));
        let mut tolerated =
            self.applied.and_then(|it| it.tolerated.get(rule.name)).cloned().unwrap_or_default();
        let is_first_contact = !is_created && ours.is_none();
        if is_first_contact {
            tolerated.extend(extra.iter().cloned());
        }
        let is_additive = self.question.ownership.owner.is_none() && !is_created;
        let is_exact = self.question.terms.adopt_exact.iter().any(|it| it.covers(self.address));
        let is_kept = |it: &Address| is_additive || (!is_exact && tolerated.contains(it));
        stays.extend(extra.into_iter().filter(is_kept));
        (stays, tolerated)
    }

    /// Ends fields and map keys that we applied and nobody mentions any more: they become what they are in an object that
    /// never had them.
    fn end_fields(&self, applied: &Entry, out: &mut Wanted<'_>) {
        let (kind, desired, live) = (self.kind, self.desired, self.live);
        let version = self.question.version;
        let is_mentioned = |path: &Path| match (desired.get(&path.field), &path.key) {
            (None, _) => false,
            // A map that is declared to be nothing says something of each of its keys.
            (Some(Node { is: Is::Map(keys), .. }), Some(key)) => keys.contains_key(key),
            (Some(_), _) => true,
        };
        // What an object is from its making on is not taken back, nor the order of what stands in it.
        let is_fixed = |it: &Path| {
            kind.field(&it.field).is_some_and(|it| it.ordered || it.sent.is_fixed(self.address, version))
        };
        // A map that only holds together goes as one, however many of its keys were applied.
        let is_unsaid = |it: &Path| desired.get(&it.field).is_none();
        let is_whole = |it: &Path| is_unsaid(it) && kind.field(&it.field).is_some_and(|it| it.whole);
        // So does one of which it counts that it is there, unless somebody else said something in it.
        let is_applied =
            |field: &str, key: &str| applied.fields.contains_key(&Path::key(field, key).pointer());
        let is_ours = |field: &str| {
            let keys = live.get(field).and_then(Node::as_map).into_iter().flatten();
            keys.into_iter().all(|(key, _)| is_applied(field, key))
        };
        let goes_as_one = |it: &Path| {
            let counts = kind.field(&it.field).is_some_and(|it| it.counts_when_empty);
            is_whole(it) || (counts && is_unsaid(it) && is_ours(&it.field))
        };
        let gone: BTreeSet<Path> = applied
            .fields
            .keys()
            .filter_map(|it| Path::of_pointer(it))
            .filter(|it| !is_mentioned(it) && !is_fixed(it))
            .map(|it| if goes_as_one(&it) { Path::field(&it.field) } else { it })
            .collect();
        for path in gone {
            let Some(now) = path.of(live).filter(|it| !it.is_null()) else { continue };
            let keys = now.as_map().filter(|_| path.key.is_none()).into_iter().flatten();
            let mut keys = keys.map(|it| Path::key(&path.field, it.0));
            if self.is_anothers(&path) {
                continue;
            }
            if keys.any(|it| self.is_anothers(&it)) {
                out.left_behind.push((path, true));
                continue;
            }
            let default = path.of(self.untouched()).cloned();
            if same(default.as_ref().unwrap_or(&Node::new(At::SERVER, Is::Null)), Some(now)) {
                continue;
            }
            let from = Some(now.clone());
            let nothing = || match path.key {
                Some(_) => Some(Is::Null),
                None if goes_as_one(&path) => Some(Is::Null),
                None => kind.unset_value(&path.field, live.text("type")),
            };
            let to = match default.map(|it| it.is).filter(|_| !is_whole(&path)).or_else(nothing) {
                Some(Is::Null) => To::Unset,
                Some(is) => To::Value(Node::new(At::SERVER, is)),
                None => {
                    out.left_behind.push((path, true));
                    continue;
                }
            };
            let ending = format!("the end of `{path}` of {}", kind::title(self.address));
            let rule = kind.field(&path.field).filter(|_| path.key.is_none() && self.ends(&to));
            let refused = rule.and_then(|it| refuse_along(self.address, it, live, applied, &ending));
            out.refusals.extend(refused);
            self.end(FieldChange { path, from, to, why: Why::NotInManifests, at: desired.at }, out);
        }
    }

    /// Ends links that we applied, in fields that nobody mentions any more. Those that it would have without us stay.
    fn end_links(&self, applied: &Entry, out: &mut Wanted<'_>) {
        let (desired, live) = (self.desired, self.live);
        for (field, ours) in applied.links.iter().filter(|(field, _)| desired.get(field).is_none()) {
            let Some(rule) = self.kind.field(field) else { continue };
            let there = targets(live.get(field));
            let moved = targets(desired.get(rule.excludes));
            // Of what a built-in role has, what we gave it goes.
            let is_ended_by_itself = matches!(rule.stays, Stays::OfBuiltIn);
            let given = targets(self.untouched().get(field));
            let stays = |it: &Address| {
                moved.contains(it)
                    || given.contains(it)
                    || self
                        .others()
                        .any(|others| others.links.get(field).is_some_and(|them| them.contains(it)))
                    || (!is_ended_by_itself
                        && stays_by_rule(self.question, self.address, rule, it, self.is_created()))
            };
            let remove: BTreeSet<Address> =
                ours.intersection(&there).filter(|it| !stays(it)).cloned().collect();
            if !remove.is_empty() {
                let (path, to) = (Path::field(field), To::Links { add: BTreeSet::new(), remove });
                let from = live.get(field).cloned();
                self.end(FieldChange { path, from, to, why: Why::NotInManifests, at: desired.at }, out);
            }
        }
    }

    /// Ends something where this run prunes it.
    fn end(&self, change: FieldChange, out: &mut Wanted<'_>) {
        if self.ends(&change.to) {
            out.ends.push(change);
        } else {
            out.left_behind.push((change.path, false));
        }
    }

    /// Returns whether this run prunes: what is known of people ends as they do.
    fn ends(&self, to: &To) -> bool {
        let prune = self.question.terms.prune;
        let is_of_people = self.kind.are_people && !matches!(to, To::Links { .. });
        prune != Prune::Nothing && (!is_of_people || prune == Prune::UsersToo)
    }

    /// Returns what other owners applied of this object.
    fn others(&self) -> impl Iterator<Item = &Entry> {
        self.question.ownership.others.values().filter_map(|it| it.entries.get(self.address))
    }

    /// Returns whether another owner says a field or key, too: it is released.
    fn is_anothers(&self, path: &Path) -> bool {
        self.others().any(|it| it.manages(path))
    }

    /// Returns the object as it would be if nobody had ever set a field of it.
    fn untouched(&self) -> &Object {
        self.untouched.get_or_init(|| self.question.untouched(self.address, self.live))
    }

    /// Returns whether this owner made the object.
    fn is_created(&self) -> bool {
        self.applied.is_some_and(|it| it.how == How::Created)
    }
}

/// Returns whether a link stays although nobody mentions it; what was there before counts only on objects that this
/// owner did not make.
fn stays_by_rule(
    question: &Question<'_>,
    address: &Address,
    rule: &Field,
    target: &Address,
    is_created: bool,
) -> bool {
    match rule.stays {
        Stays::Nothing => false,
        // Where nobody may see which role it is, it could be any.
        Stays::DefaultRole => question.live.state.default_role.as_ref().is_none_or(|it| it == target),
        Stays::BuiltIn => !is_created && is_built_in(question, target),
        Stays::OfBuiltIn => is_built_in(question, address),
        Stays::Told(by) => {
            let told = question.live.state.get(address).and_then(|it| it.get(by)).map(Node::items);
            told.unwrap_or_default().iter().any(|it| it.as_text() == Some(target.name()))
        }
        Stays::Scopes { always, adopted } => {
            always.contains(&target.name()) || (!is_created && adopted.contains(&target.name()))
        }
    }
}

/// The protocol that a client scope has, or will have.
pub(super) fn protocol_of<'a>(question: &'a Question<'_>, scope: &Address) -> &'a str {
    kind::protocol([question.desired.get(scope), question.live.state.get(scope)])
}

pub(super) fn targets(node: Option<&Node>) -> BTreeSet<Address> {
    node.map(|it| it.items().iter().filter_map(|it| it.as_ref().cloned()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Sides, address, entry, lines};
    use super::*;
    use crate::diff::Ledger;
    use crate::state::Pattern;

    #[test]
    fn links_that_nobody_mentions_are_wanted_where_they_stay() {
        let (created, adopted) = (How::Created, How::Adopted);
        let tolerating = |it: &str| {
            let mut entry = entry(adopted, "realmRoles", &["a"]);
            entry.tolerated.insert("realmRoles".into(), [address(&format!("role/{it}"))].into());
            entry
        };
        // What is applied, whether there is an owner and `--adopt-exact`; what is wanted, and what is only tolerated.
        for (applied, has_owner, is_exact, wanted_names, tolerated) in [
            (None, true, false, "a old", "old"),
            (None, true, true, "a", ""),
            (None, false, false, "a old", "old"),
            (Some(entry(created, "realmRoles", &[])), true, false, "a", ""),
            (Some(entry(created, "groups", &[])), true, false, "a", ""),
            (Some(entry(adopted, "groups", &[])), true, false, "a old", "old"),
            (Some(entry(adopted, "realmRoles", &["a", "old"])), true, false, "a", ""),
            (Some(tolerating("old")), true, false, "a old", "old"),
            (Some(tolerating("other")), true, false, "a", ""),
        ] {
            let said =
                |roles: &[&str]| json!({ "realm": "r", "groups": [{ "name": "g", "realmRoles": roles }] });
            let mut sides = Sides::new(&said(&["a"]), &said(&["old"]));
            sides.ownership.owner = has_owner.then(|| "us".into());
            sides.terms.adopt_exact = if is_exact { vec![Pattern::new("group/g")] } else { Vec::new() };
            let group = address("group/g");
            let [desired, live] = [&sides.desired, &sides.live.state].map(|it| &it.objects[&group]);
            let question = sides.question();
            let found = wanted(&question, &group, desired, live, applied.as_ref());
            let names =
                |them: &BTreeSet<Address>| them.iter().map(Address::name).collect::<Vec<_>>().join(" ");
            let [links] = &found.links[..] else { panic!("one field is mentioned") };
            let is = (names(&links.wanted), names(&links.tolerated));
            assert_eq!(
                is,
                (wanted_names.to_owned(), tolerated.to_owned()),
                "{applied:?} {has_owner} {is_exact}"
            );
        }
    }

    #[test]
    fn what_was_applied_and_is_mentioned_no_longer_ends_with_prune() {
        let live = json!({ "realm": "r", "groups": [{ "name": "g", "realmRoles": ["a", "theirs"], "description": "G" }] });
        for (prune, ends, left) in [
            (Prune::Nothing, vec![], 2),
            (
                Prune::AllButUsers,
                vec!["description unset not_in_manifests", "realmRoles +[] -[a] not_in_manifests"],
                0,
            ),
        ] {
            let mut sides = Sides::new(&json!({ "realm": "r", "groups": [{ "name": "g" }] }), &live);
            sides.terms.prune = prune;
            let mut applied = entry(How::Created, "realmRoles", &["a"]);
            applied.fields.insert("/description".into(), String::new());
            let group = address("group/g");
            let [desired, live] = [&sides.desired, &sides.live.state].map(|it| &it.objects[&group]);
            let question = sides.question();
            let found = wanted(&question, &group, desired, live, Some(&applied));
            assert_eq!(
                (lines(&found.ends), found.left_behind.len()),
                (ends.iter().map(ToString::to_string).collect(), left)
            );
        }
    }

    #[test]
    fn a_map_that_goes_as_a_whole_takes_nothing_of_others_along_unasked() {
        let live = json!({ "realm": "r", "smtpServer": { "host": "h", "from": "a@x.org", "password": "p", "port": "25" } });
        let of = |keys: &[&str]| {
            let fields = keys.iter().map(|it| (format!("/smtpServer/{it}"), String::new())).collect();
            Entry { fields, ..Entry::default() }
        };
        // What we applied and what another owner did; what ends, what is left behind and what is refused.
        for (ours, theirs, ends, left, refused) in [
            (&["host", "from", "port"][..], &[][..], &["smtpServer unset not_in_manifests"][..], 0, ""),
            (&["host", "from"], &[], &["smtpServer unset not_in_manifests"], 0, "takes `port` along"),
            (&["host"], &[], &["smtpServer unset not_in_manifests"], 0, "takes `from` and `port` along"),
            (&["host", "from"], &["port"], &[], 1, ""),
        ] {
            let mut sides = Sides::new(&json!({ "realm": "r" }), &live);
            sides.terms.prune = Prune::AllButUsers;
            let realm = address("realm");
            let entries = [(realm.clone(), of(theirs))].into();
            sides.ownership.others.insert("them".into(), Ledger { entries, ..Ledger::default() });
            let [desired, live] = [&sides.desired, &sides.live.state].map(|it| &it.objects[&realm]);
            let question = sides.question();
            let found = wanted(&question, &realm, desired, live, Some(&of(ours)));
            assert_eq!(
                (lines(&found.ends), found.left_behind.len()),
                (ends.iter().map(ToString::to_string).collect(), left)
            );
            let said: Vec<&str> = found.refusals.iter().map(|it| &*it.message).collect();
            assert!(said.iter().all(|it| !refused.is_empty() && it.contains(refused)), "{said:?}");
            assert_eq!(said.len(), usize::from(!refused.is_empty()), "{ours:?}");
        }
    }

    #[test]
    fn what_another_owner_says_as_well_is_released() {
        let live = json!({ "realm": "r", "displayName": "R", "attributes": { "a": "1", "b": "2" }, "defaultGroups": [] });
        let of = |pointers: &[&str]| Entry {
            fields: pointers.iter().map(|it| ((*it).to_owned(), String::new())).collect(),
            ..Entry::default()
        };
        let mut sides = Sides::new(&json!({ "realm": "r" }), &live);
        sides.terms.prune = Prune::AllButUsers;
        let realm = address("realm");
        let entries = [(realm.clone(), of(&["/displayName", "/attributes/a"]))].into();
        sides.ownership.others.insert("them".into(), Ledger { entries, ..Ledger::default() });
        let [desired, live] = [&sides.desired, &sides.live.state].map(|it| &it.objects[&realm]);
        let question = sides.question();
        let ours = of(&["/displayName", "/attributes/a", "/attributes/b"]);
        let found = wanted(&question, &realm, desired, live, Some(&ours));
        assert_eq!(lines(&found.ends), ["attributes.b unset not_in_manifests"]);
        assert!(found.left_behind.is_empty() && found.refusals.is_empty());
    }
}
