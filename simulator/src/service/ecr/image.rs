//! Images.

use simulator_core::ecr::{
    BatchDeleteImage, BatchDeleteImageOutput, BatchGetImage, BatchGetImageOutput, DescribeImages, Image, ImageDetail,
    ImageFailure, ImageId, ListImages, PutImage, PutImageOutput, TagStatus,
};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, paged, repository_name};
use crate::registry::{Digest, manifest_needs};
use crate::service::json::{object, time};
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("ListImages", decode_list_images, |page: Page<ImageId>, _| paged("imageIds", &page, encode_id)),
        row("DescribeImages", decode_describe_images, encode_details),
        row("BatchGetImage", decode_get_images, encode_images),
        row("BatchDeleteImage", decode_delete_images, encode_deleted),
        row("PutImage", decode_put_image, encode_put),
    ]
}

/// Takes `filter.tagStatus`.
pub(super) fn tag_status(input: &mut Input) -> Result<TagStatus, Refusal> {
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

/// Takes `imageIds`.
pub(super) fn image_ids(input: &mut Input) -> Result<Vec<ImageId>, Refusal> {
    let mut ids = Vec::new();
    for mut id in input.structures("imageIds")? {
        ids.push(ImageId { tag: id.text("imageTag")?, digest: id.text("imageDigest")? });
        id.finish()?;
    }
    Ok(ids)
}

fn decode_list_images(input: &mut Input, home: &Home) -> Result<ListImages, Refusal> {
    Ok(ListImages {
        repository: repository_name(input, home)?,
        tag_status: tag_status(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn decode_describe_images(input: &mut Input, home: &Home) -> Result<DescribeImages, Refusal> {
    Ok(DescribeImages {
        repository: repository_name(input, home)?,
        images: image_ids(input)?,
        tag_status: tag_status(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn decode_get_images(input: &mut Input, home: &Home) -> Result<BatchGetImage, Refusal> {
    // Images are kept as they were pushed, and answered so whatever types the caller accepts.
    input.texts("acceptedMediaTypes")?;
    Ok(BatchGetImage { repository: repository_name(input, home)?, images: image_ids(input)? })
}

fn encode_images(output: BatchGetImageOutput, home: &Home) -> Document {
    let registry = home.account().to_string();
    let encode = |(image, asked): (&Image, &ImageId)| {
        let tag = asked.tag.clone().or_else(|| image.tags.first().cloned());
        object([
            ("registryId", document!(&registry)),
            ("imageId", object([("imageDigest", document!(&image.digest)), ("imageTag", document!(tag))])),
            ("imageManifest", document!(&image.manifest)),
            ("imageManifestMediaType", document!(&image.media_type)),
        ])
    };
    let images: Document = output.found.iter().zip(&output.asked).map(encode).collect();
    document!({"images": images, "failures": encode_failures(&output.failures)})
}

fn decode_delete_images(input: &mut Input, home: &Home) -> Result<BatchDeleteImage, Refusal> {
    Ok(BatchDeleteImage { repository: repository_name(input, home)?, images: image_ids(input)? })
}

fn encode_deleted(output: BatchDeleteImageOutput, _: &Home) -> Document {
    let deleted: Document = output.deleted.iter().map(encode_id).collect();
    document!({"imageIds": deleted, "failures": encode_failures(&output.failures)})
}

fn encode_failures(failures: &[ImageFailure]) -> Document {
    let encode = |failure: &ImageFailure| {
        let ImageFailure { image, code, reason } = failure;
        document!({"imageId": encode_id(image), "failureCode": code, "failureReason": reason})
    };
    failures.iter().map(encode).collect()
}

/// A manifest that is put by the API, as when an image gets another tag: it names its layers, and its digest is its own.
fn decode_put_image(input: &mut Input, home: &Home) -> Result<PutImage, Refusal> {
    let repository = repository_name(input, home)?;
    let manifest = input.required("imageManifest", INVALID)?;
    let digest = Digest::of(manifest.as_bytes()).to_string();
    if let Some(given) = input.text("imageDigest")?
        && given != digest
    {
        let message = format!("The provided image digest '{given}' does not match the calculated digest '{digest}'");
        return Err(Refusal::fault("ImageDigestDoesNotMatchException", message));
    }
    let given_type = input.text("imageManifestMediaType")?;
    let (media_type, needs) = manifest_needs(&manifest, given_type.as_deref()).map_err(|wrong| {
        let constraint = format!("Invalid image manifest provided: {wrong}");
        Refusal::fault(
            INVALID,
            format!("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{constraint}'"),
        )
    })?;
    let layers = needs.iter().map(Digest::to_string).collect();
    Ok(PutImage { repository, tag: input.text("imageTag")?, manifest, media_type, digest, layers })
}

fn encode_put(put: PutImageOutput, home: &Home) -> Document {
    let PutImageOutput { repository, asked, image } = put;
    document!({"image": object([
        ("registryId", document!(home.account().to_string())),
        ("repositoryName", document!(repository)),
        ("imageId", encode_id(&asked)),
        ("imageManifest", document!(image.manifest)),
        ("imageManifestMediaType", document!(image.media_type)),
    ])})
}

fn encode_details(page: Page<ImageDetail>, home: &Home) -> Document {
    let registry = home.account().to_string();
    paged("imageDetails", &page, |image| encode_detail(image, &registry))
}

pub(super) fn encode_id(id: &ImageId) -> Document {
    object([("imageTag", document!(&id.tag)), ("imageDigest", document!(&id.digest))])
}

fn encode_detail(image: &ImageDetail, registry: &str) -> Document {
    object([
        ("registryId", document!(&registry)),
        ("imageDigest", document!(&image.digest)),
        ("imageTags", if image.tags.is_empty() { Document::Null } else { document!(&image.tags) }),
        ("imageSizeInBytes", document!(image.size)),
        ("imagePushedAt", time(image.pushed_at)),
        ("imageManifestMediaType", document!(&image.media_type)),
        ("artifactMediaType", document!(&image.artifact_type)),
        ("subjectManifestDigest", document!(&image.subject)),
    ])
}
