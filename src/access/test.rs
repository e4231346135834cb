//! Access tests: what people expect of a realm, read from documents and decided on a state.
//!
//! A document (`kind: AccessTest`) is read against the state that it is about, so that no name in it leads
//! nowhere. [`Test::run`] makes its cases and decides each; what a server says of them is added by whoever asks
//! it. Everything here is pure.

mod askable;
mod coverage;
mod document;
mod expect;
mod never;
mod place;
mod results;
mod run;
mod schema;

use std::collections::BTreeSet;

use super::chain::Decision;
use super::persona::Persona;
use crate::state::Address;
use crate::text::At;

pub use askable::{Oracle, not_asked};
pub use document::{Reading, Stage};
pub use results::Results;
pub use schema::schema;

/// One document, every name in it resolved.
#[derive(Clone, Debug)]
pub struct Test {
    pub realm: String,
    /// The client whose resources it is about.
    pub client: Address,
    /// The resource server's name in the document, or the document where it has none.
    pub at: At,
    /// In the order written.
    personas: Vec<Persona>,
    expected: Vec<Expected>,
    /// Whether what `expect` leaves out is permitted; nothing where it is not tested.
    otherwise: Option<(bool, At)>,
    never: Vec<Never>,
    /// The time for personas that the document does not name.
    time: Option<jiff::civil::DateTime>,
}

/// One persona, one resource, one scope, and what is expected of them.
#[derive(Clone, Debug)]
struct Expected {
    persona: usize,
    resource: String,
    scope: Option<String>,
    permit: bool,
    via: Vec<String>,
    why: Option<String>,
    at: At,
}

/// What must not be permitted to anybody but a few.
#[derive(Clone, Debug)]
struct Never {
    /// None written: every scope, and resources without scopes.
    scopes: BTreeSet<String>,
    /// None written: every resource.
    resources: Option<BTreeSet<String>>,
    /// None written: those of the document, those that every comparison looks at, and declared users.
    personas: Option<BTreeSet<usize>>,
    except: BTreeSet<usize>,
    why: Option<String>,
    at: At,
}

/// What part of a document a case comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Expect,
    Otherwise,
    Never,
}

/// A document on one state: its cases, decided.
#[derive(Clone, Debug)]
pub struct Tested {
    pub realm: String,
    pub client: Address,
    pub at: At,
    /// Those of the document, then those that only `never` is about.
    pub personas: Vec<Persona>,
    pub cases: Vec<Case>,
}

/// One question with the wanted answer, and what was answered.
#[derive(Clone, Debug)]
pub struct Case {
    /// Position among the personas.
    pub persona: usize,
    pub resource: String,
    /// Nothing on a resource without scopes.
    pub scope: Option<String>,
    pub permit: bool,
    pub rule: Rule,
    pub why: Option<String>,
    pub at: At,
    /// The path is left out of what `otherwise` and `never` want and get: there may be very many of them.
    pub decision: Decision,
    /// What `via` names and the chain of a permit does not go through.
    pub lacking: Vec<String>,
    pub server: Heard,
    /// The server's first answer was the opposite. It was asked again because it disagreed with the evaluator.
    pub changed_mind: bool,
}

/// What the server says of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Heard {
    /// No server takes part.
    #[default]
    Nothing,
    /// It cannot be asked this; the reason follows "not asked:".
    NotAsked(&'static str),
    Said {
        permit: bool,
        /// Permissions that took part and that we do not know of, by name and type.
        unknown: Vec<(String, String)>,
    },
    /// It answers with an error.
    Failed(String),
}

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestOutcome {
    Pass,
    Fail,
    /// The server decides otherwise than we do.
    Split,
    /// The server answers with an error.
    Error,
    Unknown,
}

impl Case {
    /// Returns what the evaluator says, where it can be told.
    pub fn offline(&self) -> Option<bool> {
        self.decision.grants(self.scope.as_deref())
    }

    pub fn outcome(&self) -> TestOutcome {
        let ours = self.offline();
        let got = match &self.server {
            Heard::Failed(_) => return TestOutcome::Error,
            Heard::Said { permit, .. } if ours.is_some_and(|it| it != *permit) => return TestOutcome::Split,
            Heard::Said { permit, .. } => Some(*permit),
            Heard::Nothing | Heard::NotAsked(_) => ours,
        };
        match got {
            Some(got) if got == self.permit && self.lacking.is_empty() => TestOutcome::Pass,
            Some(_) => TestOutcome::Fail,
            None => TestOutcome::Unknown,
        }
    }
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: usize,
    pub failed: usize,
    pub split: usize,
    pub errors: usize,
    pub unknown: usize,
    /// Passed and failed cases that only the server could decide.
    pub by_server_alone: usize,
    /// Cases of a run with a server that it could not be asked.
    pub not_asked: usize,
    /// Cases that the server decided otherwise at first.
    pub changed_mind: usize,
}

impl Count {
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut out = Self::default();
        for case in cases {
            let outcome = case.outcome();
            match outcome {
                TestOutcome::Pass => out.passed += 1,
                TestOutcome::Fail => out.failed += 1,
                TestOutcome::Split => out.split += 1,
                TestOutcome::Error => out.errors += 1,
                TestOutcome::Unknown => out.unknown += 1,
            }
            let is_decided = matches!(outcome, TestOutcome::Pass | TestOutcome::Fail);
            out.by_server_alone += usize::from(is_decided && case.offline().is_none());
            out.not_asked += usize::from(matches!(case.server, Heard::NotAsked(_)));
            out.changed_mind += usize::from(case.changed_mind);
        }
        out
    }

    pub fn all(&self) -> usize {
        self.passed + self.failed + self.split + self.errors + self.unknown
    }
}

#[cfg(test)]
mod tests;
