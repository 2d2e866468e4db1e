//! What is known of one tool.

use super::{Basis, Lock, Tables, Text};

/// What is known of a migration tool.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// A short name that never changes, such as `golang-migrate`.
    pub key: &'static str,
    /// Its own spelling of its name.
    pub name: &'static str,
    /// Words of which a command that runs it has one row, in this order and perhaps with others between them.
    pub commands: &'static [&'static [&'static str]],
    /// Files that a project or an image with it has. A name that ends in `/` is a directory; one that begins with `*` is an ending.
    pub files: &'static [&'static str],
    /// Where it keeps its record.
    pub tables: Tables,
    /// What keeps two runs apart.
    pub lock: Lock,
    /// What it prints for known failures.
    pub texts: &'static [Text],
    /// The command that goes one migration down; none if it has no such thing.
    pub down: Option<&'static str>,
    /// The command that makes the record say that a migration is applied without running it, with `{}` for the migration.
    pub stamp: Option<&'static str>,
    /// What makes the record say that a migration that was begun and not ended is not applied, once what it did is undone.
    pub rewind: Rewind,
    /// What an old image's tool does on a database that a newer one has migrated.
    pub on_newer: OnNewer,
}

/// What makes a tool's record say that a migration that was begun and not ended is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewind {
    /// Nothing has to: the tool writes down only what it has ended.
    Unneeded,
    /// A command, with `{}` for the migration.
    Command(&'static str),
    /// A statement, with `{}` for the migration.
    Statement(&'static str),
    /// The project's own command with another word in the place of `up`, and after it the version before the migration.
    Force {
        /// The word that goes.
        up: &'static str,
        /// The word that comes.
        force: &'static str,
        /// What stands for no version.
        none: &'static str,
    },
}

/// What an old image's tool does on a database that a newer one has migrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnNewer {
    /// It fails: an image that migrates at its start cannot be rolled back to.
    Refuses {
        /// What makes it go on, if anything does.
        switch: Option<&'static str>,
        /// How that is known.
        basis: Basis,
    },
    /// It takes no notice.
    Ignores {
        /// How that is known.
        basis: Basis,
    },
}

impl Tool {
    /// Whether a command runs this tool. A shell's `-c` text counts word by word.
    #[must_use]
    pub fn runs_in(&self, command: &[String]) -> bool {
        let words: Vec<&str> = command.iter().flat_map(|word| word.split_whitespace()).collect();
        begins(self.commands, &words).is_some()
    }

    /// Whether one of `files`, paths with `/` between folders, shows that this tool is there.
    #[must_use]
    pub fn is_shown_by<'f>(&self, files: impl IntoIterator<Item = &'f str>) -> bool {
        files.into_iter().any(|file| self.files.iter().any(|mark| marked(file, mark)))
    }
}

/// Where among `words` the last of these commands begins: its own words follow in order, and options may stand between them.
pub(crate) fn begins(commands: &[&[&str]], words: &[&str]) -> Option<usize> {
    let is_there = |wanted: &&[&str], rest: &[&str]| {
        let mut rest = rest.iter().map(|word| program(word));
        wanted.iter().all(|wanted| rest.any(|word| word == *wanted))
    };
    let is_first = |wanted: &&&[&str], word: &str| wanted.first() == Some(&program(word));
    let fits = |at: &usize| {
        commands.iter().filter(|wanted| is_first(wanted, words[*at])).any(|wanted| is_there(wanted, &words[*at..]))
    };
    (0..words.len()).rev().find(fits)
}

/// The last part of a path, without what a shell would take off.
fn program(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'', ';', '&', '(', ')']);
    word.rsplit('/').next().unwrap_or(word)
}

fn marked(file: &str, mark: &str) -> bool {
    let inside = |path: &str| file == path || file.ends_with(&format!("/{path}"));
    match (mark.strip_prefix('*'), mark.strip_suffix('/')) {
        (Some(ending), _) => file.ends_with(ending),
        (None, Some(directory)) => {
            file.starts_with(&format!("{directory}/")) || file.contains(&format!("/{directory}/"))
        }
        (None, None) => inside(mark),
    }
}
