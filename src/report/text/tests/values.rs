//! How values are shown that are long, have lines, or must not be shown.

use snapbox::{IntoData, assert_data_eq, str};

use super::super::{Style, plan_text};
use crate::change::{Action, Change, FieldChange, Path, To, Why};
use crate::diff::Diff;
use crate::kind::parse_address;
use crate::plan::Plan;
use crate::state::{Is, Node};
use crate::text::{At, Files};

const CSP: [&str; 2] = [
    "frame-src 'self' https://a.example.org; frame-ancestors 'self' https://portal.example.org https://intranet.example.org; object-src 'none'; script-src 'self' https://cdn.example.org; base-uri 'self'",
    "frame-src 'self' https://b.example.org; frame-ancestors 'self' https://portal.example.org https://intranet.example.org; object-src 'none'; script-src * 'unsafe-inline' 'unsafe-eval'; base-uri 'self'",
];
const PATTERN: [&str; 2] = [
    "^(alice|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance)[.]example[.]org$",
    "^(alicia|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance|[a-z.-]+@evil[.]example[.]org|[a-z]+)[.]example[.]org$",
];
const SCRIPT: [&str; 2] = [
    "var a = 1;\nvar b = 2;\nvar c = 3;\nvar d = 4;\nvar e = 5;\nif (a > b) {\n\tdeny();\n}\nvar f = 6;\nvar g = 7;\nvar h = 8;\nvar i = 9;\nvar j = 10;\ngrant();",
    "var a = 1;\nvar b = 2;\nvar c = 3;\nvar d = 4;\nvar e = 5;\nif (a > b) {\n\tgrant();\n}\nvar f = 6;\nvar g = 7;\nvar h = 8;\nvar i = 9;\nvar j = 10;\ngrant();\nlog();",
];

fn text(value: &str) -> Node {
    Node::text(At::SERVER, value)
}

fn list(values: &[&str]) -> Node {
    Node::new(At::SERVER, Is::List(values.iter().map(|it| text(it)).collect()))
}

fn shown(
    action: Action,
    object: &str,
    fields: Vec<(&str, Option<Node>, Option<Node>)>,
    width: usize,
) -> String {
    let field = |(path, from, to): (&str, Option<Node>, Option<Node>)| {
        let path =
            path.split_once('.').map_or_else(|| Path::field(path), |(field, key)| Path::key(field, key));
        FieldChange {
            path,
            from,
            to: to.map_or(To::Unset, To::Value),
            why: Why::ManifestChanged,
            at: At::SERVER,
        }
    };
    let change = Change {
        object: parse_address(object).expect("an address"),
        action,
        why: Why::ManifestChanged,
        fields: fields.into_iter().map(field).collect(),
        adopted: false,
        at: At::SERVER,
    };
    let plan =
        Plan { exists: true, diff: Diff { changes: vec![change], ..Diff::default() }, ..Plan::default() };
    let text = plan_text(&plan, &Files::default(), &Style::plain().wide(width));
    text.split("\n\n").nth(1).unwrap_or_default().split_once('\n').unwrap_or_default().1.to_owned()
}

fn both(path: &'static str, values: [&str; 2]) -> (&'static str, Option<Node>, Option<Node>) {
    (path, Some(text(values[0])), Some(text(values[1])))
}

fn updates() -> Vec<(&'static str, Option<Node>, Option<Node>)> {
    vec![
        both("browserSecurityHeaders.contentSecurityPolicy", CSP),
        both("attributes.pattern", PATTERN),
        both("attributes.script", SCRIPT),
        both("displayName", ["Shop", "The shop"]),
        ("attributes.long", None, Some(text(CSP[0]))),
        ("attributes.gone", Some(text(SCRIPT[0])), None),
        ("attributes.empty", Some(text(PATTERN[0])), Some(text(""))),
        both("attributes.client_secret", ["one\ntwo", "three\nfour"]),
        ("uris", Some(list(&["/a", "/b", "/c", "/d"])), Some(list(&["/d", "/a", "/b", "/c"]))),
        ("scopes", Some(list(&["/b", PATTERN[0]])), Some(list(&["/b", PATTERN[1]]))),
    ]
}

