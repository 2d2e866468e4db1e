//! Drivers make the World's wishes real.
//!
//! The loop in [`drive`] takes effects from the account, gives them to a [`Driver`], and wakes the World at its deadlines.
//! A driver carries one effect out and answers with observations. There are two drivers: one with containers ([`docker`]),
//! one in virtual time ([`virtual_time`]).

pub mod hook;
pub mod interference;
mod lane;
mod run;

pub mod load_balancer;
pub mod target_probe;

pub mod docker;
pub mod virtual_time;

pub use run::{Driver, Observer, drive};
