//! Compares one declared object with what the realm holds when its turn comes.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{self, FieldsCompared};
use super::hands_off::{Declared, Touch, is_ours};
use super::wanted::wanted;
use super::{Diff, Entry, LeftBehind, Question, check, links, rename};
use crate::change::{Action, Change, ConsentKey, FieldChange, Path, Reason, Refusal, To, Why};
use crate::kind;
use crate::state::{Address, Found, Node, Object, State, unseen};
use crate::text::{At, Code, Note};

/// What comparing one object gives.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) change: Option<Change>,
    held_back: Vec<(ConsentKey, Change)>,
    included: Vec<ConsentKey>,
    unwritable: Vec<Change>,
    left_behind: Vec<LeftBehind>,
    refusals: Vec<Refusal>,
    tolerated: BTreeMap<Box<str>, BTreeSet<Address>>,
    cannot_tell: Vec<(Path, At)>,
    notes: Vec<Note>,
    is_unchanged: bool,
}

impl Compared {
    fn refused(refusal: Refusal) -> Self {
        Self { refusals: vec![refusal], ..Self::default() }
    }

    fn noted(note: Note) -> Self {
        Self { notes: vec![note], ..Self::default() }
    }

    /// Adds everything but the change to a difference.
    pub(super) fn tell(self, address: &Address, out: &mut Diff) -> Option<Change> {
        out.held_back.extend(self.held_back);
        out.included.extend(self.included.into_iter().map(|it| (it, address.clone())));
        out.unwritable.extend(self.unwritable);
        out.left_behind.extend(self.left_behind);
        out.refusals.extend(self.refusals);
        let tolerated = self.tolerated.into_iter();
        out.tolerated.extend(tolerated.map(|(field, targets)| ((address.clone(), field), targets)));
        out.cannot_tell.extend(self.cannot_tell.into_iter().map(|(path, at)| (address.clone(), path, at)));
        for note in self.notes {
            // What nobody can change is said once for all that stands together.
            let is_said = |it: &Note| note.code == Code::CannotChange && it.title == note.title;
            if !out.notes.iter().any(is_said) {
                out.notes.push(note);
            }
        }
        out.unchanged += usize::from(self.is_unchanged);
        self.change
    }

    /// Adds everything to a difference of an object that nobody mentions any more; without a change it is forgotten, unless
    /// something of it is left behind.
    pub(super) fn end(mut self, address: &Address, out: &mut Diff) -> Option<Change> {
        self.is_unchanged = false;
        let stays = !self.left_behind.is_empty();
        let forget = || Change::unasked(address, Action::Forget, Why::NotInManifests);
        self.tell(address, out).or_else(|| (!stays).then(forget))
    }
}

/// Compares a declared object. `state` is the realm with the changes of all objects that had their turn before.
pub(super) fn compare(question: &Question<'_>, declared: &Declared<'_>, state: &State) -> Compared {
    let object = ObjectComparison { question, address: declared.address, object: declared.object };
    let (found, made) = (question.live.find(declared.address), state.get(declared.address));
    match (&declared.touch, found, made) {
        (Touch::Fixed, _, made) => object.fixed(made),
        (Touch::Leave(refusal), ..) => Compared::refused(refusal.clone()),
        (touch, Found::Is(live), made) => {
            // A resource that loses scopes takes them from permissions on it, and a provider changes what it was made with.
            let kind = kind::kind(declared.address.kind());
            let follows = kind.are_made_along || kind.followers().next().is_some();
            let live = if follows { made.unwrap_or(live) } else { live };
            if let Touch::Show(refusal) = touch {
                let unwritable = object.shown(live).into_iter().collect();
                return Compared { unwritable, ..Compared::refused(refusal.clone()) };
            }
            // What an owner makes of a realm that does not exist is the owner's from the beginning.
            let (new, is_owned) = (Entry::default(), question.ownership.owner.is_some());
            let applied = if object.is_new_realm() && is_owned { Some(&new) } else { declared.applied };
            object.update(live, applied, Why::ManifestChanged)
        }
        // The server will make it with another object of this plan.
        (_, _, Some(made)) => {
            let why = made.made_by.clone().map_or(Why::ManifestChanged, Why::MadeBy);
            object.update(made, Some(&Entry::default()), why)
        }
        (_, Found::Absent, None) => match object.impossible() {
            Some(note) => Compared::noted(note),
            None => object.create(declared.applied, state),
        },
        (_, Found::Unknown { needs }, None) => Compared::refused(Refusal {
            id: Reason::Unknown,
            address: declared.address.clone(),
            message: format!("{} cannot be seen: {}", kind::title(declared.address), unseen(needs)),
            at: declared.object.at,
            consent: None,
        }),
    }
}

struct ObjectComparison<'a> {
    question: &'a Question<'a>,
    address: &'a Address,
    object: &'a Object,
}

