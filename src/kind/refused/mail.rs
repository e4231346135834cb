//! The mail server of a realm: it needs an address since 26.4, and since 26.7 its addresses have to be some.

use super::{Judge, place, words_of_field};
use crate::kind::{MIDDLE, NEWEST, is_email};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note, shown};

const FIELD: &str = "smtpServer";

/// Checks what a realm will hold.
pub(super) fn check(judge: &Judge<'_>, address: &Address, realm: &Object, notes: &mut Vec<Note>) {
    let Some(server) = realm.get(FIELD).filter(|it| it.as_map().is_some_and(|it| !it.is_empty())) else {
        return;
    };
    let said = judge.desired(address);
    let text = |key: &str| server.get(key).and_then(Node::as_text).filter(|it| !it.is_empty());
    if text("from").is_none()
        && let Some(severe) = judge.since(MIDDLE)
    {
        let words = format!("`{FIELD}` of the realm has no `from`");
        let at = place(said, FIELD, "");
        let note = judge.note(severe, Code::Missing, words, at, "Keycloak would refuse it");
        notes.push(note.help("add the address that mails come from"));
    }
    let Some(severe) = judge.since(NEWEST) else { return };
    for key in ["from", "replyTo"] {
        let Some(written) = text(key) else { continue };
        let is_local = written.rsplit_once('@').is_some_and(|(local, _)| local.is_ascii());
        if is_email(written) && (is_local || text("allowutf8") == Some("true")) {
            continue;
        }
        let words = format!("{} cannot be `{}`", words_of_field(FIELD, key, address), shown(written.chars()));
        let note = judge.note(
            severe,
            Code::WrongForm,
            words,
            place(said, FIELD, key),
            "not an e-mail address that Keycloak takes",
        );
        notes.push(note.help("write the address alone; a name goes into `fromDisplayName`"));
    }
}
