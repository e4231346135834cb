//! A realm as manifests: what is exported plans empty, makes the same realm again, and is exported the same.

use realmwright::kind::{NEWEST, OLDEST, Version};
use serde_json::Value;

use crate::ours::is_known_to;
use crate::realms::everything::everything;
use crate::realms::flat::manifest;
use crate::server::Server;
use crate::tree::{Plan, Tree, check};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, needs, run: fn(&Server) -> Result<(), String>| Trial { name, needs, run };
    vec![
        trial("export::a_realm_of_everything_comes_back", Needs::Newest, |it| {
            comes_back(it, "live-export", NEWEST)
        }),
        trial("export::a_realm_of_everything_comes_back_on_the_oldest_version", Needs::Oldest, |it| {
            comes_back(it, "live-export", OLDEST)
        }),
        trial("export::a_new_realm_says_nothing", Needs::Newest, says_nothing),
    ]
}

fn comes_back(server: &Server, name: &str, version: Version) -> Result<(), String> {
    server.no_realm(name)?;
    let mut flat = everything(&mut |_, _| 0);
    flat.retain(|it, _| is_known_to(version, it));
    let tree = Tree::creating(name)?;
    tree.declare(&manifest(name, &flat))?;
    tree.apply(server, &["--allow", "hazards=999"])?;
    let first = exported(server, name)?;
    let plan = first.run(server, &["plan", "--format", "json", "--owner", "team"])?.expect(0)?;
    let writes = Plan(plan.json()?).writes();
    check(writes.is_empty(), "the plan of an export is empty", &Value::from(writes))?;
    server.no_realm(name)?;
    first
        .run(
            server,
            &["apply", "--auto-approve", "--owner", "team", "--allow", "realms=1", "--allow", "hazards=999"],
        )?
        .expect(0)?;
    let again = exported(server, name)?;
    for file in first.files()? {
        let (was, is) = (first.read(&file)?, again.read(&file).unwrap_or_default());
        check(was == is, &format!("{file} is the same again"), &Value::from(difference(&was, &is)))?;
    }
    check(first.files()? == again.files()?, "there are the same files", &Value::from(again.files()?))?;
    server.no_realm(name)
}

/// A new realm goes without saying.
fn says_nothing(server: &Server) -> Result<(), String> {
    let name = "live-export-new";
    server.fresh_realm(name)?;
    let tree = exported(server, name)?;
    let said = tree.read(&format!("{name}/realm.yaml"))?;
    check(said == format!("realm: {name}\n"), "nothing is said", &Value::from(said))?;
    check(tree.files()?.len() == 3, "in one file", &Value::from(tree.files()?))?;
    server.no_realm(name)
}

fn exported(server: &Server, realm: &str) -> Result<Tree, String> {
    let mut tree = Tree::empty(realm)?;
    tree.run(server, &["export", "--realm", realm, "--out", ".", "--users"])?.expect(0)?;
    for variable in tree.read(".env.example").unwrap_or_default().lines() {
        if let Some(name) = variable.strip_suffix('=') {
            tree.set(name, &format!("{}-of-a-test", name.to_lowercase()));
        }
    }
    Ok(tree)
}

fn difference(was: &str, is: &str) -> Vec<String> {
    let only = |one: &str, other: &str, mark: &str| {
        let lines = one.lines().filter(|it| !other.lines().any(|line| line == *it));
        lines.map(|it| format!("{mark}{it}")).collect::<Vec<_>>()
    };
    [only(was, is, "-"), only(is, was, "+")].concat()
}
