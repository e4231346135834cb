//! Personas as people write them: a map in an access test, one word on a command line.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::persona::{OPENID, Persona};
use super::time::wall_clock;
use crate::kind::{CLIENT, CLIENT_SCOPE, GROUP, ROLE, USER, built_ins, parse_address, reference, title};
use crate::state::{Address, KindName, State};
use crate::text::{At, Code, Key, Note, Reader, Tree, TreeIs, json_of_tree, nearest, parse_yaml};

/// Says that an object is missing.
pub(super) fn not_there(address: &Address) -> String {
    format!("there is no {}", title(address))
}

/// What a persona may be made of.
pub(super) const KEYS: &[&str] = &[
    "anonymous",
    "user",
    "serviceAccount",
    "roles",
    "groups",
    "defaultRoles",
    "client",
    "claims",
    "scopes",
    "at",
];

/// Returns the user whom a persona of a command line may be about, before it is known whether there is one.
pub fn user_named(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('{') {
        let is_user = |it: &Address| it.kind() == USER;
        let address = parse_address(text).filter(is_user);
        return Some(address.map_or_else(|| text.to_lowercase(), |it| it.name().to_owned()));
    }
    let (documents, _) = parse_yaml(0, text);
    documents.first()?.get("user")?.scalar().map(str::to_lowercase)
}

/// Whom personas may be made of, and when they ask.
pub struct PersonaReader<'a> {
    pub state: &'a State,
    /// Where the server's clock stands.
    pub zone: &'a TimeZone,
    /// The time for those who do not say theirs.
    pub at: Option<DateTime>,
}

