//! Reading the lines of one stream.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{INVALID, Line, LineKey, MOST_BYTES, bad_token, size, stream_resource};
use crate::constraint::check_range;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Reads a stream, page by page, forwards or backwards.
#[derive(Clone, Debug)]
pub struct GetLogEvents {
    /// The group.
    pub group: String,
    /// The stream.
    pub stream: String,
    /// Only lines of this time or later.
    pub start: Option<Timestamp>,
    /// Only lines before this time.
    pub end: Option<Timestamp>,
    /// Where an earlier page began or ended.
    pub next_token: Option<String>,
    /// Most lines: 1 to 10,000. A page has no more than a mebibyte of them in any case.
    pub limit: Option<i64>,
    /// Whether, without a token, the first page is the oldest and not the latest.
    pub from_head: bool,
}

/// The answer to [`GetLogEvents`]. At an end of the stream the token of that direction is the one that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetLogEventsOutput {
    /// The lines in order.
    pub events: Vec<ReadEvent>,
    /// Goes on after the last line.
    pub forward: String,
    /// Goes back before the first line.
    pub backward: String,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadEvent {
    /// Its time.
    pub at: Timestamp,
    /// The line.
    pub message: String,
    /// When it arrived.
    pub ingested: Timestamp,
}

impl Operation for GetLogEvents {
    type Output = GetLogEventsOutput;
    const NAME: &'static str = "logs:GetLogEvents";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, stream_resource(world, &self.group, &self.stream))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { group, stream, start, end, next_token, limit, from_head } = authorized.operation;
        let limit = limit.unwrap_or(10_000);
        check_range(INVALID, "limit", limit, 1, 10_000)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 10,000");
        let place = next_token.as_deref().map(|token| Place::read(token).ok_or_else(bad_token)).transpose()?;
        let lines = &world.logs.group(&group)?.stream(&stream)?.lines;
        let inside = |key: &LineKey| start.is_none_or(|start| key.at >= start) && end.is_none_or(|end| key.at < end);
        let chosen: Vec<(&LineKey, &Line)> = match place {
            Some(Place::After(key)) => fitting(after(lines, key).filter(|(key, _)| inside(key)), limit),
            Some(Place::Before(key)) => last(lines.range(..key).filter(|(key, _)| inside(key)), limit),
            None if from_head => fitting(lines.iter().filter(|(key, _)| inside(key)), limit),
            None => last(lines.iter().filter(|(key, _)| inside(key)), limit),
        };
        let (first, end) = match (chosen.first(), chosen.last(), place) {
            (Some((first, _)), Some((end, _)), _) => (**first, **end),
            // Nothing further: the other direction starts with the line that this page would have followed.
            (_, _, Some(Place::After(key))) => (LineKey { arrival: key.arrival.saturating_add(1), ..key }, key),
            (_, _, Some(Place::Before(key))) => (key, LineKey { arrival: key.arrival.saturating_sub(1), ..key }),
            (_, _, None) => {
                let here = LineKey { at: start.unwrap_or_default(), arrival: 0 };
                (here, here)
            }
        };
        let events = chosen.into_iter().map(|(key, line)| read(*key, line)).collect();
        Ok(GetLogEventsOutput { events, forward: Place::After(end).write(), backward: Place::Before(first).write() })
    }
}

pub(super) fn read(key: LineKey, line: &Line) -> ReadEvent {
    ReadEvent { at: key.at, message: line.message.clone(), ingested: line.ingested }
}

fn after(lines: &BTreeMap<LineKey, Line>, key: LineKey) -> impl Iterator<Item = (&LineKey, &Line)> {
    lines.range((Bound::Excluded(key), Bound::Unbounded))
}

/// The last `limit`, in order.
fn last<'a>(
    lines: impl DoubleEndedIterator<Item = (&'a LineKey, &'a Line)>,
    limit: usize,
) -> Vec<(&'a LineKey, &'a Line)> {
    let mut chosen = fitting(lines.rev(), limit);
    chosen.reverse();
    chosen
}

/// The first `limit`, or fewer if they are too large for an answer, but one at least.
fn fitting<'a>(lines: impl Iterator<Item = (&'a LineKey, &'a Line)>, limit: usize) -> Vec<(&'a LineKey, &'a Line)> {
    let mut bytes = 0;
    let small = lines.take(limit).enumerate().take_while(|(at, (_, line))| {
        bytes += size(&line.message);
        *at == 0 || bytes <= MOST_BYTES
    });
    small.map(|(_, line)| line).collect()
}

/// Where reading goes on, as tokens write it: `f/` or `b/`, 56 digits, `/s`.
#[derive(Clone, Copy)]
enum Place {
    After(LineKey),
    Before(LineKey),
}

impl Place {
    fn write(self) -> String {
        let (direction, LineKey { at, arrival }) = match self {
            Self::After(key) => ('f', key),
            Self::Before(key) => ('b', key),
        };
        format!("{direction}/{:020}{arrival:036}/s", at.as_millis())
    }

    fn read(token: &str) -> Option<Self> {
        let (direction, rest) = token.split_once('/')?;
        let digits = rest.strip_suffix("/s").filter(|digits| digits.len() == 56 && digits.is_ascii())?;
        let at = Timestamp::from_millis(digits[..20].parse().ok()?);
        let key = LineKey { at, arrival: digits[20..].parse().ok()? };
        match direction {
            "f" => Some(Self::After(key)),
            "b" => Some(Self::Before(key)),
            _ => None,
        }
    }
}
