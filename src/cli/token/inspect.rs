//! `token inspect`: what is in a token, and whether the realm signed it.
//!
//! A token names its issuer, and anybody can write a token: so nothing is ever fetched from where it says. The
//! realm's keys come from the chosen server, which has to call itself what the token says.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::words::{span, when};
use crate::cli::Exit;
use crate::cli::connection::{Where, project_here};
use crate::cli::realms::Format;
use crate::cli::secret::token_from;
use crate::cli::terminal::{document, print};
use crate::keycloak::openid::{Standing, Token};
use crate::keycloak::{ErrorKind, Openid};
use crate::report;
use crate::report::safe::one_line;
use crate::run::UsageError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file with the token, or - for stdin; `Bearer …` and the JSON of other commands will do
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The realm that has to have signed it [default: whichever realm of the server the token names]
    #[arg(long, value_name = "NAME")]
    realm: Option<String>,
    /// Do not verify the signature, and ask no server
    #[arg(long)]
    offline: bool,
    /// What stdout is
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    place: Where,
}

/// What is known of a signature.
#[derive(Debug, PartialEq, Eq)]
enum Signature {
    Verified { realm: String },
    NotVerified { why: String },
    NotAsked,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    if !args.offline && !args.place.is_named() {
        return Err(UsageError::new(
            "no server to take the keys from: name one with --server, REALMWRIGHT_SERVER or --env, or do not verify with --offline",
        )
        .into());
    }
    let text = token_from(&args.file, "a token")?;
    let token = Token::read(text.expose())
        .context("this is no JSON web token, nor JSON with one in `access_token`, `ticket` or the like")?;
    let signature = if args.offline { Signature::NotAsked } else { verify(&args, &token).await? };
    let now = Timestamp::now().as_second();
    let is_valid =
        !matches!(signature, Signature::NotVerified { .. }) && token.standing(now) == Standing::Current;
    match args.format {
        Format::Text => print(&as_text(&token, &signature, now)),
        Format::Json => document(as_json(&token, &signature, now)),
    }
    Ok(if is_valid { Exit::Clean } else { Exit::Failed })
}

/// Checks the signature with the keys of the chosen server's realm.
async fn verify(args: &Args, token: &Token) -> anyhow::Result<Signature> {
    let not = |why: String| Ok(Signature::NotVerified { why });
    // Keycloak's permission tickets carry the issuer as their audience alone.
    let issuer = match token.text("iss") {
        "" => token.text("aud"),
        issuer => issuer,
    };
    let named = issuer.rsplit_once("/realms/").map(|it| it.1).filter(|it| !it.contains('/'));
    let Some(realm) = args.realm.as_deref().or(named).filter(|it| !it.is_empty()) else {
        return not("it names no realm that has issued it".to_owned());
    };
    let reach = args.place.reach(&project_here()?, "token")?;
    let openid = Openid::connect(&reach, realm)?;
    let document = match openid.document().await {
        Ok(document) => document,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return not(format!("{} has no realm `{realm}`", reach.server));
        }
        Err(error) => return Err(error.into()),
    };
    if document.issuer != issuer {
        return not(format!(
            "it was issued by {issuer}, but realm `{realm}` of {} calls itself {}",
            reach.server, document.issuer
        ));
    }
    match openid.keys().await?.verify(token) {
        Ok(()) => Ok(Signature::Verified { realm: realm.to_owned() }),
        Err(why) => not(why.to_string()),
    }
}

/// What a token's times say, as a sentence.
fn times(token: &Token, now: i64) -> String {
    match (token.standing(now), token.time("exp"), token.time("nbf")) {
        (Standing::Expired, Some(exp), _) if exp == now => "expired just now".to_owned(),
        (Standing::Expired, Some(exp), _) => format!("expired {}", when(exp, now)),
        (Standing::NotYet, _, Some(nbf)) => {
            format!("not valid before {} from now", span(nbf.saturating_sub(now)))
        }
        (_, Some(exp), _) => format!("expires {}", when(exp, now)),
        _ => "never expires by itself".to_owned(),
    }
}

fn words(signature: &Signature) -> String {
    match signature {
        Signature::Verified { realm } => format!("verified: realm `{realm}` signed it"),
        Signature::NotVerified { why } => format!("NOT VERIFIED: {why}"),
        Signature::NotAsked => "not verified (--offline)".to_owned(),
    }
}

fn as_text(token: &Token, signature: &Signature, now: i64) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "{name:<10} {}", one_line(value));
        }
    };
    line("signature", &words(signature));
    line("time", &times(token, now));
    if let Some(at) = token.time("iat") {
        let by = token.text("iss");
        line("issued", &if by.is_empty() { when(at, now) } else { format!("{}, by {by}", when(at, now)) });
    }
    line("user", token.text("preferred_username"));
    line("subject", token.text("sub"));
    line("client", token.text("azp"));
    line("audience", &several(token.claims.get("aud")));
    line("roles", &several(token.claims.pointer("/realm_access/roles")));
    line("scope", token.text("scope"));
    for it in permissions(token) {
        line("permits", &it);
    }
    let _ = write!(
        out,
        "\nheader {}\nclaims {}",
        report::json_text(&token.header),
        report::json_text(&token.claims)
    );
    out
}

