//! Kills a migration at each of its statements, runs it again, tries the way out, and lets two run at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join_all};
use thiserror::Error;
use tokio::time::timeout;

use super::course::Course;
use super::sample::sample;
use super::statement::shown;
use super::way_out::{Lost, lead_out};
use super::{Evidence, Gate, Hold, Interrupted, Migrator, NotRun, Outcome, Run, Scene, Together};
use crate::database::sql::unqualified;
use crate::database::{Account, DatabaseError, Engine, LogicalDatabase, SchemaSnapshot};
use crate::migration_tool::State;

/// How long a run that nothing disturbs may take.
const UNDISTURBED: Duration = Duration::from_secs(300);

/// A run may take four times as long as one that nothing disturbs, and this on top of it.
const GRACE: Duration = Duration::from_secs(15);

/// The second of two runs comes as far as the first within this time, or a lock that shows nowhere keeps it.
const MEETS_WITHIN: Duration = Duration::from_secs(10);

/// The schema is looked at after so many statements at the most.
const MOST_LOOKS: usize = 200;

/// From one look at the locks to the next.
pub(super) const CADENCE: Duration = Duration::from_millis(10);

/// Why a migration could not be interrupted.
#[derive(Debug, Error)]
pub enum InterruptionError {
    /// The migration fails when nothing disturbs it.
    #[error("could not interrupt the migration: behind a gate that writes its statements down it ends with {}", code(.0))]
    Fails(Outcome),
    /// The migration changes nothing.
    #[error("could not interrupt the migration: it changes nothing")]
    ChangesNothing,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The migration could not be started, or not be killed.
    #[error("could not run the migration: {0}")]
    Run(#[from] NotRun),
    /// The gate could not be opened.
    #[error("could not open the gate before the database")]
    Gate(#[source] std::io::Error),
}

fn code(outcome: &Outcome) -> String {
    let code = outcome.exit_code.map_or_else(|| "no exit code in time".to_owned(), |code| format!("exit code {code}"));
    let last = outcome.lines.iter().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(|| code.clone(), |line| format!("{code}: {}", line.trim()))
}

/// Kills the migration at every statement that changes something, as far as the bounds allow, and lets two of it run at once.
///
/// # Errors
/// If the migration does not even succeed undisturbed, or if what runs it or the database fails.
pub async fn interrupt(scene: &Scene<'_>) -> Result<Evidence, InterruptionError> {
    let (statements, course) = scene.undisturbed().await?;
    let chosen = sample(statements.len(), scene.bounds.kills, scene.bounds.seed);
    let lanes = scene.migrators.iter().enumerate().map(|(lane, migrator)| {
        let of_lane: Vec<usize> = chosen.iter().copied().skip(lane).step_by(scene.migrators.len()).collect();
        scene.kills(*migrator, of_lane, &course)
    });
    let mut kills: Vec<Interrupted> = try_join_all(lanes).await?.into_iter().flatten().collect();
    kills.sort_by_key(|kill| kill.at);
    let tried: BTreeSet<usize> = kills.iter().map(|kill| kill.at).collect();
    let untried = (1..=statements.len()).filter(|at| !tried.contains(at)).collect();
    let together =
        if scene.has_time() { Some(scene.two_at_once(course.first_change(&statements), &course).await?) } else { None };
    let abandoned = if scene.locks_a_session() && scene.has_time() { scene.abandoned(&course).await? } else { None };
    let statements = statements.iter().map(|text| shown(text)).collect();
    let (engine, tool, at_start) = (scene.engine(), scene.tool, scene.at_start);
    Ok(Evidence { engine, tool, at_start, statements, kills, untried, together, abandoned })
}

impl Scene<'_> {
    pub(super) fn engine(&self) -> Engine {
        self.baseline.spec().engine
    }

    fn has_time(&self) -> bool {
        Instant::now() < self.bounds.until
    }

    /// A database that is as the migration finds it.
    pub(super) async fn fresh(&self, name: &str) -> Result<LogicalDatabase, DatabaseError> {
        self.baseline.clone_as(&format!("{}_{name}", self.baseline.name())).await
    }

    /// A run that nothing disturbs, but for a look at the schema after each statement: the statements, and what they are course.
    async fn undisturbed(&self) -> Result<(Vec<String>, Course), InterruptionError> {
        let database = self.fresh("first").await?;
        let baseline = database.schema().await?;
        let gate = self.gate(&database, Hold::EachAnswer).await?;
        let began = Instant::now();
        let [first, _] = self.migrators;
        let run = first.start(&database, Some(gate.address())).await?;
        let mut after = Vec::new();
        while after.len() < MOST_LOOKS && comes_to(&gate, run.as_ref(), UNDISTURBED).await? {
            // What is not committed nobody else sees, nor is it there when the client is killed.
            let unchanged = || after.last().unwrap_or(&baseline).clone();
            let seen = database.schema_unless_locked().await?.unwrap_or_else(unchanged);
            after.push(seen);
            gate.release();
        }
        gate.release_all();
        let outcome = run.ended(UNDISTURBED).await?;
        if !outcome.succeeded() {
            return Err(InterruptionError::Fails(outcome));
        }
        let statements = gate.changes();
        if statements.is_empty() {
            return Err(InterruptionError::ChangesNothing);
        }
        let goal = database.schema().await?;
        database.remove().await?;
        Ok((statements, Course { baseline, after, goal, patience: GRACE + 4 * began.elapsed() }))
    }

    pub(super) async fn gate(&self, database: &LogicalDatabase, hold: Hold) -> Result<Gate, InterruptionError> {
        Gate::open(self.engine(), self.address, database.outside(), hold).await.map_err(InterruptionError::Gate)
    }

    /// The kills at each of `statements`, one after another; those that there is no time for are left out, and so are those that the
    /// migration does not come to this time.
    async fn kills(
        &self,
        migrator: &dyn Migrator,
        statements: Vec<usize>,
        course: &Course,
    ) -> Result<Vec<Interrupted>, InterruptionError> {
        let mut kills = Vec::new();
        for at in statements {
            if self.has_time() {
                let database = self.fresh(&at.to_string()).await?;
                kills.extend(self.kill_at(migrator, &database, at, course).await?);
                database.remove().await?;
            }
        }
        Ok(kills)
    }

    async fn kill_at(
        &self,
        migrator: &dyn Migrator,
        database: &LogicalDatabase,
        at: usize,
        course: &Course,
    ) -> Result<Option<Interrupted>, InterruptionError> {
        let gate = self.gate(database, Hold::AnswerTo(at)).await?;
        let run = migrator.start(database, Some(gate.address())).await?;
        let was_held = comes_to(&gate, run.as_ref(), course.patience).await?;
        let statement = gate.changes().get(at - 1).map(|text| shown(&unqualified(text, database.name())));
        let statement = statement.unwrap_or_default();
        // Nothing of the client's reaches the server from here on, however long it takes to end.
        drop(gate);
        if !was_held {
            run.kill().await?;
            return Ok(None);
        }
        let gone = async { Ok::<_, InterruptionError>(database.until_left().await?) };
        let killed = async { Ok(run.kill().await?) };
        try_join(killed, gone).await?;
        let now = database.schema().await?;
        let left = SchemaSnapshot::tables_changed(course.recorded(&now), &now);
        let state = self.state(database, &now).await?;
        let unfinished = state.as_ref().is_some_and(|state| state.unfinished().is_some());
        let recorded = now.revision != course.baseline.revision && left.is_empty() && !unfinished;
        let again = run_again(migrator, database, course.patience).await?;
        let whole = reached(database, &course.goal).await?;
        let mut interrupted = Interrupted { at, statement, left, recorded, state, again, whole, way_out: None };
        if !interrupted.recovers() {
            let lost = Lost {
                database,
                tool: self.tool,
                command: &self.command,
                state: interrupted.state.as_ref(),
                left: &interrupted.left,
                revision: course.revision_before(&now.revision),
                patience: course.patience,
            };
            let mut way_out = lead_out(&lost, migrator).await?;
            way_out.steps.push(self.shown_command());
            if way_out.works() {
                let succeeded = run_again(migrator, database, course.patience).await?.succeeded();
                way_out.went(succeeded && reached(database, &course.goal).await?);
            }
            interrupted.way_out = Some(way_out);
        }
        Ok(Some(interrupted))
    }

    fn shown_command(&self) -> String {
        if self.command.is_empty() { "start a task".to_owned() } else { self.command.join(" ") }
    }

    async fn two_at_once(&self, first_change: usize, course: &Course) -> Result<Together, InterruptionError> {
        let database = self.fresh("two").await?;
        let hold = Hold::Before(first_change);
        let gates = [self.gate(&database, hold).await?, self.gate(&database, hold).await?];
        let mark = database.mark().await?;
        let patience = course.patience;
        let (one, other) = try_join(self.migrators[0].start(&database, Some(gates[0].address())), async {
            comes_first(&gates[0], patience).await;
            self.migrators[1].start(&database, Some(gates[1].address())).await
        })
        .await?;
        // It comes as far, or it ends, or the first has to go on for it to do either.
        let (met, early) = meet(&database, &gates[1], other, patience).await?;
        gates[0].release();
        let first = one.ended(patience).await?;
        gates[1].release();
        let second = match early {
            Early::Ended(outcome) => outcome,
            Early::Runs(run) => run.ended(patience).await?,
        };
        database.until_left().await?;
        let first = Outcome { errors: database.errors_since(&mark).await?, ..first };
        let together = Together { met, outcomes: [first, second], whole: reached(&database, &course.goal).await? };
        database.remove().await?;
        Ok(together)
    }

    /// The tool's record; none before its tables are there.
    async fn state(
        &self,
        database: &LogicalDatabase,
        now: &SchemaSnapshot,
    ) -> Result<Option<State>, InterruptionError> {
        match self.tool {
            Some(tool) if !now.revision.is_empty() => {
                Ok(Some(tool.state(&mut database.connect(Account::Administrator).await?).await?))
            }
            Some(_) | None => Ok(None),
        }
    }
}

/// A run that nothing holds, with what the database refused meanwhile.
async fn run_again(
    migrator: &dyn Migrator,
    database: &LogicalDatabase,
    patience: Duration,
) -> Result<Outcome, InterruptionError> {
    let mark = database.mark().await?;
    let outcome = migrator.start(database, None).await?.ended(patience).await?;
    Ok(Outcome { errors: database.errors_since(&mark).await?, ..outcome })
}

pub(super) async fn reached(database: &LogicalDatabase, goal: &SchemaSnapshot) -> Result<bool, InterruptionError> {
    Ok(SchemaSnapshot::difference(goal, &database.schema().await?).is_empty())
}

/// Whether `run` comes to what `gate` holds before it is over.
pub(super) async fn comes_to(gate: &Gate, run: &dyn Run, patience: Duration) -> Result<bool, InterruptionError> {
    tokio::select! {
        biased;
        () = gate.held() => Ok(true),
        over = run.over() => over.map(|()| false).map_err(Into::into),
        () = tokio::time::sleep(patience) => Ok(false),
    }
}

/// Waits for the first of two runs, so that it is first.
async fn comes_first(gate: &Gate, patience: Duration) {
    // Without it the two are judged by what they do all the same.
    let _came = timeout(patience, gate.held()).await;
}

/// What became of the second of two runs before the first was let go.
enum Early<'a> {
    Ended(Outcome),
    Runs(Box<dyn Run + 'a>),
}

async fn meet<'a>(
    database: &LogicalDatabase,
    gate: &Gate,
    run: Box<dyn Run + 'a>,
    patience: Duration,
) -> Result<(bool, Early<'a>), InterruptionError> {
    tokio::select! {
        biased;
        () = gate.held() => Ok((true, Early::Runs(run))),
        over = run.over() => {
            over?;
            Ok((false, Early::Ended(run.ended(patience).await?)))
        }
        waits = somebody_waits(database) => waits.map(|()| (false, Early::Runs(run))).map_err(Into::into),
        () = tokio::time::sleep(MEETS_WITHIN) => Ok((false, Early::Runs(run))),
    }
}

/// Waits until a session waits for a lock in `database`: it is one that the run that is held has.
async fn somebody_waits(database: &LogicalDatabase) -> Result<(), DatabaseError> {
    let query = match database.spec().engine {
        Engine::Postgres => {
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        Engine::MySql | Engine::MariaDb => {
            "SELECT p.ID FROM information_schema.PROCESSLIST p \
             LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID \
             WHERE p.DB = DATABASE() AND p.ID <> CONNECTION_ID() \
             AND (p.STATE LIKE 'Waiting for%lock' OR p.STATE = 'User lock' OR t.trx_state = 'LOCK WAIT')"
        }
    };
    let mut watcher = database.connect(Account::Administrator).await?;
    while watcher.rows("see who waits for a lock", query).await?.is_empty() {
        tokio::time::sleep(CADENCE).await;
    }
    Ok(())
}
