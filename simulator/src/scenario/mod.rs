//! What a deploy does to the data: scenarios, each with its own database, in which old and new code meet old and new schemas.
//!
//! - [`Scenario`]: the table of them, as data
//! - [`engine`]: runs those that are wanted, two at a time, and puts together what came of them
//! - [`ground`]: what they all stand on: network, images, the server and the baseline that each gets a clone of
//! - [`version`], [`order`], [`task`], [`witness`]: the project's own containers, run as its task definition says
//! - [`migrator`]: how the schema is brought up to date
//! - [`lane`]: the migration run again and again, at a gate
//! - [`round`], [`evidence`]: requests, and what they met here that they did not meet before
//! - [`foresight`]: what the new schema makes of the statements that old tasks sent
//! - [`steps`]: one file for each scenario
//! - [`judge`]: which finding follows from which evidence; no more than values in and values out
//! - [`down`]: a server that somebody stopped
//! - [`overlap`]: every task of both releases at once, where connections are short
//! - [`parity`]: what production's profile of the database changes
//! - [`password`]: what the special characters of its password change
//! - [`watch`]: the migration, watched from the server's side
//! - [`whole`]: what follows from several scenarios together
//! - [`verdict`]: what it all comes to
//! - [`window`]: for how long what was found would be met
//!
//! Deliberately absent: the simulated account. Data does not depend on it, and [`crate::rehearsal`] shows the rest.

pub mod engine;
pub mod verdict;
pub mod window;

mod down;
mod evidence;
mod foresight;
mod ground;
mod judge;
mod lane;
mod migrator;
mod order;
mod overlap;
mod parity;
mod password;
mod round;
mod steps;
mod table;
mod task;
mod version;
mod watch;
mod whole;
mod witness;

pub use engine::{Hearing, Wanted, run};
pub use table::{Entry, Image, Scenario, Schema, UnknownScenario};
pub use verdict::{Coverage, DataVerdict, Ended, Outcome};
pub use window::{Starts, Windows};
