//! Runs the protected service on its own. See README.md beside this file.

use std::io::Write as _;

use clap::Parser;

mod service;

/// An HTTP service that answers whoever shows an RPT with the permission for what is asked
#[derive(Parser)]
struct Args {
    /// The realm, as its tokens name it
    #[arg(long, env = "ISSUER", default_value = "http://127.0.0.1:8080/realms/eoepca")]
    issuer: String,
    /// The client that the resources belong to; its secret comes from `CLIENT_SECRET`
    #[arg(long, env = "CLIENT_ID", default_value = "demo-app")]
    client: String,
    /// The scope that reading asks for
    #[arg(long, default_value = "view")]
    scope: String,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8085")]
    listen: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let secret = std::env::var("CLIENT_SECRET")
        .map_err(|_| anyhow::anyhow!("CLIENT_SECRET has to hold the secret of client {}", args.client))?;
    let issuer = args.issuer.trim_end_matches('/').to_owned();
    let router =
        service::router(service::Config { issuer, client: args.client, secret, scope: args.scope }).await?;
    let listener = tokio::net::TcpListener::bind(&args.listen).await?;
    writeln!(std::io::stdout(), "http://{}/ is protected", listener.local_addr()?)?;
    axum::serve(listener, router).await?;
    Ok(())
}
