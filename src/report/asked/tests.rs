//! What people read, word by word.

use std::path::Path;

use snapbox::{IntoData, assert_data_eq, str};

use super::*;

mod diagram;
mod folded;

use crate::access::{
    AccessQuestion, PersonaReader, Realm, Ways, clients_asked, columns, each_decision, explain, personas, who,
};
use crate::diff::on_a_new_realm;
use crate::kind::{CLIENT, NEWEST};
use crate::manifest::{Loaded, Project, load_texts};
use crate::state::State;

const MANIFEST: &str = r"
realm: lab
roles:
  realm:
    - { name: eo-reader }
    - { name: eo-editor, composites: { realm: [eo-reader] } }
    - { name: banned }
groups:
  - name: eo
    realmRoles: [eo-reader]
    subGroups: [{ name: readers }]
users:
  - { username: alice, enabled: true, groups: [/eo/readers] }
  - { username: bob, enabled: true, realmRoles: [eo-editor] }
  - { username: carol, enabled: true, realmRoles: [banned] }
  - { username: dave, enabled: false, realmRoles: [eo-editor] }
clients:
  - clientId: um
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }, { name: edit }]
      resources:
        - { name: Maps, uris: [/maps/*], scopes: [view, edit] }
        - { name: Loose, uris: [/loose/*], scopes: [view] }
        - { name: Night, uris: [/night/*], scopes: [view] }
        - { name: '=1<b>&', scopes: [view] }
      policies:
        - { name: readers of eo, type: role, roles: [eo-reader] }
        - { name: not banned, type: role, logic: NEGATIVE, roles: [banned] }
        - { name: only bob, type: user, users: [bob] }
        - { name: office hours, type: time, hour: 8, hourEnd: 18 }
        - { name: script, type: script-night.js }
        - { name: both, type: aggregate, policies: [readers of eo, not banned] }
      permissions:
        - { name: maps are for readers, type: scope, resources: [Maps], scopes: [view], policies: [readers of eo, not banned] }
        - { name: maps are bobs, type: scope, resources: [Maps], scopes: [edit], policies: [only bob, both] }
        - { name: night, type: resource, resources: [Night], policies: [office hours, script, readers of eo] }
";

struct Lab {
    loaded: Loaded,
    state: State,
    realm: Realm,
    client: Address,
}

fn lab() -> Lab {
    let loaded = load_texts(&[("lab.yaml", MANIFEST)], &Project::default());
    assert!(loaded.notes.iter().all(|it| !it.is_error()), "{:?}", loaded.notes);
    let state = on_a_new_realm("lab", &loaded.realms[0].state, NEWEST);
    let realm = Realm::compile(&state, NEWEST);
    Lab { loaded, state, realm, client: Address::top(CLIENT, "um") }
}

impl Lab {
    fn asked<T>(&self, resource: &str, scope: Option<&str>, f: impl FnOnce(&Asked<'_>) -> T) -> T {
        let place = |it: &Address| {
            let object = self.loaded.realms[0].state.get(it)?;
            self.loaded.files.position(object.at).map(|it| it.to_string())
        };
        let client = &self.client;
        let through = Ways::default();
        f(&Asked {
            realm: "lab",
            client,
            resource,
            scope,
            through,
            clients: 0,
            place: &place,
            style: Style::plain(),
        })
    }

    fn explained(&self, persona: &str, scope: &str, resource: &str) -> crate::access::Explanation {
        let zone = jiff::tz::TimeZone::UTC;
        let cast = PersonaReader { state: &self.state, zone: &zone, at: None };
        let persona = cast.named(persona).expect("a persona of the lab");
        let scopes = [scope.to_owned()];
        let client = &self.client;
        let question =
            AccessQuestion { client, resource: Some(resource), scopes: &scopes, persona: &persona };
        explain(&self.realm, &question).expect("everything is there")
    }

    fn why(&self, persona: &str, scope: &str, resource: &str) -> String {
        let explanation = self.explained(persona, scope, resource);
        self.asked(resource, Some(scope), |asked| why_text(asked, persona, &explanation))
    }

    fn matrix(
        &self,
        format: fn(&mut dyn std::io::Write, &Sheet<'_>, Decisions<'_>) -> std::io::Result<()>,
    ) -> String {
        let mut all = personas(&self.realm, &self.client);
        all.truncate(2);
        all.extend(
            ["alice", "bob"].map(|it| crate::access::Persona::user(Address::top(crate::kind::USER, it))),
        );
        let columns = columns(&self.realm, &self.client, &all);
        let clients = clients_asked(&self.realm, &self.client, &all);
        let all: Vec<_> = columns.iter().map(|it| it.persona.clone()).collect();
        let sheet = Sheet { realm: "lab", client: &self.client, asking: None, clients, columns: &columns };
        let mut out = Vec::new();
        let decisions = |take: &mut dyn FnMut(crate::access::Cell<'_>) -> std::io::Result<()>| {
            each_decision(&self.realm, &self.client, &all, take)
        };
        format(&mut out, &sheet, &decisions).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }
}

#[test]
fn why_somebody_may_is_told_link_by_link() {
    assert_data_eq!(lab().why("alice", "view", "Maps"), str![[r#"
PERMIT: alice may do `view` on `Maps` of client `um`.

How it comes about
  alice
      user/alice   lab.yaml:13
  → is a member of group `/eo/readers`
      group/eo/readers   lab.yaml:11
  → which is below group `/eo`
      group/eo   lab.yaml:9
  → which gives the role `eo-reader`
      role/eo-reader   lab.yaml:5
  → policy `readers of eo` asks for the role `eo-reader`: yes
      client/um/authz/policy/readers of eo   lab.yaml:29
  → policy `not banned` says yes to all but those with the role `banned`: yes, alice does not have it
      client/um/authz/policy/not banned   lab.yaml:30
  → permission `maps are for readers` covers `view` on `Maps`, and needs a yes from each of its 2 policies: granted
      client/um/authz/permission/maps are for readers   lab.yaml:36

"#]].raw());
}

#[test]
fn composites_aggregates_and_several_policies_are_links_too() {
    assert_data_eq!(
        lab().why("bob", "edit", "Maps"),
        str![[r#"
PERMIT: bob may do `edit` on `Maps` of client `um`.

How it comes about
  bob
      user/bob   lab.yaml:14
  → policy `only bob` asks for the user `bob`: yes
      client/um/authz/policy/only bob   lab.yaml:31
  → and bob has the role `eo-editor`
      role/eo-editor   lab.yaml:6
  → which includes the role `eo-reader`
      role/eo-reader   lab.yaml:5
  → policy `readers of eo` asks for the role `eo-reader`: yes
      client/um/authz/policy/readers of eo   lab.yaml:29
  → policy `not banned` says yes to all but those with the role `banned`: yes, bob does not have it
      client/um/authz/policy/not banned   lab.yaml:30
  → policy `both` asks for a yes from each of its 2 policies: yes
      client/um/authz/policy/both   lab.yaml:34
  → permission `maps are bobs` covers `edit` on `Maps`, and needs a yes from each of its 2 policies: granted
      client/um/authz/permission/maps are bobs   lab.yaml:37

"#]]
        .raw()
    );
}

#[test]
fn why_somebody_may_not_says_what_is_lacking() {
    assert_data_eq!(lab().why("carol", "view", "Maps"), str![[r#"
DENY: carol may not do `view` on `Maps` of client `um`.

One permission covers it
  permission `maps are for readers` covers `view` on `Maps`, and needs a yes from each of its 2 policies: not granted
      client/um/authz/permission/maps are for readers   lab.yaml:36
    policy `readers of eo` asks for the role `eo-reader`: no, carol does not have it
        client/um/authz/policy/readers of eo   lab.yaml:29
    policy `not banned` says yes to all but those with the role `banned`: no, carol has it
        client/um/authz/policy/not banned   lab.yaml:30

What would be needed
  carol would have to have the role `eo-reader` and not have the role `banned`.

"#]].raw());
}

/// What `why` says for a client whose tokens carry no roles, asked by somebody.
fn narrow(persona: &str, resource: &str) -> String {
    let manifest = "
realm: lab
roles: { realm: [{ name: reader }] }
users: [{ username: alice, realmRoles: [reader] }]
clients:
  - clientId: um
    fullScopeAllowed: false
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: Maps, scopes: [view] }, { name: Robots, scopes: [view] }]
      policies:
        - { name: readers, type: role, roles: [reader] }
        - { name: robot, type: user, users: [service-account-um] }
      permissions:
        - { name: maps, type: resource, resources: [Maps], policies: [readers] }
        - { name: robots, type: resource, resources: [Robots], policies: [robot] }
";
    let loaded = load_texts(&[("lab.yaml", manifest)], &Project::default());
    let state = on_a_new_realm("lab", &loaded.realms[0].state, NEWEST);
    let realm = Realm::compile(&state, NEWEST);
    Lab { loaded, state, realm, client: Address::top(CLIENT, "um") }.why(persona, "view", resource)
}

#[test]
fn a_role_that_the_token_does_not_carry_is_not_what_somebody_lacks() {
    let why = narrow("alice", "Maps");
    assert!(
        why.contains("no, alice has `reader`, but the client's tokens do not carry it")
            && why.contains("alice would have to ask with a token that carries the role `reader`."),
        "{why}"
    );
}

#[test]
fn a_policy_that_names_the_asking_clients_own_account_says_why_it_does_not_hold() {
    let why = narrow("service-account-um", "Robots");
    assert!(
        why.contains(
            "no, a client that asks for itself is no user to Keycloak, not even its own service account"
        ) && why.contains("would have to ask as the user `service-account-um` through another client."),
        "{why}"
    );
}

#[test]
fn where_no_permission_covers_the_client_decides() {
    assert_data_eq!(
        lab().why("alice", "view", "Loose"),
        str![[r#"
DENY: alice may not do `view` on `Loose` of client `um`.

No permission covers it, and the client denies what none covers (ENFORCING).
    client/um/authz/settings   lab.yaml:22
Only a permission that covers it could change that.

"#]]
        .raw()
    );
}

#[test]
fn what_cannot_be_known_comes_with_a_way_to_find_out() {
    assert_data_eq!(lab().why("dave", "view", "Night"), str![[r#"
UNKNOWN: whether dave may do `view` on `Night` of client `um` cannot be told from here.

What it hangs on
  permission `night` covers `view` on `Night`, and needs a yes from each of its 3 policies: not known from here
      client/um/authz/permission/night   lab.yaml:38
    policy `office hours` asks for a certain time (hour 8 to 18): not known from here
        client/um/authz/policy/office hours   lab.yaml:32
    policy `script` asks for a yes of its JavaScript: not known from here
        client/um/authz/policy/script   lab.yaml:33
    policy `readers of eo` asks for the role `eo-reader`: yes
        client/um/authz/policy/readers of eo   lab.yaml:29

How to find out
  Policy `script` is JavaScript, which only the server runs: ask the server itself: `realmwright test --server`.
  Policy `office hours` looks at the clock: say when, with `--at now` or `--at 2026-01-05T09:00`.

Beside that
  user/dave is disabled and cannot log in.

"#]].raw());
}

#[test]
fn no_scope_and_no_token_are_said_in_a_sentence() {
    let lab = lab();
    assert!(
        lab.why("alice", "edit", "Night")
            .contains("`Night` does not have the scope `edit`: it has only `view`.")
    );
    assert!(lab.why("anonymous", "view", "Maps").contains("nobody is let in without one"));
}

#[test]
fn who_may_is_grouped_by_how_it_comes_about() {
    let lab = lab();
    let users = ["alice", "bob", "carol", "dave"]
        .map(|it| crate::access::Persona::user(Address::top(crate::kind::USER, it)));
    let everybody: Vec<_> = users.into_iter().chain(personas(&lab.realm, &lab.client)).collect();
    let text = |resource, scope| {
        let who = who(&lab.realm, &lab.client, resource, Some(scope), &everybody);
        lab.asked(resource, Some(scope), |asked| who_text(asked, &who))
    };
    let all = [text("Maps", "view"), text("Night", "view"), text("Loose", "view")].join("\n");
    assert_data_eq!(all, str![[r#"
`view` on `Maps` of client `um`
  may alice
      group /eo/readers > group /eo > role eo-reader > policy `readers of eo` holds > lacks role banned > policy `not banned` holds, as its condition is not met (NEGATIVE) > permission `maps are for readers` grants
  may bob
      role eo-editor > role eo-reader > policy `readers of eo` holds > lacks role banned > policy `not banned` holds, as its condition is not met (NEGATIVE) > permission `maps are for readers` grants
  may dave
      role eo-editor > role eo-reader > policy `readers of eo` holds > lacks role banned > policy `not banned` holds, as its condition is not met (NEGATIVE) > permission `maps are for readers` grants
      but user/dave is disabled and cannot log in
  may role/eo-reader
      role eo-reader > policy `readers of eo` holds > lacks role banned > policy `not banned` holds, as its condition is not met (NEGATIVE) > permission `maps are for readers` grants
  of 9 personas through 5 clients

`view` on `Night` of client `um`
  nobody may for sure
  ?   alice, bob, role/eo-reader
      policy script is JavaScript; policy office hours hinges on the time (hour 8 to 18)
  ?   dave
      policy script is JavaScript; policy office hours hinges on the time (hour 8 to 18)
      but user/dave is disabled and cannot log in
  of 9 personas through 5 clients

`view` on `Loose` of client `um`
  nobody may
  of 9 personas through 5 clients

"#]].raw());
}

fn json_matrix(
    out: &mut dyn std::io::Write,
    sheet: &Sheet<'_>,
    decisions: Decisions<'_>,
) -> std::io::Result<()> {
    let ending = crate::report::Ending { command: "access matrix".to_owned(), ..Default::default() };
    matrix_json(out, &crate::report::enveloped(None, &ending), sheet, decisions)
}

#[test]
fn a_matrix_as_json_is_one_entry_per_question() {
    let json: serde_json::Value = serde_json::from_str(&lab().matrix(json_matrix)).expect("JSON");
    let decisions = json["decisions"].as_array().expect("a list");
    assert_eq!(decisions.len(), 4 * 5);
    let keys: Vec<&String> = decisions[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["persona", "through", "client", "resource", "scope", "verdict", "path", "notes"]);
    let alice = decisions
        .iter()
        .find(|it| it["persona"] == "alice" && it["resource"] == "Maps" && it["scope"] == "view");
    assert_eq!(alice.expect("asked")["verdict"], "PERMIT");
}

#[test]
fn every_answer_is_as_the_schema_says() {
    let lab = lab();
    let schema = access_schema();
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let everybody = personas(&lab.realm, &lab.client);
    let explained = lab.explained("bob", "edit", "Maps");
    let mut documents = vec![
        serde_json::from_str(&lab.matrix(json_matrix)).expect("JSON"),
        lab.asked("Maps", Some("edit"), |asked| why_json(asked, "bob", &explained)),
        lab.asked("Maps", Some("edit"), |asked| can_json(asked, "bob", &explained.decision)),
        diff_json("lab", &crate::access::Impact::default()),
    ];
    let place = |_: &Address| None;
    let client = &lab.client;
    let asked = Asked {
        realm: "lab",
        client,
        resource: "Maps",
        scope: None,
        through: Ways::default(),
        clients: 0,
        place: &place,
        style: Style::plain(),
    };
    documents.push(who_json(&[(asked, who(&lab.realm, client, "Maps", None, &everybody))]));
    for document in documents {
        let errors: Vec<String> = validator.iter_errors(&document).map(|it| it.to_string()).collect();
        assert_eq!(errors, [""; 0], "{document:#}");
    }
}

#[test]
fn the_committed_schema_is_the_current_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/access.json");
    let current = serde_json::to_string_pretty(&access_schema()).expect("JSON") + "\n";
    if std::env::var_os("REALMWRIGHT_UPDATE").is_some() {
        std::fs::write(&path, &current).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "schemas/access.json is old: run the tests with REALMWRIGHT_UPDATE=1");
}
