//! Log groups on the wire.

use simulator_core::logs::{CreateLogGroup, DescribeLogGroups, GroupDescription, PutRetentionPolicy};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, from_identifier, name, paged};
use crate::service::json::object;
use crate::wire::{Document, Input, document};

pub(super) fn decode_create(input: &mut Input, _: &Home) -> Result<CreateLogGroup, Refusal> {
    only_standard(input)?;
    if input.boolean("deletionProtectionEnabled")? == Some(true) {
        return Err(Refusal::NotSimulated { what: "log groups that are protected from deletion".to_owned() });
    }
    Ok(CreateLogGroup { group: name(input)?, tags: input.text_map("tags")?.into_iter().collect() })
}

/// Takes `logGroupClass`.
fn only_standard(input: &mut Input) -> Result<(), Refusal> {
    match input.text("logGroupClass")? {
        Some(class) if class != "STANDARD" => {
            Err(Refusal::NotSimulated { what: format!("log groups of the class `{class}`") })
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn decode_describe(input: &mut Input, home: &Home) -> Result<DescribeLogGroups, Refusal> {
    only_standard(input)?;
    if input.boolean("includeLinkedAccounts")? == Some(true) {
        return Err(Refusal::NotSimulated { what: "log groups of linked accounts".to_owned() });
    }
    let identifiers = input.texts("logGroupIdentifiers")?;
    Ok(DescribeLogGroups {
        prefix: input.text("logGroupNamePrefix")?,
        pattern: input.text("logGroupNamePattern")?,
        names: identifiers.iter().map(|identifier| from_identifier(home, identifier)).collect::<Result<_, _>>()?,
        limit: input.integer("limit")?,
        next_token: input.text("nextToken")?,
    })
}

pub(super) fn encode_described(page: Page<GroupDescription>, _: &Home) -> Document {
    paged("logGroups", &page, encode)
}

fn encode(group: &GroupDescription) -> Document {
    object([
        ("logGroupName", document!(&group.name)),
        ("creationTime", document!(group.created.as_millis())),
        ("retentionInDays", document!(group.retention_days)),
        ("metricFilterCount", document!(0)),
        ("arn", document!(format!("{}:*", group.arn))),
        ("logGroupArn", document!(group.arn.as_str())),
        ("storedBytes", document!(group.stored_bytes)),
        ("logGroupClass", document!("STANDARD")),
        // Left out together with the bytes (recorded by LocalStack).
        ("deletionProtectionEnabled", document!(group.stored_bytes.map(|_| false))),
    ])
}

pub(super) fn decode_retention(input: &mut Input, _: &Home) -> Result<PutRetentionPolicy, Refusal> {
    let days = input.integer("retentionInDays")?;
    let missing = || Refusal::fault(INVALID, "The request must contain the parameter retentionInDays");
    Ok(PutRetentionPolicy { group: name(input)?, days: days.ok_or_else(missing)? })
}
