//! Lists of users, a page at a time. Keycloak looks over everything that a request has loaded before it asks its database for
//! one more user, so a list of ten times as many takes up to a hundred times as long: 400 members of an organization, each of
//! them in 25, take 8 s as a whole and 4 in pages, and all 10,000 users of a realm 32 s and 11 (26.7.5).

use futures_util::future::try_join_all;
use serde_json::Value;

use super::wire::Wire;
use super::{section, sees_all};
use crate::keycloak::{Error, Rights};

/// How many users a page has. With 50 as with 400 the same lists take longer (26.7.5).
const PAGE: usize = 100;

/// How many pages are asked for at once, at most, without knowing whether there are so many.
const AHEAD: usize = 8;

/// Reads a list of users as a whole; no rows where its owner is gone.
pub(super) async fn users(wire: &Wire<'_>, rights: &Rights, list: &str) -> Result<Vec<Value>, Error> {
    let sign = if list.contains('?') { '&' } else { '?' };
    let whole = format!("{list}{sign}max=-1");
    // Fine-grained permissions may cut a page after it was counted, which looks like the last one.
    if !sees_all(rights, section("users")) {
        return wire.all_rows(&whole).await;
    }
    let mut all: Vec<Value> = Vec::new();
    let mut ahead = 1;
    loop {
        let begins = all.len().saturating_sub(1);
        let pages = (0..ahead).map(|it| {
            let first = begins + it * (PAGE - 1);
            let path = format!("{list}{sign}first={first}&max={PAGE}");
            async move { wire.all_rows(&path).await }
        });
        for page in try_join_all(pages).await? {
            let is_last = page.len() < PAGE;
            if !join(&mut all, page) {
                return wire.all_rows(&whole).await;
            }
            if is_last {
                return Ok(all);
            }
        }
        ahead = AHEAD.min(2 * ahead);
    }
}

/// Adds a page that begins with the last user so far; says whether it does. It does not where somebody came or went meanwhile.
fn join(all: &mut Vec<Value>, page: Vec<Value>) -> bool {
    let mut page = page.into_iter();
    if let Some(last) = all.last()
        && page.next().is_none_or(|it| it.get("id") != last.get("id"))
    {
        return false;
    }
    all.extend(page);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_join_where_nobody_came_or_went() {
        let users = |ids: &str| -> Vec<Value> { ids.chars().map(|it| json!({ "id": it })).collect() };
        // So far, the page, and whether it joins.
        let cases =
            [("", "", true), ("", "ab", true), ("ab", "bc", true), ("ab", "c", false), ("ab", "", false)];
        for (so_far, page, joins) in cases {
            let mut all = users(so_far);
            assert_eq!(join(&mut all, users(page)), joins, "{so_far} and {page}");
            let rest = page.get(usize::from(!so_far.is_empty())..).unwrap_or_default();
            assert_eq!(all, users(&format!("{so_far}{}", if joins { rest } else { "" })));
        }
    }
}
