//! A realm in the form that decisions are made on: every name is a position in a table.

use std::collections::{BTreeMap, BTreeSet};

use super::administration::administration;
use super::bits::Bits;
use super::claims::{has_no_switch, may_carry_roles};
use super::policy::Holds;
use super::through::TokenReads;
use super::time::Window;
use crate::state::{Address, Object};
use crate::text::java_regex::FullMatch;

/// The mapper that puts `sub` into access tokens.
pub(super) const SUB: &str = "oidc-sub-mapper";

/// A compiled realm. Everything a decision can depend on, and nothing else.
#[derive(Debug)]
pub struct Realm {
    pub(super) roles: Interned,
    /// Per role: itself and everything it is composed of.
    pub(super) closures: Vec<Bits>,
    /// Per role: what it is composed of directly.
    pub(super) composites: Vec<Vec<usize>>,
    pub(super) default_role: Option<usize>,
    pub(super) groups: Interned,
    pub(super) group_entries: Vec<Group>,
    pub(super) default_groups: Vec<usize>,
    pub(super) users: Interned,
    pub(super) user_entries: Vec<User>,
    pub(super) clients: Interned,
    pub(super) client_entries: Vec<Client>,
    pub(super) client_scopes: Interned,
    pub(super) client_scope_entries: Vec<ClientScope>,
    /// Clients with authorization, by their position.
    pub(super) servers: BTreeMap<usize, Server>,
    /// A realm that is disabled gives nobody a token.
    pub(super) enabled: bool,
    /// The roles that count for administrators who come through any client; nothing where these are all.
    pub(super) reach: Option<Bits>,
    /// Who administers is read from the token, but for lightweight ones and those without `sub`, and not looked up.
    pub(super) believes_tokens: bool,
    /// The realm's own administration.
    pub(super) administration: Option<Box<Server>>,
}

/// Addresses and their positions.
#[derive(Debug, Default)]
pub(super) struct Interned {
    pub(super) addresses: Vec<Address>,
    /// Positions in the order of the addresses.
    in_order: Vec<usize>,
}

impl Interned {
    pub(super) fn new(addresses: impl Iterator<Item = Address>) -> Self {
        let addresses: Vec<Address> = addresses.collect();
        let mut in_order: Vec<usize> = (0..addresses.len()).collect();
        in_order.sort_by_key(|it| &addresses[*it]);
        Self { addresses, in_order }
    }

    pub(super) fn get(&self, address: &Address) -> Option<usize> {
        let found = self.in_order.binary_search_by_key(&address, |it| &self.addresses[*it]);
        found.ok().map(|it| self.in_order[it])
    }

    /// Adds an entry that nothing is looked up by. Returns its position.
    pub(super) fn push(&mut self, address: Address) -> usize {
        self.addresses.push(address);
        self.addresses.len() - 1
    }

    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }
}

#[derive(Debug)]
pub(super) struct Group {
    /// `/a/b`, as policies and claims compare it: slashes in names are not escaped.
    pub(super) path: String,
    pub(super) parent: Option<usize>,
    pub(super) roles: Vec<usize>,
    pub(super) attributes: BTreeMap<String, Vec<String>>,
}

#[derive(Debug)]
pub(super) struct User {
    pub(super) id: Option<String>,
    pub(super) enabled: bool,
    pub(super) roles: Vec<usize>,
    pub(super) groups: Vec<usize>,
    /// Attributes, with `email`, `firstName` and `lastName` among them as in Keycloak.
    pub(super) attributes: BTreeMap<String, Vec<String>>,
    pub(super) email_verified: bool,
    /// The client whose service account this is.
    pub(super) account_of: Option<usize>,
}

#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of Keycloak's")]
#[derive(Debug)]
pub(super) struct Client {
    pub(super) enabled: bool,
    /// Whether it can get tokens for people: it is enabled and has a flow for that.
    pub(super) for_people: bool,
    pub(super) full_scope: bool,
    pub(super) lightweight: bool,
    pub(super) service_account: bool,
    /// Roles that its tokens may carry beside its own.
    pub(super) mapped_roles: Vec<usize>,
    pub(super) default_scopes: Vec<usize>,
    pub(super) optional_scopes: Vec<usize>,
    pub(super) mappers: Vec<Mapper>,
}

impl Client {
    /// Returns whether it gets tokens for its service account, or for people.
    pub(super) fn is_for(&self, accounts: bool) -> bool {
        if accounts { self.enabled && self.service_account } else { self.for_people }
    }
}

