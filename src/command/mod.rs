//! One file per command: each loads, calls and renders.

pub(crate) mod bootstrap;
pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod explore;
pub(crate) mod init;
pub(crate) mod rehearse;
pub(crate) mod serve;
pub(crate) mod watch;

use std::future::Future;
use std::io::IsTerminal as _;

use miette::{Diagnostic, MietteHandlerOpts};

use crate::exit::Exit;

/// Shows `error` with its place and its help, and answers `exit`.
pub(crate) fn complain(error: impl Diagnostic + Send + Sync + 'static, exit: Exit) -> Exit {
    // On a terminal lines are fitted to it; anywhere else whoever reads them wants paths and commands in one piece.
    let is_terminal = std::io::stderr().is_terminal();
    // It is set already if this is not the first complaint.
    let _ = miette::set_hook(Box::new(move |_| {
        Box::new(MietteHandlerOpts::new().wrap_lines(is_terminal).break_words(false).build())
    }));
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
