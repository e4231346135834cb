//! Through which clients people ask: a token of one may carry what that of another lacks.
//!
//! People log in at a frontend and ask for permissions of a resource server with the token that they got there. So a
//! decision hangs on the client too, and on the optional client scopes that it asks for. Ways whose tokens no policy of
//! a resource server can tell apart make one [`Entrance`]; each is decided once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::administration::administration;
use super::claims;
use super::persona::{OPENID, Persona};
use super::realm::{Client, Mapper, PolicyIs, Realm, SUB, Server};
use crate::kind::{built_ins, is_admin_permissions};
use crate::state::Address;

/// A client, and the optional client scopes that are asked for with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Through {
    pub client: Address,
    pub scopes: Vec<String>,
}

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.client.name())?;
        if self.scopes.is_empty() { Ok(()) } else { write!(f, " asking for {}", self.scopes.join(" ")) }
    }
}

/// The ways by which something comes about, where they make a difference: empty for all clients that not every realm
/// has, and for who brings a token of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ways {
    pub ways: Vec<Through>,
}

impl Ways {
    pub(super) fn of<const N: usize>(entrances: &[Entrance<N>], at: &BTreeSet<usize>) -> Self {
        let is_of_account = at.iter().all(|it| entrances[*it].is_for_accounts);
        let asks = |it: &Through| !it.scopes.is_empty();
        let makes_a_difference = if is_of_account {
            at.iter().all(|it| entrances[*it].ways.iter().all(asks))
        } else {
            let is_plain = |it: &Through| !asks(it) && is_own(it);
            let is_left_out = |(entrance, it): (usize, &Entrance<N>)| {
                !at.contains(&entrance) && !it.is_for_accounts && it.ways.iter().any(is_plain)
            };
            entrances.iter().enumerate().any(is_left_out)
        };
        if at.is_empty() || !makes_a_difference {
            return Self::default();
        }
        Self { ways: at.iter().flat_map(|it| entrances[*it].ways.iter().cloned()).collect() }
    }

    /// Returns the clients in words: those that every realm has only where there are no others, and of a client the least
    /// that has to be asked for.
    pub fn names(&self) -> Vec<String> {
        let any_own = self.ways.iter().any(is_own);
        let mut by_client: BTreeMap<&Address, Vec<&[String]>> = BTreeMap::new();
        for way in &self.ways {
            by_client.entry(&way.client).or_default().push(&way.scopes);
        }
        let is_part = |less: &[String], of: &[String]| {
            less.len() < of.len() && less.iter().all(|scope| of.contains(scope))
        };
        let is_least = |it: &&Through| !by_client[&it.client].iter().any(|less| is_part(less, &it.scopes));
        let all = self.ways.iter().filter(|it| !any_own || is_own(it));
        all.filter(is_least).map(ToString::to_string).collect()
    }
}

impl fmt::Display for Ways {
    /// ` through app, web`, and nothing where it makes no difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ways.is_empty() { Ok(()) } else { write!(f, " through {}", self.names().join(", ")) }
    }
}

/// Returns whether a way leads through a client that not every realm has.
pub(super) fn is_own(way: &Through) -> bool {
    !built_ins().contains(&way.client)
}

/// Ways that make no difference to a resource server, in each of the realms that are compared.
#[derive(Clone, Debug)]
pub(super) struct Entrance<const N: usize> {
    /// At least one; the ones without asked scopes first.
    pub(super) ways: Vec<Through>,
    /// In which of the realms people get a token this way.
    pub(super) open: [bool; N],
    /// Its tokens are for the service accounts of the clients, which ask for scopes themselves.
    pub(super) is_for_accounts: bool,
}

/// Somebody who asks, at one entrance.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// As asked with the first of the ways.
    pub(super) persona: Persona,
    /// The position among the personas.
    pub(super) of: usize,
    /// The position of the entrance; nothing for who comes with a token of their own.
    pub(super) entrance: Option<usize>,
}

/// Beyond so many optional client scopes that matter to a resource server, not all combinations are asked for.
const MOST_COMBINED: usize = 6;

