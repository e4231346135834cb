//! A proxy that lets a test break what passes: a rule says of every request what becomes of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::server::{PATIENCE, Server};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    /// How often the same request came before.
    pub(crate) before: usize,
}

impl Asked {
    /// Says whether this creates something whose name the text is part of.
    pub(crate) fn creates(&self, name: &str) -> bool {
        self.method == "POST"
            && !self.path.contains("/role-mappings/")
            && self.body.contains(&format!("\":\"{name}"))
    }

    /// Says whether this asks for a token.
    pub(crate) fn is_login(&self) -> bool {
        self.path.ends_with("/openid-connect/token")
    }
}

/// What becomes of a request.
#[derive(Clone, Copy)]
pub(crate) enum Do {
    Pass,
    /// Passes it on after a while.
    Late(Duration),
    /// Passes it on, and keeps the answer to itself.
    CutAnswer,
    /// Does not pass it on, and gives no answer.
    Reset,
    /// Does not pass it on, and answers itself: status, further headers, body.
    Answer(u16, &'static str, &'static str),
    /// Nothing passes any more.
    Die,
}

/// Holds requests back until a test opens it: a rule waits at it. A test that fails before lets them pass.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn wait(&self) {
        if let Ok(is_open) = self.0.0.lock() {
            // Whether it opens or a test process is about to end: nobody is told anything here.
            let _ = self.0.1.wait_timeout_while(is_open, PATIENCE, |it| !*it);
        }
    }

    pub(crate) fn open(&self) {
        if let Ok(mut is_open) = self.0.0.lock() {
            *is_open = true;
        }
        self.0.1.notify_all();
    }
}

type Rule = dyn Fn(&Asked) -> Do + Send + Sync;

/// Listens on a port of its own until the test process ends.
pub(crate) struct Unruly {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    under_way: Arc<AtomicUsize>,
}

impl Unruly {
    pub(crate) fn before(
        server: &Server,
        rule: impl Fn(&Asked) -> Do + Send + Sync + 'static,
    ) -> Result<Unruly, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|it| it.to_string())?;
        let url = format!("http://{}", listener.local_addr().map_err(|it| it.to_string())?);
        let target = server.url.trim_start_matches("http://").to_owned();
        let (asked, rule): (Arc<Mutex<Vec<Asked>>>, Arc<Rule>) = (Arc::default(), Arc::new(rule));
        let (log, is_dead) = (Arc::clone(&asked), Arc::new(AtomicBool::new(false)));
        let under_way = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&under_way);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, log, rule) = (target.clone(), Arc::clone(&log), Arc::clone(&rule));
                let (is_dead, count) = (Arc::clone(&is_dead), Arc::clone(&count));
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    let _ = serve(client, &target, &log, &*rule, &is_dead);
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Unruly { url, asked, under_way })
    }

    /// Says whether every request has been served, also of those who did not wait for it.
    pub(crate) fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::SeqCst) == 0
    }

    /// Returns how many requests a test is about.
    pub(crate) fn count(&self, is_meant: impl Fn(&Asked) -> bool) -> usize {
        self.asked
            .lock()
            .expect("no thread panics while it holds this")
            .iter()
            .filter(|it| is_meant(it))
            .count()
    }
}

/// Serves one request; a connection carries one, so that nothing has to be understood.
fn serve(
    mut client: TcpStream,
    target: &str,
    log: &Mutex<Vec<Asked>>,
    rule: &Rule,
    is_dead: &AtomicBool,
) -> Option<()> {
    let (head, body) = read(&client)?;
    let mut words = head.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let body_text = String::from_utf8_lossy(&body).into_owned();
    let asked = {
        let mut log = log.lock().ok()?;
        let same = |it: &&Asked| it.method == method && it.path == path && it.body == body_text;
        let before = log.iter().filter(same).count();
        let asked = Asked { method, path, body: body_text, before };
        log.push(asked.clone());
        asked
    };
    let does = if is_dead.load(Ordering::SeqCst) { Do::Die } else { rule(&asked) };
    match does {
        Do::Reset => return None,
        Do::Die => {
            is_dead.store(true, Ordering::SeqCst);
            return None;
        }
        Do::Answer(status, headers, body) => {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            client.write_all(answer.as_bytes()).ok()?;
            return client.shutdown(Shutdown::Both).ok();
        }
        Do::Late(by) => thread::sleep(by),
        Do::Pass | Do::CutAnswer => {}
    }
    let mut server = TcpStream::connect(target).ok()?;
    server.write_all(head.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    if !matches!(does, Do::CutAnswer) {
        client.write_all(&answer).ok()?;
    }
    client.shutdown(Shutdown::Both).ok()
}

/// Reads a request: its head, made to close the connection, and its body.
fn read(client: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    reader.read_line(&mut head).ok()?;
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
    Some((head, body))
}
