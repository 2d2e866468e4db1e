//! Resource policies of secrets. The only policy of a secret is called `default` (botocore, `PolicyName`).

use simulator_core::secrets::{DeleteResourcePolicy, GetResourcePolicy, PutResourcePolicy, SecretName};
use simulator_core::{Home, Refusal};

use super::{INVALID, id};
use crate::service::json::object;
use crate::wire::{Document, Input, document};

const DEFAULT: &str = "default";

pub(super) fn decode_put(input: &mut Input, _: &Home) -> Result<PutResourcePolicy, Refusal> {
    only_default(input, INVALID)?;
    Ok(PutResourcePolicy {
        secret_id: id(input)?,
        policy: input.required("ResourcePolicy", INVALID)?,
        block_public: input.boolean("BlockPublicPolicy")?.unwrap_or(false),
    })
}

pub(super) fn decode_get(input: &mut Input, _: &Home) -> Result<GetResourcePolicy, Refusal> {
    only_default(input, "ResourceNotFoundException")?;
    Ok(GetResourcePolicy { secret_id: id(input)? })
}

pub(super) fn decode_delete(input: &mut Input, _: &Home) -> Result<DeleteResourcePolicy, Refusal> {
    only_default(input, INVALID)?;
    Ok(DeleteResourcePolicy { secret_id: id(input)? })
}

fn only_default(input: &mut Input, code: &'static str) -> Result<(), Refusal> {
    match input.text("PolicyName")? {
        Some(name) if name != DEFAULT => {
            Err(Refusal::fault(code, format!("A secret has no policy but the one named {DEFAULT}: {name}")))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn encode(secret: &SecretName) -> Document {
    document!({ "ARN": secret.arn.as_str(), "Name": &secret.name, "PolicyName": DEFAULT })
}

pub(super) fn encode_got((secret, policy): (SecretName, Option<String>), _: &Home) -> Document {
    object([
        ("ARN", document!(secret.arn.as_str())),
        ("Name", document!(secret.name)),
        ("ResourcePolicy", document!(policy)),
        ("PolicyName", document!(DEFAULT)),
    ])
}
