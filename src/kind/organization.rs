//! Organizations: whose members log in through which identity providers.
//!
//! A PUT replaces all but `attributes`, and no alias ever changes. Members and identity providers are linked one by one. Whoever
//! came through an identity provider of an organization is managed by it: such a member goes with the membership, and can do
//! nothing while the organization is disabled. Measured on 26.0.8 and 26.7.5.

pub(super) mod group;

use std::collections::BTreeSet;

use super::behaviour::{Behaviour, New};
use super::check::Said;
use super::hazard::Hazard::LocksOut;
use super::hazard::{When, rule};
use super::refused::{Judge, Severe, is_blank, place};
use super::takes::is_of_alias;
use super::{
    CREATED, Compare, Covers, Created, Field, IDENTITY_PROVIDER, Judges, Kind, Link, NEWEST, NOBODY, OLDEST,
    ORDINARY, ORGANIZATION_GROUP, ROUTES, Routes, Spelling, Stays, USER, Unasked, Unset, Unsets,
    cannot_be_unset, children, field, links, realm_address, server_owned, title, user_address,
};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::{At, Code, Note};

/// Says in an identity provider whose users it is for: one domain of its organization, or any.
const DOMAIN: &str = "kc.org.domain";
const ANY: &str = "ANY";

/// The members that the organization manages, which nobody can add: they came through one of its identity providers.
pub const MANAGED_MEMBERS: &str = "managedMembers";

/// Of organizations and of their groups.
const MEMBERS: &str = "members";

const SWITCH: &str = "organizationsEnabled";

const REFUSED: &str = "Keycloak would refuse it";

pub(super) static ORGANIZATION: Kind = Kind {
    name: super::ORGANIZATION,
    title: "organization",
    representation: |_| "OrganizationRepresentation",
    key: "alias",
    else_named_by: "name",
    fields: &[
        server_owned("id"),
        cannot_be_unset("name"),
        Field { compare: Compare::Keyed("name"), judges: OF_PROVIDERS, has_one: true, ..field("domains") },
        Field { judges: Judges { allows: &["true"], ..OF_PROVIDERS }, ..field("enabled") },
        Field { stays: Stays::Told(MANAGED_MEMBERS), ..links(MEMBERS, USER, Link::ById("members")) },
        Field { is_telling: true, ..server_owned(MANAGED_MEMBERS) },
        Field {
            has_one: true,
            judges: OF_PROVIDERS,
            ..links("identityProviders", IDENTITY_PROVIDER, Link::ByName("identity-providers"))
        },
        children("groups", |_| ORGANIZATION_GROUP),
    ],
    hazards: &[
        rule(
            LocksOut,
            "",
            When::Goes,
            "takes {it} from its members, whose tokens no longer name it, and its invitations from whoever has one",
        ),
        rule(
            LocksOut,
            "enabled",
            When::Is("false"),
            "locks out the members that {it} manages, and switches off its identity providers",
        ),
    ],
    routes: Routes {
        collection: "organizations",
        own: "organizations/{id}",
        find: "organizations?max=-1",
        list: "organizations?max=-1&briefRepresentation=false",
        covers: Covers::Apart,
        needs: "view-organizations",
        ..ROUTES
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: false },
    not_in_put: &["members", "identityProviders", "groups"],
    spellings: &[Spelling::NamesInMaps],
    new: Created {
        recorded_as: |_, _| "organization".to_owned(),
        said_there: &["domains"],
        unasked: &[Unasked::Enabled, Unasked::AsNamed("name")],
        ..CREATED
    },
    hidden_without: "a role that shows every organization (fine-grained permissions may hide some)",
    takes_in_names: is_of_alias,
    check,
    refuses: refused,
    switches: &["domains", "enabled", "identityProviders", "members"],
    behaviour: &OfOrganizations,
    ..ORDINARY
};

/// Identity providers say a domain of their organization, and are switched off with it.
const OF_PROVIDERS: Judges = Judges { kinds: &[IDENTITY_PROVIDER], ..NOBODY };

