//! The page of `access matrix` in a real browser: with a mouse, with keys alone, as its structure tells it to those who
//! do not see it, and on a phone.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::Server;
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial { name: "browser::everybody_can_use_the_page_of_a_matrix", needs: Needs::Newest, run: used }]
}

/// Names that a page must not obey.
const MANIFEST: &str = r#"
realm: lab
roles: { realm: [{ name: reader }, { name: night }] }
users:
  - { username: ann, enabled: true, realmRoles: [reader] }
  - { username: bob, enabled: false, realmRoles: [reader] }
  - { username: "o'hara <img src=x onerror=document.title='obeyed'>", enabled: true, realmRoles: [night] }
clients:
  - clientId: um
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }, { name: edit }]
      resources:
        - { name: 'A "quoted" & <b>bold</b> </script><script>document.title="obeyed"</script>', scopes: [view] }
        - { name: Maps, scopes: [view, edit] }
        - { name: Charts, scopes: [view, edit] }
        - { name: Logs, scopes: [view, edit] }
        - { name: Notes, scopes: [view, edit] }
      policies:
        - { name: readers, type: role, roles: [reader] }
        - { name: "watch ' \" > <i>", type: role, roles: [night] }
        - { name: hours, type: time, hour: 8, hourEnd: 18 }
      permissions:
        - { name: maps, type: scope, resources: [Maps], scopes: [view], policies: [readers] }
        - { name: charts, type: scope, resources: [Charts], scopes: [view], policies: [readers] }
        - { name: logs, type: scope, resources: [Logs], scopes: [view], policies: [readers] }
        - { name: notes, type: scope, resources: [Notes], scopes: [view], policies: [readers] }
        - { name: odd, type: resource, resources: ['A "quoted" & <b>bold</b> </script><script>document.title="obeyed"</script>'], policies: ["watch ' \" > <i>", hours] }
"#;

/// A realm where more personas are told apart than a page has columns.
fn wide() -> String {
    let list = |form: &dyn Fn(usize) -> String| (0..80).map(form).collect::<Vec<_>>().join("\n");
    format!(
        "realm: lab\nroles:\n  realm:\n{}\nusers:\n{}\nclients:\n  - clientId: um\n    serviceAccountsEnabled: true\n    \
         authorizationServicesEnabled: true\n    authorizationSettings:\n      scopes: [{{ name: view }}]\n      \
         resources:\n{}\n      policies:\n{}\n      permissions:\n{}\n",
        list(&|it| format!("    - {{ name: r{it} }}")),
        list(&|it| format!("  - {{ username: user-{it}, enabled: true, realmRoles: [r{it}] }}")),
        list(&|it| format!("        - {{ name: space-{it}, scopes: [view] }}")),
        list(&|it| format!("        - {{ name: p{it}, type: role, roles: [r{it}] }}")),
        list(&|it| format!(
            "        - {{ name: m{it}, type: resource, resources: [space-{it}], policies: [p{it}] }}"
        )),
    )
}

fn page(folder: &Path, manifest: &str) -> Result<String, String> {
    let (manifest_at, page) = (folder.join("realm.yaml"), folder.join("page.html"));
    std::fs::write(&manifest_at, manifest).map_err(text)?;
    let ran = Command::new(env!("CARGO_BIN_EXE_realmwright"))
        .args(["access", "matrix", "--client", "um", "--synthetic", "--format", "html", "realm.yaml"])
        .current_dir(folder)
        .output()
        .map_err(text)?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
    }
    std::fs::write(&page, ran.stdout).map_err(text)?;
    Ok(format!("file://{}", page.display()))
}

fn used(_: &Server) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(text)?;
    let browser = Browser::start()?;
    for width in [1280, 390] {
        browser.resize(width, 900)?;
        browser.go(&page(folder.path(), MANIFEST)?)?;
        with_keys(&browser)?;
        filtered(&browser)?;
        audited(&browser, width)?;
        browser.go(&page(folder.path(), &wide())?)?;
        listed(&browser)?;
        audited(&browser, width)?;
    }
    Ok(())
}

