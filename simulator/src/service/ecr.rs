//! ECR on the wire: AWS JSON 1.1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use simulator_core::ecr::{
    AuthorizationData, BatchGetImage, BatchGetImageOutput, CreateRepository, DeleteRepository, DescribeImages,
    DescribeRepositories, Encryption, GetAuthorizationToken, GetLifecyclePolicy, Image, ImageDetail, ImageId,
    LifecyclePolicy, ListImages, ListTagsForResource, PutLifecyclePolicy, RepositoryDescription, TagMutability, TagResource,
    TagStatus,
};
use simulator_core::{Page, Refusal, World};

use super::json::{object, time};
use super::{Protocol, Service};
use crate::wire::{Input, row};

const INVALID: &str = "InvalidParameterException";

/// ECR and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "ecr",
        protocol: Protocol::Json { target: "AmazonEC2ContainerRegistry_V20150921" },
        operations: vec![
            row("GetAuthorizationToken", decode_token, encode_token),
            row("CreateRepository", decode_create, |repository, _| json!({"repository": encode_repository(&repository)})),
            row("DescribeRepositories", decode_repositories, |page: Page<RepositoryDescription>, _| {
                paged("repositories", &page, encode_repository)
            }),
            row("DeleteRepository", decode_delete, |repository, _| json!({"repository": encode_repository(&repository)})),
            row("TagResource", decode_tag, |(), _| json!({})),
            row("ListTagsForResource", decode_list_tags, |tags: std::collections::BTreeMap<String, String>, _| {
                let tags: Value = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                json!({"tags": tags})
            }),
            row("PutLifecyclePolicy", decode_put_lifecycle, encode_lifecycle),
            row("GetLifecyclePolicy", decode_get_lifecycle, encode_lifecycle),
            row("ListImages", decode_list_images, |page: Page<ImageId>, _| paged("imageIds", &page, encode_id)),
            row("DescribeImages", decode_describe_images, |page: Page<ImageDetail>, world| {
                let registry = world.account().to_string();
                paged("imageDetails", &page, |image| encode_detail(image, &registry))
            }),
            row("BatchGetImage", decode_get_images, encode_images),
        ],
    }
}

/// The account's own registry is the only one; the parameter may name it.
fn own_registry(input: &mut Input, world: &World) -> Result<(), Refusal> {
    match input.text("registryId")? {
        Some(other) if other != world.account().to_string() => {
            Err(Refusal::NotSimulated { what: format!("the ECR registry of account {other}") })
        }
        Some(_) | None => Ok(()),
    }
}

fn decode_token(input: &mut Input, _: &World) -> Result<GetAuthorizationToken, Refusal> {
    // Deprecated: the token is for any registry that its holder may use (BOTO).
    input.texts("registryIds")?;
    Ok(GetAuthorizationToken {})
}

fn encode_token(data: AuthorizationData, _: &World) -> Value {
    json!({"authorizationData": [{
        "authorizationToken": STANDARD.encode(format!("AWS:{}", data.password)),
        "expiresAt": time(data.expires_at),
        "proxyEndpoint": data.proxy_endpoint,
    }]})
}

fn decode_create(input: &mut Input, world: &World) -> Result<CreateRepository, Refusal> {
    own_registry(input, world)?;
    let mut filters = Vec::new();
    for mut filter in input.structures("imageTagMutabilityExclusionFilters")? {
        filter.text("filterType")?;
        filters.push(filter.required("filter", INVALID)?);
        filter.finish()?;
    }
    let scan_on_push = match input.structure("imageScanningConfiguration")? {
        None => false,
        Some(mut scanning) => {
            let on = scanning.boolean("scanOnPush")?.unwrap_or(false);
            scanning.finish()?;
            on
        }
    };
    let encryption = match input.structure("encryptionConfiguration")? {
        None => Encryption::default(),
        Some(mut encryption) => {
            let kind = encryption.required("encryptionType", INVALID)?;
            let parsed = Encryption::parse(&kind, encryption.text("kmsKey")?)?;
            encryption.finish()?;
            parsed
        }
    };
    Ok(CreateRepository {
        repository: input.required("repositoryName", INVALID)?,
        tags: tags(input)?,
        mutability: TagMutability::parse(input.text("imageTagMutability")?.as_deref(), filters)?,
        scan_on_push,
        encryption,
    })
}