struct OfOrganizations;

impl Behaviour for OfOrganizations {
    /// Identity providers no longer say a domain that their organization lost, nor those that are no longer linked, and are off
    /// while it is. What they are otherwise nobody sees then: they are taken to be on. Whoever leaves leaves its groups.
    fn changes_along(&self, before: &Object, after: New<'_>) -> Vec<(Address, Object)> {
        let mut changed = changed(before, Some(after.object), after.state);
        changed.extend(left(before, after));
        changed
    }

    fn changes_with_end(&self, object: &Object, state: &State) -> Vec<(Address, Object)> {
        changed(object, None, state)
    }

    fn goes_with_end(&self, object: &Object) -> Vec<Address> {
        let managed = object.get(MANAGED_MEMBERS).map(Node::items).unwrap_or_default();
        managed.iter().filter_map(Node::as_text).map(user_address).collect()
    }
}

/// Finds names and domains that no server takes.
fn check(_: Said<'_>, address: &Address, organization: &Object, notes: &mut Vec<Note>) {
    if let Some(name) = organization.get("name").filter(|it| it.as_text().is_some_and(is_blank)) {
        let words = format!("{} has a blank `name`", title(address));
        notes.push(Note::error(Code::WrongName, words, name.at, REFUSED));
    }
    for (domain, node) in domains(organization).filter(|it| !is_domain(it.0)) {
        let words = format!("`{domain}` of {} is no domain", title(address));
        let note = Note::error(Code::WrongForm, words, node.at, REFUSED);
        notes.push(note.help("write a name such as example.org, without a scheme, port or path"));
    }
}

fn is_domain(text: &str) -> bool {
    let takes = |sign: char| !sign.is_whitespace() && !"_@:".contains(sign);
    let is_label = |it: &str| {
        !it.is_empty()
            && it.len() <= 63
            && !it.starts_with('-')
            && !it.ends_with('-')
            && it.chars().all(takes)
    };
    text.strip_prefix("*.").unwrap_or(text).split('.').all(is_label)
}

/// Finds organizations in realms that have none, and what only an old server refuses.
fn refused(judge: &Judge<'_>, address: &Address, organization: &Object, notes: &mut Vec<Note>) {
    let realm = judge.state.get(&realm_address());
    let said = judge.desired(address).map_or(At::SERVER, |it| it.at);
    if realm.is_some_and(|it| !it.is_true(SWITCH)) {
        let words = format!("{} is in a realm without organizations", title(address));
        let note = judge.note(Severe::Error, Code::NotTogether, words, said, REFUSED);
        notes.push(note.help(format!("declare `{SWITCH}: true` of the realm")));
    }
    if domains(organization).next().is_none() && judge.version < NEWEST {
        let severe = if judge.version == OLDEST { Severe::Error } else { Severe::Warning };
        let words = format!("{} has no domain", title(address));
        let at = place(judge.desired(address), "domains", "");
        let note = judge.note(severe, Code::Missing, words, at, "Keycloak 26.0 would refuse it");
        notes.push(note.help("give it one, such as `domains: [example.org]`"));
    }
}

/// Returns the organization that an identity provider is of.
fn organization_of<'s>(state: &'s State, provider: &Address) -> Option<(&'s Address, &'s Object)> {
    let mut all = state.objects.iter().filter(|it| it.0.kind() == super::ORGANIZATION);
    all.find(|it| linked(it.1).any(|it| it == provider))
}

