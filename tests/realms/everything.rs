//! A realm with something of everything. Fields that vary hold `{"$": [one, other]}`.

use realmwright::state::Address;
use serde_json::{Map, Value, json};

use super::flat::{Flat, flat};

/// Returns the realm, each varying field decided by `choose`.
pub(crate) fn everything(choose: &mut dyn FnMut(&Address, &str) -> usize) -> Flat {
    let mut out = template();
    for (address, fields) in &mut out {
        for (name, value) in fields {
            decide(value, choose(address, name));
        }
    }
    out
}

/// Returns an object with other values.
pub(crate) fn varied(address: &Address, choose: &mut dyn FnMut(&str) -> usize) -> Map<String, Value> {
    let mut fields = template().remove(address).unwrap_or_default();
    for (name, value) in &mut fields {
        decide(value, choose(name));
    }
    fields
}

fn decide(value: &mut Value, choice: usize) {
    if let Some(options) = value.get("$").and_then(Value::as_array) {
        *value = options[choice % options.len()].clone();
    }
}

fn client_policies() -> Value {
    json!({
        "client-profiles": {},
        "client-profile/demanding": {
            "description": { "$": ["Asks for more", null] },
            "executors": { "$": [
                [{ "executor": "secure-session", "configuration": {} }, { "executor": "pkce-enforcer", "configuration": { "auto-configure": false } }],
                [{ "executor": "pkce-enforcer", "configuration": { "auto-configure": true } }, { "executor": "secure-session", "configuration": {} }],
                [],
            ] },
        },
        "client-policies": {},
        // For no client of this realm, whose writes it would judge.
        "client-policy/some": {
            "enabled": { "$": [true, false] },
            "conditions": { "$": [
                [{ "condition": "client-roles", "configuration": { "roles": ["nobody-has-it"] } }],
                [{ "condition": "client-roles", "configuration": { "roles": ["nobody-has-it", "either"] } }],
            ] },
            "profiles": { "$": [["demanding"], ["demanding", "fapi-1-baseline"], []] },
        },
    })
}

fn flows() -> Value {
    json!({
        "flow/ours": { "description": { "$": ["How we log in", null] }, "providerId": "basic-flow", "topLevel": true },
        "flow/ours/execution/auth-cookie": {
            "authenticator": "auth-cookie",
            "requirement": { "$": ["ALTERNATIVE", "DISABLED"] },
            "priority": { "$": [10, 30, 15] },
        },
        "flow/ours/execution/identity-provider-redirector": {
            "authenticator": "identity-provider-redirector",
            "requirement": { "$": ["DISABLED", "ALTERNATIVE", "REQUIRED"] },
            "priority": { "$": [20, 5] },
        },
        "flow/ours/execution/identity-provider-redirector/config": {
            "alias": { "$": ["elsewhere", "nowhere"] },
            "config": { "$": [{ "defaultProvider": "elsewhere" }, { "defaultProvider": "nowhere" }, { "defaultProvider": null }] },
        },
        "flow/ours/execution/our forms": {
            "flowAlias": "our forms",
            "requirement": { "$": ["ALTERNATIVE", "REQUIRED"] },
            "priority": 25,
        },
        "flow/our forms": { "providerId": "basic-flow", "topLevel": false },
        "flow/our forms/execution/auth-username-password-form": {
            "authenticator": "auth-username-password-form",
            "requirement": "REQUIRED",
            "priority": { "$": [10, 20] },
        },
    })
}

