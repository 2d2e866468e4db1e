//! STS on the wire: AWS Query.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use simulator_core::sts::{AssumeRole, AssumeRoleOutput, CallerIdentity, GetCallerIdentity};
use simulator_core::{Refusal, World};

use super::{Protocol, Service};
use crate::wire::{self, Input, row};

const INVALID: &str = "ValidationError";

/// STS and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "sts",
        protocol: Protocol::Query { namespace: "https://sts.amazonaws.com/doc/2011-06-15/", denied: "AccessDenied" },
        operations: vec![
            row("GetCallerIdentity", |_, _| Ok(GetCallerIdentity {}), encode_identity),
            row("AssumeRole", decode_assume, encode_assumed),
        ],
    }
}

fn encode_identity(identity: CallerIdentity, _: &World) -> Value {
    json!({
        "UserId": identity.user_id,
        "Account": identity.account.to_string(),
        "Arn": identity.arn.as_str(),
    })
}

fn decode_assume(input: &mut Input, _: &World) -> Result<AssumeRole, Refusal> {
    Ok(AssumeRole {
        role_arn: input.required("RoleArn", INVALID)?,
        session_name: input.required("RoleSessionName", INVALID)?,
        duration_seconds: input.integer("DurationSeconds")?,
        policy: input.text("Policy")?,
        external_id: input.text("ExternalId")?,
    })
}

fn encode_assumed(assumed: AssumeRoleOutput, _: &World) -> Value {
    let credentials = &assumed.credentials;
    json!({
        "Credentials": {
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "SessionToken": credentials.session_token,
            "Expiration": wire::time(credentials.expires_at),
        },
        "AssumedRoleUser": {"AssumedRoleId": assumed.assumed_role_id, "Arn": assumed.arn.as_str()},
    })
}
