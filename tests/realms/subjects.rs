//! What is probed field by field: the realm, and one object of every kind and of every type of policy and
//! permission.

use realmwright::kind::{PERMISSION, POLICY, parse_address, policy_types};
use realmwright::state::Address;
use serde_json::{Value, json};

/// An object whose fields are probed.
pub(crate) struct Subject {
    pub(crate) address: Address,
    /// What it is created with and keeps.
    pub(crate) fixed: Value,
    pub(crate) skip: &'static [&'static str],
}

pub(crate) fn realm_itself() -> Subject {
    Subject { address: address("realm"), fixed: json!({}), skip: &[] }
}

pub(crate) fn subjects() -> Vec<Subject> {
    let plain = |text: &str| Subject { address: address(text), fixed: json!({}), skip: &[] };
    let mut subjects: Vec<Subject> = [
        "localization/it",
        "required-action/TERMS_AND_CONDITIONS",
        "user-profile",
        "user-profile/attribute/it",
        "user-profile/group/it",
        "client-profiles",
        "client-profile/it",
        "client-policies",
        "client-policy/it",
        "identity-provider/it",
        "identity-provider/it/mapper/it",
        "component/org.keycloak.keys.KeyProvider/it",
        "client-scope/it",
        "client-scope/it/mapper/it",
        "role/it",
        "client/other/role/it",
        "group/it",
        "group/it/under",
        "client/it",
        "client/it/mapper/it",
        "client/rs/authz/settings",
        "client/rs/authz/scope/it",
        "client/rs/authz/resource/it",
        "organization/o/group/it",
        "organization/o/group/it/under",
        "user/probed",
        "user/user1/federated-identity/it",
    ]
    .map(plain)
    .into();
    for (of, fixed, skip) in [
        ("flow/it", json!({ "topLevel": true, "providerId": "basic-flow" }), &[][..]),
        (
            "flow/it/execution/identity-provider-redirector",
            json!({ "authenticator": "identity-provider-redirector", "requirement": "DISABLED" }),
            // Another one names a flow.
            &["flowAlias"][..],
        ),
        // An old server takes no organization without one.
        ("organization/it", json!({ "domains": [{ "name": "it.example.org" }] }), &["domains"][..]),
        ("workflow/it", json!({ "steps": [{ "uses": "notify-user" }] }), &[][..]),
        ("flow/it/execution/identity-provider-redirector/config", json!({ "alias": "it" }), &[][..]),
    ] {
        subjects.push(Subject { address: address(of), fixed, skip });
    }
    subjects.push(Subject {
        address: address("component/org.keycloak.storage.UserStorageProvider/people/mapper/it"),
        fixed: json!({ "providerType": "org.keycloak.storage.ldap.mappers.LDAPStorageMapper" }),
        skip: &["subType"],
    });
    // Where the profile says a default, every user has it who has no other.
    let attribute = subjects.iter_mut().find(|it| it.address == address("user-profile/attribute/it"));
    if let Some(attribute) = attribute {
        attribute.skip = &["defaultValue"];
    }
    for (kind, word, types) in [
        (POLICY, "policy", policy_types(POLICY).collect::<Vec<_>>()),
        (PERMISSION, "permission", policy_types(PERMISSION).collect()),
    ] {
        for of in types {
            // Code is uploaded with a server; permissions of resource owners are theirs.
            if matches!(of, "js" | "uma") {
                continue;
            }
            let text = format!("client/rs/authz/{word}/{of}");
            debug_assert_eq!(address(&text).kind(), kind);
            subjects.push(Subject { address: address(&text), fixed: json!({ "type": of }), skip: &[] });
        }
    }
    let typed =
        subjects.iter_mut().find(|it| it.address.name() == "resource" && it.address.kind() == PERMISSION);
    // It covers resources or a type of them.
    if let Some(typed) = typed {
        typed.skip = &["resourceType"];
        let of_type = json!({ "type": "resource" });
        subjects.push(Subject {
            address: address("client/rs/authz/permission/of a type"),
            fixed: of_type,
            skip: &["resources"],
        });
    }
    subjects
}

fn address(text: &str) -> Address {
    parse_address(text).unwrap_or_else(|| panic!("no address: {text}"))
}
