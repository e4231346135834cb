//! How long it takes to compare who may do what in a large realm: every user, resource and scope, twice.
//!
//! Run by hand: `cargo bench --bench access`.

use std::io::Write as _;
use std::time::Instant;

use realmwright::access::{ImpactQuestion, Realm, classes, impact};
use realmwright::kind::{CLIENT, NEWEST, PERMISSION, ROLE, kind, lift_object, lift_realm};
use realmwright::state::{Address, State};
use realmwright::text::tree_of_json;
use serde_json::json;

#[path = "large/realm.rs"]
mod large;

use large::{WHOLE, realm};

fn main() {
    let before: State = lift_realm(&tree_of_json(&realm("large", WHOLE))).into_live();
    let role = Address::top(ROLE, "r7");
    let permission = Address::top(CLIENT, "rs").child(PERMISSION, "perm3");
    let edits = [
        (&role, json!({ "name": "r7", "composites": { "realm": ["r8", "r9"] } })),
        (&permission, json!({ "name": "perm3", "type": "resource", "decisionStrategy": "UNANIMOUS" })),
    ];
    let mut after = before.clone();
    for (address, json) in &edits {
        let lifted = lift_object(kind(address.kind()), &tree_of_json(json), address.parent().as_ref());
        let fields = lifted.into_live().objects.remove(address).expect("lifted under this address").fields;
        after.objects.get_mut(address).expect("in the realm").fields.extend(fields);
    }
    for round in 0..3 {
        let started = Instant::now();
        let (old, new) = (Realm::compile(&before, NEWEST), Realm::compile(&after, NEWEST));
        let compiled = started.elapsed();
        let changes = [role.clone(), permission.clone()];
        let terms = ImpactQuestion { realm: "demo", changes: &changes, declared: &|_| true, at: None };
        let impact = impact(&old, &new, &terms);
        let line = format!(
            "round {round}: {} personas in {} classes, {} decisions on each side, {} change in {} rows, \
             {} undecided; {:?} for all, {compiled:?} of them to compile\n",
            impact.personas,
            classes(&old, &Address::top(CLIENT, "rs")).len(),
            impact.decisions,
            impact.changes.iter().map(|it| it.count).sum::<usize>(),
            impact.changes.len(),
            impact.undecided,
            started.elapsed(),
        );
        std::io::stdout().write_all(line.as_bytes()).expect("stdout takes a line");
    }
}