fn organizations() -> Value {
    json!({
        "identity-provider/partner": {
            "providerId": "oidc",
            "config": { "$": [
                { "clientId": "us", "tokenUrl": "https://p.example.org/token", "authorizationUrl": "https://p.example.org/auth" },
                { "clientId": "them", "tokenUrl": "https://p.example.org/token", "authorizationUrl": "https://p.example.org/auth" },
            ] },
        },
        "organization/partners": {
            "name": { "$": ["Partners", "All partners"] },
            "description": { "$": ["Who sells for us", null] },
            "redirectUrl": { "$": ["https://one.example.org/", null] },
            "attributes": { "$": [{ "k": ["a", "b"] }, { "k": ["b"], "l": [""] }, {}] },
            "domains": { "$": [
                [{ "name": "one.example.org" }, { "name": "two.example.org", "verified": true }],
                [{ "name": "two.example.org", "verified": false }, { "name": "one.example.org" }],
            ] },
            "members": { "$": [["eric"], ["eric", "alice"], []] },
            "identityProviders": { "$": [["partner"], []] },
        },
        "organization/partners/group/sellers": {
            "description": { "$": ["Who sells", null] },
            "attributes": { "$": [{ "k": ["a", "b"] }, { "k": ["b"], "l": [""] }, {}] },
            "realmRoles": { "$": [["plain"], ["plain", "with%2Fslash"], []] },
            "clientRoles": { "$": [{ "demo": ["reader"] }, { "demo": ["reader", "writer"] }, {}] },
            "members": { "$": [["eric"], ["alice"], []] },
        },
        "organization/partners/group/sellers/north": {
            "description": { "$": ["Up there", null] },
            "attributes": { "$": [{ "k": ["a"] }, {}] },
            "members": { "$": [["eric"], ["eric", "alice"], []] },
        },
        "organization/partners/group/buyers": { "realmRoles": { "$": [["extra"], []] } },
        "organization/others": { "domains": [{ "name": "three.example.org" }], "members": { "$": [["alice"], ["eric"]] } },
    })
}

fn texts() -> Value {
    json!({
        "localization/de": { "texts": { "$": [
            { "doLogIn": "Los", "a.b/c d%": "<b>{0}</b>", "updatePassword": "Neues Kennwort" },
            { "doLogIn": "Hinein", "empty": "", "updatePassword": null },
            { "doLogIn": null, "empty": null, "a.b/c d%": "'{0}'" },
        ] } },
        "localization/pt-BR": { "texts": { "$": [{}, { "doLogIn": "Entrar" }, { "doLogIn": "" }] } },
    })
}

/// What nobody sets off: steps of one that somebody is on the way through cannot change.
fn workflows() -> Value {
    json!({
        "workflow/leavers": {
            "enabled": { "$": [true, false] },
            "on": { "$": ["user-federated-identity-added(nowhere)", "user-authenticated", null] },
            "if": { "$": ["has-role(plain)", null, "not is-member-of(/ops) or has-role(\"plain\")"] },
            "schedule": { "$": [{ "after": "30d", "batch-size": 10 }, { "after": "40d" }, null] },
            "concurrency": { "$": [{ "cancel-in-progress": "true" }, { "restart-in-progress": "user-created", "cancel-in-progress": null }] },
            "steps": { "$": [
                [
                    { "uses": "notify-user", "after": "5d", "with": { "subject": "See you", "reason": ["b", "a"] } },
                    { "uses": "notify-user", "after": "10d" },
                    { "uses": "disable-user" },
                ],
                [
                    { "uses": "disable-user", "after": "P1D" },
                    { "uses": "notify-user", "after": 3600, "with": { "subject": "Gone", "flag": true } },
                ],
                [{ "uses": "grant-role", "with": { "role": ["plain"] } }, { "uses": "restart", "after": "1d" }],
            ] },
        },
        "workflow/idle clients": { "steps": { "$": [[{ "uses": "disable-client", "after": "90d" }], [{ "uses": "delete-client" }]] } },
    })
}

