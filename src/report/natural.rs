//! The order in which people look for names: `role-2` before `role-10`.

use std::cmp::Ordering;

use crate::state::Address;

/// Returns addresses in the order in which people look for them.
pub(super) fn by_name<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Vec<&'a Address> {
    let mut all: Vec<&Address> = addresses.into_iter().collect();
    all.sort_by(|a, b| compare(a, b));
    all
}

/// Compares addresses by parent and kind, then by name.
pub(super) fn compare(a: &Address, b: &Address) -> Ordering {
    for (a, b) in a.steps().iter().zip(b.steps()) {
        let order = a.kind.cmp(&b.kind).then_with(|| names(&a.name, &b.name));
        if order.is_ne() {
            return order;
        }
    }
    a.steps().len().cmp(&b.steps().len())
}

/// Compares names; a number in them counts as what it is worth.
pub(super) fn names(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) else {
            // `1` and `01` are worth the same.
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let ((x, after_x), (y, after_y)) = (number(left), number(right));
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
            if order.is_ne() {
                return order;
            }
            (left, right) = (after_x, after_y);
        } else if x == y {
            (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
        } else {
            return x.cmp(&y);
        }
    }
}

/// Splits a text after the number that it begins with, which loses its leading zeros.
fn number(text: &str) -> (&str, &str) {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn numbers_in_names_count_as_what_they_are_worth() {
        let mut all = [
            "role-10",
            "role-2",
            "role-02",
            "Role",
            "role",
            "role-2b",
            "role-",
            "a9z",
            "a10a",
            "ä",
            "99999999999999999999",
            "9",
        ];
        all.sort_by(|a, b| names(a, b));
        assert_eq!(
            all,
            [
                "9",
                "99999999999999999999",
                "Role",
                "a9z",
                "a10a",
                "role",
                "role-",
                "role-02",
                "role-2",
                "role-2b",
                "role-10",
                "ä"
            ]
        );
    }
}
