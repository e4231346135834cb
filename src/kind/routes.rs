//! Where the server has objects of a kind.

use super::{Covers, KINDS, Kind};

/// Where an object is created, read, written and found. Placeholders: `{up}` the parent's own path, `{within}` that of the
/// closest one of another kind, `{parent}` the id of the parent, `{above}` its name, `{id}`, `{name}`, `{path}` and `{type}` the
/// object's.
pub struct Routes {
    /// POST here; empty where only the server makes such objects.
    pub collection: &'static str,
    /// POST here instead what stands under none of its own kind.
    pub top: &'static str,
    /// What the POST takes, but for one at `top`, which takes all; the other fields follow with a PUT. Empty where it takes all.
    pub post_takes: &'static [&'static str],
    /// GET, PUT and DELETE here.
    pub own: &'static str,
    /// PUT here instead.
    pub put: &'static str,
    /// What the PUT takes; empty where it takes all.
    pub put_takes: &'static [&'static str],
    /// GET here a list of all under one parent, for credentials that may view and not export. Empty where they are shown with
    /// what they stand under.
    pub list: &'static str,
    pub covers: Covers,
    /// The right to view them; what may stand directly under the realm and elsewhere too needs there the right of what it
    /// stands under.
    pub needs: &'static str,
    /// GET here and take the one with this name: for ids that no answer told.
    pub find: &'static str,
    /// The list of the document at `own` in which it stands: a write reads the document, changes it there and puts it back.
    /// Empty where an object has a path of its own.
    pub document: &'static str,
    /// The server keeps the document in the realm: it answers a write beside one of the realm, or of another of these, with
    /// 409.
    pub in_realm: bool,
    /// The field that holds the id.
    pub id: &'static str,
    /// Whether the `Location` of a new object ends in its id: that of a role ends in its name.
    pub location_is_id: bool,
    /// What among those that `find` answers is the one.
    pub found_by: FoundBy,
    /// Bodies are this field and nothing else, a map: a POST at `own` lays its keys over those that are there, and takes away
    /// those that are null. Empty where bodies are objects.
    pub bare: &'static str,
    /// The field of the parent's representation that shows such objects as they are stored; empty where GET
    /// does. Plans compare with that form, so an update begins with it.
    pub row: &'static str,
    /// Nothing writes one that is there: an update deletes it and makes it anew.
    pub is_remade: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    Name,
    /// The server keeps names in lower case.
    NameInAnyCase,
    /// The path, which says all.
    Path,
}

impl Kind {
    /// Returns whether requests carry names of such objects in their paths: to them, or to what stands under them.
    pub(super) fn is_in_paths(&self) -> bool {
        let below = KINDS.iter().filter(|it| it.under.contains(&self.name));
        self.routes.has("{name}") || below.into_iter().any(|it| it.routes.has("{above}"))
    }
}

impl Routes {
    /// Returns whether a placeholder stands in a path.
    fn has(&self, placeholder: &str) -> bool {
        let all = [self.collection, self.top, self.own, self.put, self.list, self.find];
        all.iter().any(|it| it.split('?').next().is_some_and(|it| it.contains(placeholder)))
    }
}

/// Nowhere yet: entries say where.
pub(super) const ROUTES: Routes = Routes {
    collection: "",
    top: "",
    post_takes: &[],
    own: "",
    put: "",
    put_takes: &[],
    find: "",
    list: "",
    covers: Covers::Whole,
    needs: "view-realm",
    document: "",
    in_realm: false,
    id: "id",
    location_is_id: true,
    found_by: FoundBy::Name,
    bare: "",
    row: "",
    is_remade: false,
};
