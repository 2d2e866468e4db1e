//! The Dockerfile: what its last stage says of the image.

use std::collections::BTreeMap;

use parse_dockerfile::{Command as Arguments, HealthcheckArguments, Instruction};

use super::source::{Located, Source, Spot};
use super::{FileError, expand};
use crate::finding::Place;

/// A Dockerfile, as far as it says what the image does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The file.
    pub source: Source,
    /// The images it starts from, in order, with build arguments replaced by their defaults; none twice, no stages, no `scratch`.
    pub base_images: Vec<Located<String>>,
    /// The ports that the last stage exposes.
    pub exposed: Vec<Located<u16>>,
    /// The variables that the last stage sets: ENV only, arguments are not in the image.
    pub environment: BTreeMap<String, Located<String>>,
    /// The last stage's CMD.
    pub command: Option<Command>,
    /// The last stage's ENTRYPOINT.
    pub entrypoint: Option<Command>,
    /// The last stage's USER.
    pub user: Option<Located<String>>,
    /// Where the last stage's HEALTHCHECK stands. ECS does not look at it.
    pub health_check: Option<Spot>,
}

/// A CMD or ENTRYPOINT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A JSON array: the program and its arguments.
    Exec(Vec<Located<String>>),
    /// A line for a shell.
    Shell(Located<String>),
}

impl Dockerfile {
    /// Reads a Dockerfile.
    ///
    /// # Errors
    /// If it cannot be parsed.
    pub fn parse(source: &Source) -> Result<Self, FileError> {
        let parsed = parse_dockerfile::parse(&source.text).map_err(|error| {
            let spot = Spot { line: error.line().max(1), column: 0 };
            let reason = format!("{error:#}");
            FileError::Parse { place: source.place(spot).into(), reason }
        })?;
        let defaults: BTreeMap<String, String> = parsed
            .global_args()
            .flat_map(|argument| assignments(&argument.arguments.value))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let stages: Vec<_> = parsed.stages().collect();
        let name_of = |index: usize| stages[index].from.as_.as_ref().map(|(_, name)| name.value.to_ascii_lowercase());
        let mut base_images: Vec<Located<String>> = Vec::new();
        // The stage that each stage is built on, if it is one.
        let mut below: Vec<Option<usize>> = Vec::new();
        for (index, stage) in stages.iter().enumerate() {
            let written = &stage.from.image;
            let image = expand(&written.value, &|name| defaults.get(name).cloned())
                .unwrap_or_else(|| written.value.to_string());
            let earlier =
                (0..index).find(|earlier| name_of(*earlier).as_deref() == Some(image.to_ascii_lowercase().as_str()));
            below.push(earlier);
            if earlier.is_none() && image != "scratch" && base_images.iter().all(|known| known.value != image) {
                base_images.push(Located { value: image, spot: source.spot_at(written.span.start) });
            }
        }
        let mut chain = Vec::new();
        let mut next = stages.len().checked_sub(1);
        while let Some(index) = next {
            chain.push(index);
            next = below[index];
        }
        let mut dockerfile = Self {
            base_images,
            exposed: Vec::new(),
            environment: BTreeMap::new(),
            command: None,
            entrypoint: None,
            user: None,
            health_check: None,
            source: source.clone(),
        };
        let mut arguments = defaults;
        for index in chain.into_iter().rev() {
            for instruction in stages[index].instructions {
                dockerfile.apply(source, instruction, &mut arguments);
            }
        }
        Ok(dockerfile)
    }

    fn apply(&mut self, source: &Source, instruction: &Instruction<'_>, arguments: &mut BTreeMap<String, String>) {
        let spot = |offset: usize| source.spot_at(offset);
        match instruction {
            Instruction::Arg(argument) => {
                arguments
                    .extend(assignments(&argument.arguments.value).into_iter().filter(|(_, value)| !value.is_empty()));
            }
            Instruction::Env(variables) => {
                for (name, value) in assignments(&variables.arguments.value) {
                    let value = self.expand(&value, arguments);
                    let spot = spot(variables.env.span.start);
                    self.environment.insert(name, Located { value, spot });
                }
            }
            Instruction::Expose(ports) => {
                for written in &ports.arguments {
                    let text = self.expand(&written.value, arguments);
                    let number = text.split('/').next().and_then(|number| number.parse().ok());
                    self.exposed.extend(number.map(|value| Located { value, spot: spot(written.span.start) }));
                }
            }
            Instruction::Cmd(command) => self.command = Some(Command::read(source, &command.arguments)),
            Instruction::Entrypoint(command) => {
                self.entrypoint = Some(Command::read(source, &command.arguments));
                // An ENTRYPOINT takes a CMD that an earlier stage has set away.
                self.command = None;
            }
            Instruction::User(user) => {
                self.user =
                    Some(Located { value: user.arguments.value.to_string(), spot: spot(user.arguments.span.start) });
            }
            Instruction::Healthcheck(check) => {
                self.health_check = match check.arguments {
                    HealthcheckArguments::Cmd { .. } => Some(spot(check.healthcheck.span.start)),
                    HealthcheckArguments::None { .. } | _ => None,
                };
            }
            Instruction::Add(_)
            | Instruction::Copy(_)
            | Instruction::From(_)
            | Instruction::Label(_)
            | Instruction::Maintainer(_)
            | Instruction::Onbuild(_)
            | Instruction::Run(_)
            | Instruction::Shell(_)
            | Instruction::Stopsignal(_)
            | Instruction::Volume(_)
            | Instruction::Workdir(_)
            | _ => {}
        }
    }

