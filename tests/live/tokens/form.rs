//! A browser of the poorest sort: follows redirects, keeps cookies, and fills Keycloak's own pages.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::Value;
use url::Url;

use crate::server::PATIENCE;

/// Logs in on the pages that follow an address, agrees to what is asked, and returns the text of the last one.
pub(crate) fn fill(address: &str, user: &str, password: &str) -> Result<String, String> {
    walk(address, user, password, ("accept", "Yes"))
}

/// Logs in, and does not agree.
pub(crate) fn refuse(address: &str, user: &str, password: &str) -> Result<String, String> {
    walk(address, user, password, ("cancel", "No"))
}

/// Logs in on whatever pages follow an address, each filled by the names of its fields, until one leads back to `back`.
/// Returns that address.
pub(crate) fn reaches(
    address: &str,
    back: &str,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<Url, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    runtime.block_on(async {
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(redirects).timeout(PATIENCE);
        let back = Some(back.to_owned());
        let mut browser = Browser { client: client.build().map_err(text)?, cookies: BTreeMap::new(), back };
        let (mut url, mut page) = browser.open(Url::parse(address).map_err(text)?, None).await?;
        for _ in 0..8 {
            if browser.is_back(&url) {
                return Ok(url);
            }
            let action = action(&page).ok_or_else(|| format!("no form at {url}: {page}"))?;
            let first =
                page.split("<form").nth(1).and_then(|it| it.split("</form>").next()).unwrap_or_default();
            let fields = first.split("<input").skip(1).filter_map(|it| it.split('>').next());
            let named =
                fields.filter_map(|it| Some(it.split("name=\"").nth(1)?.split('"').next()?.to_owned()));
            let mut form: Vec<(String, String)> =
                named.filter_map(|it| value(&it).map(|value| (it, value))).collect();
            form.extend(hidden(first));
            (url, page) = browser.open(url.join(&action).map_err(text)?, Some(form)).await?;
        }
        Err(format!("the pages do not end: {page}"))
    })
}

fn walk(address: &str, user: &str, password: &str, consent: (&str, &str)) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    runtime.block_on(async {
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(redirects).timeout(PATIENCE);
        let mut browser =
            Browser { client: client.build().map_err(text)?, cookies: BTreeMap::new(), back: None };
        let (mut url, mut page) = browser.open(Url::parse(address).map_err(text)?, None).await?;
        for _ in 0..4 {
            let Some(action) = action(&page) else { return Ok(page) };
            let form = if page.contains("name=\"password\"") {
                vec![("username", user), ("password", password)]
            } else {
                vec![consent]
            };
            let mut form: Vec<(String, String)> =
                form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            form.extend(hidden(&page));
            (url, page) = browser.open(url.join(&action).map_err(text)?, Some(form)).await?;
        }
        Err(format!("the pages do not end: {page}"))
    })
}

struct Browser {
    client: reqwest::Client,
    /// By path and name: two realms call theirs alike.
    cookies: BTreeMap<(String, String), String>,
    /// It goes no further than to an address that begins so.
    back: Option<String>,
}

impl Browser {
    fn is_back(&self, url: &Url) -> bool {
        self.back.as_ref().is_some_and(|it| url.as_str().starts_with(it))
    }

    /// Opens an address, or posts a form to it, and follows to where a page is.
    async fn open(
        &mut self,
        mut url: Url,
        form: Option<Vec<(String, String)>>,
    ) -> Result<(Url, String), String> {
        let mut form = form;
        for _ in 0..10 {
            if self.is_back(&url) {
                return Ok((url, String::new()));
            }
            let here = self.cookies.iter().filter(|it| url.path().starts_with(&it.0.0));
            let cookies: Vec<String> = here.map(|((_, name), value)| format!("{name}={value}")).collect();
            let request = match form.take() {
                Some(form) => self.client.post(url.clone()).form(&form),
                None => self.client.get(url.clone()),
            };
            let answer = request.header(COOKIE, cookies.join("; ")).send().await.map_err(text)?;
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let mut parts =
                    cookie.to_str().map_err(text)?.split(';').filter_map(|it| it.trim().split_once('='));
                let Some((name, value)) = parts.next() else { continue };
                let path = parts.find(|it| it.0.eq_ignore_ascii_case("path")).map_or("/", |it| it.1);
                self.cookies.insert((path.to_owned(), name.to_owned()), value.to_owned());
            }
            match answer.headers().get(LOCATION) {
                Some(to) => url = url.join(to.to_str().map_err(text)?).map_err(text)?,
                None => return Ok((url, answer.text().await.map_err(text)?)),
            }
        }
        Err(format!("no end of redirects at {url}"))
    }
}

/// Returns where the page's form goes.
fn action(page: &str) -> Option<String> {
    let form = page.split("<form").nth(1)?.split('>').next()?;
    let action = form.split("action=\"").nth(1)?.split('"').next()?;
    Some(action.replace("&amp;", "&"))
}

/// Returns the hidden fields of the page.
fn hidden(page: &str) -> Vec<(String, String)> {
    let attribute = |input: &str, name: &str| {
        Some(input.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.to_owned())
    };
    let inputs = page.split("<input").skip(1).filter_map(|it| it.split('>').next());
    inputs
        .filter(|it| it.contains("type=\"hidden\""))
        .filter_map(|it| Some((attribute(it, "name")?, attribute(it, "value").unwrap_or_default())))
        .collect()
}

/// Returns a part of a token with one claim changed.
pub(super) fn with_claim(part: &str, claim: &str, value: &str) -> Result<String, String> {
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).map_err(text)?).map_err(text)?;
    claims[claim] = value.into();
    Ok(encoded(&claims.to_string()))
}

pub(super) fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}
