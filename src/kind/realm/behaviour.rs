//! What the server does with a realm beyond its fields: the client of permissions over administration comes with a switch, and
//! stays when that goes off (26.7.5).

use crate::kind::behaviour::{Behaviour, New};
use crate::kind::created::recording;
use crate::kind::{CLIENT, kind, lift_object};
use crate::state::{Address, Object};
use crate::text::tree_of_json;

pub(super) struct OfRealms;

impl Behaviour for OfRealms {
    fn makes_along(&self, new: New<'_>) -> Vec<(Address, Object)> {
        let recorded = || {
            let exported = recording("realm/admin-permissions", new.version)?.get("exported")?;
            exported.get("clients/admin-permissions")
        };
        let Some(client) = recorded().filter(|_| new.object.is_true("adminPermissionsEnabled")) else {
            return Vec::new();
        };
        let made = lift_object(kind(CLIENT), &tree_of_json(client), None).into_live();
        made.objects.iter().map(|(address, object)| (address.clone(), object.clone())).collect()
    }
}
