//! The authorization of one client, with what applies to each resource worked out once.

use std::collections::BTreeSet;

use super::{fine_grained, refs, set};
use crate::access::bits::Bits;
use crate::access::realm::{
    Applied, GroupRule, Interned, Mode, Permission, PermissionType, Policy, PolicyIs, Realm, Required,
    Resource, Server, Strategy,
};
use crate::access::through::TokenReads;
use crate::access::time::Window;
use crate::kind::{
    NEWEST, PERMISSION, POLICY, RESOURCE, SCOPE, TARGETS, Version, is_fine_grained, resource_for,
};
use crate::state::{Address, KindName, Node, Object, State};
use crate::text::java_regex::FullMatch;

mod share;

use share::Shares;

/// Since then a name alone in a claim means a group at the top (release notes of 26.8; not measured).
const NAMES_MEAN_TOP_GROUPS: Version = Version::of(26, 8);

/// Since when a group with those below it is not every group whose path begins with the same letters, as `/a` and `/ab`
/// (CVE-2026-18203; measured on 26.0.8 and 26.7.5).
const PATHS_END: &[Version] = &[Version::of(26, 6).with_patch(8), Version::of(26, 7).with_patch(5)];

pub(super) fn compile(
    state: &State,
    realm: &Realm,
    client: usize,
    settings: Address,
    object: &Object,
    version: Version,
) -> Server {
    let owner = &realm.clients.addresses[client];
    let table = |kind: KindName| {
        Interned::new(state.under(owner).map(|(it, _)| it).filter(|it| it.kind() == kind).cloned())
    };
    let (scopes, resources) = (table(SCOPE), table(RESOURCE));
    let (mut policies, mut permissions) = (table(POLICY), table(PERMISSION));
    let objects =
        |table: &Interned| -> Vec<&Object> { table.addresses.iter().map(|it| &state.objects[it]).collect() };
    let mut policy_entries: Vec<Policy> = objects(&policies)
        .into_iter()
        .map(|it| {
            let mut is = policy(realm, &policies, it, version);
            if let PolicyIs::Role { from_database, .. } = &mut is {
                // Who administers is asked for what they hold, and not for a token.
                *from_database |= is_fine_grained(owner, version);
            }
            Policy { negative: it.text("logic") == "NEGATIVE", is }
        })
        .collect();
    let mut permission_entries: Vec<Permission> = objects(&permissions)
        .into_iter()
        .map(|it| {
            let direct = refs(it, "policies", &|it| policies.get(it));
            Permission {
                of: match it.text("type") {
                    "resource" => PermissionType::Resource,
                    "scope" => PermissionType::Scope,
                    "uma" if it.text("condition").is_empty() => PermissionType::Share,
                    _ => PermissionType::Other,
                },
                strategy: strategy(it),
                leaves: leaves(&policy_entries, &direct),
                policies: direct,
                resources: set(refs(it, TARGETS, &|it| resources.get(&resource_for(owner, it)))),
                scopes: set(refs(it, "scopes", &|it| scopes.get(it))),
                resource_type: it.text("resourceType").to_owned(),
            }
        })
        .collect();
    let mut resource_entries: Vec<Resource> = objects(&resources)
        .into_iter()
        .map(|it| {
            let own = set(refs(it, "scopes", &|it| scopes.get(it)));
            Resource {
                of_type: it.text("type").to_owned(),
                owner: it.get("owner").and_then(Node::as_ref).cloned(),
                owner_managed: it.is_true("ownerManagedAccess"),
                several: it.namesakes > 0,
                all: own.clone(),
                own,
                applied: Vec::new(),
            }
        })
        .collect();
    let is_fine_grained = is_fine_grained(owner, version);
    if is_fine_grained {
        let (of_policies, of_permissions) =
            ((&mut policies, &mut policy_entries), (&mut permissions, &mut permission_entries));
        fine_grained::add_roles(realm, &scopes, of_policies, of_permissions);
        let all = (&permissions, &permission_entries[..]);
        fine_grained::apply(state, realm, &resources, &mut resource_entries, all);
    } else {
        inherit(&mut resource_entries);
        let of_permissions = objects(&permissions);
        let mut shares = Shares {
            client: owner,
            policies: &mut policies,
            policy_entries: &mut policy_entries,
            permissions: &mut permissions,
            permission_entries: &mut permission_entries,
        };
        shares.fill(&of_permissions, &resource_entries);
        apply(&mut resource_entries, shares.permission_entries);
        shares.reach(&mut resource_entries);
    }
    let scope_wide = (0..permission_entries.len())
        .filter(|_| !is_fine_grained)
        .filter(|it| {
            let entry = &permission_entries[*it];
            entry.of == PermissionType::Scope && entry.resources.is_empty() && entry.resource_type.is_empty()
        })
        .collect();
    Server {
        client,
        settings,
        mode: match object.text("policyEnforcementMode") {
            "PERMISSIVE" => Mode::Permissive,
            "DISABLED" => Mode::Disabled,
            _ => Mode::Enforcing,
        },
        opens_managed: version < NEWEST,
        is_fine_grained,
        strategy: strategy(object),
        token_reads: TokenReads::of(policy_entries.iter().map(|it| &it.is)),
        scopes,
        resources,
        resource_entries,
        policies,
        policy_entries,
        permissions,
        permission_entries,
        scope_wide,
    }
}

