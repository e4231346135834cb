//! Chains as diagrams.

use snapbox::{IntoData, assert_data_eq, str};

use super::super::*;
use super::lab;

fn drawn(language: Language, persona: &str, scope: &str, resource: &str) -> String {
    let lab = lab();
    let explanation = lab.explained(persona, scope, resource);
    let place = |_: &Address| None;
    let asked = Asked {
        realm: "lab",
        client: &lab.client,
        resource,
        scope: Some(scope),
        through: Ways::default(),
        clients: 0,
        place: &place,
        style: Style::plain(),
    };
    why_diagram(language, persona, &[(asked, explanation)])
}

#[test]
fn a_chain_is_drawn_in_mermaid() {
    assert_data_eq!(
        drawn(Language::Mermaid, "bob", "edit", "Maps"),
        str![[r#"
flowchart LR
  n0["bob"]:::plain
  n1["✓ PERMIT<br/>edit on Maps"]:::yes
  n2["✓ permission, all have to say yes<br/>maps are bobs"]:::yes
  n3["✓ policy<br/>only bob"]:::yes
  n4["✓ policy, all have to say yes<br/>both"]:::yes
  n5["✓ policy<br/>readers of eo"]:::yes
  n6["role<br/>eo-editor"]:::plain
  n7["role<br/>eo-reader"]:::plain
  n8["✓ policy, NEGATIVE<br/>not banned"]:::yes
  n3 --> n2
  n0 -->|"meets it"| n3
  n4 --> n2
  n5 --> n4
  n0 --> n6
  n6 --> n7
  n7 --> n5
  n8 --> n4
  n0 -.->|"does not meet it"| n8
  n2 --> n1
  classDef plain fill:#ffffff,stroke:#57606a,color:#1b1f24
  classDef yes fill:#d3f3da,stroke:#0a4f1c,color:#0a4f1c
  classDef no fill:#f6f8fa,stroke:#57606a,color:#57606a
  classDef open fill:#ffefb8,stroke:#5c3d00,color:#5c3d00

"#]]
        .raw()
    );
}

#[test]
fn a_chain_is_drawn_in_dot() {
    assert_data_eq!(drawn(Language::Dot, "dave", "view", "Night"), str![[r##"
digraph why {
  rankdir=LR
  node [shape=box, style="rounded,filled", fontname="Helvetica"]
  edge [fontname="Helvetica"]
  n0 [label="dave", fillcolor="#ffffff", color="#57606a", fontcolor="#1b1f24"]
  n1 [label="? UNKNOWN\nview on Night", fillcolor="#ffefb8", color="#5c3d00", fontcolor="#5c3d00"]
  n2 [label="? permission, all have to say yes\nnight", fillcolor="#ffefb8", color="#5c3d00", fontcolor="#5c3d00"]
  n3 [label="? policy\noffice hours", fillcolor="#ffefb8", color="#5c3d00", fontcolor="#5c3d00"]
  n4 [label="? policy\nscript", fillcolor="#ffefb8", color="#5c3d00", fontcolor="#5c3d00"]
  n5 [label="✓ policy\nreaders of eo", fillcolor="#d3f3da", color="#0a4f1c", fontcolor="#0a4f1c"]
  n6 [label="role\neo-editor", fillcolor="#ffffff", color="#57606a", fontcolor="#1b1f24"]
  n7 [label="role\neo-reader", fillcolor="#ffffff", color="#57606a", fontcolor="#1b1f24"]
  n3 -> n2 [style=dashed, label=""]
  n0 -> n3 [style=dashed, label="cannot be told"]
  n4 -> n2 [style=dashed, label=""]
  n0 -> n4 [style=dashed, label="cannot be told"]
  n5 -> n2 [style=solid, label=""]
  n0 -> n6 [style=solid, label=""]
  n6 -> n7 [style=solid, label=""]
  n7 -> n5 [style=solid, label=""]
  n2 -> n1 [style=dashed, label=""]
}

"##]].raw());
}

#[test]
fn where_no_permission_decides_a_diagram_says_what_does() {
    assert_data_eq!(
        drawn(Language::Dot, "alice", "view", "Loose"),
        str![[r##"
digraph why {
  rankdir=LR
  node [shape=box, style="rounded,filled", fontname="Helvetica"]
  edge [fontname="Helvetica"]
  n0 [label="alice", fillcolor="#ffffff", color="#57606a", fontcolor="#1b1f24"]
  n1 [label="– DENY\nview on Loose", fillcolor="#f6f8fa", color="#57606a", fontcolor="#57606a"]
  n2 [label="– no permission applies", fillcolor="#f6f8fa", color="#57606a", fontcolor="#57606a"]
  n0 -> n2 [style=solid, label=""]
  n2 -> n1 [style=dashed, label=""]
}

"##]]
        .raw()
    );
}

#[test]
fn a_diagram_obeys_no_name() {
    let mermaid = drawn(Language::Mermaid, "bob", "view", "=1<b>&");
    assert!(mermaid.contains("view on #61;1#60;b#62;#38;"), "{mermaid}");
    for persona in ["{user: bob}", "{roles: [eo-reader], claims: {x: 'a\"]-->b'}}"] {
        let mermaid = drawn(Language::Mermaid, persona, "view", "Maps");
        let label =
            mermaid.lines().nth(1).and_then(|it| it.strip_prefix("  n0[\"")?.strip_suffix("\"]:::plain"));
        assert!(label.is_some_and(|it| !it.contains(['"', '{', ']', '<'])), "{mermaid}");
        let dot = drawn(Language::Dot, persona, "view", "Maps");
        let label = dot
            .lines()
            .nth(4)
            .and_then(|it| it.strip_prefix("  n0 [label=\"")?.split("\", fillcolor").next());
        assert!(label.is_some_and(|it| !it.replace("\\\"", "").contains('"')), "{dot}");
    }
}
