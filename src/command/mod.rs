//! One file per command: each loads, calls and renders.

pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod rehearse;
pub(crate) mod watch;

use std::future::Future;

use miette::Diagnostic;

use crate::exit::Exit;

/// Shows `error` with its place and its help, and answers `exit`.
pub(crate) fn complain(error: impl Diagnostic + Send + Sync + 'static, exit: Exit) -> Exit {
    anstream::eprintln!("{:?}", miette::Report::new(error));
    exit
}

/// Shows a failure of the container engine, and answers the exit code for it.
pub(crate) fn complain_of_engine(error: &(dyn std::error::Error + 'static), help: Option<&str>) -> Exit {
    anstream::eprintln!("error: {}", simulator::rehearsal::error::chain(error));
    if let Some(help) = help {
        anstream::eprintln!("help: {help}");
    }
    Exit::Unreachable
}

/// Runs `work` on a runtime of its own.
pub(crate) fn block_on(work: impl Future<Output = Exit>) -> Exit {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // What still runs is a background task whose result nobody waits for.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            anstream::eprintln!("error: cannot start the runtime: {error}");
            Exit::Bug
        }
    }
}
