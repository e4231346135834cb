//! What the server does by itself beside what it is told: a plan knows it, and nothing of it differs afterwards.

use serde_json::json;

use crate::server::Server;
use crate::tree::{Tree, check, list, same, sorted, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "derived::what_the_server_does_by_itself_is_planned",
            needs: Needs::Newest,
            run: by_itself,
        },
        Trial {
            name: "derived::what_the_server_does_by_itself_is_planned_on_the_oldest_version",
            needs: Needs::Oldest,
            run: by_itself,
        },
    ]
}

const FIRST: &str = r#"
defaultOptionalClientScopes: [email, address]
attributes: { _browser_header.xFrameOptions: DENY }
smtpServer: { from: a@example.org, host: mail, auth: "true", user: u, password: { fromEnv: MAIL } }
groups: [{ name: a/b }]
users: [{ username: alice, email: alice@example.org, firstName: A, lastName: E }]
clientScopes:
  - name: microprofile-jwt
    protocolMappers: [{ name: groups, protocolMapper: oidc-usermodel-realm-role-mapper, config: { userinfo.token.claim: "true" } }]
clients:
  - { clientId: account, publicClient: false, secret: { fromEnv: ACCOUNT } }
  - { clientId: app, defaultClientScopes: [basic, role_list], optionalClientScopes: [email] }
  - clientId: rs
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      resources: [{ name: R, owner: alice }]
      policies: [{ name: P, type: user, users: [alice] }, { name: G, type: group, groups: ["/a/b"] }]
      permissions: [{ name: N, type: resource, resources: [R], policies: [P] }]
"#;

const SECOND: &str = r"
defaultDefaultClientScopes: [email]
users: [{ username: alice, email: alice@example.org, firstName: A, lastName: E }]
clients:
  - { clientId: app, defaultClientScopes: [email] }
";

fn by_itself(server: &Server) -> Result<(), String> {
    let name = "live-derived";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let mut tree = Tree::of(name, FIRST)?;
    tree.set("MAIL", "mail-password");
    tree.set("ACCOUNT", "declared-secret");
    tree.apply(server, &["--allow", "hazards=9"])?;
    tree.is_clean(server)?;
    let account = realm.client("account")?;
    let secret = realm.get(&format!("{account}/client-secret"))?;
    check(secret["value"] == "declared-secret", "the declared secret", &json!(null))?;
    let names = |path: &str| -> Result<Vec<String>, String> {
        Ok(sorted(list(&realm.get(path)?).iter().map(|it| word(&it["name"]))))
    };
    let app = realm.client("app")?;
    same("of the client", &names(&format!("{app}/default-client-scopes"))?, &["basic"])?;
    same("of the client", &names(&format!("{app}/optional-client-scopes"))?, &["email"])?;
    let optional = names("/default-optional-client-scopes")?;
    check(optional.contains(&"email".to_owned()), "of the realm", &json!(optional))?;

    tree.manifest(SECOND)?;
    tree.apply(server, &["--prune", "--allow", "hazards=9", "--allow", "deletes=20"])?;
    tree.is_clean(server)?;
    same("moved", &names(&format!("{app}/default-client-scopes"))?, &["email"])?;
    let optional = names("/default-optional-client-scopes")?;
    check(!optional.contains(&"email".to_owned()), "moved in the realm", &json!(optional))?;
    let mail = realm.get("")?["smtpServer"].clone();
    check(mail == json!({}), "no mail server", &mail)?;
    server.no_realm(name)
}
