//! Modes of locks on tables, and what they stop.

use std::fmt;

/// A mode of a lock on a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// PostgreSQL's, by the name that `pg_locks` has, such as `AccessExclusiveLock`.
    Postgres(String),
    /// MySQL's and MariaDB's metadata lock, by the name that `metadata_locks` has, such as `EXCLUSIVE`.
    MySql(String),
}

/// What somebody else does to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// A SELECT.
    Read,
    /// An INSERT, UPDATE or DELETE.
    Write,
}

impl LockMode {
    /// Whether the access has to wait for a lock of this mode, whether that is held or waited for itself: both servers serve requests for
    /// one table in turn, so that a waiting definition stops everybody behind it (M-16, M-17).
    ///
    /// For PostgreSQL: <https://www.postgresql.org/docs/15/explicit-locking.html#LOCKING-TABLES>, a SELECT takes ACCESS SHARE, a write ROW
    /// EXCLUSIVE. For MySQL a SELECT takes `SHARED_READ`, a write `SHARED_WRITE`.
    #[must_use]
    pub fn stops(&self, access: Access) -> bool {
        match self {
            Self::Postgres(mode) => match mode.as_str() {
                "AccessExclusiveLock" => true,
                "ShareLock" | "ShareRowExclusiveLock" | "ExclusiveLock" => access == Access::Write,
                _ => false,
            },
            Self::MySql(mode) => match mode.as_str() {
                "EXCLUSIVE" | "SHARED_NO_READ_WRITE" => true,
                "SHARED_NO_WRITE" | "SHARED_READ_ONLY" => access == Access::Write,
                _ => false,
            },
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Postgres(mode) | Self::MySql(mode)) = self;
        f.write_str(mode)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "SELECT",
            Self::Write => "INSERT",
        })
    }
}

/// A lock on a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableLock {
    /// The table, with its schema where that is not the default one.
    pub table: String,
    /// The mode.
    pub mode: LockMode,
}

impl fmt::Display for TableLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.mode, self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_stop_what_the_servers_documentation_says() {
        let postgres = |mode: &str| LockMode::Postgres(mode.to_owned());
        let mysql = |mode: &str| LockMode::MySql(mode.to_owned());
        for (mode, read, write) in [
            (postgres("AccessShareLock"), false, false),
            (postgres("RowExclusiveLock"), false, false),
            (postgres("ShareUpdateExclusiveLock"), false, false),
            (postgres("ShareLock"), false, true),
            (postgres("ShareRowExclusiveLock"), false, true),
            (postgres("AccessExclusiveLock"), true, true),
            (mysql("SHARED_READ"), false, false),
            (mysql("SHARED_UPGRADABLE"), false, false),
            (mysql("SHARED_NO_WRITE"), false, true),
            (mysql("EXCLUSIVE"), true, true),
        ] {
            assert_eq!((mode.stops(Access::Read), mode.stops(Access::Write)), (read, write), "{mode}");
        }
    }
}
