//! The command line: what can be asked, and nothing of how it is done.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::command;
use crate::exit::Exit;

/// Sets up AWS accounts for ECS deploys and rehearses those deploys on one machine.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    config: ConfigFile,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 ok; 1 a bug of greenroom's; 2 changes pending or drift; 3 unusable input; \
    4 refused by IAM; 5 the deploy would fail; 6 no container engine, or AWS out of reach; 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write greenroom.toml from the repository's workflows, compose file, Dockerfile and task definition.
    Init(command::init::Arguments),
    /// Make an AWS account ready for the project's deploys, find what has changed in it, or take everything away again.
    Bootstrap(command::bootstrap::Arguments),
    /// Rehearse a deploy: build, push, migrate, roll out, verify and roll back, without AWS.
    Rehearse(command::rehearse::Arguments),
    /// Roll the deploy out many times in virtual time, each time with other faults, and show the fewest that lead to a bad outcome.
    Explore(command::explore::Arguments),
    /// Serve a simulated AWS account to any AWS client on this machine.
    Serve(command::serve::Arguments),
    /// Say what a finding's code means, or what refused a call and the smallest policy statement that would allow it.
    Explain(command::explain::Arguments),
    /// Say what greenroom finds on this machine.
    Doctor,
    /// Remove what rehearsals whose process has ended may have left, and on request the image cache.
    Clean(command::clean::Arguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Remove a rehearsal's containers when the process that owns it ends.
    #[command(hide = true)]
    Watch(command::watch::Arguments),
}

/// Where `greenroom.toml` is, before or after the command's name.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The project's greenroom.toml.
    #[arg(short = 'f', long = "file", value_name = "FILE", default_value = "greenroom.toml", global = true)]
    pub(crate) file: PathBuf,
}

/// Parses `arguments` and does what they ask.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Input } else { Exit::Ok };
            // Nothing can be said about a terminal that cannot be written to.
            drop(error.print());
            return exit;
        }
    };
    match cli.command {
        Command::Init(arguments) => command::init::run(&cli.config.file, &arguments),
        Command::Bootstrap(arguments) => command::bootstrap::run(&cli.config.file, &arguments),
        Command::Rehearse(arguments) => command::rehearse::run(&cli.config.file, &arguments),
        Command::Explore(arguments) => command::explore::run(&cli.config.file, &arguments),
        Command::Serve(arguments) => command::serve::run(&arguments),
        Command::Explain(arguments) => command::explain::run(&arguments),
        Command::Doctor => command::doctor::run(),
        Command::Clean(arguments) => command::clean::run(&arguments),
        Command::Completions { shell } => command::completions::run(shell),
        Command::Watch(arguments) => command::watch::run(&arguments),
    }
}