#[test]
fn no_part_that_changed_is_cut() {
    assert_data_eq!(
        shown(Action::Update, "client/web", updates(), 80),
        str![[r#"
  ~ client/web
      browserSecurityHeaders.contentSecurityPolicy
        - frame-src 'self' https://a.example.org; frame-ancestors … object-src
          'none'; script-src 'self' https://cdn.example.org; base-uri 'self'
        + frame-src 'self' https://b.example.org; frame-ancestors … object-src
          'none'; script-src * 'unsafe-inline' 'unsafe-eval'; base-uri 'self'
      attributes.pattern
        - ^(alice|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance)[.]example[.]org$
        + ^(alicia|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance|[a-z.-]+@evil[.]example[.]org|[a-z]+)[.]example[.]org$
      attributes.script
          … 3 lines that stay
          var d = 4;
          var e = 5;
          if (a > b) {
        -     deny();
        +     grant();
          }
          var f = 6;
          var g = 7;
          var h = 8;
          var i = 9;
          var j = 10;
          grant();
        + log();
      displayName               Shop            ->  The shop
      attributes.long
        - (unset)
        + frame-src 'self' https://a.example.org; frame-ancestors 'self'
          https://portal.example.org https://intranet.example.org; object-src
          'none'; script-src 'self' https://cdn.example.org; base-uri 'self'
      attributes.gone
        - var a = 1;
        - var b = 2;
        - var c = 3;
        - var d = 4;
        - var e = 5;
        - if (a > b) {
        -     deny();
        - }
        - var f = 6;
        - var g = 7;
        - var h = 8;
        - var i = 9;
        - var j = 10;
        - grant();
        + (unset)
      attributes.empty
        - ^(alice|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance)[.]example[.]org$
        + ""
      attributes.client_secret  (hidden)        ->  (hidden)
      uris                      /a, /b, /c, /d  ->  /d, /a, /b, /c
      scopes
        - ^(alice|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance)[.]example[.]org$
        + ^(alicia|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance|[a-z.-]+@evil[.]example[.]org|[a-z]+)[.]example[.]org$
"#]]
        .raw()
    );
}

#[test]
fn narrow_terminals_show_the_same() {
    assert_data_eq!(
        shown(Action::Update, "client/web", updates(), 50),
        str![[r#"
  ~ client/web
      browserSecurityHeaders.contentSecurityPolicy
        - frame-src 'self' https://a.example.org;
          frame-ancestors … object-src 'none';
          script-src 'self'
          https://cdn.example.org; base-uri 'self'
        + frame-src 'self' https://b.example.org;
          frame-ancestors … object-src 'none';
          script-src * 'unsafe-inline'
          'unsafe-eval'; base-uri 'self'
      attributes.pattern
        - ^(alice|bob|carol|dave|erin| …
          )@(sales|support|finance)[.]example[.]org$
        + ^(alicia|bob|carol|dave|erin| …
          )@(sales|support|finance|[a-z.-]+@evil[.]example[.]org|[a-z]+)[.]example[.]org$
      attributes.script
          … 3 lines that stay
          var d = 4;
          var e = 5;
          if (a > b) {
        -     deny();
        +     grant();
          }
          var f = 6;
          var g = 7;
          var h = 8;
          var i = 9;
          var j = 10;
          grant();
        + log();
      displayName       Shop      ->  The shop
      attributes.long
        - (unset)
        + frame-src 'self' https://a.example.org;
          frame-ancestors 'self'
          https://portal.example.org
          https://intranet.example.org; object-src
          'none'; script-src 'self'
          https://cdn.example.org; base-uri 'self'
      attributes.gone
        - var a = 1;
        - var b = 2;
        - var c = 3;
        - var d = 4;
        - var e = 5;
        - if (a > b) {
        -     deny();
        - }
        - var f = 6;
        - var g = 7;
        - var h = 8;
        - var i = 9;
        - var j = 10;
        - grant();
        + (unset)
      attributes.empty
        - ^(alice|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance)[.]example[.]org$
        + ""
      attributes.client_secret  (hidden)  ->
          (hidden)
      uris
        - /a, /b, /c, /d
        + /d, /a, /b, /c
      scopes
        - ^(alice|bob|carol|dave|erin| …
          )@(sales|support|finance)[.]example[.]org$
        + ^(alicia|bob|carol|dave|erin| …
          )@(sales|support|finance|[a-z.-]+@evil[.]example[.]org|[a-z]+)[.]example[.]org$
"#]]
        .raw()
    );
}

#[test]
fn values_of_new_objects_are_whole() {
    let fields = vec![
        ("type", None, Some(text("js"))),
        ("code", None, Some(text(SCRIPT[0]))),
        ("description", None, Some(text("short"))),
        ("pattern", None, Some(text(PATTERN[1]))),
        ("header", None, Some(list(&[CSP[1]]))),
        (
            "uris",
            None,
            Some(list(&["/one/*", "/two/*", "/a/path/that/is/long/*", "/another/path/that/is/long/*"])),
        ),
        ("api_secret", None, Some(text("one\ntwo"))),
    ];
    assert_data_eq!(shown(Action::Create, "client/web/authz/policy/P", fields, 80), str![[r#"
  + client/web/authz/policy/P
      type js; description short;
      uris: /one/*, /two/*, /a/path/that/is/long/*,
          /another/path/that/is/long/*;
      api_secret (hidden)
      code
        + var a = 1;
        + var b = 2;
        + var c = 3;
        + var d = 4;
        + var e = 5;
        + if (a > b) {
        +     deny();
        + }
        + var f = 6;
        + var g = 7;
        + var h = 8;
        + var i = 9;
        + var j = 10;
        + grant();
      pattern
        + ^(alicia|bob|carol|dave|erin|frank|grace|heidi)@(sales|support|finance|[a-z.-]+@evil[.]example[.]org|[a-z]+)[.]example[.]org$
      header
        + frame-src 'self' https://b.example.org; frame-ancestors 'self'
          https://portal.example.org https://intranet.example.org; object-src
          'none'; script-src * 'unsafe-inline' 'unsafe-eval'; base-uri 'self'
"#]].raw());
}

#[test]
fn certificates_fold_nowhere() {
    let fields = vec![both("attributes.certificate", [&"MIIC+a/".repeat(40), &"MIID/b+".repeat(40)])];
    let text = shown(Action::Update, "client/web", fields, 80);
    assert!(text.contains(&"MIIC+a/".repeat(40)) && text.contains(&"MIID/b+".repeat(40)), "{text}");
}
