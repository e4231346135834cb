//! A realm that does not exist, read as what the server would put into a new one.

use std::collections::BTreeSet;

use serde_json::Map;

use super::server_info::{self, About};
use super::wire::Wire;
use super::{Live, Read, Source, Want};
use crate::keycloak::Error;
use crate::kind::{self, fresh_realm};

pub(super) async fn read(wire: &Wire<'_>, realm: &str) -> Result<Read, Error> {
    // Without a realm nothing but the server itself tells its version.
    let About { version, server_info } = server_info::read(wire, &Want::default(), &Map::new(), None).await?;
    let taken_for = version.map_or(kind::NEWEST, kind::Version::from);
    let mut live = Live::default();
    live.state = fresh_realm(realm, taken_for);
    live.cover(kind::kinds_of_a_fresh_realm());
    Ok(Read {
        live,
        source: Source::Fresh,
        realm_id: None,
        version,
        taken_for,
        requests: wire.requests(),
        server_info,
        federated: BTreeSet::new(),
    })
}
