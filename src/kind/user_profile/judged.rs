//! The user profile as far as it decides what becomes of a declared user: the server drops attributes that it does not
//! know without a word, and refuses values that do not fit.

use std::collections::BTreeMap;

use serde_json::Value;
use unicode_script::{Script, UnicodeScript as _};

use crate::kind::{NEWEST, PROFILE_ATTRIBUTE, USER_PROFILE, Version, value};
use crate::state::{Address, Node, Object, State};
use crate::text::shown;

/// What the profile of a realm says of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserProfile {
    attributes: BTreeMap<String, Attribute>,
    takes_others: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Attribute {
    validators: Vec<Validator>,
    /// Administrators may write it: of others the server keeps nothing that they say.
    is_writable: bool,
    /// It may have several values.
    is_multivalued: bool,
    required: Required,
}

/// Who has to say an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Required {
    /// Users, of themselves; an administrator who makes them need not.
    of_users: bool,
    /// Administrators, of every user whom they make or change.
    of_admins: bool,
}

/// A validator that can be asked without the server; of others nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Validator {
    Length { least: Option<usize>, most: Option<usize> },
    Email,
    Username,
    OneScript,
    Person,
    Options(Vec<String>),
}

/// How long values are where the profile does not say it.
const MOST: usize = 2048;

impl UserProfile {
    /// Takes it from a realm on a server of this version; nothing where that does not show it.
    pub fn of_realm(state: &State, version: Version) -> Option<Self> {
        let profile = state.get(&Address::top(USER_PROFILE, ""))?;
        let attributes = state.objects.iter().filter(|(it, _)| it.kind() == PROFILE_ATTRIBUTE);
        Some(Self {
            attributes: attributes.map(|(it, object)| (it.name().to_owned(), attribute(object))).collect(),
            takes_others: match profile.text("unmanagedAttributePolicy") {
                // Administrators wrote them, too, on 26.0.8 and 26.4.7.
                "ADMIN_VIEW" => version < NEWEST,
                policy => matches!(policy, "ENABLED" | "ADMIN_EDIT"),
            },
        })
    }

    /// Returns whether the server keeps an attribute.
    pub fn keeps(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).map_or(self.takes_others, |it| it.is_writable)
    }

    /// Returns whether the server would refuse more than one value of an attribute.
    pub fn takes_one(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|it| !it.is_multivalued)
    }

    /// Returns the attributes that it knows.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    /// Returns the attributes that a user is asked for at login.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|(_, it)| it.required.of_users).map(|(name, _)| name.as_str())
    }

    /// Returns the attributes without which administrators can neither make nor change a user.
    pub fn required_of_admins(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|(_, it)| it.required.of_admins).map(|(name, _)| name.as_str())
    }

    /// Returns why the server would refuse a value of an attribute, if it would.
    pub fn refuses(&self, attribute: &str, text: &str) -> Option<String> {
        // Nothing is no wrong value.
        if text.is_empty() {
            return None;
        }
        let validators = self.attributes.get(attribute).map_or(&[][..], |it| &it.validators);
        let has_length = validators.iter().any(|it| matches!(it, Validator::Length { .. }));
        let by_default = Validator::Length { least: None, most: Some(MOST) };
        let validators = validators.iter().chain((!has_length).then_some(&by_default));
        validators.into_iter().find_map(|it| it.refuses(text))
    }
}

fn attribute(object: &Object) -> Attribute {
    let field = |name: &str| object.get(name).map(|it| value(it, &|_| String::new()));
    let validations = field("validations");
    let validations = validations.as_ref().and_then(Value::as_object).into_iter().flatten();
    let edit = texts(object.get("permissions").and_then(|it| it.get("edit")));
    Attribute {
        validators: validations.filter_map(|(name, config)| Validator::read(name, config)).collect(),
        is_writable: edit.contains(&"admin"),
        is_multivalued: object.is_true("multivalued"),
        required: object.get("required").filter(|it| !it.is_null()).map(Required::read).unwrap_or_default(),
    }
}

fn texts(list: Option<&Node>) -> Vec<&str> {
    list.map(Node::items).unwrap_or_default().iter().filter_map(Node::as_text).collect()
}

impl Required {
    fn read(required: &Node) -> Self {
        let (roles, scopes) = (texts(required.get("roles")), texts(required.get("scopes")));
        Self {
            of_users: roles.is_empty() || roles.contains(&"user"),
            of_admins: roles.contains(&"admin") || (roles.is_empty() && scopes.is_empty()),
        }
    }
}

