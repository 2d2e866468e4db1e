//! The policy of the role with which ECS calls the functions of lifecycle hooks.

use super::action::INVOKE_FUNCTION;
use super::statement::{Policy, Statement};

/// The policy that allows calling exactly `functions`, given as ARNs (ECS developer guide, "Permissions required for Lambda
/// functions in Amazon ECS blue/green deployments").
#[must_use]
pub fn policy(functions: &[String]) -> Policy {
    let mut resources = functions.to_vec();
    resources.sort();
    resources.dedup();
    Policy {
        statements: vec![Statement {
            sid: "Call",
            purposes: vec!["Ask the functions of the service's lifecycle hooks."],
            actions: vec![&INVOKE_FUNCTION],
            resources,
            conditions: vec![],
        }],
    }
}
