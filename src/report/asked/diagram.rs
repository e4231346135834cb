//! Why somebody may do something, or may not, as a diagram: in Mermaid, and in Graphviz's DOT.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::matrix::verdict;
use super::words::way;
use super::{Asked, one_line};
use crate::access::{Asks, CoveredBy, Explanation, Holds, PermissionSays, PolicySays, Strategy};
use crate::kind::{has_members, wire_name};

/// What a diagram is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Mermaid,
    Dot,
}

/// What was asked, and everything that the answer comes from.
type Answer<'a> = (Asked<'a>, Explanation);

/// Draws the ways from a persona over roles, groups, policies and permissions to what they ask for. All answers stand in
/// one diagram.
pub fn why_diagram(language: Language, persona: &str, answers: &[Answer<'_>]) -> String {
    let mut drawing = Drawing::default();
    for answer in answers {
        drawing.answer(persona, answer);
    }
    match language {
        Language::Mermaid => drawing.mermaid(),
        Language::Dot => drawing.dot(),
    }
}

/// How a node looks: by what it says, never by color alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    Plain,
    Yes,
    No,
    Open,
}

impl Look {
    fn of(holds: Holds) -> Self {
        match holds {
            Holds::Yes => Self::Yes,
            Holds::No => Self::No,
            Holds::Unknown | Holds::Fails => Self::Open,
        }
    }

    fn granted(grants: Option<bool>) -> Self {
        match grants {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Open,
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Yes => "✓ ",
            Self::No => "– ",
            Self::Open => "? ",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Yes => "yes",
            Self::No => "no",
            Self::Open => "open",
        }
    }

    /// Fill, line and text.
    fn colors(self) -> [&'static str; 3] {
        match self {
            Self::Plain => ["#ffffff", "#57606a", "#1b1f24"],
            Self::Yes => ["#d3f3da", "#0a4f1c", "#0a4f1c"],
            Self::No => ["#f6f8fa", "#57606a", "#57606a"],
            Self::Open => ["#ffefb8", "#5c3d00", "#5c3d00"],
        }
    }
}

const LOOKS: [Look; 4] = [Look::Plain, Look::Yes, Look::No, Look::Open];

#[derive(Default)]
struct Drawing {
    /// What each is, what it is called, and how it looks.
    nodes: Vec<(String, String, Look)>,
    known: BTreeMap<String, usize>,
    /// From, to, words, and whether it leads on.
    edges: Vec<(usize, usize, &'static str, bool)>,
}

impl Drawing {
    /// Returns the node of a thing, which is drawn once.
    fn node(&mut self, key: String, kind: &str, called: &str, look: Look) -> usize {
        let nodes = &mut self.nodes;
        *self.known.entry(key).or_insert_with(|| {
            nodes.push((kind.to_owned(), one_line(called), look));
            nodes.len() - 1
        })
    }

    fn edge(&mut self, from: usize, to: usize, words: &'static str, leads: bool) {
        // A role that is asked for by itself is one node.
        if from == to {
            return;
        }
        if !self.edges.iter().any(|it| (it.0, it.1) == (from, to)) {
            self.edges.push((from, to, words, leads));
        }
    }

    fn answer(&mut self, persona: &str, (asked, explanation): &Answer<'_>) {
        let grants = explanation.decision.grants(asked.scope);
        let who = self.node("who".to_owned(), "", persona, Look::Plain);
        let what = match asked.scope {
            Some(scope) => format!("{scope} on {}", asked.resource),
            None => asked.resource.to_owned(),
        };
        let key = format!("what {} {what}", asked.client);
        let what = self.node(key, verdict(grants), &what, Look::granted(grants));
        for it in &explanation.permissions {
            self.permission(who, it, what);
        }
        if explanation.permissions.is_empty() {
            // The chain says what decides where no permission does.
            let inner = explanation.decision.path.len().saturating_sub(1);
            let steps = explanation.decision.path.get(1..inner).unwrap_or_default();
            let mut from = who;
            for step in steps {
                let to = self.node(format!("step {}", step.text), "", &step.text, Look::granted(grants));
                self.edge(from, to, "", true);
                from = to;
            }
            self.edge(from, what, "", grants == Some(true));
        }
    }

    fn permission(&mut self, who: usize, it: &PermissionSays, what: usize) {
        let look = it.says.map_or(Look::No, Look::of);
        let is_role = it.covers == CoveredBy::Role;
        let kind = if is_role {
            "role".to_owned()
        } else {
            format!("permission{}", needs(it.strategy, it.policies.len()))
        };
        let node = self.node(it.address.to_string(), &kind, it.address.name(), look);
        for policy in &it.policies {
            self.policy(who, policy, node);
        }
        let words = match (it.says, it.covers) {
            (None, _) => "is skipped: it has no policies",
            (_, CoveredBy::Named) => "",
            (_, CoveredBy::OfType) => "covers its type",
            (_, CoveredBy::Model) => "covers one of its type",
            (_, CoveredBy::Anywhere) => "covers the scope anywhere",
            (_, CoveredBy::Members) => "covers members of a group",
            (_, CoveredBy::All) => "covers all of the type",
            (_, CoveredBy::Role) => "is enough",
        };
        self.edge(node, what, words, it.says == Some(Holds::Yes));
    }

