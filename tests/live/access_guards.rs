//! Guards on access: what the project file forbids is not applied, whatever looks harmless about the edit.

use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{Tree, check, list, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("access_guards::a_forbidden_gain_is_refused_however_it_comes", a_forbidden_gain),
        newest("access_guards::enough_administrators_are_left", enough_administrators),
        newest("access_guards::the_login_in_use_keeps_what_it_has", the_login_in_use),
        newest("access_guards::users_who_are_not_declared_are_counted_or_named", users_not_declared),
    ]
}

const SHOP: &str = "
roles: { realm: [{ name: premium }, { name: staff }] }
groups: [{ name: team }]
clients:
  - clientId: shop
    publicClient: false
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: Lounge, uris: [/lounge/*], scopes: [view] }]
      policies: [{ name: Premium, type: role, roles: [premium] }]
      permissions: [{ name: Lounge, type: resource, resources: [Lounge], policies: [Premium] }]
";

fn project(realm: &str, guards: &str) -> String {
    format!("owner: team\nrealms: {{ {realm}: {{ path: . }} }}\n{guards}")
}

/// The guards of a plan as `verdict id: message`.
fn guards(plan: &Value) -> Vec<String> {
    let one = |it: &Value| format!("{} {}: {}", word(&it["verdict"]), word(&it["id"]), word(&it["message"]));
    list(&plan["guards"]).iter().map(one).collect()
}

fn a_forbidden_gain(server: &Server) -> Result<(), String> {
    let name = "live-access-guards-gain";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, SHOP)?;
    tree.apply(server, &[])?;
    // Somebody whom no manifest declares is in the team.
    realm.post("/users", &json!({ "username": "bob", "enabled": true, "groups": ["/team"] }))?;
    let rules = "guards:\n  forbidGain:\n    - { persona: any-user, resource: \"/lounge/*\" }\n    - { persona: bob }\n";
    tree.write("realmwright.yaml", &project(name, rules))?;

    let role = "roles: { realm: [{ name: premium }, { name: staff }";
    tree.edit("realm.yaml", role, &format!("{role}, {{ name: default-roles-{name}, composites: {{ realm: [premium, offline_access, uma_authorization] }} }}"))?;
    let plan = tree.plan(server, &[])?.0;
    same(
        "guards",
        &guards(&plan),
        &[
            "block forbidGain: any-user gains view on Lounge of shop",
            "block forbidGain: bob gains view on Lounge of shop",
        ],
    )?;
    check(plan["applyable"] == false, "not applyable", &plan["applyable"])?;
    check(
        word(&plan["guards"][0]["rule"]).contains("realmwright.yaml:5"),
        "the rule's place",
        &plan["guards"],
    )?;
    let text = tree.run(server, &["plan"])?.expect(0)?;
    text.says("BLOCK  forbidGain: any-user gains view on Lounge of shop")?;
    tree.run(server, &["plan", "--detailed-exitcode"])?.expect(3)?;
    tree.refused(server, &["--access", "off"])?.says("any-user gains view on Lounge of shop")?;

    tree.manifest(&SHOP.replace("name: team", "name: team, realmRoles: [premium]"))?;
    same(
        "guards",
        &guards(&tree.plan(server, &[])?.0),
        &[
            "pass forbidGain: any-user gains nothing on /lounge/*",
            "block forbidGain: bob gains view on Lounge of shop",
        ],
    )?;
    tree.refused(server, &[])?.says("bob gains view on Lounge of shop")?;
    check(realm.get("/groups")?[0]["realmRoles"].is_null(), "nothing was written", &Value::Null)?;

    // Whoever it is, and declared or not.
    tree.write(
        "realmwright.yaml",
        &project(name, "guards: { forbidGain: [{ persona: \"*\", resource: Lounge }] }\n"),
    )?;
    let said = "block forbidGain: group/team gains view on Lounge of shop";
    same("guards", &guards(&tree.plan(server, &[])?.0), &[said])?;
    tree.write("realmwright.yaml", &project(name, "guards: { forbidGain: [{ persona: \"b*\" }] }\n"))?;
    same(
        "guards",
        &guards(&tree.plan(server, &[])?.0),
        &["block forbidGain: bob gains view on Lounge of shop"],
    )?;
    tree.write("realmwright.yaml", &project(name, rules))?;

    // A loss is none of their business.
    tree.manifest(&SHOP.replace("roles: [premium]", "roles: [staff]"))?;
    tree.apply(server, &[])?;
    server.no_realm(name)
}

fn enough_administrators(server: &Server) -> Result<(), String> {
    let name = "live-access-guards-admins";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(
        name,
        "roles: { realm: [{ name: boss, composites: { client: { realm-management: [realm-admin] } } }] }\n\
         groups: [{ name: board, subGroups: [{ name: chairs, realmRoles: [boss] }] }]\n",
    )?;
    tree.apply(server, &[])?;
    for user in ["ann", "bob", "eve"] {
        realm.post(
            "/users",
            &json!({ "username": user, "enabled": user != "eve", "groups": ["/board/chairs"] }),
        )?;
    }
    realm.post("/users", &json!({ "username": "carl", "enabled": true }))?;
    realm.administer("carl", &["realm-admin"])?;
    tree.write("realmwright.yaml", &project(name, "guards: { minAdmins: 2 }\n"))?;

    let boss = "composites: { client: { realm-management: [realm-admin] } }";
    tree.edit("realm.yaml", boss, "composites: { client: { realm-management: [view-realm] } }")?;
    let said =
        "block minAdmins: people who hold realm-admin: 3 (ann, bob, carl) before, 1 (carl) after; at least 2";
    same("guards", &guards(&tree.plan(server, &[])?.0), &[said])?;
    tree.refused(server, &[])?.says("1 (carl) after; at least 2")?;
    check(
        realm.get("/roles/boss/composites")?[0]["name"] == "realm-admin",
        "nothing was written",
        &Value::Null,
    )?;

    tree.edit("realm.yaml", "[view-realm]", "[view-realm, realm-admin]")?;
    let said = "pass minAdmins: people who hold realm-admin: 3 (ann, bob, carl) before, 3 (ann, bob, carl) after; at least 2";
    same("guards", &guards(&tree.plan(server, &[])?.0), &[said])?;
    tree.apply(server, &[])?;
    server.no_realm(name)
}

fn the_login_in_use(server: &Server) -> Result<(), String> {
    let name = "live-access-guards-self";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let deployer = "clients: [{ clientId: deployer, name: x, publicClient: false, secret: { fromEnv: DEPLOYER_SECRET }, serviceAccountsEnabled: true }]\n\
                    users: [{ username: service-account-deployer, serviceAccountClientId: deployer, clientRoles: { realm-management: [realm-admin] } }]\n";
    let mut tree = Tree::of(name, deployer)?;
    tree.set("DEPLOYER_SECRET", "deployer-secret-1");
    tree.apply(server, &[])?;
    tree.write("realmwright.yaml", &project(name, "guards: { keepSelf: true }\nprotect: [user/guardian]\n"))?;
    tree.manifest(&deployer.replace("[realm-admin]", "[view-realm]"))?;
    same(
        "the administrator of another realm keeps what it has",
        &guards(&tree.plan(server, &[])?.0),
        &["pass keepSelf: the credential in use belongs to another realm"],
    )?;
    tree.set("REALMWRIGHT_CLIENT_ID", "deployer");
    tree.set("REALMWRIGHT_CLIENT_SECRET", "deployer-secret-1");
    tree.set("REALMWRIGHT_AUTH_REALM", name);
    tree.refused(server, &[])?
        .says("client `deployer`, which is logged in here, loses client/realm-management/role/realm-admin")?;
    tree.manifest(&deployer.replace("name: x,", "name: x, enabled: false,"))?;
    tree.refused(server, &["--allow", "hazards=9"])?.says("has another enabled")?;
    let client = deployer.lines().next().unwrap_or_default();
    tree.manifest(&client.replace("serviceAccountsEnabled: true", "serviceAccountsEnabled: false"))?;
    tree.refused(server, &["--allow", "hazards=9"])?.says("has another serviceAccountsEnabled")?;
    tree.manifest(&deployer.replace("name: x", "name: y"))?;
    tree.apply(server, &[])?;
    check(realm.get(&realm.client("deployer")?)?["name"] == "y", "it was applied", &Value::Null)?;

    // Who is protected keeps the administration that a group gives.
    let guarded = |role: &str| {
        let group = format!("groups: [{{ name: guards, clientRoles: {{ realm-management: [{role}] }} }}]\n");
        format!(
            "{group}{}, {{ username: guardian, groups: [/guards] }}]\n",
            deployer.trim_end().trim_end_matches(']')
        )
    };
    tree.manifest(&guarded("manage-users"))?;
    tree.apply(server, &[])?;
    tree.manifest(&guarded("query-users"))?;
    tree.refused(server, &[])?
        .says("user `guardian` is protected and would lose client/realm-management/role/manage-users")?;
    server.no_realm(name)
}

fn users_not_declared(server: &Server) -> Result<(), String> {
    let name = "live-access-guards-users";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, &format!("{SHOP}users: [{{ username: ann }}]\n"))?;
    tree.apply(server, &[])?;
    for user in ["bob", "eve"] {
        realm.post("/users", &json!({ "username": user, "enabled": true, "groups": ["/team"] }))?;
    }
    tree.edit("realm.yaml", "name: team", "name: team, realmRoles: [premium]")?;
    let plan = tree.plan(server, &[])?.0;
    check(plan["access_domain"]["users_not_evaluated"] == 2, "two are counted", &plan["access_domain"])?;
    let all = tree.plan(server, &["--access", "all-users"])?.0;
    check(all["access_domain"]["users_not_evaluated"] == 0, "none is left", &all["access_domain"])?;
    let gains = list(&all["access_changes"]);
    let named = gains.iter().any(|it| {
        let personas = list(&it["personas"]);
        it["change"] == "gained" && ["bob", "eve"].iter().all(|user| personas.contains(&json!(user)))
    });
    check(named, "both are named", &all["access_changes"])?;
    server.no_realm(name)
}
