//! Lifecycle policies and their previews.

use simulator_core::ecr::{
    DeleteLifecyclePolicy, GetLifecyclePolicy, GetLifecyclePolicyPreview, LifecycleAction, LifecyclePolicy,
    LifecyclePolicyPreview, PreviewResult, PutLifecyclePolicy, StartLifecyclePolicyPreview,
};
use simulator_core::{Home, Refusal};

use super::image::{image_ids, tag_status};
use super::{INVALID, repository_name};
use crate::service::json::{object, time};
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("PutLifecyclePolicy", decode_put, encode),
        row(
            "GetLifecyclePolicy",
            |input, home| Ok(GetLifecyclePolicy { repository: repository_name(input, home)? }),
            encode_kept,
        ),
        row(
            "DeleteLifecyclePolicy",
            |input, home| Ok(DeleteLifecyclePolicy { repository: repository_name(input, home)? }),
            encode_kept,
        ),
        row(
            "StartLifecyclePolicyPreview",
            |input, home| {
                let repository = repository_name(input, home)?;
                Ok(StartLifecyclePolicyPreview { repository, policy: input.text("lifecyclePolicyText")? })
            },
            encode_started,
        ),
        row("GetLifecyclePolicyPreview", decode_preview, encode_preview),
    ]
}

fn decode_put(input: &mut Input, home: &Home) -> Result<PutLifecyclePolicy, Refusal> {
    Ok(PutLifecyclePolicy {
        repository: repository_name(input, home)?,
        policy: input.required("lifecyclePolicyText", INVALID)?,
    })
}

fn encode(policy: LifecyclePolicy, home: &Home) -> Document {
    document!({
        "registryId": home.account().to_string(),
        "repositoryName": policy.repository,
        "lifecyclePolicyText": policy.policy,
    })
}

/// A policy that was put earlier. One that was never carried out was so at the epoch, as ECR writes it.
fn encode_kept(policy: LifecyclePolicy, home: &Home) -> Document {
    let evaluated_at = policy.evaluated_at.map_or(document!(0.0), time);
    let mut encoded = encode(policy, home);
    encoded.add("lastEvaluatedAt", evaluated_at);
    encoded
}

fn encode_started((repository, policy): (String, String), home: &Home) -> Document {
    document!({
        "registryId": home.account().to_string(),
        "repositoryName": repository,
        "lifecyclePolicyText": policy,
        "status": "IN_PROGRESS",
    })
}

fn decode_preview(input: &mut Input, home: &Home) -> Result<GetLifecyclePolicyPreview, Refusal> {
    Ok(GetLifecyclePolicyPreview {
        repository: repository_name(input, home)?,
        images: image_ids(input)?,
        tag_status: tag_status(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn encode_preview(preview: LifecyclePolicyPreview, home: &Home) -> Document {
    let results: Document = preview.results.iter().map(encode_result).collect();
    let archiving = [document!({"targetStorageClass": "ARCHIVE", "imageTotalCount": preview.archiving})];
    let archiving = if preview.archiving == 0 { Document::Null } else { document!(archiving) };
    object([
        ("registryId", document!(home.account().to_string())),
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
