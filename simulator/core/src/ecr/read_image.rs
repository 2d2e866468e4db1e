//! Reading images: manifests, lists and descriptions.

use super::image::{Image, ImageFailure, ImageId, StoredImage};
use super::{Repository, bad_token, invalid, page_size, repository_access};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Reads images with their manifests.
#[derive(Clone, Debug)]
pub struct BatchGetImage {
    /// The repository.
    pub repository: String,
    /// Which: at most 100.
    pub images: Vec<ImageId>,
}

/// The answer to [`BatchGetImage`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchGetImageOutput {
    /// The images that there are, in the order in which they were asked for.
    pub found: Vec<Image>,
    /// How each of `found` was asked for.
    pub asked: Vec<ImageId>,
    /// The rest.
    pub failures: Vec<ImageFailure>,
}

impl Operation for BatchGetImage {
    type Output = BatchGetImageOutput;
    const NAME: &'static str = "ecr:BatchGetImage";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, images } = authorized.operation;
        check_batch(&images)?;
        let repository = world.repository(&repository)?;
        let mut output = BatchGetImageOutput { found: Vec::new(), asked: Vec::new(), failures: Vec::new() };
        for id in images {
            match repository.resolve(&id).and_then(|digest| repository.images.get_key_value(&digest)) {
                Some((digest, image)) => {
                    output.found.push(repository.image(digest, image));
                    output.asked.push(id);
                }
                None => output.failures.push(failure(id)),
            }
        }
        Ok(output)
    }
}

/// Whether images are to have tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TagStatus {
    /// It does not matter.
    #[default]
    Any,
    /// They have.
    Tagged,
    /// They have none.
    Untagged,
}

impl TagStatus {
    pub(super) const fn admits(self, tagged: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Tagged => tagged,
            Self::Untagged => !tagged,
        }
    }
}

/// Lists images: one entry for each tag, and one for each image without any.
#[derive(Clone, Debug, Default)]
pub struct ListImages {
    /// The repository.
    pub repository: String,
    /// Whether they are to have tags.
    pub tag_status: TagStatus,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most entries of a page, 1 to 1000; none means all.
    pub limit: Option<i64>,
}

impl Operation for ListImages {
    type Output = Page<ImageId>;
    const NAME: &'static str = "ecr:ListImages";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, tag_status, next_token, limit } = authorized.operation;
        let images =
            world.repository(&repository)?.images.iter().filter(|(_, image)| tag_status.admits(!image.tags.is_empty()));
        let ids = images.flat_map(|(digest, image)| ids(digest, image));
        let keyed = ids.map(|id| {
            (format!("{} {}", id.digest.as_deref().unwrap_or_default(), id.tag.as_deref().unwrap_or_default()), id)
        });
        page(keyed, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token)
    }
}

/// Describes images: those named, or all.
#[derive(Clone, Debug, Default)]
pub struct DescribeImages {
    /// The repository.
    pub repository: String,
    /// Which; empty means all.
    pub images: Vec<ImageId>,
    /// Whether they are to have tags.
    pub tag_status: TagStatus,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most images of a page, 1 to 1000; none means all.
    pub limit: Option<i64>,
}

/// An image as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDetail {
    /// Digest of the manifest.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Bytes of its layers; of an index, those of its largest image.
    pub size: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
    /// The manifest's media type.
    pub media_type: String,
    /// Media type of the configuration.
    pub artifact_type: Option<String>,
    /// Digest of the manifest that it is about.
    pub subject: Option<String>,
}

impl Operation for DescribeImages {
    type Output = Page<ImageDetail>;
    const NAME: &'static str = "ecr:DescribeImages";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository: name, images, tag_status, next_token, limit } = authorized.operation;
        let repository = world.repository(&name)?;
        if images.is_empty() {
            let chosen = repository.images.iter().filter(|(_, image)| tag_status.admits(!image.tags.is_empty()));
            let described = chosen.map(|(digest, image)| (digest, describe(repository, digest, image)));
            return page(described, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token);
        }
        check_batch(&images)?;
        let mut items: Vec<ImageDetail> = Vec::new();
        for id in images {
            let digest = repository.resolve(&id).ok_or_else(|| no_image(world, &name, &id))?;
            if items.iter().all(|item| item.digest != digest) {
                items.push(describe(repository, &digest, &repository.images[&digest]));
            }
        }
        Ok(Page { items, next: None })
    }
}

fn describe(repository: &Repository, digest: &str, image: &StoredImage) -> ImageDetail {
    ImageDetail {
        digest: digest.to_owned(),
        tags: image.tags.iter().cloned().collect(),
        size: repository.size(image),
        pushed_at: image.pushed_at,
        media_type: image.media_type.clone(),
        artifact_type: image.contents.artifact_type.clone(),
        subject: image.contents.subject.clone(),
    }
}

pub(super) fn no_image(world: &World, repository: &str, id: &ImageId) -> Refusal {
    let account = &world.account;
    let message = format!(
        "The image with imageId {id} does not exist within the repository with name '{repository}' in the registry with id '{account}'"
    );
    Refusal::fault("ImageNotFoundException", message)
}

/// An image's names: each tag with the digest, or the digest alone.
pub(super) fn ids(digest: &str, image: &StoredImage) -> Vec<ImageId> {
    let id = |tag: Option<&String>| ImageId { tag: tag.cloned(), digest: Some(digest.to_owned()) };
    if image.tags.is_empty() { vec![id(None)] } else { image.tags.iter().map(|tag| id(Some(tag))).collect() }
}

/// At least one image, and at most 100.
pub(super) fn check_batch(images: &[ImageId]) -> Result<(), Refusal> {
    if (1..=100).contains(&images.len()) {
        return Ok(());
    }
    Err(invalid("imageIds", "must have between 1 and 100 members"))
}

/// Why there is no image for `id`.
pub(super) fn failure(id: ImageId) -> ImageFailure {
    let (code, reason) = match (&id.tag, &id.digest) {
        (None, None) => ("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"),
        (_, Some(digest)) if !is_digest(digest) => ("InvalidImageDigest", "Invalid image digest provided"),
        _ => ("ImageNotFound", "Requested image not found"),
    };
    ImageFailure { image: id, code, reason: reason.to_owned() }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:");
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
