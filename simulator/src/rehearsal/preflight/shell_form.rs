//! H-07: signals reach the app.

use super::{Subject, app};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::dockerfile::Command;

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(container) = app::container(subject) else { return Vec::new() };
    let image = &subject.files.dockerfile;
    let entrypoint = image.entrypoint.as_ref().filter(|_| container.entry_point.is_none());
    // A CMD only runs by itself where nothing stands before it or in its place.
    let is_program = image.entrypoint.is_none() && container.entry_point.is_none() && container.command.is_none();
    let command = image.command.as_ref().filter(|_| is_program);
    let Some((word, command)) = entrypoint.map(|it| ("ENTRYPOINT", it)).or(command.map(|it| ("CMD", it))) else {
        return Vec::new();
    };
    match command {
        Command::Shell(line) if !line.value.starts_with("exec ") => {
            let sentence = format!("{word} is in shell form, so that a shell stands between ECS's SIGTERM and the app");
            let words: Vec<String> = command.words().iter().map(|word| format!("{:?}", word.value)).collect();
            // What only a shell understands cannot be written without one.
            let needs_shell = line.value.contains(['$', '|', ';', '&', '>', '<', '*']);
            let help = if needs_shell {
                format!("{word} exec {}", line.value)
            } else {
                format!("{word} [{}]", words.join(", "))
            };
            vec![warning(sentence).at(image.place(line.spot)).help(help)]
        }
        Command::Exec(words) => {
            let program = words.first().map(|word| word.value.rsplit('/').next().unwrap_or_default().to_owned());
            let (Some(program), Some(first)) = (program, words.first()) else { return Vec::new() };
            if !["npm", "pnpm", "yarn"].contains(&program.as_str()) || container.has_init {
                return Vec::new();
            }
            let sentence =
                format!("{program} is the container's first process and does not pass ECS's SIGTERM on to the app");
            vec![warning(sentence).at(image.place(first.spot)).help(format!("{word} [\"node\", …]"))]
        }
        Command::Shell(_) => Vec::new(),
    }
}

fn warning(sentence: String) -> Finding {
    Finding::warning(Code::H07, Kind::Static, Stage::Preflight, sentence)
}
