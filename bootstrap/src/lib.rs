//! Makes an AWS account ready for a project's first deploy to ECS.

pub mod config;
pub mod location;
pub mod policy;
pub mod task_definition;

pub use config::Config;
pub use location::{AccountId, Location, Region};
pub use task_definition::{TaskDefinition, TaskDefinitionError, TaskDefinitionFacts};
