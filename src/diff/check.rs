//! What is wrong with a plan, found against the server before anything is sent.

mod default_role;
mod references;
mod server;
mod switches;
mod unique;
mod versions;

pub(super) use references::left_out;
pub(super) use switches::still_declared;

use super::{Diff, Question};
use crate::kind;

/// Adds what would be refused, or taken and dropped, to the notes of a difference.
pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    default_role::check(question, out);
    references::check(question, out);
    server::check(question, out);
    unique::check(question, out);
    versions::check(question, out);
    out.notes.extend(kind::closed_flows(&out.desired, &question.live.state, &out.planned));
}
