//! Permissions over administration by names: what a helpdesk may do, by its own token and as decided without a server.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, settled};
use crate::tree::{Tree, check, list, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "helpdesk::members_of_the_groups_that_manifests_name_are_administered_and_no_others",
            needs: Needs::Newest,
            run: members_of_groups,
        },
        Trial {
            name: "helpdesk::what_is_gone_or_named_by_id_breaks_no_plan",
            needs: Needs::Newest,
            run: gone_and_by_id,
        },
        Trial {
            name: "helpdesk::a_server_without_them_is_not_written_to",
            needs: Needs::OldestAlone,
            run: oldest,
        },
    ]
}

/// A helpdesk, two groups with one member each, and permissions on the members of one group.
fn manifest(groups: &str) -> String {
    format!(
        "
adminPermissionsEnabled: true
roles: {{ realm: [{{ name: helpdesk }}] }}
groups: [{{ name: staff, subGroups: [{{ name: night }}] }}, {{ name: board }}]
users:
  - {{ username: hugo, email: hugo@example.org, firstName: H, lastName: H, enabled: true, realmRoles: [helpdesk] }}
  - {{ username: bob, email: bob@example.org, firstName: B, lastName: B, enabled: true, groups: [/staff/night] }}
  - {{ username: eve, email: eve@example.org, firstName: E, lastName: E, enabled: true, groups: [/board] }}
clients:
  - clientId: admin-permissions
    authorizationSettings:
      policies: [{{ name: Helpdesk, type: role, roles: [helpdesk] }}]
      permissions:
        - {{ name: Members, type: scope, resourceType: Groups, resources: {groups}, scopes: [view, view-members, manage-members], policies: [Helpdesk] }}
"
    )
}

/// What is asked: a scope, what it is on, and the call.
const CALLS: &[(&str, &str, &str, &str)] = &[
    ("view", "user/bob", "GET", "/users/{bob}"),
    ("manage", "user/bob", "PUT", "/users/{bob}"),
    ("reset-password", "user/bob", "PUT", "/users/{bob}/reset-password"),
    ("view", "user/eve", "GET", "/users/{eve}"),
    ("manage", "user/eve", "PUT", "/users/{eve}"),
    ("view", "user/hugo", "GET", "/users/{hugo}"),
    ("view", "group/staff", "GET", "/groups/{staff}"),
    ("view", "group/board", "GET", "/groups/{board}"),
    ("manage", "group/staff", "PUT", "/groups/{staff}"),
];

/// What the manifests say of somebody.
fn person(name: &str) -> Value {
    let letter = name[..1].to_uppercase();
    json!({ "firstName": letter, "lastName": letter, "email": format!("{name}@example.org") })
}

