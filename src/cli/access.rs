//! `access`: questions about who may do what, put to manifests, to a server, or to two states.

use std::collections::BTreeSet;

use anyhow::bail;

use answered::Answered;

use super::asking::{AskedRealm, Asking, Facts};
use super::realms::{Format, style};
use super::terminal::{document, print};
use super::{Exit, Global};
use crate::access::{self, AccessQuestion, Persona, PersonaReader, Realm, Ways};
use crate::keycloak::Want;
use crate::kind;
use crate::report::{self, Asked, Language};
use crate::run::UsageError;
use crate::state::{Address, stars_match};
use crate::text::nearest;

mod answered;
mod diff;
mod matrix;
mod revision;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Who may do something to a resource
    Who(Who),
    /// Whether somebody may do something to a resource: exit 0 for PERMIT, 2 when any answer is DENY or UNKNOWN
    Can(Can),
    /// Why somebody may do something to a resource, or why not
    Why(Why),
    /// Every decision of a client, for everybody declared
    Matrix(matrix::Args),
    /// Who gains or loses access between two states: exit 2 when anybody does
    Diff(diff::Args),
}

/// What questions about one resource are asked with.
#[derive(Debug, clap::Args)]
struct About {
    /// The authorization scope, such as `view`; `-` asks for the resource as a whole
    #[arg(required_unless_present = "administration")]
    scope: Option<String>,
    /// The resource: its name, or a URI, which is matched as Keycloak does
    #[arg(required_unless_present = "administration")]
    resource: Option<String>,
    /// Ask instead for administration of the realm: a role such as `manage-users`, or several with `*`
    #[arg(long, value_name = "ROLE", conflicts_with_all = ["exact", "client"])]
    administration: Option<String>,
    /// The resource is one of this name or with this very URI: nothing is matched, and `*` stands for itself
    #[arg(long)]
    exact: bool,
    /// The client whose resource it is; without it, every one that has such a resource
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// The client that asks; without it, every one through which people come
    #[arg(long = "as", value_name = "CLIENT")]
    asking_client: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

impl About {
    /// Returns what is asked with; beside `--administration` manifests stand where scope and resource do otherwise.
    fn asking(&self) -> Asking {
        let paths = self.scope.iter().chain(&self.resource).filter(|_| self.administration.is_some());
        paths.fold(self.asking.clone(), |asking, path| asking.and(path))
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    #[command(flatten)]
    about: About,
    /// What stdout carries
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Who: a user, `anonymous`, `any-user`, `role/NAME`, `group/PATH`, `service-account-CLIENT`, or a map such as
    /// `{roles: [premium], at: 2026-01-05T09:00}`
    persona: String,
    #[command(flatten)]
    about: About,
}

#[derive(Debug, clap::Args)]
pub(super) struct Can {
    #[command(flatten)]
    one: One,
    /// What stdout carries
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct Why {
    #[command(flatten)]
    one: One,
    /// What stdout carries: words, data, or a diagram
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: WhyFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum WhyFormat {
    #[default]
    Text,
    Json,
    Mermaid,
    Dot,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    match args.command {
        Command::Who(args) => who(args, global).await,
        Command::Can(args) => can(args, global).await,
        Command::Why(args) => why(args, global).await,
        Command::Matrix(args) => matrix::run(args, global).await,
        Command::Diff(args) => diff::run(args, global).await,
    }
}

/// What one question asks for.
struct Wanted {
    client: Address,
    resource: String,
    /// Nothing for the resource as a whole.
    scope: Option<String>,
}

/// Everything that one question is answered from.
struct Opened {
    facts: Facts,
    realm: Realm,
}

impl Opened {
    fn asked_realm(&self) -> &AskedRealm {
        &self.facts.realms[0]
    }

    fn cast(&self, asking: Option<&str>) -> anyhow::Result<(PersonaReader<'_>, Option<Address>)> {
        let facts = &self.facts;
        let cast = PersonaReader { state: &self.asked_realm().state, zone: &facts.zone, at: facts.at };
        let asking = asking.map(|it| self.client(it)).transpose()?;
        Ok((cast, asking))
    }

    /// Returns a client by name.
    fn client(&self, name: &str) -> anyhow::Result<Address> {
        let state = &self.asked_realm().state;
        if let Some(client) = access::client(state, name) {
            return Ok(client);
        }
        bail!("there is no client `{name}`{}", hint(name, access::client_names(state)))
    }

    /// Returns a client with authorization by name.
    fn server(&self, name: &str) -> anyhow::Result<Address> {
        let address = self.client(name)?;
        if self.realm.servers().any(|it| *it == address) {
            return Ok(address);
        }
        let servers = names(self.realm.servers());
        let others =
            if servers.is_empty() { "no client has".to_owned() } else { format!("these have: {servers}") };
        bail!("client `{name}` has no authorization; {others}")
    }

    /// Returns what is asked for, one by one.
    fn wanted(&self, about: &About) -> anyhow::Result<Vec<Wanted>> {
        if let Some(role) = &about.administration {
            return self.roles(role);
        }
        let mut found = self.resources(about)?;
        let scope = self.scope(&mut found, about.scope.as_deref().unwrap_or_default())?;
        let wanted = |(client, resource)| Wanted { client, resource, scope: scope.map(str::to_owned) };
        Ok(found.into_iter().map(wanted).collect())
    }

    /// Returns the roles of administration that a text means.
    fn roles(&self, text: &str) -> anyhow::Result<Vec<Wanted>> {
        let client = access::administration();
        let all = self.realm.resources(&client);
        let Some((resource, roles)) = all.first() else {
            bail!(
                "realm `{}` has no administration: nothing says which roles administer it",
                self.asked_realm().realm
            )
        };
        let wanted = |role: &str| Wanted {
            client: client.clone(),
            resource: (*resource).to_owned(),
            scope: Some(role.to_owned()),
        };
        let meant = roles.iter().filter(|it| stars_match(text, it));
        let found: Vec<Wanted> = meant.map(|it| wanted(it)).collect();
        if found.is_empty() {
            bail!(
                "no role of this realm's administration is called `{text}`{}",
                hint(text, roles.iter().copied())
            )
        }
        Ok(found)
    }

    /// Returns the resources that a text means, each with its client.
    fn resources(&self, about: &About) -> anyhow::Result<Vec<(Address, String)>> {
        let (client, text) = (about.client.as_deref(), about.resource.as_deref().unwrap_or_default());
        let AskedRealm { state, version, .. } = self.asked_realm();
        let of = |client: &Address| -> Vec<(Address, String)> {
            let names = if about.exact {
                access::exact_resources(state, client, text)
            } else {
                access::resources(state, *version, client, text)
            };
            names.into_iter().map(|it| (client.clone(), it)).collect()
        };
        let all_names = |client: &Address| -> Vec<String> {
            access::resource_names(state, client).map(str::to_owned).collect()
        };
        if let Some(name) = client {
            let client = self.server(name)?;
            let found = of(&client);
            if found.is_empty() {
                let known = all_names(&client);
                let near = hint(text, known.iter().map(String::as_str));
                bail!("client `{name}` has no resource `{text}`, nor one with such a URI{near}");
            }
            return Ok(found);
        }
        let found: Vec<(Address, String)> = self.realm.servers().flat_map(of).collect();
        match found.len() {
            0 if self.realm.servers().next().is_none() => {
                bail!("no client of realm `{}` has authorization", self.asked_realm().realm)
            }
            0 => {
                let known: Vec<String> = self.realm.servers().flat_map(all_names).collect();
                let near = hint(text, known.iter().map(String::as_str));
                bail!("no client has a resource `{text}`, nor one with such a URI{near}")
            }
            _ => Ok(found),
        }
    }

    /// Returns the scope that is asked for, nothing for the resource as a whole; and of the resources those whose
    /// client has it.
    fn scope<'a>(
        &self,
        found: &mut Vec<(Address, String)>,
        text: &'a str,
    ) -> anyhow::Result<Option<&'a str>> {
        if text == "-" {
            return Ok(None);
        }
        let state = &self.asked_realm().state;
        let clients: BTreeSet<Address> = found.iter().map(|it| it.0.clone()).collect();
        found.retain(|(client, _)| access::has_scope(state, client, text));
        if !found.is_empty() {
            return Ok(Some(text));
        }
        let near = hint(text, clients.iter().flat_map(|it| access::scope_names(state, it)));
        let has = if clients.len() == 1 { "has" } else { "have" };
        bail!(
            "client `{}` {has} no authorization scope `{text}`{near}",
            names(clients.iter()).replace(", ", "`, `")
        )
    }

