//! How long it takes to plan a realm of which everything is declared, by its size: to load, plan, and show it.
//!
//! Run by hand: `cargo bench --bench plan`; with a scale, `cargo bench --bench plan -- 4`, one size alone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Instant;

use realmwright::diff::{Terms, on_a_new_realm, planned};
use realmwright::keycloak::{Read, ServerVersion, Source, Want};
use realmwright::kind::{KINDS, NEWEST};
use realmwright::manifest::{Guards, Loaded, Project, Secrets, load_texts};
use realmwright::report::{Style, plan_text};
use realmwright::run::{Observed, PlanRequest, plan_realm};
use realmwright::state::{Live, State};

#[path = "large/cpu.rs"]
mod cpu;
#[path = "large/spread.rs"]
mod spread;

use cpu::cpu;
use spread::spread;

fn main() {
    let wanted: Option<usize> = std::env::args().find_map(|it| it.parse().ok());
    for scale in [1, 4, 16].into_iter().filter(|it| wanted.is_none_or(|wanted| wanted == *it)) {
        let as_it_was = loaded(&spread(scale, false).to_string());
        let live = on_a_new_realm("bench", &as_it_was.realms[0].state, NEWEST);
        measured("nothing changes", &as_it_was, &live, true);
        let edited = loaded(&spread(scale, true).to_string());
        measured("everything changes", &edited, &live, true);
        measured("everything is new", &as_it_was, &realmwright::kind::fresh_realm("bench", NEWEST), false);
    }
}

fn loaded(manifest: &str) -> Loaded {
    let started = Instant::now();
    let loaded = load_texts(&[("realm.json", manifest)], &Project::default());
    assert!(loaded.notes.iter().all(|it| !it.is_error()), "{:?}", loaded.notes);
    say(&format!("{} bytes loaded in {:?}\n", manifest.len(), started.elapsed()));
    loaded
}

fn measured(what: &str, loaded: &Loaded, live: &State, exists: bool) {
    let desired = &loaded.realms[0];
    let (secrets, terms) = (Secrets::default(), Terms::default());
    let request = PlanRequest {
        desired,
        secrets: &secrets,
        owner: Some("us"),
        environment: "",
        roots: &[],
        files: &[],
        is_on_disk: &|_| false,
        terms: &terms,
        allowed: &BTreeMap::new(),
        may_create: true,
        guards: &Guards::default(),
        adopt: false,
        server: "https://keycloak.example.org",
        also: Want::default(),
    };
    let observed = Observed { read: read(live, exists), ledgers: BTreeMap::new() };
    let busy = cpu();
    let made = plan_realm(&request, observed);
    let compared = cpu().saturating_sub(busy);
    let busy = cpu();
    let after = planned(live, &desired.state, &made.plan.diff.changes, NEWEST);
    let folded = cpu().saturating_sub(busy);
    let busy = cpu();
    let text = plan_text(&made.plan, &loaded.files, &Style::plain());
    let shown = cpu().saturating_sub(busy);
    let objects = desired.state.objects.len();
    let each = compared.as_secs_f64() * 1e6 / f64::from(u32::try_from(objects).unwrap_or(u32::MAX));
    say(&format!(
        "{objects} objects, {what}: {} changes planned in {compared:?} of CPU ({each:.0} µs each), the planned state of {} \
         objects in {folded:?}, {} lines of text in {shown:?}; at most {} of memory\n",
        made.plan.diff.changes.len(),
        after.objects.len(),
        text.lines().count(),
        peak(),
    ));
}

fn read(state: &State, exists: bool) -> Read {
    let mut live = Live::default();
    live.state = state.clone();
    live.exists = exists;
    live.cover(KINDS.iter().map(|it| it.name));
    Read {
        live,
        source: if exists { Source::Export } else { Source::Fresh },
        realm_id: exists.then(|| "id".to_owned()),
        version: Some(ServerVersion { major: NEWEST.major, minor: NEWEST.minor, patch: 0 }),
        taken_for: NEWEST,
        requests: 0,
        server_info: None,
        federated: std::collections::BTreeSet::new(),
    }
}

/// Returns the most memory that the process has held, on systems that tell.
fn peak() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    line.map_or_else(|| "?".to_owned(), |it| it.trim().to_owned())
}

fn say(line: &str) {
    std::io::stdout().write_all(line.as_bytes()).expect("stdout takes a line");
}
