//! Both ways of reading a realm bring the same state, from a realm that has something of everything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use realmwright::keycloak::{Connect, Credentials, Keycloak, Read, Secret, Source, Want, read};
use realmwright::kind::{
    CLIENT, EXECUTION, FLOW, LOCALIZATION, ORGANIZATION, PERMISSION, POLICY, RESOURCE, ROLE, USER,
};
use realmwright::state::{Address, Found, Is, Node, Object, State};
use serde_json::{Value, json};

use crate::server::Server;
use crate::{Needs, Trial};

/// A realm, a client scope and the authorization of client `app`, with the hard cases of each.
const EVERYTHING: &str = include_str!("reading/everything.json");

const VIEWER: &[&str] = &["view-realm", "view-users", "view-clients", "view-authorization"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "reading::both_sources_bring_the_same_state",
            needs: Needs::Newest,
            run: |server| both_sources_bring_the_same_state(server, "reading-same", guard_a_group),
        },
        Trial {
            name: "reading::both_sources_bring_the_same_state_on_the_oldest_version",
            needs: Needs::Oldest,
            run: |server| both_sources_bring_the_same_state(server, "reading-same", |_, _| Ok(())),
        },
        Trial {
            name: "reading::what_may_not_be_seen_is_unknown",
            needs: Needs::Newest,
            run: |server| what_may_not_be_seen_is_unknown(server, "reading-partly"),
        },
        Trial {
            name: "reading::what_may_not_be_seen_is_unknown_on_the_oldest_version",
            needs: Needs::Oldest,
            run: |server| what_may_not_be_seen_is_unknown(server, "reading-partly"),
        },
        Trial {
            name: "reading::reading_makes_no_service_account",
            needs: Needs::Newest,
            run: reading_makes_no_service_account,
        },
        Trial {
            name: "reading::a_missing_realm_is_read_as_a_new_one",
            needs: Needs::Newest,
            run: a_missing_realm_is_read_as_a_new_one,
        },
        Trial {
            name: "reading::a_missing_realm_is_read_as_a_new_one_on_the_oldest_version",
            needs: Needs::Oldest,
            run: a_missing_realm_is_read_as_a_new_one,
        },
    ]
}

fn both_sources_bring_the_same_state(
    server: &Server,
    realm: &str,
    add: fn(&Server, &str) -> Result<(), String>,
) -> Result<(), String> {
    make(server, realm)?;
    add(server, realm)?;
    server.realm(realm).administer("service-account-viewer", VIEWER)?;
    share(server, realm)?;
    let few = Want {
        users: names(["ann", "BOB", "nobody"]),
        identities: names(["ann", "BOB", "nobody"]),
        secrets: true,
        server_info: true,
        named: [Address::top(FLOW, "browser"), Address::top(ORGANIZATION, "acme")].into(),
        ..Want::default()
    };
    let many = Want {
        users: (0..150).map(|it| format!("u{it:03}")).chain(few.users.clone()).collect(),
        ..few.clone()
    };
    for (what, want) in [("few users", &few), ("many users", &many)] {
        let full = read_as(server, realm, admin(server), want)?;
        let viewed = read_as(server, realm, client("viewer"), want)?;
        let sources = (full.source, viewed.source);
        check(sources == (Source::Export, Source::Lists), &format!("sources: {sources:?}"))?;
        same(&plain(&full.live.state), &plain(&viewed.live.state)).map_err(|it| format!("{what}: {it}"))?;
        check(full.live.unread.is_empty() && viewed.live.unread.is_empty(), "fields were left unread")?;
        check(full.server_info.is_some() && full.server_info == viewed.server_info, "what the server has")?;
        let step = Address::top(FLOW, "forms").child(EXECUTION, "auth-username-password-form");
        check(full.live.state.contains(&step), "an execution of a sub-flow")?;
        check(full.realm_id.is_some() && full.realm_id == viewed.realm_id, "realm id")?;
        let shared = Address::top(CLIENT, "app").child(PERMISSION, "with ann");
        check(full.live.state.contains(&shared), "what is shared, which no list and no export has")?;
        let default_role = Some(Address::top(ROLE, format!("default-roles-{realm}")));
        check(full.live.state.default_role == default_role, "default role")?;
        check(viewed.live.state.default_role == default_role, "default role of the lists")?;
        for read in [&full, &viewed] {
            hard_cases(read).map_err(|it| format!("{what}, {:?}: {it}", read.source))?;
        }
    }
    server.no_realm(realm)
}

