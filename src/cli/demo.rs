//! `demo`: the main job on a real Keycloak, from nothing to a repaired drift, told step by step.

mod clicks;
mod example;
mod proof;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};

use self::example::Example;
use self::proof::Proof;

use super::terminal::{print, say};
use super::{Exit, Global, progress, signal};
use crate::access::ChangeOfAccess;
use crate::diff::Terms;
use crate::keycloak::{Connect, Credentials, Keycloak, Secret, Want};
use crate::manifest::{Loaded, Prune};
use crate::report::{self, Style};
use crate::run::{self, ApplyOptions, PlanRequest, Planned};
use crate::sandbox::{self, BOOT_SECONDS, NEWEST, Options, Sandbox};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The Keycloak version to fetch
    #[arg(long, value_name = "VERSION", default_value = NEWEST)]
    keycloak: String,
    /// A Keycloak distribution that is here already, zip or folder
    #[arg(long, value_name = "PATH", conflicts_with = "keycloak")]
    dist: Option<std::path::PathBuf>,
    /// How many seconds the server may take until it answers
    #[arg(long, default_value_t = BOOT_SECONDS, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    boot_timeout: u64,
    /// Leave the server up until Ctrl-C, and print how to look at it
    #[arg(long)]
    keep: bool,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    signal::unless_stopped(tell(args, global)).await
}

async fn tell(args: Args, global: Global) -> anyhow::Result<Exit> {
    step("1", "boot a Keycloak of its own: free port, random password, gone afterwards");
    let mut options = Options::of_version(&args.keycloak)?;
    options.dist = args.dist;
    options.boot_timeout = Duration::from_secs(args.boot_timeout);
    let display = progress::Display::new(global.quiet);
    let sandbox = sandbox::start(&options, &|it| display.show(&it)).await?;
    drop(display);
    print(&format!("   Keycloak {} at {}\n", sandbox.version, sandbox.server));
    let told = story(&sandbox, global).await;
    match &told {
        Ok(()) if args.keep => {
            print(&format!(
                "\nThe server stays up until Ctrl-C. Look at realm eoepca in the admin console:\n   {}/admin/eoepca/console   user {}   password {}\nor point realmwright at it from another terminal:\n   source {}\n   realmwright plan examples/realm-config\n",
                sandbox.server.trim_end_matches('/'),
                sandbox.user,
                sandbox.password,
                sandbox.env_file.display()
            ));
            let exit = signal::stopped().await?;
            sandbox.stop().await;
            return Ok(exit);
        }
        _ => sandbox.stop().await,
    }
    told.map(|()| Exit::Clean)
}

