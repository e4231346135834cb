//! The objects of a state, shared between states: a copy of a realm copies no object until it changes one.

use std::collections::{BTreeMap, btree_map};
use std::ops::Index;
use std::sync::Arc;

use super::{Address, Object};

/// Objects by address. A clone is cheap; an object that two of them share is copied when one of them changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects(BTreeMap<Address, Arc<Object>>);

/// Every object with its address, in order.
type Iter<'a> = std::iter::Map<
    btree_map::Iter<'a, Address, Arc<Object>>,
    fn((&'a Address, &'a Arc<Object>)) -> (&'a Address, &'a Object),
>;

impl Objects {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains_key(&self, address: &Address) -> bool {
        self.0.contains_key(address)
    }

    pub fn get(&self, address: &Address) -> Option<&Object> {
        self.0.get(address).map(|it| &**it)
    }

    pub fn get_key_value(&self, address: &Address) -> Option<(&Address, &Object)> {
        self.0.get_key_value(address).map(|(it, object)| (it, &**object))
    }

    /// Returns an object to keep while the state changes.
    pub fn shared(&self, address: &Address) -> Option<Arc<Object>> {
        self.0.get(address).cloned()
    }

    /// Returns an object to change, which no other state shares any more.
    pub fn get_mut(&mut self, address: &Address) -> Option<&mut Object> {
        self.0.get_mut(address).map(Arc::make_mut)
    }

    /// Returns an object to change; where there is none, a new one is put there.
    pub fn get_or_insert_with(&mut self, address: Address, new: impl FnOnce() -> Object) -> &mut Object {
        Arc::make_mut(self.0.entry(address).or_insert_with(|| Arc::new(new())))
    }

    pub fn insert(&mut self, address: Address, object: impl Into<Arc<Object>>) {
        self.0.insert(address, object.into());
    }

    pub fn remove(&mut self, address: &Address) -> Option<Object> {
        self.0.remove(address).map(Arc::unwrap_or_clone)
    }

    /// Removes an object that nobody asks for; returns whether it was there.
    pub fn discard(&mut self, address: &Address) -> bool {
        self.0.remove(address).is_some()
    }

    /// Gives an object another address, in place of whatever has that.
    pub fn rename(&mut self, old: &Address, new: Address) {
        if let Some(object) = self.0.remove(old) {
            self.0.insert(new, object);
        }
    }

    pub fn retain(&mut self, mut stays: impl FnMut(&Address, &Object) -> bool) {
        self.0.retain(|address, object| stays(address, object));
    }

    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(|(address, object)| (address, &**object))
    }

    pub fn keys(&self) -> btree_map::Keys<'_, Address, Arc<Object>> {
        self.0.keys()
    }

    pub fn into_keys(self) -> impl Iterator<Item = Address> {
        self.0.into_keys()
    }

    pub fn values(&self) -> impl Iterator<Item = &Object> {
        self.0.values().map(|it| &**it)
    }

    /// Returns every object to change: all of them are copied that another state shares.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Address, &mut Object)> {
        self.0.iter_mut().map(|(address, object)| (address, Arc::make_mut(object)))
    }

    /// Returns every object to change: all of them are copied that another state shares.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Object> {
        self.0.values_mut().map(Arc::make_mut)
    }

    /// Returns the objects that stand under an address, at any depth.
    pub(super) fn under<'a>(
        &'a self,
        address: &'a Address,
    ) -> impl Iterator<Item = (&'a Address, &'a Object)> {
        let after = self.0.range(address..).skip_while(move |(it, _)| *it == address);
        after.take_while(move |(it, _)| it.is_under(address)).map(|(it, object)| (it, &**object))
    }

    /// Puts other addresses in the place of those that objects name. Objects that name none of them stay shared.
    pub(super) fn redirect(&mut self, to: impl Fn(&Address) -> Option<Address>) {
        for object in self.0.values_mut() {
            let mut is_hit = false;
            object
                .fields
                .values()
                .for_each(|it| it.each_ref(&mut |target, _| is_hit |= to(target).is_some()));
            if is_hit {
                for node in Arc::make_mut(object).fields.values_mut() {
                    node.each_ref_mut(&mut |target| {
                        if let Some(other) = to(target) {
                            *target = other;
                        }
                    });
                }
            }
        }
    }
}

impl Index<&Address> for Objects {
    type Output = Object;

    fn index(&self, address: &Address) -> &Object {
        &self.0[address]
    }
}

impl Extend<(Address, Object)> for Objects {
    fn extend<T: IntoIterator<Item = (Address, Object)>>(&mut self, objects: T) {
        self.0.extend(objects.into_iter().map(|(address, object)| (address, Arc::new(object))));
    }
}

impl FromIterator<(Address, Object)> for Objects {
    fn from_iter<T: IntoIterator<Item = (Address, Object)>>(objects: T) -> Self {
        let mut out = Self::default();
        out.extend(objects);
        out
    }
}

impl<'a> IntoIterator for &'a Objects {
    type Item = (&'a Address, &'a Object);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl IntoIterator for Objects {
    type Item = (Address, Object);
    type IntoIter = std::iter::Map<
        btree_map::IntoIter<Address, Arc<Object>>,
        fn((Address, Arc<Object>)) -> (Address, Object),
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(address, object)| (address, Arc::unwrap_or_clone(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Is, KindName, Node};
    use crate::text::At;

    const ROLE: KindName = KindName::new("role");

    fn role(name: &str) -> Address {
        Address::top(ROLE, name)
    }

    fn of_role(name: &str) -> Object {
        let mut object = Object::new(At::SERVER);
        object.fields.insert("of".into(), Node::new(At::SERVER, Is::Ref(role(name))));
        object
    }

    #[test]
    fn a_copy_shares_what_it_does_not_change() {
        let before: Objects = [(role("a"), of_role("x")), (role("b"), of_role("y"))].into_iter().collect();
        let is_shared = |it: &Objects, name: &str| Arc::ptr_eq(&it.0[&role(name)], &before.0[&role(name)]);
        for (change, shares) in [
            ((|it| drop(it.shared(&role("a")))) as fn(&mut Objects), [true, true]),
            (|it| it.get_mut(&role("a")).expect("it is there").namesakes = 1, [false, true]),
            (|it| it.insert(role("b"), Object::new(At::SERVER)), [true, false]),
            (|it| it.redirect(|target| (*target == role("y")).then(|| role("z"))), [true, false]),
            (|it| it.redirect(|_| None), [true, true]),
            (|it| it.values_mut().for_each(drop), [false, false]),
        ] {
            let mut after = before.clone();
            change(&mut after);
            assert_eq!([is_shared(&after, "a"), is_shared(&after, "b")], shares);
        }
        assert_eq!(before[&role("b")], of_role("y"), "the first one stays as it was");
    }
}
