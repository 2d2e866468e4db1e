//! Log streams on the wire.

use simulator_core::logs::{CreateLogStream, DeleteLogStream, DescribeLogStreams, StreamDescription, StreamOrder};
use simulator_core::{Home, Page, Refusal, Timestamp};

use super::{INVALID, identified, name, paged};
use crate::service::json::object;
use crate::wire::{Document, Input, document};

pub(super) fn decode_create(input: &mut Input, _: &Home) -> Result<CreateLogStream, Refusal> {
    Ok(CreateLogStream { group: name(input)?, stream: input.required("logStreamName", INVALID)? })
}

pub(super) fn decode_delete(input: &mut Input, _: &Home) -> Result<DeleteLogStream, Refusal> {
    Ok(DeleteLogStream { group: name(input)?, stream: input.required("logStreamName", INVALID)? })
}

pub(super) fn decode_describe(input: &mut Input, home: &Home) -> Result<DescribeLogStreams, Refusal> {
    Ok(DescribeLogStreams {
        group: identified(input, home)?,
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

pub(super) fn encode_described(page: Page<StreamDescription>, _: &Home) -> Document {
    paged("logStreams", &page, encode)
}

fn encode(stream: &StreamDescription) -> Document {
    object([
        ("logStreamName", document!(&stream.name)),
        ("creationTime", document!(stream.created.as_millis())),
        ("firstEventTimestamp", document!(stream.span.map(|(first, _)| first.as_millis()))),
        ("lastEventTimestamp", document!(stream.span.map(|(_, last)| last.as_millis()))),
        ("lastIngestionTime", document!(stream.last_ingestion.map(Timestamp::as_millis))),
        ("arn", document!(stream.arn.as_str())),
        // Always, since 2019 (BOTO).
        ("storedBytes", document!(0)),
    ])
}