#[derive(Debug)]
pub(super) struct ClientScope {
    /// Roles that its tokens may carry; when there are any, it is only for users who have one of them.
    pub(super) mapped_roles: Vec<usize>,
    pub(super) in_token: bool,
    pub(super) mappers: Vec<Mapper>,
}

#[derive(Debug)]
pub(super) struct Mapper {
    pub(super) address: Address,
    pub(super) provider: String,
    pub(super) config: BTreeMap<String, String>,
    /// Tokens that it writes into may be none that the server takes.
    pub(super) spoils: bool,
}

/// What a client with authorization enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Enforcing,
    Permissive,
    Disabled,
}

/// How yes and no add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    Unanimous,
    Affirmative,
    Consensus,
}

/// The authorization of one client.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) client: usize,
    pub(super) settings: Address,
    pub(super) mode: Mode,
    pub(super) strategy: Strategy,
    /// Permissive enforcement opens even what its owner manages: so on 26.0, and no more on 26.7.
    pub(super) opens_managed: bool,
    /// The permissions are those over administration, which add up in their own way.
    pub(super) is_fine_grained: bool,
    pub(super) scopes: Interned,
    pub(super) resources: Interned,
    pub(super) resource_entries: Vec<Resource>,
    pub(super) policies: Interned,
    pub(super) policy_entries: Vec<Policy>,
    pub(super) permissions: Interned,
    pub(super) permission_entries: Vec<Permission>,
    /// Permissions that phase 4 looks at: scope permissions without resources and type.
    pub(super) scope_wide: Vec<usize>,
    pub(super) token_reads: TokenReads,
}

#[derive(Debug)]
pub(super) struct Resource {
    pub(super) of_type: String,
    /// Nothing: the server itself.
    pub(super) owner: Option<Address>,
    pub(super) owner_managed: bool,
    /// There are several of this name, and it stands for all of them.
    pub(super) several: bool,
    pub(super) own: BTreeSet<usize>,
    /// Its own scopes and those it takes over from resources of its type.
    pub(super) all: BTreeSet<usize>,
    /// Permissions of phases 1 to 3, in the order the server reads them.
    pub(super) applied: Vec<Applied>,
}

/// A permission that applies to a resource, and since which phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) permission: usize,
    pub(super) phase: u8,
}

/// To whom a permission over administration is: phases of `admin-permissions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tier {
    /// It is none, but a role of administration.
    Role = 0,
    Object,
    /// To the members of a group that the user is in.
    Group,
    /// To the members of all groups.
    AllGroups,
    AllOfType,
}

#[derive(Debug)]
pub(super) struct Policy {
    pub(super) negative: bool,
    pub(super) is: PolicyIs,
}

/// All types of policies; a new one does not compile until every reader knows it.
#[derive(Debug)]
pub(super) enum PolicyIs {
    Role {
        roles: Vec<Required>,
        from_database: bool,
    },
    User {
        users: BTreeSet<Address>,
    },
    Group {
        groups: Vec<GroupRule>,
        claim: Option<String>,
        direct: Bits,
    },
    Client {
        clients: BTreeSet<usize>,
    },
    ClientScope {
        scopes: Vec<Required>,
    },
    Regex {
        target: String,
        of_request: bool,
        pattern: FullMatch,
        written: String,
    },
    Time(Box<Window>),
    Aggregate {
        policies: Vec<usize>,
        strategy: Strategy,
    },
    /// JavaScript, and types that the server's extensions bring.
    Unknown {
        of_type: String,
    },
}

/// A role or client scope that a policy names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Required {
    pub(super) of: usize,
    pub(super) required: bool,
}

/// A group that a policy names.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupRule {
    pub(super) group: usize,
    pub(super) children: bool,
    /// A claim may say its name alone, and not the path.
    pub(super) by_name: bool,
    /// Together with `children`: every path that begins with the group's.
    pub(super) of_like_paths: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PermissionType {
    Resource,
    Scope,
    /// What the owner of a resource shares with others (`uma`).
    Share,
    /// Types that the server's extensions bring, and shares of which it cannot be said with whom.
    Other,
}

#[derive(Debug)]
pub(super) struct Permission {
    pub(super) of: PermissionType,
    pub(super) strategy: Strategy,
    pub(super) policies: Vec<usize>,
    pub(super) resources: BTreeSet<usize>,
    pub(super) scopes: BTreeSet<usize>,
    pub(super) resource_type: String,
    /// Policies at the ends of its aggregates.
    pub(super) leaves: Vec<usize>,
}

