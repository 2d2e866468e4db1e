//! What each scenario does, one file each. A step asks and observes; what follows from it is [`super::judge`]'s.

mod baseline;
mod both;
mod down;
mod fresh;
mod holders;
mod interrupted;
mod invalid;
mod masked;
mod migration;
mod new_on_old;
mod old_on_new;
mod readiness;
mod rollback;
mod stop;
mod way_out;

use super::evidence::Met;
use super::ground::Ground;
use super::judge::{Found, replay};
use super::migrator::{Unmigrated, migrate};
use super::table::Scenario;
use super::watch::Watched;
use crate::database::schema::SchemaChange;
use crate::database::seeding::Seeded;
use crate::database::{LogicalDatabase, SchemaSnapshot};
use crate::finding::Finding;
use crate::rehearsal::RehearsalError;

pub(super) use baseline::{Baseline, Reference, stands};

/// What came of a scenario's steps.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// One line that shows what was done, or why it could not be.
    pub(super) evidence: String,
    /// Whether it was done.
    pub(super) shown: bool,
    /// Whether it is refuted by what another scenario's finding says, or by one that is no error.
    pub(super) refuted: bool,
    /// What was found.
    pub(super) found: Vec<Found>,
    /// Why the migration failed, which is S1's to say.
    pub(super) unmigrated: Option<Finding>,
    /// What was foreseen, unless another scenario has met it.
    pub(super) foreseen: Vec<Found>,
    /// What the migration changed, if it ran.
    pub(super) changes: Vec<SchemaChange>,
    /// The adversarial rows beside which the migration ran, if any were to be there.
    pub(super) rows: Option<Seeded>,
    /// What the migration sent, and what that does to others.
    pub(super) watched: Option<Watched>,
}

impl Report {
    fn shown(evidence: impl Into<String>, found: Vec<Found>) -> Self {
        Self { evidence: evidence.into(), shown: true, found, ..Self::default() }
    }

    /// Refuted by whatever was found, be it a warning.
    fn refuted_by(evidence: impl Into<String>, found: Vec<Found>) -> Self {
        Self { refuted: !found.is_empty(), ..Self::shown(evidence, found) }
    }

    fn not_shown(reason: impl Into<String>) -> Self {
        Self { evidence: reason.into(), ..Self::default() }
    }

    fn with_changes(self, changes: Vec<SchemaChange>) -> Self {
        Self { changes, ..self }
    }

    fn with_migration(self, rows: Seeded, watched: Watched) -> Self {
        Self { rows: Some(rows), watched: Some(watched), ..self }
    }
}

/// What every scenario after the baseline is played with.
pub(super) struct Play<'g> {
    pub(super) ground: &'g Ground<'g>,
    pub(super) reference: &'g Reference,
    pub(super) seed: u64,
}

impl Play<'_> {
    /// Plays `scenario`.
    ///
    /// # Errors
    /// If the rehearsal cannot go on.
    pub(super) async fn run(&self, scenario: Scenario) -> Result<Report, RehearsalError> {
        if scenario == Scenario::Readiness {
            return readiness::run(self).await;
        }
        self.run_in(scenario, &scenario.to_string()).await
    }

    /// Plays `scenario` in a database whose name ends so.
    ///
    /// # Errors
    /// If the rehearsal cannot go on.
    pub(super) async fn run_in(&self, scenario: Scenario, name: &str) -> Result<Report, RehearsalError> {
        let database = self.ground.clone_called(name, scenario.entry().begins_with).await?;
        match scenario {
            Scenario::S1 => migration::run(self, &database).await,
            Scenario::S2 => old_on_new::run(self, &database).await,
            Scenario::S3 => both::run(self, &database).await,
            Scenario::S4 => new_on_old::run(self, &database).await,
            Scenario::S5 => stop::run(self, &database).await,
            Scenario::S6 => rollback::run(self, &database).await,
            Scenario::S7 => interrupted::run(self, &database).await,
            Scenario::S8 => holders::run(self, &database).await,
            Scenario::S9 => fresh::run(self, &database).await,
            Scenario::S10 => down::run(self, &database).await,
            // It has been played already: everything is measured by it. The other has a server of its own.
            Scenario::S0 | Scenario::Readiness => Ok(Report::not_shown("it is the baseline")),
        }
    }

    /// Brings `database`, a clone of the baseline, to the new schema, and answers with what that changed; without a migration that
    /// succeeds, with the report that says so. Why it fails is S1's to say.
    async fn to_head(&self, database: &LogicalDatabase) -> Result<Result<Vec<SchemaChange>, Report>, RehearsalError> {
        match migrate(self.ground, &self.ground.new, database).await {
            Ok(()) => {}
            Err(Unmigrated::Refuted(cause)) => {
                let report = Report::not_shown("the migration fails: see S1");
                return Ok(Err(Report { unmigrated: Some(*cause), ..report }));
            }
            Err(Unmigrated::Failed(error)) => return Err(error),
        }
        let after = database.schema().await?;
        Ok(Ok(SchemaSnapshot::difference(&self.reference.schema, &after)))
    }

    fn replay(&self, scenario: Scenario) -> String {
        replay(scenario, self.seed)
    }
}

/// So many failed requests, in words.
fn shown(met: &Met) -> String {
    let failed = met.asked.iter().filter(|asked| asked.failed > 0).count();
    match (failed, met.asked.len()) {
        (0, all) => format!("all {all} requests are answered as expected"),
        (failed, all) => format!("{failed} of {all} requests fail"),
    }
}
