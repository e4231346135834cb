//! What plans foretell of access, against real tokens before and after: random edits of every kind that can move it,
//! in random realms.
//!
//! `REALMWRIGHT_TEST_EDITS` asks for so many edits, `REALMWRIGHT_TEST_SEED` for other ones than the usual, and
//! `REALMWRIGHT_TEST_WRONG` names a folder that takes the manifests and the plan of what was told wrong.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::access::random::{Random, shares};
use crate::access::share::make_share;
use crate::administration::CALLS;
use crate::server::Server;
use crate::tickets::Tickets;
use crate::tree::{Tree, list, word};
use crate::{Needs, Trial, asked_for};

mod administrators;
mod asked;
mod edit;
mod parts;
mod told;

use administrators::administrators_move_as_plans_foretell;
use asked::{Facts, facts, thing_there};
use edit::EDITS;
use parts::manifest;
use told::{Tally, disagreements};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "edits::access_moves_as_plans_foretell",
            needs: Needs::Newest,
            run: |server| access_moves_as_plans_foretell(server, 2),
        },
        Trial {
            name: "edits::access_moves_as_plans_foretell_on_the_oldest_version",
            needs: Needs::Oldest,
            run: |server| access_moves_as_plans_foretell(server, 1),
        },
        Trial {
            name: "edits::administrators_move_as_plans_foretell",
            needs: Needs::Newest,
            run: |server| {
                administrators_move_as_plans_foretell(server, asked_for("EDITS").unwrap_or(4), seed())
            },
        },
    ]
}

/// Edits of one realm, one after the other.
const OF_A_REALM: usize = 8;

const CONSENTS: &[&str] = &[
    "--allow",
    "hazards=999",
    "--allow",
    "deletes=999",
    "--allow",
    "updates=999",
    "--allow",
    "changed=999",
    "--allow",
    "cascade=999",
    "--allow",
    "reenables=999",
];

fn seed() -> u64 {
    asked_for("SEED").unwrap_or(1)
}

fn access_moves_as_plans_foretell(server: &Server, usual: usize) -> Result<(), String> {
    let wanted = asked_for("EDITS").unwrap_or(usual);
    let mut seed = seed();
    let (mut told, mut wrong) = (Told::default(), Vec::new());
    while told.edits < wanted {
        let most = OF_A_REALM.min(wanted - told.edits);
        if let Err(error) = in_a_realm(server, seed, most, &mut told) {
            // Which is an edit, too.
            told.edits += 1;
            wrong.push(format!("REALMWRIGHT_TEST_SEED={seed}: {error}"));
        }
        seed += 1;
    }
    let Told { edits, tally, refused, kinds, nothing, asked } = &told;
    let text = format!(
        "{edits} edits, {} of them wrong, {} kinds, {nothing} without effect; {asked} decisions asked for; {} gains and {} losses of access, {} of \
         administration; {} sides of decisions as told, {} told as unknown; refused: {refused:?}; kinds: {kinds:?}\n",
        wrong.len(),
        kinds.len(),
        tally.gains,
        tally.losses,
        tally.calls,
        tally.sure,
        tally.open
    );
    std::io::stderr().write_all(text.as_bytes()).map_err(|it| it.to_string())?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n\n")) }
}

#[derive(Default)]
struct Told {
    edits: usize,
    tally: Tally,
    asked: usize,
    nothing: usize,
    /// Why plans could not be applied.
    refused: BTreeMap<String, usize>,
    kinds: BTreeMap<&'static str, usize>,
}

/// Makes a realm and edits it so often.
fn in_a_realm(server: &Server, seed: u64, most: usize, told: &mut Told) -> Result<(), String> {
    let mut random = Random(seed);
    let name = format!("live-edits-{seed}");
    let mut course = Course::begin(server, &name, parts::base(&mut random))?;
    let mut before = facts(server, &name, Tickets::Few)?;
    let wanted = told.edits + most;
    for step in 0..most * 3 {
        if told.edits == wanted {
            break;
        }
        if random.one_in(4) {
            course.shares(&mut random, step)?;
            before = facts(server, &name, Tickets::Few)?;
        }
        let mut next = course.realm.clone();
        let mut kinds = Vec::new();
        for _ in 0..=random.below(3) {
            let (kind, does) = random.of(EDITS);
            if let Some(how) = does(&mut next, &mut random) {
                kinds.push((*kind, how));
            }
        }
        let plan = match course.plan(&next)? {
            Ok(plan) => plan,
            Err(why) => {
                *told.refused.entry(why).or_default() += 1;
                continue;
            }
        };
        if list(&plan["resource_changes"]).is_empty() {
            continue;
        }
        // A share that goes cannot be made again to ask what it let in, so that is asked one by one at once.
        let is_share = |it: &Value| word(&it["address"]).contains("/authz/permission/share");
        if list(&plan["resource_changes"]).iter().any(is_share) {
            before = course.fresh_facts()?;
        }
        let said = |it: String| format!("edit {step}: {kinds:?}: {it}");
        let earlier = course.realm.clone();
        course.apply(&next).map_err(said)?;
        let mut after = facts(server, &name, Tickets::Few)?;
        let mut tally = Tally::default();
        let mut wrong = disagreements(&plan, &before, &after, &mut tally);
        if !wrong.is_empty() {
            (after, wrong) = course.again(&earlier, &plan, &before)?;
        }
        if !wrong.is_empty() {
            if let Some(folder) = asked_for::<PathBuf>("WRONG") {
                std::fs::create_dir_all(&folder).map_err(|it| it.to_string())?;
                let keep = |what: &str, text: String| {
                    let path = folder.join(format!("{seed}-{step}-{what}.json"));
                    std::fs::write(path, text).map_err(|it| it.to_string())
                };
                keep("before", manifest(&earlier, &name).to_string())?;
                keep("after", manifest(&next, &name).to_string())?;
                keep("plan", plan.to_string())?;
            }
            let more = wrong.len().saturating_sub(12);
            wrong.truncate(12);
            let changes: Vec<String> =
                list(&plan["resource_changes"]).iter().map(|it| it["address"].to_string()).collect();
            return Err(said(format!("{}\nand {more} more\n{}", wrong.join("\n"), changes.join("\n"))));
        }
        told.add(&tally, after.asked);
        for (kind, _) in kinds {
            *told.kinds.entry(kind).or_default() += 1;
        }
        told.edits += 1;
        before = after;
    }
    server.no_realm(&name)
}

