//! How permissions over administration add up (client `admin-permissions`; see `compile/fine_grained.rs`).

use std::collections::BTreeSet;

use super::policy::Holds;
use super::realm::{Server, Tier};

/// What the permissions of one tier say about a scope.
#[derive(Clone, Copy, Default)]
struct Says {
    grants: bool,
    denies: bool,
}

/// The scopes that are granted, and whether the server's own order decides about any of them.
pub(super) struct Granted {
    pub(super) scopes: BTreeSet<usize>,
    pub(super) order_dependent: bool,
}

/// Adds up what permissions say: `strict` takes as denied what the server's order decides.
pub(super) fn granted(
    server: &Server,
    requested: &BTreeSet<usize>,
    order: &[(usize, u8)],
    says: &dyn Fn(usize) -> Option<Holds>,
    strict: bool,
) -> Granted {
    let mut out = Granted { scopes: BTreeSet::new(), order_dependent: false };
    for scope in requested {
        // Who may manage may reset passwords, unless a permission has a say in that.
        let own = order.iter().any(|it| it.1 > 0 && server.is_about(*it, *scope));
        let asked = if own { *scope } else { server.managing(*scope).unwrap_or(*scope) };
        let by_role = tier(server, *scope, order, says, Tier::Role).grants;
        let [object, group, groups, all] = [Tier::Object, Tier::Group, Tier::AllGroups, Tier::AllOfType]
            .map(|it| tier(server, asked, order, says, it));
        let is_close = object.grants || group.grants;
        let of_groups = groups.denies && !is_close;
        let denied = object.denies || group.denies || (all.denies && !object.grants);
        let may = is_close || groups.grants || all.grants;
        if by_role || (may && !denied && !of_groups) {
            out.scopes.insert(*scope);
        } else if may && !denied && groups.grants {
            out.order_dependent = true;
            out.scopes.extend((!strict).then_some(*scope));
        }
    }
    out
}

fn tier(
    server: &Server,
    scope: usize,
    order: &[(usize, u8)],
    says: &dyn Fn(usize) -> Option<Holds>,
    of: Tier,
) -> Says {
    let mut out = Says::default();
    for it in order.iter().filter(|it| it.1 == of as u8) {
        let Some(holds) = says(it.0) else { continue };
        let (is_yes, is_about) = (holds == Holds::Yes, server.is_about(*it, scope));
        out.grants |= is_yes && is_about;
        out.denies |= !is_yes && (of == Tier::AllOfType || server.may_deny(*it, scope));
    }
    out
}

impl Server {
    /// Returns whether a permission of a tier has a scope, or a group's that means it for the members.
    fn is_about(&self, (permission, phase): (usize, u8), scope: usize) -> bool {
        let name = |it: usize| self.scopes.addresses[it].name();
        let of_members = phase == Tier::Group as u8 || phase == Tier::AllGroups as u8;
        let scopes = &self.permission_entries[permission].scopes;
        if !of_members {
            return scopes.contains(&scope);
        }
        let wanted = match name(scope) {
            "view" => "view-members",
            "manage" => "manage-members",
            "impersonate" => "impersonate-members",
            "manage-group-membership" => "manage-membership-of-members",
            _ => return false,
        };
        scopes.iter().any(|it| name(*it) == wanted)
    }

    /// Returns whether a permission denies a scope where it says no. One about a group itself says no to its members as
    /// well, and no yes (measured on 26.7.5).
    fn may_deny(&self, it: (usize, u8), scope: usize) -> bool {
        let of_itself = it.1 == Tier::Group as u8 && self.permission_entries[it.0].scopes.contains(&scope);
        of_itself || self.is_about(it, scope)
    }

    /// Returns the scope that brings this one along.
    fn managing(&self, scope: usize) -> Option<usize> {
        let is = |it: usize, wanted: &str| self.scopes.addresses[it].name() == wanted;
        let all = 0..self.scopes.len();
        all.into_iter().find(|it| is(*it, "manage")).filter(|_| is(scope, "reset-password"))
    }

    /// Returns whether a permission has a say in any of these scopes.
    pub(super) fn is_about_any(&self, it: (usize, u8), requested: &BTreeSet<usize>) -> bool {
        let may_deny = |scope: usize| self.may_deny(it, scope);
        requested.iter().any(|of| may_deny(*of) || self.managing(*of).is_some_and(may_deny))
    }
}
