//! Why somebody may do something, or may not, or why that cannot be told.

use super::words::{need, needed, permission, policy, quoted, way, way_out};
use super::{Asked, one_line};
use crate::access::{
    Asks, CoveredBy, Explanation, Holds, Mode, PermissionSays, PolicySays, Strategy, Verdict,
};
use crate::report::text::painted;
use crate::state::Address;

/// Explains a decision about one persona.
pub fn why_text(asked: &Asked<'_>, persona: &str, explanation: &Explanation) -> String {
    let grants = explanation.decision.grants(asked.scope);
    let page = Page { asked, persona, explanation };
    let mut out = vec![page.heading(grants), String::new()];
    if let Some(sentence) = page.without_permissions(grants) {
        out.push(sentence);
    } else {
        match grants {
            Some(true) => page.permit(&mut out),
            Some(false) => page.deny(&mut out),
            None => page.unknown(&mut out),
        }
    }
    if grants.is_none() {
        page.ways_out(&mut out);
    }
    let notes = &explanation.decision.notes;
    if !notes.is_empty() {
        out.extend([String::new(), page.title("Beside that")]);
        out.extend(notes.iter().map(|it| format!("  {}.", one_line(it))));
    }
    out.join("\n") + "\n"
}

struct Page<'a> {
    asked: &'a Asked<'a>,
    persona: &'a str,
    explanation: &'a Explanation,
}

