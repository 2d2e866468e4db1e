//! What a migration leaves behind when it is killed at each of its statements, and what a second run makes of that.
//!
//! The migration runs in its own container and reaches the database through a [`Gate`], which sees every statement on the wire. A run
//! that nothing disturbs tells which statements change something, N of them, and what the schema is after each. Then, for each of the
//! N, on a clone of the database as it was before: the answer to that statement is kept back, the gate is cut and the container killed
//! with SIGKILL, what is left is compared with what was recorded, the migration is run again, and where that fails the way out that is
//! printed is tried. Two such trials go on side by side. Last, two run at once, each held before its first change until the other has
//! come as far. Where the tool's lock belongs to a session, the migrator is also killed while its session lives on, and run again beside it.
//!
//! The findings are functions of that [`Evidence`]. Deliberately absent: choosing the images and starting containers, which a
//! [`Migrator`] does.

mod decoder;
mod statement;

mod gate;
mod ground;

mod abandoned;
mod course;
mod evidence;
mod perform;
mod sample;
mod undo;
mod way_out;

mod findings;

#[cfg(test)]
mod tests;

pub use evidence::{Abandoned, Evidence, Interrupted, Outcome, Together, Tried, WayOut};
pub use findings::findings;
pub use gate::{Gate, Hold};
pub use ground::{Bounds, Migrator, NotRun, Run, Scene};
pub use perform::{InterruptionError, interrupt};
pub use way_out::{Lost, lead_out};
