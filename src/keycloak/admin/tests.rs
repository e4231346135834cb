use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::{Connect, Credentials, ErrorKind, Secret};
use super::*;

mod limits;
mod tls;

/// What the scripted server does with one request.
#[derive(Clone, Copy)]
enum Say {
    /// Status, further headers, body.
    Answer(u16, &'static str, &'static str),
    HangUp,
    Nothing,
}

const OK: Say = Say::Answer(200, "Content-Type: application/json", "[]");
const HTML: Say = Say::Answer(200, "Content-Type: text/html; charset=utf-8", "<html>secret page</html>");
const HTML_404: Say = Say::Answer(404, "Content-Type: text/html", "<html>secret page</html>");

type Seen = Arc<Mutex<Vec<String>>>;

/// Reads one request, head and body.
fn read_request(stream: &mut impl std::io::Read) -> String {
    let mut text = String::new();
    let mut byte = [0_u8; 1];
    let mut length = 0;
    while stream.read(&mut byte).unwrap_or(0) == 1 {
        text.push(byte[0].into());
        if text.ends_with("\r\n\r\n") {
            let head = text.to_lowercase();
            length = head
                .split("content-length: ")
                .nth(1)
                .and_then(|it| it.split('\r').next()?.parse::<usize>().ok())
                .unwrap_or(0);
            break;
        }
    }
    let mut body = vec![0_u8; length];
    let _ = stream.read_exact(&mut body);
    text.push_str(&String::from_utf8_lossy(&body));
    text
}

/// Follows a script, one connection per request; keeps what it was sent.
fn scripted(script: Vec<Say>) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let notes = Arc::clone(&seen);
    std::thread::spawn(move || {
        let mut silent: Vec<TcpStream> = Vec::new();
        for say in script {
            let Ok((mut stream, _)) = listener.accept() else { return };
            notes.lock().unwrap().push(read_request(&mut stream));
            match say {
                Say::Answer(status, headers, body) => {
                    let length = body.len();
                    let _ = write!(
                        stream,
                        "HTTP/1.1 {status} X\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                    );
                }
                Say::HangUp => drop(stream),
                Say::Nothing => silent.push(stream),
            }
        }
        // Dropping the silent ones would be an answer of its own: they stay open as long as the process.
        std::mem::forget(silent);
    });
    (url, seen)
}

fn connect_to(url: &str, credentials: Credentials) -> Connect {
    let mut connect = Connect::new(url, credentials);
    // Long enough that a busy machine answers in time.
    connect.reach.request_timeout = Duration::from_secs(30);
    connect.reach.retry.first_pause = Duration::from_millis(1);
    connect.reach.run = Some("r1".to_owned());
    connect
}

fn token() -> Credentials {
    Credentials::Token(Secret::new("opaque-token-value"))
}

async fn with_token(url: &str) -> Keycloak {
    Keycloak::connect(&connect_to(url, token())).await.unwrap()
}

fn request(method: Method) -> Request {
    let body = (method == Method::Post).then(|| serde_json::json!({"clientId": "demo"}));
    Request { method, path: "realms/demo/clients".to_owned(), body }
}

