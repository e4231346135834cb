//! What policies find in the claims that mappers write.

use serde_json::json;

use super::*;
use crate::access::persona::{Persona, Subjects};
use crate::kind::{CLIENT, NEWEST, OLDEST, USER, Version, lift_realm};
use crate::state::Address;
use crate::text::tree_of_json;

/// A mapper of a client.
fn mapper(provider: &str, config: &[(&str, &str)]) -> Value {
    let mut config: BTreeMap<&str, &str> = config.iter().copied().collect();
    config.insert("access.token.claim", "true");
    json!({ "name": "m", "protocol": "openid-connect", "protocolMapper": provider, "config": config })
}

/// A mapper that writes this value as this type.
fn hard(name: &str, value: &str, label: &str) -> Value {
    let config = [("claim.name", name), ("claim.value", value), ("jsonType.label", label)];
    mapper("oidc-hardcoded-claim-mapper", &config)
}

/// Compiles a realm of a client with these mappers, and a user with two roles.
fn realm(mappers: &[Value], target: &str, version: Version) -> Realm {
    let named = |(at, it): (usize, &Value)| {
        let mut it = it.clone();
        it["name"] = json!(format!("m{at}"));
        it
    };
    let policy = json!({ "name": "p", "type": "regex", "targetClaim": target, "pattern": ".*" });
    let realm = json!({
        "realm": "r",
        "roles": { "realm": [{ "name": "x" }, { "name": "y" }] },
        "users": [
            { "username": "u", "id": "7d", "enabled": true, "email": "u@x.org", "realmRoles": ["y"],
              "attributes": { "dept": ["d"], "tags": ["s", "t"], "number": ["5"] } },
            { "username": "both", "realmRoles": ["x", "y"] },
        ],
        "clients": [{ "clientId": "rs", "fullScopeAllowed": true, "authorizationServicesEnabled": true,
            "protocolMappers": mappers.iter().enumerate().map(named).collect::<Vec<_>>(),
            "authorizationSettings": { "policies": [policy] } }],
    });
    Realm::compile(&lift_realm(&tree_of_json(&realm)).into_live(), version)
}

/// What a regex policy finds under a target in a user's token.
fn found_by(user: &str, mappers: &[Value], target: &str) -> String {
    let realm = realm(mappers, target, NEWEST);
    let server = realm.server(&Address::top(CLIENT, "rs")).expect("has authorization");
    let persona = Persona::user(Address::top(USER, user));
    match Subjects::default().subject(&realm, server, &persona).claims.find(target) {
        Found::Text(text) => text.into_owned(),
        other => format!("{other:?}"),
    }
}

/// What a regex policy finds under a target, where a hard-coded mapper writes this value as this type.
fn found(name: &str, value: &str, label: &str, target: &str) -> String {
    found_by("u", &[hard(name, value, label)], target)
}