/// What policies read of a token.
#[derive(Debug, Default)]
pub(super) struct TokenReads {
    /// Roles, where the token is asked for them.
    roles: BTreeSet<usize>,
    /// Names of claims, without what is below them.
    claims: BTreeSet<String>,
    client_scopes: BTreeSet<usize>,
    /// Policies that name clients.
    clients: Vec<BTreeSet<usize>>,
    /// Whether the client's own name is compared.
    client_name: bool,
    /// Whether it matters that there is a `sub`.
    pub(super) subject: bool,
}

impl TokenReads {
    pub(super) fn of<'a>(policies: impl Iterator<Item = &'a PolicyIs>) -> Self {
        let mut out = Self::default();
        for policy in policies {
            match policy {
                PolicyIs::Role { roles, from_database: false } => {
                    out.roles.extend(roles.iter().map(|it| it.of));
                }
                PolicyIs::Group { claim: Some(claim), .. } => {
                    out.claims.insert(claim.clone());
                }
                PolicyIs::Client { clients } => out.clients.push(clients.clone()),
                PolicyIs::ClientScope { scopes } => out.client_scopes.extend(scopes.iter().map(|it| it.of)),
                PolicyIs::Regex { target, of_request: false, .. } => {
                    out.claims.insert(claims::top_level(target));
                }
                PolicyIs::Role { .. }
                | PolicyIs::User { .. }
                | PolicyIs::Group { .. }
                | PolicyIs::Regex { .. }
                | PolicyIs::Time(_)
                | PolicyIs::Aggregate { .. }
                | PolicyIs::Unknown { .. } => {}
            }
        }
        out.client_name |= out.claims.contains("azp");
        out
    }

    /// Returns whether any policy reads claims that only mappers make.
    pub(super) fn any_claims(&self) -> bool {
        !self.claims.is_empty()
    }

    /// Returns whether a mapper may write a claim that is read.
    pub(super) fn claims_of(&self, mapper: &Mapper) -> bool {
        self.any_claims() && claims::written(mapper).is_none_or(|it| self.claims.contains(&it))
    }

    fn matters(&self, mapper: &Mapper) -> bool {
        mapper.spoils
            || (self.subject && mapper.provider == SUB)
            || self.claims_of(mapper)
            // Roles that it brings are in claims of roles, too.
            || (self.any_claims() && claims::has_no_switch(&mapper.provider))
            || (!self.roles.is_empty()
                && claims::may_carry_roles(&mapper.provider, mapper.config("claim.name")))
    }
}

/// What a token hangs on beside whom it is for, as far as the policies of a resource server read it.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Shape<'a> {
    /// Of the policies that name clients, those that name this one.
    named: Vec<usize>,
    client: Option<usize>,
    /// The roles that may be in it, unless those are all that are read.
    narrow: Option<Vec<usize>>,
    mappers: Vec<Says<'a>>,
    client_scopes: Vec<(usize, Vec<Says<'a>>)>,
    has_scopes: bool,
    openid: bool,
    /// It says who comes, and what they hold is looked up.
    is_lightweight: bool,
}

/// What a mapper does, whatever it is called.
pub(super) type Says<'a> = (&'a str, &'a BTreeMap<String, String>);

