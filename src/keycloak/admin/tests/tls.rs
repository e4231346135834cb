use std::io::Read as _;

use rcgen::{CertificateParams, CertifiedKey, DnType, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tempfile::NamedTempFile;

use super::*;

fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let signing_key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&signing_key).unwrap();
    CertifiedKey { cert, signing_key }
}

fn file(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// Answers every request with an empty list; counts connections.
fn tls_server(
    own: &CertifiedKey<KeyPair>,
    clients: Option<&CertifiedKey<KeyPair>>,
) -> (u16, Arc<Mutex<usize>>) {
    let builder = match clients {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(client.cert.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
            ServerConfig::builder().with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = Arc::new(builder.with_single_cert(vec![own.cert.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = Arc::new(Mutex::new(0));
    let count = Arc::clone(&accepted);
    std::thread::spawn(move || {
        while let Ok((tcp, _)) = listener.accept() {
            *count.lock().unwrap() += 1;
            let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), tcp);
            if !read_request(&mut tls).is_empty() {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]");
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    (port, accepted)
}

fn tls_connect(url: &str) -> Connect {
    let mut connect = connect_to(url, Credentials::Token(Secret::new("t")));
    connect.reach.request_timeout = Duration::from_secs(60);
    connect
}

#[tokio::test]
async fn an_unknown_certificate_authority_is_final_and_mended_by_ca_file() {
    let (own, stranger) = (certificate("localhost"), certificate("elsewhere"));
    let (port, accepted) = tls_server(&own, None);
    let mut connect = tls_connect(&format!("https://localhost:{port}"));
    let (known, unknown) = (file(&own.cert.pem()), file(&stranger.cert.pem()));

    connect.reach.ca_file = Some(unknown.path().to_owned());
    let error = Keycloak::connect(&connect).await.unwrap().send(&request(Method::Post)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("name it with --ca-file"), "{error}");
    assert_eq!(*accepted.lock().unwrap(), 1, "a certificate does not get better by asking again");

    connect.reach.ca_file = Some(known.path().to_owned());
    Keycloak::connect(&connect).await.unwrap().get("realms").await.unwrap();

    connect.reach.server = format!("https://127.0.0.1:{port}");
    let error = Keycloak::connect(&connect).await.unwrap().get("realms").await.unwrap_err();
    assert!(error.to_string().contains("another host name"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_wants_one() {
    let (own, client) = (certificate("localhost"), certificate("ci"));
    let (port, _) = tls_server(&own, Some(&client));
    let mut connect = tls_connect(&format!("https://localhost:{port}"));
    let files = [file(&own.cert.pem()), file(&client.cert.pem()), file(&client.signing_key.serialize_pem())];
    connect.reach.ca_file = Some(files[0].path().to_owned());
    let error = Keycloak::connect(&connect).await.unwrap().get("realms").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("--client-cert"), "{error}");

    connect.reach.client_cert = Some(files[1].path().to_owned());
    connect.reach.client_key = Some(files[2].path().to_owned());
    Keycloak::connect(&connect).await.unwrap().get("realms").await.unwrap();
}

#[tokio::test]
async fn plain_http_on_an_https_address_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut tcp, _)) = listener.accept() {
            let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            let _ = tcp.read(&mut [0; 1024]);
        }
    });
    let mut connect = tls_connect(&format!("https://localhost:{port}"));
    let ca = file(&certificate("localhost").cert.pem());
    connect.reach.ca_file = Some(ca.path().to_owned());
    let error = Keycloak::connect(&connect).await.unwrap().get("realms").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("plain http"), "{error}");
}

#[tokio::test]
async fn a_signed_login_needs_an_rsa_key() {
    let ec = certificate("ci").signing_key.serialize_pem();
    let discovery = Say::Answer(
        200,
        "Content-Type: application/json",
        r#"{"issuer":"https://sso.example.org/realms/x"}"#,
    );
    for (key, part) in [("no key", "PEM"), (ec.as_str(), "RS256 needs an RSA key")] {
        let (url, _) = scripted(vec![discovery]);
        let credentials = Credentials::SignedJwt { id: "ci".to_owned(), key: Secret::new(key) };
        let error = Keycloak::connect(&connect_to(&url, credentials)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains(part), "{error}");
    }
}
