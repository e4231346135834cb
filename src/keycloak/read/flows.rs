//! Flows for who may only view: each as a tree of what is in it, as an export has them all in one list.

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::wire::Wire;
use super::{Draft, Source, Want, section, str_of};
use crate::keycloak::Error;
use crate::kind::{self, KINDS, Kind};

/// Flows and configurations, as exports list them.
pub(super) struct Flows {
    flows: Vec<Value>,
    configs: Vec<Value>,
}

const FLOWS: &str = "authenticationFlows";

/// Reads flows where somebody says something of one; nothing where nobody does, or where they may not be seen.
pub(super) async fn read(wire: &Wire<'_>, want: &Want, source: Source) -> Result<Option<Flows>, Error> {
    if source != Source::Lists || !want.asks_any(kind::is_of_flow) {
        return Ok(None);
    }
    let Some(tops) = wire.rows(section(FLOWS).routes.list).await? else { return Ok(None) };
    let is_listed = tops.iter().any(|it| str_of(it, "alias") == Some(kind::UNLISTED_FLOW.0));
    let unlisted = Some(kind::UNLISTED_FLOW.0).filter(|_| !is_listed);
    // What no request carries nobody can declare.
    let listed = tops.iter().filter_map(|it| str_of(it, "alias")).filter(|it| !kind::is_folder(it));
    let aliases = listed.chain(unlisted);
    let trees = aliases.map(async |alias| {
        let tree = wire.rows(&format!("authentication/flows/{}/executions", kind::segment(alias))).await?;
        Ok::<_, Error>((alias.to_owned(), tree.unwrap_or_default()))
    });
    let trees = try_join_all(trees).await?;
    let rows = || trees.iter().flat_map(|(_, tree)| tree);
    let ids = |of: &str| {
        let mut ids: Vec<String> = rows().filter_map(|it| str_of(it, of)).map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let get = async |folder: &str, ids: Vec<String>| {
        let all = try_join_all(
            ids.iter().map(async |it| wire.value(&format!("authentication/{folder}/{it}")).await),
        );
        Ok::<_, Error>(all.await?.into_iter().flatten().collect::<Vec<_>>())
    };
    let (parts, configs) = (ids("flowId"), ids("authenticationConfig"));
    let (parts, configs) = tokio::try_join!(get("flows", parts), get("config", configs))?;
    let unlisted = trees.iter().filter(|(alias, tree)| unlisted == Some(&**alias) && !tree.is_empty());
    let unlisted: Vec<Value> = unlisted.map(|(alias, tree)| unlisted_flow(alias, tree)).collect();
    Ok(Some(Flows { flows: tops.into_iter().chain(parts).chain(unlisted).collect(), configs }))
}

/// The flow that no list has, from what is in it.
fn unlisted_flow(alias: &str, tree: &[Value]) -> Value {
    let of = section(FLOWS).fields.iter().find_map(|it| it.sent.holds()).map(kind::kind);
    let rows = of.map(|it| kind::named_rows(it, tree.to_vec())).unwrap_or_default();
    let class = of.map_or("", |it| (it.representation)(""));
    let executions = rows.into_iter().map(|(_, row)| {
        let fields = row.as_object().into_iter().flatten();
        let known = fields.filter(|it| kind::field_type(class, it.0).is_some());
        known.map(|(name, it)| (name.clone(), it.clone())).collect::<Map<String, Value>>()
    });
    json!({
        "alias": alias,
        "description": kind::UNLISTED_FLOW.1,
        "providerId": "basic-flow",
        "topLevel": true,
        "builtIn": true,
        "authenticationExecutions": executions.collect::<Vec<_>>(),
    })
}

/// Puts flows where exports have them; where they were not read nothing is known of them.
pub(super) fn put(draft: &mut Draft, flows: Option<Flows>) {
    match flows {
        Some(Flows { flows, configs }) => {
            draft.realm.insert(FLOWS.to_owned(), Value::from(flows));
            draft.realm.insert("authenticatorConfig".to_owned(), Value::from(configs));
        }
        None => draft.covers.retain(|it| !is_of(section(FLOWS), kind::kind(*it))),
    }
}

/// Returns whether objects of a kind are of another one, or stand below one.
fn is_of(top: &Kind, it: &Kind) -> bool {
    let stands_under = |up: &&&Kind| it.under.contains(&up.name) && up.name != it.name;
    it.name == top.name || KINDS.iter().filter(stands_under).any(|up| is_of(top, up))
}
