mod folding;
mod values;

use snapbox::{IntoData, assert_data_eq, str};

use super::{Style, drift_text, plan_text};
use crate::plan::drift;
use crate::report::fixture::{SECRET, clean, everything, nasty, together};
use crate::report::safe::is_unsafe;

#[test]
fn a_plan_with_everything_in_it() {
    let (plan, loaded) = everything();
    let text = plan_text(&plan, &loaded.files, &Style::plain());
    assert!(!text.contains(SECRET));
    assert_data_eq!(
        text,
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5)

Changes   8 to create, 5 to update, 1 to delete, 1 to adopt, 1 to forget; 2 held
    back; 3 as declared; 4 not managed here
  ~ realm                                       realm.yaml:2
      displayName  Shop  ->  The shop
  - role/legacy                                 no longer declared
      1 group and 1 role lose it: group/guests, role/default-roles-shop
  + role/returns                                realm.yaml:9, removed in
      Keycloak
      description Comes back
  + role/writer                                 realm.yaml:8
      composites: role/reader
      description
        + Writes,
        + ::set-output name=x::y
  ~ group/guests                                realm.yaml:12, adopts it
      realmRoles  + role/reader
  ~ group/ops                                   realm.yaml:11
      realmRoles   + role/writer
      description  (unset)  ->  Operators
  + client/demo                                 realm.yaml:25
      authorizationServicesEnabled true; secret (secret written in the
          manifest);
      serviceAccountsEnabled true
  + client/demo/authz/permission/R permission   realm.yaml:35
      type resource; policies: Readers; resources: R
  + client/demo/authz/policy/Readers            realm.yaml:33
      type role; roles: role/reader (required)
  + client/demo/authz/resource/R                realm.yaml:31
      scopes: view; uris: /protected/*
  + client/demo/authz/scope/view                realm.yaml:30
  ~ client/web                                  realm.yaml:19
      attributes.login_theme  day      ->  night
      bearerOnly              (unset)  ->  true
      description
        - The shop at
          https://shop.example.org/a/very/long/path/that/goes/on/and/on/and/ends/there
        + The shop at
          https://shop.example.org/a/very/long/path/that/goes/on/and/on/and/ends/here
      redirectUris            + https://new.example.org/*
                              - https://old.example.org/*  (2 stay)
      attributes.old.key      x        ->  (unset)  (no longer declared)
  + user/anna                                   realm.yaml:17
      enabled true;
      credentials: {type: password, value: (secret written in the manifest)};
      realmRoles: role/reader
  ~ user/eric                                   realm.yaml:14
      realmRoles  + role/writer
      realmRoles  - role/legacy (granted outside)
                  - role/other (granted outside)

Forgets   1 object that is gone or released; nothing is deleted
  . role/gone

Kept   2 links that existed before the first apply and are not in the manifests
  group/guests realmRoles: role/legacy, role/other
  remove them with --adopt-exact PATTERN

Held back   2 differences that need your consent
  ~ user/eric    realm.yaml:15, changed in Keycloak
      enabled  false  ->  true
  include it with --allow reenables=1
  ~ client/web   realm.yaml:20
      secret  (hidden)  ->  (secret from environment variable WEB_SECRET)
  include it with --allow secrets=1

Left behind   no longer declared, and stays as it is
  user/leaver
  delete users with `prune: { users: true }` in the project file

Side effects   beyond the objects that change
  ! bearerOnly true ends all logins through client `web`   realm.yaml:21
  ! 2 other objects lose their link to role `legacy`

Cannot tell   whether 1 secret is as declared; it is not sent
  ? realm smtpServer.password   realm.yaml:4
  send with --send-secrets PATTERN

Needs your consent   2 not given yet
  --allow hazards=1   side effects on existing objects
  --allow cascade=1   objects that others own disappear or change
      deleting role `legacy` changes role `default-roles-shop`, which these
          manifests do not own [cascade]

Refused   apply would write nothing
  x group `ops` is protected by `group/ops` and would be changed [protect]
      realm.yaml:11

Verdict   apply would write nothing: 1 refusal
  8 to create, 5 to update, 1 to delete, 1 to adopt, 1 to forget; 2 held back; 3
      as declared; 4 not managed here

"#]]
    );
}

#[test]
fn what_comes_and_goes_with_others_says_with_what() {
    let (plan, loaded) = together(true);
    assert_data_eq!(
        plan_text(&plan, &loaded.files, &Style::plain()),
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5)

Changes   1 to create, 2 to update, 3 to delete, 2 to adopt; 2 as declared; 9
    not managed here
  - role/legacy                  no longer declared
      1 group, 1 role and 1 user lose it: group/guests, role/default-roles-shop,
          user/eric
  ~ role/other                   realm.yaml:4, adopts it
      description  (unset)  ->  Also
  + client/batch                 realm.yaml:2
      serviceAccountsEnabled true
  - client/old                   no longer declared
  - client/old/role/x            because client/old goes
  ~ user/service-account-batch   realm.yaml:3, made with client/batch
      realmRoles  + role/reader

Adopts   1 object that exists as declared is managed from now on; 1 more with
    the updates above
  = group/ops

Side effects   beyond the objects that change
  ! 3 other objects lose their link to role `legacy`

Needs your consent   1 not given yet
  --allow cascade=1   objects that others own disappear or change
      deleting role `legacy` changes role `default-roles-shop`, which these
          manifests do not own [cascade]

Verdict   apply needs your consent: --allow cascade=1
  1 to create, 2 to update, 3 to delete, 2 to adopt; 2 as declared; 9 not
      managed here

"#]]
    );
}

#[test]
fn what_is_left_behind_says_who_still_refers_to_it() {
    let (plan, loaded) = together(false);
    let text = plan_text(&plan, &loaded.files, &Style::plain());
    let left = text.find("Left behind").expect("a section");
    assert_data_eq!(
        &text[left..],
        str![[r#"
Left behind   no longer declared, and stay as they are
  client/old
  client/old/role/x
  role/legacy
      still referred to by group/guests, role/default-roles-shop, user/eric
  delete with --prune

Verdict   can be applied
  1 to create, 2 to update, 2 to adopt; 2 as declared; 9 not managed here

"#]]
    );
}

#[test]
fn nothing_to_do_is_one_line() {
    let (plan, loaded) = clean();
    assert_data_eq!(
        plan_text(&plan, &loaded.files, &Style::plain()),
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5) is as declared (2 objects).

"#]]
    );
}

#[test]
fn a_drift_with_everything_in_it() {
    let (plan, loaded) = everything();
    let text = drift_text(&plan, &drift(&plan), &loaded.files, &Style::plain());
    assert!(!text.contains(SECRET));
    assert_data_eq!(
        text,
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5) is not as declared

Changed   1 object in Keycloak since it was applied: as declared  ->  as it is
  ~ user/eric   realm.yaml:14, apply leaves it alone without --allow reenables
      enabled  true  ->  false

Missing   1 object applied once, and gone from Keycloak
  - role/returns   realm.yaml:9

Unexpected   1 object granted outside the manifests
  + user/eric   realm.yaml:14
      realmRoles  + role/legacy (granted outside)
                  + role/other (granted outside)

Differs   2 objects from what is declared: as declared  ->  as it is
  ~ client/web     realm.yaml:19, apply leaves it alone without --allow secrets
      secret  (secret from environment variable WEB_SECRET)  ->  (hidden)
  ~ group/guests   realm.yaml:12
      realmRoles  - role/reader

Pending   11 objects declared, and not applied yet: as it is  ->  as declared
  + client/demo                                 realm.yaml:25
  + client/demo/authz/permission/R permission   realm.yaml:35
  + client/demo/authz/policy/Readers            realm.yaml:33
  + client/demo/authz/resource/R                realm.yaml:31
  + client/demo/authz/scope/view                realm.yaml:30
  ~ client/web                                  realm.yaml:19
      attributes.login_theme  day      ->  night
      bearerOnly              (unset)  ->  true
      description
        - The shop at
          https://shop.example.org/a/very/long/path/that/goes/on/and/on/and/ends/there
        + The shop at
          https://shop.example.org/a/very/long/path/that/goes/on/and/on/and/ends/here
      redirectUris            + https://new.example.org/*
                              - https://old.example.org/*  (2 stay)
  ~ group/ops                                   realm.yaml:11
      realmRoles   + role/writer
      description  (unset)  ->  Operators
  ~ realm                                       realm.yaml:2
      displayName  Shop  ->  The shop
  + role/writer                                 realm.yaml:8
  + user/anna                                   realm.yaml:17
  ~ user/eric                                   realm.yaml:14
      realmRoles  + role/writer

Leftover   3 objects applied once, and declared no longer
  ~ client/web    realm.yaml:19
      attributes.old.key  (unset)  ->  x
  + role/legacy
  + user/leaver

Refused   apply would write nothing
  x group `ops` is protected by `group/ops` and would be changed [protect]
      realm.yaml:11

Verdict   not as declared: 1 changed, 1 missing, 1 unexpected, 2 different, 11
    pending, 3 leftover, 1 refusal

"#]]
    );
}

#[test]
fn no_drift_is_one_line() {
    let (plan, loaded) = clean();
    assert_data_eq!(
        drift_text(&plan, &[], &loaded.files, &Style::plain()),
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5) is as declared (2 objects).

"#]]
    );
}

#[test]
fn nasty_names_and_values_move_nothing_and_command_nobody() {
    let (plan, loaded) = nasty();
    for text in [
        plan_text(&plan, &loaded.files, &Style::plain()),
        drift_text(&plan, &drift(&plan), &loaded.files, &Style::plain()),
    ] {
        assert!(text.chars().all(|it| it == '\n' || !is_unsafe(it)), "{text}");
        assert!(text.lines().all(|it| !it.trim_start().starts_with("::") && !it.contains("##[")), "{text}");
    }
    assert_data_eq!(plan_text(&plan, &loaded.files, &Style::plain()), str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5\u{1b}[2J)

Changes   6 to create, 1 to update; 1 as declared; 9 not managed here
  + role/\u{1b}[31mred\u{1b}[0m   nasty\n::error::.yaml:5
      description : :set-output name=a::b
  + role/::error::role            nasty\n::error::.yaml:6
      description 日本語の説明 \u{202e}nimda
  + role/longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong
      nasty\n::error::.yaml:7
      description
        + #
          #[group]longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong
  ~ role/reader                   nasty\n::error::.yaml:9
      description  Reads  ->  "a -> b"
  + role/日本語                   nasty\n::error::.yaml:8
      description " (hidden)"
  + client/# #vso[task.x]y        nasty\n::error::.yaml:11
      attributes.api.password (secret written in the manifest);
      attributes.\u{9b}2J : :stop
      attributes.plain
        + a
        + b
  + user/::warning::eric          nasty\n::error::.yaml:14
      enabled true; attributes.a\n::notice::b: \t;
      attributes.api.secret (secret written in the manifest)

Verdict   can be applied
  6 to create, 1 to update; 1 as declared; 9 not managed here

"#]].raw());
}

#[test]
fn color_adds_escapes_and_changes_no_word() {
    let (plan, loaded) = everything();
    let colored = plan_text(&plan, &loaded.files, &Style::colored());
    assert!(colored.contains("\u{1b}[1mChanges\u{1b}[0m"));
    let stripped = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(stripped, plan_text(&plan, &loaded.files, &Style::plain()));
}