/// Asking a client for its service account would make one.
fn reading_makes_no_service_account(server: &Server) -> Result<(), String> {
    let realm = "reading-account";
    server.fresh_realm(realm)?;
    for name in ["viewer", "bare"] {
        let secret = format!("{name}-secret");
        server.post(
            &format!("/{realm}/clients"),
            &json!({ "clientId": name, "secret": secret, "serviceAccountsEnabled": true }),
        )?;
    }
    server.realm(realm).administer("service-account-viewer", VIEWER)?;
    let search = format!("/{realm}/users?exact=true&username=service-account-bare");
    let id = id_of(server, &search, "username", "service-account-bare")?;
    server.delete(&format!("/{realm}/users/{id}"))?;
    let viewed = read_as(server, realm, client("viewer"), &Want::default())?;
    check(viewed.source == Source::Lists, "read by lists")?;
    check(server.get(&search)? == json!([]), "the read made a user")?;
    check(
        viewed.live.state.contains(&Address::top(USER, "service-account-viewer")),
        "the viewer's own account",
    )?;
    server.no_realm(realm)
}

/// What the two sources could get wrong in the same way.
fn hard_cases(read: &Read) -> Result<(), String> {
    let texts = |it: &str| read.live.state.get(&Address::top(LOCALIZATION, it))?.get("texts")?.as_map();
    let counts = ["de", "pt-BR", "x y/z"].map(|it| texts(it).map(BTreeMap::len));
    check(counts == [Some(3), Some(0), Some(1)], &format!("texts by locale: {counts:?}"))?;
    let state = &read.live.state;
    let app = Address::top(CLIENT, "app");
    let count = |kind| state.objects.keys().filter(|it| it.kind() == kind && it.is_under(&app)).count();
    check(count(RESOURCE) == 303, &format!("{} resources", count(RESOURCE)))?;
    let slashed = Address::top(ROLE, "b/c");
    let policy = state.get(&app.child(POLICY, "p saml role")).ok_or("no policy")?;
    let mut roles = BTreeSet::new();
    policy.each_ref(&mut |_, to, _| {
        roles.insert(to.clone());
    });
    let guest = Address::top(CLIENT, "https://sp.example.org/saml").child(ROLE, "guest");
    check(roles == BTreeSet::from([slashed.clone(), guest]), &format!("roles of a policy: {roles:?}"))?;
    let refs = |address: Address, field: &str| -> Vec<Address> {
        let items = state.get(&address).and_then(|it| it.get(field)).map_or(&[][..], Node::items);
        items.iter().filter_map(|it| it.as_ref().cloned()).collect()
    };
    check(refs(Address::top(USER, "bob"), "realmRoles").contains(&slashed), "role with a slash of a user")?;
    check(refs(Address::top(ROLE, "wide"), "composites").len() == 120, "composites are cut")?;
    check(refs(Address::top(USER, "bob"), "groups").len() == 120, "groups of a user are cut")?;
    let secret = state.get(&app).and_then(|it| it.get("secret"));
    check(
        matches!(secret.map(|it| &it.is), Some(Is::Hidden(realmwright::state::Hidden::Value(_)))),
        "secret",
    )?;
    let account = state.get(&Address::top(USER, "service-account-app")).ok_or("no service account")?;
    check(account.made_by.as_ref() == Some(&app), "the service account does not know its client")?;
    check(
        matches!(read.live.find(&Address::top(USER, "nobody")), Found::Absent),
        "a user asked for is absent",
    )?;
    check(
        matches!(read.live.find(&Address::top(USER, "carl")), Found::Unknown { .. }),
        "nobody asked for carl",
    )
}

