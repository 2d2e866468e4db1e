//! The policies of the person who runs bootstrap: every action that planning, applying, finding drift and taking away can call
//! for this one project, on exactly the resources that it has. Each kind of resource says what it takes.

use super::quota::{self, Quota};
use super::statement::{Policy, Statement};
use crate::desired::Desired;
use crate::{former, preflight};

/// What the person must be allowed, as one policy. It may be larger than IAM takes of one.
#[must_use]
pub fn policy(desired: &Desired) -> Policy {
    let mut statements: Vec<Statement> = Vec::new();
    let grants = desired.resources().into_iter().flat_map(|spec| spec.grants(&desired.project, &desired.location));
    for grant in grants.chain(preflight::grants()).chain(former::grants(desired)) {
        let alike = |other: &&mut Statement| {
            other.sid == grant.sid && (other.conditions == grant.conditions || other.resources == grant.resources)
        };
        match statements.iter_mut().find(alike) {
            Some(earlier) => take_in(earlier, grant),
            None => statements.push(grant),
        }
    }
    Policy { statements }
}

/// The same in as many managed policies as IAM needs it to be.
#[must_use]
pub fn managed(policy: &Policy) -> Vec<Policy> {
    let mut parts: Vec<Policy> = Vec::new();
    for statement in &policy.statements {
        let longer = |part: &Policy| {
            let statements = part.statements.iter().chain([statement]).cloned().collect();
            Policy { statements }
        };
        match parts.iter_mut().find(|part| quota::size(&longer(part).to_text()) <= Quota::Managed.limit()) {
            Some(part) => part.statements.push(statement.clone()),
            None => parts.push(Policy { statements: vec![statement.clone()] }),
        }
    }
    parts
}

fn take_in(statement: &mut Statement, other: Statement) {
    fn add<T: PartialEq>(to: &mut Vec<T>, from: Vec<T>) {
        for item in from {
            if !to.contains(&item) {
                to.push(item);
            }
        }
    }
    add(&mut statement.purposes, other.purposes);
    add(&mut statement.actions, other.actions);
    add(&mut statement.resources, other.resources);
    for (condition, more) in statement.conditions.iter_mut().zip(other.conditions) {
        add(&mut condition.values, more.values);
    }
}
