//! The rehearsal: stages, one after another, each an obligation with evidence.
//!
//! - [`config`], [`script`]: what is to be rehearsed
//! - [`files`], [`preflight`]: what the user's files say, and where they contradict one another
//! - [`session`]: one rehearsal from opening the engine to leaving nothing behind
//! - [`virtual_rehearsal`]: the same without an engine, in virtual time
//! - [`stage`], [`record`]: stages and how they end
//! - [`stages`]: what each stage does
//! - [`connections`]: what tasks hold of the database meanwhile
//! - [`deploy`], [`task_definition`], [`traffic`], [`secret_values`], [`rollout`]: what stages are made of
//! - [`shift`]: how requests moved, where a deploy moves them
//! - [`processor`]: whether the image is for the processor that its tasks run on
//! - [`permissions`]: whether the deploy's policy is exactly what the deploy needs
//! - [`objects`]: what tasks take from S3
//! - [`account_setup`]: where bootstrap comes in
//! - [`security_groups`]: those of the account that is deployed to
//! - [`diagnosis`]: from what happened to one sentence
//! - [`verdict`]: what it all comes to

pub mod account_setup;
pub(crate) mod certificates;
pub mod config;
mod connections;
pub mod deploy;
pub mod diagnosis;
pub mod error;
pub mod files;
mod input;
pub(crate) mod load;
pub(crate) mod objects;
pub mod permissions;
pub mod preflight;
pub(crate) mod processor;
pub mod production;
pub mod record;
pub mod rollout;
pub mod script;
pub mod secret_values;
mod security_groups;
pub mod session;
pub mod shift;
pub mod stage;
pub(crate) mod stages;
pub mod task_definition;
pub mod traffic;
pub mod verdict;
pub mod virtual_rehearsal;

pub use account_setup::{AccountSetUp, Administrator, DeployCredentials, DeployIdentity, SetUpFailed};
pub use error::RehearsalError;
pub use record::Progress;
pub use script::{Origin, OtherService, Script, ServiceUnderTest, Source};
pub use session::Session;
pub use stage::{Ending, Outcome, Stage};
pub use verdict::Verdict;