fn template() -> Flat {
    let mut all = flat(client_policies());
    all.extend(flat(flows()));
    all.extend(flat(organizations()));
    all.extend(flat(texts()));
    all.extend(flat(workflows()));
    all.extend(flat(json!({
        "realm": {
            "organizationsEnabled": true,
            "displayName": { "$": ["Everything", "All of it", ""] },
            "accessTokenLifespan": { "$": [300, 600] },
            "attributes": { "$": [{ "one": "1", "two": "2" }, { "one": "uno" }, { "two": null }] },
            "eventsEnabled": { "$": [true, false] },
            "passwordPolicy": { "$": ["length(8)", "length(9)", null] },
            "smtpServer": { "$": [{ "host": "a.example.org", "from": "a@example.org" }, { "host": "b.example.org", "from": "b@example.org", "port": "26" }] },
            "defaultGroups": { "$": [["/eo/readers"], ["/ops"], []] },
            "defaultDefaultClientScopes": { "$": [["profile", "custom"], ["profile", "email"]] },
            "defaultOptionalClientScopes": { "$": [["phone"], ["phone", "address"]] },
        },
        "required-action/CONFIGURE_TOTP": {
            "enabled": { "$": [true, false] },
            "priority": { "$": [10, 11] },
            "config": { "$": [{ "max_auth_age": "60" }, { "max_auth_age": "90", "k": "v" }, { "max_auth_age": null }] },
        },
        "user-profile": { "unmanagedAttributePolicy": { "$": ["ADMIN_EDIT", "ENABLED"] } },
        "user-profile/attribute/team": {
            "displayName": { "$": ["Team", null] },
            "group": { "$": ["work", null] },
            "required": { "$": [{ "scopes": ["email"] }, null, { "scopes": ["profile"] }] },
            "permissions": { "$": [{ "view": ["admin", "user"], "edit": ["admin"] }, { "view": ["admin"], "edit": ["admin"] }] },
            "validations": { "$": [{ "length": { "min": 1, "max": 20 } }, { "length": { "max": 30 }, "options": { "options": ["b", "a"] } }] },
            "multivalued": true,
        },
        "user-profile/group/work": { "displayHeader": { "$": ["Work", "Job"] }, "annotations": { "$": [{ "k": "v" }, { "k": "w", "l": 1 }] } },
        "identity-provider/elsewhere": {
            "providerId": "oidc",
            "displayName": { "$": ["Elsewhere", "Somewhere", null] },
            "trustEmail": { "$": [false, true] },
            "postBrokerLoginFlowAlias": { "$": ["browser", null] },
            "config": { "$": [
                { "clientId": "us", "clientSecret": "hush-four", "tokenUrl": "https://e.example.org/token", "authorizationUrl": "https://e.example.org/auth" },
                { "clientId": "us", "tokenUrl": "https://e.example.org/token", "authorizationUrl": "https://e.example.org/auth2", "prompt": "login" },
            ] },
        },
        "identity-provider/elsewhere/mapper/team": {
            "identityProviderMapper": "oidc-user-attribute-idp-mapper",
            "config": { "$": [{ "claim": "team", "user.attribute": "team" }, { "claim": "group", "user.attribute": "team", "syncMode": "FORCE" }] },
        },
        "role/plain": { "description": { "$": ["plain", "plainer", null] } },
        "role/group of roles": {
            "composites": { "$": [{ "realm": ["plain"], "client": { "demo": ["reader"] } }, { "realm": ["plain"] }, {}] },
            "attributes": { "$": [{ "k": ["a", "b"] }, { "k": ["b"], "l": ["x"] }, {}] },
        },
        "role/with%2Fslash": { "attributes": { "$": [{ "k": ["a"] }, { "k": null }] } },
        "role/extra": {},
        "group/eo": { "attributes": { "$": [{ "k": ["a"] }, { "l": ["b"] }] } },
        "group/eo/readers": {
            "realmRoles": { "$": [["plain"], ["plain", "extra"], []] },
            "clientRoles": { "$": [{ "demo": ["reader"] }, { "demo": ["reader", "writer"] }, {}] },
        },
        "group/eo/readers/deep": { "attributes": { "$": [{ "k": ["a"] }, {}] } },
        "group/ops": { "realmRoles": { "$": [["with%2Fslash"], []] } },
        "client-scope/custom": {
            "protocol": "openid-connect",
            "description": { "$": ["ours", "still ours"] },
            "attributes": { "$": [{ "include.in.token.scope": "true" }, { "include.in.token.scope": "false", "k": "v" }] },
        },
        "client-scope/custom/mapper/claim": {
            "protocol": "openid-connect",
            "protocolMapper": "oidc-hardcoded-claim-mapper",
            "config": { "$": [
                { "claim.name": "c", "claim.value": "1", "jsonType.label": "String", "access.token.claim": "true", "id.token.claim": "true" },
                { "claim.name": "c", "claim.value": "2", "jsonType.label": "String", "access.token.claim": "true", "id.token.claim": "false" },
            ] },
        },
        "client-scope/other": { "protocol": "openid-connect", "scopeMappings": { "$": [["plain"], ["extra"]] } },
        "client-scope/of-saml": { "protocol": "saml" },
        "client/demo": {
            "serviceAccountsEnabled": true,
            "authorizationServicesEnabled": true,
            "description": { "$": ["a resource server", "demo", ""] },
            "secret": { "$": ["hush-one", "hush-two"] },
            "directAccessGrantsEnabled": { "$": [true, false] },
            "attributes": { "$": [{ "k": "a" }, { "k": "b", "l": "c" }, { "k": "" }] },
            "defaultClientScopes": { "$": [["profile", "custom"], ["profile", "email"]] },
            "optionalClientScopes": { "$": [["phone", "other"], ["other"], []] },
        },
        "client/demo/role/reader": { "description": { "$": ["reads", null] } },
        "client/demo/role/writer": { "composites": { "$": [{ "client": { "demo": ["reader"] } }, {}] } },
        "client/demo/mapper/groups": {
            "protocol": "openid-connect",
            "protocolMapper": "oidc-group-membership-mapper",
            "config": { "$": [{ "claim.name": "groups", "full.path": "true" }, { "claim.name": "groups", "full.path": "false" }] },
        },
        "client/app": {
            "protocol": "openid-connect",
            "publicClient": true,
            "redirectUris": { "$": [["https://app.example.org/*"], ["https://app.example.org/*", "http://localhost:8080/*"]] },
            "consentRequired": { "$": [false, true] },
            "fullScopeAllowed": false,
            "scopeMappings": { "$": [["plain"], ["plain", "extra"], []] },
            "clientScopeMappings": { "$": [{ "demo": ["reader"] }, {}, { "demo": ["writer", "reader"] }] },
        },
        "client/Machine": {
            "serviceAccountsEnabled": true,
            "standardFlowEnabled": false,
            "redirectUris": { "$": [[], ["https://m.example.org/a"]] },
        },
        "client/legacy": { "protocol": "saml", "attributes": { "$": [{ "saml.authnstatement": "false" }, { "k": "v" }] } },
        "user/eric": {
            "email": { "$": ["Eric@example.org", "eric2@example.org", ""] },
            "firstName": { "$": ["Eric", "Erik"] },
            "enabled": { "$": [true, false] },
            "attributes": { "$": [{ "team": ["a"] }, { "team": ["a", "b"], "floor": ["1"] }] },
            "realmRoles": { "$": [["plain"], ["extra", "group of roles"], []] },
            "clientRoles": { "$": [{ "demo": ["writer"] }, {}] },
            "groups": { "$": [["/eo/readers"], ["/ops", "/eo/readers/deep"], []] },
            "credentials": [{ "type": "password", "value": "hush-three" }],
        },
        "user/eric/federated-identity/elsewhere": {
            "userId": { "$": ["4711", "4712"] }, "userName": { "$": ["Eric", "eric.e", null] },
        },
        "user/alice": { "groups": { "$": [["/ops"], ["/eo"]] } },
        "user/service-account-machine": { "realmRoles": { "$": [["plain"], ["extra"]] } },
    })));
    all.extend(components());
    all.extend(authorization());
    all
}

