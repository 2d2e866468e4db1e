//! Lifecycle policies and their previews.

use simulator_core::ecr::{
    DeleteLifecyclePolicy, GetLifecyclePolicy, GetLifecyclePolicyPreview, LifecycleAction, LifecyclePolicy,
    LifecyclePolicyPreview, PreviewResult, PutLifecyclePolicy, StartLifecyclePolicyPreview,
};
use simulator_core::{Refusal, World};

use super::image::{image_ids, tag_status};
use super::{INVALID, repository_name};
use crate::service::json::{object, time};
use crate::wire::{Document, Input, Row, document, row};

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

fn encode(policy: LifecyclePolicy, world: &World) -> Document {
    document!({
        "registryId": world.account().to_string(),
        "repositoryName": policy.repository,
        "lifecyclePolicyText": policy.policy,
    })
}

/// A policy that was put earlier. One that was never carried out was so at the epoch, as ECR writes it.
fn encode_kept(policy: LifecyclePolicy, world: &World) -> Document {
    let evaluated_at = policy.evaluated_at.map_or(document!(0.0), time);
    let mut encoded = encode(policy, world);
    encoded.add("lastEvaluatedAt", evaluated_at);
    encoded
}

fn encode_started((repository, policy): (String, String), world: &World) -> Document {
    document!({
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

fn encode_preview(preview: LifecyclePolicyPreview, world: &World) -> Document {
    let results: Document = preview.results.iter().map(encode_result).collect();
    let archiving = [document!({"targetStorageClass": "ARCHIVE", "imageTotalCount": preview.archiving})];
    let archiving = if preview.archiving == 0 { Document::Null } else { document!(archiving) };
    object([
        ("registryId", document!(world.account().to_string())),
        ("repositoryName", document!(preview.repository)),
        ("lifecyclePolicyText", document!(preview.policy)),
        ("status", document!(if preview.complete { "COMPLETE" } else { "IN_PROGRESS" })),
        ("nextToken", document!(preview.next)),
        ("previewResults", results),
        (
            "summary",
            object([
                ("expiringImageTotalCount", document!(preview.expiring)),
                ("transitioningImageTotalCounts", archiving),
            ]),
        ),
    ])
}

fn encode_result(result: &PreviewResult) -> Document {
    let action = match result.action {
        LifecycleAction::Expire => document!({"type": "EXPIRE"}),
        LifecycleAction::Archive => document!({"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}),
    };
    document!({
        "imageTags": &result.tags,
        "imageDigest": &result.digest,
        "imagePushedAt": time(result.pushed_at),
        "action": action,
        "appliedRulePriority": result.priority,
        "storageClass": "STANDARD",
    })
}
