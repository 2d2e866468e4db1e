//! The simulated AWS account: a state machine that takes the time with every input.
//!
//! [`World`] answers API calls as AWS would, wants things done outside ([`Effect`]), is told what happened there
//! ([`Observation`]), and records what happened and why ([`Event`]).
//!
//! Deliberately absent: clocks, threads, files, the network, randomness, serialisation. The same inputs give the same trace.

mod agenda;
pub mod arn;
mod constraint;
pub mod effect;
pub mod event;
mod glob;
pub mod id;
pub mod invariant;
pub mod observation;
pub mod operation;
pub mod page;
mod probe;
pub mod refusal;
pub mod tagging;
mod task_id;
pub mod time;
pub mod timing;
#[cfg(test)]
mod trial;
pub mod virtual_time;
pub mod world;

pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elb;
pub mod iam;
pub mod logs;
mod s3;
pub mod secrets;
pub mod ssm;
pub mod sts;

pub use arn::{AccountId, Arn, Region};
pub use effect::Effect;
pub use event::{Event, EventKind, HookEvent, ImageEvent, Sequence};
pub use observation::Observation;
pub use operation::{Access, Authorized, Caller, Operation, Principal};
pub use page::Page;
pub use refusal::{Denial, Refusal};
pub use time::Timestamp;
pub use timing::{Propagation, Timing};
pub use world::{Home, Setup, World};