fn is(browser: &Browser, script: &str, wanted: &Value) -> Result<(), String> {
    let found = browser.script(script)?;
    if found == *wanted { Ok(()) } else { Err(format!("{script}\n  is {found}\n  and not {wanted}")) }
}

/// No element is reached by a mouse alone.
fn with_keys(browser: &Browser) -> Result<(), String> {
    const TAB: &str = "\u{e004}";
    const ENTER: &str = "\u{e007}";
    const ESCAPE: &str = "\u{e00c}";
    const DOWN: &str = "\u{e015}";
    const RIGHT: &str = "\u{e014}";
    is(browser, "return document.title", &json!("Who may do what on um (realm lab)"))?;
    is(browser, "return document.querySelectorAll('img, main b b, td script').length", &json!(0))?;
    // From the start of the page to the first cell, and further by arrows.
    let mut reached = Vec::new();
    for _ in 0..40 {
        browser.keys(TAB)?;
        let at = browser.script("const it = document.activeElement; return it.id || it.closest('td, th, div')?.tagName || it.tagName")?;
        let at = at.as_str().unwrap_or_default().to_owned();
        let is_cell = at == "TD";
        reached.push(at);
        if is_cell {
            break;
        }
    }
    for wanted in ["by-row", "by-persona", "by-verdict", "DIV", "TH", "TD"] {
        if !reached.iter().any(|it| it == wanted) {
            return Err(format!("Tab does not reach {wanted}: {reached:?}"));
        }
    }
    is(browser, "return document.querySelectorAll('td a[tabindex=\"0\"]').length", &json!(1))?;
    let place =
        "const it = document.activeElement.closest('td'); return [it.parentNode.rowIndex, it.cellIndex]";
    is(browser, place, &json!([1, 1]))?;
    browser.keys(RIGHT)?;
    browser.keys(DOWN)?;
    is(browser, place, &json!([2, 2]))?;
    browser.keys(ENTER)?;
    is(browser, "return document.querySelector('dialog').open", &json!(true))?;
    let title = "return document.getElementById(document.querySelector('dialog').getAttribute('aria-labelledby')).textContent";
    let named = browser.script(title)?;
    if !named.as_str().is_some_and(|it| it.contains(" on ")) {
        return Err(format!("the dialog is called {named}"));
    }
    is(browser, "return document.querySelector('dialog').contains(document.activeElement)", &json!(true))?;
    browser.keys(ESCAPE)?;
    is(browser, "return document.querySelector('dialog').open", &json!(false))?;
    is(browser, place, &json!([2, 2]))?;
    // What cannot be told comes with its reason.
    let unknown = "document.querySelector('td.u a').click(); const it = document.querySelector('dialog'); const text = it.textContent; it.close(); return text.includes('within the window of policy hours (hour 8 to 18)')";
    is(browser, unknown, &json!(true))?;
    is(browser, "return document.body.textContent.includes('bob (disabled)')", &json!(true))
}

fn filtered(browser: &Browser) -> Result<(), String> {
    let set = |id: &str, value: &str| {
        format!(
            "const it = document.getElementById('{id}'); it.value = '{value}'; it.dispatchEvent(new Event('input', {{ bubbles: true }})); return [...document.querySelectorAll('tbody tr')].filter((it) => it.offsetParent).length + ' ' + [...document.querySelectorAll('thead th')].filter((it) => it.offsetParent).length"
        )
    };
    let all = browser.script(&set("by-row", ""))?;
    is(browser, &set("by-row", "logs"), &json!("2 4"))?;
    is(browser, &set("by-row", "nothing of this name"), &json!("0 4"))?;
    is(browser, &set("by-row", ""), &all)?;
    is(browser, &set("by-persona", "ann"), &json!("3 2"))?;
    is(browser, &set("by-persona", ""), &all)?;
    // One row, and whom it cannot be told of.
    is(browser, &set("by-verdict", "u"), &json!("1 2"))?;
    is(browser, &set("by-verdict", ""), &all)
}

