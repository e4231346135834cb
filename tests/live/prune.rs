//! What we applied and nobody declares any longer: left behind and named, deleted only when asked.

use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{Tree, check, same};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("prune::each_kind_stays_without_prune_and_goes_with_it", each_kind_on_the_newest),
        Trial {
            name: "prune::each_kind_goes_on_the_oldest_version_too",
            needs: Needs::Oldest,
            run: each_kind_on_the_oldest,
        },
        newest("prune::users_go_only_where_the_project_says_so", users),
        newest("prune::what_was_adopted_goes_too_and_is_told_apart", adopted),
        newest("prune::what_changed_since_needs_a_yes", changed_since),
        newest("prune::a_part_of_the_manifests_cannot_prune", a_part_cannot_prune),
        newest("prune::what_came_with_the_realm_is_as_it_came_again", what_came_on_the_newest),
        Trial {
            name: "prune::what_came_with_the_realm_is_as_it_came_on_the_oldest_version",
            needs: Needs::Oldest,
            run: what_came_on_the_oldest,
        },
        newest("prune::a_slip_in_the_name_of_a_realm_prunes_nothing", a_slip),
    ]
}

/// Every line is one object, or what one object has; none needs another one.
const LINES: &[(&str, &str, &str)] = &[
    ("roles", "  - { name: extra }", "role/extra"),
    ("client roles", "      - { name: inner }", "client/demo/role/inner"),
    ("groups", "  - { name: team, attributes: { a: [x] } }", "group/team"),
    ("scopes", "  - { name: extra, protocol: openid-connect }", "client-scope/extra"),
    (
        "clients",
        "  - { clientId: app, serviceAccountsEnabled: true, authorizationServicesEnabled: true }",
        "client/app",
    ),
    (
        "mappers",
        "      - { name: who, protocol: openid-connect, protocolMapper: oidc-audience-mapper, config: { included.client.audience: demo } }",
        "client/demo/mapper/who",
    ),
    ("authz scopes", "        - { name: edit }", "client/demo/authz/scope/edit"),
    ("texts", "  fr: { doLogIn: Entrer }", "localization/fr"),
];

fn manifest(without: Option<&str>) -> String {
    let line = |section: &str| -> String {
        let found = LINES.iter().find(|it| it.0 == section && without != Some(section));
        found.map_or_else(String::new, |it| format!("{}\n", it.1))
    };
    format!(
        "roles:\n  realm:\n  - {{ name: user }}\n{}  client:\n    demo:\n      - {{ name: outer }}\n{}groups:\n  - {{ name: stays }}\n{}clientScopes:\n  - {{ name: stays, protocol: openid-connect }}\n{}clients:\n{}  - clientId: demo\n    serviceAccountsEnabled: true\n    authorizationServicesEnabled: true\n    protocolMappers:\n      - {{ name: stays, protocol: openid-connect, protocolMapper: oidc-audience-mapper, config: {{ included.client.audience: demo }} }}\n{}    authorizationSettings:\n      scopes:\n        - {{ name: view }}\n{}localizationTexts:\n  de: {{ doLogIn: Los }}\n{}",
        line("roles"),
        line("client roles"),
        line("groups"),
        line("scopes"),
        line("clients"),
        line("mappers"),
        line("authz scopes"),
        line("texts"),
    )
}

fn each_kind_on_the_newest(server: &Server) -> Result<(), String> {
    each_kind(server, "live-prune")
}

fn each_kind_on_the_oldest(server: &Server) -> Result<(), String> {
    each_kind(server, "live-prune-old")
}

