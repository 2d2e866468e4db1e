//! Systems Manager's Parameter Store on the wire: AWS JSON 1.1. Lists of labels and of names may be empty in answers, as AWS's are,
//! though botocore's model gives them one entry at least.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use simulator_core::iam::Secret;
use simulator_core::ssm::{
    AddTagsToResource, DeleteParameter, DeleteParameters, DeletedParameters, DescribeParameters, FoundParameter,
    FoundParameters, GetParameter, GetParameterHistory, GetParameters, GetParametersByPath, HistoryEntry, Kind,
    LabelParameterVersion, Labelled, ListTagsForResource, ParameterDescription, ParameterFilter, PutParameter,
    PutParameterOutput, RemoveTagsFromResource, Tier, UnlabelParameterVersion, Unlabelled,
};
use simulator_core::{Home, Page, Refusal};

use super::json::{object, time};
use super::{Protocol, Service};
use crate::wire::{Document, Input, document, row};

const INVALID: &str = "ValidationException";

/// Parameter Store and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "ssm",
        protocol: Protocol::Json { target: "AmazonSSM" },
        operations: vec![
            row("PutParameter", decode_put, encode_put),
            row("GetParameter", decode_get, |found: FoundParameter, _| document!({ "Parameter": parameter(&found) })),
            row("GetParameters", decode_several, encode_several),
            row("GetParametersByPath", decode_by_path, |page: Page<FoundParameter>, _| paged(&page, parameter)),
            row("GetParameterHistory", decode_history, |page: Page<HistoryEntry>, _| paged(&page, entry)),
            row("DescribeParameters", decode_describe, |page: Page<ParameterDescription>, _| paged(&page, description)),
            row(
                "DeleteParameter",
                |input, _| Ok(DeleteParameter { name: input.required("Name", INVALID)? }),
                |(), _| document!({}),
            ),
            row(
                "DeleteParameters",
                |input, _| Ok(DeleteParameters { names: input.texts("Names")? }),
                |output: DeletedParameters, _| document!({ "DeletedParameters": output.deleted, "InvalidParameters": output.unknown }),
            ),
            row(
                "LabelParameterVersion",
                decode_label,
                |output: Labelled, _| document!({ "InvalidLabels": output.invalid, "ParameterVersion": output.version }),
            ),
            row(
                "UnlabelParameterVersion",
                decode_unlabel,
                |output: Unlabelled, _| document!({ "RemovedLabels": output.removed, "InvalidLabels": output.invalid }),
            ),
            row("AddTagsToResource", decode_add_tags, |(), _| document!({})),
            row("RemoveTagsFromResource", decode_remove_tags, |(), _| document!({})),
            row("ListTagsForResource", decode_list_tags, encode_tags),
        ],
    }
}

fn decode_put(input: &mut Input, _: &Home) -> Result<PutParameter, Refusal> {
    default_key(input)?;
    match input.text("DataType")?.as_deref() {
        None | Some("text") => {}
        Some(known @ ("aws:ec2:image" | "aws:ssm:integration")) => {
            return Err(Refusal::NotSimulated { what: format!("parameters of the data type `{known}`") });
        }
        Some(other) => {
            let message =
                format!("The following data type is not supported: {other} (Data type names are all lowercase.)");
            return Err(Refusal::fault(INVALID, message));
        }
    }
    Ok(PutParameter {
        name: input.required("Name", INVALID)?,
        value: Secret::new(input.required("Value", INVALID)?),
        kind: kind(input)?,
        description: input.text("Description")?,
        overwrite: input.boolean("Overwrite")?.unwrap_or(false),
        tier: tier(input)?,
        tags: tags(input)?,
    })
}

/// Takes `KeyId`, which can only be the key of AWS's own.
fn default_key(input: &mut Input) -> Result<(), Refusal> {
    match input.text("KeyId")? {
        Some(key) if key.rsplit(':').next() != Some("alias/aws/ssm") => {
            Err(Refusal::NotSimulated { what: format!("the KMS key `{key}` of a parameter") })
        }
        Some(_) | None => Ok(()),
    }
}

