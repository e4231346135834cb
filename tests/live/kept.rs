//! What people have goes on through applies: tokens while keys are rotated, and sessions, offline tokens, credentials,
//! consents and linked identities while everything around them changes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::realm::claims;
use crate::server::Server;
use crate::tokens::form;
use crate::tree::{Tree, check, list, word};
use crate::watched::{APPLY, Trouble, watched};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, needs, run| Trial { name, needs, run };
    vec![
        trial("kept::tokens_are_valid_while_keys_are_rotated", Needs::Newest, keys),
        trial("kept::tokens_are_valid_while_keys_are_rotated_on_the_oldest_version", Needs::Oldest, keys),
        trial("kept::what_people_have_stays", Needs::Newest, people),
        trial("kept::what_people_have_stays_on_the_oldest_version", Needs::Oldest, people),
    ]
}

const BACK: &str = "https://web.example.org/back";

/// A new key with higher priority, then the old one passive, then gone: three applies.
fn keys(server: &Server) -> Result<(), String> {
    let realm = "live-kept-keys";
    let key = |name: &str, priority: &str, active: &str| json!({ "name": name, "providerId": "rsa-generated", "config": { "priority": [priority], "active": [active], "algorithm": ["RS256"] } });
    let declared = |keys: Vec<Value>| {
        json!({
            "components": { "org.keycloak.keys.KeyProvider": keys },
            // What stays, so that little of all goes.
            "roles": { "realm": (0..12).map(|it| json!({ "name": format!("role {it}") })).collect::<Vec<_>>() },
            "clients": [{ "clientId": "web", "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris": [BACK] }],
        })
    };
    let tree = made(server, realm, &declared(vec![key("first", "300", "true")]))?;
    add_user(server, realm)?;
    let login =
        [("grant_type", "password"), ("username", "ann"), ("password", "ann-password"), ("scope", "openid")];
    let of_first = tokens(server, realm, &login)?;
    let mut held = of_first.clone();
    let mut looked = 0;
    let steps = [
        (
            "a new key of higher priority",
            declared(vec![key("first", "300", "true"), key("second", "400", "true")]),
        ),
        (
            "the old one is passive",
            declared(vec![key("first", "300", "false"), key("second", "400", "true")]),
        ),
        ("the old one goes", declared(vec![key("second", "400", "true")])),
    ];
    for (name, manifest) in steps {
        tree.declare(&manifest)?;
        let (ran, seen, _) = watched(server, &tree, &[APPLY, &["--prune"]].concat(), Trouble::None, || {
            is_valid(server, realm, &held)
        })?;
        ran.expect(0).map_err(|it| format!("{name}: {it}"))?;
        looked += seen.len();
        is_valid(server, realm, &held).map_err(|it| format!("after {name}: {it}"))?;
        held = tokens(
            server,
            realm,
            &[("grant_type", "refresh_token"), ("refresh_token", &word(&held["refresh_token"]))],
        )?;
        is_valid(server, realm, &held).map_err(|it| format!("renewed after {name}: {it}"))?;
        tree.is_clean(server)?;
    }
    check(looked >= 3, "tokens were looked at before every write", &json!(looked))?;
    let is_old = is_valid(server, realm, &of_first).is_err();
    check(is_old, "what the old key signed is valid no longer", &Value::Null)?;
    server.no_realm(realm)
}

/// Checks that the server takes an access token, and that whoever only knows the published keys can verify it.
fn is_valid(server: &Server, realm: &str, tokens: &Value) -> Result<(), String> {
    let token = word(&tokens["access_token"]);
    let openid = format!("{}/realms/{realm}/protocol/openid-connect", server.url);
    let (status, told) = server.at_url(&format!("{openid}/userinfo"), Some(&token))?;
    check(status == 200, "the server takes the token", &told)?;
    let (_, keys) = server.at_url(&format!("{openid}/certs"), None)?;
    let head = token.split('.').next().and_then(|it| URL_SAFE_NO_PAD.decode(it).ok()).ok_or("no token")?;
    let head: Value = serde_json::from_slice(&head).map_err(|it| it.to_string())?;
    let key = &head["kid"];
    let is_published = list(&keys["keys"]).iter().any(|it| it["kid"] == *key);
    check(is_published, "its key is published", &keys)
}

/// Changes all around people who are logged in.
fn people(server: &Server) -> Result<(), String> {
    let realm = "live-kept-people";
    let tree = made(server, realm, &around(0))?;
    let user = add_user(server, realm)?;
    server.post(
        &format!("/{realm}/users/{user}/federated-identity/hub"),
        &json!({ "userId": "x-1", "userName": "ann-elsewhere" }),
    )?;
    let address = format!(
        "{}/realms/{realm}/protocol/openid-connect/auth?client_id=web&redirect_uri={BACK}&response_type=code&scope=openid+offline_access",
        server.url
    );
    let value = |field: &str| match field {
        "username" => Some("ann".to_owned()),
        "password" => Some("ann-password".to_owned()),
        "accept" => Some("Yes".to_owned()),
        _ => None,
    };
    let back = form::reaches(&address, BACK, &value)?;
    let code = back.query_pairs().find(|it| it.0 == "code").map(|it| it.1.into_owned()).ok_or("no code")?;
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", BACK)];
    let offline = tokens(server, realm, &form)?;
    let form =
        [("grant_type", "password"), ("username", "ann"), ("password", "ann-password"), ("scope", "openid")];
    let online = tokens_of(server, realm, "app", &form)?;
    let before = has(server, realm, &user)?;
    check(list(&before["consents"]).len() == 1, "she agreed once", &before)?;
    tree.declare(&around(1))?;
    tree.run(server, APPLY)?.expect(0)?;
    tree.is_clean(server)?;
    let after = has(server, realm, &user)?;
    check(before == after, "what she has is as before", &json!([before, after]))?;
    for (client, tokens) in [("web", &offline), ("app", &online)] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &*word(&tokens["refresh_token"]))];
        let renewed = tokens_of(server, realm, client, &form).map_err(|it| format!("{client}: {it}"))?;
        let sub = |it: &Value| Ok::<_, String>(claims(&word(&it["access_token"]))?["sub"].clone());
        let is_same = sub(&renewed)? == sub(tokens)? && sub(tokens)? == json!(user);
        check(is_same, "she is who she was", &renewed)?;
    }
    server.no_realm(realm)
}

