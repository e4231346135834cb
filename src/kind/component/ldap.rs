//! What an LDAP provider gets when it is made: mappers that fit its directory and how it may be changed. Measured with 38
//! configurations on 26.0.8 and 26.7.5; a later change of the provider leaves them as they are,
//! but for the attribute that names users.

use super::defaults::{list, text};
use crate::kind::COMPONENT_MAPPER;
use crate::kind::behaviour::New;
use crate::state::{Address, Is, Node, Object};
use crate::text::At;

const TYPE: &str = "org.keycloak.storage.ldap.mappers.LDAPStorageMapper";
/// The mapper that follows the provider.
const USERNAME: &str = "username";
const OF_ATTRIBUTE: &str = "user-attribute-ldap-mapper";

/// Returns the attribute in which a directory of this vendor keeps the Kerberos principal.
pub(super) fn principal(provider: &Object) -> (&'static str, &'static str) {
    let attribute = match text(provider, "vendor") {
        "ad" => "userPrincipalName",
        "rhds" => "krbPrincipalName",
        _ => "krb5PrincipalName",
    };
    ("krbPrincipalAttribute", attribute)
}

/// Returns the attribute of a directory that names users.
fn username(provider: &Object) -> &str {
    match text(provider, "usernameLDAPAttribute") {
        "" if text(provider, "vendor") == "ad" => "cn",
        "" => "uid",
        said => said,
    }
}

/// Returns the mapper of usernames once the provider names users by another attribute: it then reads that one, whatever it
/// read before.
pub(super) fn renamed(before: &Object, after: New<'_>) -> Option<(Address, Object)> {
    let name = Some(username(after.object)).filter(|it| *it != username(before))?;
    let address = after.address.child(COMPONENT_MAPPER, USERNAME);
    let mut mapper = after.state.get(&address)?.clone();
    if let Is::Map(config) = &mut mapper.fields.get_mut("config")?.is {
        config.insert("ldap.attribute".into(), list(name));
    }
    Some((address, mapper))
}

/// A mapper of one attribute of users.
struct Attribute {
    name: &'static str,
    ldap: String,
    user: &'static str,
    is_mandatory: bool,
    is_read_always: bool,
    is_read_only: bool,
}

/// Returns the mappers that are made with an LDAP provider.
pub(super) fn mappers(provider: &Address, object: &Object) -> Vec<(Address, Object)> {
    let mode = text(object, "editMode");
    let (is_writable, is_synced) = (mode == "WRITABLE", mode != "UNSYNCED");
    let is_active_directory = text(object, "vendor") == "ad";
    let said = |key| Some(text(object, key)).filter(|it| !it.is_empty());
    let name = username(object);
    let is_cn = |it: &str| it.eq_ignore_ascii_case("cn");
    // An entry is named by the name of the user, which in Active Directory cannot be.
    let by_name = if name.eq_ignore_ascii_case("sAMAccountName") { "cn" } else { name };
    let named_by_cn = is_cn(said("rdnLDAPAttribute").unwrap_or(by_name));
    // What names an entry is the whole name, unless it is the name of the user, or has to be written.
    let has_full_name = named_by_cn && !is_cn(name) && !is_writable;
    let first = if named_by_cn { "givenName" } else { "cn" };
    let date = |of: [&str; 2]| of[usize::from(is_active_directory)].to_owned();
    let attribute = |name, ldap: String, user| Attribute {
        name,
        ldap,
        user,
        is_mandatory: true,
        is_read_always: false,
        is_read_only: !is_writable,
    };
    let mut attributes = vec![
        attribute(USERNAME, name.to_owned(), "username"),
        Attribute { is_mandatory: false, ..attribute("email", "mail".to_owned(), "email") },
        Attribute { is_read_always: is_synced, ..attribute("last name", "sn".to_owned(), "lastName") },
    ];
    if !has_full_name {
        let first = attribute("first name", first.to_owned(), "firstName");
        attributes.push(Attribute { is_read_always: is_synced, ..first });
    }
    if named_by_cn && !is_cn(name) && is_writable {
        attributes.push(attribute("username-cn", "cn".to_owned(), "username"));
    }
    for (name, ldap, user) in [
        ("creation date", ["createTimestamp", "whenCreated"], "createTimestamp"),
        ("modify date", ["modifyTimestamp", "whenChanged"], "modifyTimestamp"),
    ] {
        let date = attribute(name, date(ldap), user);
        attributes.push(Attribute {
            is_mandatory: false,
            is_read_always: is_synced,
            is_read_only: true,
            ..date
        });
    }
    let mut all: Vec<(Address, Object)> = attributes.into_iter().map(|it| it.made(provider)).collect();
    all.push(made(
        provider,
        "Kerberos principal attribute mapper",
        "kerberos-principal-attribute-mapper",
        &[],
    ));
    if has_full_name {
        let config =
            [("ldap.full.name.attribute", "cn"), ("read.only", flag(!is_writable)), ("write.only", "false")];
        all.push(made(provider, "full name", "full-name-ldap-mapper", &config));
    }
    if is_active_directory {
        let config = [("always.read.enabled.value.from.ldap", flag(is_synced))];
        all.push(made(provider, "MSAD account controls", "msad-user-account-control-mapper", &config));
    }
    all
}

