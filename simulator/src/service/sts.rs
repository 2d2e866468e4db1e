//! STS on the wire: AWS Query.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};
use simulator_core::sts::{
    AssumeRole, AssumeRoleOutput, AssumeRoleWithWebIdentity, CallerIdentity, DecodeAuthorizationMessage,
    GetAccessKeyInfo, GetCallerIdentity, GetSessionToken, TemporaryCredentials, WebIdentityOutput,
};
use simulator_core::{Home, Refusal};

use super::{Protocol, Service};
use crate::oidc::{self, Issuer};
use crate::wire::{self, Input, authorization_message, row};

const INVALID: &str = "ValidationError";

/// STS and its operations, trusting nobody's identity tokens.
#[must_use]
pub fn service() -> Service {
    service_trusting(None)
}

/// STS and its operations, taking the identity tokens of `issuer` for those of the issuer that it stands in for.
#[must_use]
pub fn service_trusting(issuer: Option<Arc<Issuer>>) -> Service {
    Service {
        signing_name: "sts",
        protocol: Protocol::Query { namespace: "https://sts.amazonaws.com/doc/2011-06-15/", denied: "AccessDenied" },
        operations: vec![
            row("GetCallerIdentity", |_, _| Ok(GetCallerIdentity {}), encode_identity),
            row("AssumeRole", decode_assume, encode_assumed),
            row(
                "AssumeRoleWithWebIdentity",
                move |input, _| decode_web_identity(input, issuer.as_deref()),
                encode_web_identity,
            )
            .unsigned(),
            row(
                "GetSessionToken",
                |input, _| Ok(GetSessionToken { duration_seconds: input.integer("DurationSeconds")? }),
                |credentials, _| json!({"Credentials": encode_credentials(&credentials)}),
            ),
            row(
                "GetAccessKeyInfo",
                |input, _| Ok(GetAccessKeyInfo { access_key_id: input.required("AccessKeyId", INVALID)? }),
                |account, _| json!({"Account": account.to_string()}),
            ),
            row("DecodeAuthorizationMessage", decode_message, |message, _| json!({"DecodedMessage": message})),
        ],
    }
}

fn encode_identity(identity: CallerIdentity, _: &Home) -> Value {
    json!({
        "UserId": identity.user_id,
        "Account": identity.account.to_string(),
        "Arn": identity.arn.as_str(),
    })
}

fn decode_assume(input: &mut Input, _: &Home) -> Result<AssumeRole, Refusal> {
    Ok(AssumeRole {
        role_arn: input.required("RoleArn", INVALID)?,
        session_name: input.required("RoleSessionName", INVALID)?,
        duration_seconds: input.integer("DurationSeconds")?,
        policy: input.text("Policy")?,
        policy_arns: policy_arns(input)?,
        external_id: input.text("ExternalId")?,
        tags: tags(input)?,
        transitive_tag_keys: input.texts("TransitiveTagKeys")?,
        source_identity: input.text("SourceIdentity")?,
    })
}

fn decode_web_identity(input: &mut Input, issuer: Option<&Issuer>) -> Result<AssumeRoleWithWebIdentity, Refusal> {
    Ok(AssumeRoleWithWebIdentity {
        role_arn: input.required("RoleArn", INVALID)?,
        session_name: input.required("RoleSessionName", INVALID)?,
        token: oidc::read(&input.required("WebIdentityToken", INVALID)?, issuer),
        duration_seconds: input.integer("DurationSeconds")?,
        policy: input.text("Policy")?,
        policy_arns: policy_arns(input)?,
    })
}

fn decode_message(input: &mut Input, _: &Home) -> Result<DecodeAuthorizationMessage, Refusal> {
    let encoded = input.required("EncodedMessage", INVALID)?;
    Ok(DecodeAuthorizationMessage { decoded: authorization_message::decode(&encoded) })
}

/// `PolicyArns`, a list of structures with one member.
fn policy_arns(input: &mut Input) -> Result<Vec<String>, Refusal> {
    let mut arns = Vec::new();
    for mut policy in input.structures("PolicyArns")? {
        arns.push(policy.required("arn", INVALID)?);
        policy.finish()?;
    }
    Ok(arns)
}

fn tags(input: &mut Input) -> Result<Vec<(String, String)>, Refusal> {
    let mut tags = Vec::new();
    for mut tag in input.structures("Tags")? {
        tags.push((tag.required("Key", INVALID)?, tag.required("Value", INVALID)?));
        tag.finish()?;
    }
    Ok(tags)
}

fn encode_credentials(credentials: &TemporaryCredentials) -> Value {
    json!({
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": wire::time(credentials.expires_at),
    })
}

fn encode_assumed(assumed: AssumeRoleOutput, _: &Home) -> Value {
    let mut encoded = json!({
        "Credentials": encode_credentials(&assumed.credentials),
        "AssumedRoleUser": {"AssumedRoleId": assumed.assumed_role_id, "Arn": assumed.arn.as_str()},
    });
    if let Some(identity) = assumed.source_identity {
        encoded["SourceIdentity"] = json!(identity);
    }
    encoded
}

fn encode_web_identity(assumed: WebIdentityOutput, _: &Home) -> Value {
    json!({
        "Credentials": encode_credentials(&assumed.credentials),
        "SubjectFromWebIdentityToken": assumed.subject,
        "AssumedRoleUser": {"AssumedRoleId": assumed.assumed_role_id, "Arn": assumed.arn.as_str()},
        "Provider": assumed.provider,
        "Audience": assumed.audience,
    })
}
