//! The commands of a script, as far as they can be told without running it.

use std::collections::BTreeMap;

use super::Text;
use crate::finding::Place;
use crate::rehearsal::files::source::{Located, Source};
use crate::rehearsal::files::template::expand;

/// A command of a script: one program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The line of the file that it begins in, counted from 1.
    pub line: usize,
    /// Its words, freed of quotes, with the variables that are known replaced.
    pub words: Vec<String>,
}

impl Command {
    /// Where its line begins in `source`, the file that it stands in.
    #[must_use]
    pub fn place(&self, source: &Source) -> Place {
        let text = source.text.lines().nth(self.line.saturating_sub(1)).unwrap_or_default();
        let column = text.chars().take_while(|letter| letter.is_whitespace()).count() + 1;
        Place::new(&source.name, self.line, column, text)
    }

    /// The value of the option `name`, such as `--cluster`: the next word, or what follows `=`.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if word == name {
                return words.next().map(String::as_str);
            }
            if let Some(value) = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                return Some(value);
            }
        }
        None
    }

    /// Whether it begins with these words.
    #[must_use]
    pub fn begins(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len() && self.words.iter().zip(words).all(|(word, wanted)| word == wanted)
    }
}

/// The words that end one command and begin another.
const BETWEEN: [&str; 6] = ["&&", "||", ";", "|", "&", "then"];

/// The commands of a script that stands in `source`. What a command hands to another shell (`sh -c`, `ssh HOST`) is taken apart as well.
/// Lines that no shell could read are left out.
#[must_use]
pub fn commands(source: &Source, script: &Located<String>, environment: &BTreeMap<String, Text>) -> Vec<Command> {
    let mut found = Vec::new();
    let mut file_lines = source.text.lines().enumerate().skip(script.spot.line.saturating_sub(1)).peekable();
    let mut lines = script.value.lines();
    while let Some(first) = lines.next() {
        let begin = first.trim();
        if begin.is_empty() || begin.starts_with('#') {
            continue;
        }
        // Where a block begins is not where its first line is, so lines are looked for. One of an action's input may have had expressions
        // replaced: it is told to be where the last one was.
        let known = begin.split("${{").next().unwrap_or_default();
        let at = file_lines.clone().find(|(_, line)| line.contains(known)).map_or(script.spot.line, |(at, _)| at + 1);
        while file_lines.next_if(|(before, _)| *before < at).is_some() {}
        let mut line = begin.to_owned();
        while let Some(before) = line.strip_suffix('\\') {
            let next = lines.next().unwrap_or_default().trim();
            line = format!("{}{}{next}", before.trim_end(), if next.is_empty() { "" } else { " " });
        }
        split(&line, at, environment, &mut found);
    }
    found
}

fn split(line: &str, at: usize, environment: &BTreeMap<String, Text>, found: &mut Vec<Command>) {
    // Expressions and separators are words of their own, whatever stands around them.
    let spaced = separated(line);
    let Some(words) = shlex::split(&spaced) else { return };
    let lookup = |name: &str| environment.get(name).and_then(Text::constant).map(str::to_owned);
    let words: Vec<String> = words
        .into_iter()
        .map(|word| if word.contains("${{") { word } else { expand(&word, &lookup).unwrap_or(word) })
        .collect();
    for words in words.split(|word| BETWEEN.contains(&word.as_str())).filter(|words| !words.is_empty()) {
        let is_shell = match words[0].as_str() {
            "ssh" => true,
            "sh" | "bash" => words.iter().any(|word| word == "-c"),
            _ => false,
        };
        let inner = words.last().filter(|last| is_shell && last.contains(' '));
        match inner {
            Some(inner) => split(inner, at, environment, found),
            None => found.push(Command { line: at, words: words.to_vec() }),
        }
    }
}

/// `line` with spaces around the separators that are outside quotes, and none within `${{ … }}`.
fn separated(line: &str) -> String {
    let (mut out, mut quote, mut rest) = (String::with_capacity(line.len()), None, line);
    while let Some(next) = rest.chars().next() {
        if let Some((expression, after)) = rest.strip_prefix("${{").and_then(|inner| inner.split_once("}}")) {
            // In quotes of its own, the expression stays one word.
            let quoted = if quote.is_some() { "" } else { "\"" };
            out.push_str(&format!("{quoted}${{{{{expression}}}}}{quoted}"));
            rest = after;
            continue;
        }
        match (next, quote) {
            ('"' | '\'', None) => quote = Some(next),
            (close, Some(open)) if close == open => quote = None,
            _ => {}
        }
        if quote.is_none() && (rest.starts_with("&&") || rest.starts_with("||")) {
            out.push_str(&format!(" {} ", &rest[..2]));
            rest = &rest[2..];
            continue;
        }
        if quote.is_none() && matches!(next, ';' | '|') {
            out.push_str(&format!(" {next} "));
        } else {
            out.push(next);
        }
        rest = &rest[next.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_cut_into_commands() {
        let environment = BTreeMap::from([("NAME".to_owned(), Text::Constant("api".to_owned()))]);
        for (script, expected) in [
            ("a b; c\n# no\n\nd", vec![(1, vec!["a", "b"]), (1, vec!["c"]), (4, vec!["d"])]),
            ("a \\\n  --service \"$NAME\" \\\n  x\nb", vec![(1, vec!["a", "--service", "api", "x"]), (4, vec!["b"])]),
            (
                "ssh host 'cd /srv && docker compose up -d'",
                vec![(1, vec!["cd", "/srv"]), (1, vec!["docker", "compose", "up", "-d"])],
            ),
            (
                "sh -c \"alembic upgrade head && uvicorn\"",
                vec![(1, vec!["alembic", "upgrade", "head"]), (1, vec!["uvicorn"])],
            ),
            ("a '{\"x\": [1]}' ${UNKNOWN}", vec![(1, vec!["a", "{\"x\": [1]}", "${UNKNOWN}"])]),
            (
                "docker build -t ${{ steps.a.outputs.b }}/news:${{ github.sha }} .",
                vec![(1, vec!["docker", "build", "-t", "${{ steps.a.outputs.b }}/news:${{ github.sha }}", "."])],
            ),
            ("it's no shell", vec![]),
        ] {
            let source = Source { name: "x.sh".to_owned(), text: script.to_owned() };
            let located =
                Located { value: script.to_owned(), spot: crate::rehearsal::files::Spot { line: 1, column: 1 } };
            let found = commands(&source, &located, &environment);
            let told: Vec<(usize, Vec<&str>)> = found
                .iter()
                .map(|command| (command.line, command.words.iter().map(String::as_str).collect()))
                .collect();
            assert_eq!(told, expected, "{script}");
        }
    }
}