    /// Where an object is declared: manifests come before what the server said.
    fn place(&self, address: &Address) -> Option<String> {
        let loaded = &self.facts.loaded;
        let desired = loaded.realms.iter().find(|it| it.realm == self.asked_realm().realm);
        let object =
            desired.and_then(|it| it.state.get(address)).or_else(|| self.asked_realm().state.get(address));
        loaded.files.position(object?.at).map(|it| it.to_string())
    }

    /// Everybody whom an answer names: declared users, then made-up personas and service accounts.
    fn everybody(&self, client: &Address) -> Vec<Persona> {
        let users = self.asked_realm().users.iter().cloned().map(Persona::user);
        users.chain(access::personas(&self.realm, client)).collect()
    }

    /// Gives personas the time and the client that asks.
    fn dressed(&self, persona: Persona, asking: Option<&Address>) -> Persona {
        Persona {
            at: persona.at.or(self.facts.at),
            client: persona.client.or_else(|| asking.cloned()),
            ..persona
        }
    }
}

/// Opens the one realm that is asked about; `None` when the manifests have errors, which are shown.
///
/// What may be done to an object is asked for by its address, whether a permission over administration names it or not.
async fn open(
    asking: &Asking,
    run: &str,
    also: &Want,
    resource: Option<&str>,
    global: Global,
) -> anyhow::Result<Option<Opened>> {
    let mut also = also.clone();
    let user = resource.and_then(kind::parse_address).filter(kind::is_asked_by_name);
    also.users.extend(user.filter(|it| it.parent().is_none()).map(|it| it.name().to_owned()));
    let also = &also;
    let Some(mut facts) = asking.open(run, also, global).await? else { return Ok(None) };
    match facts.realms.len() {
        0 => bail!("no manifest is about a realm: name files or folders, or --server and --realm"),
        1 => {}
        _ => {
            let names: Vec<&str> = facts.realms.iter().map(|it| it.realm.as_str()).collect();
            let message =
                format!("the manifests are about several realms: choose with --realm: {}", names.join(", "));
            return Err(UsageError::new(message).into());
        }
    }
    facts.realms.truncate(1);
    if let Some(resource) = resource {
        kind::stand_for(&mut facts.realms[0].state, resource);
    }
    let realm = Realm::compile(&facts.realms[0].state, facts.realms[0].version);
    Ok(Some(Opened { facts, realm }))
}

fn names<'a>(all: impl Iterator<Item = &'a Address>) -> String {
    let all: BTreeSet<&str> = all.map(Address::name).collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

/// Returns what was probably meant, as the end of a sentence.
fn hint<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(written, known).map(|it| format!(": did you mean `{it}`?")).unwrap_or_default()
}

async fn who(args: Who, global: Global) -> anyhow::Result<Exit> {
    let about = &args.about;
    // Whom the manifests do not declare may as well.
    let also = Want { everybody: true, ..Want::default() };
    let Some(opened) = open(&about.asking(), "access-who", &also, about.resource.as_deref(), global).await?
    else {
        return Ok(Exit::Failed);
    };
    let found = opened.wanted(about)?;
    let (_, asking) = opened.cast(about.asking_client.as_deref())?;
    let everybody = |client: &Address| -> Vec<Persona> {
        opened.everybody(client).into_iter().map(|it| opened.dressed(it, asking.as_ref())).collect()
    };
    let place = |it: &Address| opened.place(it);
    let mut answers: Vec<(Asked<'_>, access::Who)> = found
        .iter()
        .map(|Wanted { client, resource, scope }| {
            let scope = scope.as_deref();
            let asked = Asked {
                realm: &opened.asked_realm().realm,
                client,
                resource,
                scope,
                through: Ways::default(),
                clients: 0,
                place: &place,
                style: style(),
            };
            (asked, access::who(&opened.realm, client, resource, scope, &everybody(client)))
        })
        .collect();
    if about.administration.is_some() {
        named_once(&opened.realm, &mut answers);
    }
    match args.format {
        Format::Text => {
            let texts: Vec<String> =
                answers.iter().map(|(asked, who)| report::who_text(asked, who)).collect();
            print(&texts.join("\n"));
        }
        Format::Json => document(report::who_json(&answers)),
    }
    Ok(Exit::Clean)
}

/// Of several roles of administration, leaves everybody to those that bring the others along.
fn named_once(realm: &Realm, answers: &mut Vec<(Asked<'_>, access::Who)>) {
    let all: Vec<(String, BTreeSet<String>)> = answers
        .iter()
        .map(|(asked, who)| {
            let names = who.permitted.iter().flat_map(|it| it.personas.iter().cloned()).collect();
            (asked.scope.unwrap_or_default().to_owned(), names)
        })
        .collect();
    answers.retain_mut(|(asked, who)| {
        let role = asked.scope.unwrap_or_default();
        let is_told = |name: &String| {
            let by = |(whole, names): &(String, BTreeSet<String>)| {
                names.contains(name) && realm.brings(whole, role)
            };
            all.iter().any(|it| by(it) && !realm.brings(role, &it.0))
        };
        let was_empty = who.permitted.is_empty();
        for alike in &mut who.permitted {
            alike.personas.retain(|it| !is_told(it));
        }
        who.permitted.retain(|it| !it.personas.is_empty());
        was_empty || !who.permitted.is_empty() || !who.unknown.is_empty()
    });
}

async fn can(Can { one: args, format }: Can, global: Global) -> anyhow::Result<Exit> {
    let Some(answered) = Answered::open(&args, "access-can", global).await? else { return Ok(Exit::Failed) };
    let decide = |realm: &Realm, question: &AccessQuestion<'_>| Ok(access::decide(realm, question));
    let granted = answered.show(format, decide, |it| it, report::can_text, report::can_json)?;
    let all = granted.into_iter().all(|it| it == Some(true));
    Ok(if all { Exit::Clean } else { Exit::NotClean })
}

async fn why(Why { one: args, format }: Why, global: Global) -> anyhow::Result<Exit> {
    let Some(answered) = Answered::open(&args, "access-why", global).await? else { return Ok(Exit::Failed) };
    let explain = |realm: &Realm, question: &AccessQuestion<'_>| {
        access::explain(realm, question)
            .ok_or_else(|| anyhow::anyhow!("the resource is gone between two looks"))
    };
    let show = |format| answered.show(format, explain, |it| &it.decision, report::why_text, report::why_json);
    let draw = |language| -> anyhow::Result<()> {
        let answers = answered.answers(&|_| None, explain, |it| &it.decision)?;
        print(&report::why_diagram(language, &answered.persona.name, &answers));
        Ok(())
    };
    match format {
        WhyFormat::Text => drop(show(Format::Text)?),
        WhyFormat::Json => drop(show(Format::Json)?),
        WhyFormat::Mermaid => draw(Language::Mermaid)?,
        WhyFormat::Dot => draw(Language::Dot)?,
    }
    Ok(Exit::Clean)
}