impl Validator {
    fn read(name: &str, config: &Value) -> Option<Self> {
        // Numbers come as JSON numbers or as text.
        let bound = |which: &str| {
            let bound = config.get(which)?;
            bound.as_u64().or_else(|| bound.as_str()?.parse().ok()).and_then(|it| usize::try_from(it).ok())
        };
        Some(match name {
            "length" => Self::Length { least: bound("min"), most: bound("max") },
            "email" => Self::Email,
            "username-prohibited-characters" => Self::Username,
            "up-username-not-idn-homograph" => Self::OneScript,
            "person-name-prohibited-characters" => Self::Person,
            "options" => {
                let options = config.get("options").and_then(Value::as_array).into_iter().flatten();
                Self::Options(options.filter_map(|it| it.as_str().map(str::to_owned)).collect())
            }
            _ => return None,
        })
    }

    fn refuses(&self, text: &str) -> Option<String> {
        let sign = |signs: &str, is_refused: fn(char) -> bool| {
            let sign = text.chars().find(|it| is_refused(*it) || signs.contains(*it))?;
            Some(format!("`{}` cannot stand there", shown([sign])))
        };
        match self {
            Self::Length { least, most } => {
                let length = text.trim().chars().count();
                match (least, most) {
                    (Some(least), _) if length < *least => {
                        Some(format!("the realm's user profile wants at least {least} characters"))
                    }
                    (_, Some(most)) if length > *most => {
                        Some(format!("the realm's user profile wants at most {most} characters"))
                    }
                    _ => None,
                }
            }
            Self::Email => (!is_email(text)).then(|| "not an e-mail address".to_owned()),
            Self::Username => sign("<>&\"'$%!#?§,;:*~/\\|^=[]{}()`", |it| is_control(it) || is_blank(it)),
            Self::OneScript => {
                let other = text.chars().find(|it| !matches!(it.script(), Script::Latin | Script::Common))?;
                Some(match other.script() {
                    Script::Inherited => {
                        format!("a combining mark cannot stand there: `{}`", other.escape_unicode())
                    }
                    _ => format!("`{}` is no Latin letter", shown([other])),
                })
            }
            Self::Person => sign("<>&\"$%!#?§;*~/\\|^=[]{}()", is_control),
            Self::Options(options) => {
                (!options.iter().any(|it| it == text)).then(|| format!("it takes {}", options.join(", ")))
            }
        }
    }
}

