//! Realms to test with, for both test binaries.

pub(crate) mod edit;
pub(crate) mod everything;
pub(crate) mod flat;
pub(crate) mod openings;
pub(crate) mod random;
pub(crate) mod subjects;
