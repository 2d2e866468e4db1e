//! The trace as JSON lines: every event, in order, with its cause.

use serde_json::{Map, Value, json};
use simulator_core::effect::Target;
use simulator_core::{Event, EventKind};

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

fn kind(kind: &EventKind) -> (&'static str, Value) {
    match kind {
        EventKind::Called { caller, operation, refusal } => (
            "called",
            json!({
                "caller": caller.as_str(),
                "operation": operation,
                "refusal": refusal.as_ref().map(ToString::to_string),
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
                "productionPercent": production,
                "testPercent": test,
                "reason": reason,
            }),
        ),
        EventKind::Hook { service, deployment, stage, hook, status, message } => (
            "hook",
            json!({
                "service": service,
                "deployment": deployment,
                "stage": stage,
                "hook": hook,
                "status": status,
                "message": message,
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
        EventKind::Alarm { alarm, state } => ("alarm", json!({"alarm": alarm, "state": state})),
        EventKind::Task { task, started_by, task_definition, status, stop } => (
            "task",
            json!({
                "task": task.to_string(),
                "startedBy": started_by,
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
                "reason": reason,
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
