//! The text of a proposed `greenroom.toml`.

use super::document::{Document, Entry, Section, Setting};

const HEAD: &str = "\
# Written by `greenroom init` from this repository's files; each line says where its value stands.
# Look it over: what no file says is assumed, or left open as a comment.
";

/// Reasons begin in this column at the latest, counted from 0.
const WIDEST: usize = 48;

/// The text of `document`.
#[must_use]
pub fn render(document: &Document) -> String {
    let mut text = HEAD.to_owned();
    for remark in &document.beyond {
        text.push_str(&format!("#\n# {remark}\n"));
    }
    for (name, section) in document.named() {
        render_section(name, section, &mut text);
    }
    text
}

fn render_section(name: &str, section: &Section, text: &mut String) {
    let is_open = section.is_open();
    let hidden = if is_open { "# " } else { "" };
    text.push('\n');
    for choice in &section.choices {
        text.push_str(&format!("# {choice}\n"));
    }
    text.push_str(&format!("{hidden}[{name}]\n"));
    let lines: Vec<(String, String)> = section.entries.iter().map(|entry| line(entry, is_open)).collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    for (line, reason) in lines {
        text.push_str(&format!("{line:width$}  # {reason}\n"));
    }
}

/// A line without its reason, and the reason.
fn line(entry: &Entry, is_open: bool) -> (String, String) {
    let Entry { key, setting } = entry;
    let (hidden, value, reason) = match setting {
        Setting::Found { value, reason } => (is_open, value, reason.clone()),
        Setting::Assumed { value, reason } => (is_open, value, format!("assumed: {reason}")),
        Setting::Open { example, advice } => (true, example, format!("not found: {advice}")),
    };
    (format!("{}{key} = {value}", if hidden { "# " } else { "" }), reason)
}
