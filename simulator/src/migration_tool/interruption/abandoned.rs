//! A migrator that is gone without the server's knowing, as when its machine is lost: the session lives on, and with it the tool's lock.
//!
//! The gate stands for the network: the migrator is killed behind it, and the connection from the gate to the server stays open. A second
//! run has [`WAITS`] to end; where it has not, the session that it waits for is ended as the reader is told to.
//!
//! Deliberately absent: a lock that a project takes around a tool which has none of its own.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::course::Course;
use super::perform::{CADENCE, comes_to, reached};
use super::statement::shown;
use super::{Abandoned, Hold, InterruptionError, Outcome, Run, Scene, WayOut};
use crate::database::{Blocked, DatabaseError, LogicalDatabase, end_holders};

/// A second run that has not ended by then is said to wait without end. Longer than any known tool's own limit (15 s).
pub(super) const WAITS: Duration = Duration::from_secs(20);

impl Scene<'_> {
    /// Whether the tool's lock belongs to a session of the database.
    pub(super) fn locks_a_session(&self) -> bool {
        self.tool.is_some_and(|tool| tool.lock.of_session(self.engine()).is_some())
    }

    /// Kills the migrator at its first change, by when it has its lock, and runs it again beside the session that it leaves. None if it
    /// does not come to a change this time.
    pub(super) async fn abandoned(&self, course: &Course) -> Result<Option<Abandoned>, InterruptionError> {
        let database = self.fresh("abandoned").await?;
        let gate = self.gate(&database, Hold::AnswerTo(1)).await?;
        let run = self.migrators[0].start(&database, Some(gate.address())).await?;
        let was_held = comes_to(&gate, run.as_ref(), course.patience).await?;
        let statement = gate.changes().first().map(|text| shown(text)).unwrap_or_default();
        run.kill().await?;
        let abandoned = if was_held { Some(self.run_beside(&database, statement, course).await?) } else { None };
        drop(gate);
        database.until_left().await?;
        database.remove().await?;
        Ok(abandoned)
    }

    /// A second run while the session of the first lives on, and what ends that session.
    async fn run_beside(
        &self,
        database: &LogicalDatabase,
        statement: String,
        course: &Course,
    ) -> Result<Abandoned, InterruptionError> {
        let migrator = self.migrators[0];
        let run = migrator.start(database, None).await?;
        let blocked = comes_to_wait(database, run.as_ref()).await?;
        if blocked.is_some() && !ends_within(run.as_ref(), WAITS).await? {
            let way_out = Some(self.led_past(database, run, course).await?);
            return Ok(Abandoned { statement, blocked, again: Outcome::default(), way_out });
        }
        let again = run.ended(course.patience).await?;
        let way_out = if blocked.is_none() || again.succeeded() {
            None
        } else {
            let run = migrator.start(database, None).await?;
            comes_to_wait(database, run.as_ref()).await?;
            Some(self.led_past(database, run, course).await?)
        };
        Ok(Abandoned { statement, blocked, again, way_out })
    }

    /// Ends the session that `run` waits for.
    async fn led_past(
        &self,
        database: &LogicalDatabase,
        run: Box<dyn Run + '_>,
        course: &Course,
    ) -> Result<WayOut, InterruptionError> {
        database.end_holders().await?;
        let succeeded = run.ended(course.patience).await?.succeeded();
        let steps = vec![format!("{};", end_holders(self.engine()))];
        let mut way_out = WayOut { steps, ..WayOut::default() };
        way_out.went(succeeded && reached(database, &course.goal).await?);
        Ok(way_out)
    }
}

/// Waits until `run` waits for a lock of another session; none if it ends first, or has neither ended nor come to a lock in time.
async fn comes_to_wait(database: &LogicalDatabase, run: &dyn Run) -> Result<Option<Blocked>, InterruptionError> {
    tokio::select! {
        over = run.over() => over.map(|()| None).map_err(Into::into),
        blocked = first_blocked(database) => blocked.map(Some).map_err(Into::into),
        () = sleep(WAITS) => Ok(None),
    }
}

async fn first_blocked(database: &LogicalDatabase) -> Result<Blocked, DatabaseError> {
    loop {
        if let Some(blocked) = database.blocked().await? {
            return Ok(blocked);
        }
        sleep(CADENCE).await;
    }
}

async fn ends_within(run: &dyn Run, patience: Duration) -> Result<bool, InterruptionError> {
    match timeout(patience, run.over()).await {
        Ok(over) => Ok(over.map(|()| true)?),
        Err(_) => Ok(false),
    }
}
