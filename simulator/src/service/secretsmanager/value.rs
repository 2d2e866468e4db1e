//! Values of secrets, and their versions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use simulator_core::iam::Secret;
use simulator_core::secrets::{
    BatchGetSecretValue, BatchSecretValues, GetSecretValue, ListSecretVersionIds, PutSecretValue, PutSecretValueOutput,
    SecretValue, SecretVersions, UpdateSecretVersionStage, Value, VersionEntry,
};
use simulator_core::{Home, Refusal};

use super::{INVALID, filters, id};
use crate::service::json::{object, time};
use crate::wire::{Document, Input, document};

const REFUSED: &str = "InvalidRequestException";

/// The value that a request brings, and the id that its version shall have: SDKs make one up by themselves, and a request with a
/// value and without one is refused (recorded from AWS by LocalStack).
pub(super) fn decode(input: &mut Input) -> Result<(Option<Value>, Option<String>), Refusal> {
    let value = match (input.text("SecretString")?, input.text("SecretBinary")?) {
        (Some(_), Some(_)) => {
            let message = "You can't specify both a binary secret value and a string secret value in the same secret.";
            return Err(Refusal::fault(INVALID, message));
        }
        (Some(text), None) => Some(Value::new(text)),
        (None, Some(base64)) => Some(binary(&base64)?),
        (None, None) => None,
    };
    let token = input.text("ClientRequestToken")?;
    if value.is_some() && token.is_none() {
        let message = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
        return Err(Refusal::fault(REFUSED, message));
    }
    Ok((value, token))
}

fn binary(base64: &str) -> Result<Value, Refusal> {
    let wrong = |_| Refusal::fault("SerializationException", "SecretBinary must be Base64");
    let bytes = STANDARD.decode(base64).map_err(wrong)?;
    Ok(Value::Binary(Secret::new(STANDARD.encode(bytes))))
}

pub(super) fn decode_put(input: &mut Input, _: &Home) -> Result<PutSecretValue, Refusal> {
    let (value, token) = decode(input)?;
    let missing = || Refusal::fault(REFUSED, "You must provide either SecretString or SecretBinary.");
    Ok(PutSecretValue {
        secret_id: id(input)?,
        value: value.ok_or_else(missing)?,
        token,
        stages: input.texts("VersionStages")?,
    })
}

pub(super) fn encode_put(output: PutSecretValueOutput, _: &Home) -> Document {
    document!({
        "ARN": output.arn.as_str(),
        "Name": output.name,
        "VersionId": output.version_id,
        "VersionStages": &output.stages,
    })
}

pub(super) fn decode_get(input: &mut Input, _: &Home) -> Result<GetSecretValue, Refusal> {
    Ok(GetSecretValue {
        secret_id: id(input)?,
        version_id: input.text("VersionId")?,
        version_stage: input.text("VersionStage")?,
    })
}

pub(super) fn encode(secret: &SecretValue) -> Document {
    let (member, value) = match &secret.value {
        Value::Text(text) => ("SecretString", text.expose()),
        Value::Binary(base64) => ("SecretBinary", base64.expose()),
    };
    let stages = if secret.stages.is_empty() { Document::Null } else { document!(&secret.stages) };
    object([
        ("ARN", document!(secret.arn.as_str())),
        ("Name", document!(&secret.name)),
        (member, document!(value)),
        ("VersionId", document!(&secret.version_id)),
        ("VersionStages", stages),
        ("CreatedDate", time(secret.created)),
    ])
}

pub(super) fn decode_batch(input: &mut Input, _: &Home) -> Result<BatchGetSecretValue, Refusal> {
    Ok(BatchGetSecretValue {
        secret_ids: input.texts("SecretIdList")?,
        filters: filters(input)?,
        limit: input.integer("MaxResults")?,
        next_token: input.text("NextToken")?,
    })
}

pub(super) fn encode_batch(output: BatchSecretValues, _: &Home) -> Document {
    let error = |it: &simulator_core::secrets::Unread| document!({ "SecretId": &it.secret_id, "ErrorCode": it.code, "Message": &it.message });
    object([
        ("SecretValues", output.values.iter().map(encode).collect()),
        ("Errors", output.errors.iter().map(error).collect()),
        ("NextToken", document!(output.next)),
    ])
}

pub(super) fn decode_versions(input: &mut Input, _: &Home) -> Result<ListSecretVersionIds, Refusal> {
    Ok(ListSecretVersionIds {
        secret_id: id(input)?,
        with_deprecated: input.boolean("IncludeDeprecated")?.unwrap_or(false),
        limit: input.integer("MaxResults")?,
        next_token: input.text("NextToken")?,
    })
}

pub(super) fn encode_versions(output: SecretVersions, _: &Home) -> Document {
    let version = |it: &VersionEntry| {
        let stages = if it.stages.is_empty() { Document::Null } else { document!(&it.stages) };
        object([
            ("VersionId", document!(&it.id)),
            ("VersionStages", stages),
            ("CreatedDate", time(it.created)),
            ("LastAccessedDate", it.accessed.map_or(Document::Null, time)),
            // What AWS calls its own key here (recorded by LocalStack).
            ("KmsKeyIds", document!(["DefaultEncryptionKey"])),
        ])
    };
    object([
        ("ARN", document!(output.arn.as_str())),
        ("Name", document!(output.name)),
        ("Versions", output.versions.items.iter().map(version).collect()),
        ("NextToken", document!(output.versions.next)),
    ])
}

pub(super) fn decode_stage(input: &mut Input, _: &Home) -> Result<UpdateSecretVersionStage, Refusal> {
    Ok(UpdateSecretVersionStage {
        secret_id: id(input)?,
        stage: input.required("VersionStage", INVALID)?,
        remove_from: input.text("RemoveFromVersionId")?,
        move_to: input.text("MoveToVersionId")?,
    })
}
