//! A realm that does not exist, read as what the server would put into a new one.

use std::collections::BTreeSet;

use super::wire::Wire;
use super::{Live, Read, Source};
use crate::keycloak::Error;
use crate::kind::{self, fresh_realm};

pub(super) async fn read(wire: &Wire<'_>, realm: &str) -> Result<Read, Error> {
    let version = wire.version().await?;
    let recorded = version.map_or(kind::NEWEST, |it| kind::Version(it.major, it.minor));
    let mut live = Live::default();
    live.state = fresh_realm(realm, recorded);
    live.cover(kind::RECORDED_FRESH.iter().copied());
    Ok(Read {
        live,
        source: Source::Fresh,
        realm_id: None,
        version,
        requests: wire.requests(),
        user_profile: None,
        policy_types: BTreeSet::new(),
        federated: BTreeSet::new(),
    })
}
