//! What AWS would do: the deploy once more, in virtual time, with the behaviour that the containers showed and AWS's own delays.
//!
//! In reading order: how containers behaved ([`measure`]), the deploy in virtual time ([`play`]), and what that comes to ([`outcome`]).
//! The same World decides as in a rehearsal; only the driver and the delays are others. Not predicted: how long AWS takes to find a
//! machine and to fetch an image, which nothing on this machine shows.

mod measure;
mod probes;
mod sightings;

mod crowd;
mod lines;
mod outcome;
mod play;
mod shift;
mod spoken;

pub use crowd::Crowd;
pub use measure::{Measured, measure};
pub use outcome::{KilledStarting, Prediction, RolloutEnd, outcome};
pub(crate) use play::stand;
pub use play::{Deploy, PlayError, ending, is_steady, predict};
pub use shift::{Shift, Stage};
pub use sightings::{Sighted, Sightings};

#[cfg(test)]
mod tests;
