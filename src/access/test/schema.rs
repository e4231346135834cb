//! The JSON Schema of access tests, for editors.

use serde_json::{Value, json};

/// Returns the schema of an access test.
pub fn schema() -> Value {
    let names = |description: &str| json!({ "description": description, "type": "array", "items": { "type": "string" } });
    let some = |description: &str| {
        let mut list = names(description);
        list["minItems"] = 1.into();
        list
    };
    let text = |description: &str| json!({ "description": description, "type": "string", "minLength": 1 });
    let flag = |description: &str| json!({ "description": description, "type": "boolean" });
    let asked = |description: &str| {
        json!({
            "description": format!("{description}; true is all that the resource has, or the resource itself."),
            "anyOf": [
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                { "const": true },
            ],
        })
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "realmwright access test",
        "description": "Who may do what: asked of manifests, of plans and of servers.",
        "type": "object",
        "additionalProperties": false,
        "required": ["kind"],
        "oneOf": [
            {
                "required": ["resourceServer"],
                "properties": { "expect": { "items": { "required": ["resources"], "minProperties": 2 } } },
            },
            { "required": ["administration"] },
        ],
        "anyOf": [{ "required": ["expect"] }, { "required": ["otherwise"] }, { "required": ["never"] }],
        "properties": {
            "kind": { "const": "AccessTest" },
            "realm": text("The realm; needed where several have the resource server."),
            "resourceServer": text("The client whose resources it is about."),
            "administration": {
                "description": "It is about the administration of the realm: roles such as `manage-users` are the scopes, and `expect` names no resources.",
                "const": true,
            },
            "personas": {
                "description": "Who asks, by a name of your choice.",
                "type": "object",
                "propertyNames": { "not": { "const": "resources" } },
                "additionalProperties": { "$ref": "#/$defs/persona" },
            },
            "expect": {
                "description": "What single personas may do and may not.",
                "type": "array",
                "items": {
                    "type": "object",
                    "minProperties": 1,
                    "properties": {
                        "resources": some("Resources by name, by a concrete URI, or by a pattern with `*`."),
                    },
                    "additionalProperties": { "$ref": "#/$defs/expected" },
                },
            },
            "otherwise": {
                "description": "What holds for every persona, resource and scope that `expect` does not name.",
                "enum": ["DENY", "PERMIT"],
            },
            "never": {
                "description": "What is permitted to nobody but the exceptions: neither to the personas above, nor to those that every plan compares, nor to declared users.",
                "type": "array",
                "items": { "$ref": "#/$defs/never" },
            },
        },
        "$defs": {
            "persona": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": false,
                "properties": {
                    "anonymous": flag("Asks without a token."),
                    "user": text("A user, as declared or as on the server."),
                    "serviceAccount": text("The client whose service account asks."),
                    "roles": names("Roles on top: `name`, or `client/name`."),
                    "groups": names("Groups on top, by path."),
                    "defaultRoles": flag("Has the realm's default role, as every new user."),
                    "client": text("The client that asks for the token; the resource server unless it is named."),
                    "claims": { "description": "Claims of the token.", "type": "object" },
                    "scopes": names("Client scopes that the client asks for."),
                    "at": text("When it asks: an instant, or the time of the server's clock."),
                },
            },
            "expected": {
                "type": "object",
                "additionalProperties": false,
                "anyOf": [{ "required": ["permit"] }, { "required": ["deny"] }],
                "properties": {
                    "permit": asked("Scopes that are permitted"),
                    "deny": asked("Scopes that are denied"),
                    "via": some("What the permit must go through: addresses or their ends, such as `permission/NAME`."),
                    "why": text("Shown when it fails."),
                },
            },
            "never": {
                "type": "object",
                "additionalProperties": false,
                "anyOf": [{ "required": ["scopes"] }, { "required": ["resources"] }],
                "properties": {
                    "scopes": some("Which scopes; every one unless they are named."),
                    "resources": some("Which resources; every one unless they are named."),
                    "personas": some("Whom it is about; everybody unless they are named."),
                    "except": names("Personas who may: the same user or service account; of a made-up one, whoever has its roles and groups."),
                    "why": text("Shown when it fails."),
                },
            },
        },
    })
}