/// Too many columns make a list, whose details are the browser's own.
fn listed(browser: &Browser) -> Result<(), String> {
    is(browser, "return document.querySelector('table').className", &json!("lists"))?;
    is(browser, "return document.querySelectorAll('tbody tr').length", &json!(80))?;
    is(
        browser,
        "const it = document.querySelector('td details summary'); it.focus(); return document.activeElement === it",
        &json!(true),
    )
}

/// What a reader who does not see the page is told by its structure, and what one who sees little can make out. The
/// checks are our own: names and roles of what is used, headings in order, headers of cells, contrast as it is painted,
/// sizes to hit, and that nothing but the table is scrolled sideways.
const AUDIT: &str = r##"
const wrong = [];
const no = (is, text) => { if (is) wrong.push(text); };
const all = (selector) => [...document.querySelectorAll(selector)];
const isShown = (it) => it.getClientRects().length > 0;
no(!document.documentElement.lang, 'no language');
no(!document.title.trim(), 'no title');
no(all('main').length !== 1 || all('h1').length !== 1, 'not one main and one first heading');
let level = 0;
for (const it of all('h1, h2, h3').filter(isShown)) {
  const of = Number(it.tagName[1]);
  no(of > level + 1, 'heading ' + it.textContent + ' skips a level');
  level = of;
}
const ids = all('[id]').map((it) => it.id);
no(new Set(ids).size !== ids.length, 'an id is there twice');
for (const it of all('[aria-labelledby]')) no(!document.getElementById(it.getAttribute('aria-labelledby')) && it.tagName !== 'DIALOG', 'labelled by nothing: ' + it.outerHTML.slice(0, 80));
for (const it of all('a, button, summary, input, select')) {
  const name = it.getAttribute('aria-label') || (it.labels && it.labels[0] ? it.labels[0].textContent : it.textContent);
  no(!name.trim(), 'without a name: ' + it.outerHTML.slice(0, 80));
}
for (const it of all('a[href^="#"]')) no(!document.getElementById(it.getAttribute('href').slice(1)), 'leads nowhere: ' + it.outerHTML);
for (const it of all('th')) no(!['col', 'row'].includes(it.scope), 'header of nothing: ' + it.textContent);
for (const it of all('thead th, tbody th')) no(!it.textContent.trim(), 'empty header');
no(all('tbody tr').some((it) => it.cells.length !== document.querySelector('thead tr').cells.length), 'rows of other lengths');
for (const it of all('a, button, summary, input, select').filter(isShown)) {
  const { width, height } = it.getBoundingClientRect();
  no(width < 24 || height < 24, 'too small to hit: ' + [width, height, it.outerHTML.slice(0, 80)]);
}
no(document.documentElement.scrollWidth > window.innerWidth, 'the page is wider than the window: ' + document.documentElement.scrollWidth);
const rgb = (text) => (text.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((it) => it / 255).map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4)).reduce((sum, it, at) => sum + it * [0.2126, 0.7152, 0.0722][at], 0.05);
const back = (it) => {
  for (let at = it; at; at = at.parentElement) {
    const color = rgb(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let texts = 0;
while (walker.nextNode()) {
  const it = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !isShown(it) || it.tagName === 'SCRIPT') continue;
  const [one, other] = [light(rgb(getComputedStyle(it).color)), light(back(it))];
  const contrast = Math.max(one, other) / Math.min(one, other);
  no(contrast < 4.5, 'contrast ' + contrast.toFixed(2) + ': ' + walker.currentNode.data.trim().slice(0, 40));
  texts += 1;
}
no(texts < 20, 'hardly any text: ' + texts);
// Never color alone.
for (const [name, symbol] of [['y', '✓'], ['n', '–'], ['u', '?']]) {
  for (const it of all('td.' + name)) no(it.textContent && !it.textContent.includes(symbol), 'a color without its symbol: ' + it.outerHTML.slice(0, 80));
}
return wrong.slice(0, 10);
"##;

fn audited(browser: &Browser, width: u32) -> Result<(), String> {
    for theme in ["light", "dark"] {
        browser.theme(theme)?;
        let wrong = browser.script(AUDIT)?;
        if wrong != json!([]) {
            return Err(format!("{width} wide, {theme}: {wrong:#}"));
        }
    }
    Ok(())
}

fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}
