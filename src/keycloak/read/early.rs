//! What can be asked for before anything is known of what the realm holds, while the server makes the export.

use serde_json::Value;

use super::wire::Wire;
use super::{Want, sections, users};
use crate::keycloak::Error;
use crate::kind::Kind;

pub(super) struct Early {
    pub(super) documents: Vec<(&'static Kind, Option<Value>)>,
    /// How many users the realm has, where that was asked.
    pub(super) users: Option<usize>,
    /// What the server says of itself, where [`Want::server_info`] asks for it and the credential may see it.
    pub(super) server_info: Option<Value>,
}

pub(super) async fn read(wire: &Wire<'_>, want: &Want) -> Result<Early, Error> {
    let users = async {
        // Only for many wanted users may a list of all be fewer requests than a search for each.
        if want.users.len() > users::FEW && !want.everybody { users::count(wire).await } else { Ok(None) }
    };
    let server_info = async { if want.server_info { wire.server_info().await } else { Ok(None) } };
    let (documents, users, server_info) =
        tokio::try_join!(sections::documents(wire, false), users, server_info)?;
    Ok(Early { documents, users, server_info })
}
