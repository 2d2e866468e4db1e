//! Form-encoded parameters, as the Query protocols send them, to the tree that JSON requests arrive as.
//!
//! `Tags.member.1.Key=a` (Query) and `Tag.1.Key=a` (EC2) become arrays of structures, `Map.entry.1.key=a&Map.entry.1.value=b`
//! becomes a structure. All leaves are text.

use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use thiserror::Error;

/// Names deeper than this are refused: no shape of AWS's comes near, and a tree without bounds would exhaust the stack.
const DEEPEST: usize = 32;

/// Why parameters were not understood.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum FormError {
    /// Bytes that are not UTF-8.
    #[error("a parameter is not encoded as UTF-8")]
    Encoding,
    /// The same name twice.
    #[error("the parameter `{0}` is given more than once")]
    Twice(String),
    /// A name that is both a text and a structure.
    #[error("the parameter `{0}` is given both as a text and as a structure")]
    Both(String),
    /// A name with an empty part, or too many of them.
    #[error("the parameter name `{0}` cannot be read")]
    Name(String),
}

/// The names and values of `encoded`, decoded, in order.
///
/// # Errors
/// [`FormError::Encoding`].
pub(crate) fn pairs(encoded: &[u8]) -> Result<Vec<(String, String)>, FormError> {
    encoded
        .split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let equals = pair.iter().position(|&byte| byte == b'=');
            let (name, value) = equals.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
            Ok((text(name)?, text(value)?))
        })
        .collect()
}

/// The tree that `pairs` spell.
///
/// # Errors
/// Names that contradict one another or cannot be read.
pub(crate) fn tree(pairs: Vec<(String, String)>) -> Result<Map<String, Value>, FormError> {
    let mut root = Map::new();
    for (name, value) in pairs {
        plant(&mut root, &name, value)?;
    }
    Ok(root.into_iter().map(|(name, value)| (name, fold(value))).collect())
}

fn text(encoded: &[u8]) -> Result<String, FormError> {
    let spaced: Vec<u8> = encoded.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| FormError::Encoding)?;
    Ok(decoded.into_owned())
}

fn plant(root: &mut Map<String, Value>, name: &str, value: String) -> Result<(), FormError> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.len() > DEEPEST || parts.iter().any(|part| part.is_empty()) {
        return Err(FormError::Name(name.to_owned()));
    }
    let (last, above) = parts.split_last().expect("splitting yields at least one part");
    let mut branch = root;
    for part in above {
        let below = branch.entry(*part).or_insert_with(|| Value::Object(Map::new()));
        branch = below.as_object_mut().ok_or_else(|| FormError::Both(name.to_owned()))?;
    }
    match branch.insert((*last).to_owned(), Value::String(value)) {
        None => Ok(()),
        Some(Value::Object(_)) => Err(FormError::Both(name.to_owned())),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(FormError::Twice(name.to_owned()))
        }
    }
}

/// Structures that are lists or maps in disguise become what they are, from the leaves up.
fn fold(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let mut fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, fold(value))).collect();
    if let Some(items) = listed(&mut fields) {
        return Value::Array(items);
    }
    if fields.len() == 1 {
        if let Some(Value::Array(items)) = fields.get_mut("member") {
            return Value::Array(std::mem::take(items));
        }
        if let Some(map) = fields.get("entry").and_then(mapped) {
            return Value::Object(map);
        }
    }
    Value::Object(fields)
}

/// The items of a structure whose names are all numbers, in their order. Gaps are closed, as AWS closes them.
fn listed(fields: &mut Map<String, Value>) -> Option<Vec<Value>> {
    let index = |name: &str| -> Option<u32> { name.parse().ok().filter(|index: &u32| index.to_string() == name) };
    let mut order: Vec<(u32, String)> =
        fields.keys().map(|name| index(name).map(|number| (number, name.clone()))).collect::<Option<_>>()?;
    order.sort_unstable();
    Some(order.into_iter().filter_map(|(_, name)| fields.remove(&name)).collect())
}

