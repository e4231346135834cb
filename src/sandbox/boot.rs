//! Booting a server and holding it by its leash.
//!
//! Order matters here. The watchdog starts first; then the server's shell, which waits for a word before it
//! becomes Keycloak; then the watchdog learns the server's process group; only then is the word given. So
//! there is no moment at which our death leaves a server that nobody ends.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::java::Java;
use super::obtain::Distribution;
use super::runs::{Folder, Run, keep_build};
use super::{Error, Options, Progress, Say, random};

const USER: &str = "admin";

/// How often a boot is repeated when somebody took a port in the meantime.
const PORT_TRIES: u32 = 3;

/// Waits for the server's group and then for the end of its owner; then kills and removes.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
if read -r group; then
  read -r _
  kill -s KILL -- "-$group" 2>/dev/null
  turns=0
  while kill -s 0 -- "-$group" 2>/dev/null && [ "$turns" -lt 50 ]; do sleep 0.1; turns=$((turns + 1)); done
fi
rm -rf -- "$1"
"#;

/// Becomes Keycloak when told to, and nothing when its owner died before that.
const SERVER: &str = r#"read -r _ || exit 1; exec sh "$@" </dev/null"#;

/// A running Keycloak that ends with this value.
#[derive(Debug)]
pub struct Sandbox {
    /// The base URL.
    pub server: String,
    /// The administrator of the `master` realm.
    pub user: String,
    pub password: String,
    /// The version that the distribution says it is.
    pub version: String,
    /// The file with the `REALMWRIGHT_*` variables, readable by its owner only.
    pub env_file: PathBuf,
    /// The server's log.
    pub log: PathBuf,
    processes: Processes,
    _folder: Folder,
}

impl Sandbox {
    /// Returns the variables that point realmwright at this server.
    pub fn env(&self) -> Vec<(String, String)> {
        env(&self.server, &self.password)
    }

    /// Returns the same as lines for a shell to source.
    pub fn exports(&self) -> String {
        exports(&self.env())
    }

    /// Whether the server ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.processes.server_has_ended()
    }

    /// Ends the server and returns when its processes and its folder are gone.
    pub async fn stop(self) {
        // The watchdog is waited for, which blocks; a failure to join would only mean a panic in drop.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

/// Returns the variables as lines for a shell to source; none of the values holds a quote.
fn exports(env: &[(String, String)]) -> String {
    env.iter().fold(String::new(), |lines, (name, value)| lines + "export " + name + "='" + value + "'\n")
}

fn env(server: &str, password: &str) -> Vec<(String, String)> {
    let pairs = [("SERVER", server), ("USER", USER), ("PASSWORD", password)];
    pairs.map(|(name, value)| (format!("REALMWRIGHT_{name}"), value.to_owned())).to_vec()
}

#[derive(Debug)]
struct Processes {
    server: Child,
    watchdog: Child,
    /// Closing it is what ends the server.
    leash: Option<ChildStdin>,
}

impl Processes {
    fn server_has_ended(&mut self) -> bool {
        !matches!(self.server.try_wait(), Ok(None))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.leash.take());
        // Both are killed or end by themselves within moments; they are waited for, so that nothing of the
        // sandbox is left when its owner goes on.
        let _ = self.server.wait();
        let _ = self.watchdog.wait();
    }
}

