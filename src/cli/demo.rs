//! `demo`: the main job on a real Keycloak, from nothing to a repaired drift, told step by step.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::applying::{self, Orders};
use super::planning::{self, Planned, Wish};
use super::terminal::{print, say};
use super::{Exit, Global, progress, signal};
use crate::diff::Terms;
use crate::keycloak::{Connect, Credentials, Keycloak, Method, Request, Secret};
use crate::manifest::{self, Loaded, Project, Secrets};
use crate::report::{self, Style};
use crate::sandbox::{self, NEWEST, Options, Sandbox};
use crate::text::Note;

/// The example that the demo applies, as it stands in `examples/realm-config`.
const EXAMPLE: &[(&str, &str)] = &[
    ("realmwright.yaml", include_str!("../../examples/realm-config/realmwright.yaml")),
    ("realm.yaml", include_str!("../../examples/realm-config/realm.yaml")),
    ("client-scopes.yaml", include_str!("../../examples/realm-config/client-scopes.yaml")),
    ("roles.yaml", include_str!("../../examples/realm-config/roles.yaml")),
    ("groups.yaml", include_str!("../../examples/realm-config/groups.yaml")),
    ("users.yaml", include_str!("../../examples/realm-config/users.yaml")),
    ("clients/demo.yaml", include_str!("../../examples/realm-config/clients/demo.yaml")),
    ("clients/demo-app.yaml", include_str!("../../examples/realm-config/clients/demo-app.yaml")),
    ("clients/dummy-service.yaml", include_str!("../../examples/realm-config/clients/dummy-service.yaml")),
    ("clients/identity-api.yaml", include_str!("../../examples/realm-config/clients/identity-api.yaml")),
    ("access/demo.yaml", include_str!("../../examples/realm-config/access/demo.yaml")),
];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The Keycloak version to fetch
    #[arg(long, value_name = "VERSION", default_value = NEWEST)]
    keycloak: String,
    /// A Keycloak distribution that is here already, zip or folder
    #[arg(long, value_name = "PATH", conflicts_with = "keycloak")]
    dist: Option<std::path::PathBuf>,
    /// Leave the server up until Ctrl-C, and print how to look at it
    #[arg(long)]
    keep: bool,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    signal::unless_stopped(tell(args, global)).await
}

