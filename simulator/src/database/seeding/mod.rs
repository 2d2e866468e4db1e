//! Adversarial rows: what a schema allows and a fresh database does not have, so that a migration meets it here and not in production.
//!
//! [`Plan::of`] makes them from a catalog: NULL in every nullable column, duplicates in every column that need not be unique, longest
//! texts, every value of an enumeration, references to nothing where no foreign key forbids them. [`seed`] inserts them one at a
//! time. What cannot be planned or is refused (by a check, by a trigger) is said, never passed over.
//!
//! Deliberately absent: extreme numbers and dates. A counter at its limit is no likely production, and a migration that fails on it
//! would be a false alarm.

mod cell;
mod execution;
mod order;
mod plan;
#[cfg(test)]
mod tests;

pub use cell::{Cell, Style};
pub use execution::{Refused, Seeded, seed};
pub use order::{Order, order};
pub use plan::{Gap, Insert, Plan, Purpose, VERSION_TABLES};
