//! Secrets Manager on the wire: AWS JSON 1.1.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::secrets::{
    self, CreateSecret, CreateSecretOutput, DescribeSecret, GetSecretValue, PutSecretValue, PutSecretValueOutput,
    SecretDescription, SecretValue,
};
use simulator_core::{Refusal, World};

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
        ],
    }
}

fn decode_create(input: &mut Input, _: &World) -> Result<CreateSecret, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("Tags")? {
        let key = tag.required("Key", INVALID)?;
        tags.insert(key, tag.text("Value")?.unwrap_or_default());
        tag.finish()?;
    }
    Ok(CreateSecret {
        name: input.required("Name", INVALID)?,
        value: input.text("SecretString")?.map(secrets::Value::new),
        description: input.text("Description")?,
        kms_key: input.text("KmsKeyId")?,
        tags,
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

fn encode_created(created: CreateSecretOutput, _: &World) -> Value {
    object([
        ("ARN", json!(created.arn.as_str())),
        ("Name", json!(created.name)),
        ("VersionId", json!(created.version_id)),
    ])
}

fn encode_described(secret: SecretDescription, _: &World) -> Value {
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
        ("VersionIdsToStages", json!(secret.versions)),
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