impl PersonaReader<'_> {
    /// Reads `{user: alice, client: app, at: …}`.
    pub fn persona(&self, name: &str, tree: &Tree, reader: &mut Reader<'_>) -> Persona {
        let mut out = Persona { name: name.to_owned(), at: self.at, ..Persona::default() };
        for (key, value) in reader.entries(tree, &format!("persona `{name}`"), KEYS) {
            match &*key.name {
                "anonymous" => out.anonymous = reader.boolean(key, value).unwrap_or(false),
                "defaultRoles" => out.default_roles = reader.boolean(key, value).unwrap_or(false),
                "user" => out.user = self.declared(USER, key, value, reader),
                "serviceAccount" => out.service_account = self.declared(CLIENT, key, value, reader),
                "client" => out.client = self.declared(CLIENT, key, value, reader),
                "roles" => out.roles = self.list(ROLE, key, value, reader),
                "groups" => out.groups = self.list(GROUP, key, value, reader),
                "claims" => {
                    let claims = reader.map(key, value).iter();
                    out.claims = claims.map(|(key, it)| (key.name.to_string(), json_of_tree(it))).collect();
                }
                "scopes" => {
                    out.scopes = reader.texts(key, value);
                    value.items().iter().for_each(|it| self.client_scope(it, reader));
                }
                _ => {
                    let text = reader.text(key, value).unwrap_or_default();
                    match wall_clock(&text, self.zone) {
                        Ok(at) => out.at = Some(at),
                        Err(problem) => reader.notes.push(
                            Note::error(Code::WrongForm, format!("`{text}` is not a time"), value.at, problem)
                                .help("write `2026-01-05T03:00:00Z`, or without `Z` as the server's own clock shows it"),
                        ),
                    }
                }
            }
        }
        let whom = ["anonymous", "user", "serviceAccount"];
        let is_said = [out.anonymous, out.user.is_some(), out.service_account.is_some()];
        let said: Vec<&str> = whom.into_iter().zip(is_said).filter_map(|(it, is)| is.then_some(it)).collect();
        if let [one, other, ..] = said[..] {
            let title = format!("persona `{name}` cannot be both `{one}` and `{other}`");
            let note = Note::error(Code::WrongForm, title, tree.at, "two at once");
            reader.notes.push(note.help("make two personas of them"));
        }
        if tree.entries().is_empty() && matches!(tree.is, TreeIs::Map(_) | TreeIs::Null) {
            reader.notes.push(
                Note::error(
                    Code::Missing,
                    format!("persona `{name}` is nobody"),
                    tree.at,
                    "no user, role or group",
                )
                .help("write `user: NAME`, `roles: […]`, `defaultRoles: true` or `anonymous: true`"),
            );
        }
        out
    }

    fn declared(&self, kind: KindName, key: &Key, value: &Tree, reader: &mut Reader<'_>) -> Option<Address> {
        let written = reader.text(key, value)?;
        let written = if kind == USER { written.to_lowercase() } else { written };
        let address = reference(kind, &written, None);
        if !self.state.contains(&address) {
            let otherwise = "declare it, or make the persona of roles and groups that exist";
            reader.notes.push(self.missing(&address, &written, value.at, otherwise));
        }
        Some(address)
    }

    fn client_scope(&self, value: &Tree, reader: &mut Reader<'_>) {
        let Some(written) = value.scalar().filter(|it| *it != OPENID) else { return };
        let address = Address::top(CLIENT_SCOPE, written);
        if !self.state.contains(&address) && !built_ins().contains(&address) {
            let otherwise = "`scopes` are client scopes that are asked for with the token";
            reader.notes.push(self.missing(&address, written, value.at, otherwise));
        }
    }

    fn missing(&self, address: &Address, written: &str, at: At, otherwise: &str) -> Note {
        let note = Note::error(Code::UnknownReference, not_there(address), at, "not there");
        match self.near(address.kind(), written) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => note.help(otherwise),
        }
    }

    /// Returns the name that was most likely meant, if one is near.
    fn near(&self, kind: KindName, written: &str) -> Option<&str> {
        let all = self.state.objects.keys().filter(|it| it.kind() == kind);
        nearest(written, all.filter(|it| it.parent().is_none() || kind == GROUP).map(Address::name))
    }

    fn list(&self, kind: KindName, key: &Key, value: &Tree, reader: &mut Reader<'_>) -> Vec<Address> {
        let TreeIs::List(items) = &value.is else {
            reader.wrong(key, value, "a list of names");
            return Vec::new();
        };
        items.iter().filter_map(|it| self.declared(kind, key, it, reader)).collect()
    }

    /// Reads a persona of a command line: `alice`, `anonymous`, `any-user`, an address such as `role/premium`,
    /// `service-account-CLIENT`, or a map in braces. Returns what is wrong in one sentence.
    pub fn named(&self, text: &str) -> Result<Persona, String> {
        let named = Persona { name: text.to_owned(), at: self.at, ..Persona::default() };
        if text.trim_start().starts_with('{') {
            let (documents, mut notes) = parse_yaml(0, text);
            let mut reader = Reader { notes: &mut notes, not_yet: &[] };
            let persona = match &documents[..] {
                [document] => self.persona(text, document, &mut reader),
                _ => named,
            };
            return match notes.into_iter().find(Note::is_error) {
                Some(Note { title, help: Some(help), .. }) => Err(format!("{title}: {help}")),
                Some(note) => Err(note.title),
                None => Ok(persona),
            };
        }
        match text {
            "anonymous" => return Ok(Persona { anonymous: true, ..named }),
            "any-user" => return Ok(Persona { default_roles: true, ..named }),
            _ => {}
        }
        let user = Address::top(USER, text.to_lowercase());
        let is_there = |it: &Address| self.state.contains(it);
        match self.state.get(&user).map(|it| it.made_by.clone()) {
            Some(None) => return Ok(Persona { name: user.name().to_owned(), user: Some(user), ..named }),
            Some(client) => return Ok(Persona { service_account: client, ..named }),
            None => {}
        }
        if let Some(client) = text.strip_prefix("service-account-").map(|it| Address::top(CLIENT, it))
            && is_there(&client)
        {
            return Ok(Persona { service_account: Some(client), ..named });
        }
        if let Some(address) = parse_address(text).filter(is_there) {
            match address.kind() {
                USER => return Ok(Persona { user: Some(address), ..named }),
                ROLE => return Ok(Persona { roles: vec![address], default_roles: true, ..named }),
                GROUP => return Ok(Persona { groups: vec![address], default_roles: true, ..named }),
                CLIENT => return Ok(Persona { client: Some(address), default_roles: true, ..named }),
                _ => {}
            }
        }
        if let Some(address) = parse_address(text)
            && [USER, ROLE, GROUP, CLIENT].contains(&address.kind())
        {
            let near =
                self.near(address.kind(), address.name()).map(|it| reference(address.kind(), it, None));
            return Err(match near {
                Some(near) => format!("there is no `{address}`: did you mean `{near}`?"),
                None => format!("there is no `{address}`"),
            });
        }
        Err(match self.near(USER, text) {
            Some(near) => format!("there is no user `{text}`: did you mean `{near}`?"),
            None => format!(
                "there is no user `{text}`; a persona may also be `anonymous`, `any-user`, `role/NAME`, `group/NAME`, `service-account-CLIENT` or a map such as `{{roles: [NAME], at: 2026-01-05T09:00}}`"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::lift_realm;
    use crate::text::tree_of_json;

    #[test]
    fn a_persona_that_is_not_there_is_called_by_its_kind() {
        let state = State::default();
        let cast = PersonaReader { state: &state, zone: &TimeZone::UTC, at: None };
        let said = |text| cast.named(text).expect_err("nobody is there");
        assert_eq!(said("role/nope"), "there is no `role/nope`");
        assert_eq!(said("group/a/b"), "there is no `group/a/b`");
        assert!(said("nope").starts_with("there is no user `nope`; a persona may also be"));
    }

    #[test]
    fn what_is_wrong_with_a_persona_is_said_with_its_mend() {
        let realm = serde_json::json!({ "realm": "r", "roles": { "realm": [{ "name": "reader" }] },
            "users": [{ "username": "zoe" }], "clients": [{ "clientId": "app" }],
            "clientScopes": [{ "name": "mail" }] });
        let state = lift_realm(&tree_of_json(&realm)).into_live();
        let cast = PersonaReader { state: &state, zone: &TimeZone::UTC, at: None };
        let said = |text| cast.named(text).expect_err("wrong");
        assert_eq!(said("role/raeder"), "there is no `role/raeder`: did you mean `role/reader`?");
        assert_eq!(said("{role: reader}"), "unknown field `role` in persona `{role: reader}`: write `roles`");
        assert!(said("{}").starts_with("persona `{}` is nobody: write `user: NAME`"));
        let both = "{user: zoe, serviceAccount: app}";
        assert!(said(both).contains("cannot be both `user` and `serviceAccount`: make two"));
        assert_eq!(
            said("{user: zoe, scopes: [mial]}"),
            "there is no client scope `mial`: did you mean `mail`?"
        );
        assert!(cast.named("{user: zoe, scopes: [mail, openid, phone]}").is_ok());
    }

    #[test]
    fn the_user_of_a_persona_is_found_in_every_spelling() {
        assert_eq!(user_named("Zoe").as_deref(), Some("zoe"));
        assert_eq!(user_named("user/zoe").as_deref(), Some("zoe"));
        assert_eq!(user_named("{user: Zoe, at: 2026-01-05T09:00}").as_deref(), Some("zoe"));
        assert_eq!(user_named("{roles: [reader]}"), None);
    }
}