/// Boots a distribution on free ports and waits until a login works.
pub(super) async fn boot(
    distribution: &Distribution,
    java: &Java,
    options: &Options,
    say: Say<'_>,
) -> Result<Sandbox, Error> {
    let mut tries = 1;
    loop {
        match boot_once(distribution, java, options, say).await {
            Err(Error::Ended { log, .. }) if tries < PORT_TRIES && port_was_taken(&log) => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn boot_once(
    distribution: &Distribution,
    java: &Java,
    options: &Options,
    say: Say<'_>,
) -> Result<Sandbox, Error> {
    say(Progress::Booting);
    // The kept build depends on Java's version as little as on anything else, but that is not promised.
    let built = distribution.built.as_ref().map(|built| built.join(format!("java-{}", java.major)));
    let folder = Folder::make(&options.cache, distribution)?;
    let filled = folder.fill(distribution, built.as_deref());
    let started = filled.and_then(|()| spawn(&folder, java, &options.heap));
    let (mut processes, port, password) = match started {
        Ok(started) => started,
        Err(error) => {
            let _ = fs::remove_dir_all(&folder.path);
            return Err(error);
        }
    };
    let server = format!("http://127.0.0.1:{port}");
    let log = folder.log();
    let (version, patience) = (&distribution.version, options.boot_timeout);
    wait_until_login_works(&mut processes, &server, &password, version, &log, patience).await?;
    if let Some(built) = built.filter(|built| !built.exists())
        && let Err(error) = keep_build(&folder.home(), &built)
    {
        tracing::debug!(%error, "the build was not kept");
    }
    let run = Run {
        id: folder.id.clone(),
        version: distribution.version.clone(),
        server: server.clone(),
        pid: i32::try_from(std::process::id()).unwrap_or_default(),
        detached: options.detached,
        env: folder.path.join("env"),
    };
    folder.publish(&run, &exports(&env(&server, &password)))?;
    Ok(Sandbox {
        server,
        user: USER.to_owned(),
        password,
        version: run.version,
        env_file: run.env,
        log,
        processes,
        _folder: folder,
    })
}

/// Starts the watchdog and the server.
fn spawn(folder: &Folder, java: &Java, heap: &str) -> Result<(Processes, u16, String), Error> {
    let password = random(24)?;
    let no_port = |source| Error::io("find a free port for", &folder.path, source);
    let (port, management) = (free_port().map_err(no_port)?, free_port().map_err(no_port)?);
    let log = folder.log();
    let out = File::create(&log).map_err(|source| Error::io("write", &log, source))?;
    let err = out.try_clone().map_err(|source| Error::io("write", &log, source))?;
    let no_shell = |source| Error::io("start", Path::new("sh"), source);

    let mut watchdog = Command::new("sh")
        .args(["-c", WATCHDOG, "sh"])
        .arg(&folder.path)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(no_shell)?;
    let mut leash = watchdog.stdin.take().expect("the watchdog's stdin is a pipe");

    let mut command = Command::new("sh");
    command
        .args(["-c", SERVER, "sh"])
        .arg(folder.home().join("bin/kc.sh"))
        .args(["start-dev", "--db=dev-mem", "--http-host=127.0.0.1"])
        .arg(format!("--http-port={port}"))
        .arg(format!("--http-management-port={management}"))
        // Without an URL of its own the database in memory is gone after some idle minutes.
        .arg(format!("--db-url=jdbc:h2:mem:sandbox{port};NON_KEYWORDS=VALUE;DB_CLOSE_DELAY=-1"))
        .current_dir(&folder.path)
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(err)
        .process_group(0);
    for (name, _) in std::env::vars_os() {
        // The caller's settings for some other Keycloak or Java are not ours.
        let foreign =
            ["KC_", "KEYCLOAK_", "QUARKUS_", "JAVA_OPTS", "JAVA_ADD_OPENS", "DEBUG", "JAVA_TOOL_OPTIONS"];
        if name.to_str().is_some_and(|name| foreign.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    let tmp = folder.path.join("tmp");
    let mut server = command
        .env("JAVA", &java.program)
        .env("JAVA_OPTS_KC_HEAP", format!("-Xms64m -Xmx{heap}"))
        // Everything that Java would leave in the system's temporary folder goes to the run's.
        .env("JAVA_OPTS_APPEND", format!("-XX:-UsePerfData \"-Djava.io.tmpdir={}\"", tmp.display()))
        .env("TMPDIR", &tmp)
        .env("KC_BOOTSTRAP_ADMIN_USERNAME", USER)
        .env("KC_BOOTSTRAP_ADMIN_PASSWORD", &password)
        .spawn()
        .map_err(no_shell)?;
    let mut word = server.stdin.take().expect("the server's stdin is a pipe");
    let group = server.id();
    let processes = writeln!(leash, "{group}").map(|()| Processes { server, watchdog, leash: Some(leash) });
    let processes = processes.map_err(|source| Error::io("speak to", Path::new("sh"), source))?;
    writeln!(word, "go").map_err(|source| Error::io("speak to", Path::new("sh"), source))?;
    Ok((processes, port, password))
}

/// Draws a free port below the range from which systems take the ports of outgoing connections.
fn free_port() -> io::Result<u16> {
    let mut last = io::Error::other("no attempt");
    for _ in 0..50 {
        let drawn = getrandom::u32().map_err(|error| io::Error::other(error.to_string()))? % 12_000;
        let port = 20_000 + u16::try_from(drawn).expect("less than 12,000");
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn port_was_taken(log: &str) -> bool {
    log.contains("already bound") || log.contains("Address already in use")
}

async fn wait_until_login_works(
    processes: &mut Processes,
    server: &str,
    password: &str,
    version: &str,
    log: &Path,
    patience: Duration,
) -> Result<(), Error> {
    super::install_tls();
    // Always this machine: no proxy, and no need for the system's authorities.
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(Error::Client)?;
    let url = format!("{server}/realms/master/protocol/openid-connect/token");
    let form =
        [("client_id", "admin-cli"), ("grant_type", "password"), ("username", USER), ("password", password)];
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if processes.server_has_ended() {
            return Err(Error::Ended { version: version.to_owned(), log: read_log(log) });
        }
        // Any answer but a success is a server that is still booting.
        if client.post(&url).form(&form).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(Error::NotReady { version: version.to_owned(), seconds: patience.as_secs(), log: read_log(log) })
}

fn read_log(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests;
