//! A credential that may only look plans the same as one that may do everything.

use reqwest::Method;
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::server::Server;
use crate::tree::{Tree, check, list, same};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial { name: "viewer::plans_as_the_administrator_does", needs: Needs::Newest, run: newest },
        Trial { name: "viewer::plans_the_same_on_the_oldest_version", needs: Needs::Oldest, run: oldest },
        Trial {
            name: "viewer::what_permissions_may_hide_is_unknown",
            needs: Needs::Newest,
            run: sees_a_part,
        },
    ]
}

fn newest(server: &Server) -> Result<(), String> {
    plans_the_same(server, "live-viewer")
}

fn oldest(server: &Server) -> Result<(), String> {
    plans_the_same(server, "live-viewer-old")
}

fn plans_the_same(server: &Server, name: &str) -> Result<(), String> {
    server.fresh_realm(name)?;
    let mut tree = Tree::example(name)?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);
    realm
        .post("/clients", &json!({ "clientId": "viewer", "secret": "s", "serviceAccountsEnabled": true }))?;
    let roles = ["view-realm", "view-users", "view-clients", "view-authorization"];
    realm.administer("service-account-viewer", &roles)?;

    // Some of everything: declared and not applied, changed in Keycloak, missing, no longer declared, held back.
    tree.edit(
        "users.yaml",
        "lastName: Example\n    credentials:\n      - { type: password, value: { fromEnv: ALICE_PASSWORD } }",
        "lastName: Other\n    credentials:\n      - { type: password, value: { fromEnv: ALICE_PASSWORD } }",
    )?;
    tree.edit("roles.yaml", "    - name: user-premium\n", "    - name: another\n    - name: user-premium\n")?;
    tree.edit("groups.yaml", "[Shows a group policy]", "[Shows another one]")?;
    tree.edit("realm.yaml", "displayName: EOEPCA", "displayName: Other")?;
    tree.edit("clients/demo.yaml", "year: 2023", "year: 2022")?;
    tree.edit("clients/demo-app.yaml", "uris: [/alice/*]", "uris: [/alice/*, /more/*]")?;
    tree.cut("clients/demo.yaml", "        - name: Eric resource", "        - name: Alice resource")?;
    realm.revoke("alice", "user")?;
    realm.change("/roles/user", &json!({ "description": "changed" }))?;
    realm.change(
        &realm.client("demo-app")?,
        &json!({ "secret": "another", "directAccessGrantsEnabled": false }),
    )?;
    realm.delete(&realm.client_scope("view")?)?;

    for args in [&[][..], &["--prune"]] {
        let full = tree.plan(server, args)?;
        tree.set("REALMWRIGHT_CLIENT_ID", "viewer");
        tree.set("REALMWRIGHT_CLIENT_SECRET", "s");
        let view = tree.plan(server, &[args, &["--auth-realm", name]].concat());
        tree.set("REALMWRIGHT_CLIENT_ID", "");
        let view = view?;
        check(full.changes().len() > 8, "there is something to do", &json!(full.changes()))?;
        for (key, value) in full.0.as_object().ok_or("a plan is a map")?.iter().rev() {
            // Newer servers do not tell their version to who may only look.
            if key == "target" {
                check(view.0[key]["realm"] == value["realm"], "the same realm", &view.0[key])?;
                continue;
            }
            let lines = |it: &Value| list(it).iter().map(Value::to_string).collect::<Vec<_>>();
            let wanted = lines(value);
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            same(key, &lines(&view.0[key]), &wanted)?;
            check(view.0[key] == *value, &format!("the same {key} as {value:#}"), &view.0[key])?;
        }
    }

    // Applying is another matter, and nothing is half done.
    tree.set("REALMWRIGHT_CLIENT_ID", "viewer");
    let proxy = Proxy::before(server)?;
    let args = ["apply", "--auto-approve", "--auth-realm", name];
    let ran = tree.run_at(&proxy.url, server, &args)?.expect(1)?;
    ran.says("manage-")?;
    let done: Vec<String> = proxy.writes().into_iter().filter(|it| !it.ends_with(" 403")).collect();
    same("nothing was written", &done, &[])?;

    // Without the users, no answer about access would be whole.
    let who = ["access", "who", "view", "Premium resource", "--server", "--auth-realm", name];
    tree.run(server, &who)?.expect(0)?.says("eric")?;
    let (account, management) = (realm.user("service-account-viewer")?, realm.client("realm-management")?);
    let users = realm.get(&format!("{management}/roles/view-users"))?;
    let path = format!("/{name}{account}/role-mappings{management}");
    server.call(Method::DELETE, &path, Some(&Value::from(vec![users])))?;
    tree.run(server, &who)?.expect(1)?.says("view-users")?;
    server.no_realm(name)
}

/// Fine-grained permissions show one client of two: the other one is not planned as a create.
fn sees_a_part(server: &Server) -> Result<(), String> {
    let name = "live-viewer-part";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    realm.change("", &json!({ "adminPermissionsEnabled": true }))?;
    for client in ["shown", "hidden"] {
        realm.post("/clients", &json!({ "clientId": client }))?;
    }
    let shown = realm.get(&realm.client("shown")?)?["id"].clone();
    realm.sees_one(&["query-clients", "query-users", "query-groups", "view-realm"], "Clients", &shown)?;

    let mut tree =
        Tree::of(name, "clients: [{ clientId: shown, name: S }, { clientId: hidden, name: H }]\n")?;
    tree.set("REALMWRIGHT_USER", "part");
    tree.set("REALMWRIGHT_PASSWORD", "part-password");
    let as_part = ["--auth-realm", name, "--format", "json"];
    let ran = tree.run(server, &[&["plan"], &as_part[..]].concat())?;
    let plan = ran.json()?;
    let creates = list(&plan["resource_changes"]).iter().filter(|it| it["action"] == "create").count();
    check(creates == 0, "nothing is planned that may be there", &plan["resource_changes"])?;
    let refused =
        list(&plan["refusals"]).iter().any(|it| it["address"] == "client/hidden" && it["id"] == "unknown");
    check(refused, "the hidden client is unknown", &plan["refusals"])?;
    tree.run(server, &[&["drift"], &as_part[..]].concat())?.expect(1)?;
    server.no_realm(name)
}
