//! The login in a real browser: Chromium without a window, driven over `WebDriver` on Keycloak's own page.
//!
//! It needs `chromedriver` (the Debian packages `chromium` and `chromium-driver`). Where there is none the trial
//! is ignored, since the same login over HTTP (`tokens`) always runs; with `REALMWRIGHT_TEST_BROWSER=require`, as
//! `.ci/run` says, it fails.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{PATIENCE, Server};
use crate::tokens::login::log_in_both_ways;
use crate::{Needs, Trial};

const DRIVER: &str = "chromedriver";

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial { name: "browser::a_person_logs_in_on_the_page", needs: Needs::Newest, run: on_the_page }]
}

/// Says whether a trial needs a browser and there is none; never where one is required.
pub(crate) fn cannot_run(trial: &str) -> bool {
    let is_required = std::env::var("REALMWRIGHT_TEST_BROWSER").is_ok_and(|it| it == "require");
    trial.starts_with("browser::") && !is_required && driver().is_none()
}

/// Looks for the driver on PATH.
fn driver() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|it| it.join(DRIVER)).find(|it| it.is_file())
}

fn on_the_page(server: &Server) -> Result<(), String> {
    log_in_both_ways(server, "live-browser-login", fill)
}

/// Logs in as a person does, and returns the source of the last page.
fn fill(address: &str, user: &str, password: &str) -> Result<String, String> {
    let browser = Browser::start()?;
    browser.go(address)?;
    if let Ok(name) = browser.find("#username") {
        browser.send(&name, user)?;
        browser.send(&browser.find("#password")?, password)?;
        browser.click(&browser.find("#kc-login")?)?;
        browser.settles()?;
    }
    // A device asks whether it may have what it wants.
    if let Ok(yes) = browser.find("#kc-login[name=accept], input[name=accept]") {
        browser.click(&yes)?;
        browser.settles()?;
    }
    browser.source()
}

pub(crate) struct Browser {
    driver: Child,
    /// Of the session, without a slash at the end.
    url: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) fn start() -> Result<Browser, String> {
        let program =
            driver().ok_or("no chromedriver on PATH: install the packages chromium and chromium-driver")?;
        let profile = tempfile::tempdir().map_err(text)?;
        let mut command = Command::new(program);
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command.env("HOME", profile.path()).spawn().map_err(text)?;
        let mut lines = BufReader::new(driver.stdout.take().ok_or("no stdout")?);
        let mut said = String::new();
        let port = loop {
            let mut line = String::new();
            if lines.read_line(&mut line).map_err(text)? == 0 {
                return Err(format!("chromedriver did not start: {said}"));
            }
            said.push_str(&line);
            if let Some(rest) = line.split("started successfully on port ").nth(1) {
                break rest.trim_end().trim_end_matches('.').to_owned();
            }
        };
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (client, runtime) = (client.map_err(text)?, runtime.map_err(text)?);
        let url = format!("http://127.0.0.1:{port}");
        let mut browser = Browser { driver, url, client, runtime, profile };
        let data = format!("--user-data-dir={}", browser.profile.path().display());
        // Root, as in many containers, has no sandbox; their /dev/shm is small.
        let args =
            json!(["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", data]);
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": args } } } });
        let session = browser.post("/session", &wanted)?;
        let id = session["sessionId"].as_str().ok_or("no session")?;
        browser.url = format!("{}/session/{id}", browser.url);
        Ok(browser)
    }

    pub(crate) fn go(&self, address: &str) -> Result<(), String> {
        self.post("/url", &json!({ "url": address })).map(|_| ())
    }

    /// Returns the id of the first element that a CSS selector finds.
    fn find(&self, selector: &str) -> Result<String, String> {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }))?;
        let id = found.as_object().and_then(|it| it.values().next()).and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| format!("no {selector}"))
    }

    fn send(&self, element: &str, keys: &str) -> Result<(), String> {
        self.post(&format!("/element/{element}/value"), &json!({ "text": keys })).map(|_| ())
    }

    fn click(&self, element: &str) -> Result<(), String> {
        self.post(&format!("/element/{element}/click"), &json!({})).map(|_| ())
    }

    /// Presses keys wherever the focus is.
    pub(crate) fn keys(&self, keys: &str) -> Result<(), String> {
        let pressed = keys
            .chars()
            .flat_map(|it| ["keyDown", "keyUp"].map(|way| json!({ "type": way, "value": it.to_string() })));
        let keyboard = json!({ "type": "key", "id": "keys", "actions": pressed.collect::<Vec<_>>() });
        self.post("/actions", &json!({ "actions": [keyboard] })).map(|_| ())
    }

    /// Returns what a script on the page returns.
    pub(crate) fn script(&self, script: &str) -> Result<Value, String> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Makes the page so large, as on a phone where it is narrow.
    pub(crate) fn resize(&self, width: u32, height: u32) -> Result<(), String> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", &size)
    }

    /// Wishes for a light or a dark page.
    pub(crate) fn theme(&self, theme: &str) -> Result<(), String> {
        let wishes = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.command("Emulation.setEmulatedMedia", &wishes)
    }

    fn command(&self, name: &str, arguments: &Value) -> Result<(), String> {
        self.post("/goog/cdp/execute", &json!({ "cmd": name, "params": arguments })).map(|_| ())
    }

    fn source(&self) -> Result<String, String> {
        let source = self.call(self.client.get(format!("{}/source", self.url)))?;
        Ok(source.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page stays the same for a moment.
    fn settles(&self) -> Result<(), String> {
        let (begun, mut last) = (Instant::now(), String::new());
        while begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(500));
            let source = self.source()?;
            if source == last {
                return Ok(());
            }
            last = source;
        }
        Err("the page never settles".to_owned())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.call(self.client.post(format!("{}{path}", self.url)).json(body))
    }

    fn call(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        self.runtime.block_on(async {
            let answer = request.send().await.map_err(text)?;
            let is_fine = answer.status().is_success();
            let body: Value = answer.json().await.map_err(text)?;
            if is_fine {
                Ok(body["value"].clone())
            } else {
                Err(format!("WebDriver: {}", body["value"]["message"]))
            }
        })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.call(self.client.delete(&self.url));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}
