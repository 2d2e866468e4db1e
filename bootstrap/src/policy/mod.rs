//! Writes the policies: who may do what, on exactly which resources, and why.
//!
//! - [`action`]: the actions that are ever granted, what each acts on, and why some admit nothing narrower than `*`
//! - [`statement`]: a policy as data, and its JSON
//! - [`deploy`], [`execution`], [`hooks`], [`host`], [`trust`]: the kinds that are written
//! - [`task_role`]: the one that the project brings: what the app itself may do
//! - [`boundary`]: the most that roles and users can be allowed
//! - [`person`]: what whoever runs bootstrap must be allowed
//! - [`meaning`]: comparison of policies by what they allow, not by their text
//! - [`quota`]: how much IAM lets them hold

pub mod action;
pub mod boundary;
pub mod deploy;
pub mod execution;
pub mod hooks;
pub mod host;
pub mod meaning;
pub mod person;
pub mod quota;
pub mod statement;
pub mod task_role;
pub mod trust;

pub use action::{Action, ActsOn};
pub use meaning::Meaning;
pub use quota::{Quota, TooLarge};
pub use statement::{Condition, Policy, Statement};
pub use task_role::{TaskRolePolicy, TaskRolePolicyError};
pub use trust::{Principal, TrustPolicy};

#[cfg(test)]
mod tests;
