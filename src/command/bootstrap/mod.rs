//! `greenroom bootstrap`: makes an AWS account ready for a project's deploys. One file per command; the rules are the library's.
//!
//! - [`connection`]: the project's files and the account they are for
//! - [`refusal`]: what went wrong, with help and exit code
//! - [`display`], [`journal`]: what is shown and written down while a plan is carried out
//! - [`handover`]: where a new access key goes

mod apply;
mod connection;
mod destroy;
mod display;
mod drift;
mod handed_over;
mod handover;
mod journal;
mod plan;
mod policy;
mod refusal;
mod rotate_key;

use std::future::Future;
use std::path::Path;

use bootstrap::Plan;
use clap::Subcommand;

use super::block_on;
use crate::exit::Exit;
use crate::interruption::interruption;

/// Make an AWS account ready for the project's deploys, find what has changed in it, or take everything away again.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what would be done, a line each, and why; exit 2 if that is anything.
    Plan(plan::Arguments),
    /// Do it. Whatever ends it early, it is simply run again.
    Apply(apply::Arguments),
    /// Say what in the account is not as it was made; exit 2 if that is anything.
    Drift(drift::Arguments),
    /// Take everything away that is the project's.
    Destroy(destroy::Arguments),
    /// Print what the person who runs these commands, and the deploys, must be allowed. No account is asked.
    Policy(policy::Arguments),
    /// Give the deploy user a new access key, and take the old one away once nobody uses it.
    RotateKey(rotate_key::Arguments),
}

/// Does what is asked for the project whose greenroom.toml is at `path`.
pub(crate) fn run(path: &Path, arguments: &Arguments) -> Exit {
    block_on(async {
        match &arguments.command {
            Command::Plan(arguments) => or_interrupted(plan::run(path, arguments)).await,
            Command::Apply(arguments) => apply::run(path, arguments).await,
            Command::Drift(arguments) => or_interrupted(drift::run(path, arguments)).await,
            Command::Destroy(arguments) => destroy::run(path, arguments).await,
            Command::Policy(arguments) => or_interrupted(policy::run(path, arguments)).await,
            Command::RotateKey(arguments) => rotate_key::run(path, arguments).await,
        }
    })
}

/// Ends what changes nothing at once when somebody asks for an end.
async fn or_interrupted(work: impl Future<Output = Exit>) -> Exit {
    unless_interrupted(async { Ok(work.await) }).await.unwrap_or_else(|exit| exit)
}

/// The same, of what comes before a change.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Exit>>) -> Result<T, Exit> {
    tokio::select! {
        result = work => result,
        () = interruption() => Err(Exit::Interrupted),
    }
}

/// Refuses a plan that something stands in the way of.
fn unless_blocked(plan: &Plan) -> Result<(), Exit> {
    if plan.blockers().is_empty() {
        return Ok(());
    }
    anstream::eprintln!("error: something stands in the way; nothing has been changed");
    Err(Exit::Input)
}

/// Asks whether a plan that changes anything is to be carried out, unless the answer, `yes`, is there already.
fn unless_declined(plan: &Plan, yes: bool, question: &str) -> Result<(), Exit> {
    if plan.is_empty() || yes || is_wanted(question)? {
        return Ok(());
    }
    anstream::eprintln!("nothing has been changed");
    Err(Exit::Pending)
}

/// Asks on the terminal; without one nobody could answer, and `--yes` is needed.
fn is_wanted(question: &str) -> Result<bool, Exit> {
    use std::io::{IsTerminal as _, Write as _};
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        anstream::eprintln!("error: nobody can be asked whether to go on\nhelp: look at the plan, then add `--yes`");
        return Err(Exit::Input);
    }
    anstream::eprint!("{question} [y/N] ");
    // Where the terminal cannot be written to, nobody can have read the question.
    if std::io::stderr().flush().is_err() {
        return Ok(false);
    }
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}