impl Realm {
    /// Returns the clients with authorization.
    pub fn servers(&self) -> impl Iterator<Item = &Address> {
        self.servers.keys().map(|it| &self.clients.addresses[*it])
    }

    /// Returns the name of every resource of a client, with its scopes.
    pub fn resources(&self, client: &Address) -> Vec<(&str, Vec<&str>)> {
        let Some(server) = self.server(client) else { return Vec::new() };
        let names = |it: &Resource| it.all.iter().map(|at| server.scopes.addresses[*at].name()).collect();
        let entries = server.resources.addresses.iter().zip(&server.resource_entries);
        entries.map(|(address, it)| (address.name(), names(it))).collect()
    }

    /// Returns how much the owners of a client's resources share with others.
    pub(super) fn shares(&self, client: &Address) -> usize {
        let all = self.server(client).into_iter().flat_map(|it| {
            // One that reaches resources of several owners stands there once for each.
            it.permissions.addresses.iter().zip(&it.permission_entries)
        });
        let shares = all.filter(|(_, it)| it.of == PermissionType::Share).map(|it| it.0);
        shares.collect::<BTreeSet<_>>().len()
    }

    /// Returns the addresses of all users that the state knows.
    pub fn users(&self) -> &[Address] {
        &self.users.addresses
    }

    pub(super) fn server(&self, client: &Address) -> Option<&Server> {
        if *client == administration() {
            return self.administration.as_deref();
        }
        self.servers.get(&self.clients.get(client)?)
    }

    /// Returns whether a user is disabled, or the account of a client that gets no token for it.
    pub(super) fn is_off(&self, user: usize) -> bool {
        let entry = &self.user_entries[user];
        let gets_none = |it: &Client| !it.enabled || !it.service_account;
        !self.enabled
            || !entry.enabled
            || entry.account_of.is_some_and(|it| gets_none(&self.client_entries[it]))
    }

    /// Returns the groups that bring roles to a member of these: themselves and what they stand under.
    pub(super) fn with_parents(&self, groups: &[usize]) -> Bits {
        let mut out = Bits::default();
        for group in groups {
            let mut next = Some(*group);
            while let Some(at) = next {
                if !out.insert(at) {
                    break;
                }
                next = self.group_entries[at].parent;
            }
        }
        out
    }

    /// Returns the roles that tokens of a client may carry although it does not let all through: its own and those
    /// mapped to it. Client scopes bring more.
    fn passed_on(&self, client: usize) -> impl Iterator<Item = usize> {
        let owner = &self.clients.addresses[client];
        let all = self.roles.addresses.iter().enumerate();
        let own = all.filter(move |(_, it)| it.parent().as_ref() == Some(owner)).map(|(role, _)| role);
        own.chain(self.client_entries[client].mapped_roles.iter().copied())
    }