fn kind(input: &mut Input) -> Result<Option<Kind>, Refusal> {
    Ok(Some(match input.text("Type")?.as_deref() {
        None => return Ok(None),
        Some("String") => Kind::String,
        Some("StringList") => Kind::StringList,
        Some("SecureString") => Kind::SecureString,
        Some(other) => return Err(not_in(other, "type", "SecureString, StringList, String")),
    }))
}

fn tier(input: &mut Input) -> Result<Option<Option<Tier>>, Refusal> {
    Ok(Some(match input.text("Tier")?.as_deref() {
        None => return Ok(None),
        Some("Standard") => Some(Tier::Standard),
        Some("Advanced") => Some(Tier::Advanced),
        Some("Intelligent-Tiering") => None,
        Some(other) => return Err(not_in(other, "tier", "Standard, Advanced, Intelligent-Tiering")),
    }))
}

fn not_in(value: &str, member: &str, set: &str) -> Refusal {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{set}]"
    );
    Refusal::fault(INVALID, message)
}

fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("Tags")? {
        let key = tag.required("Key", INVALID)?;
        tags.insert(key, tag.required("Value", INVALID)?);
        tag.finish()?;
    }
    Ok(tags)
}

fn encode_put(output: PutParameterOutput, _: &Home) -> Document {
    document!({ "Version": output.version, "Tier": output.tier.as_str() })
}

fn decode_get(input: &mut Input, _: &Home) -> Result<GetParameter, Refusal> {
    Ok(GetParameter { name: input.required("Name", INVALID)?, decrypt: decrypt(input)? })
}

fn decrypt(input: &mut Input) -> Result<bool, Refusal> {
    Ok(input.boolean("WithDecryption")?.unwrap_or(false))
}

fn decode_several(input: &mut Input, _: &Home) -> Result<GetParameters, Refusal> {
    Ok(GetParameters { names: input.texts("Names")?, decrypt: decrypt(input)? })
}

fn encode_several(output: FoundParameters, _: &Home) -> Document {
    document!({
        "Parameters": output.found.iter().map(parameter).collect::<Vec<_>>(),
        "InvalidParameters": output.unknown,
    })
}

fn decode_by_path(input: &mut Input, _: &Home) -> Result<GetParametersByPath, Refusal> {
    Ok(GetParametersByPath {
        path: input.required("Path", INVALID)?,
        recursive: input.boolean("Recursive")?.unwrap_or(false),
        filters: filters(input)?,
        decrypt: decrypt(input)?,
        limit: input.integer("MaxResults")?,
        next_token: input.text("NextToken")?,
    })
}

fn filters(input: &mut Input) -> Result<Vec<ParameterFilter>, Refusal> {
    let read = |mut filter: Input| {
        let key = filter.required("Key", INVALID)?;
        let read = ParameterFilter { key, option: filter.text("Option")?, values: filter.texts("Values")? };
        filter.finish()?;
        Ok(read)
    };
    input.structures("ParameterFilters")?.into_iter().map(read).collect()
}

fn decode_history(input: &mut Input, _: &Home) -> Result<GetParameterHistory, Refusal> {
    Ok(GetParameterHistory {
        name: input.required("Name", INVALID)?,
        decrypt: decrypt(input)?,
        limit: input.integer("MaxResults")?,
        next_token: input.text("NextToken")?,
    })
}

fn decode_describe(input: &mut Input, _: &Home) -> Result<DescribeParameters, Refusal> {
    let mut all = filters(input)?;
    // The older form, which has no option: names by their beginning, the rest whole.
    for mut filter in input.structures("Filters")? {
        let key = filter.required("Key", INVALID)?;
        let option = (key == "Name").then(|| "BeginsWith".to_owned());
        all.push(ParameterFilter { key, option, values: filter.texts("Values")? });
        filter.finish()?;
    }
    if input.boolean("Shared")? == Some(true) {
        return Err(Refusal::NotSimulated { what: "parameters that other accounts share".to_owned() });
    }
    Ok(DescribeParameters { filters: all, limit: input.integer("MaxResults")?, next_token: input.text("NextToken")? })
}

