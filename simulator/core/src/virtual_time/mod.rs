//! Virtual time: a driver that lets a script of behaviours stand for containers, and moves time from one thing that happens to the
//! next. A simulated day takes milliseconds.
//!
//! In reading order: how one container behaves ([`behaviour`]), which container behaves how ([`script`]), what lives and what is due
//! ([`container`], [`queue`]), and the loop that makes it happen ([`driver`]).
//!
//! It is as pure as the World: no clock, no I/O, and no randomness but what is drawn from a script's seed. The same World, script and
//! calls give the same trace. Functions of lifecycle hooks answer by the same script.
//! Deliberately absent: what programs say (nothing is logged), and requests; a container under load is one
//! that a load balancer sends requests to.

pub mod behaviour;
mod container;
pub mod driver;
mod queue;
pub mod script;

pub use behaviour::{Behaviour, Image, OutOfMemory};
pub use driver::{Ended, Step, VirtualTime};
pub use script::{Script, Variation};
