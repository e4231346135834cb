//! Lists of users that are longer than a page.

use serde_json::json;

use crate::server::Server;
use crate::tree::{Tree, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, needs, run| Trial { name, needs, run };
    vec![
        trial("pages::are_read_whole", Needs::Newest, are_read_whole),
        trial("pages::are_read_whole_on_the_oldest_version", Needs::Oldest, are_read_whole),
    ]
}

/// 260 users who all have the same role and are in the same group and organization: the first, the last, and those around the
/// ends of the pages are missed where somebody took something from them by hand.
fn are_read_whole(server: &Server) -> Result<(), String> {
    let name = "reading-pages";
    server.no_realm(name)?;
    let tree = Tree::creating(name)?;
    let users: Vec<String> = (0..260).map(|it| format!("user{it:03}")).collect();
    let user = |name: &String| json!({ "username": name, "realmRoles": ["staff"], "groups": ["/all"] });
    tree.declare(&json!({
        "organizationsEnabled": true,
        "roles": { "realm": [{ "name": "staff" }] },
        "groups": [{ "name": "all" }],
        "users": users.iter().map(user).collect::<Vec<_>>(),
        "organizations": [{ "alias": "acme", "domains": ["acme.example.org"], "members": users }],
    }))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    let realm = server.realm(name);
    let acme = word(&realm.row("/organizations", "alias", "acme")?["id"]);
    let all = realm.group("all")?;
    let staff = json!([realm.get("/roles/staff")?]);
    let some = ["user000", "user099", "user100", "user198", "user259"];
    for user in some {
        let user = realm.user(user)?;
        let id = user.trim_start_matches("/users/");
        realm.delete(&format!("/organizations/{acme}/members/{id}"))?;
        realm.delete(&format!("{user}{all}"))?;
        realm.delete_with(&format!("{user}/role-mappings/realm"), &staff)?;
    }
    let missing = some.map(|it| format!("update user/{it}"));
    let missing: Vec<&str> = missing.iter().map(String::as_str).chain(["update organization/acme"]).collect();
    same("what is missing", &tree.plan(server, &[])?.changes(), &missing)?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)?;
    Ok(())
}
