//! `greenroom completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Exit;

/// Prints the completion script for `shell`.
pub(crate) fn run(shell: Shell) -> Exit {
    clap_complete::generate(shell, &mut Cli::command(), "greenroom", &mut std::io::stdout());
    Exit::Ok
}
