//! The trace as JSON lines: every event, in order, with its cause.

use serde_json::{Map, Value, json};
use simulator_core::effect::Target;
use simulator_core::iam::decision::Cause;
use simulator_core::iam::{Advice, smallest_statement};
use simulator_core::{Event, EventKind, Refusal};

/// One line of `trace.jsonl`: `at` in milliseconds since the Unix epoch, `cause` the sequence number that it follows from.
#[must_use]
pub fn event(event: &Event) -> Value {
    let mut line = Map::new();
    line.insert("sequence".to_owned(), json!(event.sequence));
    line.insert("at".to_owned(), json!(event.at.as_millis()));
    if let Some(cause) = event.cause {
        line.insert("cause".to_owned(), json!(cause));
    }
    let (name, details) = kind(&event.kind);
    line.insert("event".to_owned(), json!(name));
    if let Value::Object(details) = details {
        line.extend(details.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Value::Object(line)
}

/// The statement that denied a call, or the kind of policy in which one was missing.
fn decided_by(refusal: &Refusal) -> Option<String> {
    let Refusal::Denied(denial) = refusal else { return None };
    Some(match &denial.evidence.as_deref()?.cause {
        Cause::ExplicitDeny(kind, statement) => format!("{statement} ({kind})"),
        Cause::NotAllowed(kind) => format!("no statement of any {kind}"),
    })
}

/// The smallest statement that would have allowed it.
fn would_allow(refusal: &Refusal) -> Option<Value> {
    let Refusal::Denied(denial) = refusal else { return None };
    match smallest_statement(denial)? {
        Advice::Add { policy, statement } => {
            let statement: Value = serde_json::from_str(&statement).ok()?;
            Some(json!({"addTo": policy.to_string(), "statement": statement}))
        }
        Advice::Narrow { .. } => None,
    }
}

fn kind(kind: &EventKind) -> (&'static str, Value) {
    match kind {
        EventKind::Called { caller, operation, refusal } => (
            "called",
            json!({
                "caller": caller.as_str(),
                "operation": operation,
                "refusal": refusal.as_ref().map(ToString::to_string),
                "decidedBy": refusal.as_deref().and_then(decided_by),
                "wouldAllow": refusal.as_deref().and_then(would_allow),
            }),
        ),
        EventKind::NotSimulated { what } => ("not-simulated", json!({"what": what})),
        EventKind::Service { service, message } => ("service", json!({"service": service, "message": message})),
        EventKind::Deployment { service, id, rollout_state, reason } => (
            "deployment",
            json!({"service": service, "deployment": id, "rolloutState": rollout_state, "reason": reason}),
        ),
        EventKind::Lifecycle { service, deployment, stage, rolling_back, production, test, reason } => (
            "lifecycle",
            json!({
                "service": service,
                "deployment": deployment,
                "stage": stage,
                "rollingBack": rolling_back,
                "productionPercent": production.to_string(),
                "testPercent": test.to_string(),
                "reason": reason,
            }),
        ),
        EventKind::Hook(hook) => (
            "hook",
            json!({
                "service": hook.service,
                "deployment": hook.deployment,
                "stage": hook.stage,
                "hook": hook.hook,
                "status": hook.status,
                "message": hook.message,
            }),
        ),
        EventKind::BreakerCounted { service, deployment, task, failures, threshold } => (
            "breaker-counted",
            json!({
                "service": service,
                "deployment": deployment,
                "task": task.to_string(),
                "failures": failures,
                "threshold": threshold,
            }),
        ),
        EventKind::Image(image) => {
            ("image", json!({"repository": image.repository, "digest": image.digest, "message": image.message}))
        }
        EventKind::Alarm { alarm, state } => ("alarm", json!({"alarm": alarm, "state": state})),
        EventKind::Task { task, started_by, task_definition, status, stop } => (
            "task",
            json!({
                "task": task.to_string(),
                "startedBy": &**started_by,
                "taskDefinition": task_definition,
                "status": status,
                "stopCode": stop.as_ref().map(|stop| stop.code.as_str()),
                "stoppedReason": stop.as_ref().map(|stop| &stop.reason),
            }),
        ),
        EventKind::Container { task, container, status, exit_code, reason } => (
            "container",
            json!({
                "task": task.to_string(),
                "container": container,
                "status": status,
                "exitCode": exit_code,
                "reason": reason.as_deref(),
            }),
        ),
        EventKind::ContainerHealth { task, container, status, output } => (
            "container-health",
            json!({"task": task.to_string(), "container": container, "status": status, "output": output}),
        ),
        EventKind::TargetHealth { target_group, target, state, reason } => (
            "target-health",
            json!({
                "targetGroup": target_group.as_str(),
                "target": address(target),
                "state": state,
                "reason": reason.as_ref().map(|(reason, _)| reason),
                "description": reason.as_ref().map(|(_, description)| description),
            }),
        ),
        EventKind::Logged { group, stream, line } => {
            ("logged", json!({"group": group, "stream": stream, "line": line}))
        }
    }
}

fn address(target: &Target) -> String {
    format!("{}:{}", target.address, target.port)
}

#[cfg(test)]
mod tests {
    use simulator_core::iam::{CreateAccessKey, CreateUser, ListUsers};
    use simulator_core::{Region, Setup, Timestamp, Timing, World};

    use super::*;

    #[test]
    fn a_denied_call_tells_what_was_missing() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut world = World::new(Setup {
            account: "123456789012".parse().expect("twelve digits"),
            region: Region::new("eu-central-1"),
            seed: 1,
            timing: Timing::rehearsal(),
            now,
        });
        let root = world.root();
        let user = CreateUser { name: "ann".to_owned(), ..CreateUser::default() };
        world.call(now, &root, user).expect("a new name");
        let key = world.call(now, &root, CreateAccessKey { user: Some("ann".to_owned()) }).expect("her first").key;
        let ann = world.credential(&key.id).expect("made just now").caller;
        world.call(now, &ann, ListUsers::default()).expect_err("she may do nothing");
        let line = event(world.events().last().expect("a call is recorded"));
        assert_eq!(line["decidedBy"], "no statement of any identity-based policy");
        assert_eq!(
            line["wouldAllow"],
            json!({"addTo": "identity-based policy", "statement": {
                "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "arn:aws:iam::123456789012:user/",
            }})
        );
    }
}
