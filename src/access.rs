//! Who may do what: decides as Keycloak's own evaluation does, from a state alone.
//!
//! [`Realm::compile`] turns a state (desired, live or planned) into interned tables; [`decide`] answers one
//! question with the chain that led to the answer; [`classes`] folds personas that no policy can tell apart;
//! [`impact`] compares two realms. What cannot be known from a state (JavaScript, custom mappers, the time) is
//! unknown, and only shows where it could change an answer. Nothing here reads a clock or a network.

mod administration;
mod bits;
mod bounds;
mod cast;
mod chain;
mod claims;
mod class;
mod column;
mod compile;
mod decide;
mod explain;
mod find;
mod fine_grained;
mod guard;
mod impact;
mod matrix;
mod persona;
mod policy;
mod realm;
mod table;
pub mod test;
mod through;
mod time;
mod touch;
mod turn;
mod uri;
mod who;

pub use administration::administration;
pub use bounds::{Bounds, Opening};
pub use cast::{PersonaReader, user_named};
pub use chain::{Decision, Doubt, Step, Tie, Verdict, is_rule, is_script};
pub use class::{Class, classes};
pub use column::{Column, columns};
pub use decide::{AccessQuestion, decide};
pub use explain::{Asks, CoveredBy, Explanation, PermissionSays, PolicySays, RoleAsked, explain};
pub use find::{
    client, client_names, exact_resources, has_permission, has_scope, resource_names, resource_servers,
    resources, scope_names, unseen,
};
pub use guard::{Guard, Myself, Watch, guarded_users, guards, guards_everybody, guards_user};
pub use impact::{
    AccessChange, AdministrationChange, Answer, ChangeOfAccess, Impact, ImpactQuestion, impact,
};
pub use matrix::{Cell, each_decision};
pub use persona::{Persona, called_after, personas};
pub use policy::Holds;
pub use realm::{Mode, Realm, Strategy};
pub use through::{Through, Ways, clients_asked};
pub use time::wall_clock;
pub use touch::{Touch, Touches, touches};
pub use turn::Turn;
pub use who::{Alike, Who, who};

#[cfg(test)]
mod tests;
