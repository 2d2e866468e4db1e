//! FilterLogEvents: searching the streams of a group.

use super::pattern::Pattern;
use super::read::{ReadEvent, read};
use super::{INVALID, LineKey, MOST_BYTES, Stream, bad_token, group_resource, size};
use crate::constraint::{check_range, violation};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page_within};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// The earliest time from which the latest lines can be asked for first: 2024-01-01 (botocore, `startFromHead`).
const LATEST_FIRST_SINCE: Timestamp = Timestamp::from_millis(1_704_067_200_000);

/// Searches the streams of a group.
#[derive(Clone, Debug)]
pub struct FilterLogEvents {
    /// The group.
    pub group: String,
    /// Only these streams; empty means all. At most 100.
    pub streams: Vec<String>,
    /// Only streams whose name begins so. Not together with `streams`.
    pub prefix: Option<String>,
    /// Only lines of this time or later.
    pub start: Option<Timestamp>,
    /// Only lines of this time or earlier.
    pub end: Option<Timestamp>,
    /// A filter pattern of terms.
    pub pattern: Option<String>,
    /// Where the page before ended, and in which direction.
    pub next_token: Option<String>,
    /// Most lines: 1 to 10,000. A page has no more than a mebibyte of them in any case.
    pub limit: Option<i64>,
    /// Whether, without a token, the oldest lines come first.
    pub from_head: bool,
}

/// A line that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilteredEvent {
    /// Its stream.
    pub stream: String,
    /// Names it.
    pub id: String,
    /// The line.
    pub event: ReadEvent,
}

impl Operation for FilterLogEvents {
    type Output = Page<FilteredEvent>;
    const NAME: &'static str = "logs:FilterLogEvents";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, group_resource(world, &self.group))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        check(&authorized.operation)?;
        let Self { group, streams, prefix, start, end, pattern, next_token, limit, from_head } = authorized.operation;
        let limit = limit.unwrap_or(10_000);
        check_range(INVALID, "limit", limit, 1, 10_000)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 10,000");
        let (from_head, token) = direction(from_head, next_token.as_deref())?;
        if token.is_none() && !from_head && start.is_none_or(|start| start < LATEST_FIRST_SINCE) {
            let message = "startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC.";
            return Err(Refusal::fault(INVALID, message));
        }
        let pattern = Pattern::parse(pattern.as_deref().unwrap_or_default())?;
        let group = world.logs.group(&group)?;
        for name in &streams {
            group.stream(name)?;
        }
        let wanted = |name: &String| {
            (streams.is_empty() || streams.contains(name))
                && prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
        };
        let mut found: Vec<(String, FilteredEvent)> = group
            .streams
            .iter()
            .filter(|(name, _)| wanted(name))
            .flat_map(|(name, stream)| matching(name, stream, &pattern, start, end))
            .collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        if !from_head {
            found.reverse();
        }
        let bytes = |found: &FilteredEvent| size(&found.event.message);
        let page = page_within(found.into_iter(), !from_head, token, limit, MOST_BYTES, bytes).ok_or_else(bad_token)?;
        let letter = if from_head { 'f' } else { 'b' };
        Ok(Page { items: page.items, next: page.next.map(|next| format!("{letter}{next}")) })
    }
}

fn check(operation: &FilterLogEvents) -> Result<(), Refusal> {
    let FilterLogEvents { streams, prefix, pattern, .. } = operation;
    if prefix.is_some() && !streams.is_empty() {
        let message = "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.";
        return Err(Refusal::fault(INVALID, message));
    }
    if streams.len() > 100 {
        let written = format!("[{}]", streams.join(", "));
        let rule = "Member must have length less than or equal to 100";
        return Err(violation(INVALID, &written, "logStreamNames", rule));
    }
    match pattern {
        Some(pattern) if pattern.chars().count() > 1024 => {
            let rule = "Member must have length less than or equal to 1024";
            Err(violation(INVALID, pattern, "filterPattern", rule))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether the oldest lines come first, which a token decides if there is one, and what the token says besides.
fn direction(from_head: bool, token: Option<&str>) -> Result<(bool, Option<&str>), Refusal> {
    let Some(token) = token else { return Ok((from_head, None)) };
    match (token.strip_prefix('f'), token.strip_prefix('b')) {
        (Some(rest), _) => Ok((true, Some(rest))),
        (_, Some(rest)) => Ok((false, Some(rest))),
        (None, None) => Err(bad_token()),
    }
}

/// The lines of one stream that a search asks for, with keys that order lines of several streams by time.
fn matching(
    name: &str,
    stream: &Stream,
    pattern: &Pattern,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Vec<(String, FilteredEvent)> {
    let inside = |at: Timestamp| start.is_none_or(|start| at >= start) && end.is_none_or(|end| at <= end);
    stream
        .lines
        .iter()
        .filter(|(key, line)| inside(key.at) && pattern.matches(&line.message))
        .map(|(key, line)| {
            let LineKey { at, arrival } = *key;
            let place = format!("{:020} {name} {arrival:020}", at.as_millis());
            let id = format!("{:020}{arrival:036}", at.as_millis());
            (place, FilteredEvent { stream: name.to_owned(), id, event: read(*key, line) })
        })
        .collect()
}
