//! JSON with places.

use std::collections::BTreeSet;

use super::source::Source;
use super::tree::{Key, Node, Value};
use super::{FileError, Spot};

/// Parses a JSON file.
///
/// # Errors
/// With the place of the first mistake, or of a key that an object has twice.
pub(super) fn parse(source: &Source) -> Result<Node, FileError> {
    // serde_json says what is wrong and where; what it accepts is walked again for the places.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&source.text) {
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or_default().to_owned();
        let place = source.place(Spot { line: error.line(), column: error.column().max(1) });
        return Err(FileError::Parse { place: place.into(), reason });
    }
    let lines = std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut walk = Walk { source, lines, at: 0 };
    walk.skip_space();
    walk.value()
}

/// A walk over text that is known to be valid JSON, nested no deeper than serde_json allows.
struct Walk<'source> {
    source: &'source Source,
    lines: Vec<usize>,
    at: usize,
}

impl Walk<'_> {
    fn value(&mut self) -> Result<Node, FileError> {
        let spot = self.spot();
        let spot = if self.peek() == b'"' { inside_quote(spot) } else { spot };
        let value = match self.peek() {
            b'{' => self.map()?,
            b'[' => self.list()?,
            b'"' => Value::Text(self.text()),
            b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => {
                let rest = &self.source.text[self.at..];
                let length =
                    rest.find(|end: char| end.is_whitespace() || matches!(end, ',' | ']' | '}')).unwrap_or(rest.len());
                self.at += length;
                match &rest[..length] {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    "null" => Value::Null,
                    digits => Value::Number(digits.to_owned()),
                }
            }
            other => unreachable!("valid JSON has no value that begins with byte {other}"),
        };
        Ok(Node { spot, value })
    }

    fn map(&mut self) -> Result<Value, FileError> {
        let (mut entries, mut keys) = (Vec::new(), BTreeSet::new());
        self.step();
        while self.peek() != b'}' {
            let key = Key { spot: inside_quote(self.spot()), text: self.text() };
            if !keys.insert(key.text.clone()) {
                return Err(twice(self.source, &key));
            }
            self.skip_space();
            // The colon.
            self.step();
            entries.push((key, self.value()?));
            self.skip_space();
            if self.peek() == b',' {
                self.step();
            }
        }
        self.at += 1;
        Ok(Value::Map(entries))
    }

    fn list(&mut self) -> Result<Value, FileError> {
        let mut nodes = Vec::new();
        self.step();
        while self.peek() != b']' {
            nodes.push(self.value()?);
            self.skip_space();
            if self.peek() == b',' {
                self.step();
            }
        }
        self.at += 1;
        Ok(Value::List(nodes))
    }

    fn text(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while self.peek() != b'"' {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_str(&self.source.text[start..self.at]).expect("serde_json has accepted this text already")
    }

    /// Passes one punctuation mark and the space after it.
    fn step(&mut self) {
        self.at += 1;
        self.skip_space();
    }

    fn skip_space(&mut self) {
        while matches!(self.source.text.as_bytes().get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> u8 {
        self.source.text.as_bytes()[self.at]
    }

    fn spot(&self) -> Spot {
        let line = self.lines.partition_point(|start| *start <= self.at);
        let start = self.lines[line - 1];
        Spot { line, column: self.source.text[start..self.at].chars().count() + 1 }
    }
}

/// A text's place is that of its first character, whatever quotes are around it.
pub(super) fn inside_quote(spot: Spot) -> Spot {
    Spot { column: spot.column + 1, ..spot }
}

/// A key that a map has twice: which of the two counts differs from reader to reader.
pub(super) fn twice(source: &Source, key: &Key) -> FileError {
    FileError::Contradiction {
        place: source.place(key.spot).into(),
        problem: format!("the key `{}` is here for the second time", key.text),
        help: "keep one of the two".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "f.json".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn values_know_where_they_stand() {
        let text = "{\n  \"ä\": [1, {\"b\" : \"x\\\"y\\u00e9\"}, -2.5e3],\n  \"c\": null, \"d\": {}, \"e\": [ ], \"f\": true\n}\n";
        let root = parse(&source(text)).expect("it is valid");
        let list = root.get("ä").expect("it is there");
        assert_eq!(list.spot, Spot { line: 2, column: 8 });
        let Value::List(nodes) = &list.value else { panic!("a list") };
        assert_eq!(
            nodes[1].get("b").map(|node| (node.spot.column, node.value.clone())),
            Some((20, Value::Text("x\"yé".into())))
        );
        assert_eq!(nodes[2], Node { spot: Spot { line: 2, column: 34 }, value: Value::Number("-2.5e3".into()) });
        let plain: serde_json::Value = serde_json::from_str(text).expect("it is valid");
        assert_eq!(root.to_json(), plain);
    }

    #[test]
    fn mistakes_are_placed() {
        let cases = [
            ("{\n  \"a\": 1,\n}", "f.json:3:1: could not parse it: key must be a string"),
            ("{\"a\": 1", "f.json:1:7: could not parse it: EOF while parsing an object"),
            ("", "f.json:1:1: could not parse it: EOF while parsing a value"),
            ("{\"a\": 1,\n \"a\": 2}", "f.json:2:3: the key `a` is here for the second time"),
        ];
        for (text, message) in cases {
            assert_eq!(parse(&source(text)).expect_err("it is invalid").to_string(), message);
        }
    }
}