fn what_may_not_be_seen_is_unknown(server: &Server, realm: &str) -> Result<(), String> {
    make(server, realm)?;
    let want = Want { users: names(["ann"]), ..Want::default() };
    let app = Address::top(CLIENT, "app");
    let parts: [(&str, &str, Address); 5] = [
        ("role", "view-realm", Address::top(ROLE, "x")),
        ("group", "view-users", Address::top(realmwright::kind::GROUP, "x")),
        ("user", "view-users", Address::top(USER, "ann")),
        ("client", "view-clients", Address::top(CLIENT, "x")),
        ("client role", "view-clients", app.child(ROLE, "x")),
    ];
    for held in [
        &[][..],
        &["view-realm"],
        &["view-users"],
        &["view-clients"],
        &["view-realm", "view-clients"],
        &["query-users", "query-clients", "query-groups", "view-realm"],
        &["manage-realm", "view-clients", "query-users", "query-groups"],
    ] {
        let name = format!("holds-{}", held.join("-"));
        server.post(
            &format!("/{realm}/clients"),
            &json!({ "clientId": name, "secret": "s", "serviceAccountsEnabled": true, "standardFlowEnabled": false }),
        )?;
        // Without any role nothing at all may be asked.
        let roles = if held.is_empty() { &["query-realms"] } else { held };
        server.realm(realm).administer(&format!("service-account-{name}"), roles)?;
        let read =
            read_as(server, realm, Credentials::Client { id: name.clone(), secret: Secret::new("s") }, &want)
                .map_err(|it| format!("{held:?}: {it}"))?;
        for (what, right, address) in &parts {
            let right_by = right.replace("view-", "manage-");
            let holds = held.iter().any(|it| it == right || *it == right_by);
            let is_known = !matches!(read.live.find(address), Found::Unknown { .. });
            // A part may be unknown although it may be viewed: what hangs on another part cannot be named.
            check(holds || !is_known, &format!("{held:?}: {what} {address} counts as read"))?;
        }
        if held.contains(&"view-realm") && held.contains(&"view-clients") {
            let found = read.live.find(&Address::top(ROLE, "x"));
            check(matches!(found, Found::Absent), &format!("{held:?}: roles were read, not {found:?}"))?;
            check(!read.live.unread.is_empty(), "default groups cannot be seen without view-users")?;
        }
    }
    server.no_realm(realm)
}

fn a_missing_realm_is_read_as_a_new_one(server: &Server) -> Result<(), String> {
    let realm = "reading-New";
    server.no_realm(realm)?;
    let missing = read_as(server, realm, admin(server), &Want::default())?;
    check(missing.source == Source::Fresh && !missing.live.exists, "the realm is not there")?;
    server.fresh_realm(realm)?;
    let there = read_as(server, realm, admin(server), &Want::default())?;
    check(there.source == Source::Export && there.live.exists, "the realm is there")?;
    check(missing.live.state.default_role == there.live.state.default_role, "default role")?;
    let expected = plain(&missing.live.state);
    let found = same(&expected, &plain(&there.live.state));
    server.no_realm(realm)?;
    found
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into_iter().collect()
}

fn check(holds: bool, text: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(text.to_owned()) }
}

fn admin(server: &Server) -> Credentials {
    Credentials::Password { user: server.user.clone(), password: Secret::new(server.password.as_str()) }
}

fn client(id: &str) -> Credentials {
    Credentials::Client { id: id.to_owned(), secret: Secret::new(format!("{id}-secret")) }
}

/// Reads as the product does, each time over a new connection.
fn read_as(server: &Server, realm: &str, credentials: Credentials, want: &Want) -> Result<Read, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|it| it.to_string())?;
    runtime.block_on(async {
        let mut connect = Connect::new(server.url.as_str(), credentials);
        if matches!(connect.credentials, Credentials::Client { .. }) {
            realm.clone_into(&mut connect.auth_realm);
        }
        connect.reach.request_timeout = Duration::from_secs(60);
        let keycloak = Keycloak::connect(&connect).await.map_err(|it| it.to_string())?;
        let read = read(&keycloak, realm, want).await.map_err(|it| it.to_string())?;
        keycloak.close().await;
        Ok(read)
    })
}

