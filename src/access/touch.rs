//! What the single parts of a plan do to access, and which of them meet on one decision.
//!
//! A decision is about a spot: one scope of one resource. Under UNANIMOUS each permission on a spot narrows what
//! the others permit, under AFFIRMATIVE it widens it; so the same part closes one spot and opens another.

mod crossing;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::bounds::ResourceScope;
use super::realm::{Mode, PermissionType, PolicyIs, Realm, Server, Strategy};
use super::turn::{Reads, Turn, turn};
use crate::change::{Action, Change};
use crate::kind::{CLIENT, PERMISSION, POLICY, REACHED_BY, RESOURCE, SETTINGS, USER};
use crate::state::{Address, State};
use crossing::Crossings;

/// What one part of a plan does to access.
#[derive(Clone, Debug, Default)]
pub struct Touch {
    /// What it does to who holds what.
    pub holds: Option<Turn>,
    /// The only person whom that concerns; nothing: it may concern everybody.
    pub person: Option<Address>,
    /// What it does to single spots, by position.
    pub spots: Vec<(usize, Turn)>,
    /// What it does to all resources of a client at once.
    pub settings: Option<(Address, Turn)>,
}

/// What all parts do.
pub struct Touches {
    /// In the order of the parts.
    pub parts: Vec<Touch>,
    /// Resources and their scopes, which spots are positions of.
    pub spots: Vec<ResourceScope>,
    /// Who holds less may be permitted more.
    pub inverted: bool,
}

/// The strictest of what a client decides by before and after: with it, all changes in between are made.
#[derive(Clone, Copy)]
struct Rules {
    was_permissive: bool,
    permissive: bool,
    affirmative: bool,
}

/// Permissions on one spot, and whether each of them simply has its say there.
type Covers = BTreeMap<Address, bool>;

