//! What a command tells Docker.

use super::Command;

/// A command of `docker`, of `docker compose` or of the older `docker-compose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Docker<'command> {
    /// Which of them.
    pub program: Program,
    /// What comes before it: assignments, `sudo` with its options, `env`, `time`.
    pub before: &'command [String],
    /// What comes between it and what it is to do, such as `-f compose.prod.yml`.
    pub options: &'command [String],
    /// What it is to do, such as `up`, and with what.
    pub words: &'command [String],
}

/// A program of Docker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `docker`.
    Docker,
    /// `docker compose`.
    Compose,
    /// `docker-compose`, as Compose was called in its first version.
    ComposeOne,
}

/// Options of `docker` and of `docker compose` that are followed by their values (`docker --help`, `docker compose --help`).
const WITH_VALUES: [&str; 14] = [
    "-f",
    "--file",
    "-p",
    "--project-name",
    "--profile",
    "--env-file",
    "--project-directory",
    "--ansi",
    "--parallel",
    "--progress",
    "-H",
    "--host",
    "--context",
    "--config",
];

/// Programs that run the one that is named after them and their options.
const RUNNERS: [&str; 5] = ["sudo", "env", "time", "exec", "nohup"];

/// Options of `sudo` that are followed by their values (sudo(8)).
const OF_SUDO: [&str; 8] = ["-u", "--user", "-g", "--group", "-h", "--host", "-C", "-D"];

impl<'command> Docker<'command> {
    /// What `command` tells Docker, if it tells Docker anything.
    #[must_use]
    pub fn of(command: &'command Command) -> Option<Self> {
        let words = command.words.as_slice();
        let at = program(words)?;
        let mut rest = &words[at + 1..];
        let is_one = words[at].ends_with("docker-compose");
        let after = options(rest);
        let is_compose = rest.get(after).is_some_and(|word| word == "compose");
        let program = match (is_one, is_compose) {
            (true, _) => Program::ComposeOne,
            (false, true) => Program::Compose,
            (false, false) => Program::Docker,
        };
        if program == Program::Compose {
            rest = &rest[after + 1..];
        }
        let (options, words) = rest.split_at(options(rest));
        Some(Self { program, before: &command.words[..at], options, words })
    }

    /// Whether it is one of Compose's.
    #[must_use]
    pub fn is_compose(&self) -> bool {
        matches!(self.program, Program::Compose | Program::ComposeOne)
    }

    /// Whether it does `what`: `["image", "prune"]`.
    #[must_use]
    pub fn does(&self, what: &[&str]) -> bool {
        self.words.len() >= what.len() && self.words.iter().zip(what).all(|(word, wanted)| word == wanted)
    }

    /// Whether one of the words after what it is to do is this one.
    #[must_use]
    pub fn says(&self, word: &str) -> bool {
        self.words.iter().skip(1).any(|said| said == word)
    }

    /// The values of an option that comes before what it is to do, under either of its names.
    #[must_use]
    pub fn option(&self, names: [&str; 2]) -> Vec<&'command str> {
        let mut values = Vec::new();
        let mut options = self.options.iter();
        while let Some(option) = options.next() {
            if names.contains(&option.as_str()) {
                values.extend(options.next().map(String::as_str));
            } else {
                values.extend(names.iter().find_map(|name| option.strip_prefix(name)?.strip_prefix('=')));
            }
        }
        values
    }
}

/// Where the program stands: after assignments, and after programs that run it and their options.
fn program(words: &[String]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let name = word.rsplit('/').next().unwrap_or_default();
        if ["docker", "docker-compose"].contains(&name) {
            return Some(at);
        }
        let is_assignment = word.split_once('=').is_some_and(|(name, _)| is_name(name));
        let is_option = at > 0 && word.starts_with('-');
        if !is_assignment && !is_option && !RUNNERS.contains(&name) {
            return None;
        }
        at += if OF_SUDO.contains(&word.as_str()) { 2 } else { 1 };
    }
    None
}

/// Whether a shell would take `text` for a variable's name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// How many words at the beginning are options and their values.
fn options(words: &[String]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
        at += if WITH_VALUES.contains(&word.as_str()) { 2 } else { 1 };
    }
    at.min(words.len())
}

#[cfg(test)]
mod tests {
    use super::super::Runs;
    use super::*;

    #[test]
    fn commands_of_docker_are_known_by_what_they_do() {
        for (line, expected) in [
            ("docker build -t x .", Some((Program::Docker, "", "", "build -t x ."))),
            (
                "docker compose -f a.yml --profile=x up -d",
                Some((Program::Compose, "", "-f a.yml --profile=x", "up -d")),
            ),
            ("docker --context far compose pull", Some((Program::Compose, "", "", "pull"))),
            ("/usr/local/bin/docker-compose pull", Some((Program::ComposeOne, "", "", "pull"))),
            ("TAG=1 sudo -u me -E docker ps", Some((Program::Docker, "TAG=1 sudo -u me -E", "", "ps"))),
            ("docker", Some((Program::Docker, "", "", ""))),
            ("docker -H", Some((Program::Docker, "", "-H", ""))),
            ("apt-get install docker-compose", None),
            ("echo docker", None),
            ("which docker-compose", None),
            ("", None),
        ] {
            let words = line.split_whitespace().map(str::to_owned).collect();
            let command = Command { line: 1, words, runs: Runs::Here };
            let told = Docker::of(&command)
                .map(|it| (it.program, it.before.join(" "), it.options.join(" "), it.words.join(" ")));
            let expected = expected.map(|(program, before, options, words)| {
                (program, before.to_owned(), options.to_owned(), words.to_owned())
            });
            assert_eq!(told, expected, "{line}");
        }
        let words = ["docker", "compose", "-f", "a.yml", "--file=b.yml", "up"].map(str::to_owned).to_vec();
        let command = Command { line: 1, words, runs: Runs::Here };
        let docker = Docker::of(&command).expect("it is one");
        assert_eq!(docker.option(["-f", "--file"]), ["a.yml", "b.yml"]);
    }
}
