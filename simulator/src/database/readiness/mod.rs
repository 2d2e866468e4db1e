//! When a database is ready: four rules, and the evidence for each.
//!
//! A fresh server answers long before it is ready. The images start a temporary server first, which takes the accounts and the
//! initialisation files and is then shut down; it answers `pg_isready` and `mysqladmin ping` on its socket, and `ping` even succeeds
//! with a wrong password. So a database is ready when
//! 1. it answers over TCP to a second container of its network,
//! 2. to the app's own user, with `SELECT 1` in the app's own database,
//! 3. and is the same server instance for at least two seconds,
//! 4. and is not the temporary server.
//!
//! A second container asks all of it in one query, again and again; [`judge`] decides on what it has seen.

mod judgement;
mod probe;
mod sample;
pub mod subject;

use std::fmt;
use std::time::Duration;

pub use judgement::{Judgement, Shortfall, judge};
pub(super) use probe::Probe;
pub use sample::{Answer, Outcome, Sample, Wanted};

/// One of the four rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// 1: TCP from a second container on the same network.
    Tcp,
    /// 2: the app's user, `SELECT 1`, the app's database.
    Credentials,
    /// 3: the same server instance for at least two seconds.
    SameInstance,
    /// 4: not the temporary server.
    NotTemporary,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "1 (TCP from a second container)",
            Self::Credentials => "2 (the app's user on the app's database)",
            Self::SameInstance => "3 (the same server for 2 s)",
            Self::NotTemporary => "4 (not the temporary server)",
        })
    }
}

/// What was seen of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEvidence {
    /// The rule.
    pub rule: Rule,
    /// What showed that it holds.
    pub evidence: String,
}

/// The proof that a database is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Evidence for each rule, in the order of the rules.
    pub rules: Vec<RuleEvidence>,
    /// Time from the start of the server's container until all four rules held.
    pub ready_after: Duration,
    /// How many times the database was asked.
    pub attempts: usize,
}