fn components() -> Flat {
    flat(json!({
        "component/org.keycloak.keys.KeyProvider/passive": {
            "providerId": "hmac-generated",
            "config": { "$": [{ "priority": "1", "algorithm": "HS256" }, { "priority": "2", "active": "false" }] },
        },
        "component/org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy/authenticated/hosts": {
            "providerId": "trusted-hosts",
            "config": { "$": [
                { "trusted-hosts": ["a.example.org"], "host-sending-registration-request-must-match": "true", "client-uris-must-match": "true" },
                { "trusted-hosts": ["b.example.org", "a.example.org"], "host-sending-registration-request-must-match": "false", "client-uris-must-match": "true" },
            ] },
        },
        "component/org.keycloak.storage.UserStorageProvider/people": {
            "providerId": "ldap",
            "config": { "$": [
                { "enabled": "false", "editMode": "READ_ONLY", "connectionUrl": "ldap://127.0.0.1:1", "bindDn": "cn=a", "bindCredential": "hush-five" },
                { "enabled": "false", "editMode": "UNSYNCED", "connectionUrl": "ldap://127.0.0.1:2", "bindDn": "cn=b", "bindCredential": "hush-five", "vendor": "ad" },
            ] },
        },
        "component/org.keycloak.storage.UserStorageProvider/people/mapper/email": {
            "providerType": "org.keycloak.storage.ldap.mappers.LDAPStorageMapper",
            "providerId": "user-attribute-ldap-mapper",
            "config": { "$": [{ "ldap.attribute": "mail" }, { "ldap.attribute": "mail2", "read.only": "false" }] },
        },
        "component/org.keycloak.storage.UserStorageProvider/people/mapper/everybody": {
            "providerType": "org.keycloak.storage.ldap.mappers.LDAPStorageMapper",
            "providerId": "hardcoded-ldap-role-mapper",
            "config": { "$": [{ "role": "plain" }, { "role": "extra" }] },
        },
    }))
}

