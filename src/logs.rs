//! Logs, which are for us: `GREENROOM_LOG=debug` shows every event of the simulated account as it happens.

use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The crates whose logs are written. Others would log what passes through them: a signing library whole requests with their session
/// tokens, a Docker client the variables of containers.
const OURS: [&str; 4] = ["bootstrap", "greenroom", "simulator", "simulator_core"];

/// Writes to stderr what `GREENROOM_LOG` asks for, if it is set.
pub(crate) fn write() {
    if let Ok(filter) = EnvFilter::try_from_env("GREENROOM_LOG") {
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
        let ours = filter_fn(|event| event.target().split("::").next().is_some_and(|name| OURS.contains(&name)));
        tracing_subscriber::registry().with(lines.with_filter(ours).with_filter(filter)).init();
    }
}