impl ObjectComparison<'_> {
    fn is_new_realm(&self) -> bool {
        *self.address == kind::realm_address() && !self.question.live.exists
    }

    /// Compares the fields with those of an object of which `applied` was applied before.
    fn fields(&self, live: &Object, applied: Option<&Entry>) -> FieldsCompared {
        let wanted = wanted(self.question, self.address, self.object, live, applied);
        fields::compare(self.question, self.address, self.object, live, applied, wanted)
    }

    fn change(&self, action: Action, why: Why, fields: Vec<FieldChange>) -> Change {
        let (object, at) = (self.address.clone(), self.object.at);
        Change { object, action, why, fields, adopted: false, at }
    }

    /// What nobody may change stays as it is.
    fn fixed(&self, live: Option<&Object>) -> Compared {
        if live.is_some_and(|it| self.fields(it, None).changes.is_empty()) {
            return Compared { is_unchanged: true, ..Compared::default() };
        }
        let (what, help) = kind::words_of_fixed(self.address);
        let title = format!("{what} cannot be changed");
        let label = format!("Keycloak {} refuses every change here", self.question.version);
        let note = Note::warning(Code::CannotChange, title, self.object.at, label);
        Compared::noted(note.help(help))
    }

    /// Returns how an object of somebody else differs, for readers alone.
    fn shown(&self, live: &Object) -> Option<Change> {
        let compared = self.fields(live, None);
        let held_back = compared.held_back.into_iter().map(|it| it.1);
        let fields: Vec<FieldChange> =
            compared.changes.into_iter().chain(held_back).chain(compared.unwritable).collect();
        let change = self.change(Action::Update, Why::ManifestChanged, fields);
        (!change.fields.is_empty()).then_some(Change { adopted: true, ..change })
    }

    /// Returns why an object that is not there cannot be created.
    fn impossible(&self) -> Option<Note> {
        let (address, at) = (self.address, self.object.at);
        if let Some(maker) = self.object.made_by.clone().or_else(|| kind::reserved_for(address)) {
            let missing = || {
                let title = format!("{} does not exist and cannot be created", kind::title(address));
                Note::error(Code::NoServiceAccount, title, at, "a client makes its service account")
                    .help(format!("declare {} with `serviceAccountsEnabled: true`", kind::title(&maker)))
            };
            return Some(check::left_out(self.question, &maker, at).unwrap_or_else(missing));
        }
        if kind::is_fine_grained(address, self.question.version) && address.parent().is_none() {
            // Once somebody made one, they cannot be switched on any more (409 on 26.7.5).
            let title = format!("{} does not exist and cannot be created", kind::title(address));
            let note =
                Note::error(Code::NoAuthorization, title, at, "Keycloak makes it with a switch of the realm");
            return Some(note.help("say `adminPermissionsEnabled: true` of the realm, and on a server before 26.4 apply that first"));
        }
        if kind::is_only_mapped(self.object) {
            let title = format!("{} does not exist", kind::title(address));
            let note =
                Note::error(Code::MappingsOfNothing, title, at, "has scope mappings here and nothing else");
            return Some(note.help("declare it, or mend its name"));
        }
        let only_made_along = kind::kind(address.kind()).routes.collection.is_empty();
        let client = address.parent().filter(|_| only_made_along)?;
        let title = format!("{} has no authorization", kind::title(&client));
        let note = Note::error(Code::NoAuthorization, title, at, "these settings have nowhere to go");
        let is_fixed = (kind::kind(client.kind()).is_fixed)(&client, self.question.version);
        Some(note.help(if is_fixed {
            kind::words_of_fixed(address).1
        } else {
            "declare the client with `authorizationServicesEnabled: true` and `serviceAccountsEnabled: true`"
        }))
    }

    fn create(&self, applied: Option<&Entry>, state: &State) -> Compared {
        let kind = kind::kind(self.address.kind());
        let field = |name: &str, node: Node, at| FieldChange {
            path: Path::field(name),
            from: None,
            to: To::Value(node),
            why: Why::ManifestChanged,
            at,
        };
        let unasked = kind::create_defaults(self.address, state).into_iter();
        let unasked = unasked.filter(|(name, _)| self.object.get(name).is_none());
        let unasked =
            unasked.map(|(name, node)| field(name, Node::new(self.object.at, node.is), self.object.at));
        let is_sent = |name: &str, node: &Node| {
            kind.link(name).is_none()
                && !node.is_null()
                && kind.field(name).is_none_or(|it| it.compare != kind::Compare::ServerOwned)
        };
        let said = self.object.fields.iter().filter(|(name, node)| is_sent(name, node));
        let mut compared = FieldsCompared::default();
        compared.changes.extend(unasked);
        compared.changes.extend(said.map(|(name, node)| field(name, node.clone(), node.at)));
        let made = kind::created(self.address, self.object, state, self.question.version);
        let new = Some(&Entry::default());
        let wanted = wanted(self.question, self.address, self.object, &made, new);
        links::compare(&wanted.links, &made, new, &mut compared);
        // One that the ledger knows was removed in Keycloak, or never kept by it; one that it does not know was never applied.
        let why = match applied {
            Some(entry) if entry.not_kept.contains_key("") => Why::NotKept,
            Some(_) => Why::LiveChanged,
            None => Why::ManifestChanged,
        };
        let change = self.change(Action::Create, why, compared.changes);
        Compared { change: Some(change), ..Compared::default() }
    }

    fn update(&self, live: &Object, applied: Option<&Entry>, why: Why) -> Compared {
        let (question, address) = (self.question, self.address);
        let mut compared = self.fields(live, applied);
        compared.changes.splice(0..0, rename::change(address, self.object, live, question));
        let was_there = question.live.exists && question.live.state.contains(address);
        let is_place = self.object.fields.is_empty();
        let adopts =
            question.ownership.owner.is_some() && !is_place && !is_ours(question, address) && was_there;
        let change_of = |field: FieldChange| Change {
            at: field.at,
            adopted: adopts,
            ..self.change(Action::Update, field.why.clone(), vec![field])
        };
        let left =
            |(path, stays)| LeftBehind { address: address.clone(), path: Some(path), adopted: false, stays };
        let mut out = Compared {
            held_back: compared.held_back.into_iter().map(|(key, it)| (key, change_of(it))).collect(),
            included: compared.included,
            unwritable: compared.unwritable.into_iter().map(change_of).collect(),
            left_behind: compared.left_behind.into_iter().map(left).collect(),
            refusals: compared.refusals,
            tolerated: compared.tolerated,
            cannot_tell: compared.cannot_tell,
            notes: rename::refused(address, live, self.object.at, question).into_iter().collect(),
            ..Compared::default()
        };
        let fields = compared.changes;
        let (action, why) = if fields.is_empty() && !self.is_new_realm() {
            out.is_unchanged = true;
            if !adopts {
                return out;
            }
            (Action::Adopt, Why::ManifestChanged)
        } else {
            let action = if self.is_new_realm() { Action::Create } else { Action::Update };
            (action, reason(why, &fields))
        };
        out.change = Some(Change { adopted: adopts, ..self.change(action, why, fields) });
        out
    }
}

