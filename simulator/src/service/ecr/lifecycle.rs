//! Lifecycle policies.

use serde_json::{Value, json};
use simulator_core::ecr::{DeleteLifecyclePolicy, GetLifecyclePolicy, LifecyclePolicy, PutLifecyclePolicy};
use simulator_core::{Refusal, World};

use super::{INVALID, repository_name};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("PutLifecyclePolicy", decode_put, encode),
        row(
            "GetLifecyclePolicy",
            |input, world| Ok(GetLifecyclePolicy { repository: repository_name(input, world)? }),
            encode_kept,
        ),
        row(
            "DeleteLifecyclePolicy",
            |input, world| Ok(DeleteLifecyclePolicy { repository: repository_name(input, world)? }),
            encode_kept,
        ),
    ]
}

fn decode_put(input: &mut Input, world: &World) -> Result<PutLifecyclePolicy, Refusal> {
    Ok(PutLifecyclePolicy {
        repository: repository_name(input, world)?,
        policy: input.required("lifecyclePolicyText", INVALID)?,
    })
}

fn encode(policy: LifecyclePolicy, world: &World) -> Value {
    json!({
        "registryId": world.account().to_string(),
        "repositoryName": policy.repository,
        "lifecyclePolicyText": policy.policy,
    })
}

/// A policy that was put earlier. It was never carried out, which ECR writes as the epoch.
fn encode_kept(policy: LifecyclePolicy, world: &World) -> Value {
    let mut encoded = encode(policy, world);
    encoded["lastEvaluatedAt"] = json!(0.0);
    encoded
}
