//! realmwright makes Keycloak realms what their YAML manifests say.
//!
//! The modules stand in reading order; each may use only those above it (a test holds this).

pub mod text;

pub mod state;

pub mod change;

pub mod call;

pub mod kind;

pub mod manifest;

pub mod diff;

pub mod export;

pub mod access;

pub mod plan;

pub mod report;

pub mod keycloak;

pub mod apply;

pub mod sandbox;

pub mod run;

pub mod cli;
