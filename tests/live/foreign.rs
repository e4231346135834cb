//! What others put into a realm stays as it is, to the byte, whatever we do beside it.

use serde_json::{Value, json};

use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("foreign::objects_of_others_stay_byte_identical", objects_of_others_stay_byte_identical),
        newest("foreign::another_owner_is_not_touched_and_keeps_what_stands_below_ours", another_owner),
    ]
}

const OURS: &str = "
roles: { realm: [{ name: ours }] }
groups: [{ name: ours }]
users: [{ username: ours, email: ours@example.org, firstName: O, lastName: O, realmRoles: [ours] }]
clientScopes: [{ name: ours, protocol: openid-connect }]
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    name: Demo
    protocolMappers:
      - { name: ours, protocol: openid-connect, protocolMapper: oidc-audience-mapper, config: { included.client.audience: demo } }
    authorizationSettings:
      scopes: [{ name: ours }]
      resources: [{ name: ours, uris: [/ours], scopes: [ours], permissions: { user: [ours] } }]
      policies: [{ name: By role, type: role, roles: [ours] }]
      permissions: [{ name: ours, type: resource, resources: [ours], policies: [By role] }]
";

/// What is left when everything that can go has gone.
const LESS: &str = "
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    name: Demo again
";

fn objects_of_others_stay_byte_identical(server: &Server) -> Result<(), String> {
    let name = "live-foreign";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let paths = put_in(&realm)?;
    let look = || -> Result<Vec<String>, String> {
        paths.iter().map(|it| Ok(format!("{it} {}", realm.get(it)?))).collect()
    };
    let before = look()?;
    let unchanged = |after: &str| -> Result<(), String> {
        let now = look()?;
        let moved = before.iter().zip(&now).find(|(before, now)| before != now);
        moved.map_or(Ok(()), |(before, now)| Err(format!("after {after}:\n{before}\n{now}")))
    };
    let tree = Tree::of(name, OURS)?;
    tree.plan(server, &[])?;
    unchanged("plan")?;
    tree.apply(server, &[])?;
    unchanged("apply")?;
    tree.apply(server, &["--prune"])?;
    unchanged("apply --prune")?;
    same("drift", &tree.drift(server)?, &[])?;
    unchanged("drift")?;
    tree.manifest(LESS)?;
    tree.apply(server, &["--prune"])?;
    unchanged("pruning what is ours")?;
    let left = tree.plan(server, &["--prune"])?;
    same("users need more than --prune", &left.left_behind(), &["user/ours"])?;
    server.no_realm(name)
}

