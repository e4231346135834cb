//! A planned state as the next read brings it.

use realmwright::kind::{Compare, kind};
use realmwright::state::{Hidden, Is, Node, SecretRef, SecretSource, State};

/// Secrets in a planned state, as a later read shows them: the server shows those of clients, and masks all others.
pub(crate) fn as_read(mut state: State) -> State {
    fn read(node: &mut Node, is_shown: bool) {
        match &mut node.is {
            Is::Secret(SecretRef { source: SecretSource::Literal(text), .. }) => {
                node.is = Is::Hidden(if is_shown { Hidden::Value(text.clone()) } else { Hidden::Masked });
            }
            Is::List(items) => {
                for it in items.iter_mut() {
                    read(it, is_shown);
                }
                // Lists come in an order of their own.
                items.sort();
            }
            Is::Map(map) => map.values_mut().for_each(|it| read(it, is_shown)),
            _ => {}
        }
    }
    for (address, object) in state.objects.iter_mut() {
        for (name, node) in &mut object.fields {
            let rule = kind(address.kind()).field(name);
            read(node, rule.is_some_and(|it| it.compare == Compare::Secret));
        }
    }
    state
}
