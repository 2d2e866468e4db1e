//! Connections to a target that wait for their next request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Connection;

/// A connection is not used again after it has been idle this long. Servers close idle connections, the most impatient of
/// the common ones after two seconds (gunicorn; uvicorn and Node after five), and a request that meets the closing is lost.
/// The real load balancer waits a minute and loses such requests now and then; a rehearsal that did so by chance would be
/// worth nothing. That a server's keep-alive is shorter than the load balancer's can be read from its configuration.
const IDLE: Duration = Duration::from_secs(1);

/// The idle connections to one target.
#[derive(Debug, Default)]
pub(super) struct Pool {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: bool,
    idle: Vec<(Instant, Connection)>,
}

impl Pool {
    /// Connections may wait here from now on.
    pub(super) fn open(&self) {
        self.state().open = true;
    }

    /// Closes the connections that wait, and takes no more.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.open = false;
        state.idle.clear();
    }

    /// A connection that is ready for a request, if one waits.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut state = self.state();
        while let Some((since, connection)) = state.idle.pop() {
            if since.elapsed() >= IDLE {
                // It was the youngest.
                state.idle.clear();
                return None;
            }
            if connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    /// Lets `connection` wait, unless the target is out of the route: then it is closed.
    pub(super) fn put(&self, connection: Connection) {
        let mut state = self.state();
        if state.open {
            state.idle.retain(|(since, _)| since.elapsed() < IDLE);
            state.idle.push((Instant::now(), connection));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
