//! Secrets Manager on the wire: AWS JSON 1.1.

mod policy;
mod secret;
#[cfg(test)]
mod tests;
mod value;

use simulator_core::Refusal;
use simulator_core::secrets::{DescribeSecret, RestoreSecret, SecretFilter, SecretName};

use super::{Protocol, Service};
use crate::wire::{Document, Input, document, row};

const INVALID: &str = "InvalidParameterException";

/// Secrets Manager and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "secretsmanager",
        protocol: Protocol::Json { target: "secretsmanager" },
        operations: vec![
            row("CreateSecret", secret::decode_create, secret::encode_created),
            row("DescribeSecret", |input, _| Ok(DescribeSecret { secret_id: id(input)? }), secret::encode_described),
            row("ListSecrets", secret::decode_list, secret::encode_listed),
            row("UpdateSecret", secret::decode_update, secret::encode_updated),
            row("DeleteSecret", secret::decode_delete, secret::encode_deleted),
            row("RestoreSecret", |input, _| Ok(RestoreSecret { secret_id: id(input)? }), |secret, _| named(&secret)),
            row("TagResource", secret::decode_tag, |(), _| document!({})),
            row("UntagResource", secret::decode_untag, |(), _| document!({})),
            row("GetSecretValue", value::decode_get, |value, _| value::encode(&value)),
            row("BatchGetSecretValue", value::decode_batch, value::encode_batch),
            row("PutSecretValue", value::decode_put, value::encode_put),
            row("ListSecretVersionIds", value::decode_versions, value::encode_versions),
            row("UpdateSecretVersionStage", value::decode_stage, |secret, _| named(&secret)),
            row("PutResourcePolicy", policy::decode_put, |secret, _| policy::encode(&secret)),
            row("GetResourcePolicy", policy::decode_get, policy::encode_got),
            row("DeleteResourcePolicy", policy::decode_delete, |secret, _| policy::encode(&secret)),
        ],
    }
}

fn id(input: &mut Input) -> Result<String, Refusal> {
    input.required("SecretId", INVALID)
}

fn named(secret: &SecretName) -> Document {
    document!({ "ARN": secret.arn.as_str(), "Name": &secret.name })
}

fn filters(input: &mut Input) -> Result<Vec<SecretFilter>, Refusal> {
    let read = |mut filter: Input| {
        let read = SecretFilter { key: filter.required("Key", INVALID)?, values: filter.texts("Values")? };
        filter.finish()?;
        Ok(read)
    };
    input.structures("Filters")?.into_iter().map(read).collect()
}
