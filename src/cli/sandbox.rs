//! `sandbox up|down|status|run`: a disposable local Keycloak.
//!
//! `up --detach` starts this program once more as the owner, in a session of its own, and waits for its
//! word: so a detached server is held and ended by exactly the code that holds one in the foreground.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::progress::Display;
use super::signal::{stopped, unless_stopped};
use super::terminal::{document, print, say};
use super::{Exit, Global};
use crate::sandbox::{self as local, BOOT_SECONDS, NEWEST, Options, Run, Sandbox};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: SandboxCommand,
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Boot a Keycloak and hold it until Ctrl-C
    Up {
        #[command(flatten)]
        what: What,
        /// Return when it is up, and print the path of an env file to source; `sandbox down` ends it
        #[arg(long)]
        detach: bool,
        /// Own a detached server
        #[arg(long, hide = true, conflicts_with = "detach")]
        owner: bool,
    },
    /// End detached sandboxes
    Down {
        /// The sandbox to end, as `status` names it (also one that is not detached); without it all detached
        id: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// List running sandboxes
    Status {
        /// What stdout is: text or json
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        format: StatusFormat,
        #[command(flatten)]
        place: Place,
    },
    /// Run a command with a Keycloak of its own and exit with the command's code
    Run {
        #[command(flatten)]
        what: What,
        /// The command; the environment points it at the server
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
}

/// Which Keycloak.
#[derive(Debug, clap::Args)]
struct What {
    /// The Keycloak version to fetch
    #[arg(long, value_name = "VERSION", default_value = NEWEST)]
    keycloak: String,
    /// A Keycloak distribution that is here already, zip or folder
    #[arg(long, value_name = "PATH", conflicts_with = "keycloak")]
    dist: Option<PathBuf>,
    /// A mirror of Keycloak's releases, used instead of Maven and the release page
    #[arg(long, value_name = "URL", env = "REALMWRIGHT_DOWNLOAD_BASE")]
    download_base: Option<String>,
    /// The server's largest heap
    #[arg(long, value_name = "SIZE", default_value = "1g")]
    heap: String,
    /// How many seconds the server may take until it answers
    #[arg(long, default_value_t = BOOT_SECONDS, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    boot_timeout: u64,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
struct Place {
    /// The folder for distributions and runs [default: realmwright in the user's cache folder]
    #[arg(long, value_name = "DIR", env = "REALMWRIGHT_CACHE_DIR")]
    cache_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum StatusFormat {
    #[default]
    Text,
    Json,
}

impl Place {
    fn folder(self) -> anyhow::Result<PathBuf> {
        Ok(local::cache_folder(self.cache_dir.map(PathBuf::into_os_string))?)
    }
}

impl What {
    fn options(self, detached: bool) -> anyhow::Result<Options> {
        Ok(Options {
            version: self.keycloak,
            dist: self.dist,
            cache: self.place.folder()?,
            download_base: self.download_base.filter(|base| !base.is_empty()),
            heap: self.heap,
            boot_timeout: Duration::from_secs(self.boot_timeout),
            detached,
        })
    }
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    match args.verb {
        SandboxCommand::Up { what, detach: true, .. } => unless_stopped(detach(what, global)).await,
        SandboxCommand::Up { what, owner: true, .. } => own(&what.options(true)?).await,
        SandboxCommand::Up { what, .. } => unless_stopped(hold(&what.options(false)?, global)).await,
        SandboxCommand::Down { id, place } => unless_stopped(down(id.as_deref(), place)).await,
        SandboxCommand::Status { format, place } => status(format, place),
        SandboxCommand::Run { what, command } => run_command(&what.options(false)?, &command, global).await,
    }
}

async fn boot(options: &Options, global: Global) -> anyhow::Result<Sandbox> {
    let display = Display::new(global.quiet);
    Ok(local::start(options, &|progress| display.show(&progress)).await?)
}

/// `up`: the server ends when this future is dropped, which Ctrl-C does.
async fn hold(options: &Options, global: Global) -> anyhow::Result<Exit> {
    let mut sandbox = boot(options, global).await?;
    print(&sandbox.exports());
    if !global.quiet {
        say(&format!(
            "Keycloak {} is up at {} (user {}, password {}); Ctrl-C ends it",
            sandbox.version, sandbox.server, sandbox.user, sandbox.password
        ));
    }
    watch(&mut sandbox).await
}

/// The owner behind `up --detach`: tells the env file's path and stays.
async fn own(options: &Options) -> anyhow::Result<Exit> {
    // A session of its own: neither Ctrl-C nor the end of the terminal reaches it.
    rustix::process::setsid().context("cannot leave the terminal's session")?;
    unless_stopped(async {
        let mut sandbox = local::start(options, &|_| ()).await?;
        // Not `print`: when `up --detach` was killed meanwhile, nobody knows of this server, and it ends.
        writeln!(std::io::stdout(), "{}", sandbox.env_file.display())
            .context("nobody waits for this sandbox")?;
        watch(&mut sandbox).await
    })
    .await
}

/// Stays until the server ends by itself, which it should not.
async fn watch(sandbox: &mut Sandbox) -> anyhow::Result<Exit> {
    while !sandbox.has_ended() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    bail!("Keycloak {} ended by itself", sandbox.version)
}

/// `up --detach`: the distribution is fetched here, where progress can be seen; then an owner is started.
async fn detach(what: What, global: Global) -> anyhow::Result<Exit> {
    let options = what.options(true)?;
    let display = Display::new(global.quiet);
    local::fetch(&options, &|progress| display.show(&progress)).await?;
    display.show(&local::Progress::Booting);
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = tokio::process::Command::new(program);
    let patience = options.boot_timeout.as_secs().to_string();
    command.args(["sandbox", "up", "--owner", "--heap", &options.heap, "--boot-timeout", &patience]);
    command.arg("--cache-dir").arg(&options.cache);
    match &options.dist {
        Some(dist) => command.arg("--dist").arg(dist),
        None => command.args(["--keycloak", &options.version]),
    };
    let mut owner = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start the sandbox's owner")?;
    let mut out = BufReader::new(owner.stdout.take().context("the owner has no stdout")?);
    let mut path = String::new();
    out.read_line(&mut path).await?;
    if path.is_empty() {
        let mut said = String::new();
        owner.stderr.take().context("the owner has no stderr")?.read_to_string(&mut said).await?;
        bail!("{}", said.trim().trim_start_matches("error: "));
    }
    // From here on it lives without us.
    std::mem::forget(owner);
    drop(display);
    print(&path);
    if !global.quiet {
        say("Keycloak is up; source that file to use it, `realmwright sandbox down` ends it");
    }
    Ok(Exit::Clean)
}

async fn down(id: Option<&str>, place: Place) -> anyhow::Result<Exit> {
    let mut runs = local::running(&place.folder()?);
    match id {
        Some(id) => {
            runs.retain(|run| run.id == id);
            if runs.is_empty() {
                bail!("no sandbox `{id}` is running");
            }
        }
        None => runs.retain(|run| run.detached),
    }
    if runs.is_empty() {
        say("no detached sandbox is running");
    }
    for run in &runs {
        end(run).await?;
        print(&format!("ended {} ({})\n", run.id, run.server));
    }
    Ok(Exit::Clean)
}

async fn end(run: &Run) -> anyhow::Result<()> {
    let pid = Pid::from_raw(run.pid).with_context(|| format!("sandbox {} names no process", run.id))?;
    let begun = Instant::now();
    for signal in [Signal::TERM, Signal::KILL] {
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot end process {}", run.pid)),
        }
        while run.is_there() && begun.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if !run.is_there() {
            return Ok(());
        }
    }
    bail!("sandbox {} (process {}) does not end", run.id, run.pid)
}

fn status(format: StatusFormat, place: Place) -> anyhow::Result<Exit> {
    let runs = local::running(&place.folder()?);
    match format {
        StatusFormat::Json => document(serde_json::json!({ "sandboxes": runs })),
        StatusFormat::Text if runs.is_empty() => say("no sandbox is running"),
        StatusFormat::Text => {
            let mut text = String::new();
            for run in runs {
                let held = if run.detached { "detached" } else { "attached" };
                writeln!(
                    text,
                    "{}  {}  {held}, process {}  {}",
                    run.id,
                    run.server,
                    run.pid,
                    run.env.display()
                )?;
            }
            print(&text);
        }
    }
    Ok(Exit::Clean)
}

/// Variables that would point the command at another server or give it another identity.
const ELSEWHERE: [&str; 8] = [
    "REALMWRIGHT_ALLOWED_SERVERS",
    "REALMWRIGHT_AUTH_REALM",
    "REALMWRIGHT_CLIENT_ID",
    "REALMWRIGHT_CLIENT_SECRET",
    "REALMWRIGHT_CLIENT_SECRET_FILE",
    "REALMWRIGHT_PASSWORD_FILE",
    "REALMWRIGHT_TOKEN",
    "REALMWRIGHT_TOKEN_FILE",
];

async fn run_command(options: &Options, command: &[OsString], global: Global) -> anyhow::Result<Exit> {
    let mut stop = std::pin::pin!(stopped());
    let sandbox = tokio::select! {
        sandbox = boot(options, global) => sandbox?,
        exit = &mut stop => return exit,
    };
    let (program, args) = command.split_first().context("no command")?;
    let mut child = tokio::process::Command::new(program);
    for name in ELSEWHERE {
        child.env_remove(name);
    }
    let started = child.args(args).envs(sandbox.env()).spawn();
    let mut child = started.with_context(|| format!("cannot start `{}`", program.display()))?;
    let exit = tokio::select! {
        status = child.wait() => exit_of(status?),
        exit = &mut stop => {
            let exit = exit?;
            pass_on(&mut child, exit).await;
            exit
        }
    };
    sandbox.stop().await;
    Ok(exit)
}

/// Lets the command end as it likes: a terminal's Ctrl-C has reached it already, a signal to us alone has not.
async fn pass_on(child: &mut tokio::process::Child, exit: Exit) {
    let signal = if exit == Exit::Interrupted { Signal::INT } else { Signal::TERM };
    for (signal, patience) in [(None, 300), (Some(signal), 10_000), (Some(Signal::KILL), 1_000)] {
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let (Some(signal), Some(pid)) = (signal, pid) {
            // It may have ended just now.
            let _ = kill_process(pid, signal);
        }
        if tokio::time::timeout(Duration::from_millis(patience), child.wait()).await.is_ok() {
            return;
        }
    }
}

/// The command's own code; one that a signal ended counts as shells count it.
fn exit_of(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;

    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Exit::Command(u8::try_from(code).unwrap_or(1))
}