impl Page<'_> {
    fn heading(&self, grants: Option<bool>) -> String {
        let (who, what) = (one_line(self.persona), self.asked.what());
        let style = &self.asked.style;
        let word = |word, style| painted(style, word);
        let does = self.asked.verb();
        match grants {
            Some(true) => format!("{}: {who} may {does} {what}.", word("PERMIT", style.create)),
            Some(false) => format!("{}: {who} may not {does} {what}.", word("DENY", style.delete)),
            None => format!(
                "{}: whether {who} may {does} {what} cannot be told from here.",
                word("UNKNOWN", style.update)
            ),
        }
    }

    fn title(&self, text: &str) -> String {
        painted(self.asked.style.title, text)
    }

    /// The one sentence where no permission has a say.
    fn without_permissions(&self, grants: Option<bool>) -> Option<String> {
        let Explanation { mode, anonymous, has, permissions, .. } = self.explanation;
        if *anonymous {
            return Some(format!("{} asks without a token, and nobody is let in without one.", self.persona));
        }
        if let Some(scope) = self.asked.scope
            && !has.iter().any(|it| it == scope)
        {
            let has = has.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(", ");
            let has = if has.is_empty() { "no scopes at all".to_owned() } else { format!("only {has}") };
            let resource = quoted(self.asked.resource);
            return Some(format!("{resource} does not have the scope {}: it has {has}.", quoted(scope)));
        }
        let settings = self.at(&self.explanation.settings);
        if *mode == Mode::Disabled {
            return Some(format!(
                "The client does not enforce anything (DISABLED), so everything is permitted.\n    {settings}"
            ));
        }
        if !permissions.is_empty() || grants.is_none() {
            return None;
        }
        Some(match (mode, grants) {
            (Mode::Permissive, Some(true)) => format!(
                "No permission covers it, and the client permits what none covers (PERMISSIVE).\n    {settings}"
            ),
            (Mode::Permissive, _) => format!(
                "No permission covers it, and what its owner manages stays closed without one, though the client permits\nwhat none covers (PERMISSIVE).\n    {settings}"
            ),
            _ => format!(
                "No permission covers it, and the client denies what none covers (ENFORCING).\n    {settings}\nOnly a permission that covers it could change that."
            ),
        })
    }

    fn permit(&self, out: &mut Vec<String>) {
        let permissions = &self.explanation.permissions;
        let granting: Vec<&PermissionSays> =
            permissions.iter().filter(|it| it.says == Some(Holds::Yes)).collect();
        for (at, it) in granting.iter().enumerate() {
            if at > 0 {
                out.push(String::new());
            }
            let head = if at == 0 { "How it comes about" } else { "So does another permission" };
            out.push(self.title(head));
            out.push(format!("  {}", one_line(self.persona)));
            let own = self.explanation.decision.path.first().and_then(|it| it.address.as_ref());
            out.extend(own.map(|it| format!("      {}", self.at(it))));
            let all = it.strategy == Strategy::Unanimous;
            let mut deciding = it.policies.iter().filter(|it| it.says == Holds::Yes);
            let shown: Vec<&PolicySays> =
                if all { deciding.collect() } else { deciding.next().into_iter().collect() };
            for (at, it) in shown.into_iter().enumerate() {
                self.chain(it, at > 0, out);
            }
            self.linked(&permission(it, &self.what()), &it.address, out);
        }
        if permissions.len() > granting.len() {
            let others: Vec<&PermissionSays> =
                permissions.iter().filter(|it| it.says != Some(Holds::Yes)).collect();
            out.extend([
                String::new(),
                self.title("Other permissions cover it too, which does not change the answer"),
            ]);
            for it in others {
                self.permission(it, out);
            }
        }
    }

    /// The links to a policy that says yes, and the policy.
    fn chain(&self, it: &PolicySays, is_another: bool, out: &mut Vec<String>) {
        if let Asks::Policies { policies, .. } = &it.asks
            && !it.negative
        {
            for (at, inner) in policies.iter().filter(|it| it.says == Holds::Yes).enumerate() {
                self.chain(inner, is_another || at > 0, out);
            }
        }
        if !it.negative {
            for (at, (words, step)) in way(&it.asks).into_iter().enumerate() {
                let words = if is_another && at == 0 {
                    format!("and {} {words}", one_line(self.persona))
                } else {
                    words
                };
                match &step.address {
                    Some(address) => self.linked(&words, address, out),
                    None => out.push(format!("  → {words}")),
                }
            }
        }
        // A role is what it asks for itself.
        if !it.is_a_role() {
            self.linked(&policy(it, self.persona), &it.address, out);
        }
    }

    fn linked(&self, words: &str, address: &Address, out: &mut Vec<String>) {
        out.push(format!("  → {words}"));
        out.push(format!("      {}", self.at(address)));
    }

    fn deny(&self, out: &mut Vec<String>) {
        let permissions = &self.explanation.permissions;
        let against: Vec<&PermissionSays> =
            permissions.iter().filter(|it| it.says != Some(Holds::Yes)).collect();
        out.push(self.title(&match (permissions.len(), self.explanation.strategy) {
            (1, _) if permissions[0].covers == CoveredBy::Role => "One role is what it takes".to_owned(),
            (1, _) => "One permission covers it".to_owned(),
            (count, Strategy::Affirmative) => {
                format!("{count} permissions cover it; one that grants it would do (AFFIRMATIVE)")
            }
            (count, _) => format!("{count} permissions cover it; each of them has to grant it (UNANIMOUS)"),
        }));
        for it in permissions {
            self.permission(it, out);
        }
        out.extend([String::new(), self.title("What would be needed")]);
        let who = one_line(self.persona);
        for it in &against {
            let need = needed(&it.policies, it.strategy);
            let by = match against.len() {
                1 => String::new(),
                _ => format!("for permission {}: ", quoted(it.address.name())),
            };
            out.push(match (it.says, need.is_empty()) {
                (None, _) => {
                    format!("  {by}permission {} would have to have policies.", quoted(it.address.name()))
                }
                (_, true) => format!("  {by}nothing that can be told from here."),
                (_, false) => format!("  {by}{who} would have to {need}."),
            });
        }
        if against.is_empty() {
            out.push(
                "  Each of them says yes by itself; together they leave nothing of what is asked for."
                    .to_owned(),
            );
        }
    }

    fn unknown(&self, out: &mut Vec<String>) {
        if self.explanation.permissions.is_empty() {
            return;
        }
        out.push(self.title("What it hangs on"));
        for it in &self.explanation.permissions {
            self.permission(it, out);
        }
    }

    fn ways_out(&self, out: &mut Vec<String>) {
        let Verdict::Unknown { doubts, .. } = &self.explanation.decision.verdict else { return };
        if out.last().is_some_and(|it| !it.is_empty()) {
            out.push(String::new());
        }
        out.push(self.title("How to find out"));
        let mut lines: Vec<String> = doubts.iter().map(|it| format!("  {}.", way_out(it))).collect();
        lines.dedup();
        out.extend(lines);
    }

    /// A permission with its policies below it.
    fn permission(&self, it: &PermissionSays, out: &mut Vec<String>) {
        out.push(format!("  {}", permission(it, &self.what())));
        out.push(format!("      {}", self.at(&it.address)));
        for it in it.policies.iter().filter(|it| !it.is_a_role()) {
            self.policy(it, 2, out);
        }
    }

    fn policy(&self, it: &PolicySays, depth: usize, out: &mut Vec<String>) {
        let indent = "  ".repeat(depth);
        out.push(format!("{indent}{}", policy(it, self.persona)));
        out.push(format!("{indent}    {}", self.at(&it.address)));
        if let Asks::Policies { policies, .. } = &it.asks {
            for inner in policies {
                self.policy(inner, depth + 1, out);
            }
        }
    }

    fn what(&self) -> String {
        let resource = quoted(self.asked.resource);
        match self.asked.scope {
            Some(scope) => format!("{} on {resource}", quoted(scope)),
            None => resource,
        }
    }

    /// The address of an object, and where it is declared.
    fn at(&self, address: &Address) -> String {
        let place = (self.asked.place)(address).map(|it| format!("   {}", one_line(&it))).unwrap_or_default();
        painted(self.asked.style.dim, &format!("{}{place}", one_line(&address.to_string())))
    }
}

/// Returns what would be needed, permission by permission; nothing for a permit.
pub(super) fn needs(explanation: &Explanation, scope: Option<&str>) -> Vec<(Address, Vec<String>)> {
    if explanation.decision.grants(scope) != Some(false) {
        return Vec::new();
    }
    let lacking = |it: &PermissionSays| -> Vec<String> {
        it.policies.iter().filter(|it| it.says != Holds::Yes).map(need).collect()
    };
    let against = explanation.permissions.iter().filter(|it| it.says != Some(Holds::Yes));
    against.map(|it| (it.address.clone(), lacking(it))).collect()
}
