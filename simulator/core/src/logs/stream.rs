//! Log streams.

use std::collections::BTreeMap;

use super::{GROUP_NAME, INVALID, STREAM_NAME, Stream, bad_token, check_length, group_resource, size, stream_resource};
use crate::arn::Arn;
use crate::constraint::check_range;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page, page_down};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

impl Stream {
    pub(super) fn stored_bytes(&self) -> u64 {
        self.lines.values().map(|line| size(&line.message)).sum()
    }
}

/// Makes a log stream.
#[derive(Clone, Debug)]
pub struct CreateLogStream {
    /// The group.
    pub group: String,
    /// The stream's name.
    pub stream: String,
}

impl Operation for CreateLogStream {
    type Output = ();
    const NAME: &'static str = "logs:CreateLogStream";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, stream_resource(world, &self.group, &self.stream))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { group, stream } = authorized.operation;
        check_length(&group)?;
        check_length(&stream)?;
        GROUP_NAME.check(INVALID, &group)?;
        STREAM_NAME.check(INVALID, &stream)?;
        let created = world.now;
        let streams = &mut world.logs.group_mut(&group)?.streams;
        if streams.contains_key(&stream) {
            return Err(Refusal::fault("ResourceAlreadyExistsException", "The specified log stream already exists"));
        }
        streams.insert(stream, Stream { created, last_ingestion: None, lines: BTreeMap::new(), arrived: 0 });
        Ok(())
    }
}

/// Removes a log stream and its lines.
#[derive(Clone, Debug)]
pub struct DeleteLogStream {
    /// The group.
    pub group: String,
    /// The stream.
    pub stream: String,
}

impl Operation for DeleteLogStream {
    type Output = ();
    const NAME: &'static str = "logs:DeleteLogStream";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, stream_resource(world, &self.group, &self.stream))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { group, stream } = authorized.operation;
        world.logs.group_mut(&group)?.streams.remove(&stream).map(|_| ()).ok_or_else(super::no_stream)
    }
}

/// How a listing of streams is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StreamOrder {
    /// By name.
    #[default]
    LogStreamName,
    /// By the time of the latest line.
    LastEventTime,
}

/// Lists the streams of a group.
#[derive(Clone, Debug)]
pub struct DescribeLogStreams {
    /// The group.
    pub group: String,
    /// Only streams whose name begins so. Only when ordered by name.
    pub prefix: Option<String>,
    /// How they are ordered.
    pub order: StreamOrder,
    /// From the last to the first.
    pub descending: bool,
    /// Most streams of a page: 1 to 50.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub next_token: Option<String>,
}

/// A log stream as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamDescription {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was made.
    pub created: Timestamp,
    /// Times of the first and the last line, if there are lines.
    pub span: Option<(Timestamp, Timestamp)>,
    /// When a line last arrived.
    pub last_ingestion: Option<Timestamp>,
}

impl Operation for DescribeLogStreams {
    type Output = Page<StreamDescription>;
    const NAME: &'static str = "logs:DescribeLogStreams";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, group_resource(world, &self.group))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { group, prefix, order, descending, limit, next_token } = authorized.operation;
        if prefix.is_some() && order == StreamOrder::LastEventTime {
            return Err(Refusal::fault(INVALID, "Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let limit = limit.unwrap_or(50);
        check_range(INVALID, "limit", limit, 1, 50)?;
        let mut described: Vec<(String, StreamDescription)> = world
            .logs
            .group(&group)?
            .streams
            .iter()
            .filter(|(name, _)| prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix)))
            .map(|(name, stream)| (sort_key(order, name, stream), describe(world, &group, name, stream)))
            .collect();
        described.sort_by(|(one, _), (other, _)| one.cmp(other));
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 50");
        let token = next_token.as_deref();
        let page = if descending {
            page_down(described.into_iter().rev(), token, limit)
        } else {
            page(described.into_iter(), token, limit)
        };
        page.ok_or_else(bad_token)
    }
}

fn sort_key(order: StreamOrder, name: &str, stream: &Stream) -> String {
    match order {
        StreamOrder::LogStreamName => name.to_owned(),
        StreamOrder::LastEventTime => {
            let last = stream.lines.last_key_value().map_or(0, |(key, _)| key.at.as_millis());
            format!("{last:020} {name}")
        }
    }
}

fn describe(world: &World, group: &str, name: &str, stream: &Stream) -> StreamDescription {
    let first = stream.lines.first_key_value().map(|(key, _)| key.at);
    let last = stream.lines.last_key_value().map(|(key, _)| key.at);
    StreamDescription {
        name: name.to_owned(),
        arn: stream_resource(world, group, name).parse().expect("made of an ARN and a suffix"),
        created: stream.created,
        span: first.zip(last),
        last_ingestion: stream.last_ingestion,
    }
}
