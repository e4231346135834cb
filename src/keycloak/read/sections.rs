//! Kinds that a realm holds in lists of its own, each read as its entry in the table says.

use futures_util::future::try_join_all;
use serde_json::Value;

use super::Draft;
use super::wire::Wire;
use crate::call::Segment;
use crate::keycloak::{Error, Right, Rights};
use crate::kind::{self, KINDS, Kind};
use crate::plan;
use crate::state::Address;

/// A list as it was read; nothing where it may not be seen.
pub(super) struct Section {
    kind: &'static Kind,
    rows: Option<Vec<Value>>,
}

/// Reads the lists that the table names, as far as these rights go.
pub(super) async fn read(wire: &Wire<'_>, rights: &Rights) -> Result<Vec<Section>, Error> {
    let listed = KINDS.iter().filter(|it| !it.routes.list.is_empty());
    let (below, tops): (Vec<&'static Kind>, Vec<&'static Kind>) = listed.partition(|it| !it.under.is_empty());
    let tops = tops.into_iter().map(async |kind| {
        let may = rights.named(kind.routes.needs) != Right::No;
        let rows = if may { wire.rows(kind.routes.list).await? } else { None };
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

/// Reads what stands under each of these objects.
async fn under(
    wire: &Wire<'_>,
    kind: &Kind,
    up: &Kind,
    parents: &[Value],
) -> Result<Option<Vec<Value>>, Error> {
    let name = |row: &Value| kind::name_of(up, |field| row.get(field).and_then(Value::as_str));
    let lists = parents.iter().filter_map(name).map(async |name| {
        let child = Address::top(up.name, name).child(kind.name, "");
        let path = plan::path(kind.routes.list, &child, "").into_iter().map(|it| match it {
            Segment::Text(text) => text,
            // Only what is known by name stands above lists.
            Segment::Id(address) => kind::segment(address.name()),
        });
        wire.rows(&path.collect::<String>()).await
    });
    let lists: Option<Vec<Vec<Value>>> = try_join_all(lists).await?.into_iter().collect();
    Ok(lists.map(|it| it.into_iter().flatten().collect()))
}

/// Puts the lists where exports have them; what could not be read is unknown.
pub(super) fn put(draft: &mut Draft, sections: Vec<Section>) {
    for Section { kind, rows } in sections {
        let Some(field) = kind::section_of(kind) else { continue };
        if let Some(rows) = rows {
            draft.realm.insert(field.to_owned(), Value::from(rows));
        } else {
            draft.realm.remove(field);
            draft.miss(kind.name, None, kind.routes.needs);
            // Under parents that were read, too, nothing is known of it.
            draft.covers.retain(|it| kind.under.is_empty() || *it != kind.name);
        }
    }
}
