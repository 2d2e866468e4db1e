//! From what happened to one sentence: why a service did not stabilise, why a migration failed, why the database is out of reach.
//!
//! Pure functions over the trace and the database's own record of errors; [`sight::look`] alone asks a container.

pub mod blamed;
pub mod health_command;
pub mod log_pattern;
pub mod migration;
pub mod not_simulated;
pub mod reachability;
pub mod rollout;
pub mod sight;
pub mod story;

pub use story::{ContainerStory, TaskStory, stories};

/// How many of a container's last lines are evidence.
const EVIDENCE_LINES: usize = 8;

/// The last lines of a container that say something, as evidence.
fn last_lines(name: &str, lines: &[String]) -> Vec<String> {
    let spoken: Vec<&String> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    let start = spoken.len().saturating_sub(EVIDENCE_LINES);
    spoken[start..].iter().map(|line| format!("{name}: {line}")).collect()
}