#[tokio::test]
async fn requests_are_repeated_only_where_that_is_safe() {
    use Method::{Delete, Get, Post, Put};
    let busy = Say::Answer(503, "Content-Type: application/json", "{}");
    let gateway = Say::Answer(502, "Content-Type: text/html", "<html>");
    let slow_down = Say::Answer(429, "Retry-After: 0", "");
    let failed = Say::Answer(500, "Content-Type: application/json", r#"{"error":"unknown_error"}"#);
    for (method, script, sent, kind) in [
        (Get, vec![busy, gateway, Say::HangUp, OK], 4, None),
        (Get, vec![Say::Nothing, OK], 2, None),
        (Put, vec![Say::HangUp, OK], 2, None),
        (Delete, vec![busy, OK], 2, None),
        (Put, vec![Say::HangUp; 5], 5, Some(ErrorKind::Lost)),
        (Delete, vec![gateway; 5], 5, Some(ErrorKind::Lost)),
        (Put, vec![Say::HangUp, failed], 2, Some(ErrorKind::Server { status: 500 })),
        (Get, vec![busy; 5], 5, Some(ErrorKind::Server { status: 503 })),
        (Get, vec![Say::HangUp; 5], 5, Some(ErrorKind::Unreachable)),
        (Get, vec![Say::Nothing; 5], 5, Some(ErrorKind::Timeout)),
        (Get, vec![failed, OK], 2, None),
        (Get, vec![failed; 2], 2, Some(ErrorKind::Server { status: 500 })),
        (Post, vec![slow_down, OK], 2, None),
        (Post, vec![Say::HangUp], 1, Some(ErrorKind::Lost)),
        (Post, vec![Say::Nothing], 1, Some(ErrorKind::Lost)),
        (Post, vec![gateway], 1, Some(ErrorKind::Lost)),
        (Post, vec![busy], 1, Some(ErrorKind::Lost)),
        (Post, vec![failed], 1, Some(ErrorKind::Server { status: 500 })),
    ] {
        // Only who waits for nothing should not wait for long; an answer beside it needs its time.
        let silent = script.iter().filter(|it| matches!(it, Say::Nothing)).count();
        let patience = if silent == script.len() { Duration::from_secs(1) } else { Duration::from_secs(5) };
        let (url, seen) = scripted(script);
        let mut connect = connect_to(&url, token());
        if silent > 0 {
            connect.reach.request_timeout = patience;
        }
        let keycloak = Keycloak::connect(&connect).await.unwrap();
        let result = keycloak.send(&request(method)).await;
        assert_eq!(result.as_ref().err().map(Error::kind), kind, "{method} {result:?}");
        assert_eq!(seen.lock().unwrap().len(), sent, "{method} {result:?}");
        let counts = keycloak.counts();
        assert_eq!(counts.reads + counts.writes, sent as u64);
        assert_eq!(counts.retries, sent as u64 - 1);
        assert_eq!(counts.reads > 0, method == Get);
    }
}

#[tokio::test]
async fn a_post_that_never_left_is_repeated_and_then_unreachable() {
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let keycloak = with_token(&url).await;
    let error = keycloak.send(&request(Method::Post)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.wrote_nothing());
    assert_eq!(keycloak.counts().writes, 5);
    let text = error.to_string();
    assert!(text.contains(&url) && text.contains("refused") && text.contains("--server"), "{text}");
}

#[tokio::test]
async fn a_posted_reading_is_repeated() {
    let (url, _) = scripted(vec![Say::HangUp, OK]);
    let path = "realms/demo/partial-export?exportClients=true".to_owned();
    let keycloak = with_token(&url).await;
    let answer = keycloak.send(&Request { method: Method::Post, path, body: None }).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!((keycloak.counts().reads, keycloak.counts().writes), (2, 0));
}

#[tokio::test]
async fn a_not_found_after_a_lost_answer_says_so() {
    let gone = Say::Answer(404, "Content-Type: application/json", r#"{"error":"Could not find client"}"#);
    let (url, _) = scripted(vec![Say::HangUp, gone]);
    let error = with_token(&url).await.send(&request(Method::Delete)).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { repeated: true, .. }), "{error}");
    assert!(!error.wrote_nothing());
    let (url, _) = scripted(vec![gone]);
    let error = with_token(&url).await.send(&request(Method::Delete)).await.unwrap_err();
    assert_eq!(error.to_string(), "DELETE realms/demo/clients: not found: Could not find client");
}

