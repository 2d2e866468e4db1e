//! YAML with places.
//!
//! saphyr-parser's events tell the places of everything, not of syntax errors alone.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::json::{inside_quote, twice};
use super::source::Source;
use super::tree::{Key, Node, Value};
use super::{FileError, Spot};
use crate::finding::Place;

/// How many values a file may hold once its aliases are followed: aliases of aliases can grow without limit.
const MOST_NODES: usize = 100_000;

/// How deep values may be nested.
const DEEPEST: usize = 64;

/// Parses the one document of a YAML file. Aliases are followed, and merge keys (`<<`) merged.
///
/// # Errors
/// With the place of the first mistake, or of a key that a map has twice.
pub(super) fn parse(source: &Source) -> Result<Node, FileError> {
    let mut reader = Reader { source, parser: Parser::new_from_str(&source.text), anchors: BTreeMap::new(), nodes: 0 };
    loop {
        match reader.next()? {
            (Event::StreamEnd, at) => return Ok(Node { spot: at, value: Value::Null }),
            (Event::DocumentStart(_), _) => break,
            _ => {}
        }
    }
    let first = reader.next()?;
    let root = reader.node(first, 0)?;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(root),
            (Event::DocumentStart(_), at) => return Err(reader.refuse(at, "it holds more than one document")),
            _ => {}
        }
    }
}

struct Reader<'source> {
    source: &'source Source,
    parser: Parser<'source, StrInput<'source>>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl<'source> Reader<'source> {
    fn next(&mut self) -> Result<(Event<'source>, Spot), FileError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, spot(&span.start))),
            Some(Err(error)) => Err(self.failed(&error)),
            None => Err(self.refuse(Spot::default(), "it ends too early")),
        }
    }

    fn node(&mut self, (event, at): (Event<'source>, Spot), depth: usize) -> Result<Node, FileError> {
        self.nodes += 1;
        if depth > DEEPEST {
            return Err(self.refuse(at, "it is nested too deeply"));
        }
        let mut at = at;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
                    at = inside_quote(at);
                }
                (scalar(&text, style, tag.as_deref()), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut nodes = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        item => nodes.push(self.node(item, depth + 1)?),
                    }
                }
                (Value::List(nodes), anchor)
            }
            Event::MappingStart(anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.refuse(at, "it uses an anchor inside itself"));
                };
                self.nodes += size(&node);
                if self.nodes > MOST_NODES {
                    return Err(self.refuse(at, "its aliases make it too large"));
                }
                return Ok(node);
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(self.refuse(at, "a value is missing")),
        };
        let node = Node { spot: at, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn map(&mut self, depth: usize) -> Result<Value, FileError> {
        let (mut entries, mut keys, mut merged) = (Vec::new(), BTreeSet::new(), Vec::new());
        loop {
            let (event, at) = match self.next()? {
                (Event::MappingEnd, _) => break,
                key => key,
            };
            let key = match self.node((event, at), depth + 1)?.value {
                Value::Text(text) | Value::Number(text) => Key { spot: at, text },
                Value::Bool(truth) => Key { spot: at, text: truth.to_string() },
                Value::Null => Key { spot: at, text: String::new() },
                Value::List(_) | Value::Map(_) => return Err(self.refuse(at, "a key must be a text")),
            };
            let item = self.next()?;
            let node = self.node(item, depth + 1)?;
            if key.text == "<<" {
                merged.push(node);
            } else if keys.insert(key.text.clone()) {
                entries.push((key, node));
            } else {
                return Err(twice(self.source, &key));
            }
        }
        // What the map says itself wins over what is merged into it, and earlier maps of a list over later ones.
        for node in merged {
            let maps = match node.value {
                Value::List(maps) => maps,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => vec![node],
            };
            for map in maps {
                let Value::Map(inherited) = map.value else {
                    return Err(self.refuse(map.spot, "only maps can be merged with `<<`"));
                };
                entries.extend(inherited.into_iter().filter(|(key, _)| keys.insert(key.text.clone())));
            }
        }
        Ok(Value::Map(entries))
    }

    fn refuse(&self, at: Spot, reason: &str) -> FileError {
        FileError::Parse { place: self.source.place(at).into(), reason: reason.to_owned() }
    }

    fn failed(&self, error: &ScanError) -> FileError {
        let place = self.source.place(spot(error.marker()));
        // A mistake at the end of the file is told at a line that the file does not have.
        let beyond = place.line > self.source.text.lines().count();
        let place = if beyond { Place { line: self.source.text.lines().count(), column: 0, ..place } } else { place };
        FileError::Parse { place: place.into(), reason: error.info().to_owned() }
    }
}

