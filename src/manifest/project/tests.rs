use super::*;
use crate::report::{Color, notes};

fn opened(text: &str) -> (Project, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join(PROJECT_FILE), text).expect("written");
    let project = Project::open(&folder.path().join(PROJECT_FILE));
    let said = notes(&project.files(), &project.notes, Color::Never);
    let place = format!("{}/", folder.path().display());
    (project, said.replace(&place, ""))
}

#[test]
fn a_project_file_is_read_with_all_that_this_version_supports() {
    let (project, said) = opened(
        "owner: platform\nrealms: { eoepca: { path: eoepca/, create: true }, other: }\n\
         environments:\n  dev: { server: 'http://127.0.0.1:8080/' }\n  \
         prod: { server: https://sso.example.org/auth, issuer: https://sso.example.org/auth/realms/eoepca }\n\
         prune: { users: true }\nexternal: [role/shared-*]\nprotect: [client/account]\nrelease: []\n\
         exclusive: []\nzone: Europe/Vienna\n\
         guards: { deletePct: 10, updatePct: 30, minExisting: 5, minAdmins: 2, keepSelf: true, forbidGain: [{ persona: any-user, resource: '/a/*' }] }\n",
    );
    assert_eq!(said, "");
    assert_eq!(project.owner.as_deref(), Some("platform"));
    assert!(project.may_create("eoepca") && !project.may_create("other") && !project.may_create("x"));
    assert_eq!(project.environment("dev").map(|it| it.server.as_str()), Ok("http://127.0.0.1:8080"));
    assert_eq!(project.prune, Prune::UsersToo);
    assert_eq!(project.zone().iana_name(), Some("Europe/Vienna"));
    assert_eq!(project.guards.min_admins.map(|it| it.0), Some(2));
    assert!(project.guards.keep_self.is_some());
    let percent = |it: Option<Percent>| it.map(|it| it.most);
    assert_eq!(percent(project.guards.delete_pct), Some(10));
    assert_eq!(percent(project.guards.update_pct), Some(30));
    assert_eq!(project.guards.min_existing, Some(5));
    let forbidden = &project.guards.forbid_gain[0];
    assert_eq!((&*forbidden.persona, &*forbidden.resource, &*forbidden.scope), ("any-user", "/a/*", "*"));
    assert_eq!(
        project.environment("pord").map(|it| it.server.clone()),
        Err("no environment `pord` in realmwright.yaml: did you mean `prod`?".to_owned())
    );
    assert_eq!(Project::default().owner, None);
}

#[test]
fn everything_wrong_with_a_project_file_is_said_at_once() {
    let (_, said) = opened(
        "ownr: platform\nprune: yes\nrealms: [eoepca]\nexclusive: [client/demo]\nguards: { deletePct: 101, forbidGain: [{ resource: x }], minAdmin: 1 }\nzone: Wien\n\
         environments:\n  dev: { server: 127.0.0.1, vars: { host: x } }\n  prod: {}\nprotect: client/demo\nrelease: [clinet/x, user/*/realmRoles]\nexternal: [role/shared-*]\n",
    );
    snapbox::assert_data_eq!(said, snapbox::file!["messages.txt"].raw());
}

#[test]
fn the_project_file_is_found_from_a_folder_upward() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let deep = folder.path().join("a/b");
    std::fs::create_dir_all(&deep).expect("a folder");
    assert_eq!(Project::find(&deep), None);
    std::fs::write(folder.path().join(PROJECT_FILE), "").expect("written");
    assert_eq!(Project::find(&deep), Some(folder.path().join(PROJECT_FILE)));
}
