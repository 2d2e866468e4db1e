//! Answers as the XML protocols write them.

use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::Document;

/// What Query calls the entries of a map.
const ENTRY: &str = "entry";

/// An XML document in the making.
pub(crate) struct Xml {
    writer: Writer<Vec<u8>>,
    /// What the items of lists are called: `member` in Query, `item` in EC2's dialect.
    item: &'static str,
}

impl Xml {
    /// An empty document whose lists consist of elements called `item`.
    pub(crate) fn new(item: &'static str) -> Self {
        let mut xml = Self { writer: Writer::new(Vec::new()), item };
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// Opens the outermost element.
    pub(crate) fn open_root(&mut self, name: &str, namespace: &str) {
        let start = BytesStart::new(name);
        self.put(Event::Start(if namespace.is_empty() {
            start
        } else {
            start.with_attributes([("xmlns", namespace)])
        }));
    }

    /// Opens an element.
    pub(crate) fn open(&mut self, name: &str) {
        self.put(Event::Start(BytesStart::new(name)));
    }

    /// Closes the element opened last, whose name is `name`.
    pub(crate) fn close(&mut self, name: &str) {
        self.put(Event::End(BytesEnd::new(name)));
    }

    /// An element that holds `text`.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.put(Event::Text(BytesText::from_escaped(written(text))));
        self.close(name);
    }

    /// The element `name` that holds `value`; nothing at all where it is null. Empty lists and structures are empty elements.
    pub(crate) fn value(&mut self, name: &str, value: &Document) {
        match value {
            Document::Null => {}
            Document::Boolean(truth) => self.text(name, if *truth { "true" } else { "false" }),
            Document::Number(number) => self.text(name, &number.to_string()),
            Document::Text(text) => self.text(name, text),
            Document::List(items) if items.is_empty() => self.put(Event::Empty(BytesStart::new(name))),
            Document::List(items) => {
                self.open(name);
                let item = self.item;
                items.iter().for_each(|value| self.value(item, value));
                self.close(name);
            }
            Document::Structure(members) if members.is_empty() => self.put(Event::Empty(BytesStart::new(name))),
            Document::Structure(_) => {
                self.open(name);
                self.members(value);
                self.close(name);
            }
        }
    }

    /// The members of `structure`, each as an element. Whatever is not a structure has none.
    pub(crate) fn members(&mut self, structure: &Document) {
        let Document::Structure(members) = structure else { return };
        for (name, value) in members {
            if let Document::List(entries) = value
                && name == ENTRY
            {
                // The entries of a map stand side by side.
                entries.iter().for_each(|entry| self.value(ENTRY, entry));
            } else {
                self.value(name, value);
            }
        }
    }

    /// The document.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    fn put(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("writing to memory does not fail");
    }
}

/// `text` as it stands between tags. XML 1.0 has no way to write most control characters: they become U+FFFD. A carriage
/// return is written as a reference, because parsers read a bare one as a line feed.
fn written(text: &str) -> String {
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..);
    let clean: String = text.chars().map(|character| if allowed(character) { character } else { '\u{FFFD}' }).collect();
    escape(&clean).replace('\r', "&#13;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::IntoDocument as _;

    fn document(item: &'static str, value: Value) -> String {
        let mut xml = Xml::new(item);
        xml.open_root("R", "urn:n");
        xml.members(&value.into_document());
        xml.close("R");
        String::from_utf8(xml.finish()).expect("what is written is UTF-8")
    }

    #[test]
    fn values_are_written_as_elements() {
        for (item, value, expected) in [
            ("member", json!({}), ""),
            ("member", json!({"A": "x", "N": 1.5, "B": false, "None": null}), "<A>x</A><N>1.5</N><B>false</B>"),
            ("member", json!({"L": ["a", "b"]}), "<L><member>a</member><member>b</member></L>"),
            ("item", json!({"l": [{"k": 1}, {"k": 2}]}), "<l><item><k>1</k></item><item><k>2</k></item></l>"),
            ("member", json!({"L": [], "S": {}, "T": ""}), "<L/><S/><T></T>"),
            ("item", json!({"t": "a<b & \"c\"\r\n\u{1}"}), "<t>a&lt;b &amp; &quot;c&quot;&#13;\n\u{FFFD}</t>"),
        ] {
            let expected = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><R xmlns=\"urn:n\">{expected}</R>");
            assert_eq!(document(item, value), expected);
        }
    }

    proptest! {
        /// Any text that XML can hold is read back as it was, whatever markup it resembles.
        #[test]
        fn texts_are_read_back(text in "[\\t\\n\\r -\u{D7FF}<>&'\";\\]]{0,20}") {
            let xml = document("member", json!({ "T": text }));
            let mut reader = Reader::from_str(&xml);
            let mut read = String::new();
            loop {
                match reader.read_event().expect("what is written is well-formed") {
                    Event::Text(part) => read.push_str(&part.xml10_content()),
                    Event::GeneralRef(reference) => {
                        let character = reference.resolve_char_ref().expect("well-formed");
                        let name = reference.xml10_content();
                        read.push_str(&character.map_or_else(
                            || quick_xml::escape::resolve_predefined_entity(&name).expect("predefined").to_owned(),
                            String::from,
                        ));
                    }
                    Event::Eof => break,
                    Event::Start(_) | Event::End(_) | Event::Empty(_) | Event::CData(_) | Event::Comment(_)
                    | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                }
            }
            prop_assert_eq!(read, text);
        }
    }
}
