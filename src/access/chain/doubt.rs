//! Why a decision cannot be told from a state.

use std::fmt;

use crate::access::decide::{Answered, doubt, order};
use crate::access::policy::Holds;
use crate::access::realm::{PermissionType, Server};
use crate::state::Address;

/// Why a decision cannot be made from a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// JavaScript, or a type that an extension of the server brings.
    Type { policy: Address, of_type: String },
    /// It hinges on the time, which was not given: the limits of the window in words, and whether it is permitted only
    /// within or only outside, where that can be told.
    Time { policy: Address, limits: Vec<String>, within: Option<bool> },
    /// It hinges on what the token says.
    Token { policy: Address },
    /// It hinges on what is sent along with the request.
    Request { policy: Address, target: String },
    /// The server answers with an error as long as this policy is as it is.
    Fails { policy: Address },
    /// The server may take no token that this mapper writes into.
    Spoiled { mapper: Address },
    /// A permission of an unknown type, or a share of which it cannot be said with whom.
    Shared { permission: Address },
    /// There are several resources of this name, and what is said of it may be said of any of these.
    Several { resource: Address },
    /// The server's answer changes from run to run.
    Order,
    /// What is asked about does not exist in this state.
    NotThere(String),
}

impl Doubt {
    /// Returns the object that leaves it open.
    pub(in crate::access) fn address(&self) -> Option<&Address> {
        match self {
            Self::Type { policy, .. }
            | Self::Time { policy, .. }
            | Self::Token { policy }
            | Self::Request { policy, .. }
            | Self::Fails { policy } => Some(policy),
            Self::Shared { permission } => Some(permission),
            Self::Several { resource } => Some(resource),
            Self::Spoiled { mapper } => Some(mapper),
            Self::Order | Self::NotThere(_) => None,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { policy, of_type } if is_script(of_type) => {
                write!(f, "policy {} is JavaScript", policy.name())
            }
            Self::Type { policy, of_type } => {
                write!(f, "policy {} is of the unknown type {of_type}", policy.name())
            }
            Self::Time { policy, limits, within } => {
                let (name, limits) = (policy.name(), limits.join(", "));
                match within {
                    Some(true) => write!(f, "only within the window of policy {name} ({limits})"),
                    Some(false) => write!(f, "only outside of the window of policy {name} ({limits})"),
                    None => write!(f, "policy {name} hinges on the time ({limits})"),
                }
            }
            Self::Token { policy } => write!(f, "policy {} hinges on what the token says", policy.name()),
            Self::Request { policy, target } => {
                write!(f, "policy {} hinges on whether the request sends {target}", policy.name())
            }
            Self::Fails { policy } => write!(f, "policy {} makes the server fail", policy.name()),
            Self::Spoiled { mapper } => {
                write!(f, "mapper {} may make the token unusable", mapper.name())
            }
            Self::Shared { permission } => {
                write!(f, "it is not known whom permission {} lets in", permission.name())
            }
            Self::Several { resource } => write!(f, "there are several resources {}", resource.name()),
            Self::Order => f.write_str("the server answers differently from run to run"),
            Self::NotThere(what) => f.write_str(what),
        }
    }
}

/// Whether a policy of this type is JavaScript: written into the realm by an old server, or deployed.
pub fn is_script(of_type: &str) -> bool {
    of_type == "js" || of_type.strip_prefix("script-").is_some_and(|it| it.strip_suffix(".js").is_some())
}

pub(super) fn doubts(
    server: &Server,
    resource: Option<usize>,
    answer: &Answered,
    outcomes: &[Holds],
) -> Vec<Doubt> {
    let mut out: Vec<Doubt> = answer.unknown.iter().map(|it| doubt(server, *it, answer.within)).collect();
    let order = order(server, resource, &answer.requested);
    for (permission, _) in order {
        let entry = &server.permission_entries[permission];
        if entry.of == PermissionType::Other {
            out.push(Doubt::Shared { permission: server.permissions.addresses[permission].clone() });
        }
        let fails = entry.leaves.iter().filter(|it| outcomes[**it] == Holds::Fails);
        out.extend(fails.map(|it| Doubt::Fails { policy: server.policies.addresses[*it].clone() }));
    }
    if let Some(at) = resource.filter(|it| server.resource_entries[*it].several) {
        out.push(Doubt::Several { resource: server.resources.addresses[at].clone() });
    }
    if answer.order_dependent {
        out.push(Doubt::Order);
    }
    out.sort();
    out.dedup();
    out
}
