//! Why a run may not do something, and the word that consents to it. The pages `codes.md` and
//! `consents.md` under `docs/reference/` are made from this file.

use crate::state::Address;
use crate::text::{At, named};

/// Something that must not be done, and whether `--allow` may permit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub id: Reason,
    pub address: Address,
    pub message: String,
    pub at: At,
    /// The key of `--allow` that consents, if any does.
    pub consent: Option<ConsentKey>,
}

named! {
    /// A key of `--allow KEY=N`, which consents to at most N of a kind.
    ConsentKey;

    /// A realm that does not exist is created.
    Realms = "realms",
    /// Much of what was applied is deleted: objects, links and entries of lists.
    Deletes = "deletes",
    /// More of what was applied is changed than the project file permits.
    Updates = "updates",
    /// Objects that changed in Keycloak since they were applied are deleted.
    Changed = "changed",
    /// Objects of others disappear or change with a delete.
    Cascade = "cascade",
    /// An update does more than change its object: it locks out, opens, logs out, deletes.
    Hazards = "hazards",
    /// Users or clients that somebody disabled are enabled again.
    Reenables = "reenables",
    /// Secrets that differ in Keycloak are replaced.
    Secrets = "secrets",
    /// The realm is `master`, which holds the administrators of all realms.
    Master = "master",
    /// The server is of a newer minor version than was tested.
    UntestedVersion = "untested-version",
}

named! {
    /// Why a plan may not be applied, as plans name it in brackets.
    Reason;

    /// The object is managed by another owner.
    Owner = "owner",
    /// The object or field may not be seen by this credential, so nobody can tell whether it is there.
    Unknown = "unknown",
    /// Keycloak keeps the value that the object was created with.
    Fixed = "fixed",
    /// Keycloak has several objects of this name, so nobody can tell which one is meant.
    Ambiguous = "ambiguous",
    /// A version of a secret is lower than the one that was applied.
    SecretVersion = "secret-version",
    /// A stored secret that is not declared would go to another address, or be used for somebody else.
    SecretBeside = "secret-beside",
    /// The object changed in Keycloak since it was applied, and would be deleted.
    Changed = "changed",
    /// The ledger cannot say what may be pruned.
    Ledger = "ledger",
    /// The object is still used by another one, so Keycloak would not delete it.
    InUse = "in-use",
    /// A policy or permission would be left empty.
    Emptied = "emptied",
    /// An object of others would disappear or change.
    Cascade = "cascade",
    /// The project file protects the object.
    Protect = "protect",
    /// An access test would fail.
    AccessTest = "access-test",
    /// Too few administrators would be left.
    MinAdmins = "minAdmins",
    /// The credential in use would lose its administration.
    KeepSelf = "keepSelf",
    /// Somebody would gain what the project file forbids.
    ForbidGain = "forbidGain",
    /// The realm does not exist and nobody consented to creating it.
    Realms = "realms",
    /// Much of what was applied would be deleted, and nobody consented to that.
    Deletes = "deletes",
    /// More of what was applied would be deleted than the project file permits.
    DeletePct = "deletePct",
    /// More of what was applied would be changed than the project file permits.
    UpdatePct = "updatePct",
    /// An update has side effects that nobody consented to.
    Hazards = "hazards",
    /// Somebody disabled what would be enabled again.
    Reenables = "reenables",
    /// A secret differs in Keycloak and would be replaced.
    Secrets = "secrets",
    /// The realm is `master`, and nobody consented to that.
    Master = "master",
    /// The server is newer than what was tested, and nobody consented to that.
    UntestedVersion = "untested-version",
}

impl ConsentKey {
    /// Returns the key of this name, if there is one.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

impl From<ConsentKey> for Reason {
    /// Returns why a plan is refused while this consent is missing.
    fn from(key: ConsentKey) -> Self {
        match key {
            ConsentKey::Realms => Self::Realms,
            ConsentKey::Deletes => Self::Deletes,
            ConsentKey::Updates => Self::UpdatePct,
            ConsentKey::Changed => Self::Changed,
            ConsentKey::Cascade => Self::Cascade,
            ConsentKey::Hazards => Self::Hazards,
            ConsentKey::Reenables => Self::Reenables,
            ConsentKey::Secrets => Self::Secrets,
            ConsentKey::Master => Self::Master,
            ConsentKey::UntestedVersion => Self::UntestedVersion,
        }
    }
}
