//! What was seen when a migration was interrupted.

use crate::database::{Blocked, Engine, SchemaChange, StatementError};
use crate::migration_tool::{State, Tool};

/// How a run of the migration ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code; none if it did not end in time.
    pub exit_code: Option<i64>,
    /// The last lines that it wrote.
    pub lines: Vec<String>,
    /// Statements that the database refused meanwhile.
    pub errors: Vec<StatementError>,
}

impl Outcome {
    /// Whether it ended and says that all is well.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.exit_code == Some(0)
    }
}

/// Everything that was seen.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The database's engine.
    pub engine: Engine,
    /// The tool, where it is known.
    pub tool: Option<&'static Tool>,
    /// Whether every task of the app migrates when it starts.
    pub at_start: bool,
    /// The statements that change something, in the order of an undisturbed run.
    pub statements: Vec<String>,
    /// A run for each of them, or for a part of them, in order.
    pub kills: Vec<Interrupted>,
    /// The numbers, from 1, of the statements at which the migration was not killed.
    pub untried: Vec<usize>,
    /// Two runs at once; none if there was no time for them.
    pub together: Option<Together>,
    /// A run that was killed while its session lived on; none if the tool's lock belongs to no session, or if there was no time for it.
    pub abandoned: Option<Abandoned>,
}

/// A migration that was killed while one of its statements was being answered, and what came of it.
#[derive(Clone, Debug)]
pub struct Interrupted {
    /// The statement's number, from 1.
    pub at: usize,
    /// Its text.
    pub statement: String,
    /// How the schema differs from before, the tool's own record aside.
    pub left: Vec<SchemaChange>,
    /// Whether the tool's own record says that the migration is applied.
    pub recorded: bool,
    /// The tool's record, where the tool is known and has one.
    pub state: Option<State>,
    /// How a second run ended.
    pub again: Outcome,
    /// Whether the schema is in the end what an undisturbed run makes of it.
    pub whole: bool,
    /// The way out that was tried, where the second run did not do.
    pub way_out: Option<WayOut>,
}

impl Interrupted {
    /// Whether a second run puts everything right.
    #[must_use]
    pub fn recovers(&self) -> bool {
        self.again.succeeded() && self.whole
    }
}

/// Steps that lead out, as text to paste, and what came of them here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayOut {
    /// The steps: commands of the tool, statements, and last the migration itself.
    pub steps: Vec<String>,
    /// What trying them came to.
    pub tried: Tried,
}

/// What trying a way out came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tried {
    /// All steps succeeded and led where they should.
    #[default]
    Works,
    /// One did not, or they led elsewhere.
    Fails,
    /// A step could not be begun, for this reason: the image need not have the tool's own command.
    Not(String),
}

impl WayOut {
    /// Whether every step so far has succeeded.
    #[must_use]
    pub fn works(&self) -> bool {
        self.tried == Tried::Works
    }

    /// Notes whether the next step, or what they all led to, is as it should be.
    pub fn went(&mut self, well: bool) {
        if self.works() && !well {
            self.tried = Tried::Fails;
        }
    }

    /// The steps as lines of help, after what they are for.
    #[must_use]
    pub fn told(&self, what: &str) -> Vec<String> {
        let tried = match &self.tried {
            Tried::Works => "tried here, it works".to_owned(),
            Tried::Fails => "tried here, it is not enough".to_owned(),
            Tried::Not(why) => format!("it could not be tried here: {why}"),
        };
        let heading = format!("{what} ({tried}):");
        std::iter::once(heading).chain(self.steps.iter().map(|step| format!("  {step}"))).collect()
    }
}

/// Two runs at once. Each is held before its first change, tables of the tool's own that are there already aside, until the other has come
/// as far or no further.
#[derive(Clone, Debug)]
pub struct Together {
    /// Whether the second came to its first change while the first was held: nothing keeps them apart.
    pub met: bool,
    /// How the one that was let go first ended, and the other.
    pub outcomes: [Outcome; 2],
    /// Whether the schema is what an undisturbed run makes of it.
    pub whole: bool,
}

/// A migration that was killed at its first change without the server's noticing, and a second run beside the session that it left.
#[derive(Clone, Debug)]
pub struct Abandoned {
    /// The text of that first change.
    pub statement: String,
    /// How the second run waited for the lock, if it came to that.
    pub blocked: Option<Blocked>,
    /// How it ended; without an exit code if it still waited when its time was up.
    pub again: Outcome,
    /// What was tried to end the session, where the second run did not do.
    pub way_out: Option<WayOut>,
}