    /// A text of the Dockerfile with the variables known there; as it is written if one is not known.
    fn expand(&self, text: &str, arguments: &BTreeMap<String, String>) -> String {
        let lookup = |name: &str| {
            self.environment.get(name).map(|variable| variable.value.clone()).or_else(|| arguments.get(name).cloned())
        };
        expand(text, &lookup).unwrap_or_else(|| text.to_owned())
    }

    /// The place of a spot in this file.
    #[must_use]
    pub fn place(&self, spot: Spot) -> Place {
        self.source.place(spot)
    }
}

impl Command {
    fn read(source: &Source, arguments: &Arguments<'_>) -> Self {
        match arguments {
            Arguments::Exec(words) => Self::Exec(
                words
                    .value
                    .iter()
                    .map(|word| Located { value: word.value.to_string(), spot: source.spot_at(word.span.start) })
                    .collect(),
            ),
            Arguments::Shell(line) => {
                Self::Shell(Located { value: line.value.trim().to_owned(), spot: source.spot_at(line.span.start) })
            }
            // A form that did not exist when this was written.
            _ => Self::Exec(Vec::new()),
        }
    }

    /// Its words. A shell's line is cut at spaces, each word where it stands.
    #[must_use]
    pub fn words(&self) -> Vec<Located<String>> {
        match self {
            Self::Exec(words) => words.clone(),
            Self::Shell(line) => super::words(line),
        }
    }
}

/// `NAME=value` pairs, or the old `NAME value`; an argument without a value has an empty one.
fn assignments(text: &str) -> Vec<(String, String)> {
    let text = text.trim();
    let first = text.split(char::is_whitespace).next().unwrap_or_default();
    if !first.contains('=') {
        let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        return vec![(name.to_owned(), value.trim().to_owned())];
    }
    let mut pairs = Vec::new();
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        let name: String =
            std::iter::from_fn(|| characters.next_if(|next| *next != '=' && !next.is_whitespace())).collect();
        let mut value = String::new();
        if characters.next_if_eq(&'=').is_some() {
            let mut quote = None;
            while let Some(character) = characters.next_if(|next| quote.is_some() || !next.is_whitespace()) {
                match (character, quote) {
                    (open @ ('"' | '\''), None) => quote = Some(open),
                    (close, Some(open)) if close == open => quote = None,
                    ('\\', _) => value.extend(characters.next()),
                    (plain, _) => value.push(plain),
                }
            }
        }
        while characters.next_if(|next| next.is_whitespace()).is_some() {}
        if !name.is_empty() {
            pairs.push((name, value));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Dockerfile, FileError> {
        Dockerfile::parse(&Source { name: "Dockerfile".to_owned(), text: text.to_owned() })
    }

    const STAGED: &str = "\
ARG TAG=3.11
FROM python:${TAG}-slim AS base
ENV PORT=8000 MODE=\"a b\" LEGACY=
ENV OLD style
FROM node:20 AS assets
CMD [\"ignored\"]
FROM base
ARG EXTRA=9000
USER app
EXPOSE $PORT/tcp ${EXTRA}
HEALTHCHECK CMD true
CMD [\"uvicorn\", \"--port\", \"8000\"]
";

    #[test]
    fn the_last_stage_is_read_with_what_it_is_built_on() {
        let file = parse(STAGED).expect("it is right");
        let images: Vec<&str> = file.base_images.iter().map(|image| image.value.as_str()).collect();
        assert_eq!(images, ["python:3.11-slim", "node:20"]);
        let ports: Vec<u16> = file.exposed.iter().map(|port| port.value).collect();
        assert_eq!(ports, [8000, 9000]);
        let variables: Vec<_> =
            file.environment.iter().map(|(name, value)| (name.as_str(), value.value.as_str())).collect();
        assert_eq!(variables, [("LEGACY", ""), ("MODE", "a b"), ("OLD", "style"), ("PORT", "8000")]);
        let words = file.command.expect("the last stage has one").words();
        let port = words.last().expect("it has words");
        assert_eq!((port.value.as_str(), port.spot), ("8000", Spot { line: 12, column: 28 }));
        assert_eq!(file.health_check, Some(Spot { line: 11, column: 1 }));
        assert_eq!(file.user.map(|user| user.value), Some("app".to_owned()));
    }

    #[test]
    fn a_shells_line_is_cut_into_words_where_they_stand() {
        let file = parse("FROM x\nCMD uvicorn  app --port 80\n").expect("it is right");
        let Some(command @ Command::Shell(_)) = file.command else { panic!("a shell's line") };
        let words = command.words();
        assert_eq!((words[3].value.as_str(), words[3].spot), ("80", Spot { line: 2, column: 25 }));
    }

    #[test]
    fn mistakes_are_placed() {
        let error = parse("FROM x\nFORM y\n").expect_err("it is wrong");
        assert!(error.to_string().starts_with("Dockerfile:2: could not parse it: "), "{error}");
        assert!(parse("").is_err());
    }
}