/// Finds identity providers that say a domain which their organization does not have, and those that are written while it
/// is disabled: the server shows them as disabled then, and whoever writes back what it shows makes that last.
pub(super) fn refused_provider(
    judge: &Judge<'_>,
    address: &Address,
    provider: &Object,
    notes: &mut Vec<Note>,
) {
    let Some((organization, whole)) = organization_of(judge.state, address) else { return };
    let domain = provider.get("config").and_then(|it| it.get(DOMAIN)).and_then(Node::as_text);
    if let Some(domain) = domain.filter(|it| *it != ANY && !domains(whole).any(|has| has.0 == *it)) {
        let words = format!("`{domain}` is no domain of {}", title(organization));
        let at = place(judge.desired(address), "config", DOMAIN);
        let note = judge.note(Severe::Error, Code::NotTogether, words, at, REFUSED);
        notes.push(note.help(format!("mend `{DOMAIN}`, or add the domain to the organization")));
    }
    if !is_off(whole) {
        return;
    }
    let said = judge.desired(address).and_then(|it| it.get("enabled"));
    let is_on = said.and_then(Node::as_bool) == Some(true);
    let is_written = judge.before.get(address).is_some_and(|it| it != provider);
    let was_off = organization_of(judge.before, address).is_some_and(|it| is_off(it.1));
    let stays_off = was_off && is_written && said.is_none();
    if is_on || stays_off {
        let words = format!("{} is of {}, which is disabled", title(address), title(organization));
        let at = said.map_or_else(|| place(judge.desired(address), "", ""), |it| it.at);
        let label =
            if is_on { "Keycloak shows it as disabled" } else { "a change would disable it for good" };
        let note = judge.note(Severe::Error, Code::NotTogether, words, at, label);
        notes.push(note.help("enable the organization, or leave its identity providers alone until it is"));
    }
}

/// Returns the identity providers of an organization that change with it.
fn changed(before: &Object, after: Option<&Object>, state: &State) -> Vec<(Address, Object)> {
    let is_linked = |of: &Object, it: &Address| linked(of).any(|linked| linked == it);
    let all = linked(before).chain(after.into_iter().flat_map(linked).filter(|it| !is_linked(before, it)));
    let changed = |provider: &Address| {
        let was = state.get(provider)?;
        let of = after.filter(|it| is_linked(it, provider));
        let mut object = was.clone();
        // A link looks at no domain; its end and that of the domain do.
        let was_linked = is_linked(before, provider);
        let config = object.fields.get_mut("config").map(|it| &mut it.is).filter(|_| was_linked);
        if let Some(Is::Map(config)) = config {
            let has =
                |domain: &str| of.is_some_and(|it| domain == ANY || domains(it).any(|it| it.0 == domain));
            config.retain(|key, it| **key != *DOMAIN || it.as_text().is_some_and(has));
        }
        let was_off = was_linked && is_off(before);
        let is_off = of.is_some_and(is_off);
        if was_off != is_off {
            object.fields.insert("enabled".into(), Node::bool(At::SERVER, !is_off));
        }
        (object != *was).then(|| (provider.clone(), object))
    };
    all.filter_map(changed).collect()
}

/// Returns the groups that lose whoever leaves their organization.
fn left(before: &Object, after: New<'_>) -> Vec<(Address, Object)> {
    let stay = after.object.refs(MEMBERS).collect::<BTreeSet<_>>();
    let gone: BTreeSet<&Address> = before.refs(MEMBERS).filter(|it| !stay.contains(it)).collect();
    let groups = after.state.under(after.address).filter(|it| it.0.kind() == ORGANIZATION_GROUP);
    let changed = groups.filter(|it| it.1.refs(MEMBERS).any(|it| gone.contains(it)));
    let changed = changed.map(|(address, group)| {
        let mut group = group.clone();
        if let Some(Is::List(members)) = group.fields.get_mut(MEMBERS).map(|it| &mut it.is) {
            members.retain(|it| it.as_ref().is_none_or(|it| !gone.contains(it)));
        }
        (address.clone(), group)
    });
    changed.collect()
}

fn is_off(organization: &Object) -> bool {
    organization.get("enabled").and_then(Node::as_bool) == Some(false)
}

fn linked(organization: &Object) -> impl Iterator<Item = &Address> {
    organization.refs("identityProviders")
}

/// Returns the domains of an organization, each with where it stands.
fn domains(organization: &Object) -> impl Iterator<Item = (&str, &Node)> {
    let list = organization.get("domains").map(Node::items).unwrap_or_default();
    list.iter().filter_map(|it| Some((it.get("name")?.as_text()?, it)))
}