fn each_kind(server: &Server, name: &str) -> Result<(), String> {
    server.fresh_realm(name)?;
    let tree = Tree::of(name, &manifest(None))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    let realm = server.realm(name);
    let names = || -> Result<Vec<String>, String> {
        let (demo, authz) = (realm.client("demo")?, realm.authz("demo")?);
        let mut all = Vec::new();
        for (what, path, field) in [
            ("role", "/roles".to_owned(), "name"),
            ("client/demo/role", format!("{demo}/roles"), "name"),
            ("group", "/groups".to_owned(), "name"),
            ("client-scope", "/client-scopes".to_owned(), "name"),
            ("client", "/clients".to_owned(), "clientId"),
            ("client/demo/mapper", format!("{demo}/protocol-mappers/models"), "name"),
            ("client/demo/authz/scope", format!("{authz}/scope?max=-1"), "name"),
            ("localization", "/localization".to_owned(), ""),
        ] {
            let rows = realm.get(&path)?;
            let rows = rows.as_array().ok_or("a list")?;
            let name = |it: &Value| it[field].as_str().or(it.as_str()).unwrap_or_default().to_owned();
            all.extend(rows.iter().map(|it| format!("{what}/{}", name(it))));
        }
        all.sort();
        Ok(all)
    };
    let all = names()?;
    for (section, _, address) in LINES {
        tree.manifest(&manifest(Some(section)))?;
        let plan = tree.plan(server, &[])?;
        same("without --prune nothing changes", &plan.changes(), &[])?;
        same("but it is left behind", &plan.left_behind(), &[address])?;
        same("which is drift", &tree.drift(server)?, &[&format!("leftover {address}")])?;
        tree.apply(server, &[])?;
        check(names()? == all, "and untouched", &json!(address))?;

        let delete = format!("delete {address}");
        same("with --prune it goes", &tree.plan(server, &["--prune"])?.calls(), &[&delete])?;
        tree.apply(server, &["--prune"])?;
        let rest: Vec<&str> = all.iter().map(String::as_str).filter(|it| it != address).collect();
        same("and nothing else", &names()?, &rest)?;
        tree.is_clean(server)?;
        // Back again, for the next one.
        tree.manifest(&manifest(None))?;
        tree.apply(server, &[])?;
    }
    // A map key of ours is something that we applied, too.
    tree.edit("realm.yaml", "attributes: { a: [x] }", "attributes: { b: [y] }")?;
    tree.apply(server, &[])?;
    let group = realm.get(&realm.group("team")?)?;
    check(group["attributes"] == json!({ "a": ["x"], "b": ["y"] }), "both keys", &group)?;
    same("the key is left behind", &tree.plan(server, &[])?.left_behind(), &["group/team/attributes/a"])?;
    tree.apply(server, &["--prune"])?;
    let group = realm.get(&realm.group("team")?)?;
    check(group["attributes"] == json!({ "b": ["y"] }), "the key that is declared", &group)?;
    server.no_realm(name)
}

/// One of two files names another realm by a slip of the pen, and its objects stay where they are.
fn a_slip(server: &Server) -> Result<(), String> {
    let (name, slip) = ("live-prune-slip", "live-prune-slpi");
    server.fresh_realm(name)?;
    server.no_realm(slip)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, "roles: { realm: [{ name: one }] }\n")?;
    let two =
        |realm: &str| format!("realm: {realm}\nroles: {{ realm: [{{ name: two }}, {{ name: more }}] }}\n");
    tree.write("two.yaml", &two(name))?;
    tree.apply(server, &[])?;
    tree.write("two.yaml", &two(slip))?;
    let ran = tree.run(server, &["apply", "--auto-approve", "--prune"])?.expect(1)?;
    ran.says(&format!("did you mean `{name}`?"))?;
    realm.get("/roles/two")?;

    // Without a list of realms only the plans can tell.
    tree.write("realmwright.yaml", "owner: team\n")?;
    let ran = tree.run(server, &["apply", "--auto-approve", "--prune"])?;
    check(ran.code == 3 || ran.code == 4, "the realm that does not exist is refused", &json!(ran.code))?;
    ran.says("nothing is pruned in this run")?;
    realm.get("/roles/two")?;
    check(server.get(&format!("/{slip}")).is_err(), "no twin was built", &Value::Null)?;
    server.no_realm(name)
}