/// A realm in one of two shapes, of which nothing concerns what a user of it has.
fn around(shape: usize) -> Value {
    let of = |texts: [&str; 2]| texts[shape].to_owned();
    json!({
        "displayName": of(["Kept", "Kept well"]),
        "accessTokenLifespan": 300 - 60 * shape,
        "roles": { "realm": [{ "name": "reader", "description": of(["reads", "reads much"]) }, { "name": "writer" }] },
        "groups": [{ "name": "staff", "attributes": { "floor": [of(["1", "2"])] }, "realmRoles": ["reader"] }],
        "users": [{ "username": "ann", "attributes": { "locale": [of(["de", "en"])] }, "groups": ["/staff"], "realmRoles": [of(["reader", "writer"])] }],
        "internationalizationEnabled": true,
        "supportedLocales": ["de", "en"],
        "identityProviders": [{ "alias": "hub", "providerId": "oidc", "displayName": of(["Hub", "The hub"]),
            "config": { "clientId": "us", "authorizationUrl": "https://hub.example.org/auth", "tokenUrl": "https://hub.example.org/token" } }],
        "clients": [
            { "clientId": "web", "name": of(["Web", "The web"]), "publicClient": true, "consentRequired": true, "redirectUris": [BACK, of(["https://a.example.org/*", "https://b.example.org/*"])] },
            { "clientId": "app", "description": of(["an app", "the app"]), "publicClient": true, "directAccessGrantsEnabled": true,
              "protocolMappers": [{ "name": "team", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
                "config": { "claim.name": "team", "claim.value": of(["a", "b"]), "jsonType.label": "String", "access.token.claim": "true" } }] },
        ],
        "browserFlow": "ours",
        "authenticationFlows": [{ "alias": "ours", "description": of(["how we log in", "how we all log in"]), "authenticationExecutions": [
            { "authenticator": "auth-cookie", "requirement": "ALTERNATIVE" },
            { "flowAlias": "pages", "requirement": "ALTERNATIVE" },
        ] }, { "alias": "pages", "topLevel": false, "authenticationExecutions": [
            { "authenticator": "auth-username-password-form", "requirement": "REQUIRED" },
        ] }],
    })
}

/// Returns what a user has that no manifest says.
fn has(server: &Server, realm: &str, user: &str) -> Result<Value, String> {
    let of = |path: &str| server.get(&format!("/{realm}/users/{user}/{path}"));
    let clients = server.get(&format!("/{realm}/clients?clientId=web"))?;
    let client = list(&clients).first().map(|it| word(&it["id"])).ok_or("no client")?;
    let mut sessions = of("sessions")?;
    for session in sessions.as_array_mut().into_iter().flatten() {
        session.as_object_mut().into_iter().for_each(|it| it.retain(|key, _| key == "id" || key == "start"));
    }
    sessions.as_array_mut().into_iter().for_each(|it| it.sort_by_key(ToString::to_string));
    Ok(json!({
        "sessions": sessions,
        "offline": list(&of(&format!("offline-sessions/{client}"))?).iter().map(|it| it["id"].clone()).collect::<Vec<_>>(),
        "credentials": of("credentials")?,
        "consents": of("consents")?,
        "identities": of("federated-identity")?,
    }))
}

fn made(server: &Server, realm: &str, manifest: &Value) -> Result<Tree, String> {
    server.no_realm(realm)?;
    let tree = Tree::creating(realm)?;
    tree.declare(manifest)?;
    tree.run(server, APPLY)?.expect(0)?;
    Ok(tree)
}

/// Gives `ann` a password by hand, who is made where no manifest made her, and returns her id.
fn add_user(server: &Server, realm: &str) -> Result<String, String> {
    let find = || server.get(&format!("/{realm}/users?username=ann"));
    if list(&find()?).is_empty() {
        server.post(&format!("/{realm}/users"), &json!({ "username": "ann", "enabled": true }))?;
    }
    let id = list(&find()?).first().map(|it| word(&it["id"])).ok_or("no user")?;
    let mut user = server.get(&format!("/{realm}/users/{id}"))?;
    for (field, value) in [("email", "ann@example.org"), ("firstName", "A"), ("lastName", "N")] {
        user[field] = json!(value);
    }
    server.put(&format!("/{realm}/users/{id}"), &user)?;
    let password = json!({ "type": "password", "value": "ann-password", "temporary": false });
    server.put(&format!("/{realm}/users/{id}/reset-password"), &password)?;
    Ok(id)
}

fn tokens(server: &Server, realm: &str, form: &[(&str, &str)]) -> Result<Value, String> {
    tokens_of(server, realm, "web", form)
}

fn tokens_of(server: &Server, realm: &str, client: &str, form: &[(&str, &str)]) -> Result<Value, String> {
    let (status, answer) = server.token(realm, &[&[("client_id", client)], form].concat())?;
    if status.is_success() { Ok(answer) } else { Err(format!("no token: {status} {answer}")) }
}
