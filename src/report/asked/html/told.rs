//! What the page tells beside symbols: the chains of the decisions that it shows, and what leaves others open.

use std::collections::BTreeMap;
use std::io;

use super::super::folded::{Folded, listed};
use super::super::link;
use super::super::matrix::{Decisions, Sheet};
use crate::access::{Cell, Doubt};

/// Who is named beside a chain that not all of a class share.
const NAMES: usize = 8;

/// A verdict with its chain, without its ends: both are in the table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chain {
    pub(super) grants: Option<bool>,
    pub(super) links: Vec<String>,
    pub(super) doubts: Vec<Doubt>,
}

/// Chains, each with whom it is about where there are several.
pub(super) type Reason = Vec<(Option<String>, Chain)>;

/// Those whom one chain is about, as positions of columns.
pub(super) type Told = Vec<(Chain, Vec<usize>)>;

/// The chains of the first resource of each group and the first scope of each of its lines.
pub(super) struct Chains {
    /// Per group and line.
    pub(super) told: Vec<Vec<Told>>,
    /// How many decisions each doubt leaves open.
    pub(super) doubts: BTreeMap<Doubt, usize>,
}

impl Chains {
    pub(super) fn of(folded: &Folded, decisions: Decisions<'_>) -> io::Result<Self> {
        let mut shown: BTreeMap<(&str, Option<&str>), (usize, usize)> = BTreeMap::new();
        let mut told: Vec<Vec<Told>> = Vec::new();
        for (at, group) in folded.groups.iter().enumerate() {
            told.push(vec![Told::new(); group.lines.len()]);
            for (line, it) in group.lines.iter().enumerate() {
                shown.insert((&group.resources[0], it.scopes[0].as_deref()), (at, line));
            }
        }
        let mut doubts: BTreeMap<Doubt, usize> = BTreeMap::new();
        let mut here = None;
        // Chains of one question, by where they are in memory, and by what they say.
        let mut known = BTreeMap::new();
        let mut said: BTreeMap<Chain, usize> = BTreeMap::new();
        decisions(&mut |cell| {
            for it in cell.doubts {
                match doubts.get_mut(it) {
                    Some(count) => *count += 1,
                    None => drop(doubts.insert(it.clone(), 1)),
                }
            }
            if cell.persona == 0 {
                here = shown.get(&(cell.resource, cell.scope)).copied();
                known.clear();
                said.clear();
            }
            let Some((group, line)) = here else { return Ok(()) };
            let told = &mut told[group][line];
            let at = *known.entry((cell.path.as_ptr(), cell.grants)).or_insert_with(|| {
                let chain = chain(&cell);
                *said.entry(chain).or_insert_with_key(|chain| {
                    told.push((chain.clone(), Vec::new()));
                    told.len() - 1
                })
            });
            told[at].1.push(cell.persona);
            Ok(())
        })?;
        Ok(Self { told, doubts })
    }

    /// Returns why each class is told what it is told in a line.
    pub(super) fn reasons(&self, folded: &Folded, sheet: &Sheet<'_>, at: (usize, usize)) -> Vec<Reason> {
        let mut of_class: Vec<Vec<(&Chain, Vec<usize>)>> = vec![Vec::new(); folded.classes.len()];
        for (chain, members) in &self.told[at.0][at.1] {
            for column in members {
                let all = &mut of_class[folded.class_of[*column]];
                match all.last_mut().filter(|it| it.0 == chain) {
                    Some(known) => known.1.push(*column),
                    None => all.push((chain, vec![*column])),
                }
            }
        }
        let named = |(chain, members): &(&Chain, Vec<usize>), is_alone: bool| {
            let names = || listed(&folded.names(sheet.columns, members), NAMES);
            ((!is_alone).then(names), (*chain).clone())
        };
        of_class.iter().map(|all| all.iter().map(|it| named(it, all.len() == 1)).collect()).collect()
    }
}

fn chain(cell: &Cell<'_>) -> Chain {
    let links = cell.path.iter().filter(|it| !it.is_resource()).map(link).collect();
    Chain { grants: cell.grants, links, doubts: cell.doubts.to_vec() }
}