fn decode_label(input: &mut Input, _: &Home) -> Result<LabelParameterVersion, Refusal> {
    Ok(LabelParameterVersion {
        name: input.required("Name", INVALID)?,
        version: version(input)?,
        labels: input.texts("Labels")?,
    })
}

fn decode_unlabel(input: &mut Input, _: &Home) -> Result<UnlabelParameterVersion, Refusal> {
    let missing = || Refusal::fault(INVALID, "The request must contain the parameter ParameterVersion");
    Ok(UnlabelParameterVersion {
        name: input.required("Name", INVALID)?,
        version: version(input)?.ok_or_else(missing)?,
        labels: input.texts("Labels")?,
    })
}

fn version(input: &mut Input) -> Result<Option<u64>, Refusal> {
    let Some(number) = input.integer("ParameterVersion")? else { return Ok(None) };
    let wrong = |_| Refusal::fault(INVALID, format!("Invalid value for ParameterVersion: {number}"));
    u64::try_from(number).map(Some).map_err(wrong)
}

/// Takes `ResourceType`, of which parameters alone are simulated, and `ResourceId`.
fn tagged(input: &mut Input) -> Result<String, Refusal> {
    match input.required("ResourceType", INVALID)?.as_str() {
        "Parameter" => input.required("ResourceId", INVALID),
        other => Err(Refusal::NotSimulated { what: format!("tags of the resource type `{other}` of Systems Manager") }),
    }
}

fn decode_add_tags(input: &mut Input, _: &Home) -> Result<AddTagsToResource, Refusal> {
    Ok(AddTagsToResource::new(tagged(input)?, tags(input)?))
}

fn decode_remove_tags(input: &mut Input, _: &Home) -> Result<RemoveTagsFromResource, Refusal> {
    Ok(RemoveTagsFromResource::new(tagged(input)?, input.texts("TagKeys")?))
}

fn decode_list_tags(input: &mut Input, _: &Home) -> Result<ListTagsForResource, Refusal> {
    Ok(ListTagsForResource::new(tagged(input)?))
}

fn encode_tags(tags: BTreeMap<String, String>, _: &Home) -> Document {
    document!({ "TagList": tags.iter().map(|(key, value)| document!({ "Key": key, "Value": value })).collect::<Vec<_>>() })
}

fn parameter(found: &FoundParameter) -> Document {
    object([
        ("Name", document!(&found.name)),
        ("Type", document!(found.kind.as_str())),
        ("Value", document!(found.value.expose())),
        ("Version", document!(found.version)),
        ("Selector", document!(&found.selector)),
        ("LastModifiedDate", time(found.modified)),
        ("ARN", document!(&found.arn)),
        ("DataType", document!("text")),
    ])
}

fn entry(entry: &HistoryEntry) -> Document {
    object([
        ("Name", document!(&entry.name)),
        ("Type", document!(entry.kind.as_str())),
        ("KeyId", document!(entry.key)),
        ("LastModifiedDate", time(entry.modified)),
        ("LastModifiedUser", document!(&entry.modified_by)),
        ("Description", document!(&entry.description)),
        ("Value", document!(entry.value.expose())),
        ("Version", document!(entry.version)),
        ("Labels", document!(&entry.labels)),
        ("Tier", document!(entry.tier.as_str())),
        ("Policies", document!([])),
        ("DataType", document!("text")),
    ])
}

fn description(parameter: &ParameterDescription) -> Document {
    object([
        ("Name", document!(&parameter.name)),
        ("ARN", document!(&parameter.arn)),
        ("Type", document!(parameter.kind.as_str())),
        ("KeyId", document!(parameter.key)),
        ("LastModifiedDate", time(parameter.modified)),
        ("LastModifiedUser", document!(&parameter.modified_by)),
        ("Description", document!(&parameter.description)),
        ("Version", document!(parameter.version)),
        ("Tier", document!(parameter.tier.as_str())),
        ("Policies", document!([])),
        ("DataType", document!("text")),
    ])
}

fn paged<T>(page: &Page<T>, encode: impl Fn(&T) -> Document) -> Document {
    object([("Parameters", page.items.iter().map(encode).collect()), ("NextToken", document!(&page.next))])
}
