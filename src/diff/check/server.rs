//! What this server would refuse, or take and drop: said before anything is sent.

use std::collections::BTreeSet;

use super::{Diff, Question};
use crate::change::{Action, Change, FieldChange, To, Why};
use crate::kind::{self, Judge, ServerInfo, UserProfile};
use crate::state::{Address, KindName};
use crate::text::{Code, Note};

pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    // What nobody could ask for is not missing.
    let nothing = ServerInfo::default();
    let [profile, was] =
        [&out.planned, &question.live.state].map(|it| UserProfile::of_realm(it, question.version));
    let judge = Judge {
        desired: &out.desired,
        before: &question.live.state,
        state: &out.planned,
        server: question.server.unwrap_or(&nothing),
        profile: profile.as_ref(),
        version: question.version,
        is_sure: true,
    };
    let mut notes = Vec::new();
    let mut written = BTreeSet::new();
    for change in &out.changes {
        if !matches!(change.action, Action::Create | Action::Update) {
            continue;
        }
        let is_judged = kind::kind(change.object.kind()).is_judged_with_parent;
        let parent = change.object.parent().filter(|_| is_judged);
        if change.action == Action::Create
            || change.fields.iter().any(|it| !matches!(it.to, To::Links { .. }))
        {
            written.extend([Some(change.object.clone()), parent].into_iter().flatten());
        }
        let Some(object) = out.desired.get(&change.object) else { continue };
        let read = question.secrets.written_out(object);
        let with_secrets = read.as_ref().map_or(object, |it| &it.0);
        let mut found = kind::refused(&judge, &change.object, with_secrets);
        if let Some((object, places)) = &read {
            // Of the rest, loading told.
            let is_new = |it: &Note| it.marks.first().is_some_and(|it| places.contains(&it.at));
            found.extend(kind::refused_anywhere(&change.object, object).into_iter().filter(is_new));
        }
        // What is there already was taken once.
        notes.extend(found.into_iter().filter(|it| is_about(it, change)));
    }
    notes.extend(written.iter().flat_map(|it| kind::refused_whole(&judge, it)));
    let before = Judge { state: &question.live.state, profile: was.as_ref(), ..judge };
    notes.extend(judged_anew(question, out, [&before, &judge], &written));
    notes.extend(left_with_names(out, [&before, &judge], &written));
    out.notes.extend(notes);
}

/// Returns what is wrong with objects that nobody writes and whose texts name what goes, whoever declares them; and with those
/// that are written in one document with others.
fn left_with_names(out: &Diff, [before, judge]: [&Judge<'_>; 2], written: &BTreeSet<Address>) -> Vec<Note> {
    let deletes = out.changes.iter().filter(|it| it.action == Action::Delete);
    let gone: BTreeSet<KindName> = deletes.map(|it| it.object.kind()).collect();
    let written_of: BTreeSet<KindName> = written.iter().map(Address::kind).collect();
    let mut notes = Vec::new();
    for address in out.planned.objects.keys().filter(|it| !written.contains(it)) {
        let kind = kind::kind(address.kind());
        let is_written_along = kind.is_in_document() && written_of.contains(&kind.name);
        let mut named = kind.names_in_texts.iter().chain(kind.may_name).peekable();
        if named.peek().is_none() || !(is_written_along || named.any(|it| gone.contains(it))) {
            continue;
        }
        let is = kind::refused_whole(judge, address);
        let was = if is_written_along { Vec::new() } else { kind::refused_whole(before, address) };
        notes.extend(is.into_iter().filter(|it| !was.contains(it)));
    }
    notes
}

/// Returns what is wrong with declared objects that do not change, by what others are judged by and that changes.
fn judged_anew(
    question: &Question<'_>,
    out: &Diff,
    [before, judge]: [&Judge<'_>; 2],
    written: &BTreeSet<Address>,
) -> Vec<Note> {
    let judges = |change: &Change, field: &FieldChange| {
        kind::kind(change.object.kind()).field(&field.path.field).map(|it| it.judges.kinds)
    };
    let updates = out.changes.iter().filter(|it| it.action == Action::Update);
    let fields = updates.flat_map(|change| change.fields.iter().filter_map(move |it| judges(change, it)));
    let whole = out.changes.iter().map(|it| kind::kind(it.object.kind()).judges.kinds);
    let judged: BTreeSet<KindName> = fields.chain(whole).flatten().copied().collect();
    let all = out.desired.objects.iter().filter(|(it, _)| {
        judged.contains(&it.kind())
            && question.terms.covers(it)
            && !written.contains(it)
            && out.planned.contains(it)
    });
    let mut notes = Vec::new();
    for (address, object) in all {
        let found = |judge: &Judge<'_>| {
            let mut notes = kind::refused(judge, address, object);
            notes.extend(kind::refused_whole(judge, address));
            notes
        };
        let mut is = found(judge);
        // A password is judged when it is set.
        is.retain(|it| it.code != Code::WeakPassword);
        if !is.is_empty() {
            let was = found(before);
            notes.extend(is.into_iter().filter(|it| !was.contains(it)));
        }
    }
    notes
}

/// Whether a note is about what a change sends.
fn is_about(note: &Note, change: &Change) -> bool {
    let Some(at) = note.marks.first().map(|it| it.at) else { return true };
    // What ends because nobody declares it any more stands nowhere.
    let mut sent = change.fields.iter().filter(|it| it.why != Why::NotInManifests);
    change.action == Action::Create || sent.any(|it| at.is_within(it.at))
}
