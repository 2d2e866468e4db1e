//! Makes an AWS account ready for a project's first deploy to ECS.
//!
//! The road is always the same: [`config`] is what the user wrote, [`Desired`] the account that should be,
//! [`Observed`] the account that is. [`plan()`] compares the two and returns a [`Plan`], which is data; [`execute()`] walks
//! the plan and decides nothing. Run again, the plan is empty.
//!
//! ```no_run
//! # async fn example(config: &bootstrap::Config, options: &bootstrap::ConnectOptions) -> Result<(), Box<dyn std::error::Error>> {
//! let account = bootstrap::connect(options).await?;
//! let desired = bootstrap::Desired::new(config, account.location())?;
//! let observed = bootstrap::observe(&account, &desired).await?;
//! let plan = bootstrap::plan(&desired, &observed, &bootstrap::PlanOptions::default());
//! let outcome = bootstrap::execute(&account, &plan, &bootstrap::Silent).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Deliberately absent: a state file (ownership is the tag `greenroom:project` and deterministic names), any knowledge of
//! the simulator (it is an endpoint like any other), and changes to what belongs to somebody else: such things are named in
//! the plan and left alone until their owner's word is given that they are the project's. Fields that a deploy owns (image, revision, desired count) are never compared.

pub mod config;
pub mod connect;
pub mod desired;
pub mod execute;
pub mod fault;
mod former;
mod identifiers;
pub mod keys;
pub mod location;
pub mod observe;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod resource;
pub mod task_definition;
pub mod values;

pub use config::Config;
pub use connect::{Account, ConnectError, ConnectOptions, Credentials, connect};
pub use desired::{Desired, DesiredError};
pub use execute::{ExecuteError, Progress, Silent, StepEvent, apply, destroy, execute};
pub use fault::{CallError, Fault};
pub use location::{AccountId, Location, Region};
pub use observe::{Observed, observe};
pub use outcome::Outcome;
pub use plan::{Chosen, Plan, PlanOptions, plan, plan_destruction};
pub use preflight::preflight;
pub use task_definition::{TaskDefinition, TaskDefinitionError, TaskDefinitionFacts};
pub use values::Values;
