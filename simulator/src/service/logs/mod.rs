//! CloudWatch Logs on the wire: AWS JSON 1.1. Times are whole milliseconds since the epoch, unlike elsewhere.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::logs::{
    CreateLogGroup, CreateLogStream, DeleteLogGroup, DeleteLogStream, DeleteRetentionPolicy, DescribeLogGroups,
    DescribeLogStreams, FilterLogEvents, FilteredEvent, GetLogEvents, GetLogEventsOutput, GroupDescription,
    ListTagsForResource, PutLogEvents, PutLogEventsOutput, PutRetentionPolicy, StreamDescription, StreamOrder,
    TagResource, UntagResource,
};
use simulator_core::{Page, Refusal, Timestamp, World};

use super::json::object;
use super::{Protocol, Service};
use crate::wire::{Input, row};

const INVALID: &str = "InvalidParameterException";

/// CloudWatch Logs and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "logs",
        protocol: Protocol::Json { target: "Logs_20140328" },
        operations: vec![
            row("CreateLogGroup", decode_create_group, |(), _| json!({})),
            row("DescribeLogGroups", decode_groups, |page: Page<GroupDescription>, _| {
                paged("logGroups", &page, encode_group)
            }),
            row(
                "DeleteLogGroup",
                |input, _| Ok(DeleteLogGroup { group: input.required("logGroupName", INVALID)? }),
                |(), _| json!({}),
            ),
            row("DeleteLogStream", decode_delete_stream, |(), _| json!({})),
            row(
                "DeleteRetentionPolicy",
                |input, _| Ok(DeleteRetentionPolicy { group: input.required("logGroupName", INVALID)? }),
                |(), _| json!({}),
            ),
            row("PutRetentionPolicy", decode_retention, |(), _| json!({})),
            row("TagResource", decode_tag, |(), _| json!({})),
            row("UntagResource", decode_untag, |(), _| json!({})),
            row("ListTagsForResource", decode_list_tags, |tags: BTreeMap<String, String>, _| json!({"tags": tags})),
            row("CreateLogStream", decode_create_stream, |(), _| json!({})),
            row("DescribeLogStreams", decode_streams, |page: Page<StreamDescription>, _| {
                paged("logStreams", &page, encode_stream)
            }),
            row("PutLogEvents", decode_put, encode_put),
            row("GetLogEvents", decode_get, encode_got),
            row("FilterLogEvents", decode_filter, |page: Page<FilteredEvent>, _| searched(&page)),
        ],
    }
}

/// A log group by name or by ARN, with or without the `:*` at its end.
fn group(input: &mut Input) -> Result<String, Refusal> {
    match input.text("logGroupName")? {
        Some(name) => Ok(name),
        None => {
            let identifier = input.required("logGroupIdentifier", INVALID)?;
            let name = identifier.rsplit_once(":log-group:").map_or(identifier.as_str(), |(_, name)| name);
            Ok(name.trim_end_matches(":*").to_owned())
        }
    }
}

fn time(input: &mut Input, key: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(millis) = input.integer(key)? else { return Ok(None) };
    let millis =
        u64::try_from(millis).map_err(|_| Refusal::fault(INVALID, format!("Invalid value for {key}: {millis}")))?;
    Ok(Some(Timestamp::from_millis(millis)))
}

fn decode_create_group(input: &mut Input, _: &World) -> Result<CreateLogGroup, Refusal> {
    if let Some(class) = input.text("logGroupClass")?.filter(|class| class != "STANDARD") {
        return Err(Refusal::NotSimulated { what: format!("log groups of the class `{class}`") });
    }
    Ok(CreateLogGroup {
        group: input.required("logGroupName", INVALID)?,
        tags: input.text_map("tags")?.into_iter().collect(),
    })
}

fn decode_groups(input: &mut Input, _: &World) -> Result<DescribeLogGroups, Refusal> {
    Ok(DescribeLogGroups {
        prefix: input.text("logGroupNamePrefix")?,
        pattern: input.text("logGroupNamePattern")?,
        limit: input.integer("limit")?,
        next_token: input.text("nextToken")?,
    })
}

fn decode_retention(input: &mut Input, _: &World) -> Result<PutRetentionPolicy, Refusal> {
    let days = input.integer("retentionInDays")?;
    Ok(PutRetentionPolicy {
        group: group(input)?,
        days: days.ok_or_else(|| Refusal::fault(INVALID, "retentionInDays is required"))?,
    })
}

fn decode_tag(input: &mut Input, _: &World) -> Result<TagResource, Refusal> {
    let tags = input.text_map("tags")?.into_iter().collect();
    Ok(TagResource { resource: input.required("resourceArn", INVALID)?, tags })
}

fn decode_untag(input: &mut Input, _: &World) -> Result<UntagResource, Refusal> {
    Ok(UntagResource { resource: input.required("resourceArn", INVALID)?, keys: input.texts("tagKeys")? })
}

fn decode_list_tags(input: &mut Input, _: &World) -> Result<ListTagsForResource, Refusal> {
    Ok(ListTagsForResource { resource: input.required("resourceArn", INVALID)? })
}

fn decode_create_stream(input: &mut Input, _: &World) -> Result<CreateLogStream, Refusal> {
    Ok(CreateLogStream { group: group(input)?, stream: input.required("logStreamName", INVALID)? })
}

