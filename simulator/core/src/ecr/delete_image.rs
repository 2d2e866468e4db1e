//! Deleting images.

use super::image::{ImageFailure, ImageId};
use super::read_image::{check_batch, failure, ids};
use super::{Repository, repository_access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Deletes images by digest, or tags; an image whose last tag goes, goes with it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BatchDeleteImage {
    /// The repository.
    pub repository: String,
    /// Which: at most 100.
    pub images: Vec<ImageId>,
}

/// The answer to [`BatchDeleteImage`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchDeleteImageOutput {
    /// What was deleted.
    pub deleted: Vec<ImageId>,
    /// What was not.
    pub failures: Vec<ImageFailure>,
}

impl Operation for BatchDeleteImage {
    type Output = BatchDeleteImageOutput;
    const NAME: &'static str = "ecr:BatchDeleteImage";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository: name, images } = authorized.operation;
        check_batch(&images)?;
        let repository = world.repository_mut(&name)?;
        let mut output = BatchDeleteImageOutput { deleted: Vec::new(), failures: Vec::new() };
        for id in images {
            match repository.delete(id) {
                Ok(deleted) => output.deleted.extend(deleted),
                Err(failure) => output.failures.push(failure),
            }
        }
        world.plan_lifecycle(&name);
        Ok(output)
    }
}

impl Repository {
    /// Deletes what `id` names, and answers every name that goes.
    pub(super) fn delete(&mut self, id: ImageId) -> Result<Vec<ImageId>, ImageFailure> {
        let Some(digest) = self.resolve(&id) else { return Err(self.unresolved(id)) };
        let parents = self.images.iter().filter(|(_, image)| image.contents.children.contains(&digest));
        let parents: Vec<&str> = parents.map(|(parent, _)| parent.as_str()).collect();
        let referenced = (!parents.is_empty())
            .then(|| format!("Requested image referenced by manifest list: [{}]", parents.join(", ")));
        let image = self.images.get_mut(&digest).expect("resolved just now");
        if let Some(tag) = &id.tag {
            // A tag goes alone while the image has others, or while an index needs the image.
            if image.tags.len() > 1 || referenced.is_some() {
                image.tags.remove(tag);
                self.image_tags.remove(tag);
                return Ok(vec![ImageId { tag: Some(tag.clone()), digest: Some(digest) }]);
            }
        } else if let Some(reason) = referenced {
            return Err(ImageFailure { image: id, code: "ImageReferencedByManifestList", reason });
        }
        let deleted = ids(&digest, image);
        for tag in &image.tags {
            self.image_tags.remove(tag);
        }
        self.images.remove(&digest);
        Ok(deleted)
    }

    fn unresolved(&self, id: ImageId) -> ImageFailure {
        let tagged = id.tag.as_ref().is_some_and(|tag| self.image_tags.contains_key(tag));
        if tagged && id.digest.is_some() {
            let reason = "The provided image tag does not match the provided image digest".to_owned();
            return ImageFailure { image: id, code: "ImageTagDoesNotMatchDigest", reason };
        }
        failure(id)
    }
}
