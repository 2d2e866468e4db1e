//! Rehearses a deploy on one machine: a simulated AWS account behind a real endpoint, a real image registry, real databases
//! and the app's real containers.
//!
//! `simulator-core` decides; this crate does: it serves the wire, carries effects out, and reports what the trace says.

pub mod account;
pub mod behaviours;
pub mod cache;
pub mod data_channel;
pub mod database;
pub mod driver;
pub mod endpoint;
pub mod engine;
pub mod exploration;
pub mod fault;
pub mod finding;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
pub mod migration_tool;
pub mod oidc;
pub mod pattern;
pub mod prediction;
pub mod proposal;
pub mod registry;
pub mod rehearsal;
pub mod report;
pub mod scenario;
pub mod service;
pub mod serving;
pub mod wire;

pub use account::Account;
pub use endpoint::{Endpoint, EndpointError};
pub use simulator_core::virtual_time::Script as Behaviours;
pub use simulator_core::{AccountId, Propagation, Region, Timing};
