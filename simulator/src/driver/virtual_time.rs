//! The driver in virtual time, which is not here but in the core.
//!
//! Carrying effects out in virtual time needs no machine: it is a queue and a script, as pure as the World, and the core's own tests and
//! benchmarks run on it. It has its own loop instead of [`super::drive`], because that one sleeps until a deadline has come where this one
//! makes it come. Behaviours are read from the user's file by [`crate::behaviours`].

pub use simulator_core::virtual_time::{Behaviour, Ended, Image, OutOfMemory, Script, Step, Variation, VirtualTime};
