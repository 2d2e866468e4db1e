//! Secrets Manager on the wire: AWS JSON 1.1.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::secrets::{
    self, CreateSecret, CreateSecretOutput, DeleteSecret, DeleteSecretOutput, DescribeSecret, GetSecretValue,
    ListSecrets, PutSecretValue, PutSecretValueOutput, RestoreSecret, SecretDescription, SecretValue, TagResource,
    UntagResource,
};
use simulator_core::{Page, Refusal, World};

use super::json::{object, time};
use super::{Protocol, Service};
use crate::wire::{Input, row};

const INVALID: &str = "InvalidParameterException";

/// Secrets Manager and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "secretsmanager",
        protocol: Protocol::Json { target: "secretsmanager" },
        operations: vec![
            row("CreateSecret", decode_create, encode_created),
            row("DescribeSecret", decode_describe, encode_described),
            row("GetSecretValue", decode_get, encode_value),
            row("PutSecretValue", decode_put, encode_put),
            row("ListSecrets", decode_list, encode_listed),
            row("DeleteSecret", decode_delete, encode_deleted),
            row(
                "RestoreSecret",
                |input, _| Ok(RestoreSecret { secret_id: input.required("SecretId", INVALID)? }),
                |(arn, name), _| json!({"ARN": arn.as_str(), "Name": name}),
            ),
            row("TagResource", decode_tag, |(), _| json!({})),
            row("UntagResource", decode_untag, |(), _| json!({})),
        ],
    }
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

fn decode_create(input: &mut Input, _: &World) -> Result<CreateSecret, Refusal> {
    Ok(CreateSecret {
        name: input.required("Name", INVALID)?,
        value: input.text("SecretString")?.map(secrets::Value::new),
        description: input.text("Description")?,
        kms_key: input.text("KmsKeyId")?,
        tags: tags(input)?,
        token: input.text("ClientRequestToken")?,
        suffix: None,
    })
}

fn decode_describe(input: &mut Input, _: &World) -> Result<DescribeSecret, Refusal> {
    Ok(DescribeSecret { secret_id: input.required("SecretId", INVALID)? })
}

fn decode_get(input: &mut Input, _: &World) -> Result<GetSecretValue, Refusal> {
    Ok(GetSecretValue {
        secret_id: input.required("SecretId", INVALID)?,
        version_id: input.text("VersionId")?,
        version_stage: input.text("VersionStage")?,
    })
}

fn decode_put(input: &mut Input, _: &World) -> Result<PutSecretValue, Refusal> {
    Ok(PutSecretValue {
        secret_id: input.required("SecretId", INVALID)?,
        value: secrets::Value::new(input.required("SecretString", INVALID)?),
        token: input.text("ClientRequestToken")?,
        stages: input.texts("VersionStages")?,
    })
}

fn decode_list(input: &mut Input, _: &World) -> Result<ListSecrets, Refusal> {
    Ok(ListSecrets {
        with_deleted: input.boolean("IncludePlannedDeletion")?.unwrap_or(false),
        limit: input.integer("MaxResults")?,
        next_token: input.text("NextToken")?,
    })
}

fn decode_delete(input: &mut Input, _: &World) -> Result<DeleteSecret, Refusal> {
    Ok(DeleteSecret {
        secret_id: input.required("SecretId", INVALID)?,
        recovery_days: input.integer("RecoveryWindowInDays")?,
        force: input.boolean("ForceDeleteWithoutRecovery")?.unwrap_or(false),
    })
}

fn decode_tag(input: &mut Input, _: &World) -> Result<TagResource, Refusal> {
    Ok(TagResource { secret_id: input.required("SecretId", INVALID)?, tags: tags(input)? })
}

fn decode_untag(input: &mut Input, _: &World) -> Result<UntagResource, Refusal> {
    Ok(UntagResource { secret_id: input.required("SecretId", INVALID)?, keys: input.texts("TagKeys")? })
}

fn encode_created(created: CreateSecretOutput, _: &World) -> Value {
    object([
        ("ARN", json!(created.arn.as_str())),
        ("Name", json!(created.name)),
        ("VersionId", json!(created.version_id)),
    ])
}

fn encode_described(secret: SecretDescription, _: &World) -> Value {
    describe(&secret, "VersionIdsToStages")
}

fn encode_listed(page: Page<SecretDescription>, _: &World) -> Value {
    let secrets = page.items.iter().map(|secret| describe(secret, "SecretVersionsToStages"));
    object([("SecretList", secrets.collect()), ("NextToken", json!(page.next))])
}

fn encode_deleted(output: DeleteSecretOutput, _: &World) -> Value {
    json!({"ARN": output.arn.as_str(), "Name": output.name, "DeletionDate": time(output.gone)})
}

/// A secret with the labels of its versions under the name that the answer has for them.
fn describe(secret: &SecretDescription, versions: &'static str) -> Value {
    let tags: Value = secret.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    object([
        ("ARN", json!(secret.arn.as_str())),
        ("Name", json!(secret.name)),
        ("Description", json!(secret.description)),
        ("KmsKeyId", json!(secret.kms_key)),
        ("CreatedDate", time(secret.created)),
        ("LastChangedDate", time(secret.changed)),
        ("DeletedDate", secret.deleted.map_or(Value::Null, time)),
        ("Tags", tags),
        (versions, json!(secret.versions)),
    ])
}

fn encode_value(secret: SecretValue, _: &World) -> Value {
    json!({
        "ARN": secret.arn.as_str(),
        "Name": secret.name,
        "SecretString": secret.secret_string,
        "VersionId": secret.version_id,
        "VersionStages": secret.stages,
        "CreatedDate": time(secret.created),
    })
}

fn encode_put(output: PutSecretValueOutput, _: &World) -> Value {
    json!({
        "ARN": output.arn.as_str(),
        "Name": output.name,
        "VersionId": output.version_id,
        "VersionStages": output.stages,
    })
}