fn decode_repositories(input: &mut Input, world: &World) -> Result<DescribeRepositories, Refusal> {
    own_registry(input, world)?;
    Ok(DescribeRepositories {
        repositories: input.texts("repositoryNames")?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn decode_delete(input: &mut Input, world: &World) -> Result<DeleteRepository, Refusal> {
    own_registry(input, world)?;
    Ok(DeleteRepository {
        repository: input.required("repositoryName", INVALID)?,
        force: input.boolean("force")?.unwrap_or(false),
    })
}

fn tags(input: &mut Input) -> Result<std::collections::BTreeMap<String, String>, Refusal> {
    let mut tags = std::collections::BTreeMap::new();
    for mut tag in input.structures("tags")? {
        let key = tag.required("Key", INVALID)?;
        tags.insert(key, tag.text("Value")?.unwrap_or_default());
        tag.finish()?;
    }
    Ok(tags)
}

fn decode_tag(input: &mut Input, _: &World) -> Result<TagResource, Refusal> {
    Ok(TagResource { resource: input.required("resourceArn", INVALID)?, tags: tags(input)? })
}

fn decode_list_tags(input: &mut Input, _: &World) -> Result<ListTagsForResource, Refusal> {
    Ok(ListTagsForResource { resource: input.required("resourceArn", INVALID)? })
}

fn decode_put_lifecycle(input: &mut Input, world: &World) -> Result<PutLifecyclePolicy, Refusal> {
    own_registry(input, world)?;
    Ok(PutLifecyclePolicy {
        repository: input.required("repositoryName", INVALID)?,
        policy: input.required("lifecyclePolicyText", INVALID)?,
    })
}

fn decode_get_lifecycle(input: &mut Input, world: &World) -> Result<GetLifecyclePolicy, Refusal> {
    own_registry(input, world)?;
    Ok(GetLifecyclePolicy { repository: input.required("repositoryName", INVALID)? })
}

fn encode_lifecycle(policy: LifecyclePolicy, world: &World) -> Value {
    json!({
        "registryId": world.account().to_string(),
        "repositoryName": policy.repository,
        "lifecyclePolicyText": policy.policy,
    })
}

/// `filter.tagStatus`.
fn tag_status(input: &mut Input) -> Result<TagStatus, Refusal> {
    let Some(mut filter) = input.structure("filter")? else { return Ok(TagStatus::Any) };
    let status = match filter.text("tagStatus")?.as_deref() {
        None | Some("ANY") => TagStatus::Any,
        Some("TAGGED") => TagStatus::Tagged,
        Some("UNTAGGED") => TagStatus::Untagged,
        Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid parameter at 'tagStatus': '{other}'"))),
    };
    filter.finish()?;
    Ok(status)
}

fn image_ids(input: &mut Input) -> Result<Vec<ImageId>, Refusal> {
    let mut ids = Vec::new();
    for mut id in input.structures("imageIds")? {
        ids.push(ImageId { tag: id.text("imageTag")?, digest: id.text("imageDigest")? });
        id.finish()?;
    }
    Ok(ids)
}

fn decode_list_images(input: &mut Input, world: &World) -> Result<ListImages, Refusal> {
    own_registry(input, world)?;
    Ok(ListImages {
        repository: input.required("repositoryName", INVALID)?,
        tag_status: tag_status(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn decode_describe_images(input: &mut Input, world: &World) -> Result<DescribeImages, Refusal> {
    own_registry(input, world)?;
    Ok(DescribeImages {
        repository: input.required("repositoryName", INVALID)?,
        images: image_ids(input)?,
        tag_status: tag_status(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn decode_get_images(input: &mut Input, world: &World) -> Result<BatchGetImage, Refusal> {
    own_registry(input, world)?;
    // Images are kept as they were pushed, and answered so whatever types the caller accepts.
    input.texts("acceptedMediaTypes")?;
    Ok(BatchGetImage { repository: input.required("repositoryName", INVALID)?, images: image_ids(input)? })
}

fn encode_images(output: BatchGetImageOutput, world: &World) -> Value {
    let registry = world.account().to_string();
    let encode = |(image, asked): (&Image, &ImageId)| {
        let tag = asked.tag.clone().or_else(|| image.tags.first().cloned());
        object([
            ("registryId", json!(registry)),
            ("imageId", object([("imageDigest", json!(image.digest)), ("imageTag", json!(tag))])),
            ("imageManifest", json!(image.manifest)),
            ("imageManifestMediaType", json!(image.media_type)),
        ])
    };
    let images: Value = output.found.iter().zip(&output.asked).map(encode).collect();
    let failures: Value = output
        .failures
        .iter()
        .map(|it| json!({"imageId": encode_id(&it.image), "failureCode": it.code, "failureReason": it.reason}))
        .collect();
    json!({"images": images, "failures": failures})
}

fn encode_id(id: &ImageId) -> Value {
    object([("imageTag", json!(id.tag)), ("imageDigest", json!(id.digest))])
}

fn encode_detail(image: &ImageDetail, registry: &str) -> Value {
    object([
        ("registryId", json!(registry)),
        ("imageDigest", json!(image.digest)),
        ("imageTags", if image.tags.is_empty() { Value::Null } else { json!(image.tags) }),
        ("imageSizeInBytes", json!(image.size)),
        ("imagePushedAt", time(image.pushed_at)),
        ("imageManifestMediaType", json!(image.media_type)),
        ("artifactMediaType", json!(image.artifact_type)),
        ("subjectManifestDigest", json!(image.subject)),
    ])
}

fn encode_repository(repository: &RepositoryDescription) -> Value {
    let encryption = match &repository.encryption {
        Encryption::Aes256 => json!({"encryptionType": "AES256"}),
        kms @ Encryption::Kms { key, .. } => {
            object([("encryptionType", json!(kms.kind())), ("kmsKey", json!(key))])
        }
    };
    json!({
        "repositoryArn": repository.arn.as_str(),
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": time(repository.created),
        "imageTagMutability": repository.mutability.mode(),
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": encryption,
    })
}

fn paged<T>(name: &'static str, page: &Page<T>, encode: impl Fn(&T) -> Value) -> Value {
    object([(name, page.items.iter().map(encode).collect()), ("nextToken", json!(page.next))])
}
