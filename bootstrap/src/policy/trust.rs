//! Who may take a role.

use serde_json::{Value, json};

use super::statement::{Condition, VERSION, conditions_to_json};
use crate::location::Location;

/// The trust policy of a role that an AWS service takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The service that may take the role.
    pub service: &'static str,
    /// On which conditions.
    pub conditions: Vec<Condition>,
}

impl TrustPolicy {
    /// For the roles of tasks: ECS may take them for tasks of this account and region and for nobody else's. Without the
    /// conditions, a task of a stranger's account could name the role (the "confused deputy" of the IAM user guide).
    #[must_use]
    pub fn for_tasks(location: &Location) -> Self {
        Self {
            service: "ecs-tasks.amazonaws.com",
            conditions: vec![
                Condition {
                    operator: "StringEquals",
                    key: "aws:SourceAccount",
                    values: vec![location.account.as_str().to_owned()],
                },
                Condition { operator: "ArnLike", key: "aws:SourceArn", values: vec![location.arn("ecs", "*")] },
            ],
        }
    }

    /// For the roles with which ECS itself acts on load balancers and calls functions. AWS documents no condition for it
    /// (ECS developer guide, "Amazon ECS infrastructure IAM role for load balancers" and "Permissions required for Lambda
    /// functions"), and one that ECS does not meet would stop every deployment.
    #[must_use]
    pub const fn for_ecs() -> Self {
        Self { service: "ecs.amazonaws.com", conditions: Vec::new() }
    }

    /// The JSON that IAM takes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": {"Service": self.service},
            "Action": "sts:AssumeRole",
        });
        if !self.conditions.is_empty() {
            statement["Condition"] = conditions_to_json(&self.conditions);
        }
        json!({"Version": VERSION, "Statement": [statement]})
    }

    /// The text to send, without whitespace.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }
}