fn users(server: &Server) -> Result<(), String> {
    let name = "live-prune-user";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let person = |it: &str| json!({ "username": it, "email": format!("{it}@example.org"), "firstName": "F", "lastName": "L" });
    realm.post("/users", &person("before"))?;
    let one =
        |it: &str| format!("  - {{ username: {it}, email: {it}@example.org, firstName: F, lastName: L }}\n");
    let tree = Tree::of(name, &["users:\n", &one("stays"), &one("goes"), &one("before")].concat())?;
    tree.apply(server, &[])?;
    tree.manifest(&["users:\n", &one("stays")].concat())?;
    same("not with --prune alone", &tree.plan(server, &["--prune"])?.changes(), &[])?;
    tree.apply(server, &["--prune"])?;
    realm.user("goes")?;

    tree.write(
        "realmwright.yaml",
        &format!("owner: team\nrealms: {{ {name}: {{ path: . }} }}\nprune: {{ users: true }}\n"),
    )?;
    let plan = tree.plan(server, &[])?;
    same("where the project says so", &plan.changes(), &["delete user/goes"])?;
    same("whom we did not create stays", &plan.left_behind(), &["user/before"])?;
    tree.apply(server, &[])?;
    check(realm.user("goes").is_err(), "the user is gone", &Value::Null)?;
    realm.user("stays")?;
    realm.user("before")?;
    server.no_realm(name)
}

fn adopted(server: &Server) -> Result<(), String> {
    let name = "live-prune-adopted";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    realm.post("/roles", &json!({ "name": "before" }))?;
    let tree = Tree::of(
        name,
        "roles: { realm: [{ name: before, description: x }, { name: made, description: x }] }\n",
    )?;
    same("first contact", &tree.plan(server, &[])?.changes(), &["create role/made", "update role/before"])?;
    tree.apply(server, &[])?;
    tree.manifest("roles: { realm: [] }\n")?;
    let left = tree.plan(server, &[])?.0["left_behind"].clone();
    let adopted = |address: &str| {
        left.as_array()
            .and_then(|it| it.iter().find(|it| it["address"] == address))
            .map(|it| it["adopted"].clone())
    };
    check(adopted("role/before") == Some(json!(true)), "told apart", &left)?;
    check(adopted("role/made") == Some(json!(false)), "told apart", &left)?;
    same(
        "both go",
        &tree.plan(server, &["--prune"])?.changes(),
        &["delete role/before", "delete role/made"],
    )?;
    tree.apply(server, &["--prune"])?;
    for role in ["before", "made"] {
        check(realm.get(&format!("/roles/{role}")).is_err(), "the role is gone", &json!(role))?;
    }
    server.no_realm(name)
}

fn changed_since(server: &Server) -> Result<(), String> {
    let name = "live-prune-changed";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, "roles: { realm: [{ name: stays }, { name: goes, description: ours }] }\n")?;
    tree.apply(server, &[])?;
    realm.change("/roles/goes", &json!({ "description": "somebody needs it" }))?;
    tree.manifest("roles: { realm: [{ name: stays }] }\n")?;
    let plan = tree.plan(server, &["--prune"])?;
    same("what needs a yes", &plan.consents(), &["changed=1"])?;
    tree.refused(server, &["--prune"])?.says("changed=1")?;
    realm.get("/roles/goes")?;
    tree.apply(server, &["--prune", "--allow", "changed=1"])?;
    check(realm.get("/roles/goes").is_err(), "the role is gone", &Value::Null)?;
    server.no_realm(name)
}