/// Makes the realm that has something of everything, and more of each than a default page shows.
fn make(server: &Server, realm: &str) -> Result<(), String> {
    server.no_realm(realm)?;
    let everything: Value = serde_json::from_str(EVERYTHING).map_err(|it| it.to_string())?;
    let mut wanted = everything["realm"].clone();
    wanted["realm"] = Value::from(realm);
    let wide: Vec<String> = (0..120).map(|it| format!("w{it:03}")).collect();
    let roles = wanted["roles"]["realm"].as_array_mut().ok_or("no roles")?;
    roles.extend(wide.iter().map(|it| json!({ "name": it })));
    roles.push(json!({ "name": "wide", "composite": true, "composites": { "realm": wide } }));
    let groups = wanted["groups"].as_array_mut().ok_or("no groups")?;
    let many: Vec<Value> = (0..120).map(|it| json!({ "name": format!("g{it:03}") })).collect();
    groups.push(json!({ "name": "many", "subGroups": many }));
    groups.push(json!({ "name": "doomed" }));
    let users = wanted["users"].as_array_mut().ok_or("no users")?;
    let bob = users.iter_mut().find(|it| it["username"] == "bob").ok_or("no bob")?;
    bob["groups"] = (0..120).map(|it| Value::from(format!("/many/g{it:03}"))).collect();
    users.push(json!({ "username": "doomed" }));
    users.extend((0..150).map(|it| {
        json!({
            "username": format!("u{it:03}"), "enabled": true, "realmRoles": [format!("w{:03}", it % 120)],
            "groups": [format!("/many/g{:03}", it % 120)], "clientRoles": { "app": ["reader"] },
        })
    }));
    server.one_at_a_time(|| server.post("", &wanted))?;
    server.post(&format!("/{realm}/client-scopes"), &everything["clientScope"])?;
    let extra = id_of(server, &format!("/{realm}/client-scopes"), "name", "extra")?;
    let app = id_of(server, &format!("/{realm}/clients?max=-1"), "clientId", "app")?;
    server.put(&format!("/{realm}/clients/{app}/optional-client-scopes/{extra}"), &json!({}))?;
    let mut authorization = everything["authorization"].clone();
    let resources = authorization["resources"].as_array_mut().ok_or("no resources")?;
    resources.extend((0..300).map(|it| {
        json!({
            "name": format!("r{it}"), "displayName": format!("R {it}"), "uris": [format!("/r/{it}/*")],
            "type": if it % 2 == 1 { json!("urn:t") } else { Value::Null },
            "scopes": if it % 3 > 0 { json!([{ "name": "read" }, { "name": "write" }]) } else { json!([]) },
            "attributes": if it < 3 { json!({ "k": ["v", it.to_string()] }) } else { json!({}) },
        })
    }));
    let server_path = format!("/{realm}/clients/{app}/authz/resource-server");
    server.post(&format!("{server_path}/import"), &authorization)?;
    let settings = ["allowRemoteResourceManagement", "policyEnforcementMode", "decisionStrategy"];
    let settings: Value = settings.iter().map(|it| ((*it).to_owned(), authorization[*it].clone())).collect();
    server.put(&server_path, &settings)?;
    // An import takes the first slash for the end of a client's name, and finds no service accounts.
    let saml = id_of(server, &format!("/{realm}/clients?max=-1"), "clientId", "https://sp.example.org/saml")?;
    let guest = id_of(server, &format!("/{realm}/clients/{saml}/roles"), "name", "guest")?;
    let slashed = id_of(server, &format!("/{realm}/roles?max=-1"), "name", "b/c")?;
    let account = server.get(&format!("/{realm}/clients/{app}/service-account-user"))?["id"].clone();
    for (kind, body) in [
        (
            "role",
            json!({ "name": "p saml role", "roles": [{ "id": guest }, { "id": slashed, "required": true }] }),
        ),
        ("user", json!({ "name": "p sa user", "users": [account] })),
    ] {
        server.post(&format!("{server_path}/policy/{kind}"), &body)?;
    }
    // Of resources of one name only an id says which is meant.
    let named = server.get(&format!("{server_path}/resource?max=-1&exactName=true&name=r0&owner=bob"))?;
    let permission = json!({ "name": "perm bob", "resources": [named[0]["_id"]], "policies": ["p role"] });
    server.post(&format!("{server_path}/permission/resource"), &permission)?;
    // The server keeps ids of what is deleted in its policies.
    server.post(&format!("/{realm}/roles"), &json!({ "name": "doomed" }))?;
    let role = id_of(server, &format!("/{realm}/roles?max=-1"), "name", "doomed")?;
    let user = id_of(server, &format!("/{realm}/users?exact=true&username=doomed"), "username", "doomed")?;
    let group = id_of(server, &format!("/{realm}/groups"), "name", "doomed")?;
    for (kind, body) in [
        ("role", json!({ "name": "p dead role", "roles": [{ "id": role }] })),
        ("user", json!({ "name": "p dead user", "users": [user], "logic": "NEGATIVE" })),
        ("group", json!({ "name": "p dead group", "groups": [{ "id": group }] })),
    ] {
        server.post(&format!("{server_path}/policy/{kind}"), &body)?;
    }
    for dead in ["roles/doomed".to_owned(), format!("users/{user}"), format!("groups/{group}")] {
        server.delete(&format!("/{realm}/{dead}"))?;
    }
    Ok(())
}

