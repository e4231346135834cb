//! The protected service of `examples/`, before a realm that has the example applied.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::realm::claims;
use crate::server::Server;
use crate::tree::{Tree, check};
use crate::{Needs, Trial};

#[path = "../../examples/protected-service/service.rs"]
mod service;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "protected::only_a_token_with_the_permission_opens",
            needs: Needs::Newest,
            run: |server| only_a_token_with_the_permission_opens(server, "live-protected", 404),
        },
        Trial {
            name: "protected::only_a_token_with_the_permission_opens_on_the_oldest",
            needs: Needs::Oldest,
            // Here a client begins with a resource for everything.
            run: |server| only_a_token_with_the_permission_opens(server, "live-protected-old", 403),
        },
    ]
}

fn only_a_token_with_the_permission_opens(server: &Server, name: &str, elsewhere: u16) -> Result<(), String> {
    server.no_realm(name)?;
    let tree = Tree::example(name)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    let at = Standing::before(server, name)?;
    let realm = server.realm(name);

    let nobody = at.get("/eric/notes", None)?;
    check(nobody.status == 401, "nobody is told to ask", &json!(nobody.status))?;
    let ticket = nobody.ticket.clone().ok_or("the service gives a ticket")?;
    let words = nobody.challenge.unwrap_or_default();
    let says = words.starts_with(&format!("UMA realm=\"{name}\", as_uri=\"{}/realms/{name}\"", server.url));
    check(says, "the challenge names the realm", &json!(words))?;

    let eric = realm.login("demo-app", "demo-app-secret", "eric", "eric-password")?;
    let alice = realm.login("demo", "demo-secret", "alice", "alice-password")?;
    let rpt = |bearer: &str, ticket: &str| {
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:uma-ticket"), ("ticket", ticket)];
        server.token_for(name, bearer, &form)
    };
    let (status, answer) = rpt(&alice, &ticket)?;
    check(
        status == 403
            && answer["error"] == "access_denied"
            && answer["error_description"] == "request_submitted",
        "alice is refused",
        &answer,
    )?;
    let token = |answer: (u16, Value)| {
        answer.1["access_token"].as_str().map(str::to_owned).ok_or_else(|| answer.1.to_string())
    };
    let of_eric = token(rpt(&eric, &ticket)?)?;
    let own = at.get("/alice/notes", None)?.ticket.ok_or("the service gives a ticket")?;
    let of_alice = token(rpt(&alice, &own)?)?;
    // The same resource of another client: for that one it is as good as this.
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:uma-ticket"),
        ("audience", "demo"),
        ("permission", "Eric space"),
    ];
    let of_another = token(server.token_for(name, &eric, &form)?)?;
    for (path, shown, wanted) in [
        ("/eric/notes", &of_eric, 200),
        ("/eric/notes?page=2", &of_eric, 200),
        ("/eric/notes", &of_alice, 403),
        ("/alice/notes", &of_eric, 403),
        ("/alice/notes", &of_alice, 200),
        ("/eric/notes", &eric, 401),
        ("/eric/notes", &of_another, 401),
        ("/eric/notes", &as_somebody_else(&of_eric)?, 401),
        ("/eric/notes", &unsigned(&of_eric)?, 401),
        ("/eric/notes", &"eyJh.e30.c2ln".to_owned(), 401),
        ("/elsewhere", &of_eric, elsewhere),
        ("/eric/../alice/notes", &of_eric, 400),
        ("/eric/%2e%2e/alice/notes", &of_eric, 400),
        ("//eric/notes", &of_eric, 400),
    ] {
        let answer = at.get(path, Some(shown))?;
        check(answer.status == wanted, &format!("{path} is answered by {wanted}"), &json!(answer.status))?;
    }
    server.no_realm(name)
}

/// The same signature under other claims.
fn as_somebody_else(token: &str) -> Result<String, String> {
    let mut body = claims(token)?;
    body["preferred_username"] = json!("mallory");
    let parts: Vec<&str> = token.split('.').collect();
    Ok(format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(body.to_string()), parts[2]))
}

/// The same claims without a signature.
fn unsigned(token: &str) -> Result<String, String> {
    let body = token.split('.').nth(1).ok_or("a token has three parts")?;
    Ok(format!("{}.{body}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#)))
}

/// The service, for as long as this lives.
struct Standing {
    runtime: tokio::runtime::Runtime,
    address: std::net::SocketAddr,
    _serving: tokio::task::JoinSet<()>,
}

struct Answer {
    status: u16,
    challenge: Option<String>,
    ticket: Option<String>,
}

impl Standing {
    fn before(server: &Server, realm: &str) -> Result<Self, String> {
        let text = |it: &dyn std::fmt::Display| it.to_string();
        let runtime = tokio::runtime::Runtime::new().map_err(|it| text(&it))?;
        let config = service::Config {
            issuer: format!("{}/realms/{realm}", server.url),
            client: "demo-app".to_owned(),
            secret: "demo-app-secret".to_owned(),
            scope: "view".to_owned(),
        };
        let mut serving = tokio::task::JoinSet::new();
        let address = runtime.block_on(async {
            let router = service::router(config).await.map_err(|it| text(&it))?;
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(|it| text(&it))?;
            let address = listener.local_addr().map_err(|it| text(&it))?;
            serving.spawn(async {
                let _ = axum::serve(listener, router).await;
            });
            Ok::<_, String>(address)
        })?;
        Ok(Self { runtime, address, _serving: serving })
    }

    /// Asks for a path as it stands here: a client that tidies it up would hide what a stranger may send.
    fn get(&self, path: &str, token: Option<&str>) -> Result<Answer, String> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let bearer = token.map(|it| format!("Authorization: Bearer {it}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\n{bearer}Connection: close\r\n\r\n");
        let response = self.runtime.block_on(async {
            let mut stream = tokio::net::TcpStream::connect(self.address).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut response = String::new();
            stream.read_to_string(&mut response).await?;
            Ok::<_, std::io::Error>(response)
        });
        let response = response.map_err(|it| it.to_string())?;
        let status = response.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or("an answer in HTTP")?;
        let challenge =
            response.lines().find_map(|it| it.strip_prefix("www-authenticate: ")).map(str::to_owned);
        let ticket = challenge.as_ref().and_then(|it| it.split("ticket=\"").nth(1)?.split('"').next());
        Ok(Answer { status, ticket: ticket.map(str::to_owned), challenge })
    }
}
