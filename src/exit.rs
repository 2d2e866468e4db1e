//! Exit codes: what a script can rely on.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All is well.
    Ok = 0,
    /// A bug of greenroom's.
    Bug = 1,
    /// Changes are pending, or the account has drifted.
    Pending = 2,
    /// What the user gave cannot be used.
    Input = 3,
    /// IAM said no.
    Refused = 4,
    /// The deploy would fail.
    WouldFail = 5,
    /// There is no container engine, or AWS is out of reach.
    Unreachable = 6,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
