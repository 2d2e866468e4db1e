//! EC2's encoded denials. AWS encrypts them, so that only who may call `sts:DecodeAuthorizationMessage` reads them; ours are packed
//! and marked with a digest, and hold nothing that is secret.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulator_core::Denial;
use simulator_core::iam::decision::{Cause, StatementRef};

const MARK: usize = 8;
/// Longest message that STS takes (botocore, `EncodedMessage`), and most that one may unpack to.
const LONGEST: usize = 10_240;
const LARGEST: u64 = 1 << 20;

/// The encoded form of what `denial` was made of; nothing of one that policies did not make.
pub(crate) fn encode(denial: &Denial) -> Option<String> {
    let text = message(denial)?.to_string();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).ok()?;
    let mut bytes = packed.finish().ok()?;
    let mark = Sha256::digest(&bytes);
    bytes.extend_from_slice(&mark[..MARK]);
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// What was encoded; nothing if `encoded` is no message of ours.
pub(crate) fn decode(encoded: &str) -> Option<String> {
    if encoded.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let (packed, mark) = bytes.split_at_checked(bytes.len().checked_sub(MARK)?)?;
    if Sha256::digest(packed)[..MARK] != *mark {
        return None;
    }
    let mut text = String::new();
    ZlibDecoder::new(packed).take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// AWS's JSON (STS API reference, `DecodeAuthorizationMessage`).
fn message(denial: &Denial) -> Option<Value> {
    let evidence = denial.evidence.as_deref()?;
    let (explicit, matched) = match &evidence.cause {
        Cause::ExplicitDeny(_, statement) => (true, vec![encode_statement(statement)]),
        Cause::NotAllowed(_) => (false, Vec::new()),
    };
    let conditions: Vec<Value> = evidence
        .context
        .iter()
        .map(|(key, values)| {
            let values: Vec<Value> = values.iter().map(|value| json!({"value": value})).collect();
            json!({"key": key, "values": {"items": values}})
        })
        .collect();
    Some(json!({
        "allowed": false,
        "explicitDeny": explicit,
        "matchedStatements": {"items": matched},
        "failures": {"items": []},
        "context": {
            "principal": {
                "id": evidence.principal_id,
                "name": denial.caller.rsplit('/').next().unwrap_or_default(),
                "arn": denial.caller,
            },
            "action": denial.action,
            "resource": denial.resource,
            "conditions": {"items": conditions},
        },
    }))
}

fn encode_statement(statement: &StatementRef) -> Value {
    json!({
        "statementId": statement.sid.clone().unwrap_or_default(),
        "effect": "DENY",
        "sourcePolicyId": statement.policy,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is brought is decoded or refused.
        #[test]
        fn nothing_that_is_brought_panics(encoded in "[A-Za-z0-9_-]{0,64}") {
            prop_assert_eq!(decode(&encoded), None);
        }
    }
}