async fn tell(args: Args, global: Global) -> anyhow::Result<Exit> {
    step("1", "boot a Keycloak of its own: free port, random password, gone afterwards")?;
    let mut options = Options::of_version(&args.keycloak)?;
    options.dist = args.dist;
    let display = progress::Display::new(global.quiet);
    let sandbox = sandbox::start(&options, &|it| display.show(&it)).await?;
    drop(display);
    print(&format!("   Keycloak {} at {}\n", sandbox.version, sandbox.server))?;
    let told = story(&sandbox, global).await;
    match &told {
        Ok(()) if args.keep => {
            print(&format!(
                "\nThe server stays up until Ctrl-C. Look at realm eoepca in the admin console:\n   {}/admin/eoepca/console   user {}   password {}\nor point realmwright at it from another terminal:\n   source {}\n   realmwright plan examples/realm-config\n",
                sandbox.server.trim_end_matches('/'),
                sandbox.user,
                sandbox.password,
                sandbox.env_file.display()
            ))?;
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
    let (project, loaded) = example(folder.path())?;
    let desired = loaded.realms.first().context("the example declares a realm")?;
    let secrets = secrets(desired)?;
    let password = Secret::new(sandbox.password.as_str());
    let connect =
        Connect::new(sandbox.server.clone(), Credentials::Password { user: sandbox.user.clone(), password });
    let keycloak = Keycloak::connect(&connect).await?;
    let (terms, allowed, roots) = (
        Terms { protect: project.protect.clone(), ..Terms::default() },
        BTreeMap::new(),
        vec![".".to_owned()],
    );
    let wish = Wish {
        desired,
        secrets: &secrets,
        owner: project.owner.as_deref(),
        environment: "",
        roots: &roots,
        terms: &terms,
        allowed: &allowed,
        may_create: true,
        adopt: false,
        server: sandbox.server.trim_end_matches('/'),
        everybody: false,
    };

    step("2", "plan: what examples/realm-config would make of it (realmwright plan)")?;
    let planned = show(&keycloak, &wish, &loaded).await?;
    step("3", "apply it (realmwright apply)")?;
    apply(&keycloak, &wish, &planned, global).await?;
    step("4", "plan again: nothing is left to do")?;
    let again = show(&keycloak, &wish, &loaded).await?;
    if !again.plan.is_empty() {
        bail!("the second plan is not empty");
    }

    step("5", "somebody clicks in the admin console, three times")?;
    for line in meddle(&keycloak, &desired.realm).await? {
        print(&format!("   {line}\n"))?;
    }
    step("6", "drift: what is not as declared any more (realmwright drift, exit code 2)")?;
    let drifted = planning::plan(&keycloak, &wish).await?;
    print(&report::drift_text(
        &drifted.plan,
        &crate::plan::drift(&drifted.plan),
        &loaded.files,
        &Style::plain(),
    ))?;
    if crate::plan::drift(&drifted.plan).len() != 3 {
        bail!("three things were changed, and drift shows another number");
    }
    step("7", "apply repairs exactly that")?;
    apply(&keycloak, &wish, &drifted, global).await?;
    step("8", "and drift is clean")?;
    let clean = planning::plan(&keycloak, &wish).await?;
    print(&report::drift_text(
        &clean.plan,
        &crate::plan::drift(&clean.plan),
        &loaded.files,
        &Style::plain(),
    ))?;
    if !clean.plan.is_empty() {
        bail!("the realm is still not as declared");
    }
    Ok(())
}

fn step(number: &str, words: &str) -> anyhow::Result<()> {
    Ok(print(&format!("\n{number}. {words}\n"))?)
}

async fn show(keycloak: &Keycloak, wish: &Wish<'_>, loaded: &Loaded) -> anyhow::Result<Planned> {
    let planned = planning::plan(keycloak, wish).await?;
    print(&report::plan_text(&planned.plan, &loaded.files, &Style::plain()))?;
    Ok(planned)
}

async fn apply(
    keycloak: &Keycloak,
    wish: &Wish<'_>,
    planned: &Planned,
    global: Global,
) -> anyhow::Result<()> {
    let bar = progress::calls(global.quiet);
    let orders = Orders {
        run: "demo",
        lanes: 8,
        patience: std::time::Duration::ZERO,
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
    let applied = applying::apply(keycloak, wish, planned, &orders).await?;
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
    ))?;
    Ok(())
}

/// Writes the example to a folder and reads it as anybody would.
fn example(folder: &std::path::Path) -> anyhow::Result<(Project, Loaded)> {
    for (name, text) in EXAMPLE {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    let project = Project::open(&folder.join(manifest::PROJECT_FILE));
    let texts: Vec<(&str, &str)> =
        EXAMPLE.iter().filter(|(name, _)| *name != manifest::PROJECT_FILE).copied().collect();
    let mut loaded = manifest::load_texts(&texts, &project);
    for desired in &loaded.realms {
        loaded.notes.extend(manifest::check(desired, &project));
    }
    if loaded.notes.iter().any(Note::is_error) {
        bail!("{}", report::notes(&loaded.files, &loaded.notes, report::Color::Never));
    }
    Ok((project, loaded))
}

/// Random passwords for everything that the example takes from the environment.
fn secrets(desired: &manifest::Desired) -> anyhow::Result<Secrets> {
    let mut values = BTreeMap::new();
    for (secret, _) in manifest::secrets_of(&desired.state) {
        if let crate::state::SecretSource::Env(name) = &secret.source {
            let mut bytes = [0u8; 12];
            getrandom::fill(&mut bytes)
                .map_err(|it| anyhow::anyhow!("cannot draw a random password: {it}"))?;
            let text: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
            values.insert(name.to_string(), text);
        }
    }
    let environment = |name: &str| values.get(name).map(std::ffi::OsString::from);
    let (secrets, notes) = manifest::resolve_from(&manifest::secrets_of(&desired.state), &[], &environment);
    if !notes.is_empty() {
        bail!("the example's secrets all come from the environment");
    }
    Ok(secrets)
}

/// Three changes as a person would click them, and how to say each.
async fn meddle(keycloak: &Keycloak, realm: &str) -> anyhow::Result<Vec<String>> {
    let get = async |path: String| -> anyhow::Result<Value> {
        Ok(keycloak.get(&format!("realms/{realm}/{path}")).await?.body.unwrap_or_default())
    };
    let first = |rows: &Value| rows.get(0).cloned().context("the example's objects are there");
    let id = |row: &Value| row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let send = async |method, path: String, body: Value| -> anyhow::Result<()> {
        keycloak.send(&Request { method, path: format!("realms/{realm}/{path}"), body: Some(body) }).await?;
        Ok(())
    };

    let mut client = first(&get("clients?clientId=demo".to_owned()).await?)?;
    let client_id = id(&client);
    if let Some(uris) = client.get_mut("redirectUris").and_then(Value::as_array_mut) {
        uris.push(json!("https://somewhere-else.example.org/*"));
    }
    if let Some(client) = client.as_object_mut() {
        client.remove("secret");
    }
    send(Method::Put, format!("clients/{client_id}"), client).await?;

    let user = first(&get("users?exact=true&username=eric".to_owned()).await?)?;
    let role = get("roles/user-premium".to_owned()).await?;
    send(Method::Delete, format!("users/{}/role-mappings/realm", id(&user)), json!([role])).await?;

    let server = format!("clients/{client_id}/authz/resource-server");
    let permission = first(&get(format!("{server}/permission?name=Eric%20space%20permission")).await?)?;
    let policy =
        first(&get(format!("{server}/policy?permission=false&name=Only%20Alice%20User%20Policy")).await?)?;
    let path = format!("{server}/permission/resource/{}", id(&permission));
    let mut permission = get(path.clone()).await?;
    permission["policies"] = json!([id(&policy)]);
    send(Method::Put, path, permission).await?;
    Ok(vec![
        "added a redirect URI to client demo".to_owned(),
        "took role user-premium from eric".to_owned(),
        "put policy `Only Alice User Policy` in place of Eric's in permission `Eric space permission`"
            .to_owned(),
    ])
}
