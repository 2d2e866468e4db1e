//! Layers: which a repository has, and the steps of uploading one. The bytes are the registry's.

use super::layer_call::Upload;
use super::{invalid, repository_access};
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Asks which layers a repository has.
#[derive(Clone, Debug)]
pub struct BatchCheckLayerAvailability {
    /// The repository.
    pub repository: String,
    /// The layers' digests.
    pub digests: Vec<String>,
}

impl Operation for BatchCheckLayerAvailability {
    /// Each digest with its size in bytes, or nothing where the repository does not have it.
    type Output = Vec<(String, Option<u64>)>;
    const NAME: &'static str = "ecr:BatchCheckLayerAvailability";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, digests } = authorized.operation;
        if !(1..=100).contains(&digests.len()) {
            return Err(invalid("layerDigests", "must have between 1 and 100 members"));
        }
        let layers = &world.repository(&repository)?.layers;
        Ok(digests
            .into_iter()
            .map(|digest| (layers.get(&digest).copied(), digest))
            .map(|(size, digest)| (digest, size))
            .collect())
    }
}

/// Begins the upload of a layer.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InitiateLayerUpload {
    /// The repository.
    pub repository: String,
}

impl Operation for InitiateLayerUpload {
    /// The upload's id.
    type Output = String;
    const NAME: &'static str = "ecr:InitiateLayerUpload";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository } = authorized.operation;
        world.repository(&repository)?;
        let id = [8, 4, 4, 4, 12].map(|length| world.ids.hex(IdKind::Registry, length)).join("-");
        world.repository_mut(&repository)?.uploads.insert(id.clone(), Upload::default());
        Ok(id)
    }
}

/// Goes on with an upload.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UploadLayerPart {
    /// The repository.
    pub repository: String,
    /// The upload's id.
    pub upload_id: String,
}

impl Operation for UploadLayerPart {
    type Output = ();
    const NAME: &'static str = "ecr:UploadLayerPart";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { repository, upload_id } = authorized.operation;
        if world.repository(&repository)?.uploads.contains_key(&upload_id) {
            Ok(())
        } else {
            Err(no_upload(world, &repository, &upload_id))
        }
    }
}

/// Ends an upload: the repository has the layer from now on.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompleteLayerUpload {
    /// The repository.
    pub repository: String,
    /// The upload's id; none where the layer came from another repository without any.
    pub upload_id: Option<String>,
    /// The layer's digest.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Operation for CompleteLayerUpload {
    type Output = ();
    const NAME: &'static str = "ecr:CompleteLayerUpload";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { repository, upload_id, digest, size } = authorized.operation;
        let target = world.repository_mut(&repository)?;
        if let Some(id) = upload_id
            && target.uploads.remove(&id).is_none()
        {
            return Err(no_upload(world, &repository, &id));
        }
        target.layers.insert(digest, size);
        Ok(())
    }
}

/// Asks for a layer.
#[derive(Clone, Debug)]
pub struct GetDownloadUrlForLayer {
    /// The repository.
    pub repository: String,
    /// The layer's digest.
    pub digest: String,
}

impl Operation for GetDownloadUrlForLayer {
    /// The layer's size in bytes.
    type Output = u64;
    const NAME: &'static str = "ecr:GetDownloadUrlForLayer";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<u64, Refusal> {
        let Self { repository, digest } = authorized.operation;
        let layers = &world.repository(&repository)?.layers;
        layers.get(&digest).copied().ok_or_else(|| no_layer(world, &repository, &digest))
    }
}

impl World {
    /// Whether the upload `id` of a layer to `repository` has begun and not ended.
    #[must_use]
    pub fn has_upload(&self, repository: &str, id: &str) -> bool {
        self.ecr.repositories.get(repository).is_some_and(|repository| repository.uploads.contains_key(id))
    }
}

pub(super) fn no_layer(world: &World, repository: &str, digest: &str) -> Refusal {
    let account = &world.account;
    let message = format!(
        "The layer with digest '{digest}' does not exist in the repository with name '{repository}' in registry with id '{account}'"
    );
    Refusal::fault("LayersNotFoundException", message)
}

pub(super) fn no_upload(world: &World, repository: &str, id: &str) -> Refusal {
    let account = &world.account;
    let message = format!(
        "The layer upload '{id}' could not be found in the repository with name '{repository}' in registry with id '{account}'"
    );
    Refusal::fault("UploadNotFoundException", message)
}