impl Told {
    fn add(&mut self, tally: &Tally, asked: usize) {
        let all = &mut self.tally;
        all.gains += tally.gains;
        all.losses += tally.losses;
        all.sure += tally.sure;
        all.open += tally.open;
        all.calls += tally.calls;
        self.asked += asked;
        self.nothing += usize::from(tally.gains + tally.losses + tally.calls == 0);
    }
}

/// A realm that is edited, and what its manifest says.
struct Course<'a> {
    server: &'a Server,
    tree: Tree,
    realm: Value,
}

impl<'a> Course<'a> {
    fn begin(server: &'a Server, name: &str, realm: Value) -> Result<Self, String> {
        server.fresh_realm(name)?;
        let of = server.realm(name);
        let mut profile = of.get("/users/profile")?;
        profile["unmanagedAttributePolicy"] = json!("ENABLED");
        for attribute in profile["attributes"].as_array_mut().into_iter().flatten() {
            // Names may be short.
            attribute["validations"] = json!({});
        }
        of.put("/users/profile", &profile)?;
        for (_, method, path) in CALLS {
            if *method == "POST" {
                of.post(path, &thing_there(path))?;
            }
        }
        let tree = Tree::empty(name)?;
        tree.write(
            "realmwright.yaml",
            &format!("owner: team\nprune: {{ users: true }}\nrealms: {{ {name}: {{ path: . }} }}\n"),
        )?;
        let course = Self { server, tree, realm };
        course.declare(&course.realm)?;
        course.tree.apply(server, CONSENTS)?;
        Ok(course)
    }

    fn declare(&self, realm: &Value) -> Result<(), String> {
        self.tree.write("realm.json", &manifest(realm, &self.tree.realm).to_string())
    }

    /// Plans an edit; where it may not be applied, returns why.
    fn plan(&self, next: &Value) -> Result<Result<Value, String>, String> {
        self.declare(next)?;
        let ran =
            self.tree.run(self.server, &[&["plan", "--format", "json", "--prune"], CONSENTS].concat())?;
        let plan = ran.json()?;
        let errors = list(&plan["errors"]).iter().map(|it| word(&it["code"]));
        let refusals = list(&plan["refusals"]).iter().map(|it| word(&it["id"]));
        let why: Vec<String> = errors.chain(refusals).collect();
        if plan["applyable"] == true && ran.code == 0 { Ok(Ok(plan)) } else { Ok(Err(why.join(" "))) }
    }

    fn apply(&mut self, next: &Value) -> Result<(), String> {
        self.declare(next)?;
        self.tree.apply(self.server, &[&["--prune"], CONSENTS].concat())?;
        self.realm = next.clone();
        Ok(())
    }

    /// 26.0.8 keeps permissions in its cache that are gone, and answers with errors until that is emptied.
    fn fresh_facts(&self) -> Result<Facts, String> {
        self.server.realm(&self.tree.realm).post("/clear-realm-cache", &json!({}))?;
        facts(self.server, &self.tree.realm, Tickets::Each)
    }

    /// Asks once more after the edit, and where they still disagree, before it.
    fn again(
        &mut self,
        earlier: &Value,
        plan: &Value,
        before: &Facts,
    ) -> Result<(Facts, Vec<String>), String> {
        std::thread::sleep(std::time::Duration::from_secs(2));
        let after = self.fresh_facts()?;
        let wrong = disagreements(plan, before, &after, &mut Tally::default());
        if wrong.is_empty() {
            return Ok((after, wrong));
        }
        let next = self.realm.clone();
        self.apply(earlier)?;
        let before = self.fresh_facts()?;
        self.apply(&next)?;
        Ok((after, disagreements(plan, &before, &self.fresh_facts()?, &mut Tally::default())))
    }

    /// Owners share something, or what is shared goes.
    fn shares(&self, random: &mut Random, step: usize) -> Result<(), String> {
        let of = self.server.realm(&self.tree.realm);
        let authz = of.authz("rs")?;
        let mut resources = of.get(&format!("{authz}/resource?max=-1&deep=true"))?;
        for resource in resources.as_array_mut().into_iter().flatten() {
            // The server itself is no user.
            if resource["owner"]["name"] == "rs" {
                resource["owner"] = Value::Null;
            }
        }
        let there = of.get(&format!("{authz}/policy?max=-1"))?;
        let there: Vec<&Value> = list(&there).iter().filter(|it| it["type"] == "uma").collect();
        if !there.is_empty() && random.one_in(3) {
            return of.delete(&format!("{authz}/policy/{}", word(&random.of(&there)["id"])));
        }
        if let Some(mut share) = shares(random, &resources).into_iter().next() {
            share["share"]["name"] = json!(format!("share in step {step}"));
            // Whom it names may have gone, and its owner cannot log in while disabled.
            let _ = make_share(self.server, &self.tree.realm, &share);
        }
        Ok(())
    }
}
