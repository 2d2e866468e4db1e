//! CloudWatch Logs on the wire: AWS JSON 1.1. Times are whole milliseconds since the epoch, unlike elsewhere.

mod event;
mod group;
mod stream;
mod tag;
#[cfg(test)]
mod tests;

use simulator_core::logs::{DeleteLogGroup, DeleteRetentionPolicy, FilteredEvent};
use simulator_core::{Home, Page, Refusal};

use super::json::object;
use super::{Protocol, Service};
use crate::wire::{Document, Input, document, row};

const INVALID: &str = "InvalidParameterException";

/// CloudWatch Logs and its operations.
#[must_use]
pub fn service() -> Service {
    let mut operations = vec![
        row("CreateLogGroup", group::decode_create, |(), _| document!({})),
        row("DescribeLogGroups", group::decode_describe, group::encode_described),
        row("DeleteLogGroup", |input, _| Ok(DeleteLogGroup { group: name(input)? }), |(), _| document!({})),
        row("PutRetentionPolicy", group::decode_retention, |(), _| document!({})),
        row(
            "DeleteRetentionPolicy",
            |input, _| Ok(DeleteRetentionPolicy { group: name(input)? }),
            |(), _| document!({}),
        ),
        row("CreateLogStream", stream::decode_create, |(), _| document!({})),
        row("DescribeLogStreams", stream::decode_describe, stream::encode_described),
        row("DeleteLogStream", stream::decode_delete, |(), _| document!({})),
        row("PutLogEvents", event::decode_put, event::encode_put),
        row("GetLogEvents", event::decode_get, event::encode_got),
        row("FilterLogEvents", event::decode_filter, |page: Page<FilteredEvent>, _| event::searched(&page)),
    ];
    operations.extend(tag::rows());
    Service { signing_name: "logs", protocol: Protocol::Json { target: "Logs_20140328" }, operations }
}

fn name(input: &mut Input) -> Result<String, Refusal> {
    input.required("logGroupName", INVALID)
}

/// The log group that `logGroupName` names, or `logGroupIdentifier`, but not both.
fn identified(input: &mut Input, home: &Home) -> Result<String, Refusal> {
    match (input.text("logGroupName")?, input.text("logGroupIdentifier")?) {
        (Some(_), Some(_)) => {
            let message = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
            Err(Refusal::fault("ValidationException", message))
        }
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => from_identifier(home, &identifier),
        (None, None) => {
            Err(Refusal::fault(INVALID, "The request must contain either logGroupName or logGroupIdentifier"))
        }
    }
}

/// The name of the log group that `identifier` means: a name, or an ARN with or without the `:*` at its end.
fn from_identifier(home: &Home, identifier: &str) -> Result<String, Refusal> {
    if !identifier.starts_with("arn:") {
        return Ok(identifier.to_owned());
    }
    let prefix = format!("arn:aws:logs:{}:{}:log-group:", home.region(), home.account());
    match identifier.strip_prefix(&prefix) {
        Some(name) => Ok(name.trim_end_matches(":*").to_owned()),
        None => Err(Refusal::fault("ResourceNotFoundException", "The specified log group does not exist.")),
    }
}

fn paged<T>(name: &'static str, page: &Page<T>, encode: impl Fn(&T) -> Document) -> Document {
    object([(name, page.items.iter().map(encode).collect()), ("nextToken", document!(&page.next))])
}
