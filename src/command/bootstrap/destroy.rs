//! `greenroom bootstrap destroy`.

use std::path::{Path, PathBuf};

use bootstrap::{Plan, PlanOptions};
use clap::Args;

use super::apply::until_stopped;
use super::connection::{self, Connected, Connection};
use super::display::Display;
use super::journal::Journal;
use super::{plan, refusal, unless_blocked, unless_declined, unless_interrupted};
use crate::exit::Exit;

/// Take everything away that is the project's, in the opposite order. What is somebody else's, or shared, stays and is named.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// Delete repositories with the images that are in them.
    #[arg(long)]
    empty_repositories: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Print what was planned as JSON, whose `version` is 1.
    #[arg(long)]
    json: bool,
    /// Write down here what is done when [default: in `~/.local/state/greenroom/bootstrap`].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Exit {
    let (connected, plan) = match unless_interrupted(prepare(path, arguments)).await {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let (journal, _) = Journal::open(arguments.journal.as_deref(), &connected.desired, "destroy", plan.steps().len());
    let display = Display::new(plan.steps().len(), journal);
    let result = until_stopped(bootstrap::destroy(&connected.account, &plan, &display), &display).await;
    display.finish(if matches!(result, Some(Ok(()))) { "well" } else { "in a failure" });
    match result {
        None => Exit::Interrupted,
        Some(Ok(())) => Exit::Ok,
        Some(Err(error)) => refusal::of_execution(&error),
    }
}

async fn prepare(path: &Path, arguments: &Arguments) -> Result<(Connected, Plan), Exit> {
    let connected = connection::open(path, &arguments.connection).await?;
    let observed = connected.observe().await?;
    let options = PlanOptions { empties_repositories: arguments.empty_repositories, ..PlanOptions::default() };
    let plan = bootstrap::plan_destruction(&connected.desired, &observed, &options);
    plan::show(&plan, arguments.json);
    unless_blocked(&plan)?;
    unless_declined(&plan, arguments.yes, "delete all of that?")?;
    Ok((connected, plan))
}
