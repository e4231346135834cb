//! Clients that log in with what an identity provider says of them: that has to be there.

use super::{Judge, Severe, place, words_of_field};
use crate::kind::IDENTITY_PROVIDER;
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

const METHOD: &str = "federated-jwt";
/// The alias of the identity provider, whatever it is called (26.7.5).
const ISSUER: &str = "jwt.credential.issuer";

/// Checks what a client will hold. The server takes any text, and refuses every login then.
pub(super) fn check(judge: &Judge<'_>, address: &Address, client: &Object, notes: &mut Vec<Note>) {
    if client.text("clientAuthenticatorType") != METHOD {
        return;
    }
    let alias = client.get("attributes").and_then(|it| it.get(ISSUER)).and_then(Node::as_text);
    let Some(alias) = alias.filter(|it| !it.is_empty()) else { return };
    if judge.state.contains(&Address::top(IDENTITY_PROVIDER, alias)) {
        return;
    }
    let words =
        format!("{} names no identity provider: `{alias}`", words_of_field("attributes", ISSUER, address));
    let at = place(judge.desired(address), "attributes", ISSUER);
    let label = "Keycloak takes it, and the client cannot log in";
    let note = judge.note(Severe::Warning, Code::UnknownReference, words, at, label);
    notes.push(note.help("write the alias of an identity provider of this realm"));
}
