//! A planned state as the next read brings it.

use realmwright::state::{Hidden, Is, Node, SecretRef, SecretSource, State};

/// Secrets in a planned state, as a later read shows them.
pub(crate) fn as_read(mut state: State) -> State {
    fn read(node: &mut Node) {
        match &mut node.is {
            Is::Secret(SecretRef { source: SecretSource::Literal(text), .. }) => {
                node.is = Is::Hidden(Hidden::Value(text.clone()));
            }
            Is::List(items) => items.iter_mut().for_each(read),
            Is::Map(map) => map.values_mut().for_each(read),
            _ => {}
        }
    }
    state.objects.values_mut().flat_map(|it| it.fields.values_mut()).for_each(read);
    state
}
