//! What is read from, and written into, a Dockerfile before the engine gets it.
//!
//! Into every stage goes one instruction, a label that says whose build it is. The engine's builder leaves nameless images
//! and containers behind when it is interrupted, and by that label they are known again. The label is the same for every
//! build of a project, or nothing would ever be found in the builder's cache.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use parse_dockerfile::{Flag, Instruction, Source};
use thiserror::Error;

use crate::engine::label;

/// Why a Dockerfile cannot be built.
#[derive(Debug, Error)]
pub enum RecipeError {
    /// There is none.
    #[error("could not read the Dockerfile `{}`", path.display())]
    Read {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is malformed.
    #[error("could not make out the Dockerfile `{}`, line {line}: {message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It uses something that only BuildKit has.
    #[error("cannot build `{}`: {what} in line {line} needs BuildKit, which greenroom does not speak yet", path.display())]
    BuildKit {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The option or syntax.
        what: String,
    },
}

/// A Dockerfile, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The text, with our instruction in every stage.
    pub(super) text: String,
    /// Our instruction, as the builder's progress repeats it.
    pub(super) instruction: String,
    /// The images that it starts from or copies out of, other than its own stages.
    pub(super) images: Vec<String>,
    /// Its stages' names; empty for a stage without one.
    stages: Vec<String>,
    /// After which of the original's lines one of ours stands.
    inserted: Vec<usize>,
}

