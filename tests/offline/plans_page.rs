//! `docs/plans.md`: plans as they are printed. `SNAPSHOTS=overwrite` writes the page anew.

use std::path::Path;

use realmwright::report::{self, Style};
use snapbox::{Assert, Data};

use crate::scenarios::planned_edit;

#[test]
fn the_page_shows_plans_as_they_are() {
    let (before, after) = (many(false), many(true));
    let (plan, files) = planned_edit(&before, &after);
    let changes = plan.changes().len();
    assert_eq!(changes, 500);
    let many = |width| report::plan_text(&plan, &files.files, &Style::plain().wide(width));
    assert!(
        many(80).contains("+ user/guest-117")
            && many(80).contains("client/realm-management/role/realm-admin")
    );
    let (before, after) = (script(false), script(true));
    assert!((4000..4200).contains(&SCRIPT.len()), "{}", SCRIPT.len());
    let (plan, files) = planned_edit(&before, &after);
    let script = |width| report::plan_text(&plan, &files.files, &Style::plain().wide(width));
    let page =
        INTRO.replace("{many}", &many(80)).replace("{script}", &script(80)).replace("{narrow}", &script(50));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plans.md");
    Assert::new().action_env("SNAPSHOTS").eq(page, Data::read_from(&path, None));
}

/// 400 roles and 80 users that are alike, and 20 changes that are not.
fn many(is_after: bool) -> String {
    let mut text =
        "realm: campus\nroles:\n  realm:\n    - { name: staff, description: Works here }\n".to_owned();
    let mut add = |line: String| text.push_str(&line);
    if !is_after {
        add("    - { name: retired }\n    - { name: interim }\n".to_owned());
    }
    for it in (1..=400).filter(|_| is_after) {
        add(format!("    - {{ name: course-{it}, description: A course of this term }}\n"));
    }
    add("groups:\n".to_owned());
    for it in 1..=8 {
        let links = if is_after { format!("[staff, course-{it}]") } else { "[staff]".to_owned() };
        add(format!("  - {{ name: faculty-{it}, realmRoles: {links} }}\n"));
    }
    add("users:\n".to_owned());
    let name = if is_after { "Deirdre" } else { "Dee" };
    add(format!("  - {{ username: dean, firstName: {name}, realmRoles: [staff] }}\n"));
    for it in (1..=81).filter(|_| is_after) {
        let name = it + 99;
        let more = if name == 117 { ", clientRoles: { realm-management: [realm-admin] }" } else { "" };
        add(format!("  - {{ username: guest-{name}, lastName: Guest{more} }}\n"));
    }
    let hosts = if is_after {
        "[https://portal.example.org/*, https://beta.example.org/*]"
    } else {
        "[https://portal.example.org/*]"
    };
    add(format!("clients:\n  - clientId: portal\n    publicClient: true\n    redirectUris: {hosts}\n"));
    for it in (1..=7).filter(|_| is_after) {
        add(format!(
            "  - {{ clientId: lab-{it}, baseUrl: \"https://lab-{it}.example.org\", bearerOnly: true }}\n"
        ));
    }
    text
}

fn script(is_after: bool) -> String {
    let code = if is_after {
        SCRIPT.replace("hour >= 8 && hour < 18", "hour >= 6 && hour < 22").replace(
            "    return identity.hasRealmRole('auditor');",
            "    return identity.hasRealmRole('auditor') || email.endsWith('@example.com');",
        )
    } else {
        SCRIPT.to_owned()
    };
    let code = code.lines().map(|it| format!("            {it}\n")).collect::<String>();
    format!(
        "realm: campus
clients:
  - clientId: archive
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      resources: [{{ name: Records, uris: [/records/*] }}]
      policies:
        - name: Who may read records
          type: js
          code: |
{code}
      permissions:
        - {{ name: Read records, type: resource, resources: [Records], policies: [Who may read records] }}
"
    )
}

const SCRIPT: &str = include_str!("plans_page/script.js");

const INTRO: &str = include_str!("plans_page/page.md");
