//! What the server fills into a protocol mapper when it is written.

use crate::change::Action;
use crate::kind::{CLIENT_SCOPE, MAPPER};
use crate::state::{Address, Is, Node, Object};

/// A claim goes into introspection as into the access token, and into user info as into the ID token, unless
/// it is said otherwise.
const FOLLOWS: [(&str, &str); 2] =
    [("introspection.token.claim", "access.token.claim"), ("userinfo.token.claim", "id.token.claim")];

/// Completes an object that was just written. New mappers of client scopes are left as they are.
pub fn filled(address: &Address, object: &mut Object, action: Action) {
    let of_scope = address.parent().is_some_and(|it| it.kind() == CLIENT_SCOPE);
    if action == Action::Create && of_scope {
        return;
    }
    let config = object.fields.get_mut("config").filter(|_| address.kind() == MAPPER);
    let Some(Node { is: Is::Map(config), .. }) = config else { return };
    for (key, from) in FOLLOWS {
        if let (None, Some(node)) = (config.get(key), config.get(from).cloned()) {
            config.insert(key.into(), node);
        }
    }
}
