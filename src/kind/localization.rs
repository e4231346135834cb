//! Texts of a realm by locale, in the place of those of its themes.
//!
//! A locale is there as long as nobody deletes it, also without any text. An empty text is one, and shown in the place of
//! the theme's. A POST of some texts leaves the others as they are and takes away those that are null, whatever their keys
//! are: a path cannot carry all of them. A PUT of the realm touches no text, whatever it says of them, and neither does a
//! change of the realm's languages. Measured on 26.0.8 and 26.7.5.

use super::refused::{Judge, Severe};
use super::{
    Covers, Field, Kind, ORDINARY, ROUTES, Routes, Unset, Unsets, cannot_be_unset, realm_address, title,
};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

pub(super) static LOCALIZATION: Kind = Kind {
    name: super::LOCALIZATION,
    title: "localization",
    representation: |_| "RealmRepresentation.localizationTexts",
    key: "locale",
    fields: &[Field { is_public: true, counts_when_empty: true, whole: true, ..cannot_be_unset("texts") }],
    routes: Routes {
        collection: "localization/{name}",
        own: "localization/{name}",
        find: "localization",
        list: "localization",
        covers: Covers::NamesAlone,
        bare: "texts",
        id: "locale",
        location_is_id: false,
        ..ROUTES
    },
    unset: Unsets { text: Unset::Null, key: Unset::Null, empty_keys_vanish: false },
    refuses: unused,
    comes_with_realm: true,
    ..ORDINARY
};

/// The language of everybody where a realm has no others, and what is shown where another one lacks a text.
const LAST_RESORT: &str = "en";

/// Texts of a locale that nobody can choose, and that is no wider one of those: `de` of `de-CH`. The server keeps them.
fn unused(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    let Some(realm) = judge.state.get(&realm_address()) else { return };
    let locale = address.name();
    let is_wider = |it: &str| it.strip_prefix(locale).is_some_and(|it| it.is_empty() || it.starts_with('-'));
    let supported = realm.get("supportedLocales").map(Node::items).unwrap_or_default();
    let mut all = supported.iter().chain(realm.get("defaultLocale")).filter_map(Node::as_text);
    let is_on = super::has_languages(realm);
    if locale == LAST_RESORT || (is_on && all.any(is_wider)) {
        return;
    }
    let words = format!("{} is of a language that the realm does not have", title(address));
    let at = judge.desired(address).map_or(whole.at, |it| it.at);
    let note = judge.note(Severe::Warning, Code::Unused, words, at, "Keycloak would keep it and not use it");
    notes.push(note.help(if is_on {
        format!("add `{locale}` to `supportedLocales` of the realm")
    } else {
        "set `internationalizationEnabled: true` in the realm".to_owned()
    }));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::kind::{LOCALIZATION, lift_realm, lower_realm};
    use crate::state::{Address, Is};
    use crate::text::tree_of_json;

    #[test]
    fn texts_are_texts_whatever_their_keys_are_called() {
        let texts = json!({ "updatePassword": "Kennwort", "my.secret": "", "n": "3", "a/b": "''{0}''" });
        let realm = json!({ "realm": "r", "localizationTexts": { "de": texts, "pt-BR": {} } });
        let lifted = lift_realm(&tree_of_json(&realm));
        assert!(lifted.notes.is_empty(), "{:?}", lifted.notes);
        let state = lifted.into_live();
        let texts = state.objects[&Address::top(LOCALIZATION, "de")].get("texts").and_then(|it| it.as_map());
        assert!(texts.is_some_and(|it| it.len() == 4 && it.values().all(|it| matches!(it.is, Is::Text(_)))));
        assert_eq!(lower_realm("r", &state)["localizationTexts"], realm["localizationTexts"]);
    }

    #[test]
    fn a_locale_is_a_map_of_texts() {
        for wrong in [json!({ "de": null }), json!({ "de": [] }), json!({ "de": { "k": ["x"] } }), json!([])]
        {
            let realm = json!({ "realm": "r", "localizationTexts": wrong });
            let lifted = lift_realm(&tree_of_json(&realm));
            assert_eq!(lifted.notes.len(), 1, "{wrong}: {:?}", lifted.notes);
        }
    }
}
