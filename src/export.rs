//! From a live realm to manifests whose plan is empty.
//!
//! They say what differs from a new realm of the same version, and from what Keycloak gives each new object by itself; no
//! ids, no secrets, and nothing that the server decides alone.

mod files;
mod said;
mod secrets;
mod text;

use serde_json::json;

use crate::kind::{self, Version};
use crate::state::{Address, Pattern, State};

pub use files::File;
pub use text::Format;

/// What of a realm is exported, and how.
pub struct Options<'a> {
    pub realm: &'a str,
    pub version: Version,
    /// With the people of the realm; service accounts go with their clients.
    pub users: bool,
    /// Only what these cover; everything where there are none.
    pub only: &'a [Pattern],
    /// Only objects of these kinds, and what stands under them; everything where there are none.
    pub kinds: &'a [String],
    pub format: Format,
}

/// What an export gives.
pub struct Export {
    /// What the manifests say.
    said: State,
    /// The variables that the manifests take secrets from, and what each is for.
    pub secrets: Vec<(String, String)>,
    /// What the manifests name and do not hold, in their order.
    pub external: Vec<Address>,
    /// What of a new realm is gone in this one: no manifest deletes it.
    pub gone: Vec<Address>,
}

/// Returns a realm as manifests.
pub fn export(live: &State, options: &Options<'_>) -> Export {
    let said::Said { mut state, gone } = said::said(options.realm, live, options.version);
    state.objects.retain(|address, object| {
        let is_person = object.made_by.is_none() && kind::is_of_people(address);
        (options.users || !is_person) && is_chosen(address, options)
    });
    if !options.users {
        said::without_people(&mut state);
    }
    let secrets = secrets::refer(&mut state);
    let external = said::external(&state, options);
    Export { said: state, secrets, external, gone }
}

impl Export {
    /// Returns the manifests, each with its path below the folder of the realm.
    pub fn files(&self, options: &Options<'_>) -> Vec<File> {
        files::files(options.realm, &self.said, options.format)
    }

    /// Returns all of them as one manifest.
    pub fn whole(&self, options: &Options<'_>) -> String {
        text::manifest(options.realm, &self.said, options.format)
    }
}

fn starts_with(address: &Address, kind: &str) -> bool {
    address.steps().first().is_some_and(|it| it.kind.word == kind)
}

fn is_chosen(address: &Address, options: &Options<'_>) -> bool {
    let is_of_kind = options.kinds.is_empty() || options.kinds.iter().any(|it| starts_with(address, it));
    is_of_kind && (options.only.is_empty() || options.only.iter().any(|it| it.covers(address)))
}

/// Returns objects as they are, as one manifest.
pub fn shown(realm: &str, state: &State) -> String {
    text::manifest(realm, state, Format::Yaml)
}

/// Returns the folder of a realm in the tree.
pub fn folder(realm: &str) -> String {
    files::name_of(realm)
}

/// Returns the project file of a tree.
pub fn project(export: &Export, realm: &str, owner: Option<&str>) -> String {
    let mut project = serde_json::Map::new();
    if let Some(owner) = owner {
        project.insert("owner".to_owned(), owner.into());
    }
    project.insert("realms".to_owned(), json!({ realm: { "path": format!("{}/", folder(realm)) } }));
    if !export.external.is_empty() {
        let names: Vec<String> = export.external.iter().map(Address::to_string).collect();
        project.insert("external".to_owned(), json!(names));
    }
    text::write(&project.into(), Format::Yaml)
}

/// Returns the variables to fill, one a line.
pub fn variables(export: &Export) -> String {
    let lines = export.secrets.iter().map(|(name, what)| format!("# {what}\n{name}=\n"));
    lines.collect()
}

/// Returns what people who find the tree have to know of it.
pub fn readme(export: &Export, realm: &str, unseen: &[String]) -> String {
    let variables = export.secrets.iter().map(|(name, what)| format!("`{name}`: {what}"));
    let named = export.external.iter().map(|it| format!("`{it}`"));
    let gone = export.gone.iter().map(|it| format!("{}: a new realm has it", kind::title(it)));
    let lists = [
        ("Secrets to fill before they are sent to another server", variables.collect()),
        ("Named here, and not in these manifests", named.collect()),
        ("Gone from this realm, which no manifest says", gone.collect::<Vec<_>>()),
        ("Not seen with the credential that wrote this", unseen.to_vec()),
    ];
    let lists = lists.iter().filter(|it| !it.1.is_empty());
    let lists = lists.map(|(title, lines)| format!("\n## {title}\n- {}\n", lines.join("\n- ")));
    format!(
        "# Realm {realm}\n\n\
         These manifests say what of this realm differs from a new one. `realmwright plan` compares them with the server, and\n\
         the first `realmwright apply` takes them over without a write to any object, once `owner:` is in realmwright.yaml.\n\
         {}",
        lists.collect::<String>()
    )
}