impl Recipe {
    /// Reads the Dockerfile at `path` for a build of `project` with the build arguments `arguments`.
    pub(super) fn read(path: &Path, project: &str, arguments: &BTreeMap<String, String>) -> Result<Self, RecipeError> {
        let read = |source| RecipeError::Read { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(read)?;
        Self::parse(path, &text, project, arguments)
    }

    fn parse(
        path: &Path,
        text: &str,
        project: &str,
        arguments: &BTreeMap<String, String>,
    ) -> Result<Self, RecipeError> {
        let parsed = parse_dockerfile::parse(text).map_err(|error| RecipeError::Parse {
            path: path.to_owned(),
            line: error.line(),
            message: error.to_string(),
        })?;
        for instruction in &parsed.instructions {
            if let Some((at, what)) = needs_buildkit(instruction) {
                return Err(RecipeError::BuildKit { path: path.to_owned(), line: line_of(text, at), what });
            }
        }
        let globals = globals(&parsed, arguments);
        let instruction = format!("LABEL {}={project}", label::BUILD);
        let mut recipe =
            Self { text: String::new(), instruction, images: Vec::new(), stages: Vec::new(), inserted: Vec::new() };
        let mut copied = 0;
        for stage in parsed.stages() {
            let from = stage.from;
            recipe.note_image(&expand(&from.image.value, &globals));
            for instruction in stage.instructions {
                if let Instruction::Copy(copy) = instruction {
                    let flag = copy.options.iter().find(|flag| flag.name.value == "from");
                    if let Some(value) = flag.and_then(|flag| flag.value.as_ref()) {
                        recipe.note_image(&value.value);
                    }
                }
            }
            recipe.stages.push(from.as_.as_ref().map(|(_, name)| name.value.to_lowercase()).unwrap_or_default());
            let end = from.as_.as_ref().map_or(from.image.span.end, |(_, name)| name.span.end);
            let line_end = text[end..].find('\n').map_or(text.len(), |offset| end + offset);
            recipe.text.push_str(&text[copied..line_end]);
            recipe.text.push('\n');
            recipe.text.push_str(&recipe.instruction.clone());
            recipe.inserted.push(line_of(text, end));
            copied = line_end;
        }
        recipe.text.push_str(&text[copied..]);
        Ok(recipe)
    }

    /// How many stages are built to get to the stage `target`, or to the last.
    pub(super) fn stages_to(&self, target: Option<&str>) -> usize {
        let target = target.map(str::to_lowercase);
        let at = self.stages.iter().position(|name| target.as_ref() == Some(name));
        let at = at.or_else(|| target.and_then(|target| target.parse().ok()));
        at.map_or(self.stages.len(), |at: usize| at + 1)
    }

    /// `message` with the line numbers of the user's Dockerfile, where the builder names one of what was sent.
    pub(super) fn with_original_lines(&self, message: &str) -> String {
        const WORDS: &str = "parse error line ";
        let Some((before, after)) = message.split_once(WORDS) else { return message.to_owned() };
        let digits = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
        let (line, after) = after.split_at(digits);
        line.parse()
            .map_or_else(|_| message.to_owned(), |line| format!("{before}{WORDS}{}{after}", self.original_line(line)))
    }

    /// The line of the original that line `line` of what was sent comes from.
    fn original_line(&self, line: usize) -> usize {
        // The n-th inserted line stands n lines further down than the line it follows.
        line - self.inserted.iter().enumerate().filter(|&(before, &after)| after + before + 1 < line).count()
    }

    fn note_image(&mut self, name: &str) {
        let stages = &self.stages;
        let is_stage =
            stages.contains(&name.to_lowercase()) || name.parse().is_ok_and(|index: usize| index < stages.len());
        if !is_stage && name != "scratch" && !self.images.iter().any(|known| known == name) {
            self.images.push(name.to_owned());
        }
    }
}

/// Where, and what, an instruction has that the engine's own builder refuses.
fn needs_buildkit(instruction: &Instruction<'_>) -> Option<(usize, String)> {
    let flag = |options: &[Flag<'_>], keyword: &str, known: &[&str]| {
        let unknown = options.iter().find(|flag| !known.contains(&flag.name.value.as_ref()))?;
        Some((unknown.name.span.start, format!("`{keyword} --{}`", unknown.name.value)))
    };
    let here_doc = |sources: &[Source<'_>], at: usize| {
        let found = sources.iter().any(|source| matches!(source, Source::HereDoc(_)));
        found.then(|| (at, HERE_DOCUMENT.to_owned()))
    };
    if let Instruction::Run(run) = instruction {
        let document = run.here_docs.first().map(|_| (run.run.span.start, HERE_DOCUMENT.to_owned()));
        return flag(&run.options, "RUN", &[]).or(document);
    }
    if let Instruction::Copy(copy) = instruction {
        return flag(&copy.options, "COPY", &["from", "chown"]).or_else(|| here_doc(&copy.src, copy.copy.span.start));
    }
    if let Instruction::Add(add) = instruction {
        return flag(&add.options, "ADD", &["chown"]).or_else(|| here_doc(&add.src, add.add.span.start));
    }
    None
}

const HERE_DOCUMENT: &str = "a here-document";

/// The values of the `ARG`s before the first `FROM`: those given from outside, or else their own.
fn globals(parsed: &parse_dockerfile::Dockerfile<'_>, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut globals = BTreeMap::new();
    for argument in parsed.global_args() {
        for declaration in argument.arguments.value.split_whitespace() {
            let (name, value) = declaration.split_once('=').unwrap_or((declaration, ""));
            let own = expand(value.trim_matches(['"', '\'']), &globals);
            globals.insert(name.to_owned(), given.get(name).cloned().unwrap_or(own));
        }
    }
    globals
}

/// `text` with `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}` replaced by what they stand for.
fn expand(text: &str, values: &BTreeMap<String, String>) -> String {
    let value = |name: &str| values.get(name).map_or("", String::as_str);
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        if let Some((inner, tail)) = after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            if let Some((name, default)) = inner.split_once(":-") {
                expanded.push_str(if value(name).is_empty() { default } else { value(name) });
            } else if let Some((name, other)) = inner.split_once(":+") {
                expanded.push_str(if value(name).is_empty() { "" } else { other });
            } else {
                expanded.push_str(value(inner));
            }
            rest = tail;
        } else {
            let length = after.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            let (name, tail) = after.split_at(length.unwrap_or(after.len()));
            expanded.push_str(if name.is_empty() { "$" } else { value(name) });
            rest = tail;
        }
    }
    expanded + rest
}

