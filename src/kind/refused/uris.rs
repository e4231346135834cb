//! URLs and patterns: what the server's own parsers refuse.

use super::{each_text, words_of_field};
use crate::kind::{CLIENT, MAPPER, NEWEST, OLDEST, ORGANIZATION, RESOURCE, Version};
use crate::state::{Address, KindName, Object};
use crate::text::{At, Code, Note, shown};

/// What a text has to be.
#[derive(Clone, Copy)]
enum Form {
    /// A URI of any kind, or a part of one.
    Uri { fragment: bool },
    /// A URL that Java can open, or a path where `path` allows one.
    Url { fragment: bool, path: bool },
    /// A path or URL with parameters in braces and a star at the end.
    Template,
}

/// A field, one key of it, the form of its texts, and the version that began to look.
struct Rule(KindName, &'static str, &'static str, Form, Version);

const RULES: &[Rule] = &[
    Rule(CLIENT, "rootUrl", "", Form::Url { fragment: false, path: false }, OLDEST),
    Rule(CLIENT, "baseUrl", "", Form::Url { fragment: true, path: true }, OLDEST),
    Rule(CLIENT, "adminUrl", "", Form::Url { fragment: true, path: true }, NEWEST),
    Rule(CLIENT, "redirectUris", "", Form::Uri { fragment: false }, OLDEST),
    attribute("backchannel.logout.url", Form::Url { fragment: true, path: true }, OLDEST),
    attribute("logoUri", Form::Uri { fragment: true }, OLDEST),
    attribute("policyUri", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("tosUri", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("jwks.url", Form::Url { fragment: true, path: true }, NEWEST),
    attribute("frontchannel.logout.url", Form::Url { fragment: true, path: true }, NEWEST),
    attribute("request.uris", Form::Uri { fragment: true }, NEWEST),
    attribute("post.logout.redirect.uris", Form::Uri { fragment: false }, NEWEST),
    attribute("saml_assertion_consumer_url_post", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("saml_assertion_consumer_url_redirect", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("saml_single_logout_service_url_post", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("saml_single_logout_service_url_redirect", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("saml_artifact_binding_url", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("saml_artifact_resolution_service_url", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("saml_single_logout_service_url_soap", Form::Url { fragment: true, path: false }, OLDEST),
    attribute("saml_single_logout_service_url_artifact", Form::Url { fragment: true, path: false }, OLDEST),
    attribute(
        "ciba.backchannel.client.notification.endpoint",
        Form::Url { fragment: true, path: true },
        OLDEST,
    ),
    Rule(ORGANIZATION, "redirectUrl", "", Form::Url { fragment: true, path: false }, OLDEST),
    Rule(MAPPER, "config", "sectorIdentifierUri", Form::Url { fragment: true, path: false }, OLDEST),
    Rule(RESOURCE, "uris", "", Form::Template, NEWEST),
];

const fn attribute(key: &'static str, form: Form, since: Version) -> Rule {
    Rule(CLIENT, "attributes", key, form, since)
}

/// Calls `found` with what a version began to refuse.
pub(super) fn check(address: &Address, object: &Object, since: Version, found: &mut dyn FnMut(At, Note)) {
    for Rule(_, field, key, form, _) in RULES.iter().filter(|it| it.0 == address.kind() && it.4 == since) {
        each_text(object, field, key, &mut |text, at| {
            // Several values in one text.
            for part in text.split("##").filter(|it| !it.is_empty()) {
                if let Some((why, help)) = wrong(part, *form) {
                    let words = format!("{} cannot be `{part}`", words_of_field(field, key, address));
                    found(at, Note::error(Code::WrongUri, words, at, why).help(help));
                }
            }
        });
    }
}

/// Returns why a text is not of a form, and what to do.
fn wrong(text: &str, form: Form) -> Option<(String, &'static str)> {
    let (fragment, url, path) = match form {
        Form::Template => return template(text).map(|it| (it, "write `*` only at the end, `{name}` closed")),
        Form::Uri { fragment } => (fragment, false, true),
        Form::Url { fragment, path } => (fragment, true, path),
    };
    let help = if path {
        "write a URL such as https://app.example.org/, or a path"
    } else {
        "write a URL such as https://app.example.org/"
    };
    // Keycloak puts its own addresses in the place of these.
    let own = ["${authBaseUrl}", "${authAdminUrl}"];
    if url && !path && own.iter().any(|it| text.starts_with(it)) {
        return None;
    }
    let scheme = match parse(text) {
        Err(why) => return Some((why, help)),
        Ok(scheme) => scheme,
    };
    if matches!(scheme, Some("javascript" | "data")) {
        return Some(("Keycloak refuses this scheme".to_owned(), help));
    }
    if !fragment && text.contains('#') {
        return Some((
            "has a fragment, `#…`, which Keycloak refuses".to_owned(),
            "take the part from `#` out",
        ));
    }
    let opens = matches!(scheme, Some("http" | "https" | "ftp" | "file" | "mailto" | "jar"));
    if url && !opens && !(path && text.starts_with('/')) {
        return Some(("not a URL".to_owned(), help));
    }
    None
}

/// Reads a URI as Java does; returns its scheme in lower case, as far as it matters here.
fn parse(text: &str) -> Result<Option<&str>, String> {
    let bytes = text.as_bytes();
    for (at, it) in text.char_indices() {
        let is_bad = it.is_whitespace() || it.is_control() || "<>\"{}|\\^`".contains(it);
        if is_bad {
            return Err(format!("`{}` cannot stand in a URL", shown([it])));
        }
        let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        if it == '%' && !(hex(at + 1) && hex(at + 2)) {
            return Err("`%` needs two hexadecimal digits after it".to_owned());
        }
    }
    if text.matches('#').count() > 1 {
        return Err("more than one `#`".to_owned());
    }
    let head = text.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((scheme, _)) = head.split_once(':') else { return Ok(None) };
    let is_scheme = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
        && scheme.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it));
    if !is_scheme {
        return Err(format!("`{scheme}` is no scheme of a URL"));
    }
    let rest = &text[scheme.len() + 1..];
    if rest.is_empty() || rest == "//" {
        return Err("nothing follows the scheme".to_owned());
    }
    if let Some(authority) = rest.strip_prefix("//") {
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('[') != authority.contains(']') {
            return Err("a bracket is not closed".to_owned());
        }
    }
    let known = ["javascript", "data", "http", "https", "ftp", "file", "mailto", "jar"];
    Ok(Some(known.into_iter().find(|it| scheme.eq_ignore_ascii_case(it)).unwrap_or(scheme)))
}

/// Returns why a text is no template of a resource.
fn template(text: &str) -> Option<String> {
    let mut open = None;
    for (at, it) in text.char_indices() {
        match (it, open) {
            ('{', None) => open = Some(at),
            ('}', Some(start)) if start + 1 < at => open = None,
            ('}', _) => return Some("`}` closes nothing, or a parameter without a name".to_owned()),
            _ => {}
        }
    }
    if open.is_some() {
        return Some("`{` is not closed".to_owned());
    }
    let star = text.find('*')?;
    // At the end of a path, or as `*.ending`.
    let (before, after) = (&text[..star], &text[star + 1..]);
    let is_fine = before.ends_with('/')
        && (after.is_empty() || (after.starts_with('.') && !after.contains(['*', '/'])));
    (!is_fine).then(|| "`*` stands only at the end of a path, after `/`".to_owned())
}
