//! How many connections to the database there would be at the worst instant of a deploy.

use super::crowd::Crowd;
use crate::database::ConnectionLimit;

/// What one task was seen to hold, and what the server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// What the server of the rehearsal accepts.
    pub limit: ConnectionLimit,
    /// The most that one task of what runs now held.
    pub old_task: u32,
    /// The most that one task of what would be deployed held.
    pub new_task: u32,
    /// The most that the task held that migrates the database, before the rollout.
    pub migration: u32,
}

/// The worst instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostConnections {
    /// How many there are then.
    pub connections: u64,
    /// How many old tasks run.
    pub old_tasks: usize,
    /// How many new tasks run.
    pub new_tasks: usize,
    /// Whether the database is migrated then.
    pub migrating: bool,
}

impl Connections {
    /// The worst instant of a deploy over `desired` tasks: old and new tasks side by side as `crowd` says, or the old ones beside the
    /// migration.
    #[must_use]
    pub fn most(&self, crowd: &Crowd, desired: u32) -> MostConnections {
        let (connections, (old_tasks, new_tasks)) = crowd.worst(self.old_task, self.new_task);
        let migrating = u64::from(desired) * u64::from(self.old_task) + u64::from(self.migration);
        if self.migration > 0 && migrating > connections {
            let old_tasks = usize::try_from(desired).unwrap_or(usize::MAX);
            return MostConnections { connections: migrating, old_tasks, new_tasks: 0, migrating: true };
        }
        MostConnections { connections, old_tasks, new_tasks, migrating: false }
    }

    /// Whether the server would refuse some of `most`.
    #[must_use]
    pub fn is_exceeded_by(&self, most: &MostConnections) -> bool {
        most.connections > u64::from(self.limit.for_app)
    }

    /// What people want to know of it.
    #[must_use]
    pub fn line(&self, most: &MostConnections) -> String {
        format!(
            "at most {} database connections at once under the rehearsal's load, with {}; the database's max_connections is {}",
            most.connections,
            self.sum(most),
            self.limit.max_connections
        )
    }

    /// Whose they are.
    pub(super) fn sum(&self, most: &MostConnections) -> String {
        let MostConnections { connections: _, old_tasks, new_tasks, migrating } = most;
        let mut parts = Vec::new();
        for (tasks, age, each) in [(*old_tasks, "old", self.old_task), (*new_tasks, "new", self.new_task)] {
            let noun = if tasks == 1 { "task" } else { "tasks" };
            if tasks > 0 {
                parts.push(format!("{tasks} {age} {noun} ({each} each)"));
            }
        }
        if *migrating {
            parts.push(format!("the migration ({})", self.migration));
        }
        parts.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_instant_is_in_the_rollout_or_in_the_migration() {
        let limit = ConnectionLimit { max_connections: 30, for_app: 27 };
        let connections = |old_task, new_task, migration| Connections { limit, old_task, new_task, migration };
        let crowd = Crowd { mixes: [(1, 3), (2, 2)].into(), ..Crowd::default() };
        for (held, exceeded, said) in [
            (
                connections(5, 5, 1),
                false,
                "20 database connections at once under the rehearsal's load, with 2 old tasks (5 each) and 2 new tasks (5 each)",
            ),
            (
                connections(5, 9, 1),
                true,
                "32 database connections at once under the rehearsal's load, with 1 old task (5 each) and 3 new tasks (9 each)",
            ),
            (
                connections(6, 1, 9),
                false,
                "21 database connections at once under the rehearsal's load, with 2 old tasks (6 each) and the migration (9)",
            ),
            (
                connections(7, 7, 0),
                true,
                "28 database connections at once under the rehearsal's load, with 2 old tasks (7 each) and 2 new tasks (7 each)",
            ),
        ] {
            let most = held.most(&crowd, 2);
            assert_eq!(held.line(&most), format!("at most {said}; the database's max_connections is 30"));
            assert_eq!(held.is_exceeded_by(&most), exceeded, "{said}");
        }
    }
}
