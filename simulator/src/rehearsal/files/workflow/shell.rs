//! The commands of a script, as far as they can be told without running it.

use std::collections::BTreeMap;

use super::Text;
use crate::rehearsal::files::source::{Located, Source};
use crate::rehearsal::files::template::expand;

/// A command of a script: one program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The line of the file that it begins in, counted from 1.
    pub line: usize,
    /// Its words, freed of quotes, with the variables that are known replaced.
    pub words: Vec<String>,
    /// Where it runs.
    pub runs: Runs,
}

/// Where a command of a script runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// On the machine that runs the script.
    Here,
    /// On another one.
    Elsewhere(Session),
    /// Nobody can say: it is text for a program that is no shell (`cat > file <<EOF`).
    Unknown,
}

impl Command {
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

    /// Whether it runs a script of which nothing is known.
    #[must_use]
    pub fn runs_a_script(&self) -> bool {
        let names_file = |word: &String| word.ends_with(".sh") || word.starts_with("./");
        ["make", "just", "task"].iter().any(|it| self.begins(&[it])) || self.words.iter().take(2).any(names_file)
    }

    /// Whether it begins with these words.
    #[must_use]
    pub fn begins(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len() && self.words.iter().zip(words).all(|(word, wanted)| word == wanted)
    }
}

/// The words that end one command and begin another.
const BETWEEN: [&str; 6] = ["&&", "||", ";", "|", "&", "then"];

/// A session on another machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// What tells it from the script's other sessions.
    pub number: usize,
    /// The command that opens it (`ssh HOST`); no words where an action does.
    pub ssh: Vec<String>,
}

/// How many lines a quote may stay open.
const LONGEST_QUOTE: usize = 500;

/// The commands of a script that stands in `source`. What a command hands to another shell (`sh -c`, `ssh HOST`, with or without a here
/// document) is taken apart as well. Lines that no shell could read are left out.
#[must_use]
pub fn commands(source: &Source, script: &Located<String>, environment: &BTreeMap<String, Text>) -> Vec<Command> {
    commands_that_run(&Runs::Here, source, script, environment)
}

/// The same of a script that somebody else runs.
pub(super) fn commands_that_run(
    runs: &Runs,
    source: &Source,
    script: &Located<String>,
    environment: &BTreeMap<String, Text>,
) -> Vec<Command> {
    let mut file_lines = source.text.lines().enumerate().skip(script.spot.line.saturating_sub(1)).peekable();
    let mut line_of = |_: usize, begin: &str| {
        // Where a block begins is not where its first line is, so lines are looked for. One of an action's input may have had expressions
        // replaced: it is told to be where the last one was.
        let known = begin.split("${{").next().unwrap_or_default();
        let at = file_lines.clone().find(|(_, line)| line.contains(known)).map_or(script.spot.line, |(at, _)| at + 1);
        while file_lines.next_if(|(before, _)| *before < at).is_some() {}
        at
    };
    let mut found = Vec::new();
    read(&script.value, runs, &mut line_of, environment, &mut found);
    found
}

/// Reads a script. `line_of` tells the line of the file from the script's own and from how it begins.
fn read(
    script: &str,
    runs: &Runs,
    line_of: &mut dyn FnMut(usize, &str) -> usize,
    environment: &BTreeMap<String, Text>,
    found: &mut Vec<Command>,
) {
    let lines: Vec<&str> = script.lines().map(str::trim).collect();
    let mut document: Option<(String, Runs)> = None;
    let mut next = 0;
    while let Some(begin) = lines.get(next) {
        let at = next;
        next += 1;
        if document.as_ref().is_some_and(|(end, _)| end == begin) {
            document = None;
            continue;
        }
        if begin.is_empty() || begin.starts_with('#') {
            continue;
        }
        let at = line_of(at, begin);
        let mut line = (*begin).to_owned();
        while let Some(before) = line.strip_suffix('\\') {
            let more = lines.get(next).copied().unwrap_or_default();
            line = format!("{}{}{more}", before.trim_end(), if more.is_empty() { "" } else { " " });
            next += 1;
        }
        let runs = document.as_ref().map_or(runs, |(_, runs)| runs);
        if *runs != Runs::Unknown
            && let Some((whole, count)) = closed(&line, lines.get(next..).unwrap_or_default())
        {
            (line, next) = (whole, next + count);
        }
        split(&line, at, runs, environment, found);
        if document.is_none() {
            document = here_document(&line, runs, found.len())
                .filter(|(end, _)| lines.get(next..).is_some_and(|rest| rest.contains(&end.as_str())));
        }
    }
}

/// A line whose quote is open with the lines up to the end of the quote, and how many these are.
fn closed(line: &str, rest: &[&str]) -> Option<(String, usize)> {
    if !is_open(line) {
        return None;
    }
    let mut whole = line.to_owned();
    rest.iter().take(LONGEST_QUOTE).enumerate().find_map(|(index, more)| {
        whole = format!("{whole}\n{more}");
        (!is_open(&whole)).then(|| (whole.clone(), index + 1))
    })
}

