//! Rows of one list as exports nest them: by what they say of themselves, and under what they name by id.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::named::numbered;
use super::{KINDS, Kind, SaysParent, Sent, kind, name_of};

/// Returns the rows of the list of a kind as the section has them in which it stands.
pub fn as_exported(of: &Kind, rows: Vec<Value>) -> Value {
    let sections = || KINDS.iter().flat_map(|it| it.fields).map(|it| it.sent);
    let by_name = sections().find_map(|it| match it {
        Sent::ChildrenByName(name, field) if name == of.name => Some(field),
        _ => None,
    });
    if let Some(field) = by_name {
        let said = |mut row: Value| row.get_mut(field).map(Value::take).unwrap_or_default();
        return rows.into_iter().filter_map(|it| Some((name_of(of, &it)?, said(it)))).collect();
    }
    let key = sections().find_map(|it| match it {
        Sent::ChildrenBy(name, key) if name == of.name => Some(key),
        _ => None,
    });
    let Some(key) = key else { return Value::Array(rows) };
    let below = of.fields.iter().find_map(|it| match (it.sent, it.sent.holds().map(kind)) {
        (Sent::ChildrenBy(_, key), Some(Kind { says_parent: SaysParent::ById(parent), .. })) => {
            Some((it.name, key, *parent))
        }
        _ => None,
    });
    let Some((section, key_below, parent)) = below else { return by(key, rows) };
    let text = |row: &Value, field: &str| row.get(field).and_then(Value::as_str).map(str::to_owned);
    let ids: Vec<String> = rows.iter().filter_map(|it| text(it, of.routes.id)).collect();
    let mut under: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut tops = Vec::new();
    for row in rows {
        match text(&row, parent).filter(|it| ids.contains(it)) {
            Some(parent) => under.entry(parent).or_default().push(row),
            None => tops.push(row),
        }
    }
    for row in &mut tops {
        let children = text(row, of.routes.id).and_then(|it| under.remove(&it));
        if let (Some(children), Value::Object(row)) = (children, row) {
            row.insert(section.to_owned(), by(key_below, children));
        }
    }
    by(key, tops)
}

/// Returns the rows of a list that are of a kind, by name: the second of several of one name is numbered where they stand in
/// an order.
pub fn named_rows(of: &Kind, rows: Vec<Value>) -> Vec<(String, Value)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    // Where the server lists names alone, they are all that a row says.
    let as_row = |it| if let Value::String(name) = it { json!({ of.key: name }) } else { it };
    let rows = rows.into_iter().filter_map(|it| of.behaviour.as_exported(as_row(it)));
    let named = rows.map(|row| {
        let name = name_of(of, &row).unwrap_or_default();
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        let nth = if of.is_ranked() { *count } else { 1 };
        (numbered(name, nth), row)
    });
    named.collect()
}

/// Puts rows into lists by what one of their fields says.
fn by(field: &str, rows: Vec<Value>) -> Value {
    let mut out: Map<String, Value> = Map::new();
    for mut row in rows {
        let key = row.as_object_mut().and_then(|it| it.remove(field));
        let key = key.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Value::Array(list) = out.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
            list.push(row);
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::as_exported;
    use crate::kind::{COMPONENT, LOCALIZATION, ROLE, kind, named_rows, of_body};

    #[test]
    fn rows_of_one_list_are_nested_as_exports_have_them() {
        let rows = json!([
            { "id": "1", "name": "ldap", "providerType": "F", "parentId": "realm" },
            { "id": "2", "name": "email", "providerType": "M", "parentId": "1" },
            { "id": "3", "name": "rsa", "providerType": "K", "parentId": "realm" },
        ]);
        let rows = rows.as_array().cloned().unwrap_or_default();
        let nested = json!({
            "F": [{ "id": "1", "name": "ldap", "parentId": "realm",
                "subComponents": { "M": [{ "id": "2", "name": "email", "parentId": "1" }] } }],
            "K": [{ "id": "3", "name": "rsa", "parentId": "realm" }],
        });
        assert_eq!(as_exported(kind(COMPONENT), rows.clone()), nested);
        assert_eq!(as_exported(kind(ROLE), rows.clone()), json!(rows));
    }

    #[test]
    fn names_alone_and_what_is_read_for_each_become_a_map_by_name() {
        let of = kind(LOCALIZATION);
        let names = named_rows(of, vec![json!("de"), json!("pt-BR")]);
        let names: Vec<String> = names.into_iter().map(|it| it.0).collect();
        assert_eq!(names, ["de", "pt-BR"]);
        let bodies = [json!({ "a": "A" }), json!({})];
        let rows = names.iter().zip(bodies).map(|(name, body)| of_body(of, name, body)).collect();
        assert_eq!(as_exported(of, rows), json!({ "de": { "a": "A" }, "pt-BR": {} }));
    }
}