/// Everything between boot and stop.
async fn story(sandbox: &Sandbox, global: Global) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let example = Example::read(folder.path())?;
    let (desired, files) = (example.declared()?, &example.loaded.files);
    let password = Secret::new(sandbox.password.as_str());
    let connect =
        Connect::new(sandbox.server.clone(), Credentials::Password { user: sandbox.user.clone(), password });
    let keycloak = Keycloak::connect(&connect).await?;
    let terms = Terms { protect: example.project.protect.clone(), ..Terms::default() };
    let pruning = Terms { prune: Prune::AllButUsers, ..terms.clone() };
    let (allowed, roots) = (BTreeMap::new(), vec![".".to_owned()]);
    let request = PlanRequest {
        desired,
        secrets: &example.secrets,
        owner: example.project.owner.as_deref(),
        environment: "",
        roots: &roots,
        files: &[],
        is_on_disk: &|_| false,
        terms: &terms,
        allowed: &allowed,
        may_create: true,
        guards: &example.project.guards,
        adopt: false,
        server: sandbox.server.trim_end_matches('/'),
        also: Want::default(),
    };

    step("2", "plan: what examples/realm-config would make of it (realmwright plan)");
    let planned = show(&keycloak, &request, &example.loaded, &example).await?;
    step("3", "apply it (realmwright apply)");
    apply(&keycloak, &request, &planned, global).await?;
    step("4", "plan again: nothing is left to do");
    let again = show(&keycloak, &request, &example.loaded, &example).await?;
    if !again.plan.is_empty() {
        bail!("the second plan is not empty");
    }

    step("5", "what it is for: a service that asks for tokens with permissions (examples/protected-service)");
    let prove = async |proof: Proof<'_>| proof.as_declared().await;
    proof::beside_the_service(&connect.reach, &desired.realm, &example, prove).await?;

    step(
        "6",
        "a pull request opens Eric's space to all premium users, and Alice becomes one (realmwright plan)",
    );
    let edited = example.after_pull_request()?;
    let pulled = PlanRequest { desired: example::declared(&edited)?, also: Want::default(), ..request };
    let planned = show(&keycloak, &pulled, &edited, &example).await?;
    let gained = planned.plan.access.as_ref().map_or(0, |it| it.count(ChangeOfAccess::Gained));
    if gained == 0 {
        bail!("the plan does not say that anybody gains access");
    }
    step("7", "apply it: what the plan says of Alice is true; then take it back (realmwright apply --prune)");
    apply(&keycloak, &pulled, &planned, global).await?;
    let prove = async |proof: Proof<'_>| proof.after_pull_request().await;
    proof::beside_the_service(&connect.reach, &desired.realm, &example, prove).await?;
    let back = PlanRequest { terms: &pruning, also: Want::default(), ..request };
    apply(&keycloak, &back, &run::plan(&keycloak, &back).await?, global).await?;
    let prove = async |proof: Proof<'_>| proof.taken_back().await;
    proof::beside_the_service(&connect.reach, &desired.realm, &example, prove).await?;

    step("8", "somebody clicks in the admin console, three times");
    for line in clicks::meddle(&keycloak, &desired.realm).await? {
        print(&format!("   {line}\n"));
    }
    step("9", "drift: what is not as declared any more (realmwright drift, exit code 2)");
    let drifted = run::plan(&keycloak, &request).await?;
    let drift = crate::plan::drift(&drifted.plan);
    print(&report::drift_text(&drifted.plan, &drift, files, &Style::plain()));
    if drift.len() != 3 {
        bail!("three things were changed, and drift shows another number");
    }
    step("10", "apply repairs exactly that");
    apply(&keycloak, &request, &drifted, global).await?;
    step("11", "and drift is clean");
    let clean = run::plan(&keycloak, &request).await?;
    print(&report::drift_text(&clean.plan, &crate::plan::drift(&clean.plan), files, &Style::plain()));
    if !clean.plan.is_empty() {
        bail!("the realm is still not as declared");
    }
    Ok(())
}

fn step(number: &str, words: &str) {
    print(&format!("\n{number}. {words}\n"));
}

/// Plans as the command does, and shows it.
async fn show(
    keycloak: &Keycloak,
    request: &PlanRequest<'_>,
    loaded: &Loaded,
    example: &Example,
) -> anyhow::Result<Planned> {
    let mut planned = run::plan(keycloak, request).await?;
    if let Some(tests) = run::on_plan(loaded, &example.project, None, &planned) {
        planned.plan.add_tests(tests);
    }
    if !planned.plan.refusals.is_empty() {
        bail!("the plan is refused");
    }
    if !planned.plan.is_empty() {
        planned.plan.access = Some(planned.impact(request.desired));
    }
    print(&report::plan_text(&planned.plan, &loaded.files, &Style::plain()));
    Ok(planned)
}

async fn apply(
    keycloak: &Keycloak,
    request: &PlanRequest<'_>,
    planned: &Planned,
    global: Global,
) -> anyhow::Result<()> {
    let bar = progress::calls(global.quiet);
    let options = ApplyOptions {
        run: "demo",
        lanes: 8,
        patience: Duration::ZERO,
        is_full: true,
        progress: &|done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        },
        // A stopped demo ends with its server.
        signal: &|| None,
    };
    let before = keycloak.counts();
    let started = std::time::Instant::now();
    let applied = run::apply(keycloak, request, planned, &options).await?;
    bar.finish_and_clear();
    if applied.exit != Exit::Clean {
        let failed = applied
            .outcomes
            .iter()
            .filter(|it| !matches!(it.ended, crate::plan::Ended::Done | crate::plan::Ended::AlreadyDone));
        for outcome in failed {
            say(&format!("   {}: {:?}", outcome.address, outcome.ended));
        }
        bail!("{}", applied.failure.map_or("not everything could be applied".to_owned(), |it| it.message));
    }
    let writes = keycloak.counts().writes - before.writes;
    print(&format!(
        "   {} changes done with {writes} write requests in {:.1} s; a new plan is empty\n",
        applied.outcomes.len(),
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}