/// The map that a list of `{key, value}` spells, if all its items do.
fn mapped(entries: &Value) -> Option<Map<String, Value>> {
    let mut map = Map::new();
    for entry in entries.as_array()? {
        let fields = entry.as_object()?;
        let key = fields.get("key")?.as_str()?;
        let value = fields.get("value").cloned().unwrap_or_else(|| Value::String(String::new()));
        if fields.keys().any(|name| name != "key" && name != "value") || map.insert(key.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(map)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn decode(encoded: &str) -> Result<Value, FormError> {
        pairs(encoded.as_bytes()).and_then(tree).map(Value::Object)
    }

    #[test]
    fn forms_are_read_as_the_tree_they_spell() {
        for (encoded, expected) in [
            ("", json!({})),
            ("Action=ListUsers&Version=2010-05-08", json!({"Action": "ListUsers", "Version": "2010-05-08"})),
            ("PolicyDocument=%7B%22a%22%3A+1%7D&Path=%2F", json!({"PolicyDocument": "{\"a\": 1}", "Path": "/"})),
            ("A&B=", json!({"A": "", "B": ""})),
            // Query: lists, lists of structures, maps.
            ("Names.member.2=b&Names.member.1=a", json!({"Names": ["a", "b"]})),
            ("Tags.member.1.Key=k&Tags.member.1.Value=v", json!({"Tags": [{"Key": "k", "Value": "v"}]})),
            ("M.entry.1.key=k&M.entry.1.value=v&M.entry.2.key=l&M.entry.2.value=", json!({"M": {"k": "v", "l": ""}})),
            ("L.member.1.In.member.1=x&L.member.2.In.member.1=y", json!({"L": [{"In": ["x"]}, {"In": ["y"]}]})),
            // EC2: lists are numbered directly.
            ("GroupId.1=sg-1&GroupId.2=sg-2", json!({"GroupId": ["sg-1", "sg-2"]})),
            (
                "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.10.Name=z&Filter.2.Name=y",
                json!({"Filter": [{"Name": "vpc-id", "Value": ["vpc-1"]}, {"Name": "y"}, {"Name": "z"}]}),
            ),
            // A structure that only looks like a list or map stays one.
            ("S.1=a&S.Name=b", json!({"S": {"1": "a", "Name": "b"}})),
            ("S.01=a", json!({"S": {"01": "a"}})),
            ("S.member.1=a&S.Name=b", json!({"S": {"member": ["a"], "Name": "b"}})),
            ("S.member=a", json!({"S": {"member": "a"}})),
            ("S.entry.1.key=a&S.entry.2.key=a", json!({"S": {"entry": [{"key": "a"}, {"key": "a"}]}})),
        ] {
            assert_eq!(decode(encoded), Ok(expected), "{encoded}");
        }
    }

    #[test]
    fn contradictory_forms_are_refused() {
        for (encoded, error) in [
            ("A=1&A=2", FormError::Twice("A".to_owned())),
            ("A.B=1&A.B=2", FormError::Twice("A.B".to_owned())),
            ("A=1&A.B=2", FormError::Both("A.B".to_owned())),
            ("A.B=1&A=2", FormError::Both("A".to_owned())),
            ("A..B=1", FormError::Name("A..B".to_owned())),
            ("=1", FormError::Name(String::new())),
            ("A=%FF", FormError::Encoding),
        ] {
            assert_eq!(decode(encoded), Err(error), "{encoded}");
        }
        let deep = vec!["A"; DEEPEST + 1].join(".");
        assert_eq!(decode(&format!("{deep}=1")), Err(FormError::Name(deep)));
    }

    /// Trees as Query clients can send them: texts, non-empty lists and structures.
    fn trees() -> impl Strategy<Value = Value> {
        let leaf = ".{0,8}".prop_map(Value::String);
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
                prop::collection::btree_map("[A-Z][a-z]{0,5}", inner, 1..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn spell(name: &str, value: &Value, dialect: &str, out: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => out.push((name.to_owned(), text.clone())),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    spell(&format!("{name}.{dialect}{}", index + 1), item, dialect, out);
                }
            }
            Value::Object(fields) => {
                for (field, value) in fields {
                    spell(&format!("{name}.{field}"), value, dialect, out);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => unreachable!("the strategy makes none"),
        }
    }

    proptest! {
        /// What a client spells, in either dialect and in any order of its parameters, is read back as it was meant.
        #[test]
        fn trees_are_read_back(value in trees(), ec2: bool, backwards: bool) {
            let mut spelt = Vec::new();
            spell("X", &value, if ec2 { "" } else { "member." }, &mut spelt);
            if backwards {
                spelt.reverse();
            }
            let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
            let encoded: Vec<String> = spelt.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            prop_assert_eq!(decode(&encoded.join("&")), Ok(json!({"X": value})));
        }

        /// No bytes make the decoder panic.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![Just(b'.'), Just(b'&'), Just(b'='), Just(b'1'), any::<u8>()], 0..64)) {
            let _ = pairs(&bytes).and_then(tree);
        }
    }
}
