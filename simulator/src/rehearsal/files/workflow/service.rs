//! The containers that run beside a job's steps (`services`).
//!
//! The runner hands `options` to `docker create` as one line, which .NET splits into words: by spaces, and by double quotes alone. So a
//! dollar sign reaches the shell of the container.

use std::collections::BTreeMap;

use super::{Located, Node, Source, Spot, Text, Value, environment, located, plain};

/// A container that runs beside a job's steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its key under `services`.
    pub name: Located<String>,
    /// Its image.
    pub image: Text,
    /// Its variables.
    pub environment: BTreeMap<String, Text>,
    /// The health command among its `options`, for which the job waits.
    pub health_command: Option<Located<String>>,
}

/// The services of the job `node`.
pub(super) fn read(
    source: &Source,
    node: &Node,
    variables: &BTreeMap<String, Text>,
    inputs: &BTreeMap<String, String>,
) -> Vec<Service> {
    let Some(Value::Map(entries)) = node.get("services").map(|services| &services.value) else { return Vec::new() };
    let service = |name: Located<String>, node: &Node| {
        let own = environment(node, variables, inputs);
        // What the job's steps see, its services do not.
        let is_own = |name: &str| node.get("env").is_some_and(|env| env.get(name).is_some());
        Some(Service {
            name,
            image: Text::resolve(&node.get("image").and_then(plain)?, variables, inputs),
            environment: own.into_iter().filter(|(name, _)| is_own(name)).collect(),
            health_command: node.get("options").and_then(located).and_then(|options| {
                let text = Text::resolve(&options.value, variables, inputs);
                Some(Located { value: health_command(text.constant()?)?, spot: spot(source, options.spot) })
            }),
        })
    };
    let named = |text: &str, spot| Located { value: text.to_owned(), spot };
    entries.iter().filter_map(|(key, node)| service(named(&key.text, key.spot), node)).collect()
}

/// Where the health command stands in options that begin at `first`.
fn spot(source: &Source, first: Spot) -> Spot {
    let lines = source.text.lines().enumerate().skip(first.line.saturating_sub(1));
    let found = lines.into_iter().find_map(|(index, line)| Some((index + 1, line.find("--health-cmd")?, line)));
    found.map_or(first, |(line, offset, text)| Spot { line, column: text[..offset].chars().count() + 1 })
}

/// The value of `--health-cmd` in `options`.
fn health_command(options: &str) -> Option<String> {
    let words = words(options);
    words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix("--health-cmd") {
        Some("") => words.get(index + 1).cloned(),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => None,
    })
}

/// The words of a line as .NET splits it (`ProcessStartInfo.Arguments`).
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted): (Option<String>, bool) = (None, false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let mut count = 1;
                while letters.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let kept = word.get_or_insert_default();
                // Only before a quote does a backslash mean anything.
                if letters.peek() == Some(&'"') {
                    kept.extend(std::iter::repeat_n('\\', count / 2));
                    if count % 2 == 1 {
                        kept.extend(letters.next());
                    }
                } else {
                    kept.extend(std::iter::repeat_n('\\', count));
                }
            }
            '"' if quoted && letters.next_if_eq(&'"').is_some() => word.get_or_insert_default().push('"'),
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            space if space.is_whitespace() && !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Workflow;

    #[test]
    fn options_are_split_as_the_runner_does() {
        for (options, expected) in [
            ("--health-cmd pg_isready --health-interval 10s", Some("pg_isready")),
            (
                "--health-interval=10s --health-cmd=\"mysqladmin ping -h 127.0.0.1\"",
                Some("mysqladmin ping -h 127.0.0.1"),
            ),
            (
                "--health-cmd \"mysql -p\\\"$MYSQL_PASSWORD\\\" -e 'SELECT 1'\"",
                Some("mysql -p\"$MYSQL_PASSWORD\" -e 'SELECT 1'"),
            ),
            ("--health-cmd 'pg_isready -U news'", Some("'pg_isready")),
            ("--memory 1g", None),
            ("--health-cmd", None),
        ] {
            assert_eq!(health_command(options).as_deref(), expected, "{options}");
        }
    }

    #[test]
    fn a_jobs_services_are_read_with_what_their_containers_get() {
        let text = "\
on: push
env: {VERSION: '16', SECRET: x}
jobs:
  test:
    services:
      db:
        image: postgres:${{ env.VERSION }}
        env:
          POSTGRES_PASSWORD: ${{ secrets.PASSWORD }}
          POSTGRES_DB: news
        options: >-
          --health-interval 2s
          --health-cmd \"pg_isready -U postgres\"
      cache: {image: redis}
    steps: []
";
        let source = Source { name: "test.yaml".to_owned(), text: text.to_owned() };
        let workflow = Workflow::parse(source).expect("it is one");
        let [db, cache] = &workflow.jobs[0].services[..] else { panic!("{workflow:?}") };
        assert_eq!((db.name.value.as_str(), db.image.constant()), ("db", Some("postgres:16")));
        let command = db.health_command.as_ref().expect("it has one");
        assert_eq!(
            (command.value.as_str(), command.spot.line, command.spot.column),
            ("pg_isready -U postgres", 13, 11)
        );
        assert_eq!(db.environment.keys().collect::<Vec<_>>(), ["POSTGRES_DB", "POSTGRES_PASSWORD"]);
        assert_eq!(cache.health_command, None);
    }
}