impl Attribute {
    fn made(&self, provider: &Address) -> (Address, Object) {
        let config = [
            ("ldap.attribute", &*self.ldap),
            ("user.model.attribute", self.user),
            ("is.mandatory.in.ldap", flag(self.is_mandatory)),
            ("always.read.value.from.ldap", flag(self.is_read_always)),
            ("read.only", flag(self.is_read_only)),
        ];
        made(provider, self.name, OF_ATTRIBUTE, &config)
    }
}

fn made(provider: &Address, name: &str, of: &str, config: &[(&str, &str)]) -> (Address, Object) {
    let mut mapper = Object::new(At::SERVER);
    let config = config.iter().map(|(key, value)| ((*key).into(), list(value))).collect();
    mapper.fields.insert("providerType".into(), Node::text(At::SERVER, TYPE));
    mapper.fields.insert("providerId".into(), Node::text(At::SERVER, of));
    mapper.fields.insert("config".into(), Node::new(At::SERVER, Is::Map(config)));
    (provider.child(COMPONENT_MAPPER, name), mapper)
}

fn flag(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::kind::{COMPONENT, lift_object};
    use crate::text::tree_of_json;

    /// As 26.0.8 and 26.7.5 made them.
    #[test]
    fn mappers_fit_the_directory() {
        const USUAL: &str = "Kerberos principal attribute mapper, creation date=createTimestamp, email=mail, \
            first name=cn, last name=sn, modify date=modifyTimestamp, username=uid";
        for (config, expected) in [
            (json!({}), USUAL.to_owned()),
            (json!({ "vendor": "rhds", "rdnLDAPAttribute": "sn" }), USUAL.to_owned()),
            (json!({ "usernameLDAPAttribute": "mail" }), USUAL.replace("=uid", "=mail")),
            (
                json!({ "usernameLDAPAttribute": "cn" }),
                USUAL.replace("name=cn", "name=givenName").replace("=uid", "=cn"),
            ),
            (json!({ "rdnLDAPAttribute": "CN" }), USUAL.replace("first name=cn", "full name")),
            (
                json!({ "usernameLDAPAttribute": "SAMaccountname" }),
                USUAL.replace("first name=cn", "full name").replace("=uid", "=SAMaccountname"),
            ),
            (
                json!({ "rdnLDAPAttribute": "cn", "editMode": "WRITABLE" }),
                USUAL
                    .replace("name=cn", "name=givenName")
                    .replace("username=uid", "username-cn=cn, username=uid"),
            ),
            (
                json!({ "vendor": "ad" }),
                USUAL
                    .replace("createTimestamp", "whenCreated")
                    .replace("first name=cn", "first name=givenName")
                    .replace("=uid", "=cn")
                    .replace("modifyTimestamp", "whenChanged")
                    .replace("mapper, creation", "mapper, MSAD account controls, creation"),
            ),
        ] {
            assert_eq!(made_with(&config), expected, "{config}");
        }
    }

    /// The mappers by name, with the attribute that each is about.
    fn made_with(config: &Value) -> String {
        let config: Map<String, Value> = config.as_object().cloned().unwrap_or_default();
        let of = json!({ "name": "people", "providerId": "ldap", "config": config });
        let lifted = lift_object(crate::kind::kind(COMPONENT), &tree_of_json(&of), None).into_live();
        let (address, object) = lifted.objects.iter().next().expect("it is one");
        let all =
            mappers(address, object).into_iter().map(|(it, mapper)| match text(&mapper, "ldap.attribute") {
                "" => it.name().to_owned(),
                attribute => format!("{}={attribute}", it.name()),
            });
        let mut all: Vec<String> = all.collect();
        all.sort();
        all.join(", ")
    }
}
