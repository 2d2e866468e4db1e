//! Findings from evidence, and real migrations killed on real servers.

#[cfg(feature = "whole")]
mod deadlock;
mod findings;
mod real;