fn a_part_cannot_prune(server: &Server) -> Result<(), String> {
    let name = "live-prune-part";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, "roles: { realm: [{ name: first }] }\n")?;
    tree.write("more.yaml", &format!("realm: {name}\nroles: {{ realm: [{{ name: second }}] }}\n"))?;
    tree.apply(server, &[])?;
    // Only one of the two files: the other one's role is no leftover of this run's to delete.
    tree.refused(server, &["realm.yaml", "--prune"])?.says("the last full apply covered")?;
    tree.run(server, &["apply", "--auto-approve", "--prune", "--only", "role/first"])?.expect(64)?;
    realm.get("/roles/second")?;
    // A run over a part changes only what it covers.
    tree.manifest("roles: { realm: [{ name: first, description: x }, { name: third }] }\n")?;
    same("a part", &tree.plan(server, &["--only", "role/first"])?.changes(), &["update role/first"])?;
    tree.apply(server, &["--only", "role/first"])?;
    check(realm.get("/roles/third").is_err(), "what is not covered is not made", &Value::Null)?;
    same("the rest", &tree.plan(server, &["--exclude", "role/first"])?.changes(), &["create role/third"])?;
    // Without an owner nobody knows what was applied.
    tree.write("realmwright.yaml", &format!("realms: {{ {name}: {{ path: . }} }}\n"))?;
    tree.run(server, &["plan", "--prune"])?.expect(64)?.says("owner")?;
    server.no_realm(name)
}

fn what_came_on_the_newest(server: &Server) -> Result<(), String> {
    what_came(server, "live-prune-built-in")
}

fn what_came_on_the_oldest(server: &Server) -> Result<(), String> {
    what_came(server, "live-prune-built-in-old")
}

/// What comes with a realm, changed in every kind that has such.
const CHANGED: &str = r#"
roles:
  realm:
    - { name: y }
    - { name: offline_access, description: mine, attributes: { a: [x] }, composites: { realm: [y] } }
    - { name: default-roles-REALM, composites: { realm: [offline_access, uma_authorization, y] } }
  client: { account: [{ name: view-profile, description: mine }] }
clients: [{ clientId: account, name: Mine, redirectUris: ["/realms/REALM/account/*", "https://x.example.org/*"] }]
requiredActions:
  - { alias: CONFIGURE_TOTP, enabled: false }
  - { alias: webauthn-register, defaultAction: true, priority: 1 }
clientScopes: [{ name: phone, description: mine, attributes: { a: x } }]
authenticationFlows: [{ alias: browser, authenticationExecutions: [{ authenticator: auth-cookie, requirement: DISABLED }] }]
userProfile: { attributes: [{ name: email, displayName: Mine, annotations: { a: x } }] }
"#;

/// Adds a line for each value, by where it is: items of lists by what they are called.
fn leaves(path: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, it)| leaves(&format!("{path}/{key}"), it, out));
        }
        Value::Array(items) => {
            for item in items {
                let name =
                    ["clientId", "name", "alias", "authenticator"].iter().find_map(|key| item[*key].as_str());
                leaves(&format!("{path}/{}", name.unwrap_or_default()), item, out);
            }
        }
        it => out.push(format!("{path} {it}")),
    }
}

/// What we said of things that came with the realm is left behind, and with `--prune` all is as it came.
fn what_came(server: &Server, name: &str) -> Result<(), String> {
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    // All that an export shows, without what holds the ledger, as lines in no order.
    let all = || -> Result<Vec<String>, String> {
        let path = "partial-export?exportClients=true&exportGroupsAndRoles=true";
        let mut export = server.post(&format!("/{name}/{path}"), &Value::Null)?;
        // Another spelling of the profile, in a text.
        export["components"] = Value::Null;
        export["userProfile"] = realm.get("/users/profile")?;
        let mut lines = Vec::new();
        leaves("", &export, &mut lines);
        lines.retain(|it| !it.contains("realmwright-"));
        lines.sort();
        Ok(lines)
    };
    let before = all()?;
    let tree = Tree::of(name, &CHANGED.replace("REALM", name))?;
    tree.apply(server, &["--allow", "hazards=9"])?;
    tree.is_clean(server)?;
    check(all()? != before, "something changed", &Value::Null)?;
    tree.manifest("")?;
    let left = tree.drift(server)?;
    check(left.len() == 10, "each is left behind", &json!(left))?;
    tree.apply(server, &["--prune", "--allow", "hazards=9"])?;
    tree.is_clean(server)?;
    let after = all()?;
    let differs: Vec<&String> = after.iter().filter(|it| !before.contains(it)).collect();
    check(differs.is_empty(), "all is as it came", &json!(differs))?;
    server.no_realm(name)
}