/// Java's `\p{Cntrl}` is of ASCII; its `\v` has the ends of lines beyond.
fn is_control(it: char) -> bool {
    it.is_ascii_control() || matches!(it, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Java's `\h`.
fn is_blank(it: char) -> bool {
    it == '\u{180e}' || it.is_whitespace()
}

/// Returns whether the server takes a text for an e-mail address.
pub(in crate::kind) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |it: &str| {
        !it.is_empty()
            && it
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || !it.is_ascii() || "!#$%&'*+/=?^_`{|}~-".contains(it))
    };
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let is_label = |it: &str| {
        !it.is_empty()
            && it.chars().count() <= 63
            && !it.starts_with('-')
            && !it.ends_with('-')
            && it.chars().all(|it| it.is_ascii_alphanumeric() || !it.is_ascii() || it == '-')
    };
    let is_literal = domain.len() > 2 && domain.starts_with('[') && domain.ends_with(']');
    local.chars().count() <= 64
        && (is_quoted || local.split('.').all(is_atom))
        && domain.chars().count() <= 255
        && (is_literal || domain.split('.').all(is_label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{fresh_realm, lift_realm};
    use crate::text::tree_of_json;
    use serde_json::json;

    fn read(profile: &Value) -> UserProfile {
        let realm = json!({ "realm": "r", "userProfile": profile });
        UserProfile::of_realm(&lift_realm(&tree_of_json(&realm)).into_live(), NEWEST).expect("it has one")
    }

    #[test]
    fn a_profile_tells_what_it_keeps_and_refuses() {
        let mut value = json!({"attributes": [
            {"name": "username", "validations": {"length": {"min": 3, "max": "8"}}},
            {"name": "email", "required": {"roles": ["user"]}, "permissions": {"edit": ["admin"]}}, {"name": "locked", "multivalued": true},
            {"name": "always", "required": {}}, {"name": "asked", "required": {"scopes": ["email"]}}, {"name": "id", "required": {"roles": ["admin"]}}]});
        let profile = read(&value);
        assert!(profile.keeps("email") && !profile.keeps("phone") && !profile.keeps("locked"));
        assert!(profile.takes_one("email") && !profile.takes_one("locked") && !profile.takes_one("phone"));
        let refused = |text| profile.refuses("username", text).is_some();
        assert_eq!(["ab", "abc", "abcdefghi"].map(refused), [true, false, true]);
        assert_eq!(profile.required_of_admins().collect::<Vec<_>>(), ["always", "id"]);
        assert_eq!(profile.required().collect::<Vec<_>>(), ["always", "asked", "email"]);
        value["unmanagedAttributePolicy"] = json!("ADMIN_EDIT");
        assert!(read(&value).keeps("phone"));
        value["unmanagedAttributePolicy"] = json!("ADMIN_VIEW");
        assert!(!read(&value).keeps("phone"));
    }

    /// As 26.0.8 and 26.7.5 answered to each of them.
    #[test]
    fn the_profile_of_a_new_realm_refuses_what_the_server_does() {
        let profile = UserProfile::of_realm(&fresh_realm("r", NEWEST), NEWEST).expect("every realm has one");
        let refused = |name: &str, texts: &[&str], is: bool| {
            for text in texts {
                assert_eq!(profile.refuses(name, text).is_some(), is, "{name} {text:?}");
            }
        };
        refused(
            "username",
            &["ab", "a b", "a/b", "ü", "a<b", "a'b", "a:b", "a%b", "ab ", "日本語", "a\tb", "abc\n"],
            true,
        );
        refused("username", &["a@b.org", "a+b", "...", "A-B", "Übäö"], false);
        // Scripts and marks: only what is Latin or of no script.
        let names =
            ["e\u{301}bc", "i\u{307}bc", "\u{301}bc", "абв", "abв", "abв", "αβγ", "abٱ", "ab٣", "ab\u{b66}"];
        refused("username", &names, true);
        let signs = [
            "ab\u{200d}c",
            "ab\u{fe0f}c",
            "a\u{20dd}b",
            "ab\u{378}x",
            "ab\u{e000}x",
            "ab\u{3007}",
            "ab\u{1d2b}",
            "ab\u{1d26}",
        ];
        refused("username", &signs, true);
        let blanks = [
            "ab\u{2003}c",
            "ab\u{3000}c",
            "ab\u{2028}c",
            "ab\u{202f}c",
            "ab\u{180e}c",
            "ab\u{1680}c",
            "ab\u{85}c",
        ];
        refused("username", &blanks, true);
        let names = [
            "ıbc",
            "123",
            "ａbc",
            "ªbc",
            "abµ",
            "ab²",
            "ab😀c",
            "ab·c",
            "ﬁrst",
            "ꜳbc",
            "ⅷabc",
            "abʰ",
            "abˈ",
            "abʼ",
            "ab\u{a788}",
        ];
        refused("username", &names, false);
        let signs = [
            "ab\u{90}c",
            "ab\u{ad}c",
            "ab\u{200b}c",
            "ab\u{feff}",
            "ßabc",
            "ǆabc",
            "abー",
            "ab،",
            "ab\u{37e}",
        ];
        refused("username", &signs, false);
        refused(
            "email",
            &[
                "not-a-mail",
                " a@b.org",
                "a@b..org",
                "a b@c.org",
                "a@b_c.org",
                "a@-b.org",
                ".a@b.org",
                "a.@b.org",
                "a@b.org.",
            ],
            true,
        );
        let long = format!("a@{}.org", "b".repeat(64));
        refused("email", &[&long, &format!("{}@b.org", "a".repeat(65))], true);
        refused(
            "email",
            &[
                "",
                "a@b",
                "ü@b.org",
                "a@ü.org",
                "a+b@c.org",
                "o'x@c.org",
                "\"a b\"@c.org",
                "a@[1.2.3.4]",
                "A@B.ORG",
            ],
            false,
        );
        refused("firstName", &["U<b>", "N$", "a\"b", "a\nb", "a=b", "a/b", "a(b)", "a~b"], true);
        refused("firstName", &["a\u{2028}b", "a\u{2029}b", "a\u{85}b", "a\u{7f}b", "a\u{b}b", "a§b"], true);
        refused(
            "firstName",
            &["e\u{301}bc", "İ", "a\u{90}b", "a\u{2003}b", "a\u{a0}b", "a\u{200b}b", "\u{301}"],
            false,
        );
        refused("firstName", &["", "日本", "a,b.", "a@b", "a:b", "a`b", "a_b", "O'Neil"], false);
        refused("firstName", &[&"a".repeat(256)], true);
        assert_eq!(profile.required().collect::<Vec<_>>(), ["email", "firstName", "lastName"]);
    }
}