#[tokio::test]
async fn a_page_is_not_keycloak_and_is_never_shown() {
    let moved = Say::Answer(302, "Location: https://login.example.org/start?state=secret", "");
    for (say, part) in
        [(HTML, "proxy"), (HTML_404, "/auth"), (moved, "redirects to https://login.example.org/start;")]
    {
        let (url, seen) = scripted(vec![say]);
        let error = with_token(&url).await.get("realms/demo").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotKeycloak);
        let text = error.to_string();
        assert!(text.contains(part) && !text.contains("secret"), "{text}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn refusals_are_told_apart_and_no_secret_is_repeated() {
    let json = "Content-Type: application/json";
    let leak = r#"{"errorMessage":"bad value smtp-pass-1 in opaque-token-value"}"#;
    for (say, kind) in [
        (Say::Answer(400, json, leak), ErrorKind::Refused { status: 400 }),
        (Say::Answer(403, json, leak), ErrorKind::Forbidden { needs: &["manage-clients"] }),
        (Say::Answer(404, json, leak), ErrorKind::NotFound),
        (Say::Answer(409, json, leak), ErrorKind::Conflict),
        (Say::Answer(500, json, leak), ErrorKind::Server { status: 500 }),
        (Say::Answer(401, json, leak), ErrorKind::Expired),
    ] {
        let (url, _) = scripted(vec![say]);
        let keycloak = with_token(&url).await;
        keycloak.redact("smtp-pass-1");
        let error = keycloak.send(&request(Method::Post)).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        let text = format!("{error} {error:?} {keycloak:?}");
        assert!(!text.contains("smtp-pass-1") && !text.contains("opaque-token-value"), "{text}");
        assert!(kind == ErrorKind::Expired || text.contains("bad value [secret] in [secret]"), "{text}");
    }
}

#[tokio::test]
async fn an_answer_carries_location_and_the_servers_clock() {
    let created = "Location: http://h/admin/realms/demo/clients/1\r\nDate: Wed, 25 Nov 2026 13:00:00 GMT";
    let (url, seen) = scripted(vec![Say::Answer(201, created, "")]);
    let answer = with_token(&url).await.send(&request(Method::Post)).await.unwrap();
    assert_eq!(answer.location.as_deref(), Some("http://h/admin/realms/demo/clients/1"));
    assert_eq!(answer.date.as_deref(), Some("Wed, 25 Nov 2026 13:00:00 GMT"));
    assert_eq!((answer.status, answer.body), (201, None));
    let sent = seen.lock().unwrap()[0].clone();
    assert!(sent.starts_with("POST /admin/realms/demo/clients HTTP/1.1"), "{sent}");
    assert!(sent.contains(concat!("realmwright/", env!("CARGO_PKG_VERSION"), " run/r1")), "{sent}");
    assert!(sent.ends_with(r#"{"clientId":"demo"}"#), "{sent}");
}

#[tokio::test]
async fn a_path_that_could_hit_the_parent_is_never_sent() {
    let (url, seen) = scripted(vec![OK]);
    let keycloak = with_token(&url).await;
    for path in [
        "",
        "realms/demo/",
        "realms//demo",
        "realms/demo/roles/..",
        "realms/demo/roles/%2E%2e",
        "/x",
        "a\\b",
        "http://evil/x",
        "a#b",
    ] {
        let request = Request { method: Method::Delete, path: path.to_owned(), body: None };
        assert_eq!(keycloak.send(&request).await.unwrap_err().kind(), ErrorKind::Input, "{path}");
    }
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(
        admin_url(&Url::parse("http://h/auth/").unwrap(), "realms/a%2Fb/roles/x:y?search=.%2E")
            .unwrap()
            .as_str(),
        "http://h/auth/admin/realms/a%2Fb/roles/x:y?search=.%2E"
    );
}

const LOGIN: Say =
    Say::Answer(200, "Content-Type: application/json", r#"{"access_token":"t1","expires_in":60}"#);
const LOGIN_SHORT: Say = Say::Answer(
    200,
    "Content-Type: application/json",
    r#"{"access_token":"t0","expires_in":0,"refresh_token":"refresh-0","refresh_expires_in":1800}"#,
);
const REFUSED: Say = Say::Answer(
    400,
    "Content-Type: application/json",
    r#"{"error":"invalid_grant","error_description":"Session not active"}"#,
);
const UNAUTHORIZED: Say =
    Say::Answer(401, "Content-Type: application/json", r#"{"error":"HTTP 401 Unauthorized"}"#);

fn password() -> Credentials {
    Credentials::Password { user: "admin".to_owned(), password: Secret::new("pass-word-1") }
}

#[tokio::test]
async fn an_old_token_is_renewed_by_its_refresh_token_and_otherwise_by_a_login() {
    let (url, seen) = scripted(vec![LOGIN_SHORT, LOGIN_SHORT, OK, REFUSED, LOGIN, OK, OK]);
    let keycloak = Keycloak::connect(&connect_to(&url, password())).await.unwrap();
    for _ in 0..3 {
        keycloak.get("realms/demo").await.unwrap();
    }
    let grants: Vec<&str> = {
        let seen = seen.lock().unwrap();
        seen.iter()
            .map(|it| match it {
                it if it.contains("grant_type=refresh_token") => "refresh",
                it if it.contains("grant_type=password") => "login",
                _ => "get",
            })
            .collect()
    };
    assert_eq!(grants, ["login", "refresh", "get", "refresh", "login", "get", "get"]);
    assert_eq!(keycloak.counts().logins, 4);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (url, seen) = scripted(vec![LOGIN, UNAUTHORIZED, LOGIN, OK]);
    let keycloak = Keycloak::connect(&connect_to(&url, password())).await.unwrap();
    keycloak.send(&request(Method::Post)).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 4);

    // And once more after a wait, in which that one may have run out.
    let (url, _) = scripted(vec![LOGIN, UNAUTHORIZED, LOGIN, Say::HangUp, UNAUTHORIZED, LOGIN, OK]);
    let keycloak = Keycloak::connect(&connect_to(&url, password())).await.unwrap();
    keycloak.get("realms/demo").await.unwrap();

    let (url, _) = scripted(vec![LOGIN, UNAUTHORIZED, LOGIN, UNAUTHORIZED]);
    let keycloak = Keycloak::connect(&connect_to(&url, password())).await.unwrap();
    assert_eq!(keycloak.get("realms/demo").await.unwrap_err().kind(), ErrorKind::Expired);
}

#[tokio::test]
async fn concurrent_requests_share_one_renewal() {
    let mut script = vec![LOGIN_SHORT, LOGIN];
    script.extend([OK; 8]);
    let (url, seen) = scripted(script);
    let keycloak = Keycloak::connect(&connect_to(&url, password())).await.unwrap();
    let all = (0..8).map(|_| keycloak.get("realms/demo"));
    for result in futures_util::future::join_all(all).await {
        result.unwrap();
    }
    assert_eq!(keycloak.counts().logins, 2);
    assert_eq!(seen.lock().unwrap().len(), 10);
}

#[tokio::test]
async fn a_failed_login_says_what_to_change() {
    let json = "Content-Type: application/json";
    let client = || Credentials::Client { id: "ci".to_owned(), secret: Secret::new("client-pass-1") };
    for (say, credentials, part) in [
        (
            Say::Answer(
                401,
                json,
                r#"{"error":"invalid_grant","error_description":"Invalid user credentials"}"#,
            ),
            password(),
            "wrong user name or password",
        ),
        (REFUSED, password(), "wrong user name or password"),
        (
            Say::Answer(
                400,
                json,
                r#"{"error":"invalid_grant","error_description":"Account is not fully set up"}"#,
            ),
            password(),
            "required actions",
        ),
        (Say::Answer(404, "X: y", r#"{"error":"Realm does not exist"}"#), password(), "--auth-realm"),
        (
            Say::Answer(
                401,
                json,
                r#"{"error":"unauthorized_client","error_description":"client-pass-1 is wrong"}"#,
            ),
            client(),
            "wrong client secret",
        ),
    ] {
        let (url, _) = scripted(vec![say]);
        let error = Keycloak::connect(&connect_to(&url, credentials)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        let text = error.to_string();
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("pass-1") && !text.contains("pass-word-1"), "{text}");
    }
    let unknown_path =
        Say::Answer(404, json, r#"{"error":"Unable to find matching target resource method"}"#);
    for say in [HTML, HTML_404, unknown_path, OK] {
        let (url, _) = scripted(vec![say]);
        let error = Keycloak::connect(&connect_to(&url, password())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotKeycloak, "{error}");
    }
}

#[tokio::test]
async fn the_servers_clock_comes_from_its_token() {
    // {"iat":1795612954}
    let login = Say::Answer(
        200,
        "Content-Type: application/json",
        r#"{"access_token":"e30.eyJpYXQiOjE3OTU2MTI5NTR9.x","expires_in":60}"#,
    );
    let (url, _) = scripted(vec![login]);
    let keycloak = Keycloak::connect(&connect_to(&url, password())).await.unwrap();
    let time = keycloak.server_time().await.unwrap().unwrap().as_second();
    assert!((1_795_612_954..1_795_612_984).contains(&time), "{time}");
    assert_eq!(with_token(&url).await.server_time().await.unwrap(), None);
}
