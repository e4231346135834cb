//! Ids of objects that only their order tells apart: no export has them.

use futures_util::future::try_join_all;

use super::wire::Wire;
use super::{Want, str_of};
use crate::keycloak::Error;
use crate::kind::{self, KINDS, Kind};
use crate::state::{Address, State};

/// Reads the ids of objects under what a read is wanted for, where several have one name or ids are asked for: one request each.
pub(super) async fn read(wire: &Wire<'_>, want: &Want, state: &mut State) -> Result<(), Error> {
    for of in KINDS.iter().filter(|it| it.is_ranked()) {
        let is_asked = |it: &(&Address, &bool)| *it.1 || has_namesakes(of, it.0, state);
        let parents: Vec<&Address> = want.numbered.iter().filter(is_asked).map(|it| it.0).collect();
        let lists = parents.iter().map(async |parent| {
            let name = kind::segment(parent.name());
            wire.rows(&of.routes.find.replace("{above}", &name)).await
        });
        for (parent, rows) in parents.iter().zip(try_join_all(lists).await?) {
            for (name, row) in kind::named_rows(of, rows.unwrap_or_default()) {
                if let Some(object) = state.objects.get_mut(&parent.child(of.name, name)) {
                    object.id = str_of(&row, of.routes.id).map(Into::into);
                }
            }
        }
    }
    Ok(())
}

/// Returns whether several of a kind that stand under an object have one name.
fn has_namesakes(of: &Kind, parent: &Address, state: &State) -> bool {
    state.under(parent).any(|(it, _)| it.kind() == of.name && kind::is_numbered(it))
}
