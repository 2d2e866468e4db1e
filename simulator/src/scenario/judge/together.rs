//! What old and new tasks read of one another.

use serde_json::Value;

use crate::scenario::round::Read;

/// How what `reader` answers differs from what the writer answered when it wrote: in the members that both answers have. The reader's
/// own further members are its business. None if they agree.
pub(in crate::scenario) fn difference(written: &Value, read: &Read) -> Option<String> {
    let read = match read {
        Read::Refused(why) => return Some(format!("it is answered with {why}")),
        Read::Body(body) => body,
    };
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => written.iter().find_map(|(key, value)| {
            let other = read.get(key)?;
            (other != value).then(|| format!("`{key}` is {} and was written as {}", short(other), short(value)))
        }),
        _ if written == read => None,
        _ => Some(format!("it is {} and was written as {}", short(read), short(written))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_both_know_must_be_the_same() {
        let written = json!({"title": "a"});
        let cases = [
            (Read::Body(json!({"id": 1, "title": "a", "new": null})), None),
            (Read::Body(json!({"id": 1, "title": null})), Some("`title` is null and was written as \"a\"")),
            (Read::Refused("500".to_owned()), Some("it is answered with 500")),
            (Read::Body(json!([])), Some("it is [] and was written as {\"title\":\"a\"}")),
        ];
        for (read, expected) in cases {
            assert_eq!(difference(&written, &read).as_deref(), expected, "{read:?}");
        }
    }
}
