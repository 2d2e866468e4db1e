//! `greenroom watch`, hidden: outlives a rehearsal and removes what it left.

use clap::Args;
use simulator::engine::{RehearsalId, watch};

use super::block_on;
use crate::exit::Exit;

/// The name of the subcommand, with which a rehearsal starts its watcher.
pub(crate) const NAME: &str = "watch";

/// Remove a rehearsal's containers when the process that owns it ends.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The rehearsal.
    id: RehearsalId,
}

/// Waits for the end of standard input, then cleans up.
pub(crate) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        match watch::run(&arguments.id).await {
            Ok(()) => Exit::Ok,
            // Nobody is left to read it; the next rehearsal and `greenroom clean` find what there is.
            Err(_) => Exit::Unreachable,
        }
    })
}