fn line_of(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Recipe, RecipeError> {
        let arguments = BTreeMap::from([("GIVEN".to_owned(), "3.12".to_owned())]);
        Recipe::parse(Path::new("Dockerfile"), text, "news-api", &arguments)
    }

    #[test]
    fn every_stage_is_labelled_and_every_image_known() {
        let text = "# syntax=docker/dockerfile:1\nARG GIVEN=3.11\nARG SUFFIX=\"-slim\"\nFROM python:${GIVEN}$SUFFIX AS build\n\
                    RUN pip wheel .\nfrom scratch\nCOPY --from=build /a /a\nCOPY --from=0 /b /b\nCOPY --from=busybox:1 /c /c\n\
                    FROM build";
        let recipe = parse(text).expect("well formed");
        assert_eq!(recipe.images, ["python:3.12-slim", "busybox:1"]);
        assert_eq!([None, Some("Build"), Some("1")].map(|target| recipe.stages_to(target)), [3, 1, 2]);
        let expected = "# syntax=docker/dockerfile:1\nARG GIVEN=3.11\nARG SUFFIX=\"-slim\"\nFROM python:${GIVEN}$SUFFIX AS build\n\
                        LABEL greenroom.build=news-api\nRUN pip wheel .\nfrom scratch\nLABEL greenroom.build=news-api\n\
                        COPY --from=build /a /a\nCOPY --from=0 /b /b\nCOPY --from=busybox:1 /c /c\n\
                        FROM build\nLABEL greenroom.build=news-api";
        assert_eq!(recipe.text, expected);
        // Every line of the original is found again from where it was sent.
        for (index, line) in expected.lines().enumerate().filter(|(_, line)| !line.starts_with("LABEL")) {
            let original = recipe.original_line(index + 1);
            assert_eq!(text.lines().nth(original - 1), Some(line), "line {}", index + 1);
        }
        let message = recipe.with_original_lines("dockerfile parse error line 6: unknown instruction: X");
        assert_eq!(message, "dockerfile parse error line 5: unknown instruction: X");
    }

    #[test]
    fn variables_are_expanded_as_the_builder_expands_them() {
        let values = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        for (text, expected) in [
            ("x:$A", "x:1"),
            ("x:${A}b", "x:1b"),
            ("x:${B:-2}", "x:2"),
            ("x:${A:-2}", "x:1"),
            ("x${A:+y}${B:+z}", "xy"),
            ("$A/$B/$C", "1//"),
            ("plain", "plain"),
            ("$", "$"),
        ] {
            assert_eq!(expand(text, &values), expected, "{text}");
        }
    }

    #[test]
    fn what_needs_buildkit_is_pointed_at() {
        for (text, line, what) in [
            ("FROM a\n\nRUN --mount=type=cache,target=/x pip", 3, "`RUN --mount`"),
            ("FROM a\nCOPY --chmod=755 a b", 2, "`COPY --chmod`"),
            ("FROM a\nCOPY --link a b", 2, "`COPY --link`"),
            ("FROM a\nRUN <<EOF\necho\nEOF\n", 2, "a here-document"),
            ("FROM a\nCOPY <<EOF /b\nc\nEOF\n", 2, "a here-document"),
        ] {
            let error = parse(text).expect_err("the engine's builder refuses it");
            assert!(
                matches!(&error, RecipeError::BuildKit { line: l, what: w, .. } if *l == line && w == what),
                "{error}"
            );
        }
        assert!(parse("FROM a\nCOPY --from=b --chown=1:1 c d\nADD --chown=1 e f").is_ok());
    }

    #[test]
    fn a_malformed_dockerfile_is_pointed_at() {
        let error = parse("FROM a\nRUNN b\n").expect_err("malformed");
        assert!(matches!(error, RecipeError::Parse { line: 2, .. }), "{error}");
        assert!(parse("").is_err());
        assert!(Recipe::read(Path::new("/nonexistent"), "x", &BTreeMap::new()).is_err());
    }
}
