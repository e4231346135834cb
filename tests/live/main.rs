//! Tests on real servers: one Keycloak of the newest version for all of them, one of the oldest for those
//! that need it, booted together and ended whatever happens.
//!
//! A trial is data (see [`Trial`]) in the file of its topic; each works in a realm of its own. While writing
//! tests, `REALMWRIGHT_TEST_SERVER_26_7` and `_26_0` name servers that run already (user and password
//! `admin`), which saves the boot; `REALMWRIGHT_TEST_KEYCLOAK` names another version to run on, with the trials for any.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed};
use realmwright::keycloak::ServerVersion;

mod absent;
mod access;
mod access_guards;
mod access_tests;
mod administration;
mod asking;
mod browser;
mod cascade;
#[path = "../plans/case.rs"]
mod case;
mod connecting;
mod derived;
mod edits;
mod export;
mod faults;
mod flows;
mod foreign;
mod guards;
mod helpdesk;
mod kept;
mod ledger;
mod links;
mod lock;
mod logins;
mod manual;
mod matrix_page;
mod notebook;
mod openings;
mod organizations;
mod ours;
mod owners;
mod pages;
mod plans;
mod prediction;
mod probe;
mod protected;
mod proxy;
mod prune;
mod reading;
mod realm;
#[path = "../realms/realms.rs"]
mod realms;
mod refusals;
mod sandbox;
mod scenarios;
mod secrets;
mod seed;
mod sequences;
mod server;
mod tickets;
mod tokens;
mod tree;
mod unruly;
mod viewer;
mod watched;
mod workflows;

use server::{Server, boot};

/// Which server a trial runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Newest,
    /// The oldest, or the version that is asked for in its place.
    Oldest,
    /// The oldest, for what it lacks: nothing comes in its place.
    OldestAlone,
}

/// One test: its name (`topic::sentence`), the server it needs, and what it does.
struct Trial {
    name: &'static str,
    needs: Needs,
    run: fn(&Server) -> Result<(), String>,
}

/// Trials that take longer are told at the end: what a gate that has grown too long is to be shortened by.
const SLOW: Duration = Duration::from_secs(15);

/// A number or a path that the environment asks for by `REALMWRIGHT_TEST_…`.
fn asked_for<T: FromStr>(what: &str) -> Option<T> {
    std::env::var(format!("REALMWRIGHT_TEST_{what}")).ok()?.parse().ok()
}

/// All trials, or those that run on the version asked for: what is written for the newest needs it.
fn trials() -> Vec<Trial> {
    let version: Option<ServerVersion> = asked_for("KEYCLOAK");
    let is_old = version.is_some_and(|it| it < ServerVersion::NEWEST_TESTED);
    let all = [
        absent::trials(),
        access::trials(),
        access_guards::trials(),
        administration::trials(),
        browser::trials(),
        matrix_page::trials(),
        asking::trials(),
        cascade::trials(),
        connecting::trials(),
        derived::trials(),
        edits::trials(),
        export::trials(),
        faults::trials(),
        flows::trials(),
        foreign::trials(),
        access_tests::trials(),
        guards::trials(),
        helpdesk::trials(),
        ledger::trials(),
        links::trials(),
        lock::trials(),
        kept::trials(),
        logins::trials(),
        manual::trials(),
        notebook::trials(),
        openings::trials(),
        organizations::trials(),
        pages::trials(),
        owners::trials(),
        plans::trials(),
        prediction::trials(),
        probe::trials(),
        protected::trials(),
        prune::trials(),
        reading::trials(),
        refusals::trials(),
        sandbox::trials(),
        scenarios::trials(),
        secrets::trials(),
        seed::trials(),
        sequences::trials(),
        tokens::trials(),
        viewer::trials(),
        workflows::trials(),
    ]
    .into_iter()
    .flatten();
    all.filter(|it| !is_old || it.needs == Needs::Oldest).collect()
}

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let selected = |needs| {
        let named = |trial: &Trial| !args.is_filtered_out(&libtest_mimic::Trial::test(trial.name, || Ok(())));
        !args.list
            && trials()
                .iter()
                .any(|trial| (trial.needs == Needs::Newest) == (needs == Needs::Newest) && named(trial))
    };
    let runtime = tokio::runtime::Runtime::new().expect("a test process may start threads");
    let (newest, oldest) = runtime.block_on(async {
        tokio::join!(
            boot(Needs::Newest, selected(Needs::Newest)),
            boot(Needs::Oldest, selected(Needs::Oldest))
        )
    });
    let ready = |server: Result<Server, String>| server.and_then(Server::with_cheap_logins).map(Arc::new);
    let (newest, oldest) = (ready(newest), ready(oldest));
    let times: Arc<Mutex<BTreeSet<(Duration, &str)>>> = Arc::default();
    let ready = trials().into_iter().map(|trial| {
        let server = if trial.needs == Needs::Newest { newest.clone() } else { oldest.clone() };
        let times = Arc::clone(&times);
        libtest_mimic::Trial::test(trial.name, move || {
            let server = server.map_err(Failed::from)?;
            let started = Instant::now();
            let result = (trial.run)(&server).map_err(Failed::from);
            times.lock().expect("no trial holds it").insert((started.elapsed(), trial.name));
            result
        })
        .with_ignored_flag(browser::cannot_run(trial.name))
    });
    let conclusion = libtest_mimic::run(&args, ready.collect());
    for (time, name) in times.lock().expect("all trials have ended").iter().rev().filter(|it| it.0 > SLOW) {
        let line = format!("{:>4} s  {name}\n", time.as_secs());
        std::io::stderr().write_all(line.as_bytes()).expect("stderr takes a line");
    }
    // The servers end here, before the exit; were this process killed, their watchdogs would end them.
    drop((newest, oldest));
    conclusion.exit_code()
}