/// Users' resources have the scopes of the server's resources of their type.
fn inherit(resources: &mut [Resource]) {
    for at in 0..resources.len() {
        if resources[at].owner.is_none() || resources[at].of_type.is_empty() {
            continue;
        }
        let of_type = resources[at].of_type.clone();
        let models = resources.iter().filter(|it| it.owner.is_none() && it.of_type == of_type);
        let more: BTreeSet<usize> = models.flat_map(|it| it.own.iter().copied()).collect();
        resources[at].all.extend(more);
    }
}

/// Works out phases 1 to 3 of each resource.
fn apply(resources: &mut [Resource], permissions: &[Permission]) {
    let mut naming: Vec<Vec<usize>> = vec![Vec::new(); resources.len()];
    for (at, permission) in permissions.iter().enumerate() {
        for resource in &permission.resources {
            naming[*resource].push(at);
        }
    }
    let typed: Vec<usize> = (0..permissions.len())
        .filter(|it| !permissions[*it].resource_type.is_empty() && !permissions[*it].policies.is_empty())
        .collect();
    for at in 0..resources.len() {
        let resource = &resources[at];
        let mut applied: Vec<Applied> =
            naming[at].iter().map(|it| Applied { permission: *it, phase: 1 }).collect();
        let mut seen: BTreeSet<usize> = naming[at].iter().copied().collect();
        if !resource.of_type.is_empty() {
            for permission in &typed {
                if is_like(&permissions[*permission].resource_type, &resource.of_type)
                    && seen.insert(*permission)
                {
                    applied.push(Applied { permission: *permission, phase: 2 });
                }
            }
        }
        if resource.owner.is_some() && !resource.of_type.is_empty() {
            for (model, _) in resources
                .iter()
                .enumerate()
                .filter(|(_, it)| it.owner.is_none() && it.of_type == resource.of_type)
            {
                for permission in &naming[model] {
                    if seen.insert(*permission) {
                        applied.push(Applied { permission: *permission, phase: 3 });
                    }
                }
            }
        }
        resources[at].applied = applied;
    }
}