struct Map<'a> {
    states: [&'a State; 2],
    realms: [&'a Realm; 2],
    spots: Vec<ResourceScope>,
    positions: BTreeMap<ResourceScope, usize>,
    covers: Vec<[Covers; 2]>,
    /// The spots of each permission.
    of_permission: [BTreeMap<Address, BTreeSet<usize>>; 2],
    of_resource: [BTreeMap<Address, BTreeSet<usize>>; 2],
    /// The permissions that hang on each policy, through aggregates too.
    uses: [BTreeMap<Address, BTreeSet<Address>>; 2],
    crossings: Crossings,
}

/// Returns what each part of a plan does to access.
///
/// `loose` are policies that may change while permissions come to them or leave them.
pub fn touches(
    states: [&State; 2],
    realms: [&Realm; 2],
    parts: &[Change],
    loose: &BTreeSet<Address>,
) -> Touches {
    let reads = Reads::of(realms);
    let mut map = Map {
        states,
        realms,
        spots: Vec::new(),
        positions: BTreeMap::new(),
        covers: Vec::new(),
        of_permission: Default::default(),
        of_resource: Default::default(),
        uses: Default::default(),
        crossings: Crossings::default(),
    };
    for (side, realm) in realms.iter().enumerate() {
        for server in realm.servers.values() {
            map.add(side, server);
        }
    }
    let changed: BTreeSet<&Address> = parts.iter().map(|it| &it.object).collect();
    map.crossings = Crossings::of(realms, &changed, &map.positions, &map.covers);
    let parts = parts
        .iter()
        .map(|part| Touch {
            holds: turn(part, states, &reads),
            person: (part.object.kind() == USER).then(|| part.object.clone()),
            spots: map.touched(part, &changed, loose),
            settings: map.settings(part),
        })
        .collect();
    Touches { parts, spots: map.spots, inverted: reads.inverted }
}

impl Map<'_> {
    fn add(&mut self, side: usize, server: &Server) {
        for (at, resource) in server.resources.addresses.iter().enumerate() {
            let entry = &server.resource_entries[at];
            let scopes: Vec<Option<usize>> =
                if entry.all.is_empty() { vec![None] } else { entry.all.iter().copied().map(Some).collect() };
            let spots: Vec<(Option<usize>, usize)> = scopes
                .into_iter()
                .map(|scope| {
                    let asked = (resource.clone(), scope.map(|it| server.scopes.addresses[it].clone()));
                    (scope, self.position(asked))
                })
                .collect();
            let all = self.of_resource[side].entry(resource.clone()).or_default();
            all.extend(spots.iter().map(|it| it.1));
            let wide = server.scope_wide.iter().map(|it| (*it, 4));
            for (permission, phase) in entry.applied.iter().map(|it| (it.permission, it.phase)).chain(wide) {
                let it = &server.permission_entries[permission];
                let is_scope = it.of == PermissionType::Scope;
                for (scope, spot) in &spots {
                    let says = !is_scope
                        // One for all of a type denies whatever its scopes are.
                        || server.is_fine_grained
                        || scope.is_some_and(|scope| it.scopes.contains(&scope));
                    // Where nothing applies, PERMISSIVE permits: a permission on one scope ends that for all.
                    if !says && (server.mode != Mode::Permissive || phase == 4) {
                        continue;
                    }
                    let simple = says
                        && !server.is_fine_grained
                        && phase == 1
                        && entry.owner.is_none()
                        && matches!(it.of, PermissionType::Resource | PermissionType::Scope)
                        && !it.policies.is_empty();
                    let address = &server.permissions.addresses[permission];
                    self.covers[*spot][side].insert(address.clone(), simple);
                    self.of_permission[side].entry(address.clone()).or_default().insert(*spot);
                }
            }
        }
        for (permission, entry) in server.permissions.addresses.iter().zip(&server.permission_entries) {
            let mut open = entry.policies.clone();
            let mut seen = BTreeSet::new();
            while let Some(at) = open.pop() {
                if !seen.insert(at) {
                    continue;
                }
                if let PolicyIs::Aggregate { policies, .. } = &server.policy_entries[at].is {
                    open.extend(policies);
                }
                let policy = server.policies.addresses[at].clone();
                self.uses[side].entry(policy).or_default().insert(permission.clone());
            }
        }
    }

    fn position(&mut self, asked: ResourceScope) -> usize {
        if let Some(known) = self.positions.get(&asked) {
            return *known;
        }
        self.positions.insert(asked.clone(), self.spots.len());
        self.spots.push(asked);
        self.covers.push(Default::default());
        self.spots.len() - 1
    }

    fn rules(&self, client: Option<&Address>) -> Rules {
        let servers: Vec<&Server> =
            self.realms.iter().filter_map(|it| client.and_then(|client| it.server(client))).collect();
        Rules {
            was_permissive: servers.first().is_some_and(|it| it.mode != Mode::Enforcing),
            permissive: servers.iter().all(|it| it.mode != Mode::Enforcing),
            affirmative: servers.iter().all(|it| it.strategy == Strategy::Affirmative),
        }
    }

    /// What a change of enforcement or of the strategy does to everything under a client.
    fn settings(&self, part: &Change) -> Option<(Address, Turn)> {
        let client = part.object.ancestor(CLIENT)?;
        let is_end = part.object.kind() == CLIENT
            && (part.action == Action::Delete || self.realms[1].server(&client).is_none());
        if is_end && self.realms[0].server(&client).is_some() {
            return Some((client, Turn::Closes));
        }
        if part.object.kind() != SETTINGS || part.action == Action::Delete {
            return None;
        }
        let rank = |realm: &Realm, field: &str| {
            let server = realm.server(&client);
            match field {
                "policyEnforcementMode" => match server.map(|it| it.mode) {
                    None | Some(Mode::Enforcing) => 0,
                    Some(Mode::Permissive) => 1,
                    Some(Mode::Disabled) => 2,
                },
                "decisionStrategy" => u8::from(server.is_some_and(|it| it.strategy != Strategy::Unanimous)),
                _ => 0,
            }
        };
        let turns = part.fields.iter().filter_map(|it| {
            let [before, after] = self.realms.map(|realm| rank(realm, &it.path.field));
            match before.cmp(&after) {
                Ordering::Less => Some(Turn::Opens),
                Ordering::Equal => None,
                Ordering::Greater => Some(Turn::Closes),
            }
        });
        let turn = turns.reduce(|one, other| if one == other { one } else { Turn::Both })?;
        Some((client, turn))
    }

    fn touched(
        &self,
        part: &Change,
        changed: &BTreeSet<&Address>,
        loose: &BTreeSet<Address>,
    ) -> Vec<(usize, Turn)> {
        let names = |fields: &[&str]| {
            part.action != Action::Update || part.fields.iter().any(|it| fields.contains(&&*it.path.field))
        };
        match part.object.kind() {
            PERMISSION if names(&["policies", "resources", "scopes", "resourceType", "decisionStrategy"]) => {
                self.of_permission(&part.object)
            }
            POLICY if part.action == Action::Create => Vec::new(),
            POLICY if names(&["description"]) && part.fields.len() == 1 => Vec::new(),
            POLICY => self.of_policy(part, changed, loose.contains(&part.object)),
            RESOURCE => self.of_resource(part),
            _ => Vec::new(),
        }
    }

    fn of_permission(&self, permission: &Address) -> Vec<(usize, Turn)> {
        let none = BTreeSet::new();
        let [before, after] = [0, 1].map(|side| self.of_permission[side].get(permission).unwrap_or(&none));
        let half_way = |of: &BTreeMap<Address, BTreeSet<usize>>, turn: Turn| {
            let spots = of.get(permission).into_iter().flatten();
            spots.map(move |it| (*it, turn)).collect::<Vec<_>>()
        };
        // Before it comes the resource that it does not reach in the end, behind it the one that it did not reach.
        let crossing =
            [half_way(&self.crossings.late, Turn::Opens), half_way(&self.crossings.early, Turn::Closes)];
        let spots = before.union(after);
        spots
            .map(|spot| {
                let turn = match (before.contains(spot), after.contains(spot)) {
                    (false, true) => self.joins(*spot, permission),
                    (true, false) => self.leaves(*spot, permission),
                    _ => Turn::Both,
                };
                (*spot, turn)
            })
            .chain(crossing.into_iter().flatten())
            .collect()
    }

    /// Without a scope to grant, one permission that denies is enough whatever the strategy.
    fn rules_on(&self, spot: usize) -> Rules {
        let (resource, scope) = &self.spots[spot];
        let rules = self.rules(resource.parent().as_ref());
        Rules { affirmative: rules.affirmative && scope.is_some(), ..rules }
    }

    /// What a permission does that comes to a spot.
    fn joins(&self, spot: usize, permission: &Address) -> Turn {
        let rules = self.rules_on(spot);
        let [before, after] = &self.covers[spot];
        let others = |covers: &Covers| covers.keys().any(|it| it != permission);
        // On a scope that only comes, what was there before is what will cover it.
        let (resource, _) = &self.spots[spot];
        let is_new = self.of_resource[0].get(resource).is_none_or(|it| !it.contains(&spot));
        let stays = is_new && after.keys().any(|it| it != permission && self.states[0].contains(it));
        let simple = before.values().chain(after.values()).all(|it| *it);
        match (others(before) || stays, others(after)) {
            (false, false) if rules.permissive => Turn::Closes,
            (false, false) => Turn::Opens,
            _ if !simple => Turn::Both,
            _ if rules.affirmative => {
                if rules.permissive {
                    Turn::Both
                } else {
                    Turn::Opens
                }
            }
            (true, _) => Turn::Closes,
            (false, true) => Turn::Both,
        }
    }

    /// What a permission does that goes from a spot.
    fn leaves(&self, spot: usize, permission: &Address) -> Turn {
        let rules = self.rules_on(spot);
        let [before, after] = &self.covers[spot];
        let others = |covers: &Covers| covers.keys().any(|it| it != permission);
        let simple = before.values().chain(after.values()).all(|it| *it);
        match (others(before), others(after)) {
            (false, false) if rules.permissive => Turn::Opens,
            (false, false) => Turn::Closes,
            _ if !simple => Turn::Both,
            _ if rules.affirmative => {
                if rules.permissive {
                    Turn::Both
                } else {
                    Turn::Closes
                }
            }
            (_, true) => Turn::Opens,
            (true, false) => Turn::Both,
        }
    }

    /// A policy matters where a permission hangs on it before and after: what drops it goes before it changes, what
    /// takes it up comes after.
    fn of_policy(&self, part: &Change, changed: &BTreeSet<&Address>, loose: bool) -> Vec<(usize, Turn)> {
        let none = BTreeSet::new();
        let [before, after] = [0, 1].map(|side| self.uses[side].get(&part.object).unwrap_or(&none));
        let permissions: Vec<&Address> = if part.action == Action::Delete {
            before.iter().filter(|it| !changed.contains(it)).collect()
        } else if loose {
            before.union(after).collect()
        } else {
            before.intersection(after).collect()
        };
        let spots: BTreeSet<usize> = permissions
            .into_iter()
            .flat_map(|it| self.of_permission.iter().filter_map(|side| side.get(it)))
            .flatten()
            .copied()
            .collect();
        spots.into_iter().map(|it| (it, Turn::Both)).collect()
    }

    fn is_of_user(&self, resource: &Address) -> bool {
        self.states.iter().filter_map(|it| it.get(resource)).any(|it| it.get("owner").is_some())
    }

    /// Whether a resource will have what permissions reach it by.
    fn gets_reached(&self, resource: &Address) -> bool {
        let becomes = self.states[1].get(resource);
        becomes.is_some_and(|it| {
            !it.text("type").is_empty() || it.get("scopes").is_some_and(|it| !it.items().is_empty())
        })
    }

    fn of_resource(&self, part: &Change) -> Vec<(usize, Turn)> {
        let none = BTreeSet::new();
        let [before, after] = [0, 1].map(|side| self.of_resource[side].get(&part.object).unwrap_or(&none));
        let rules = self.rules(part.object.parent().as_ref());
        let is_named = |field: &str| part.fields.iter().any(|it| &*it.path.field == field);
        match part.action {
            Action::Delete => before.iter().map(|it| (*it, Turn::Closes)).collect(),
            // Bare, nothing reaches it yet.
            Action::Create
                if !REACHED_BY.iter().any(|it| is_named(it)) && self.gets_reached(&part.object) =>
            {
                Vec::new()
            }
            Action::Create => after
                .iter()
                .filter_map(|spot| {
                    let covers = &self.covers[*spot][1];
                    if rules.permissive {
                        return Some((*spot, if covers.is_empty() { Turn::Opens } else { Turn::Both }));
                    }
                    // As long as the client still is PERMISSIVE, a resource without permission is open.
                    let opens = rules.was_permissive
                        || covers.keys().any(|it| self.states[0].contains(it))
                        || self.crossings.reached.contains(spot);
                    opens.then_some((*spot, Turn::Opens))
                })
                .collect(),
            _ => {
                let mut out: BTreeMap<usize, Turn> = BTreeMap::new();
                if is_named("scopes") {
                    out.extend(before.difference(after).map(|it| (*it, Turn::Closes)));
                    out.extend(after.difference(before).map(|it| (*it, Turn::Opens)));
                }
                if is_named("ownerManagedAccess") || is_named("owner") {
                    out.extend(before.union(after).map(|it| (*it, Turn::Both)));
                }
                if is_named("type") {
                    let client = part.object.parent();
                    // Resources of users take after those of their type.
                    let is_near = |it: &Address| *it == part.object || self.is_of_user(it);
                    let near = (0..self.spots.len())
                        .filter(|it| self.spots[*it].0.parent() == client && is_near(&self.spots[*it].0));
                    out.extend(near.map(|it| (it, Turn::Both)));
                }
                out.into_iter().collect()
            }
        }
    }
}
