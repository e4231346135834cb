//! The administration of a realm as something to be asked for: one resource, and a scope and a permission for every role.

use std::collections::BTreeSet;

use super::Interned;
use crate::access::administration::administration;
use crate::access::chain::short;
use crate::access::realm::{
    Applied, Mode, Permission, PermissionType, Policy, PolicyIs, Realm, Required, Resource, Server, Strategy,
};
use crate::access::through::TokenReads;
use crate::kind::{CLIENT, RESOURCE, SCOPE, is_administration};
use crate::state::Address;

/// Returns the client whose roles administer a realm: in `master`, those of its other realms come with it.
pub(super) fn client(realm: &Realm) -> Option<usize> {
    ["realm-management", "master-realm"]
        .into_iter()
        .find_map(|it| realm.clients.get(&Address::top(CLIENT, it)))
}

/// Compiles the administration of a realm; nothing where it has none.
///
/// From 26.7 on, who holds a role has it. On 26.0 that is so with lightweight tokens and those without `sub` alone, and any
/// other token is believed: whatever mapper puts a role of administration into it opens the admin API to whoever comes through that
/// client, and what no mapper puts there opens nothing (measured on 26.0.8 with hard-coded roles, renamed roles, and
/// claims that stand where roles stand; on 26.7.5 none of these opens anything, nor does any of them through a client
/// with lightweight tokens on either).
pub(super) fn server(realm: &Realm) -> Option<Server> {
    let client = client(realm)?;
    let own = &realm.clients.addresses[client];
    let name = if own.name() == "realm-management" { "" } else { "master" };
    let all = realm.roles.addresses.iter().enumerate();
    let (positions, roles): (Vec<usize>, Vec<&Address>) =
        all.filter(|it| is_administration(it.1, name)).unzip();
    let scope = |it: &&Address| {
        let is_own = it.parent().as_ref() == Some(own);
        administration().child(SCOPE, if is_own { it.name().to_owned() } else { short(it) })
    };
    let sources: &[bool] = if realm.believes_tokens { &[true, false] } else { &[true] };
    let (mut policies, mut policy_entries, mut permission_entries) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (of, role)) in positions.iter().zip(&roles).enumerate() {
        let first = policy_entries.len();
        for from_database in sources {
            let is = PolicyIs::Role {
                roles: vec![Required { of: *of, required: true }],
                from_database: *from_database,
            };
            policies.push((*role).clone());
            policy_entries.push(Policy { negative: false, is });
        }
        let asked: Vec<usize> = (first..policy_entries.len()).collect();
        permission_entries.push(Permission {
            of: PermissionType::Scope,
            strategy: Strategy::Affirmative,
            leaves: asked.clone(),
            policies: asked,
            resources: BTreeSet::from([0]),
            scopes: BTreeSet::from([at]),
            resource_type: String::new(),
        });
    }
    let scopes: BTreeSet<usize> = (0..roles.len()).collect();
    let mut token_reads = TokenReads::of(policy_entries.iter().map(|it| &it.is));
    token_reads.subject = realm.believes_tokens;
    Some(Server {
        client,
        settings: administration(),
        mode: Mode::Enforcing,
        strategy: Strategy::Unanimous,
        opens_managed: false,
        is_fine_grained: false,
        token_reads,
        scopes: Interned::new(roles.iter().map(scope)),
        resources: Interned::new(std::iter::once(administration().child(RESOURCE, administration().name()))),
        resource_entries: vec![Resource {
            of_type: String::new(),
            owner: None,
            owner_managed: false,
            several: false,
            own: scopes.clone(),
            all: scopes,
            applied: (0..roles.len()).map(|permission| Applied { permission, phase: 1 }).collect(),
        }],
        policies: Interned::new(policies.into_iter()),
        policy_entries,
        permissions: Interned::new(roles.into_iter().cloned()),
        permission_entries,
        scope_wide: Vec::new(),
    })
}
