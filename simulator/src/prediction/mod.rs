//! What AWS would do: the deploy once more, in virtual time, with the behaviour that the containers showed and AWS's own delays.
//!
//! In reading order: what the driver's probes met ([`sightings`], [`probes`]), how containers behaved ([`measure`]), the deploy in virtual
//! time ([`play`]), what that comes to ([`mod@outcome`]: old and new side by side, [`crowd`], and traffic that shifts, [`mod@shift`]), what
//! containers need ([`mod@memory`], [`connections`]), and what of it is told to the user ([`lines`], [`mod@findings`]).
//! The same World decides as in a rehearsal; only the driver and the delays are others. Not predicted: how long AWS takes to find a
//! machine and to fetch an image, which nothing on this machine shows.

mod measure;
mod probes;
mod sightings;

mod connections;
mod crowd;
mod findings;
mod lines;
mod memory;
mod outcome;
mod play;
mod shift;
mod spoken;

pub use connections::{Connections, MostConnections};
pub use crowd::Crowd;
pub use findings::{Needs, failure, findings};
pub use measure::{Measured, measure};
pub use memory::{MemoryUse, memory};
pub use outcome::{KilledStarting, Prediction, RolloutEnd, outcome};
pub use play::{Deploy, PlayError, ending, is_steady, predict};
pub(crate) use play::{patience, stand};
pub(crate) use shift::shift as shift_of;
pub use shift::{Shift, Stage};
pub use sightings::{Sighted, Sightings};
pub(crate) use spoken::Spoken;

#[cfg(test)]
pub(crate) use tests::scene;
#[cfg(test)]
mod tests;