/// Whether a quote is open at the end of `text`.
#[must_use]
pub fn is_open(text: &str) -> bool {
    let (mut quote, mut before, mut letters) = (None, ' ', text.chars());
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => {
                letters.next();
            }
            ('#', None) if before.is_whitespace() => while letters.next().is_some_and(|letter| letter != '\n') {},
            ('"' | '\'', None) => quote = Some(letter),
            (close, Some(open)) if close == open => quote = None,
            _ => {}
        }
        before = letter;
    }
    quote.is_some()
}

/// The here document that a line begins: the line that ends it, and where its commands run.
fn here_document(line: &str, runs: &Runs, number: usize) -> Option<(String, Runs)> {
    let (before, after) = line.split_once("<<")?;
    let after = after.strip_prefix('-').unwrap_or(after).trim_start();
    let end: String = match after.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.chars().take_while(|letter| !matches!(letter, '"' | '\'')).collect(),
        None => after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect(),
    };
    // Neither `<<<` nor a shift of numbers.
    if !end.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        return None;
    }
    let words = shlex::split(&separated(before)).unwrap_or_default();
    let reader = words.split(|word| BETWEEN.contains(&word.as_str())).next_back().unwrap_or_default();
    let runs = match reader.first().map(String::as_str) {
        Some("ssh" | "sshpass") => elsewhere(reader, runs, number),
        Some("sh" | "bash") => runs.clone(),
        Some(_) | None => Runs::Unknown,
    };
    Some((end, runs))
}

/// Where commands run that `ssh` hands over from where `runs` says. From `number` on they are the script's.
fn elsewhere(ssh: &[String], runs: &Runs, number: usize) -> Runs {
    if *runs == Runs::Here { Runs::Elsewhere(Session { number, ssh: ssh.to_vec() }) } else { runs.clone() }
}

fn split(line: &str, at: usize, runs: &Runs, environment: &BTreeMap<String, Text>, found: &mut Vec<Command>) {
    // Expressions and separators are words of their own, whatever stands around them.
    let spaced = separated(line);
    let Some(words) = shlex::split(&spaced) else { return };
    let lookup = |name: &str| environment.get(name).and_then(Text::constant).map(str::to_owned);
    let words: Vec<String> = words
        .into_iter()
        .map(|word| if word.contains("${{") { word } else { expand(&word, &lookup).unwrap_or(word) })
        .collect();
    for words in words.split(|word| BETWEEN.contains(&word.as_str())).filter(|words| !words.is_empty()) {
        let inner = words.split_last().filter(|(last, _)| last.contains(char::is_whitespace));
        let handed = inner.and_then(|(inner, before)| match words[0].as_str() {
            "ssh" | "sshpass" => Some((inner, elsewhere(before, runs, found.len()))),
            "sh" | "bash" if words.iter().any(|word| word == "-c") => Some((inner, runs.clone())),
            _ => None,
        });
        match handed {
            Some((inner, runs)) => read(inner, &runs, &mut |line, _| at + line, environment, found),
            None => found.push(Command { line: at, words: words.to_vec(), runs: runs.clone() }),
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
            (
                "ssh host \"\n  cd /srv\n\n  docker compose pull # it's here\n\"\nb",
                vec![(2, vec!["cd", "/srv"]), (4, vec!["docker", "compose", "pull"]), (6, vec!["b"])],
            ),
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

    #[test]
    fn it_is_known_where_a_command_runs() {
        let script = "\
a
ssh -p 22 host 'b && c'
ssh host <<'END'
  d
  ssh inner \"e; f\"
END
g <<< x
cat > file <<-\"TEXT\"
  h isn't run
TEXT
bash -s <<END
i
END
echo $((1<<2))
sh -c 'j k'
";
        let source = Source { name: "x.sh".to_owned(), text: script.to_owned() };
        let located = Located { value: script.to_owned(), spot: crate::rehearsal::files::Spot { line: 1, column: 1 } };
        let told: Vec<String> = commands(&source, &located, &BTreeMap::new())
            .iter()
            .map(|command| {
                let place = match &command.runs {
                    Runs::Here => "here".to_owned(),
                    Runs::Elsewhere(session) => session.ssh.join(" "),
                    Runs::Unknown => "?".to_owned(),
                };
                format!("{} {}: {place}", command.line, command.words[0])
            })
            .collect();
        assert_eq!(
            told,
            [
                "1 a: here",
                "2 b: ssh -p 22 host",
                "2 c: ssh -p 22 host",
                "3 ssh: here",
                "4 d: ssh host",
                "5 e: ssh host",
                "5 f: ssh host",
                "7 g: here",
                "8 cat: here",
                "11 bash: here",
                "12 i: here",
                "14 echo: here",
                "15 j: here",
            ]
        );
    }
}
