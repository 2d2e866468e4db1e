//! Secrets without their values.

use std::collections::BTreeMap;

use simulator_core::secrets::{
    CreateSecret, CreateSecretOutput, DeleteSecret, DeleteSecretOutput, ListSecrets, SecretDescription, SecretOrder,
    TagResource, UntagResource, UpdateSecret, UpdateSecretOutput,
};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, filters, id, value};
use crate::service::json::{object, time};
use crate::wire::{Document, Input, document};

pub(super) fn decode_create(input: &mut Input, _: &Home) -> Result<CreateSecret, Refusal> {
    let (value, token) = value::decode(input)?;
    Ok(CreateSecret {
        name: input.required("Name", INVALID)?,
        value,
        description: input.text("Description")?,
        kms_key: input.text("KmsKeyId")?,
        tags: tags(input)?,
        token,
        suffix: None,
    })
}

pub(super) fn encode_created(created: CreateSecretOutput, _: &Home) -> Document {
    object([
        ("ARN", document!(created.arn.as_str())),
        ("Name", document!(created.name)),
        ("VersionId", document!(created.version_id)),
    ])
}

pub(super) fn decode_update(input: &mut Input, _: &Home) -> Result<UpdateSecret, Refusal> {
    let (value, token) = value::decode(input)?;
    let description = input.text("Description")?;
    Ok(UpdateSecret { secret_id: id(input)?, description, kms_key: input.text("KmsKeyId")?, value, token })
}

pub(super) fn encode_updated(updated: UpdateSecretOutput, _: &Home) -> Document {
    object([
        ("ARN", document!(updated.arn.as_str())),
        ("Name", document!(updated.name)),
        ("VersionId", document!(updated.version_id)),
    ])
}

pub(super) fn decode_list(input: &mut Input, _: &Home) -> Result<ListSecrets, Refusal> {
    let order = match input.text("SortBy")?.as_deref() {
        None | Some("created-date") => SecretOrder::Created,
        Some("last-accessed-date") => SecretOrder::Accessed,
        Some("last-changed-date") => SecretOrder::Changed,
        Some("name") => SecretOrder::Name,
        Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid value for SortBy: {other}"))),
    };
    let descending = match input.text("SortOrder")?.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid value for SortOrder: {other}"))),
    };
    Ok(ListSecrets {
        with_deleted: input.boolean("IncludePlannedDeletion")?.unwrap_or(false),
        filters: filters(input)?,
        order,
        descending,
        limit: input.integer("MaxResults")?,
        next_token: input.text("NextToken")?,
    })
}

pub(super) fn encode_described(secret: SecretDescription, _: &Home) -> Document {
    describe(&secret, "VersionIdsToStages")
}

pub(super) fn encode_listed(page: Page<SecretDescription>, _: &Home) -> Document {
    let secrets = page.items.iter().map(|secret| describe(secret, "SecretVersionsToStages"));
    object([("SecretList", secrets.collect()), ("NextToken", document!(page.next))])
}

/// A secret with the labels of its versions under the name that the answer has for them.
fn describe(secret: &SecretDescription, versions: &'static str) -> Document {
    let tags = secret
        .tags
        .as_ref()
        .map(|tags| tags.iter().map(|(key, value)| document!({"Key": key, "Value": value})).collect::<Vec<_>>());
    let stages = if secret.versions.is_empty() { Document::Null } else { document!(&secret.versions) };
    object([
        ("ARN", document!(secret.arn.as_str())),
        ("Name", document!(&secret.name)),
        ("Description", document!(&secret.description)),
        ("CreatedDate", time(secret.created)),
        ("LastChangedDate", time(secret.changed)),
        ("LastAccessedDate", secret.accessed.map_or(Document::Null, time)),
        ("DeletedDate", secret.deleted.map_or(Document::Null, time)),
        ("Tags", document!(tags)),
        (versions, stages),
    ])
}

pub(super) fn decode_delete(input: &mut Input, _: &Home) -> Result<DeleteSecret, Refusal> {
    Ok(DeleteSecret {
        secret_id: id(input)?,
        recovery_days: input.integer("RecoveryWindowInDays")?,
        force: input.boolean("ForceDeleteWithoutRecovery")?.unwrap_or(false),
    })
}

pub(super) fn encode_deleted(output: DeleteSecretOutput, _: &Home) -> Document {
    document!({"ARN": output.arn.as_str(), "Name": output.name, "DeletionDate": time(output.gone)})
}

pub(super) fn decode_tag(input: &mut Input, _: &Home) -> Result<TagResource, Refusal> {
    Ok(TagResource { secret_id: id(input)?, tags: tags(input)? })
}

pub(super) fn decode_untag(input: &mut Input, _: &Home) -> Result<UntagResource, Refusal> {
    Ok(UntagResource { secret_id: id(input)?, keys: input.texts("TagKeys")? })
}

fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("Tags")? {
        let key = tag.required("Key", INVALID)?;
        tags.insert(key, tag.text("Value")?.unwrap_or_default());
        tag.finish()?;
    }
    Ok(tags)
}