/// Returns the entrances to a resource server: every way that is open to people on any side, once.
///
/// Where nobody gets a token for people, the resource server itself stands for whatever else may bring them one.
pub(super) fn entrances<const N: usize>(realms: [&Realm; N], server: &Address) -> Vec<Entrance<N>> {
    let asked = || realms.iter().filter(|it| asks_for_tokens(it, server));
    let of =
        |accounts: bool| asked().flat_map(move |it| ways(it, server, accounts)).map(move |it| (accounts, it));
    let ways: BTreeSet<(bool, Through)> = of(false).chain(of(true)).collect();
    let mut shapes: BTreeMap<(bool, Through), [Option<Shape<'_>>; N]> = BTreeMap::new();
    for (side, realm) in realms.into_iter().enumerate() {
        let is_open = |(accounts, it): &&(bool, Through)| {
            let client = realm.clients.get(&it.client).map(|it| &realm.client_entries[it]);
            client.is_some_and(|it| it.is_for(*accounts))
        };
        let mut all: Vec<((bool, Through), Shape<'_>)> = ways
            .iter()
            .filter(is_open)
            .filter_map(|it| Some((it.clone(), shape(realm, server, &it.1)?)))
            .collect();
        if all.iter().all(|((accounts, _), _)| *accounts) {
            let client = realm.server(server).map(|it| realm.clients.addresses[it.client].clone());
            let itself = Through { client: client.unwrap_or_else(|| server.clone()), scopes: Vec::new() };
            all.extend(shape(realm, server, &itself).map(|it| ((false, itself.clone()), it)));
        }
        for (way, shape) in all {
            shapes.entry(way).or_insert_with(|| [const { None }; N])[side] = Some(shape);
        }
    }
    let mut alike: BTreeMap<(bool, [Option<Shape<'_>>; N]), Vec<Through>> = BTreeMap::new();
    for ((accounts, way), shapes) in shapes {
        let ways = alike.entry((accounts, shapes)).or_default();
        // Of a client, the way that asks for least stands for the others.
        match ways.iter_mut().find(|it| it.client == way.client) {
            Some(other) if way.scopes.len() < other.scopes.len() => *other = way,
            Some(_) => {}
            None => ways.push(way),
        }
    }
    // First what a resource server asks for itself, last the clients that every realm has.
    let rank = |it: &Through| (it.client != *server, !is_own(it));
    let mut out: Vec<Entrance<N>> = alike
        .into_iter()
        .map(|((is_for_accounts, shapes), mut ways)| {
            ways.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.cmp(other)));
            Entrance { ways, open: shapes.map(|it| it.is_some()), is_for_accounts }
        })
        .collect();
    out.sort_by(|one, other| {
        let first = |it: &Entrance<N>| (it.is_for_accounts, rank(&it.ways[0]));
        first(one).cmp(&first(other)).then_with(|| one.ways.cmp(&other.ways))
    });
    out
}

/// Returns whether it hangs on tokens at all who may do what: administrators are asked for what they hold.
pub(super) fn asks_for_tokens(realm: &Realm, server: &Address) -> bool {
    let reads = |it: &Server| !it.is_administration() || !it.token_reads.roles.is_empty();
    !is_admin_permissions(server) && realm.server(server).is_none_or(reads)
}

/// Returns everybody at every entrance where they may come in.
pub(super) fn askers<const N: usize>(personas: &[Persona], entrances: &[Entrance<N>]) -> Vec<Asker> {
    let mut out = Vec::with_capacity(personas.len() * entrances.len().max(1));
    for (of, persona) in personas.iter().enumerate() {
        let is_single = comes_as_it_is(persona);
        // A service account asks for scopes of its own client, unless it is said which.
        let account = persona.service_account.as_ref();
        let account = account.filter(|_| persona.client.is_none() && persona.scopes.is_empty());
        let first = out.len();
        out.extend(entrances.iter().enumerate().filter_map(|(at, entrance)| {
            let Through { client, scopes } = match (account, is_single) {
                (Some(account), _) if entrance.is_for_accounts => {
                    entrance.ways.iter().find(|it| it.client == *account)?
                }
                (_, false) if !entrance.is_for_accounts => &entrance.ways[0],
                _ => return None,
            };
            let mut persona = persona.clone();
            persona.client = Some(client.clone());
            persona.scopes.extend(scopes.iter().cloned());
            Some(Asker { persona, of, entrance: Some(at) })
        }));
        if is_single && out.len() == first {
            out.push(Asker { persona: persona.clone(), of, entrance: None });
        }
    }
    out
}

/// Returns whether a persona asks on one way only, whatever others there are.
fn comes_as_it_is(persona: &Persona) -> bool {
    persona.anonymous || persona.client.is_some() || persona.service_account.is_some()
}

/// Returns through how many clients personas ask; 0 where no token counts.
pub fn clients_asked(realm: &Realm, server: &Address, personas: &[Persona]) -> usize {
    clients_among(realm, server, personas, &entrances([realm], server))
}

/// Returns through how many of the clients at these entrances personas ask; 0 where no token counts.
pub(super) fn clients_among(
    realm: &Realm,
    server: &Address,
    personas: &[Persona],
    entrances: &[Entrance<1>],
) -> usize {
    if !asks_for_tokens(realm, server) {
        return 0;
    }
    let any_comes_as_it_likes = !personas.iter().all(comes_as_it_is);
    let for_people = entrances.iter().filter(|it| any_comes_as_it_likes && !it.is_for_accounts);
    let ways = for_people.flat_map(|it| &it.ways).map(|it| &it.client);
    let all: BTreeSet<&Address> = personas.iter().filter_map(|it| it.client.as_ref()).chain(ways).collect();
    all.len()
}

/// Returns the ways that are open to people or to service accounts in a realm, without asking for what does not matter to
/// the server.
fn ways(realm: &Realm, server: &Address, accounts: bool) -> Vec<Through> {
    let reads = realm.server(server).map(|it| &it.token_reads);
    let clients = realm.clients.addresses.iter().zip(&realm.client_entries);
    let mut out = Vec::new();
    for (address, client) in clients.filter(|(_, it)| it.is_for(accounts)) {
        let scopes = reads.map_or_else(|| vec![Vec::new()], |it| asked_scopes(realm, it, client));
        out.extend(scopes.into_iter().map(|it| Through {
            client: address.clone(),
            scopes: it.into_iter().map(str::to_owned).collect(),
        }));
    }
    out
}

/// Returns what may be asked for with tokens of a client, as far as it matters to policies.
fn asked_scopes<'a>(realm: &'a Realm, reads: &TokenReads, client: &Client) -> Vec<Vec<&'a str>> {
    let optional = client.optional_scopes.iter().filter(|it| !client.default_scopes.contains(it));
    let matters = |it: &usize| client_scope(realm, reads, client, *it).is_some();
    let (named, others): (Vec<usize>, Vec<usize>) = optional.copied().partition(matters);
    let is_bare = may_lack_scopes(realm, reads, client);
    let openid = is_bare || reads.claims.contains("scope");
    let name = |it: &usize| realm.client_scopes.addresses[*it].name();
    let names: Vec<&str> = openid.then_some(OPENID).into_iter().chain(named.iter().map(name)).collect();
    let alone = others.iter().filter(|it| is_bare && has_scopes(realm, &[**it])).map(|it| vec![name(it)]);
    combined(&names).into_iter().chain(alone).collect()
}

