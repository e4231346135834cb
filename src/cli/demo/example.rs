//! The example that the demo applies: its manifests, an edit of them, and secrets drawn for them.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

use crate::keycloak::Secret;
use crate::manifest::{self, Desired, Loaded, Project, Secrets};
use crate::report;
use crate::text::{Note, hex};

/// The example that the demo applies, as it stands in `examples/realm-config`.
const EXAMPLE: &[(&str, &str)] = &[
    ("realmwright.yaml", include_str!("../../../examples/realm-config/realmwright.yaml")),
    ("realm.yaml", include_str!("../../../examples/realm-config/realm.yaml")),
    ("client-scopes.yaml", include_str!("../../../examples/realm-config/client-scopes.yaml")),
    ("roles.yaml", include_str!("../../../examples/realm-config/roles.yaml")),
    ("groups.yaml", include_str!("../../../examples/realm-config/groups.yaml")),
    ("users.yaml", include_str!("../../../examples/realm-config/users.yaml")),
    ("clients/demo.yaml", include_str!("../../../examples/realm-config/clients/demo.yaml")),
    ("clients/demo-app.yaml", include_str!("../../../examples/realm-config/clients/demo-app.yaml")),
    ("clients/dummy-service.yaml", include_str!("../../../examples/realm-config/clients/dummy-service.yaml")),
    ("clients/identity-api.yaml", include_str!("../../../examples/realm-config/clients/identity-api.yaml")),
    ("access/demo.yaml", include_str!("../../../examples/realm-config/access/demo.yaml")),
];

/// An edit as in a pull request: a file, a text that it holds once, and what stands there afterwards.
type Edit = (&'static str, &'static str, &'static str);

/// Alice becomes a premium user, and Eric's space is for premium users, of whom Eric is one.
const PULL_REQUEST: &[Edit] = &[
    (
        "users.yaml",
        "      - { type: password, value: { fromEnv: ALICE_PASSWORD } }\n    realmRoles: [user]\n",
        "      - { type: password, value: { fromEnv: ALICE_PASSWORD } }\n    realmRoles: [user, user-premium]\n",
    ),
    (
        "clients/demo-app.yaml",
        "        - { name: Only Alice User Policy, type: user, users: [alice] }\n",
        "        - { name: Only Alice User Policy, type: user, users: [alice] }\n        \
         - { name: Premium users, type: role, roles: [user-premium] }\n",
    ),
    (
        "clients/demo-app.yaml",
        "          policies: [Only Eric User Policy]\n",
        "          policies: [Premium users]\n",
    ),
    (
        "access/demo.yaml",
        "    alice: { deny: [view], why: Alice has not paid for the premium services }\n",
        "    alice: { permit: [view], via: [role/user-premium] }\n",
    ),
];

/// The example as anybody would read it, and random secrets for what it takes from the environment.
pub(super) struct Example {
    pub(super) project: Project,
    pub(super) loaded: Loaded,
    pub(super) secrets: Secrets,
    drawn: BTreeMap<String, String>,
}

impl Example {
    /// Writes the example to a folder and reads it.
    pub(super) fn read(folder: &std::path::Path) -> anyhow::Result<Self> {
        for (name, text) in EXAMPLE {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, text)?;
        }
        let project = Project::open(&folder.join(manifest::PROJECT_FILE));
        let loaded = load(&project, EXAMPLE)?;
        let drawn = drawn(declared(&loaded)?)?;
        let environment = |name: &str| drawn.get(name).map(std::ffi::OsString::from);
        let wanted = manifest::secrets_of(&declared(&loaded)?.state);
        let (secrets, notes) = manifest::resolve_from(&wanted, &[], &environment);
        if !notes.is_empty() {
            bail!("the example's secrets all come from the environment");
        }
        Ok(Self { project, loaded, secrets, drawn })
    }

    /// Reads the example as it is after the pull request; nothing is written.
    pub(super) fn after_pull_request(&self) -> anyhow::Result<Loaded> {
        let mut texts: Vec<(&str, String)> =
            EXAMPLE.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        for (name, from, to) in PULL_REQUEST {
            let text = texts.iter_mut().find(|it| it.0 == *name).context("the example has this file")?;
            if text.1.matches(from).count() != 1 {
                bail!("{name} does not hold once: {from}");
            }
            text.1 = text.1.replace(from, to);
        }
        let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        load(&self.project, &texts)
    }

    /// Returns what was drawn for a variable of the environment.
    pub(super) fn secret(&self, name: &str) -> anyhow::Result<Secret> {
        Ok(Secret::new(self.drawn.get(name).with_context(|| format!("the example has no {name}"))?.as_str()))
    }

    pub(super) fn declared(&self) -> anyhow::Result<&Desired> {
        declared(&self.loaded)
    }
}

/// Returns the one realm of the example.
pub(super) fn declared(loaded: &Loaded) -> anyhow::Result<&Desired> {
    loaded.realms.first().context("the example declares a realm")
}

fn load(project: &Project, texts: &[(&str, &str)]) -> anyhow::Result<Loaded> {
    let texts: Vec<(&str, &str)> =
        texts.iter().filter(|(name, _)| *name != manifest::PROJECT_FILE).copied().collect();
    let mut loaded = manifest::load_texts(&texts, project);
    for desired in &loaded.realms {
        loaded.notes.extend(manifest::check(desired, project));
    }
    if loaded.notes.iter().any(Note::is_error) {
        bail!("{}", report::notes(&loaded.files, &loaded.notes, report::Color::Never));
    }
    Ok(loaded)
}

/// Random passwords for everything that the example takes from the environment.
fn drawn(desired: &Desired) -> anyhow::Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (secret, _) in manifest::secrets_of(&desired.state) {
        if let crate::state::SecretSource::Env(name) = &secret.source {
            let mut bytes = [0u8; 12];
            getrandom::fill(&mut bytes)
                .map_err(|it| anyhow::anyhow!("cannot draw a random password: {it}"))?;
            values.insert(name.to_string(), hex(&bytes));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pull_request_applies_to_the_example() {
        let folder = tempfile::tempdir().unwrap();
        let example = Example::read(folder.path()).unwrap();
        let loaded = example.after_pull_request().unwrap();
        let count = |it: &Desired| it.state.objects.len();
        assert_eq!(count(declared(&loaded).unwrap()), count(example.declared().unwrap()) + 1);
    }
}
