//! Being asked to end.

use std::future::{Future, pending};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ends at Ctrl-C, or when a service manager, CI or the terminal's end asks the process to end. From this call on none of that ends the
/// process by itself.
pub(crate) fn interruption() -> impl Future<Output = ()> {
    // What cannot be listened for ends the process as it always did.
    let [interrupt, terminate, hang_up] =
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(|kind| signal(kind).ok());
    async {
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
            () = received(hang_up) => {}
        }
    }
}

async fn received(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => drop(signal.recv().await),
        None => pending().await,
    }
}