fn authorization() -> Flat {
    flat(json!({
        "client/demo/authz/settings": {
            "policyEnforcementMode": { "$": ["ENFORCING", "PERMISSIVE"] },
            "decisionStrategy": { "$": ["UNANIMOUS", "AFFIRMATIVE"] },
            "allowRemoteResourceManagement": { "$": [true, false] },
        },
        "client/demo/authz/scope/view": { "displayName": { "$": ["View", "Look", null] } },
        "client/demo/authz/scope/edit": {},
        "client/demo/authz/resource/One": {
            "uris": { "$": [["/one/*"], ["/one/*", "/eins/*"], []] },
            "scopes": { "$": [["view"], ["view", "edit"]] },
            "attributes": { "$": [{ "k": ["a"] }, { "k": ["b", "c"] }] },
        },
        "client/demo/authz/resource/Two": { "type": { "$": ["urn:two", "urn:zwei"] }, "scopes": ["view", "edit"] },
        "client/demo/authz/resource/Owned": { "owner": "alice", "ownerManagedAccess": true },
        "client/demo/authz/resource/Short": {
            "uris": ["/short"],
            "permissions": { "$": [
                { "authenticated": true, "user": ["eric"] },
                { "role": ["plain", "demo/reader"], "group": ["/eo"], "decisionStrategy": "AFFIRMATIVE" },
                { "client": ["app"] },
            ] },
        },
        "client/demo/authz/policy/roles": {
            "type": "role",
            "roles": { "$": [["plain"], [{ "id": "plain", "required": true }, "demo/reader"], ["extra", "with%2Fslash"]] },
            "fetchRoles": { "$": [true, false] },
            "description": { "$": ["by role", null] },
        },
        "client/demo/authz/policy/users": { "type": "user", "users": { "$": [["eric"], ["eric", "alice"]] } },
        "client/demo/authz/policy/groups": {
            "type": "group",
            "groups": { "$": [["/eo"], [{ "path": "/eo", "extendChildren": true }, "/ops"]] },
            "groupsClaim": { "$": ["groups", ""] },
        },
        "client/demo/authz/policy/clients": { "type": "client", "clients": { "$": [["app"], ["app", "Machine"]] } },
        "client/demo/authz/policy/scopes": {
            "type": "client-scope",
            "clientScopes": { "$": [["custom"], [{ "id": "custom", "required": true }, "other"]] },
        },
        "client/demo/authz/policy/regex": {
            "type": "regex", "targetClaim": "email", "pattern": { "$": [".*@example.org", ".*@example.com"] },
            "logic": { "$": ["POSITIVE", "NEGATIVE"] },
        },
        "client/demo/authz/policy/hours": { "type": "time", "hour": { "$": ["8", "9"] }, "hourEnd": "18" },
        "client/demo/authz/policy/some": {
            "type": "aggregate",
            "policies": { "$": [["roles", "users"], ["regex"], ["hours", "groups"]] },
            "decisionStrategy": { "$": ["AFFIRMATIVE", "UNANIMOUS"] },
        },
        "client/demo/authz/permission/on one": {
            "type": "resource",
            "resources": { "$": [["One"], ["Two"], ["One", "Two"]] },
            "policies": { "$": [["roles"], ["roles", "users"], ["some"]] },
        },
        "client/demo/authz/permission/on a type": {
            "type": "resource", "resourceType": "urn:two",
            "policies": { "$": [["regex"], ["clients", "scopes"]] },
            "decisionStrategy": { "$": ["UNANIMOUS", "AFFIRMATIVE", "CONSENSUS"] },
        },
        "client/demo/authz/permission/to view": {
            "type": "scope",
            "scopes": { "$": [["view"], ["view", "edit"]] },
            "resources": { "$": [["One"], ["Two"]] },
            "policies": { "$": [["groups"], ["hours", "some"]] },
        },
    }))
}
