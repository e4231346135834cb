//! A proxy that writes down what passes: what a command sends is counted here, not where it says so.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::server::Server;

/// One request that passed, and how the server answered it.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) method: String,
    pub(crate) path: String,
    body: String,
    status: u16,
    location: String,
}

/// Listens on a port of its own and passes everything on to one server.
pub(crate) struct Proxy {
    pub(crate) url: String,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Proxy {
    /// Starts one; it ends with the test process.
    pub(crate) fn before(server: &Server) -> Result<Proxy, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|it| it.to_string())?;
        let url = format!("http://{}", listener.local_addr().map_err(|it| it.to_string())?);
        let target = server.url.trim_start_matches("http://").to_owned();
        let passed = Arc::<Mutex<Vec<Passed>>>::default();
        let log = Arc::clone(&passed);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, log) = (target.clone(), Arc::clone(&log));
                // A broken connection is the caller's to notice: it gets no answer.
                thread::spawn(move || pass(client, &target, &log));
            }
        });
        Ok(Proxy { url, passed })
    }

    pub(crate) fn passed(&self) -> Vec<Passed> {
        self.passed.lock().expect("no thread panics while it holds this").clone()
    }

    /// Returns method, path and status of every request that writes, in the order of their answers.
    pub(crate) fn writes(&self) -> Vec<String> {
        written(self.passed().iter())
    }

    /// Returns the writes without those that keep the ledger and the lock.
    pub(crate) fn writes_beside_ours(&self) -> Vec<String> {
        let is_ours = |it: &Passed| it.body.contains("\"clientId\":\"realmwright-");
        let passed = self.passed();
        let ours: Vec<&str> = passed.iter().filter(|it| is_ours(it)).map(|it| it.location.as_str()).collect();
        let beside = |it: &&Passed| {
            !is_ours(it) && !ours.iter().any(|location| !it.path.is_empty() && location.ends_with(&it.path))
        };
        written(passed.iter().filter(beside))
    }
}

/// Three kinds of POST only read: the export, whatever asks for a token, and the probe that finds out a right by a
/// body that the server must refuse.
fn written<'a>(passed: impl Iterator<Item = &'a Passed>) -> Vec<String> {
    let reads = |it: &Passed| {
        it.method == "GET"
            || it.path.contains("/partial-export")
            || (it.path.ends_with("/identity-provider/import-config") && it.status >= 400)
            || it.path.ends_with("/protocol/openid-connect/token")
    };
    passed
        .filter(|it| !reads(it))
        .map(|it| format!("{} {} {}", it.method, it.path.trim_start_matches("/admin/realms"), it.status))
        .collect()
}

/// Passes one request and its answer on; one connection carries one request, so that nothing has to be understood.
fn pass(mut client: TcpStream, target: &str, log: &Mutex<Vec<Passed>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut head = first.clone();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&line);
        }
    }
    head.push_str("connection: close\r\n\r\n");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;

    let mut server = TcpStream::connect(target).ok()?;
    server.write_all(head.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = BufReader::new(server);
    let mut status = String::new();
    answer.read_line(&mut status).ok()?;
    let mut answered = status.clone();
    let mut location = String::new();
    loop {
        let mut line = String::new();
        answer.read_line(&mut line).ok()?;
        answered.push_str(&line);
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("location") => {
                value.trim().clone_into(&mut location);
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut words = first.split_whitespace();
    let passed = Passed {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        status: status.split_whitespace().nth(1)?.parse().ok()?,
        location,
    };
    log.lock().ok()?.push(passed);
    client.write_all(answered.as_bytes()).ok()?;
    std::io::copy(&mut answer, &mut client).ok()?;
    client.shutdown(Shutdown::Both).ok()
}