/// Returns whether a client's tokens may have no scope at all where policies of client scopes read them: these fail on such
/// a token, and any scope that is asked for mends that.
fn may_lack_scopes(realm: &Realm, reads: &TokenReads, client: &Client) -> bool {
    !reads.client_scopes.is_empty() && !has_scopes(realm, &client.default_scopes)
}

/// Returns all combinations of a few; of many none, each alone, each pair, all but each, and all.
fn combined<'a>(names: &[&'a str]) -> Vec<Vec<&'a str>> {
    if names.len() <= MOST_COMBINED {
        let chosen = |set: usize| {
            let all = names.iter().enumerate();
            all.filter(|(at, _)| set & (1 << at) != 0).map(|(_, it)| *it).collect()
        };
        return (0..1_usize << names.len()).map(chosen).collect();
    }
    let mut out = BTreeSet::from([Vec::new(), names.to_vec()]);
    for (at, one) in names.iter().enumerate() {
        out.insert(vec![*one]);
        out.extend(names[at + 1..].iter().map(|other| vec![*one, *other]));
        out.insert(names.iter().filter(|it| *it != one).copied().collect());
    }
    out.into_iter().collect()
}

/// Returns what tokens of a way are made of; nothing where a client scope that is asked for is none of the client's.
fn shape<'a>(realm: &'a Realm, server: &Address, way: &Through) -> Option<Shape<'a>> {
    let at = realm.clients.get(&way.client)?;
    let client = &realm.client_entries[at];
    let name = |it: &usize| realm.client_scopes.addresses[*it].name();
    let is_known = |asked: &String| {
        asked == OPENID
            || client.default_scopes.iter().chain(&client.optional_scopes).any(|it| name(it) == *asked)
    };
    if !way.scopes.iter().all(is_known) {
        return None;
    }
    let Some(Server { token_reads: reads, .. }) = realm.server(server) else { return Some(Shape::default()) };
    let applied: Vec<usize> = realm.scopes_for(at, &way.scopes).collect();
    let openid = way.scopes.iter().any(|it| it == OPENID);
    let mut client_scopes: Vec<(usize, Vec<&Mapper>)> =
        applied.iter().filter_map(|it| Some((*it, client_scope(realm, reads, client, *it)?))).collect();
    client_scopes.sort_by_key(|it| it.0);
    client_scopes.dedup_by_key(|it| it.0);
    let mappers = mattering(&client.mappers, reads, client);
    let mut all = mappers.iter().chain(client_scopes.iter().flat_map(|it| &it.1));
    let any_role = all.any(|it| claims::lists_roles(it) && reads.claims_of(it));
    let narrow = realm.narrow(at, []);
    let is_read = |it: &usize| any_role || reads.roles.contains(it);
    let narrow = narrow.map(|it| it.iter().filter(is_read).collect::<Vec<_>>());
    let all_roles = if any_role { realm.roles.len() } else { reads.roles.len() };
    let named = |(at, it): (usize, &BTreeSet<usize>), client: usize| it.contains(&client).then_some(at);
    Some(Shape {
        named: reads.clients.iter().enumerate().filter_map(|it| named(it, at)).collect(),
        client: reads.client_name.then_some(at),
        narrow: narrow.filter(|it| it.len() < all_roles),
        has_scopes: !reads.client_scopes.is_empty() && (openid || has_scopes(realm, &applied)),
        openid: openid && reads.claims.contains("scope"),
        is_lightweight: *server == administration() && client.lightweight,
        mappers: said(&mappers),
        client_scopes: client_scopes.into_iter().map(|(at, it)| (at, said(&it))).collect(),
    })
}

