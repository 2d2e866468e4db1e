//! `greenroom`: sets up AWS accounts for ECS deploys and rehearses those deploys on one machine.

mod account_setup;
mod checkout;
mod cli;
mod command;
mod config;
mod exit;
mod interruption;
mod progress;
mod source;

use std::process::ExitCode;

use mimalloc::MiMalloc;

// Exploring makes and drops millions of small values: this takes a fifth off its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Logs are for us: `GREENROOM_LOG=debug` shows every event of the simulated account as it happens.
    if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("GREENROOM_LOG") {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    }
    cli::run(std::env::args_os()).into()
}
