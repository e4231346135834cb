//! What must hold without a server: properties over generated realms, the gate that every kind passes,
//! edits and what they do to access, and how the source is cut.

#[path = "../realms/as_read.rs"]
mod as_read;
mod asking;
mod docs;
mod documents;
mod gate;
mod judged;
mod limits;
mod openings;
mod plans_page;
mod program;
mod properties;
#[path = "../realms/realms.rs"]
mod realms;
mod reference;
mod scenarios;
mod streams;
mod tidy;
