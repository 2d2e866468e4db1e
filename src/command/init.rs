//! `greenroom init`.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use clap::Args;
use miette::Diagnostic;
use simulator::proposal::{Document, Repository, propose, render};

use super::complain;
use crate::exit::Exit;

/// Write greenroom.toml from what the repository's files say: its GitHub workflows, compose file, Dockerfile and task definition.
///
/// Each line says where its value stands, or that it is assumed; what no file says is left open as a comment, with what to put there.
/// Where there is no smoke.json, one that asks for the health check's path is written beside it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Replace a greenroom.toml that is there.
    #[arg(long)]
    force: bool,
    /// Write nothing; print what greenroom.toml would say.
    #[arg(long)]
    stdout: bool,
    /// The same as `--stdout`.
    #[arg(value_name = "-", value_parser = ["-"])]
    dash: Option<String>,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum InitError {
    #[error("cannot read `{path}`: {source}")]
    Read { path: String, source: io::Error },
    #[error("`{path}` is there already")]
    #[diagnostic(help("`--force` replaces it, `--stdout` shows what it would say"))]
    There { path: String },
    #[error("cannot write `{path}`: {source}")]
    Write { path: String, source: io::Error },
}

/// Proposes the file at `path` for the directory that it is in, and writes or prints it.
pub(crate) fn run(path: &Path, arguments: &Arguments) -> Exit {
    match write(path, arguments) {
        Ok(()) => Exit::Ok,
        Err(error) => complain(error, Exit::Input),
    }
}

fn write(path: &Path, arguments: &Arguments) -> Result<(), InitError> {
    let Arguments { force, stdout, dash } = arguments;
    let is_shown = *stdout || dash.is_some();
    let shown = || path.display().to_string();
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !is_shown && !force && path.exists() {
        return Err(InitError::There { path: shown() });
    }
    let repository = Repository::read(directory)
        .map_err(|source| InitError::Read { path: directory.display().to_string(), source })?;
    let document = propose(&repository);
    let text = render(&document);
    if is_shown {
        anstream::print!("{text}");
    } else {
        save(path, &text, *force)?;
        anstream::eprintln!("wrote {}", path.display());
        if let Some(smoke) = &document.smoke {
            let beside = directory.join("smoke.json");
            save(&beside, smoke, false)?;
            anstream::eprintln!("wrote {}: add the requests that show that your app works", beside.display());
        }
    }
    say(&document);
    if !is_shown && io::stderr().is_terminal() {
        anstream::eprintln!(
            "next: look it over, then `greenroom rehearse` to try a deploy, and `greenroom bootstrap policy --account NUMBER` to see what \
             setting the account up takes"
        );
    }
    Ok(())
}

/// What the file cannot say, and what it leaves open.
fn say(document: &Document) {
    for remark in document.remarks() {
        anstream::eprintln!("note: {remark}");
    }
    for (section, key, advice) in document.open() {
        anstream::eprintln!("open: [{section}] {key}: {advice}");
    }
}

/// Writes a file, which must not be there unless it may be replaced.
fn save(path: &Path, text: &str, is_replaced: bool) -> Result<(), InitError> {
    let mut options = OpenOptions::new();
    if is_replaced {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| {
        let path = path.display().to_string();
        if source.kind() == io::ErrorKind::AlreadyExists {
            InitError::There { path }
        } else {
            InitError::Write { path, source }
        }
    })
}