#[test]
fn values_of_mappers_are_found_as_on_26_7_5() {
    for (name, value, label, target, expected) in [
        (r"org\.x.dept", "sales", "String", r"org\.x.dept", "sales"),
        (r"a\.b", "x", "String", r"a\.b", "Missing"),
        ("obj", r#"{"b": 1, "a": ["x"]}"#, "JSON", "obj", r#"{"b":1,"a":["x"]}"#),
        ("obj", r#"{"b": 1}"#, "JSON", "obj.b", "1"),
        ("obj", r#"{"b": null}"#, "JSON", "obj.b", "Missing"),
        ("obj", r#"{"b": true}"#, "JSON", "obj.b", "true"),
        ("obj", r#"{"b": []}"#, "JSON", "obj.b", "Missing"),
        ("obj", r#"{"b": {"k": "v"}}"#, "JSON", "obj.b", r#"{"k":"v"}"#),
        ("obj", r#"{"l": ["m", "n"]}"#, "JSON", "obj.l", "[m, n]"),
        ("obj", r#"{"l": [1, 2]}"#, "JSON", "obj.l", "[1, 2]"),
        ("obj", r#"{"l": ["m", "n"]}"#, "JSON", "obj.l[1]", "n"),
        ("obj", r#"{"l": ["m", "n"]}"#, "JSON", "obj.l[2]", "Missing"),
        ("js", r#""x""#, "JSON", "js", "x"),
        ("js", r#""x""#, "JSON", "js.y", "Fails"),
        ("jn", "5", "JSON", "jn", "5"),
        ("jn", "null", "JSON", "jn", "Missing"),
        ("jn", "{nope", "JSON", "jn", "Maybe"),
        ("jn", "", "JSON", "jn", "Missing"),
        // It is 1.
        ("jn", "1 2", "JSON", "jn", "Maybe"),
        ("jn", r#"{"x": 1}trailing"#, "JSON", "jn", "Maybe"),
        ("jn", "1.50", "JSON", "jn", "1.5"),
        ("jn", "1e20", "JSON", "jn", "Opaque"),
        ("jn", "-0", "JSON", "jn", "Opaque"),
        ("jn", "12345678901234567890", "JSON", "jn", "12345678901234567890"),
        ("jn", "123456789012345678901234567890", "JSON", "jn", "Opaque"),
        // Below a map it reads `1.0E20`.
        ("obj", r#"{"b": 100000000000000000000.5, "a": "x"}"#, "JSON", "obj.b", "Opaque"),
        ("obj", r#"{"b": 100000000000000000000.5, "a": "x"}"#, "JSON", "obj", "Opaque"),
        ("obj", r#"{"b": 100000000000000000000.5, "a": "x"}"#, "JSON", "obj.a", "x"),
        (r"o\.x.y", "a", "String", r"o\.x.y", "a"),
        (r"o.x\.y", "a", "String", r"o.x\.y", "Missing"),
        ("o.x.y", "a", "String", r"o.x\.y", "a"),
        ("o", r#"{"x": {"y": {"z": "a"}}}"#, "JSON", r"o.x\.y.z", "a"),
        ("o", r#"{"x": {"y": ["a"]}}"#, "JSON", r"o.x\.y[0]", "a"),
        ("o", r#"{"x": 1}"#, "JSON", "o.", "Missing"),
        ("o", r#"{"x": 1}"#, "JSON", "o..x", "Missing"),
        ("o", r#"{"x": 1}"#, "JSON", "o.x.", "1"),
        ("scope", "x", "String", "scope", "Missing"),
        ("typ", "x", "String", "typ", "Bearer"),
        ("acr", "x", "String", "acr", "x"),
        ("acr.x", "x", "String", "acr.x", "Missing"),
        ("aud", "x", "String", "aud", "Maybe"),
        ("eo", "{}", "JSON", "eo", "{}"),
        ("l", "[]", "JSON", "l", "Missing"),
        ("l", r#"["a", "b"]"#, "JSON", "l", "a"),
        ("l", r#"["a", "b"]"#, "JSON", "l[0]", "Missing"),
        ("l", "[1, 2]", "JSON", "l", "1"),
        ("l", "[null]", "JSON", "l", "null"),
        ("l", r#"[{"z": 1}]"#, "JSON", "l", ""),
        ("i", "5", "int", "i", "5"),
        ("i", "x", "int", "i", "Missing"),
        ("i", "5", "long", "i", "5"),
        ("d", "1.50", "double", "d", "1.50"),
        ("b", "True", "boolean", "b", "true"),
        ("b", "x", "boolean", "b", "false"),
        ("b", "", "boolean", "b", "Missing"),
        ("s", "", "String", "s", "Missing"),
    ] {
        assert_eq!(found(name, value, label, target), expected, "{target} of {name}: {label} {value}");
    }
}

/// On 26.0.8 too, but for values that are not of their type, where there is no token.
#[test]
fn only_mappers_of_many_values_write_lists_as_on_26_7_5() {
    let roles = |multivalued: &str, label: &str| {
        let config = [("claim.name", "o.q"), ("multivalued", multivalued), ("jsonType.label", label)];
        mapper("oidc-usermodel-realm-role-mapper", &config)
    };
    let of_user = |provider: &str, field: &str, multivalued: &str, label: &str| {
        let config = [("user.attribute", field), ("multivalued", multivalued), ("jsonType.label", label)];
        mapper(provider, &[&[("claim.name", "o.q")], &config[..]].concat())
    };
    let attribute =
        |field, multivalued, label| of_user("oidc-usermodel-attribute-mapper", field, multivalued, label);
    let property = |field, label| of_user("oidc-usermodel-property-mapper", field, "true", label);
    for (user, mapper, expected) in [
        ("u", roles("true", "String"), r#"Whole(["y"])"#),
        ("u", roles("false", "String"), "y"),
        ("u", roles("TRUE", ""), "y"),
        ("both", roles("", "String"), r#"First(["x", "y"])"#),
        ("u", roles("false", "int"), "Maybe"),
        ("u", roles("true", "int"), "Opaque"),
        ("u", attribute("tags", "true", "String"), r#"Whole(["s", "t"])"#),
        ("u", attribute("tags", "false", "String"), r#"First(["s", "t"])"#),
        ("u", attribute("dept", "true", "double"), r#"Whole(["d"])"#),
        ("u", attribute("number", "", "int"), "5"),
        ("u", attribute("email", "", "String"), "u@x.org"),
        ("u", attribute("emailVerified", "", "boolean"), "Missing"),
        ("u", attribute("enabled", "", "String"), "Missing"),
        ("u", attribute("id", "", "String"), "Missing"),
        ("u", attribute("Email", "", "String"), "Missing"),
        ("u", property("email", "String"), "u@x.org"),
        ("u", property("Email", "String"), "u@x.org"),
        ("u", property("EMAIL", "String"), "Missing"),
        ("u", property("emailVerified", "boolean"), "false"),
        ("u", property("Enabled", "String"), "true"),
        ("u", property("username", "int"), "Missing"),
        ("u", property("id", "String"), "7d"),
        ("both", property("email", "String"), "Missing"),
        ("u", property("createdTimestamp", "String"), "Maybe"),
        ("u", property("dept", "String"), "Missing"),
        ("u", property("", "String"), "Missing"),
        ("u", of_user("oidc-hardcoded-claim-mapper", "", "true", ""), "Missing"),
    ] {
        assert_eq!(found_by(user, std::slice::from_ref(&mapper), "o.q"), expected, "{user} {mapper}");
    }
    // It is in the list although it is no role.
    let strange = |role| mapper("oidc-hardcoded-role-mapper", &[("role", role)]);
    for (role, expected) in [("x", r#"Whole(["x", "y"])"#), ("nobody", "Maybe"), ("y", r#"Whole(["y"])"#)] {
        assert_eq!(found_by("u", &[roles("true", ""), strange(role)], "o.q"), expected, "{role}");
    }
    let several = |label| {
        mapper(
            "oidc-hardcoded-claim-mapper",
            &[
                ("claim.name", "o.q"),
                ("claim.value", "a"),
                ("multivalued", "true"),
                ("jsonType.label", label),
            ],
        )
    };
    assert_eq!(found_by("u", &[several("String")], "o.q"), "a");
}

/// As measured: on 26.0.8, and on 26.7.5.
#[test]
fn what_the_server_does_not_read_back_spoils_a_token() {
    let spoils = |mapper: &Value, version| {
        let realm = realm(std::slice::from_ref(mapper), "x", version);
        realm.client_entries[0].mappers[0].spoils
    };
    let by = |provider: &str, config: &[(&str, &str)]| mapper(provider, config);
    let (old, new, both) = ([true, false], [false, true], [true; 2]);
    let neither = [false; 2];
    for (mapper, expected) in [
        (hard("azp", "x", "String"), both),
        (hard("azp.x", "x", "String"), neither),
        (hard("azp", "", "String"), neither),
        (hard("sid", "x", "String"), both),
        (hard("nbf", "4102444800", "long"), both),
        (hard("sub", "x", "String"), neither),
        (hard("acr", "x", "String"), neither),
        (hard("authorization", "x", "String"), both),
        (hard("authorization", "{}", "JSON"), neither),
        (hard("cnf", "x", "String"), both),
        (hard("cnf.jkt", "x", "String"), neither),
        (hard("cnf.x", "x", "String"), both),
        (hard("realm_access", "x", "String"), both),
        (hard("realm_access", r#"{"roles": ["x"]}"#, "JSON"), neither),
        (hard("realm_access", r#"{"a": 1}"#, "JSON"), both),
        (hard("realm_access.roles", "x", "String"), both),
        (hard("realm_access.roles", r#"["x"]"#, "JSON"), neither),
        (hard("realm_access.x", "1", "String"), both),
        (hard("realm_access.verify_caller", "true", "boolean"), neither),
        (hard("resource_access", "x", "String"), both),
        (hard("resource_access.a.roles", "x", "String"), old),
        (hard("resource_access.a.roles", r#"["x"]"#, "JSON"), neither),
        (hard("allowed-origins", "x", "String"), both),
        (hard("allowed-origins", r#"["x"]"#, "JSON"), neither),
        (hard("allowed-origins", r#"[{"a": 1}]"#, "JSON"), both),
        (hard("trusted-certs", "x", "String"), both),
        (hard("email_verified", "maybe", "String"), both),
        (hard("email_verified", "true", "String"), neither),
        (hard("email_verified", "5", "String"), both),
        (hard("phone_number_verified", "1.5", "JSON"), both),
        (hard("updated_at", "x", "String"), both),
        (hard("updated_at", "5", "String"), neither),
        (hard("locale", r#"["x"]"#, "JSON"), both),
        (hard("locale", "5", "long"), neither),
        (hard("claims_locales", r#"{"a": 1}"#, "JSON"), both),
        (hard("email.x", "x", "String"), both),
        (hard("preferred_username", "null", "JSON"), neither),
        (hard("address", "x", "String"), old),
        (hard("address.x", "x", "String"), old),
        (hard("address.locality", "x", "String"), neither),
        (hard("authorization_details", "x", "String"), new),
        (hard("other", "x", "String"), neither),
        (hard("other", "x", "int"), old),
        (hard("other", "{nope", "JSON"), old),
        (by("oidc-usermodel-realm-role-mapper", &[("claim.name", "realm_access.roles")]), both),
        (
            by(
                "oidc-usermodel-realm-role-mapper",
                &[("claim.name", "realm_access.roles"), ("multivalued", "true")],
            ),
            neither,
        ),
        (by("oidc-usermodel-realm-role-mapper", &[("claim.name", "roles")]), neither),
        (
            by("oidc-usermodel-client-role-mapper", &[("claim.name", "resource_access.${client_id}.roles")]),
            old,
        ),
        (by("oidc-group-membership-mapper", &[("claim.name", "groups")]), neither),
        (by("oidc-group-membership-mapper", &[("claim.name", "profile")]), both),
        (
            by(
                "oidc-usermodel-attribute-mapper",
                &[("claim.name", "updated_at"), ("user.attribute", "nobody has it")],
            ),
            neither,
        ),
        (
            by(
                "oidc-usermodel-attribute-mapper",
                &[("claim.name", "updated_at"), ("user.attribute", "dept")],
            ),
            both,
        ),
        (
            by(
                "oidc-usermodel-property-mapper",
                &[("claim.name", "email_verified"), ("user.attribute", "emailVerified")],
            ),
            neither,
        ),
    ] {
        assert_eq!([OLDEST, NEWEST].map(|it| spoils(&mapper, it)), expected, "{mapper}");
    }
}

#[test]
fn only_what_an_application_can_name_may_be_sent_along() {
    for (target, may) in
        [("ip", true), ("org.dept", true), ("kc.client.id", false), (r"kc\.client\.id", false)]
    {
        assert_eq!(may_be_sent(target), may, "{target}");
    }
}
