//! What the realm is for: real tokens, and a protected service that asks for them.

#[path = "../../../examples/protected-service/service.rs"]
mod service;

use std::future::Future;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::example::Example;
use crate::cli::terminal::print;
use crate::keycloak::openid::{Ask, Client, Grant, Openid};
use crate::keycloak::{Reach, Secret};

/// The client that the protected service belongs to.
const SERVICE: &str = "demo-app";

/// Everybody who asks, and whom they ask.
pub(super) struct Proof<'a> {
    openid: Openid,
    example: &'a Example,
    service: SocketAddr,
}

/// Does the work while the protected service stands on a free port of this machine.
pub(super) async fn beside_the_service<'a, F: Future<Output = anyhow::Result<()>>>(
    reach: &Reach,
    realm: &str,
    example: &'a Example,
    work: impl FnOnce(Proof<'a>) -> F,
) -> anyhow::Result<()> {
    let config = service::Config {
        issuer: format!("{}/realms/{realm}", reach.server.trim_end_matches('/')),
        client: SERVICE.to_owned(),
        secret: example.secret("DEMO_APP_SECRET")?.expose().to_owned(),
        scope: "view".to_owned(),
    };
    let router = service::router(config).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port is free")?;
    let proof = Proof { openid: Openid::connect(reach, realm)?, example, service: listener.local_addr()? };
    tokio::select! {
        ended = axum::serve(listener, router) => {
            ended?;
            bail!("the protected service ended")
        }
        done = work(proof) => done,
    }
}

impl Proof<'_> {
    /// Eric gets his space, Alice does not, and nobody is told where to ask.
    pub(super) async fn as_declared(&self) -> anyhow::Result<()> {
        let nobody = self.get("/eric/notes", None).await?;
        self.told("nobody", "GET /eric/notes", &nobody, 401)?;
        let ticket = nobody.ticket.context("the service gives a ticket")?;

        let eric = self.login("eric", SERVICE).await?;
        let rpt = self.permitted("eric", &eric, &ticket).await?;
        self.told(
            "eric",
            "GET /eric/notes with that token",
            &self.get("/eric/notes", Some(&rpt)).await?,
            200,
        )?;

        let alice = self.login("alice", "demo").await?;
        self.refused("alice", &alice, &ticket).await?;
        let own = self.get("/alice/notes", None).await?.ticket.context("the service gives a ticket")?;
        let Ok(rpt) = self.openid.rpt(&alice, &Ask::Ticket(own)).await? else {
            bail!("alice gets no token for her own space");
        };
        let answer = self.get("/eric/notes", Some(&rpt.access)).await?;
        self.told("alice", "GET /eric/notes with a token for her own space", &answer, 403)
    }

    /// Alice gets Eric's space.
    pub(super) async fn after_pull_request(&self) -> anyhow::Result<()> {
        let ticket = self.get("/eric/notes", None).await?.ticket.context("the service gives a ticket")?;
        let alice = self.login("alice", "demo").await?;
        let rpt = self.permitted("alice", &alice, &ticket).await?;
        self.told(
            "alice",
            "GET /eric/notes with that token",
            &self.get("/eric/notes", Some(&rpt)).await?,
            200,
        )
    }

    /// Alice does not get Eric's space any more.
    pub(super) async fn taken_back(&self) -> anyhow::Result<()> {
        let ticket = self.get("/eric/notes", None).await?.ticket.context("the service gives a ticket")?;
        let alice = self.login("alice", "demo").await?;
        self.refused("alice", &alice, &ticket).await
    }

    /// Returns a user's own access token, got with a password through a client.
    async fn login(&self, user: &str, client: &str) -> anyhow::Result<Secret> {
        let variable = |name: &str, end: &str| format!("{}_{end}", name.to_uppercase().replace('-', "_"));
        let secret = self.example.secret(&variable(client, "SECRET"))?;
        let password = self.example.secret(&variable(user, "PASSWORD"))?;
        let grant = Grant::Password { user: user.to_owned(), password, scope: "openid profile".to_owned() };
        let client = Client::Secret { id: client.to_owned(), secret };
        Ok(self.openid.token(&client, &grant).await?.with_context(|| format!("{user} cannot log in"))?.access)
    }

    /// Turns a ticket into a token with the permission.
    async fn permitted(&self, who: &str, token: &Secret, ticket: &Secret) -> anyhow::Result<Secret> {
        let tokens = self
            .openid
            .rpt(token, &Ask::Ticket(ticket.clone()))
            .await?
            .with_context(|| format!("{who} may see Eric's space, and the realm does not permit it"))?;
        line(who, "asks the realm with that ticket", "a token with the permission (RPT)");
        Ok(tokens.access)
    }

    async fn refused(&self, who: &str, token: &Secret, ticket: &Secret) -> anyhow::Result<()> {
        match self.openid.rpt(token, &Ask::Ticket(ticket.clone())).await? {
            Err(refusal) if (refusal.status, &*refusal.error) == (403, "access_denied") => {
                line(who, "asks the realm with that ticket", &refusal.to_string());
                Ok(())
            }
            Err(refusal) => bail!("{who} is refused for another reason: {refusal}"),
            Ok(_) => bail!("{who} may not see Eric's space, and the realm permits it"),
        }
    }

    fn told(&self, who: &str, what: &str, answer: &Answer, wanted: u16) -> anyhow::Result<()> {
        if answer.status != wanted {
            bail!(
                "{who}: {what}: the service at {} answers {} instead of {wanted}",
                self.service,
                answer.status
            );
        }
        let ticket = if answer.ticket.is_some() { " and a ticket for what to ask" } else { "" };
        line(who, what, &format!("{}{ticket}", answer.status));
        Ok(())
    }

    /// Asks the protected service.
    async fn get(&self, path: &str, token: Option<&Secret>) -> anyhow::Result<Answer> {
        let mut stream = TcpStream::connect(self.service).await?;
        let bearer = token.map(|it| format!("Authorization: Bearer {}\r\n", it.expose())).unwrap_or_default();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{bearer}Connection: close\r\n\r\n", self.service);
        stream.write_all(request.as_bytes()).await?;
        let mut response = String::new();
        stream.read_to_string(&mut response).await?;
        Answer::read(&response).context("the protected service does not answer in HTTP")
    }
}

fn line(who: &str, what: &str, answer: &str) {
    print(&format!("   {who:<8}{what:<50}{answer}\n"));
}

/// What the protected service says.
struct Answer {
    status: u16,
    ticket: Option<Secret>,
}

impl Answer {
    fn read(response: &str) -> Option<Self> {
        let status = response.split(' ').nth(1)?.parse().ok()?;
        let head = response.split("\r\n\r\n").next()?;
        let ticket = head.split("ticket=\"").nth(1).and_then(|it| it.split('"').next()).map(Secret::new);
        Some(Self { status, ticket })
    }
}
