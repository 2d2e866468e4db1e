//! Exploring: one rollout, many times, in virtual time, each time with other faults; and for each bad outcome the fewest faults that
//! lead to it.
//!
//! In reading order: what can go wrong ([`crate::fault`]), one run with given faults ([`run`]), and the search over seeds with what comes of
//! it ([`search`]). A seed stands for its faults: the same seed, project and behaviours give the same run.

mod run;
mod search;

pub use run::{Outcome, Run, Stand};
pub use search::{Example, Findings, explore};
