//! Whether the statements that one version of an app sends fit another schema, without running them there.
//!
//! [`Capture`] records what really ran, whatever program sent it. [`compare`] prepares each statement on both schemas: what the server
//! refuses on the new one alone would fail there, and a result of another shape breaks cached plans.
//! [`uncovered`] finds INSERTs that leave a required column out, which preparing them does not show. Nothing is claimed of
//! what was not captured: [`exercised`] says which tables the statements touch.

mod capture;
mod comparison;
mod insert;
mod ran;

pub use capture::Capture;
pub use comparison::{Compared, ShapeChange, Verdict, compare};
pub use insert::{InsertTarget, Uncovered, exercised, uncovered};
pub use ran::{Captured, Ran, distinct};