fn members_of_groups(server: &Server) -> Result<(), String> {
    let name = "live-helpdesk";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, &manifest("[/staff]"))?;
    // One apply switches them on, makes who is named and the permission.
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    let users = server.get(&format!("/{name}/users?max=-1"))?;
    let id = |user: &str| list(&users).iter().find(|it| it["username"] == user).map(|it| word(&it["id"]));
    let ids = [
        ("{bob}", id("bob").ok_or("bob")?),
        ("{eve}", id("eve").ok_or("eve")?),
        ("{hugo}", id("hugo").ok_or("hugo")?),
        ("{staff}", realm.group("staff")?.trim_start_matches("/groups/").to_owned()),
        ("{board}", realm.group("board")?.trim_start_matches("/groups/").to_owned()),
    ];
    realm.put(
        &format!("/users/{}/reset-password", ids[2].1),
        &json!({ "type": "password", "value": "p", "temporary": false }),
    )?;
    let may = || -> Result<Vec<bool>, String> {
        let form =
            [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "hugo"), ("password", "p")];
        let (_, answer) = server.token(name, &form)?;
        let token = answer["access_token"].as_str().ok_or("a login")?;
        let calls = CALLS.iter().map(|(_, of, method, path)| {
            let path = ids.iter().fold(format!("/{name}{path}"), |path, (key, id)| path.replace(key, id));
            let body = match () {
                () if path.ends_with("password") => {
                    json!({ "type": "password", "value": "q", "temporary": false })
                }
                () if of.starts_with("group") => json!({ "name": of.trim_start_matches("group/") }),
                () => person(of.trim_start_matches("user/")),
            };
            let method = Method::from_bytes(method.as_bytes()).map_err(|it| it.to_string())?;
            let body = (method == Method::PUT).then_some(&body);
            let status = server.call_as(token, method, &path, body)?;
            if status.is_success() || status.as_u16() == 403 {
                Ok(status.is_success())
            } else {
                Err(format!("{path}: {status}"))
            }
        });
        calls.collect()
    };
    let decided = || -> Result<Vec<bool>, String> {
        let each = CALLS.iter().map(|(scope, of, ..)| {
            let args = ["access", "can", "hugo", scope, of, "--client", "admin-permissions"];
            Ok(tree.run(server, &args)?.code == 0)
        });
        each.collect()
    };
    let staff = [true, true, true, false, false, false, true, false, false];
    let board = [false, false, false, true, true, false, false, true, false];
    let agree = |wanted: &[bool]| -> Result<(), String> {
        let is = settled("real calls", &wanted.to_vec(), may)?;
        check(is == wanted, "real calls", &json!(is))?;
        let is = decided()?;
        check(is == wanted, "without a server", &json!(is))
    };
    agree(&staff)?;
    // The realm itself says the same, also of whom no permission names.
    for (who, code) in [("user/bob", 0), ("user/eve", 2)] {
        let args =
            ["access", "can", "hugo", "view", who, "--client", "admin-permissions", "--server", &server.url];
        tree.run(server, &[&args[..], &["--realm", name]].concat())?.expect(code)?;
    }
    tree.edit("realm.yaml", "resources: [/staff]", "resources: [/board]")?;
    let plan = tree.plan(server, &[])?;
    same(
        "only the permission changes",
        &plan.changes(),
        &["update client/admin-permissions/authz/permission/Members"],
    )?;
    let told = |change: &str, resource: &str| {
        list(&plan.0["access_changes"])
            .iter()
            .any(|it| it["change"] == change && list(&it["resources"]).iter().any(|it| it == resource))
    };
    check(
        told("lost", "group/staff") && told("gained", "group/board"),
        "the plan tells",
        &plan.0["access_changes"],
    )?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    agree(&board)?;
    server.no_realm(name)
}

fn gone_and_by_id(server: &Server) -> Result<(), String> {
    let name = "live-helpdesk-ids";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, &manifest("[/staff]"))?;
    tree.apply(server, &[])?;
    let staff = realm.group("staff")?.trim_start_matches("/groups/").to_owned();
    // As an export says it.
    tree.edit("realm.yaml", "resources: [/staff]", &format!("resources: [{staff}]"))?;
    tree.is_clean(server)?;
    let other = staff.replace(|it: char| it.is_ascii_digit(), "0");
    tree.edit("realm.yaml", &staff, &other)?;
    tree.run(server, &["apply", "--auto-approve"])?
        .expect(1)?
        .says(&format!("no group has the id `{other}`"))?;
    // The server deletes the permission with the last of what it is for, and a plan tells.
    tree.edit("realm.yaml", &other, "/board")?;
    tree.apply(server, &[])?;
    let without = manifest("[/board]").replace(", { name: board }", "").replace(", groups: [/board]", "");
    let cut = without.split("      permissions:").next().unwrap_or_default().to_owned();
    tree.manifest(&cut)?;
    let plan = tree.plan(server, &["--prune", "--allow", "deletes=2"])?;
    same(
        "both go",
        &plan.changes(),
        &[
            "delete client/admin-permissions/authz/permission/Members",
            "delete group/board",
            "update user/eve",
        ],
    )?;
    // Somebody else's permission on it goes along, and is told.
    tree.apply(server, &[])?;
    let board = realm.group("board")?;
    let foreign = json!({
        "name": "Foreign", "resourceType": "Groups", "resources": [board.trim_start_matches("/groups/")],
        "scopes": ["view"], "policies": ["Helpdesk"],
    });
    realm.make("admin-permissions", "permission/scope", &foreign)?;
    let cascades = tree.plan(server, &["--prune"])?.cascades();
    check(cascades.iter().any(|it| it.contains("permission/Foreign")), "told", &json!(cascades))?;
    realm.delete(&board)?;
    tree.plan(server, &[])?;
    server.no_realm(name)
}

fn oldest(server: &Server) -> Result<(), String> {
    let name = "live-helpdesk-old";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, &manifest("[/staff]").replace("\nadminPermissionsEnabled: true", ""))?;
    let ran = tree.run(server, &["apply", "--auto-approve"])?.expect(1)?;
    ran.says("Keycloak has it since 26.2; this is 26.0")?;
    let clients = server.get(&format!("/{name}/clients?clientId=admin-permissions"))?;
    check(list(&clients).is_empty(), "nothing was written", &clients)?;
    server.no_realm(name)
}
