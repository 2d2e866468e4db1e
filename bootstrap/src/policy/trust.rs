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

    /// The JSON that IAM takes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"Version": VERSION, "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": self.service},
            "Action": "sts:AssumeRole",
            "Condition": conditions_to_json(&self.conditions),
        }]})
    }

    /// The text to send, without whitespace.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }
}
