//! The tree of groups, in one request where the server's search gives it, otherwise level by level.

use futures_util::future::{BoxFuture, FutureExt as _, try_join_all};
use serde_json::Value;

use super::wire::Wire;
use super::{section, str_of};
use crate::keycloak::{Error, ErrorKind};

/// Returns the top groups with everything below them; nothing where groups may not be seen.
pub(super) async fn read(wire: &Wire<'_>) -> Result<Option<Vec<Value>>, Error> {
    // What finds every group, and so the whole tree, is `*` on new servers and nothing on old ones.
    let list = section("groups").routes.list;
    let [new, old] = ["*", ""].map(|it| format!("{list}&search={it}"));
    let (count, tree) = match tokio::try_join!(wire.get("groups/count"), wire.all_rows(&new)) {
        Ok(both) => both,
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let count = count.get("count").and_then(Value::as_u64);
    let is_whole = |tree: &[Value]| count == Some(tree.iter().map(size).sum());
    if is_whole(&tree) {
        return Ok(Some(tree));
    }
    let tree = wire.all_rows(&old).await?;
    if is_whole(&tree) {
        return Ok(Some(tree));
    }
    let top = wire.all_rows(&format!("{list}&populateHierarchy=false")).await?;
    try_join_all(top.into_iter().map(|it| walk(wire, it))).await.map(Some)
}

fn size(group: &Value) -> u64 {
    1 + group.get("subGroups").and_then(Value::as_array).into_iter().flatten().map(size).sum::<u64>()
}

/// Fills in what is below a group.
fn walk<'a>(wire: &'a Wire<'_>, mut group: Value) -> BoxFuture<'a, Result<Value, Error>> {
    async move {
        let has_children = group.get("subGroupCount").and_then(Value::as_u64) != Some(0);
        if let (true, Some(id)) = (has_children, str_of(&group, "id")) {
            let path = format!("groups/{id}/children?max=-1&briefRepresentation=false");
            let children = wire.all_rows(&path).await?;
            let children = try_join_all(children.into_iter().map(|it| walk(wire, it))).await?;
            if let Some(group) = group.as_object_mut() {
                group.insert("subGroups".to_owned(), Value::from(children));
            }
        }
        Ok(group)
    }
    .boxed()
}
