//! Federated identities: as whom a user logs in at an identity provider.
//!
//! One per user and provider. A POST where there is one answers 409 whatever it says, and a PUT of the user leaves them alone,
//! so a change is a DELETE and a POST. Any provider is taken, and shown once it is there; they go with it. Several users may
//! have one and the same: whoever logs in with it is the one whom the database tells first. A login changes none of them, and
//! what goes ends no session. Measured on 26.0.8 and 26.7.5.

use crate::kind::hazard::Hazard::{LocksOut, Opens};
use crate::kind::hazard::{When, rule};
use crate::kind::refused::{Judge, Severe};
use crate::kind::{
    CREATED, Compare, Covers, Created, FEDERATED_IDENTITY as NAME, Field, IDENTITY_PROVIDER, Kind, ORDINARY,
    ROUTES, Routes, Sent, USER, cannot_be_unset, field, title,
};
use crate::state::{Address, Object};
use crate::text::{Code, Note};

pub(in crate::kind) static FEDERATED_IDENTITY: Kind = Kind {
    name: NAME,
    title: "federated identity",
    representation: |_| "FederatedIdentityRepresentation",
    key: "identityProvider",
    under: &[USER],
    fields: &[
        Field {
            compare: Compare::Ref(IDENTITY_PROVIDER),
            sent: Sent::Fixed,
            deleted_with_last_target: true,
            ..field("identityProvider")
        },
        cannot_be_unset("userId"),
    ],
    hazards: &[
        rule(LocksOut, "", When::Goes, "whoever logs in with {it} as {up} cannot any more"),
        rule(LocksOut, "userId", When::Replaced, "keeps out whoever logged in with {it} as {up} so far"),
        rule(Opens, "userId", When::Set, "lets whoever has it there in as {up}"),
    ],
    routes: Routes {
        collection: "{up}/federated-identity/{name}",
        own: "{up}/federated-identity/{name}",
        find: "{up}/federated-identity",
        list: "{up}/federated-identity",
        covers: Covers::Named,
        needs: "view-users",
        id: "identityProvider",
        location_is_id: false,
        row: "federatedIdentities",
        is_remade: true,
        ..ROUTES
    },
    refuses: refused,
    new: Created { recorded_as: |_, _| "federated-identity".to_owned(), ..CREATED },
    ..ORDINARY
};

/// Returns as whom a user logs in where: the identity provider, and the id there; nothing of any other object.
pub fn identity<'a>(address: &'a Address, object: &'a Object) -> Option<(&'a str, &'a str)> {
    let id = object.get("userId")?.as_text().filter(|it| !it.is_empty())?;
    (address.kind() == NAME).then(|| (address.last_name(), id))
}

/// Without a `userId` the server takes it, and nobody can log in with it.
fn refused(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    let Some(object) = judge.desired(address).filter(|_| whole.text("userId").is_empty()) else { return };
    let user = address.parent().map(|it| title(&it)).unwrap_or_default();
    let words = format!("{} of {user} has no `userId`", title(address));
    let note = judge.note(Severe::Error, Code::Missing, words, object.at, "nobody could log in with it");
    notes.push(
        note.help("add `userId`: what the identity provider calls the user in `sub`, or in its own id"),
    );
}
