//! `greenroom bootstrap drift`.

use std::path::Path;

use bootstrap::{Plan, PlanOptions};
use clap::Args;

use super::connection::{self, Connection};
use super::plan;
use crate::exit::Exit;

/// Say what in the account is not as it was made; exit 2 if that is anything.
///
/// Images, revisions and the desired count are the deploys', and are not looked at.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// Print what was found as JSON, in the form of a plan.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Exit {
    match planned(path, arguments).await {
        Ok(plan) => {
            plan::show(&plan, arguments.json);
            if plan.has_drifted() { Exit::Pending } else { Exit::Ok }
        }
        Err(exit) => exit,
    }
}

async fn planned(path: &Path, arguments: &Arguments) -> Result<Plan, Exit> {
    let connected = connection::open(path, &arguments.connection).await?;
    let observed = connected.observe().await?;
    Ok(bootstrap::plan(&connected.desired, &observed, &PlanOptions::default()))
}
