//! One form for what is desired, what is live, and what is planned: a flat map from address to object.

mod address;
mod live;
mod node;
mod object;
mod objects;
mod pattern;

pub use address::{Address, KindName, PART, Step, decoded, encoded};
pub use live::{Found, Known, Live, Part, unseen};
pub use node::{Hidden, Is, Node, SecretRef, SecretSource};
pub use object::{Object, State};
pub use objects::Objects;
pub use pattern::{Pattern, stars_match};
