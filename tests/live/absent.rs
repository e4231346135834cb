//! A realm that does not exist: planned exactly, created only with consent.

use serde_json::Value;

use crate::proxy::Proxy;
use crate::server::Server;
use crate::tree::{Tree, check, same};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("absent::a_realm_is_not_made_without_consent", not_made_without_consent),
        newest("absent::the_plan_of_a_new_realm_is_all_that_apply_does", the_plan_is_exact),
    ]
}

fn not_made_without_consent(server: &Server) -> Result<(), String> {
    let name = "live-absent";
    server.no_realm(name)?;
    let tree = Tree::of(name, "displayName: Mine\nroles: { realm: [{ name: user }] }\n")?;
    let plan = tree.plan(server, &[])?;
    same("what needs a yes", &plan.consents(), &["realms=1"])?;
    check(plan.0["target"]["exists"] == false, "it does not exist", &plan.0["target"])?;
    same("the plan", &plan.changes(), &["create realm", "create role/user"])?;
    tree.run(server, &["plan", "--detailed-exitcode"])?.expect(3)?;
    let proxy = Proxy::before(server)?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve"])?.expect(3)?.says("realms=1")?;
    same("nothing was sent", &proxy.writes(), &[])?;
    check(server.get(&format!("/{name}")).is_err(), "there is no realm", &Value::Null)?;

    server.one_at_a_time(|| tree.apply(server, &["--allow", "realms=1"]))?;
    let realm = server.get(&format!("/{name}"))?;
    check(realm["displayName"] == "Mine" && realm["enabled"] == true, "it is there, and usable", &realm)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn the_plan_is_exact(server: &Server) -> Result<(), String> {
    let name = "live-absent-exact";
    server.no_realm(name)?;
    // The project file says `create: true`.
    let tree = Tree::example(name)?;
    let plan = tree.plan(server, &[])?;
    same("no yes is needed", &plan.consents(), &[])?;
    let creates = plan.changes();
    check(
        creates.iter().all(|it| it.starts_with("create ") || it.starts_with("update ")),
        "only new",
        &plan.0,
    )?;
    tree.run(server, &["plan", "--detailed-exitcode"])?.expect(2)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