/// Returns whether the `scope` of a token is not empty, whoever it is for.
fn has_scopes(realm: &Realm, applied: &[usize]) -> bool {
    let mut entries = applied.iter().map(|it| &realm.client_scope_entries[*it]);
    entries.any(|it| it.in_token && it.mapped_roles.is_empty())
}

/// Returns what the mappers of a way do that policies of a resource server read.
pub(super) fn read_mappers<'a>(realm: &'a Realm, server: &Address, way: &Through) -> BTreeSet<Says<'a>> {
    let Some(shape) = shape(realm, server, way) else { return BTreeSet::new() };
    shape.mappers.into_iter().chain(shape.client_scopes.into_iter().flat_map(|it| it.1)).collect()
}

fn said<'a>(mappers: &[&'a Mapper]) -> Vec<Says<'a>> {
    let mut out: Vec<Says<'_>> = mappers.iter().map(|it| (it.provider.as_str(), &it.config)).collect();
    out.sort();
    out
}

fn mattering<'a>(mappers: &'a [Mapper], reads: &TokenReads, client: &Client) -> Vec<&'a Mapper> {
    mappers.iter().filter(|it| it.is_on(client) && reads.matters(it)).collect()
}

/// Returns the mappers of a client scope that matter to tokens of a client; nothing where nothing of it does.
fn client_scope<'a>(
    realm: &'a Realm,
    reads: &TokenReads,
    client: &Client,
    at: usize,
) -> Option<Vec<&'a Mapper>> {
    let entry = &realm.client_scope_entries[at];
    let is_read = entry.in_token
        && (reads.client_scopes.contains(&at)
            || reads.claims.contains("scope")
            // A client scope that is only for some users may be all that their token has.
            || (!entry.mapped_roles.is_empty() && may_lack_scopes(realm, reads, client)));
    let passes = |it: &usize| reads.any_claims() || reads.roles.contains(it);
    let through = || realm.deep_roles(&entry.mapped_roles, &[]);
    let widens = !client.full_scope && through().iter().any(|it| passes(&it));
    let mappers = mattering(&entry.mappers, reads, client);
    (is_read || widens || !mappers.is_empty()).then_some(mappers)
}