/// Puts one of each kind into a realm and returns the paths to look at them.
fn put_in(realm: &Realm<'_>) -> Result<Vec<String>, String> {
    realm.post(
        "/roles",
        &json!({ "name": "theirs", "description": "x", "attributes": { "a": ["1", "2"] } }),
    )?;
    realm.post("/groups", &json!({ "name": "theirs", "attributes": { "a": ["1"] } }))?;
    let user = json!({ "username": "theirs", "enabled": true, "email": "t@example.org", "firstName": "T", "lastName": "T", "emailVerified": true });
    realm.post("/users", &user)?;
    realm.grant("theirs", "theirs")?;
    realm.post(
        "/client-scopes",
        &json!({ "name": "theirs", "protocol": "openid-connect", "description": "x" }),
    )?;
    realm.post(
        "/clients",
        &json!({ "clientId": "theirs", "redirectUris": ["https://example.org/*"], "secret": "x" }),
    )?;
    let theirs = realm.client("theirs")?;
    realm.post(&format!("{theirs}/roles"), &json!({ "name": "theirs" }))?;

    realm.post("/workflows", &json!({ "name": "theirs", "steps": [{ "uses": "notify-user" }] }))?;
    let workflow = realm.row("/workflows", "name", "theirs")?;

    let demo =
        json!({ "clientId": "demo", "serviceAccountsEnabled": true, "authorizationServicesEnabled": true });
    realm.post("/clients", &demo)?;
    let demo = realm.client("demo")?;
    realm.post(&format!("{demo}/roles"), &json!({ "name": "theirs" }))?;
    let mapper = json!({ "name": "theirs", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper", "config": { "included.client.audience": "theirs" } });
    realm.post(&format!("{demo}/protocol-mappers/models"), &mapper)?;
    realm.make("demo", "scope", &json!({ "name": "theirs", "displayName": "x" }))?;
    let resource = json!({ "name": "theirs", "uris": ["/theirs"], "scopes": [{ "name": "theirs" }], "attributes": { "a": ["1"] } });
    realm.make("demo", "resource", &resource)?;
    realm.make(
        "demo",
        "policy/role",
        &json!({ "name": "Theirs policy", "roles": [{ "id": "theirs" }], "logic": "NEGATIVE" }),
    )?;
    let permission = json!({ "name": "theirs", "resources": ["theirs"], "policies": ["Theirs policy"] });
    realm.make("demo", "permission/resource", &permission)?;

    let mapper = realm.row(&format!("{demo}/protocol-mappers/models"), "name", "theirs")?;
    let authz = realm.authz("demo")?;
    let scope = realm.row(&format!("{authz}/scope?max=-1"), "name", "theirs")?;
    let resource = realm.resource("demo", "theirs")?;
    let (policy, permission) = (realm.policy("demo", "Theirs policy")?, realm.policy("demo", "theirs")?);
    let user = realm.user("theirs")?;
    Ok(vec![
        "/roles/theirs".to_owned(),
        realm.group("theirs")?,
        format!("{user}/role-mappings"),
        format!("{user}/groups"),
        user,
        realm.client_scope("theirs")?,
        format!("{theirs}/roles/theirs"),
        format!("{theirs}/default-client-scopes"),
        theirs,
        format!("/workflows/{}", word(&workflow["id"])),
        format!("{demo}/roles/theirs"),
        format!("{demo}/protocol-mappers/models/{}", word(&mapper["id"])),
        format!("{authz}/scope/{}", word(&scope["id"])),
        format!("{authz}/resource/{}", word(&resource["_id"])),
        format!("{authz}/policy/role/{}", word(&policy["id"])),
        format!("{authz}/permission/resource/{}", word(&permission["id"])),
        format!("{authz}/policy/{}/associatedPolicies", word(&permission["id"])),
        format!("{authz}/policy/{}/resources", word(&permission["id"])),
    ])
}

fn another_owner(server: &Server) -> Result<(), String> {
    let name = "live-foreign-owner";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let ours = Tree::of(
        name,
        "roles: { realm: [{ name: ours }] }\nclients: [{ clientId: shared, name: Shared }]\n",
    )?;
    let theirs = Tree::of(name, "roles: { realm: [{ name: theirs }] }\nclients: [{ clientId: shared }]\n")?;
    theirs.write(
        "shared.yaml",
        &format!("realm: {name}\nroles: {{ client: {{ shared: [{{ name: theirs }}] }} }}\n"),
    )?;
    ours.apply(server, &[])?;
    theirs.apply(server, &["--owner", "others"])?;
    let shared = realm.client("shared")?;
    for (tree, owner) in [(&ours, "team"), (&theirs, "others"), (&ours, "team")] {
        same("nothing to do", &tree.plan(server, &["--owner", owner, "--prune"])?.changes(), &[])?;
        tree.apply(server, &["--owner", owner, "--prune"])?;
    }
    // Fields of what belongs to somebody else are refused, naming them.
    theirs.manifest("roles: { realm: [{ name: theirs }] }\nclients: [{ clientId: shared, name: Mine }]\n")?;
    theirs.refused(server, &["--owner", "others"])?.says("is managed by owner `team`")?;

    // Their role stands below our client: it cannot go without them.
    ours.manifest("roles: { realm: [{ name: ours }] }\n")?;
    let plan = ours.plan(server, &["--prune"])?;
    same("the cascade", &plan.cascades(), &["disappears client/shared/role/theirs"])?;
    ours.refused(server, &["--prune"])?.says("cascade=1")?;
    realm.get(&format!("{shared}/roles/theirs")).map(|_: Value| ())?;
    ours.apply(server, &["--prune", "--allow", "cascade=1"])?;
    realm.get("/roles/theirs")?;
    server.no_realm(name)
}
