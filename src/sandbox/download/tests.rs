//! Downloads from a local server that cuts connections, lies and refuses.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

const ZIP: &[u8] = b"0123456789abcdefghij";
const SUM: &str = "20d4b6c5d1a8cd4a7f6a3e5a6a3a8f1a3c4b5d6e";

/// A server that answers one connection after the other from a script and notes what was asked.
struct Server {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(answers: Vec<Vec<u8>>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let head: Vec<String> = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let range = head.iter().find(|line| line.to_lowercase().starts_with("range:"));
            let path = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
            notes
                .lock()
                .unwrap()
                .push(range.map_or(path.clone(), |range| format!("{path} {range}").to_lowercase()));
            stream.write_all(&answer).unwrap();
        }
    });
    Server { base, asked }
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = if headers.contains("Content-Length") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    [format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}{length}\r\n").as_bytes(), body].concat()
}

fn sum() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("zip"), ZIP).unwrap();
    answer("200 OK", "", sha1_of(&folder.path().join("zip")).unwrap().as_bytes())
}

fn whole() -> Vec<u8> {
    answer("200 OK", "", ZIP)
}

/// Promises the whole file and closes the connection after a few bytes.
fn cut(after: usize) -> Vec<u8> {
    answer("200 OK", "Content-Length: 20\r\n", &ZIP[..after])
}

fn rest(from: usize) -> Vec<u8> {
    answer("206 Partial Content", &format!("Content-Range: bytes {from}-19/20\r\n"), &ZIP[from..])
}

async fn download(server: &Server, folder: &Path) -> Result<Vec<u8>, Failure> {
    let to = folder.join("keycloak-1.2.3.zip");
    from_release_page(&client().unwrap(), &server.base, "1.2.3", &to, &|_| ()).await?;
    assert!(!folder.join("keycloak-1.2.3.zip.part").exists());
    Ok(fs::read(to).unwrap())
}

#[tokio::test]
async fn a_cut_connection_is_resumed_where_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(vec![sum(), cut(7), rest(7)]);
    assert_eq!(download(&server, folder.path()).await.unwrap(), ZIP);
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked[1], "/1.2.3/keycloak-1.2.3.zip");
    assert_eq!(asked[2], "/1.2.3/keycloak-1.2.3.zip range: bytes=7-");
}

#[tokio::test]
async fn a_part_of_an_earlier_run_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keycloak-1.2.3.zip.part"), &ZIP[..12]).unwrap();
    let server = serve(vec![sum(), rest(12)]);
    assert_eq!(download(&server, folder.path()).await.unwrap(), ZIP);
}

#[tokio::test]
async fn a_server_without_ranges_sends_everything_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keycloak-1.2.3.zip.part"), &ZIP[..12]).unwrap();
    let server = serve(vec![sum(), whole()]);
    assert_eq!(download(&server, folder.path()).await.unwrap(), ZIP);
}

#[tokio::test]
async fn a_part_that_is_complete_already_is_only_verified() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keycloak-1.2.3.zip.part"), ZIP).unwrap();
    let full = answer("416 Range Not Satisfiable", "Content-Range: bytes */20\r\n", b"");
    let server = serve(vec![sum(), full]);
    assert_eq!(download(&server, folder.path()).await.unwrap(), ZIP);
}

#[tokio::test]
async fn a_part_of_another_file_is_thrown_away_and_the_file_fetched_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keycloak-1.2.3.zip.part"), b"rubbish").unwrap();
    let server = serve(vec![sum(), rest(7), whole()]);
    assert_eq!(download(&server, folder.path()).await.unwrap(), ZIP);
}

#[tokio::test]
async fn a_wrong_checksum_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(vec![answer("200 OK", "", SUM.as_bytes()), whole()]);
    let error = download(&server, folder.path()).await.unwrap_err().to_string();
    assert!(error.contains(&format!("expected {SUM}")), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_page_that_is_no_checksum_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(vec![answer("200 OK", "", b"<html>sign in</html>")]);
    let error = download(&server, folder.path()).await.unwrap_err().to_string();
    assert!(error.ends_with("keycloak-1.2.3.zip.sha1 is not a SHA-1 checksum"), "{error}");
}

#[tokio::test]
async fn a_missing_version_is_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(vec![answer("404 Not Found", "", b"")]);
    let error = download(&server, folder.path()).await.unwrap_err().to_string();
    assert!(error.ends_with("keycloak-1.2.3.zip.sha1: 404 Not Found"), "{error}");
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_cut_again_and_again_gives_up_and_keeps_the_part() {
    let folder = tempfile::tempdir().unwrap();
    let nothing =
        || answer("206 Partial Content", "Content-Range: bytes 4-19/20\r\nContent-Length: 16\r\n", b"");
    let mut answers = vec![sum(), cut(4)];
    answers.extend((0..ATTEMPTS).map(|_| nothing()));
    let error = download(&serve(answers), folder.path()).await.unwrap_err().to_string();
    assert!(error.contains("was cut 5 times in a row"), "{error}");
    assert_eq!(fs::read(folder.path().join("keycloak-1.2.3.zip.part")).unwrap(), &ZIP[..4]);
}

#[tokio::test]
async fn when_no_way_works_the_error_names_every_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(vec![answer("404 Not Found", "", b"")]);
    let mut options = super::super::Options::of_version("1.2.3").unwrap();
    options.cache = folder.path().to_owned();
    options.download_base = Some(server.base);
    let error = super::super::obtain::distribution(&options, &|_| ()).await.unwrap_err().to_string();
    for part in [
        "Keycloak 1.2.3 could not be fetched",
        "404 Not Found",
        "--dist PATH",
        "Maven",
        "--download-base URL",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