fn spot(marker: &Marker) -> Spot {
    Spot { line: marker.line(), column: marker.col() + 1 }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(nodes) => nodes.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(_, node)| size(node)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
    }
}

/// A scalar as YAML 1.2's core schema reads it. Only what is written plainly can be anything but a text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let forced = tag.is_some_and(|tag| tag.suffix == "str");
    if forced || style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix =
        |prefix, radix| digits.strip_prefix(prefix).is_some_and(|rest: &str| u64::from_str_radix(rest, radix).is_ok());
    radix("0x", 16)
        || radix("0o", 8)
        || (digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') && digits.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "f.yaml".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn values_know_where_they_stand() {
        let root = parse(&source("a:\n  - one\n  - ä: 8000 # comment\n    b: \"8000\"\nc: ~\n")).expect("it is valid");
        let Some(Node { value: Value::List(nodes), .. }) = root.get("a") else { panic!("a list") };
        assert_eq!(nodes[0], Node { spot: Spot { line: 2, column: 5 }, value: Value::Text("one".into()) });
        assert_eq!(
            nodes[1].get("ä"),
            Some(&Node { spot: Spot { line: 3, column: 8 }, value: Value::Number("8000".into()) })
        );
        assert_eq!(
            nodes[1].get("b"),
            Some(&Node { spot: Spot { line: 4, column: 9 }, value: Value::Text("8000".into()) })
        );
        assert_eq!(root.get("c").map(Node::kind), Some("null"));
    }

    #[test]
    fn plain_scalars_are_read_by_the_core_schema() {
        let json = |text: &str| parse(&source(text)).expect("it is valid").to_json().to_string();
        assert_eq!(
            json("[1, -2.5, yes, true, 8000:8000, 1.2.3, '1', !!str 1, 0x10, a-b, .5]"),
            r#"[1,-2.5,"yes",true,"8000:8000","1.2.3","1","1","0x10","a-b",".5"]"#
        );
    }

    #[test]
    fn aliases_are_followed_and_merged() {
        let root = parse(&source(
            "base: &base {a: 1, b: 2}\nnext: &next {c: 3}\nall: {<<: [*base, *next], a: 9}\none: *next\n",
        ))
        .expect("it is valid");
        assert_eq!(
            root.to_json().to_string(),
            r#"{"base":{"a":1,"b":2},"next":{"c":3},"all":{"a":9,"b":2,"c":3},"one":{"c":3}}"#
        );
    }

    #[test]
    fn mistakes_are_placed() {
        let cases = [
            ("a: 1\na: 2\n", "f.yaml:2:1: the key `a` is here for the second time"),
            ("a: 1\n---\nb: 2\n", "f.yaml:2:1: could not parse it: it holds more than one document"),
            ("a: [1, 2\nb: 3\n", "f.yaml:2:2: could not parse it: "),
            ("a:\n\t- b\n", "f.yaml:2:"),
            ("[a]: 1\n", "f.yaml:1:1: could not parse it: a key must be a text"),
            ("a: &a [*a]\n", "f.yaml:1:8: could not parse it: "),
        ];
        for (text, start) in cases {
            let error = parse(&source(text)).expect_err("it is invalid").to_string();
            assert!(error.starts_with(start), "{text:?}: {error}");
        }
    }

    #[test]
    fn aliases_of_aliases_do_not_fill_the_memory() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let previous = format!("*a{}", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", [previous.as_str(); 10].join(", ")));
        }
        let error = parse(&source(&text)).expect_err("it is too large").to_string();
        assert!(error.ends_with("its aliases make it too large"), "{error}");
    }
}
