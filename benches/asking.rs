//! How long it takes to compare who may do what in a large realm through every client that people come through.
//!
//! Run by hand: `cargo bench --bench asking`.

use std::io::Write as _;
use std::time::Instant;

use realmwright::access::{ImpactQuestion, Realm, impact};
use realmwright::kind::{CLIENT, NEWEST, PERMISSION, kind, lift_object, lift_realm};
use realmwright::state::{Address, State};
use realmwright::text::tree_of_json;
use serde_json::json;

#[path = "large/clients.rs"]
mod clients;
#[path = "large/cpu.rs"]
mod cpu;
#[path = "large/realm.rs"]
mod large;

use clients::through_clients;
use cpu::cpu;
use large::{Size, WHOLE};

fn main() {
    for users in [500, 1_000, 2_000] {
        let size = Size { users, ..WHOLE };
        let before: State = lift_realm(&tree_of_json(&through_clients("large", size))).into_live();
        let permission = Address::top(CLIENT, "rs").child(PERMISSION, "perm3");
        let edit = json!({ "name": "perm3", "type": "resource", "decisionStrategy": "UNANIMOUS" });
        let lifted = lift_object(kind(PERMISSION), &tree_of_json(&edit), permission.parent().as_ref());
        let fields =
            lifted.into_live().objects.remove(&permission).expect("lifted under this address").fields;
        let mut after = before.clone();
        after.objects.get_mut(&permission).expect("in the realm").fields.extend(fields);
        for round in 0..2 {
            let (started, busy) = (Instant::now(), cpu());
            let (old, new) = (Realm::compile(&before, NEWEST), Realm::compile(&after, NEWEST));
            let compiled = cpu().saturating_sub(busy);
            let changes = [permission.clone()];
            let terms = ImpactQuestion { realm: "large", changes: &changes, declared: &|_| true, at: None };
            let impact = impact(&old, &new, &terms);
            let line = format!(
                "{users} users, round {round}: {} personas, {} decisions on each side, {} change, {} undecided; \
                 CPU {:?}, {compiled:?} of it to compile; {:?} by the clock\n",
                impact.personas,
                impact.decisions,
                impact.changes.iter().map(|it| it.count).sum::<usize>(),
                impact.undecided,
                cpu().saturating_sub(busy),
                started.elapsed(),
            );
            std::io::stdout().write_all(line.as_bytes()).expect("stdout takes a line");
        }
    }
}
