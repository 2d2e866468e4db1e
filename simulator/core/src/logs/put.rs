//! Lines arriving in a stream.

use std::time::Duration;

use super::{INVALID, Line, LineKey, MOST_BYTES, MOST_LINES, no_stream, size, stream_resource};
use crate::constraint::violation;
use crate::event::EventKind;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

const DAY: Duration = Duration::from_secs(86_400);

/// Adds lines to a stream. Each is recorded in the trace.
#[derive(Clone, Debug)]
pub struct PutLogEvents {
    /// The group.
    pub group: String,
    /// The stream.
    pub stream: String,
    /// Times and lines, in rising order of time.
    pub events: Vec<(Timestamp, String)>,
}

/// The answer to [`PutLogEvents`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutLogEventsOutput {
    /// A token that nothing asks for any more.
    pub next_sequence_token: String,
    /// Which lines were left out.
    pub rejected: Rejected,
}

/// Lines of a [`PutLogEvents`] that were left out, by their place in the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// From here on they lie more than two hours ahead.
    pub too_new_from: Option<usize>,
    /// Before this one they are more than fourteen days old.
    pub too_old_until: Option<usize>,
    /// Before this one they are older than the group keeps lines.
    pub expired_until: Option<usize>,
}

impl Operation for PutLogEvents {
    type Output = PutLogEventsOutput;
    const NAME: &'static str = "logs:PutLogEvents";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, stream_resource(world, &self.group, &self.stream))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { group, stream, events } = authorized.operation;
        check_batch(&events)?;
        let now = world.now;
        let target = world.logs.group_mut(&group)?;
        let rejected = rejected(&events, now, target.retention_days);
        let target = target.streams.get_mut(&stream).ok_or_else(no_stream)?;
        let first = rejected.too_old_until.max(rejected.expired_until).unwrap_or(0);
        let end = rejected.too_new_from.unwrap_or(events.len());
        check_span(events.get(first..end).unwrap_or_default())?;
        let mut lines = Vec::new();
        for (at, message) in events.into_iter().take(end).skip(first) {
            target.arrived += 1;
            lines.push(message.clone());
            target.lines.insert(LineKey { at, arrival: target.arrived }, Line { message, ingested: now });
        }
        if !lines.is_empty() {
            target.last_ingestion = Some(now);
        }
        let next_sequence_token = format!("{:056}", target.arrived);
        for line in lines {
            world.record(EventKind::Logged { group: group.clone(), stream: stream.clone(), line });
        }
        Ok(PutLogEventsOutput { next_sequence_token, rejected })
    }
}

/// The rules of a batch (botocore, `PutLogEvents`).
fn check_batch(events: &[(Timestamp, String)]) -> Result<(), Refusal> {
    if events.is_empty() {
        return Err(violation(INVALID, "[]", "logEvents", "Member must have length greater than or equal to 1"));
    }
    if events.len() > MOST_LINES {
        // AWS writes all of them here.
        let rule = format!("Member must have length less than or equal to {MOST_LINES}");
        return Err(violation(INVALID, &format!("[{} events]", events.len()), "logEvents", &rule));
    }
    if events.iter().any(|(_, message)| message.is_empty()) {
        let message = "1 validation error detected: Value '' at 'logEvents.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1";
        return Err(Refusal::fault(INVALID, message));
    }
    if !events.is_sorted_by_key(|(at, _)| *at) {
        let message = "Log events in a single PutLogEvents request must be in chronological order.";
        return Err(Refusal::fault(INVALID, message));
    }
    let bytes: u64 = events.iter().map(|(_, message)| size(message)).sum();
    if bytes > MOST_BYTES {
        return Err(Refusal::fault(INVALID, format!("Upload too large: {bytes} bytes exceeds limit of {MOST_BYTES}")));
    }
    Ok(())
}

/// The lines that are kept lie within a day (botocore, `PutLogEvents`).
fn check_span(kept: &[(Timestamp, String)]) -> Result<(), Refusal> {
    if let (Some((first, _)), Some((last, _))) = (kept.first(), kept.last())
        && last.since(*first) > DAY
    {
        let message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
        return Err(Refusal::fault(INVALID, message));
    }
    Ok(())
}

fn rejected(events: &[(Timestamp, String)], now: Timestamp, retention_days: Option<u32>) -> Rejected {
    let older_than = |age: Duration| {
        let count = events.partition_point(|(at, _)| now.since(*at) > age);
        (count > 0).then_some(count)
    };
    let latest = now + Duration::from_secs(2 * 3600);
    let too_new = events.partition_point(|(at, _)| *at <= latest);
    Rejected {
        too_new_from: (too_new < events.len()).then_some(too_new),
        too_old_until: older_than(14 * DAY),
        expired_until: retention_days.and_then(|days| older_than(days * DAY)),
    }
}
