//! Lines on the wire.

use simulator_core::logs::{
    FilterLogEvents, FilteredEvent, GetLogEvents, GetLogEventsOutput, PutLogEvents, PutLogEventsOutput, Rejected,
};
use simulator_core::{Home, Page, Refusal, Timestamp};

use super::{INVALID, identified, name, paged};
use crate::service::json::object;
use crate::wire::{Document, Input, document};

pub(super) fn decode_put(input: &mut Input, _: &Home) -> Result<PutLogEvents, Refusal> {
    // Ignored by AWS since 2023 (BOTO).
    input.text("sequenceToken")?;
    let mut events = Vec::new();
    for mut event in input.structures("logEvents")? {
        let at = time(&mut event, "timestamp")?.ok_or_else(|| Refusal::fault(INVALID, "timestamp is required"))?;
        events.push((at, event.required("message", INVALID)?));
        event.finish()?;
    }
    Ok(PutLogEvents { group: name(input)?, stream: input.required("logStreamName", INVALID)?, events })
}

fn time(input: &mut Input, key: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(millis) = input.integer(key)? else { return Ok(None) };
    let millis =
        u64::try_from(millis).map_err(|_| Refusal::fault(INVALID, format!("Invalid value for {key}: {millis}")))?;
    Ok(Some(Timestamp::from_millis(millis)))
}

pub(super) fn encode_put(output: PutLogEventsOutput, _: &Home) -> Document {
    let Rejected { too_new_from, too_old_until, expired_until } = output.rejected;
    let rejected = object([
        ("tooNewLogEventStartIndex", document!(too_new_from)),
        ("tooOldLogEventEndIndex", document!(too_old_until)),
        ("expiredLogEventEndIndex", document!(expired_until)),
    ]);
    let any = [too_new_from, too_old_until, expired_until].iter().any(Option::is_some);
    object([
        ("nextSequenceToken", document!(output.next_sequence_token)),
        ("rejectedLogEventsInfo", if any { rejected } else { Document::Null }),
    ])
}

pub(super) fn decode_get(input: &mut Input, home: &Home) -> Result<GetLogEvents, Refusal> {
    only_masked(input)?;
    Ok(GetLogEvents {
        group: identified(input, home)?,
        stream: input.required("logStreamName", INVALID)?,
        start: time(input, "startTime")?,
        end: time(input, "endTime")?,
        next_token: input.text("nextToken")?,
        limit: input.integer("limit")?,
        from_head: input.boolean("startFromHead")?.unwrap_or(false),
    })
}

/// Takes `unmask`: there is nothing masked that could be shown.
fn only_masked(input: &mut Input) -> Result<(), Refusal> {
    if input.boolean("unmask")? == Some(true) {
        return Err(Refusal::NotSimulated { what: "unmasked log lines".to_owned() });
    }
    Ok(())
}

pub(super) fn encode_got(output: GetLogEventsOutput, _: &Home) -> Document {
    let events: Document = output
        .events
        .iter()
        .map(|it| {
            document!({
                "timestamp": it.at.as_millis(),
                "message": &it.message,
                "ingestionTime": it.ingested.as_millis(),
            })
        })
        .collect();
    document!({"events": events, "nextForwardToken": output.forward, "nextBackwardToken": output.backward})
}

pub(super) fn decode_filter(input: &mut Input, home: &Home) -> Result<FilterLogEvents, Refusal> {
    // Deprecated: lines of several streams always come in the order of time.
    input.boolean("interleaved")?;
    only_masked(input)?;
    Ok(FilterLogEvents {
        group: identified(input, home)?,
        streams: input.texts("logStreamNames")?,
        prefix: input.text("logStreamNamePrefix")?,
        start: time(input, "startTime")?,
        end: time(input, "endTime")?,
        pattern: input.text("filterPattern")?,
        next_token: input.text("nextToken")?,
        limit: input.integer("limit")?,
        from_head: input.boolean("startFromHead")?.unwrap_or(true),
    })
}

fn encode_filtered(event: &FilteredEvent) -> Document {
    document!({
        "logStreamName": &event.stream,
        "timestamp": event.event.at.as_millis(),
        "message": &event.event.message,
        "ingestionTime": event.event.ingested.as_millis(),
        "eventId": &event.id,
    })
}

/// What a search found. `searchedLogStreams` has been empty since 2019 (BOTO).
pub(super) fn searched(page: &Page<FilteredEvent>) -> Document {
    let mut answer = paged("events", page, encode_filtered);
    answer.add("searchedLogStreams", document!([]));
    answer
}
