//! Work that would hold up the asynchronous threads: files and hashing.

use std::future::pending;
use std::panic::resume_unwind;

/// Runs `work` on a thread of its own. While the runtime is ending, it never answers: nobody is there to hear it.
pub(crate) async fn away<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_cancelled) => pending().await,
        },
    }
}