/// Switches fine-grained admin permissions on, which are authorization of a client that the server makes.
fn guard_a_group(server: &Server, realm: &str) -> Result<(), String> {
    let mut whole = server.get(&format!("/{realm}"))?;
    whole["adminPermissionsEnabled"] = Value::from(true);
    server.put(&format!("/{realm}"), &whole)?;
    let guard = id_of(server, &format!("/{realm}/clients?max=-1"), "clientId", "admin-permissions")?;
    let group = id_of(server, &format!("/{realm}/groups"), "name", "zz")?;
    let user = id_of(server, &format!("/{realm}/users?exact=true&username=ann"), "username", "ann")?;
    let path = format!("/{realm}/clients/{guard}/authz/resource-server");
    server.post(&format!("{path}/policy/user"), &json!({ "name": "only ann", "users": [user] }))?;
    let permission = json!({
        "name": "ann sees zz", "resourceType": "Groups", "resources": [group], "scopes": ["view"],
        "policies": ["only ann"],
    });
    server.post(&format!("{path}/permission/scope"), &permission).map(|_| ())
}

/// Has the client share a resource of its own.
fn share(server: &Server, realm: &str) -> Result<(), String> {
    let app = id_of(server, &format!("/{realm}/clients?max=-1"), "clientId", "app")?;
    let resources = format!("/{realm}/clients/{app}/authz/resource-server/resource");
    let rows = server.get(&format!("{resources}?max=-1"))?;
    let own = rows.as_array().into_iter().flatten();
    let mut own = own.filter(|it| it["owner"]["name"] == "app" && !it["scopes"][0].is_null());
    let mut resource = own.next().ok_or("no resource of the client has scopes")?.clone();
    let id = resource["_id"].as_str().ok_or("a resource without id")?.to_owned();
    resource["ownerManagedAccess"] = Value::from(true);
    server.put(&format!("{resources}/{id}"), &resource)?;
    let login = [("client_id", "app"), ("client_secret", "s3cret-app"), ("grant_type", "client_credentials")];
    let (status, answer) = server.token(realm, &login)?;
    let token = answer["access_token"].as_str().ok_or_else(|| format!("login: {status} {answer}"))?;
    let scopes = [&resource["scopes"][0]["name"]];
    server.share(realm, token, &id, &json!({ "name": "with ann", "scopes": scopes, "users": ["ann", "bob"] }))
}

fn id_of(server: &Server, list: &str, key: &str, name: &str) -> Result<String, String> {
    let rows = server.get(list)?;
    let row = rows.as_array().into_iter().flatten().find(|it| it[key] == name);
    row.and_then(|it| it["id"].as_str()).map(str::to_owned).ok_or_else(|| format!("{list} has no {name}"))
}

/// Objects without what differs from read to read: ids (exports have none of authorization) and order.
fn plain(state: &State) -> BTreeMap<Address, Object> {
    let objects = state.objects.iter().map(|(address, object)| {
        let mut object = object.clone();
        object.id = None;
        object.fields.values_mut().for_each(sort);
        (address.clone(), object)
    });
    objects.collect()
}

fn sort(node: &mut Node) {
    match &mut node.is {
        Is::List(items) => {
            items.iter_mut().for_each(sort);
            items.sort();
        }
        Is::Sequence(items) => items.iter_mut().for_each(sort),
        Is::Map(map) => map.values_mut().for_each(sort),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) | Is::Secret(_) | Is::Hidden(_) => {
        }
    }
}

fn same(left: &BTreeMap<Address, Object>, right: &BTreeMap<Address, Object>) -> Result<(), String> {
    let addresses: BTreeSet<&Address> = left.keys().chain(right.keys()).collect();
    let mut differences = Vec::new();
    for address in addresses {
        match (left.get(address), right.get(address)) {
            (Some(left), Some(right)) if left.made_by != right.made_by => {
                differences.push(format!("{address}: made by {:?} or {:?}", left.made_by, right.made_by));
            }
            (Some(left), Some(right)) => {
                let fields: BTreeSet<_> = left.fields.keys().chain(right.fields.keys()).collect();
                for field in fields {
                    let (left, right) = (left.fields.get(field), right.fields.get(field));
                    if left != right {
                        differences.push(format!("{address} {field}: {left:?} or {right:?}"));
                    }
                }
            }
            (Some(_), None) => differences.push(format!("{address}: only the first")),
            (None, _) => differences.push(format!("{address}: only the second")),
        }
    }
    check(differences.is_empty(), &format!("{} differences:\n{}", differences.len(), differences.join("\n")))
}
