//! Findings from evidence, and real migrations killed on real servers.

mod findings;
mod real;