/// SQL's LIKE, with the type of the resource as the pattern: the server asks its database this way round.
pub(in crate::access) fn is_like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // One row of the table of what of the text each prefix of the pattern can have taken.
    let mut reached: Vec<bool> = (0..=text.len()).map(|it| it == 0).collect();
    for wanted in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match wanted {
                '%' => reached[at] || (at > 0 && next[at - 1]),
                '_' => at > 0 && reached[at - 1],
                _ => at > 0 && reached[at - 1] && text[at - 1] == wanted,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

fn strategy(object: &Object) -> Strategy {
    match object.text("decisionStrategy") {
        "AFFIRMATIVE" => Strategy::Affirmative,
        "CONSENSUS" => Strategy::Consensus,
        _ => Strategy::Unanimous,
    }
}

fn policy(realm: &Realm, policies: &Interned, object: &Object, version: Version) -> PolicyIs {
    let items = |field: &str, id: &str, option: &str| -> Vec<(Option<Address>, bool)> {
        let items = object.get(field).map_or(&[][..], Node::items);
        let flag = |it: &Node| it.get(option).and_then(Node::as_bool).unwrap_or(false);
        items.iter().map(|it| (it.get(id).and_then(Node::as_ref).cloned(), flag(it))).collect()
    };
    let required = |items: Vec<(Option<Address>, bool)>, table: &Interned, default: Option<usize>| {
        let position = |it: Address| {
            if it.name() == crate::kind::DEFAULT_ROLE { default } else { table.get(&it) }
        };
        let items = items.into_iter();
        items.filter_map(|(it, required)| Some(Required { of: position(it?)?, required })).collect()
    };
    let text = |field: &str| object.get(field).and_then(Node::scalar);
    match object.text("type") {
        "role" => PolicyIs::Role {
            roles: required(items("roles", "id", "required"), &realm.roles, realm.default_role),
            from_database: object.is_true("fetchRoles"),
        },
        "user" => PolicyIs::User {
            users: object
                .get("users")
                .map_or(&[][..], Node::items)
                .iter()
                .filter_map(|it| it.as_ref().cloned())
                .collect(),
        },
        "group" => {
            let rule = |(group, children): (Option<Address>, bool)| {
                let group = realm.groups.get(&group?)?;
                let is_top = realm.groups.addresses[group].parent().is_none();
                let by_name = is_top || version < NAMES_MEAN_TOP_GROUPS;
                Some(GroupRule { group, children, by_name, of_like_paths: !version.has_fix(PATHS_END) })
            };
            let groups: Vec<GroupRule> =
                items("groups", "path", "extendChildren").into_iter().filter_map(rule).collect();
            let direct: Bits = (0..realm.groups.len())
                .filter(|it| group_matches(realm, &groups, &realm.group_entries[*it].path))
                .collect();
            PolicyIs::Group { groups, claim: text("groupsClaim").filter(|it| !it.is_empty()), direct }
        }
        "client" => PolicyIs::Client { clients: set(refs(object, "clients", &|it| realm.clients.get(it))) },
        "client-scope" => PolicyIs::ClientScope {
            scopes: required(items("clientScopes", "id", "required"), &realm.client_scopes, None),
        },
        "regex" => PolicyIs::Regex {
            target: text("targetClaim").unwrap_or_default(),
            of_request: object.is_true("targetContextAttributes"),
            pattern: FullMatch::new(&text("pattern").unwrap_or_default()),
            written: text("pattern").unwrap_or_default(),
        },
        "time" => PolicyIs::Time(Box::new(Window::new(&|field| text(field)))),
        "aggregate" => PolicyIs::Aggregate {
            policies: refs(object, "policies", &|it| policies.get(it)),
            strategy: strategy(object),
        },
        other => PolicyIs::Unknown { of_type: other.to_owned() },
    }
}

/// Whether a value of the groups claim, or the path of a group the user is in, is one of these groups.
pub(in crate::access) fn group_matches(realm: &Realm, rules: &[GroupRule], value: &str) -> bool {
    rules.iter().any(|rule| {
        let path = &realm.group_entries[rule.group].path;
        let below =
            || value.strip_prefix(path.as_str()).is_some_and(|it| rule.of_like_paths || it.starts_with('/'));
        let named = || value == realm.groups.addresses[rule.group].name();
        value == path || (rule.children && below()) || (rule.by_name && named())
    })
}

fn leaves(policies: &[Policy], direct: &[usize]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let mut open = direct.to_vec();
    let mut out = BTreeSet::new();
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        if let PolicyIs::Aggregate { policies, .. } = &policies[at].is {
            open.extend(policies);
        } else {
            out.insert(at);
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn types_are_compared_as_patterns_of_the_database() {
        for (text, pattern, matches) in [
            ("urn:a", "urn:a", true),
            ("urn:a", "urn:_", true),
            ("urn:_", "urn:a", false),
            ("urn:abc", "urn:%", true),
            ("urn:abc", "%c", true),
            ("urn:abc", "%b", false),
            ("URN:a", "urn:a", false),
            ("", "%", true),
        ] {
            assert_eq!(is_like(text, pattern), matches, "{text} like {pattern}");
        }
    }
}
