//! Reading one document: its head and its personas; everything that is wrong with it in one go.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::place::{Place, some};
use super::{Test, expect, never};
use crate::access::administration::{administration, with_administration};
use crate::access::cast::{PersonaReader, not_there};
use crate::access::find::resource_servers;
use crate::access::persona::Persona;
use crate::kind::{CLIENT, Version, title};
use crate::state::{Address, Pattern, State};
use crate::text::{Code, Key, Note, Reader, Tree, TreeIs, nearest};

pub(super) const KEYS: &[&str] =
    &["kind", "realm", "resourceServer", "administration", "personas", "expect", "otherwise", "never"];

/// What documents are read against.
pub struct Reading<'a> {
    pub stages: &'a [Stage<'a>],
    /// Where the server's clock stands.
    pub zone: &'a TimeZone,
    /// The time for personas who do not say theirs.
    pub at: Option<DateTime>,
    /// What may be named although no state has it.
    pub external: &'a [Pattern],
}

/// One realm that a document may be about.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    pub realm: &'a str,
    pub state: &'a State,
    pub version: Version,
}

impl Reading<'_> {
    /// Reads a document; nothing where it is not clear what it is about. A test with errors is not to be run.
    pub fn read(&self, tree: &Tree) -> (Option<Test>, Vec<Note>) {
        let mut notes = Vec::new();
        let mut reader = Reader { notes: &mut notes, not_yet: &[] };
        let entries = reader.entries(tree, "an access test", KEYS);
        let part = |name: &str| entries.iter().find(|(key, _)| &*key.name == name).copied();
        let is_on =
            |(key, value): (&Key, &Tree), reader: &mut Reader<'_>| reader.boolean(key, value) == Some(true);
        let administers = part("administration").filter(|it| is_on(*it, &mut reader));
        let server = match administers {
            Some((_, value)) => Some((administration().name().to_owned(), value)),
            None => part("resourceServer").and_then(|(key, value)| Some((reader.text(key, value)?, value))),
        };
        if let (Some(_), Some((key, _))) = (administers, part("resourceServer")) {
            reader.notes.push(
                Note::error(
                    Code::TestServer,
                    "this access test is about the administration and about a client",
                    key.at,
                    "beside `administration: true`",
                )
                .help("write two access tests"),
            );
        }
        let realm = part("realm").and_then(|(key, value)| Some((reader.text(key, value)?, value)));
        let begin = tree.entries().first().map_or(tree.at, |(key, _)| key.at);
        let Some((server, written)) = server else {
            if part("resourceServer").is_none() {
                reader.notes.push(
                    Note::error(
                        Code::TestServer,
                        "this access test does not say whose resources it is about",
                        begin,
                        "no `resourceServer` here",
                    )
                    .help("name the client that has them: `resourceServer: CLIENT`, or write `administration: true`"),
                );
            }
            return (None, notes);
        };
        let stage = match &realm {
            Some((name, at)) => self.named(name, at, reader.notes),
            None => self.only(&server, written, reader.notes),
        };
        let Some(stage) = stage else { return (None, notes) };
        let client =
            if administers.is_some() { administration() } else { Address::top(CLIENT, server.as_str()) };
        if administers.is_none() && !self.has_server(stage, &client, written, reader.notes) {
            return (None, notes);
        }
        let administered = administers.map(|_| with_administration(stage.state, stage.version));
        let state = administered.as_ref().unwrap_or(stage.state);
        let place = Place { state, version: stage.version, client: &client, external: self.external };
        let personas = part("personas").map(|it| self.personas(&place, it, &mut reader)).unwrap_or_default();
        let names: Vec<&str> = personas.iter().map(|it| it.name.as_str()).collect();
        let expected = part("expect").map(|it| expect::read(&place, &names, it, &mut reader));
        let otherwise =
            part("otherwise").and_then(|(key, value)| Some((otherwise(key, value, &mut reader)?, value.at)));
        let never = part("never").map(|it| never::read(&place, &names, it, &mut reader));
        if ["expect", "otherwise", "never"].iter().all(|it| part(it).is_none()) {
            reader.notes.push(
                Note::error(
                    Code::ExpectsNothing,
                    "this access test expects nothing",
                    begin,
                    "passes whatever is permitted",
                )
                .help("say what is permitted and denied under `expect`, or what must not be under `never`"),
            );
        }
        let test = Test {
            realm: stage.realm.to_owned(),
            at: written.at,
            personas,
            expected: expected.unwrap_or_default(),
            otherwise,
            never: never.unwrap_or_default(),
            client,
            time: self.at,
        };
        (Some(test), notes)
    }

    fn named(&self, name: &str, at: &Tree, notes: &mut Vec<Note>) -> Option<&Stage<'_>> {
        let found = self.stages.iter().find(|it| it.realm == name);
        if found.is_none() {
            let title = format!("no manifest is about realm `{name}`");
            let note = Note::error(Code::TestRealm, title, at.at, "this access test is about it");
            notes.push(match nearest(name, self.stages.iter().map(|it| it.realm)) {
                Some(near) => note.help(format!("did you mean `{near}`?")),
                None => note.help("name its manifests, too"),
            });
        }
        found
    }

    /// The only realm, or the only one that has the resource server.
    fn only(&self, server: &str, at: &Tree, notes: &mut Vec<Note>) -> Option<&Stage<'_>> {
        if let [only] = self.stages {
            return Some(only);
        }
        let client = Address::top(CLIENT, server);
        let has = |it: &&Stage<'_>| resource_servers(it.state).contains(&client);
        let having: Vec<&Stage<'_>> = self.stages.iter().filter(has).collect();
        if let [only] = having[..] {
            return Some(only);
        }
        let realms: Vec<String> = self.stages.iter().map(|it| it.realm.to_owned()).collect();
        let title = if having.is_empty() {
            format!("no realm has a client `{server}` with authorization")
        } else {
            format!("client `{server}` is in several realms")
        };
        let note = Note::error(Code::TestRealm, title, at.at, "in which realm?");
        notes.push(if realms.is_empty() {
            note.help("name the manifests of the realm, too")
        } else {
            note.help(format!("write `realm: NAME`; the manifests are about {}", some(&realms)))
        });
        None
    }

    fn has_server(&self, stage: &Stage<'_>, client: &Address, written: &Tree, notes: &mut Vec<Note>) -> bool {
        let servers = resource_servers(stage.state);
        if servers.contains(client) {
            return true;
        }
        if self.external.iter().any(|it| it.covers(client)) {
            let title = format!("{} is declared elsewhere", title(client));
            let label = "tested on plans and on servers alone";
            notes.push(Note::remark(Code::TestServer, title, written.at, label));
            return false;
        }
        let names: Vec<String> = servers.iter().map(|it| it.name().to_owned()).collect();
        let title = if stage.state.contains(client) {
            format!("{} has no authorization", title(client))
        } else {
            format!("there is no {}", title(client))
        };
        let note = Note::error(Code::TestServer, title, written.at, "not a resource server");
        notes.push(match nearest(client.name(), names.iter().map(String::as_str)) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => note.help("no client of this realm has authorization"),
            None => note.help(format!("clients with authorization are {}", some(&names))),
        });
        false
    }

    fn personas(
        &self,
        place: &Place<'_>,
        (key, value): (&Key, &Tree),
        reader: &mut Reader<'_>,
    ) -> Vec<Persona> {
        let cast = PersonaReader { state: place.state, zone: self.zone, at: self.at };
        let mut out = Vec::new();
        for (name, tree) in reader.map(key, value) {
            if &*name.name == "resources" {
                reader.notes.push(
                    Note::error(
                        Code::ReservedPersona,
                        "a persona cannot be called `resources`",
                        name.at,
                        "means the resources under `expect`",
                    )
                    .help("give it another name"),
                );
            }
            let mut found = Vec::new();
            let persona = cast.persona(&name.name, tree, &mut Reader { notes: &mut found, not_yet: &[] });
            let subjects = [&persona.user, &persona.service_account, &persona.client];
            let named = subjects.into_iter().flatten().chain(&persona.roles).chain(&persona.groups);
            let elsewhere: Vec<String> = named.filter(|it| place.is_external(it)).map(not_there).collect();
            reader.notes.extend(found.into_iter().filter(|it| !elsewhere.contains(&it.title)));
            out.push(persona);
        }
        out
    }
}

fn otherwise(key: &Key, value: &Tree, reader: &mut Reader<'_>) -> Option<bool> {
    match value.scalar() {
        Some("PERMIT") => Some(true),
        Some("DENY") => Some(false),
        written => {
            let title = format!(
                "`{}` is {}",
                key.name,
                written.map_or_else(|| value.what().to_owned(), |it| format!("`{it}`"))
            );
            reader.notes.push(
                Note::error(Code::WrongOtherwise, title, value.at, "expected DENY or PERMIT")
                    .help("`otherwise: DENY` says that what `expect` does not name is denied"),
            );
            None
        }
    }
}

/// Returns the texts of a list, each with its place.
pub(super) fn placed<'t>(key: &Key, value: &'t Tree, reader: &mut Reader<'_>) -> Vec<(String, &'t Tree)> {
    let TreeIs::List(items) = &value.is else {
        reader.wrong(key, value, "a list");
        return Vec::new();
    };
    items.iter().filter_map(|it| Some((reader.text(key, it)?, it))).collect()
}

/// Returns whether a text is the address or its end, by whole steps: `permission/x`, `role/y`.
pub(super) fn ends_with(address: &Address, suffix: &str) -> bool {
    let text = address.to_string();
    text.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}
