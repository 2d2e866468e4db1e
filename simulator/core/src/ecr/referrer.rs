//! What refers to an image: signatures, attestations, bills of materials.

use super::image::Image;
use super::repository_access;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Lists the images whose subject is another one, whether or not that one is there.
#[derive(Clone, Debug)]
pub struct ListImageReferrers {
    /// The repository.
    pub repository: String,
    /// Digest of the image that they are about.
    pub subject: String,
}

impl Operation for ListImageReferrers {
    type Output = Vec<Image>;
    const NAME: &'static str = "ecr:ListImageReferrers";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        // ECR's API reference: whoever calls this "must have the ecr:BatchGetImage permission".
        Ok(vec![repository_access(world, "ecr:BatchGetImage", &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, subject } = authorized.operation;
        let repository = world.repository(&repository)?;
        let about = repository.images.iter().filter(|(_, image)| image.contents.subject.as_ref() == Some(&subject));
        Ok(about.map(|(digest, image)| repository.image(digest, image)).collect())
    }
}
