//! The realm's user profile, as far as it decides what becomes of a declared user: the server drops
//! attributes that it does not know without a word, and refuses names of another length.

use std::collections::BTreeSet;

use serde_json::Value;

/// What `GET users/profile` says of names and attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserProfile {
    attributes: BTreeSet<String>,
    takes_others: bool,
    shortest_name: Option<usize>,
    longest_name: Option<usize>,
}

impl UserProfile {
    pub fn read(profile: &Value) -> Self {
        let attributes =
            profile.get("attributes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let name = |it: &Value| it.get("name").and_then(Value::as_str).map(str::to_owned);
        let username = attributes.iter().find(|it| name(it).as_deref() == Some("username"));
        // Numbers come as JSON numbers or as text.
        let bound = |which: &str| {
            let bound = username?.pointer(&format!("/validations/length/{which}"))?;
            bound.as_u64().or_else(|| bound.as_str()?.parse().ok()).and_then(|it| usize::try_from(it).ok())
        };
        let policy = profile.get("unmanagedAttributePolicy").and_then(Value::as_str);
        Self {
            attributes: attributes.iter().filter_map(name).collect(),
            takes_others: matches!(policy, Some("ENABLED" | "ADMIN_EDIT")),
            shortest_name: bound("min"),
            longest_name: bound("max"),
        }
    }

    /// Returns whether the server keeps an attribute.
    pub fn keeps(&self, attribute: &str) -> bool {
        self.takes_others || self.attributes.contains(attribute)
    }

    /// Returns the attributes that it knows.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(String::as_str)
    }

    /// Returns why the server would refuse a username, if it would.
    pub fn refuses(&self, username: &str) -> Option<String> {
        let length = username.chars().count();
        match (self.shortest_name, self.longest_name) {
            (Some(least), _) if length < least => {
                Some(format!("the realm's user profile wants at least {least} characters"))
            }
            (_, Some(most)) if length > most => {
                Some(format!("the realm's user profile wants at most {most} characters"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_profile_tells_what_it_keeps_and_refuses() {
        let mut value = json!({"attributes": [
            {"name": "username", "validations": {"length": {"min": 3, "max": "8"}}}, {"name": "email"}]});
        let profile = UserProfile::read(&value);
        assert!(profile.keeps("email") && !profile.keeps("phone"));
        assert_eq!(
            [
                profile.refuses("ab").is_some(),
                profile.refuses("abc").is_some(),
                profile.refuses("abcdefghi").is_some()
            ],
            [true, false, true]
        );
        value["unmanagedAttributePolicy"] = json!("ADMIN_EDIT");
        assert!(UserProfile::read(&value).keeps("phone"));
        value["unmanagedAttributePolicy"] = json!("ADMIN_VIEW");
        assert!(!UserProfile::read(&value).keeps("phone"));
    }
}