    fn policy(&mut self, who: usize, it: &PolicySays, above: usize) {
        let negative = if it.negative { ", NEGATIVE" } else { "" };
        let needs = match &it.asks {
            Asks::Policies { policies, strategy } => needs(*strategy, policies.len()),
            _ => "",
        };
        let kind = format!("policy{negative}{needs}");
        let node = self.node(it.address.to_string(), &kind, it.address.name(), Look::of(it.says));
        self.edge(node, above, "", it.says == Holds::Yes);
        let met = match it.says {
            Holds::Yes => Some(!it.negative),
            Holds::No => Some(it.negative),
            Holds::Unknown | Holds::Fails => None,
        };
        let mut from = who;
        if let Asks::Policies { policies, .. } = &it.asks {
            for inner in policies {
                self.policy(who, inner, node);
            }
            return;
        }
        for (_, step) in way(&it.asks) {
            let key = step.address.as_ref().map_or_else(|| step.text.clone(), ToString::to_string);
            let (kind, called) = match &step.address {
                Some(it) if has_members(it) => (it.kind().word, wire_name(it)),
                _ => ("", step.text.clone()),
            };
            let to = self.node(key, kind, &called, Look::Plain);
            self.edge(from, to, "", true);
            from = to;
        }
        let words = match met {
            Some(true) => "meets it",
            Some(false) => "does not meet it",
            None => "cannot be told",
        };
        self.edge(from, node, if from == who { words } else { "" }, met == Some(true));
    }

    fn mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let label = |kind: &str, name: &str, look: Look| {
            let kind = if kind.is_empty() { String::new() } else { format!("{}<br/>", mermaid(kind)) };
            format!("{}{kind}{}", look.symbol(), mermaid(name))
        };
        for (at, (kind, name, look)) in self.nodes.iter().enumerate() {
            line(&mut out, &format!("  n{at}[\"{}\"]:::{}", label(kind, name, *look), look.name()));
        }
        for (from, to, words, leads) in &self.edges {
            let arrow = if *leads { "-->" } else { "-.->" };
            let words = if words.is_empty() { String::new() } else { format!("|\"{}\"|", mermaid(words)) };
            line(&mut out, &format!("  n{from} {arrow}{words} n{to}"));
        }
        for look in LOOKS {
            let [fill, stroke, color] = look.colors();
            line(&mut out, &format!("  classDef {} fill:{fill},stroke:{stroke},color:{color}", look.name()));
        }
        out
    }

    fn dot(&self) -> String {
        let mut out = String::from(
            "digraph why {\n  rankdir=LR\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\"]\n  edge [fontname=\"Helvetica\"]\n",
        );
        for (at, (kind, name, look)) in self.nodes.iter().enumerate() {
            let [fill, stroke, color] = look.colors();
            let kind = if kind.is_empty() { String::new() } else { format!("{}\\n", dot(kind)) };
            let label = format!("{}{kind}{}", look.symbol(), dot(name));
            let colors = format!("fillcolor=\"{fill}\", color=\"{stroke}\", fontcolor=\"{color}\"");
            line(&mut out, &format!("  n{at} [label=\"{label}\", {colors}]"));
        }
        for (from, to, words, leads) in &self.edges {
            let style = if *leads { "solid" } else { "dashed" };
            line(&mut out, &format!("  n{from} -> n{to} [style={style}, label=\"{}\"]", dot(words)));
        }
        out.push_str("}\n");
        out
    }
}

fn line(out: &mut String, line: &str) {
    writeln!(out, "{line}").expect("a string takes everything");
}

fn needs(strategy: Strategy, count: usize) -> &'static str {
    match (strategy, count) {
        (_, 0 | 1) => "",
        (Strategy::Unanimous, _) => ", all have to say yes",
        (Strategy::Affirmative, _) => ", one yes is enough",
        (Strategy::Consensus, _) => ", more yes than no",
    }
}

/// Returns a text as it may stand between quotes of Mermaid: letters, digits and blanks as they are, the rest as codes.
/// A dash or a dot stays within a word; elsewhere it may begin a list.
fn mermaid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_in_word = false;
    for it in text.chars() {
        if it.is_alphanumeric() || matches!(it, ' ' | ',' | '/') || (is_in_word && matches!(it, '-' | '.')) {
            out.push(it);
        } else {
            write!(out, "#{};", u32::from(it)).expect("a string takes everything");
        }
        is_in_word = it.is_alphabetic();
    }
    out
}

/// Returns a text as it may stand between quotes of DOT.
fn dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