    /// Returns the roles that tokens of a client may carry with these client scopes; nothing where these are all.
    pub(super) fn narrow<'a>(
        &self,
        client: usize,
        scopes: impl IntoIterator<Item = &'a usize>,
    ) -> Option<Bits> {
        if self.client_entries[client].full_scope {
            return None;
        }
        let scopes = scopes.into_iter().map(|it| &self.client_scope_entries[*it]);
        let of_scopes = scopes.flat_map(|it| it.mapped_roles.iter().copied());
        let all: Vec<usize> = self.passed_on(client).chain(of_scopes).collect();
        Some(self.deep_roles(&all, &[]))
    }

    /// Returns the roles that count for administrators who come through a client and ask for every client scope; nothing
    /// where these are all.
    ///
    /// They are those that its tokens may carry. Where tokens are believed, some mapper must write them, too, unless a token
    /// may come without `sub` (measured on 26.0.8; on 26.7.5, and with lightweight tokens on both, that changes nothing).
    pub(super) fn reach_of(&self, client: usize) -> Option<Bits> {
        let Client { default_scopes, optional_scopes, mappers, .. } = &self.client_entries[client];
        let scopes = || default_scopes.iter().chain(optional_scopes);
        let of_scopes = scopes().flat_map(|it| &self.client_scope_entries[*it].mappers);
        let by_default = default_scopes.iter().flat_map(|it| &self.client_scope_entries[*it].mappers);
        if self.looks_up(client, mappers.iter().chain(by_default))
            || mappers.iter().chain(of_scopes).any(|it| self.may_write_roles(client, it))
        {
            self.narrow(client, scopes())
        } else {
            Some(Bits::default())
        }
    }

    /// Returns whether the server looks up what an administrator holds who comes with a token of a client that these mappers
    /// write: where it believes tokens, it does so with lightweight ones and with those without `sub` (measured on 26.0.8).
    pub(super) fn looks_up<'a>(&self, client: usize, mappers: impl Iterator<Item = &'a Mapper>) -> bool {
        let entry = &self.client_entries[client];
        let mut mappers = mappers.filter(|it| it.is_on(entry));
        !self.believes_tokens || entry.lightweight || !mappers.any(|it| it.provider == SUB)
    }

    fn may_write_roles(&self, client: usize, mapper: &Mapper) -> bool {
        let claim = mapper.config("claim.name");
        let is_of_realm = claim.starts_with("realm_access") || has_no_switch(&mapper.provider);
        !is_of_realm && may_carry_roles(&mapper.provider, claim) && mapper.is_on(&self.client_entries[client])
    }

    /// Returns the roles of administration among these that count for somebody, where it is said of which client with a
    /// token of that.
    pub(super) fn counting(&self, held: Bits, client: Option<usize>) -> Bits {
        let own;
        let reach = match client {
            Some(client) => {
                own = self.reach_of(client);
                &own
            }
            None => &self.reach,
        };
        match reach {
            Some(reach) => held.iter().filter(|it| reach.has(*it)).collect(),
            None => held,
        }
    }

    /// Returns the client scopes of a client that apply by default, and those of its others that are asked for.
    pub(super) fn scopes_for(&self, client: usize, asked: &[String]) -> impl Iterator<Item = usize> {
        let Client { default_scopes, optional_scopes, .. } = &self.client_entries[client];
        let is_asked =
            move |it: &&usize| asked.iter().any(|name| name == self.client_scopes.addresses[**it].name());
        default_scopes.iter().chain(optional_scopes.iter().filter(is_asked)).copied()
    }

    /// Returns every role that follows from these and from these groups.
    pub(super) fn deep_roles(&self, roles: &[usize], groups: &[usize]) -> Bits {
        let mut out = Bits::default();
        for role in roles {
            out.add(&self.closures[*role]);
        }
        for group in self.with_parents(groups).iter() {
            for role in &self.group_entries[group].roles {
                out.add(&self.closures[*role]);
            }
        }
        out
    }
}

impl Server {
    /// Returns whether this is the realm's own administration.
    pub(super) fn is_administration(&self) -> bool {
        self.settings == administration()
    }

    /// Returns whether a permission that applies has a say in any of these scopes.
    pub(super) fn covers(&self, it: (usize, u8), requested: &BTreeSet<usize>) -> bool {
        if self.is_fine_grained {
            return self.is_about_any(it, requested);
        }
        let entry = &self.permission_entries[it.0];
        entry.of != PermissionType::Scope || requested.is_empty() || !entry.scopes.is_disjoint(requested)
    }

    /// Returns whether a permission that says this belongs to the reasons of a decision about these scopes.
    pub(super) fn counts(&self, it: (usize, u8), requested: &BTreeSet<usize>, says: Option<Holds>) -> bool {
        let is_no = self.is_fine_grained && says == Some(Holds::No);
        // Of those over administration, one for all of a type denies whatever its scopes, and no role denies.
        match it.1 {
            phase if is_no && phase == Tier::AllOfType as u8 => true,
            phase if is_no && phase == Tier::Role as u8 => false,
            _ => self.covers(it, requested),
        }
    }

    /// Returns whether a permission can apply at all with these policies: without any it is skipped.
    pub(super) fn is_skipped(&self, permission: usize) -> bool {
        let entry = &self.permission_entries[permission];
        entry.policies.is_empty() && entry.of != PermissionType::Other
    }
}

/// Reads a text list or text of an object's map field.
pub(super) fn texts(object: &Object, field: &str) -> BTreeMap<String, Vec<String>> {
    let map = object.get(field).and_then(|it| it.as_map());
    let entries = map.into_iter().flatten().map(|(key, value)| {
        let one = value.as_text().map(str::to_owned);
        let all = value.items().iter().filter_map(|it| it.as_text().map(str::to_owned));
        (key.to_string(), one.into_iter().chain(all).collect())
    });
    entries.collect()
}
