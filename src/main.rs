//! `greenroom`: sets up AWS accounts for ECS deploys and rehearses those deploys on one machine.

mod account_setup;
mod cli;
mod command;
mod config;
mod exit;
mod progress;
mod source;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os()).into()
}
