//! The trace as lines for people who watch an account at work.

use simulator_core::iam::{Advice, smallest_statement};
use simulator_core::{Event, EventKind, Refusal, Timestamp};

/// What a person who watches wants to read of `event`: calls, what they were refused for, and what services and deployments say.
#[must_use]
pub fn line(event: &Event) -> Option<String> {
    let text = match &event.kind {
        EventKind::Called { caller, operation, refusal: None } => format!("{operation}  {}", name(caller.as_str())),
        EventKind::Called { caller, operation, refusal: Some(refusal) } => {
            let advice = advice(refusal).map(|advice| format!("\n         {advice}")).unwrap_or_default();
            format!("{operation}  {}  refused: {refusal}{advice}", name(caller.as_str()))
        }
        EventKind::NotSimulated { what } => format!("not simulated: {what}"),
        EventKind::Service { message, .. } => message.to_string(),
        EventKind::Deployment { service, rollout_state, reason, .. } => {
            format!("(service {service}) {rollout_state}: {reason}")
        }
        EventKind::Image(image) => format!("(image {}@{}) {}", image.repository, image.digest, image.message),
        EventKind::Lifecycle { .. }
        | EventKind::Hook { .. }
        | EventKind::BreakerCounted { .. }
        | EventKind::Alarm { .. }
        | EventKind::Task { .. }
        | EventKind::Container { .. }
        | EventKind::ContainerHealth { .. }
        | EventKind::TargetHealth { .. }
        | EventKind::Logged { .. } => return None,
    };
    Some(format!("{} {text}", time_of_day(event.at)))
}

/// The smallest statement that would have allowed what was denied.
fn advice(refusal: &Refusal) -> Option<String> {
    let Refusal::Denied(denial) = refusal else { return None };
    Some(match smallest_statement(denial)? {
        Advice::Add { policy, statement } => format!("to allow it, add to its {policy}: {}", in_one_line(&statement)),
        Advice::Narrow { policy, statement } => format!("{statement} of the {policy} denies it"),
    })
}

/// JSON without the line breaks that are there to be read.
fn in_one_line(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json).map_or_else(|_| json.to_owned(), |value| value.to_string())
}

/// A principal without what all ARNs have in common: `user/deploy`.
fn name(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// `14:03:59`, in UTC.
fn time_of_day(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1000 % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
