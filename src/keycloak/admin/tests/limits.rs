//! Answers that never end, and addresses that everybody on the way can read along with.

use std::io::Write as _;

use super::super::super::openid::{Client, Grant, Openid};
use super::super::super::{Error, Reach};
use super::*;

/// Answers every request with packed zeros: `unpacked` bytes of them.
fn packed(unpacked: usize) -> String {
    let mut bytes = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bytes.write_all(&vec![b' '; unpacked]).unwrap();
    let body = bytes.finish().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            read_request(&mut stream);
            let head = "Content-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close";
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&body);
        }
    });
    url
}

#[tokio::test]
async fn an_answer_is_given_up_when_it_is_too_long_unpacked() {
    let url = packed(1 << 20);
    let mut connect = connect_to(&url, token());
    connect.reach.largest_answer = 64 << 10;
    let keycloak = Keycloak::connect(&connect).await.unwrap();
    let error = keycloak.get("realms/demo").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLong);
    assert!(
        error.to_string().contains("longer than 65536 bytes")
            && error.to_string().contains("--max-answer-mb")
    );
    // Whether a write was carried out, an answer that nobody read does not tell.
    let lost = keycloak.send(&request(Method::Post)).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Lost);
    assert_eq!(keycloak.counts().retries, 0);
    let openid = Openid::connect(&connect.reach, "demo").unwrap();
    assert_eq!(openid.document().await.unwrap_err().kind(), ErrorKind::TooLong);
}

#[tokio::test]
async fn an_answer_as_long_as_may_be_is_read() {
    let url = packed(1 << 16);
    let mut connect = connect_to(&url, token());
    connect.reach.largest_answer = 1 << 16;
    let answer = Keycloak::connect(&connect).await.unwrap().get("realms/demo").await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn no_secret_leaves_this_machine_in_clear_unless_it_may() {
    let secret = || Secret::new("hunter2-and-more");
    let user = || Credentials::Password { user: "eric".to_owned(), password: secret() };
    let client = || Credentials::Client { id: "ci".to_owned(), secret: secret() };
    // Nobody has this address: what is sent there would wait.
    for credentials in [user(), client(), token()] {
        let refused = Keycloak::connect(&connect_to("http://192.0.2.1", credentials)).await.unwrap_err();
        assert!(matches!(refused, Error::PlainHttp { .. }), "{refused}");
        assert!(refused.to_string().contains("--allow-http") && !refused.to_string().contains("hunter2"));
    }
    let mut reach = Reach::new("http://192.0.2.1");
    reach.retry.tries = 1;
    reach.connect_timeout = Duration::from_millis(1);
    let public = Client::Public { id: "app".to_owned() };
    let grant = Grant::Refresh(secret());
    let asked = |reach: &Reach| Openid::connect(reach, "demo").unwrap();
    let refused = asked(&reach).token(&public, &grant).await.unwrap_err();
    assert!(matches!(refused, Error::PlainHttp { .. }), "{refused}");
    let refused = asked(&reach).resources_at(&secret(), "/a").await.unwrap_err();
    assert!(matches!(refused, Error::PlainHttp { .. }), "{refused}");
    // What everybody may read is read.
    let sent = asked(&reach).document().await.unwrap_err();
    assert!(!matches!(sent, Error::PlainHttp { .. }), "{sent}");
    reach.allow_http = true;
    let sent = asked(&reach).token(&public, &grant).await.unwrap_err();
    assert!(!matches!(sent, Error::PlainHttp { .. }), "{sent}");
}
