//! What keeps two runs of a tool apart.

use super::Basis;
use crate::database::Engine;

/// What keeps two runs of a tool apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nothing: two runs at once both apply the same migrations.
    None {
        /// How that is known.
        basis: Basis,
    },
    /// The session holds a lock, which ends with it.
    Session {
        /// How PostgreSQL is asked for it; none if the tool takes none there.
        postgres: Option<&'static str>,
        /// How MySQL is asked for it; none if the tool takes none there.
        mysql: Option<&'static str>,
        /// How MariaDB is asked for it; none if the tool takes none there, or if what it asks for is refused.
        mariadb: Option<&'static str>,
        /// What a second run does.
        waits: Waits,
        /// How that is known.
        basis: Basis,
    },
    /// A row says so, and stays if the run is killed (M-05).
    Row {
        /// The table.
        table: &'static str,
        /// A query that gives a row if and only if the lock is taken.
        taken: &'static str,
        /// What a second run does.
        waits: Waits,
        /// The command that removes it.
        unlock: &'static str,
        /// The statement that does so where an image has no such command, since the app brings the tool as a library.
        by_hand: &'static str,
        /// How that is known.
        basis: Basis,
    },
}

/// What a second run does while the first has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It fails at once.
    Not,
    /// It waits so many seconds, then fails.
    Seconds(u32),
    /// It waits for ever.
    ForEver,
}

impl Lock {
    /// Whether two runs on `engine` are kept apart at all.
    #[must_use]
    pub const fn holds_on(&self, engine: Engine) -> bool {
        match self {
            Self::None { .. } => false,
            Self::Session { .. } => self.of_session(engine).is_some(),
            Self::Row { .. } => true,
        }
    }

    /// How `engine` is asked for a lock that belongs to the session, if the tool has such a lock there.
    #[must_use]
    pub const fn of_session(&self, engine: Engine) -> Option<&'static str> {
        match self {
            Self::None { .. } | Self::Row { .. } => None,
            Self::Session { postgres, mysql, mariadb, .. } => match engine {
                Engine::Postgres => *postgres,
                Engine::MySql => *mysql,
                Engine::MariaDb => *mariadb,
            },
        }
    }

    /// How it is known.
    #[must_use]
    pub const fn basis(&self) -> Basis {
        match self {
            Self::None { basis } | Self::Session { basis, .. } | Self::Row { basis, .. } => *basis,
        }
    }
}