/// Returns what a token with permissions (RPT) permits, and what a permission ticket asks for: scopes and resource.
fn permissions(token: &Token) -> Vec<String> {
    let list = |pointer: &str| token.claims.pointer(pointer).and_then(Value::as_array);
    let all = list("/authorization/permissions").or_else(|| list("/permissions"));
    let one = |it: &Value| {
        let resource = ["rsname", "rsid"].iter().find_map(|name| it.get(name)?.as_str());
        let resource = resource.map_or_else(|| "every resource".to_owned(), |it| format!("`{it}`"));
        match several(it.get("scopes")) {
            scopes if scopes.is_empty() => resource,
            scopes => format!("{scopes} on {resource}"),
        }
    };
    all.into_iter().flatten().map(one).collect()
}

/// A text or a list of texts.
fn several(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

fn as_json(token: &Token, signature: &Signature, now: i64) -> Value {
    let time =
        |claim| token.time(claim).and_then(|it| Timestamp::from_second(it).ok()).map(|it| it.to_string());
    let (state, realm, why) = match signature {
        Signature::Verified { realm } => ("verified", Some(realm), None),
        Signature::NotVerified { why } => ("not_verified", None, Some(why)),
        Signature::NotAsked => ("not_asked", None, None),
    };
    let standing = token.standing(now);
    // Of a signature that nobody looked at, nobody can say that the token is valid.
    let valid = match signature {
        Signature::NotVerified { .. } => Some(false),
        _ if standing != Standing::Current => Some(false),
        Signature::Verified { .. } => Some(true),
        Signature::NotAsked => None,
    };
    json!({
        "valid": valid,
        "signature": { "state": state, "realm": realm, "reason": why },
        "standing": match standing {
            Standing::Current => "current",
            Standing::NotYet => "not_yet",
            Standing::Expired => "expired",
        },
        "times": { "words": times(token, now), "issued_at": time("iat"), "not_before": time("nbf"), "expires_at": time("exp") },
        "permissions": permissions(token),
        "header": token.header,
        "claims": token.claims,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn token(claims: &Value) -> Token {
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        Token::read(&format!("{}.{}.x", part(&json!({ "alg": "RS256" })), part(claims))).unwrap()
    }

    #[test]
    fn times_are_sentences() {
        for (claims, words) in [
            (json!({ "exp": 1_240 }), "expires in 4 minutes"),
            (json!({ "exp": 1_000 }), "expired just now"),
            (json!({ "exp": 940 }), "expired 1 minute ago"),
            (json!({ "nbf": 4_600, "exp": 9_000 }), "not valid before 1 hour from now"),
            (json!({ "exp": 0 }), "never expires by itself"),
        ] {
            assert_eq!(times(&token(&claims), 1_000), words);
        }
    }

    #[test]
    fn only_a_verified_token_of_this_time_is_called_valid() {
        let verified = || Signature::Verified { realm: "a".to_owned() };
        let wrong = || Signature::NotVerified { why: "no".to_owned() };
        for (signature, exp, valid) in [
            (verified(), 1_240, json!(true)),
            (verified(), 940, json!(false)),
            (wrong(), 1_240, json!(false)),
            (Signature::NotAsked, 1_240, Value::Null),
            (Signature::NotAsked, 940, json!(false)),
        ] {
            assert_eq!(as_json(&token(&json!({ "exp": exp })), &signature, 1_000)["valid"], valid);
        }
    }

    #[test]
    fn what_is_permitted_is_told_in_words() {
        let rpt = json!({ "authorization": { "permissions": [
            { "rsid": "1", "rsname": "Premium resource", "scopes": ["view", "edit"] }, { "rsid": "2", "rsname": "Whole" },
        ] } });
        assert_eq!(permissions(&token(&rpt)), ["view, edit on `Premium resource`", "`Whole`"]);
        let ticket = json!({ "permissions": [{ "rsid": "1", "scopes": ["view"] }] });
        assert_eq!(permissions(&token(&ticket)), ["view on `1`"]);
        assert!(
            as_text(&token(&rpt), &Signature::NotAsked, 0)
                .contains("permits    view, edit on `Premium resource`")
        );
        assert!(permissions(&token(&json!({}))).is_empty());
    }

    #[test]
    fn what_a_token_says_cannot_command_the_terminal() {
        let claims = json!({ "iat": 990, "exp": 1_240, "iss": "https://sso.example.org/realms/a",
            "preferred_username": "eric\n::error::\u{1b}[2J", "aud": ["demo", "account"] });
        let signature = Signature::NotVerified { why: "its signature is wrong".to_owned() };
        let text = as_text(&token(&claims), &signature, 1_000);
        assert!(!text.contains('\u{1b}') && !text.contains("\n::"), "{text}");
        let lines: Vec<&str> = text.lines().take(5).collect();
        assert_eq!(
            lines,
            [
                "signature  NOT VERIFIED: its signature is wrong",
                "time       expires in 4 minutes",
                "issued     10 seconds ago, by https://sso.example.org/realms/a",
                "user       eric\\n::error::\\u{1b}[2J",
                "audience   demo, account",
            ]
        );
    }
}
