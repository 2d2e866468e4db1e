//! What AWS would do: the deploy once more, in virtual time, with the behaviour that the containers showed and AWS's own delays.
//!
//! In reading order: how containers behaved ([`measure`]), the deploy in virtual time ([`play`]), and what that comes to ([`outcome`]).
//! The same World decides as in a rehearsal; only the driver and the delays are others. Not predicted: how long AWS takes to find a
//! machine and to fetch an image, which nothing on this machine shows.

mod measure;
mod outcome;
mod play;

pub use measure::{Measured, measure};
pub use outcome::{Prediction, RolloutEnd};
pub use play::{Deploy, PlayError, predict};
pub(crate) use play::{is_steady, stand};
