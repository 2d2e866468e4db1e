//! A driver that lets a script of behaviours stand for containers, and moves time from one thing that happens to the next.

mod account;
mod behaviour;
mod driver;

pub(crate) use account::{Account, CLUSTER, Deploy, container, events, health_check};
pub(crate) use behaviour::{Behaviour, Image};

use std::time::Duration;

/// `count` seconds.
pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}
