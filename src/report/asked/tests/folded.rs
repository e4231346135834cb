//! Tables and pages of all decisions: what stands together, what fits, and what is escaped.

use std::fmt::Write as _;
use std::io;

use snapbox::{IntoData, assert_data_eq, str};

use super::super::*;
use super::{Lab, lab};
use crate::access::{Cell, Persona, Realm, clients_asked, columns, each_decision, personas};
use crate::diff::on_a_new_realm;
use crate::kind::{CLIENT, NEWEST, USER};
use crate::manifest::{Project, load_texts};

fn text(out: &mut dyn io::Write, sheet: &Sheet<'_>, decisions: Decisions<'_>) -> io::Result<()> {
    matrix_text(out, sheet, &Style::plain(), decisions)
}

/// A realm of these manifests.
fn of(manifest: &str) -> Lab {
    let loaded = load_texts(&[("lab.yaml", manifest)], &Project::default());
    assert!(loaded.notes.iter().all(|it| !it.is_error()), "{:?}", loaded.notes);
    let state = on_a_new_realm("lab", &loaded.realms[0].state, NEWEST);
    let realm = Realm::compile(&state, NEWEST);
    Lab { loaded, state, realm, client: Address::top(CLIENT, "um") }
}

/// Every user and made-up persona of a realm as a table.
fn table(
    lab: &Lab,
    format: fn(&mut dyn io::Write, &Sheet<'_>, Decisions<'_>) -> io::Result<()>,
    synthetic: bool,
) -> String {
    let is_person = |it: &&Address| it.kind() == USER && !it.name().starts_with("service-account-");
    let users = lab.state.objects.keys().filter(is_person).cloned().map(Persona::user);
    let mut all: Vec<Persona> = users.collect();
    if synthetic {
        all.extend(personas(&lab.realm, &lab.client));
    }
    let columns = columns(&lab.realm, &lab.client, &all);
    let clients = clients_asked(&lab.realm, &lab.client, &all);
    let all: Vec<_> = columns.iter().map(|it| it.persona.clone()).collect();
    let sheet = Sheet { realm: "lab", client: &lab.client, asking: None, clients, columns: &columns };
    let mut out = Vec::new();
    let decisions =
        |take: &mut dyn FnMut(Cell<'_>) -> io::Result<()>| each_decision(&lab.realm, &lab.client, &all, take);
    format(&mut out, &sheet, &decisions).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_matrix_is_compact() {
    assert_data_eq!(
        lab().matrix(text),
        str![[r#"
client um of realm lab   ✓ may, - may not, ? cannot be told from here
Decided alike and shown together: 4 personas in 3 columns, 4 resources in 3
  groups.
of 4 personas through 5 clients
                       anonymous, any-user  alice  bob
view on =1<b>&, Loose  -                    -      -
edit on Maps           -                    -      ✓
view on Maps           -                    ✓      ✓
view on Night          -                    ?      ?

"#]]
        .raw()
    );
}

/// Roles, users, resources and permissions: user `it` has the roles that `roles` says, resource `it` is of role `it`.
fn many(users: usize, roles: usize, of_user: &dyn Fn(usize) -> Vec<usize>, resources: usize) -> String {
    let mut out = String::from("realm: lab\nroles:\n  realm:\n");
    for it in 0..roles {
        writeln!(out, "    - {{ name: r{it} }}").expect("a string");
    }
    out.push_str("users:\n");
    for it in 0..users {
        let roles: Vec<String> = of_user(it).iter().map(|it| format!("r{it}")).collect();
        writeln!(out, "  - {{ username: user-{it}, realmRoles: [{}] }}", roles.join(", ")).expect("a string");
    }
    out.push_str(
        "clients:\n  - clientId: um\n    serviceAccountsEnabled: true\n    authorizationServicesEnabled: true\n    \
         authorizationSettings:\n      scopes: [{ name: view }, { name: edit }]\n      resources:\n",
    );
    for it in 0..resources {
        writeln!(out, "        - {{ name: space-{it}, scopes: [view, edit] }}").expect("a string");
    }
    out.push_str("      policies:\n");
    for it in 0..roles {
        writeln!(out, "        - {{ name: has r{it}, type: role, roles: [r{it}] }}").expect("a string");
    }
    out.push_str("      permissions:\n");
    for it in 0..resources {
        let role = it % roles;
        writeln!(
            out,
            "        - {{ name: p{it}, type: resource, resources: [space-{it}], policies: [has r{role}] }}"
        )
        .expect("a string");
    }
    out
}

#[test]
fn personas_and_resources_that_are_alike_stand_together() {
    let lab = of(&many(40, 3, &|it| vec![it % 3], 60));
    assert_data_eq!(
        table(&lab, text, false),
        str![[r#"
client um of realm lab   ✓ may, - may not, ? cannot be told from here
Decided alike and shown together: 40 users in 3 columns, 60 resources in 3
  groups.
of 40 users through 5 clients
  1 = 14 users: user-0, user-3, user-6, user-9, user-12, user-15, user-18,
      user-21, user-24, user-27, user-30, user-33 and 2 more
  2 = 13 users: user-1, user-4, user-7, user-10, user-13, user-16, user-19,
      user-22, user-25, user-28, user-31, user-34, user-37
  3 = 13 users: user-2, user-5, user-8, user-11, user-14, user-17, user-20,
      user-23, user-26, user-29, user-32, user-35, user-38
                                                  1  2  3
edit, view on 20 resources: space-0, space-3,     ✓  -  -
  space-6, space-9, space-12, space-15,
  space-18, space-21, space-24, space-27,
  space-30, space-33 and 8 more
edit, view on 20 resources: space-1, space-4,     -  ✓  -
  space-7, space-10, space-13, space-16,
  space-19, space-22, space-25, space-28,
  space-31, space-34 and 8 more
edit, view on 20 resources: space-2, space-5,     -  -  ✓
  space-8, space-11, space-14, space-17,
  space-20, space-23, space-26, space-29,
  space-32, space-35 and 8 more

"#]]
        .raw()
    );
}

#[test]
fn what_is_too_wide_for_the_terminal_is_a_list() {
    let lab = of(&many(36, 36, &|it| vec![it, (it + 1) % 36], 36));
    let table = table(&lab, text, false);
    let first: Vec<&str> = table.lines().take(8).collect();
    assert_data_eq!(
        first.join("\n"),
        str![[r#"
client um of realm lab   ✓ may, - may not, ? cannot be told from here
of 36 users through 5 clients
edit, view on space-0
  ✓ 2 users: user-0, user-35
  - the other 34 users
edit, view on space-1
  ✓ 2 users: user-0, user-1
  - the other 34 users
"#]]
        .raw()
    );
}

#[test]
fn no_line_of_a_table_is_wider_than_the_terminal() {
    for (users, roles) in [(1, 1), (5, 5), (12, 12), (20, 20), (26, 26), (40, 40), (200, 7)] {
        let lab = of(&many(users, roles, &|it| vec![it % roles], roles * 2));
        for synthetic in [false, true] {
            for line in table(&lab, text, synthetic).lines() {
                assert!(crate::report::text::width(line) <= 80, "{users} {roles} {synthetic}: {line}");
            }
        }
    }
}

#[test]
fn nobody_and_nothing_are_told() {
    let lab = of(&many(0, 1, &|_| Vec::new(), 1));
    assert!(table(&lab, text, false).contains("nobody is asked about"));
    assert!(table(&lab, matrix_html, false).contains("Nobody is asked about"));
    let lab = of(&many(1, 1, &|_| Vec::new(), 0));
    assert!(table(&lab, text, false).contains("no resources"));
    assert!(table(&lab, matrix_html, false).contains("no resources"));
}

#[test]
fn tables_for_elsewhere_mark_who_is_disabled() {
    let lab = lab();
    let csv = table(&lab, matrix_csv, false);
    let notes = |who: &str| {
        let line = csv.lines().find(|it| it.starts_with(&format!("{who},um,Maps,edit"))).expect("asked");
        line.rsplit(',').next().map(str::to_owned)
    };
    assert_eq!(notes("dave").as_deref(), Some("user/dave is disabled and cannot log in"));
    assert_eq!(notes("bob").as_deref(), Some(""));
    let json = table(&lab, super::json_matrix, false);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let entries = json["decisions"].as_array().expect("a list");
    let marked = entries
        .iter()
        .filter(|it| it["notes"] == serde_json::json!(["user/dave is disabled and cannot log in"]));
    assert!(marked.clone().all(|it| it["persona"] == "dave") && marked.count() == entries.len() / 4);
}

#[test]
fn tables_for_elsewhere_hold_nothing_that_is_obeyed_there() {
    let lab = lab();
    let csv = lab.matrix(matrix_csv);
    assert!(csv.contains("alice,um,'=1<b>&,view,DENY,"), "{csv}");
    let html = lab.matrix(matrix_html);
    assert!(html.contains("=1&lt;b&gt;&amp;") && !html.contains("<b>&"), "{html}");
}

/// Lightness of a color as contrast counts it.
fn luminance(color: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).expect("a color")) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn colors_of_the_page_can_be_read() {
    let style = include_str!("../html/page.css");
    let mut themes = 0;
    for theme in style.split(":root {").skip(1) {
        let theme = theme.split_once('}').expect("it ends").0;
        let color = |name: &str| {
            let found = theme.split(';').find_map(|it| it.trim().strip_prefix(name)?.strip_prefix(": "));
            found.unwrap_or_else(|| panic!("no {name}"))
        };
        for (text, back) in [
            ("text", "back"),
            ("text", "head"),
            ("quiet", "back"),
            ("quiet", "head"),
            ("link", "back"),
            ("link", "head"),
            ("back", "link"),
            ("yes", "yes-back"),
            ("no", "no-back"),
            ("open", "open-back"),
        ] {
            let [one, other] = [text, back].map(|it| luminance(color(&format!("--{it}"))) + 0.05);
            let contrast = one.max(other) / one.min(other);
            assert!(contrast >= 4.5, "{text} on {back}: {contrast:.2}");
        }
        themes += 1;
    }
    assert_eq!(themes, 3, "light, dark and paper");
}

#[test]
fn a_page_runs_its_own_script_alone() {
    let html = lab().matrix(matrix_html);
    let policy =
        html.split("script-src 'sha256-").nth(1).and_then(|it| it.split('\'').next()).expect("a policy");
    let script = html.split("<script>").nth(1).and_then(|it| it.split("</script>").next()).expect("a script");
    let digest = base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        <sha2::Sha256 as sha2::Digest>::digest(script.as_bytes()),
    );
    assert_eq!(digest, policy);
    assert!(html.matches("<script").count() == 1 && !html.contains("http://") && !html.contains("https://"));
}