fn decode_delete_stream(input: &mut Input, _: &World) -> Result<DeleteLogStream, Refusal> {
    Ok(DeleteLogStream { group: group(input)?, stream: input.required("logStreamName", INVALID)? })
}

fn decode_streams(input: &mut Input, _: &World) -> Result<DescribeLogStreams, Refusal> {
    Ok(DescribeLogStreams {
        group: group(input)?,
        prefix: input.text("logStreamNamePrefix")?,
        order: match input.text("orderBy")?.as_deref() {
            None | Some("LogStreamName") => StreamOrder::LogStreamName,
            Some("LastEventTime") => StreamOrder::LastEventTime,
            Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid value for orderBy: {other}"))),
        },
        descending: input.boolean("descending")?.unwrap_or(false),
        limit: input.integer("limit")?,
        next_token: input.text("nextToken")?,
    })
}

fn decode_put(input: &mut Input, _: &World) -> Result<PutLogEvents, Refusal> {
    // Ignored by AWS since 2023 (BOTO).
    input.text("sequenceToken")?;
    let mut events = Vec::new();
    for mut event in input.structures("logEvents")? {
        let at = time(&mut event, "timestamp")?.ok_or_else(|| Refusal::fault(INVALID, "timestamp is required"))?;
        events.push((at, event.required("message", INVALID)?));
        event.finish()?;
    }
    Ok(PutLogEvents { group: group(input)?, stream: input.required("logStreamName", INVALID)?, events })
}

fn encode_put(output: PutLogEventsOutput, _: &World) -> Value {
    let rejected = object([
        ("tooNewLogEventStartIndex", json!(output.rejected.too_new_from)),
        ("tooOldLogEventEndIndex", json!(output.rejected.too_old_until)),
        ("expiredLogEventEndIndex", json!(output.rejected.expired_until)),
    ]);
    let none = rejected.as_object().is_none_or(serde_json::Map::is_empty);
    object([
        ("nextSequenceToken", json!(output.next_sequence_token)),
        ("rejectedLogEventsInfo", if none { Value::Null } else { rejected }),
    ])
}

fn decode_get(input: &mut Input, _: &World) -> Result<GetLogEvents, Refusal> {
    Ok(GetLogEvents {
        group: group(input)?,
        stream: input.required("logStreamName", INVALID)?,
        start: time(input, "startTime")?,
        end: time(input, "endTime")?,
        next_token: input.text("nextToken")?,
        limit: input.integer("limit")?,
        from_head: input.boolean("startFromHead")?.unwrap_or(false),
    })
}

fn encode_got(output: GetLogEventsOutput, _: &World) -> Value {
    let events: Value = output
        .events
        .iter()
        .map(|it| {
            json!({
                "timestamp": it.at.as_millis(),
                "message": it.message,
                "ingestionTime": it.ingested.as_millis(),
            })
        })
        .collect();
    json!({"events": events, "nextForwardToken": output.forward, "nextBackwardToken": output.backward})
}

fn decode_filter(input: &mut Input, _: &World) -> Result<FilterLogEvents, Refusal> {
    // Deprecated: lines of several streams always come in the order of time.
    input.boolean("interleaved")?;
    Ok(FilterLogEvents {
        group: group(input)?,
        streams: input.texts("logStreamNames")?,
        prefix: input.text("logStreamNamePrefix")?,
        start: time(input, "startTime")?,
        end: time(input, "endTime")?,
        pattern: input.text("filterPattern")?,
        next_token: input.text("nextToken")?,
        limit: input.integer("limit")?,
    })
}

fn encode_filtered(event: &FilteredEvent) -> Value {
    json!({
        "logStreamName": event.stream,
        "timestamp": event.event.at.as_millis(),
        "message": event.event.message,
        "ingestionTime": event.event.ingested.as_millis(),
        "eventId": event.id,
    })
}

/// What a search found. `searchedLogStreams` has been empty since 2019 (BOTO).
fn searched(page: &Page<FilteredEvent>) -> Value {
    let mut answer = paged("events", page, encode_filtered);
    answer["searchedLogStreams"] = json!([]);
    answer
}

fn encode_group(group: &GroupDescription) -> Value {
    object([
        ("logGroupName", json!(group.name)),
        ("creationTime", json!(group.created.as_millis())),
        ("retentionInDays", json!(group.retention_days)),
        ("metricFilterCount", json!(0)),
        ("arn", json!(format!("{}:*", group.arn.as_str().trim_end_matches(":*")))),
        ("logGroupArn", json!(group.arn.as_str().trim_end_matches(":*"))),
        ("storedBytes", json!(group.stored_bytes)),
        ("logGroupClass", json!("STANDARD")),
    ])
}

fn encode_stream(stream: &StreamDescription) -> Value {
    object([
        ("logStreamName", json!(stream.name)),
        ("creationTime", json!(stream.created.as_millis())),
        ("firstEventTimestamp", json!(stream.span.map(|(first, _)| first.as_millis()))),
        ("lastEventTimestamp", json!(stream.span.map(|(_, last)| last.as_millis()))),
        ("lastIngestionTime", json!(stream.last_ingestion.map(Timestamp::as_millis))),
        ("arn", json!(stream.arn.as_str())),
    ])
}

fn paged<T>(name: &'static str, page: &Page<T>, encode: impl Fn(&T) -> Value) -> Value {
    object([(name, page.items.iter().map(encode).collect()), ("nextToken", json!(page.next))])
}