/// Returns why an object changes: whatever moved in Keycloak counts for all of it.
fn reason(why: Why, fields: &[FieldChange]) -> Why {
    match why {
        Why::MadeBy(by) => Why::MadeBy(by),
        _ if fields.iter().any(|it| it.why == Why::LiveChanged) => Why::LiveChanged,
        _ => fields.first().map_or(Why::ManifestChanged, |it| it.why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::hands_off::declared;
    use super::super::tests::{Sides, address, entry, lines};
    use super::*;
    use crate::diff::{How, digest};

    #[test]
    fn the_reason_of_a_change_is_the_only_thing_that_the_ledger_says() {
        let was = |text: &str| {
            let mut entry = entry(How::Created, "composites", &[]);
            let digest = digest(&Node::text(At::SERVER, text)).expect("no secret");
            entry.fields.insert("/description".into(), digest);
            entry
        };
        let not_kept = || {
            let mut entry = was("new");
            entry.not_kept = entry.fields.clone();
            entry
        };
        let gone = || Entry { not_kept: [(String::new(), String::new())].into(), ..was("new") };
        for (desired, live, applied, expected) in [
            ("new", Some("new"), None, "Adopt"),
            ("new", Some("new"), Some(was("new")), "same"),
            ("new", Some("old"), None, "Update: description = new manifest_changed"),
            ("new", Some("old"), Some(was("old")), "Update: description = new manifest_changed"),
            ("new", Some("old"), Some(was("new")), "Update: description = new live_changed"),
            ("new", Some("old"), Some(not_kept()), "Update: description = new not_kept"),
            ("new", None, None, "Create manifest_changed: description = new manifest_changed"),
            ("new", None, Some(was("new")), "Create live_changed: description = new manifest_changed"),
            ("new", None, Some(gone()), "Create not_kept: description = new manifest_changed"),
        ] {
            let realm = |roles| json!({ "realm": "r", "roles": { "realm": roles } });
            let role = |text: &str| json!({ "name": "a", "description": text });
            let live = live.map(role).into_iter().collect::<Vec<_>>();
            let mut sides = Sides::new(&realm(vec![role(desired)]), &realm(live));
            if let Some(entry) = applied {
                sides.applied("role/a", entry);
            }
            let question = sides.question();
            let all = declared(&question, &sides.desired);
            let role = all.iter().find(|it| *it.address == address("role/a")).expect("it is declared");
            let compared = compare(&question, role, &sides.live.state);
            let said = compared.change.map(|it| match it.action {
                Action::Create => format!("Create {}: {}", it.why.name(), lines(&it.fields).join(", ")),
                Action::Update => format!("Update: {}", lines(&it.fields).join(", ")),
                action => format!("{action:?}"),
            });
            assert_eq!(said.unwrap_or("same".into()), expected);
            assert_eq!(compared.is_unchanged, matches!(expected, "same" | "Adopt"), "{expected}");
        }
    }
}
