//! CloudWatch Logs: groups, streams and the lines in them. Container output arrives here.
//!
//! Deliberately absent: metric filters, subscriptions, live tail, Insights, classes of groups other than the standard one, KMS keys,
//! deletion protection and data protection. Retention is recorded and, as in AWS, old lines go
//! without a word: here they stay, since no rehearsal lasts a day.

mod describe_groups;
mod filter;
mod group;
mod pattern;
mod put;
mod read;
mod stream;
mod tag;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use describe_groups::{DescribeLogGroups, GroupDescription};
pub use filter::{FilterLogEvents, FilteredEvent};
pub use group::{CreateLogGroup, DeleteLogGroup, DeleteRetentionPolicy, PutRetentionPolicy};
pub use put::{PutLogEvents, PutLogEventsOutput, Rejected};
pub use read::{GetLogEvents, GetLogEventsOutput, ReadEvent};
pub use stream::{CreateLogStream, DeleteLogStream, DescribeLogStreams, StreamDescription, StreamOrder};
pub use tag::{
    GroupByArn, GroupByName, ListTagsForResource, ListTagsLogGroup, TagLogGroup, TagResource, UntagLogGroup,
    UntagResource,
};

use crate::arn::Arn;
use crate::constraint::Constraint;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Everything CloudWatch Logs knows of the account.
#[derive(Clone, Debug, Default)]
pub struct State {
    groups: BTreeMap<String, Group>,
}

/// A log group.
#[derive(Clone, Debug)]
struct Group {
    created: Timestamp,
    retention_days: Option<u32>,
    tags: BTreeMap<String, String>,
    streams: BTreeMap<String, Stream>,
}

/// A log stream.
#[derive(Clone, Debug)]
struct Stream {
    created: Timestamp,
    last_ingestion: Option<Timestamp>,
    /// In the order in which readers see them: by time, then by arrival.
    lines: BTreeMap<LineKey, Line>,
    /// Lines that ever arrived.
    arrived: u64,
}

/// Where a line stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LineKey {
    at: Timestamp,
    arrival: u64,
}

/// One line.
#[derive(Clone, Debug)]
struct Line {
    message: String,
    ingested: Timestamp,
}

impl State {
    fn group(&self, name: &str) -> Result<&Group, Refusal> {
        self.groups.get(name).ok_or_else(no_group)
    }

    fn group_mut(&mut self, name: &str) -> Result<&mut Group, Refusal> {
        self.groups.get_mut(name).ok_or_else(no_group)
    }

    /// The tags of the group that `resource` (what stands after the ARN's fifth colon) names or lies in.
    pub(crate) fn tags(&self, resource: &str) -> Option<&BTreeMap<String, String>> {
        let name = resource.strip_prefix("log-group:")?.split(':').next()?;
        self.groups.get(name).map(|group| &group.tags)
    }
}

impl Group {
    fn stream(&self, name: &str) -> Result<&Stream, Refusal> {
        self.streams.get(name).ok_or_else(no_stream)
    }
}

const INVALID: &str = "InvalidParameterException";

/// What AWS adds to every line when it counts bytes.
const LINE_OVERHEAD: u64 = 26;
/// Most bytes of lines that a request brings or a page of an answer shows (botocore, `PutLogEvents`, `GetLogEvents`).
const MOST_BYTES: u64 = 1_048_576;
/// Most lines of the same.
const MOST_LINES: usize = 10_000;

/// What a line counts for.
const fn size(message: &str) -> u64 {
    message.len() as u64 + LINE_OVERHEAD
}

const GROUP_NAME: Constraint = Constraint {
    member: "logGroupName",
    shortest: 1,
    longest: 512,
    pattern: Some((r"[\.\-_/#A-Za-z0-9]+", |name| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#".contains(c))
    })),
};

const STREAM_NAME: Constraint = Constraint {
    member: "logStreamName",
    shortest: 1,
    longest: 512,
    pattern: Some(("[^:*]*", |name| !name.contains([':', '*']))),
};

/// Refuses a name that is too long for a new group or stream, in words of its own (recorded by LocalStack).
fn check_length(name: &str) -> Result<(), Refusal> {
    if name.chars().count() <= 512 {
        return Ok(());
    }
    let message = "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
    Err(Refusal::fault(INVALID, message))
}

fn no_group() -> Refusal {
    Refusal::fault("ResourceNotFoundException", "The specified log group does not exist.")
}

fn no_stream() -> Refusal {
    Refusal::fault("ResourceNotFoundException", "The specified log stream does not exist.")
}

fn bad_token() -> Refusal {
    Refusal::fault(INVALID, "The specified nextToken is invalid.")
}

/// The group's ARN as tagging calls and `logGroupArn` write it.
fn group_arn(world: &World, group: &str) -> Arn {
    Arn::new("logs", &world.region, &world.account, &format!("log-group:{group}"))
}

/// The ARN that CloudWatch Logs authorises calls about a whole group against: that of its nameless stream. This is why a
/// policy needs `log-group:NAME:*` for them (botocore, `LogGroup$arn`).
fn group_resource(world: &World, group: &str) -> String {
    stream_resource(world, group, "")
}

/// The ARN of a stream.
fn stream_resource(world: &World, group: &str, stream: &str) -> String {
    format!("{}:log-stream:{stream}", group_arn(world, group))
}
