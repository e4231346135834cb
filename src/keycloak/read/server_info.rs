//! What the server is and has: its version, and what is installed and switched on. Both are in one large answer,
//! which is asked for only where something depends on it.

use serde_json::{Map, Value};

use super::wire::Wire;
use super::{Want, text};
use crate::keycloak::{Error, ServerVersion};
use crate::kind::ServerInfo;

/// What the server says of itself, as far as this credential may see it.
pub(super) struct About {
    pub(super) version: Option<ServerVersion>,
    pub(super) server_info: Option<ServerInfo>,
}

/// Takes the version from the export, which says it; lists do not, so there the server is asked, unless it said so already.
pub(super) async fn read(
    wire: &Wire<'_>,
    want: &Want,
    realm: &Map<String, Value>,
    said: Option<Value>,
) -> Result<About, Error> {
    let version = text(realm, "keycloakVersion").and_then(|it| it.parse().ok());
    if version.is_some() && !want.server_info {
        return Ok(About { version, server_info: None });
    }
    let answer = match said {
        Some(said) => Some(said),
        None => wire.server_info().await?,
    };
    let said = answer.as_ref().and_then(|it| it.pointer("/systemInfo/version")).and_then(Value::as_str);
    Ok(About {
        version: version.or_else(|| said.and_then(|it| it.parse().ok())),
        server_info: answer.as_ref().map(ServerInfo::read),
    })
}
