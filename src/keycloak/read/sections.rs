//! Kinds that a realm holds in lists of its own, each read as its entry in the table says.

use futures_util::future::try_join_all;
use serde_json::Value;

use super::wire::Wire;
use super::{Draft, at, may_view};
use crate::call::Segment;
use crate::keycloak::{Error, Rights};
use crate::kind::{self, Covers, KINDS, Kind};
use crate::plan;
use crate::state::Address;

/// A list as it was read; nothing where it may not be seen.
pub(super) struct Section {
    kind: &'static Kind,
    rows: Option<Vec<Value>>,
}

/// Reads the lists that the table names, as far as these rights go.
pub(super) async fn read(wire: &Wire<'_>, rights: &Rights) -> Result<Vec<Section>, Error> {
    let is_own = |it: &&Kind| {
        matches!(it.routes.covers, Covers::Whole | Covers::NamesAlone) && kind::section_of(it).is_some()
    };
    let listed = KINDS.iter().copied().filter(|it| !it.routes.list.is_empty() && is_own(it));
    let (below, tops): (Vec<&'static Kind>, Vec<&'static Kind>) = listed.partition(|it| !it.under.is_empty());
    let tops = tops.into_iter().map(async |kind| {
        let rows = match list(wire, rights, kind).await? {
            Some(names) if kind.routes.covers == Covers::NamesAlone => each(wire, kind, names).await?,
            rows => rows,
        };
        Ok::<_, Error>(Section { kind, rows })
    });
    let mut sections = try_join_all(tops).await?;
    for kind in below {
        let rows = match sections.iter().find(|it| kind.under.contains(&it.kind.name)) {
            Some(Section { kind: up, rows: Some(parents) }) => under(wire, kind, up, parents).await?,
            Some(Section { rows: None, .. }) | None => None,
        };
        sections.push(Section { kind, rows });
    }
    Ok(sections)
}

/// Reads the list of what stands directly under the realm; nothing where it may not be seen.
pub(super) async fn list(wire: &Wire<'_>, rights: &Rights, kind: &Kind) -> Result<Option<Vec<Value>>, Error> {
    if !may_view(rights, kind) {
        return Ok(None);
    }
    wire.rows(&filled(kind.routes.list, &Address::top(kind.name, ""), |_| String::new())).await
}

/// Reads each of those whose names a list says; nothing where one may not be seen.
async fn each(wire: &Wire<'_>, kind: &Kind, names: Vec<Value>) -> Result<Option<Vec<Value>>, Error> {
    let all = kind::named_rows(kind, names).into_iter().map(async |(name, _)| {
        let own = filled(kind.routes.own, &Address::top(kind.name, &*name), |_| String::new());
        Ok::<_, Error>(wire.value(&own).await?.map(|it| kind::of_body(kind, &name, it)))
    });
    Ok(try_join_all(all).await?.into_iter().collect())
}

/// Reads what stands under each of these objects.
async fn under(
    wire: &Wire<'_>,
    kind: &Kind,
    up: &Kind,
    parents: &[Value],
) -> Result<Option<Vec<Value>>, Error> {
    let names = parents.iter().filter_map(|it| kind::name_of(up, it));
    let lists = names.map(async |name| {
        let child = Address::top(up.name, name).child(kind.name, "");
        // Only what is known by name stands above such lists.
        wire.rows(&filled(kind.routes.list, &child, |it| kind::segment(it.name()))).await
    });
    let lists: Option<Vec<Vec<Value>>> = try_join_all(lists).await?.into_iter().collect();
    Ok(lists.map(|it| it.into_iter().flatten().collect()))
}

/// Returns where all of a kind under one client are listed, by the id of the client.
pub(super) fn list_of_client(kind: &Kind, id: &str) -> String {
    of_client(kind, kind.routes.list, id)
}

/// Returns where what a client has once is read, by the id of the client.
pub(super) fn own_of_client(kind: &Kind, id: &str) -> String {
    of_client(kind, kind.routes.own, id)
}

fn of_client(kind: &Kind, route: &str, id: &str) -> String {
    filled(route, &at("clients", "").child(kind.name, ""), |_| kind::segment(id))
}

/// Returns where all of a kind under one user are listed, by the id of the user.
pub(super) fn list_of_user(kind: &Kind, id: &str) -> String {
    filled(kind.routes.list, &at("users", "").child(kind.name, ""), |_| kind::segment(id))
}

/// Fills a route of the table, with ids for what it names.
pub(super) fn filled(route: &str, child: &Address, id: impl Fn(&Address) -> String) -> String {
    let path = plan::path(route, child, "").into_iter().map(|it| match it {
        Segment::Text(text) => text,
        Segment::Id(above) => id(&above),
    });
    path.collect()
}

/// Reads what a realm has once, each in a document of its own, those that exports have or the others; nothing where it may
/// not be seen.
pub(super) async fn documents(
    wire: &Wire<'_>,
    exported: bool,
) -> Result<Vec<(&'static Kind, Option<Value>)>, Error> {
    let is_document = |it: &&Kind| {
        it.key.is_empty()
            && it.under.is_empty()
            && !it.routes.own.is_empty()
            && kind::is_exported(it) == exported
    };
    let all = KINDS.iter().copied().filter(is_document);
    try_join_all(all.map(async |kind| Ok((kind, wire.value(kind.routes.own).await?)))).await
}

/// Puts documents where manifests have them; of one that could not be read, no part is known.
pub(super) fn put_documents(draft: &mut Draft, documents: Vec<(&Kind, Option<Value>)>) {
    for (kind, document) in documents {
        match (kind::section_of(kind), document) {
            (Some(field), Some(document)) => drop(draft.realm.insert(field.to_owned(), document)),
            _ => draft.covers.retain(|it| kind::kind(*it).routes.own != kind.routes.own),
        }
    }
}

/// Puts the lists where exports have them; what could not be read is unknown.
pub(super) fn put(draft: &mut Draft, sections: Vec<Section>) {
    for Section { kind, rows } in sections {
        let Some(field) = kind::section_of(kind) else { continue };
        if let Some(rows) = rows {
            draft.realm.insert(field.to_owned(), kind::as_exported(kind, rows));
        } else {
            draft.realm.remove(field);
            draft.miss(kind, None);
            // Under parents that were read, too, nothing is known of it.
            draft.covers.retain(|it| kind.under.is_empty() || *it != kind.name);
        }
    }
}
