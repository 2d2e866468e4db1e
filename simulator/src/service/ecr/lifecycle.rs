//! Lifecycle policies and their previews.

use serde_json::{Value, json};
use simulator_core::ecr::{
    DeleteLifecyclePolicy, GetLifecyclePolicy, GetLifecyclePolicyPreview, LifecycleAction, LifecyclePolicy,
    LifecyclePolicyPreview, PreviewResult, PutLifecyclePolicy, StartLifecyclePolicyPreview,
};
use simulator_core::{Refusal, World};

use super::image::{image_ids, tag_status};
use super::{INVALID, repository_name};
use crate::service::json::{object, time};
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
        row(
            "StartLifecyclePolicyPreview",
            |input, world| {
                let repository = repository_name(input, world)?;
                Ok(StartLifecyclePolicyPreview { repository, policy: input.text("lifecyclePolicyText")? })
            },
            encode_started,
        ),
        row("GetLifecyclePolicyPreview", decode_preview, encode_preview),
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

/// A policy that was put earlier. One that was never carried out was so at the epoch, as ECR writes it.
fn encode_kept(policy: LifecyclePolicy, world: &World) -> Value {
    let evaluated_at = policy.evaluated_at.map_or(json!(0.0), time);
    let mut encoded = encode(policy, world);
    encoded["lastEvaluatedAt"] = evaluated_at;
    encoded
}

fn encode_started((repository, policy): (String, String), world: &World) -> Value {
    json!({
        "registryId": world.account().to_string(),
        "repositoryName": repository,
        "lifecyclePolicyText": policy,
        "status": "IN_PROGRESS",
    })
}

fn decode_preview(input: &mut Input, world: &World) -> Result<GetLifecyclePolicyPreview, Refusal> {
    Ok(GetLifecyclePolicyPreview {
        repository: repository_name(input, world)?,
        images: image_ids(input)?,
        tag_status: tag_status(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn encode_preview(preview: LifecyclePolicyPreview, world: &World) -> Value {
    let results: Value = preview.results.iter().map(encode_result).collect();
    let archiving = [json!({"targetStorageClass": "ARCHIVE", "imageTotalCount": preview.archiving})];
    let archiving = if preview.archiving == 0 { Value::Null } else { json!(archiving) };
    object([
        ("registryId", json!(world.account().to_string())),
        ("repositoryName", json!(preview.repository)),
        ("lifecyclePolicyText", json!(preview.policy)),
        ("status", json!(if preview.complete { "COMPLETE" } else { "IN_PROGRESS" })),
        ("nextToken", json!(preview.next)),
        ("previewResults", results),
        (
            "summary",
            object([
                ("expiringImageTotalCount", json!(preview.expiring)),
                ("transitioningImageTotalCounts", archiving),
            ]),
        ),
    ])
}

fn encode_result(result: &PreviewResult) -> Value {
    let action = match result.action {
        LifecycleAction::Expire => json!({"type": "EXPIRE"}),
        LifecycleAction::Archive => json!({"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}),
    };
    json!({
        "imageTags": result.tags,
        "imageDigest": result.digest,
        "imagePushedAt": time(result.pushed_at),
        "action": action,
        "appliedRulePriority": result.priority,
        "storageClass": "STANDARD",
    })
}
