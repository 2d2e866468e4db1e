//! Pushing images.

use std::collections::BTreeSet;

use super::image::{Contents, Image, ImageId, StoredImage};
use super::{invalid, repository_access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Puts an image into a repository that has its layers.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PutImage {
    /// The repository.
    pub repository: String,
    /// The image's tag, if it gets one.
    pub tag: Option<String>,
    /// The manifest.
    pub manifest: String,
    /// The manifest's media type.
    pub media_type: String,
    /// The manifest's digest, which the registry has computed.
    pub digest: String,
    /// Digests of what the manifest needs: its configuration and layers, or the manifests that it lists.
    pub layers: Vec<String>,
}

/// The answer to [`PutImage`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutImageOutput {
    /// The repository.
    pub repository: String,
    /// The digest, with the tag that was asked for.
    pub asked: ImageId,
    /// The image as it is now.
    pub image: Image,
}

impl Operation for PutImage {
    type Output = PutImageOutput;
    const NAME: &'static str = "ecr:PutImage";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository: name, tag, manifest, media_type, digest, layers } = authorized.operation;
        let asked = ImageId { tag: tag.clone(), digest: Some(digest.clone()) };
        check_tag(tag.as_deref())?;
        let (account, now) = (world.account.clone(), world.now);
        let repository = world.repository_mut(&name)?;
        let tagged = tag.as_ref().and_then(|tag| repository.image_tags.get(tag)).cloned();
        let known = repository.images.contains_key(&digest);
        if known && (tag.is_none() || tagged.as_ref() == Some(&digest)) {
            let tag = tag.map(|tag| format!(" and tag '{tag}'")).unwrap_or_default();
            let message = format!(
                "Image with digest '{digest}'{tag} already exists in the repository with name '{name}' in registry with id '{account}'"
            );
            return Err(Refusal::fault("ImageAlreadyExistsException", message));
        }
        if let (Some(tag), Some(_)) = (&tag, &tagged)
            && let Some(reason) = repository.mutability.holds(tag)
        {
            let message = format!(
                "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because {reason}."
            );
            return Err(Refusal::fault("ImageTagAlreadyExistsException", message));
        }
        let contents = Contents::read(&manifest);
        let (children, layers): (Vec<_>, Vec<_>) = layers.iter().partition(|digest| contents.children.contains(digest));
        let lacking = |needed: Vec<&String>, kind: &str, code, there: &dyn Fn(&String) -> bool| {
            let missing: Vec<&str> = needed.into_iter().filter(|digest| !there(digest)).map(String::as_str).collect();
            if missing.is_empty() {
                return Ok(());
            }
            let message = format!(
                "{kind} with digests '[{}]' required for pushing image into repository with name '{name}' in the registry with id '{account}' do not exist",
                missing.join(", ")
            );
            Err(Refusal::fault(code, message))
        };
        lacking(layers, "Layers", "LayersNotFoundException", &|digest| repository.layers.contains_key(digest))?;
        lacking(children, "Images", "ReferencedImagesNotFoundException", &|digest| {
            repository.images.contains_key(digest)
        })?;

        let stored = StoredImage { manifest, media_type, pushed_at: now, tags: BTreeSet::new(), contents, scan: None };
        repository.images.entry(digest.clone()).or_insert(stored);
        if let Some(tag) = tag {
            if let Some(before) = tagged.and_then(|before| repository.images.get_mut(&before)) {
                before.tags.remove(&tag);
            }
            repository.image_tags.insert(tag.clone(), digest.clone());
            repository.images.get_mut(&digest).expect("put in just now").tags.insert(tag);
        }
        let image = repository.image(&digest, &repository.images[&digest]);
        world.plan_lifecycle(&name);
        world.scan_pushed(&name, &digest);
        Ok(PutImageOutput { repository: name, asked, image })
    }
}

fn check_tag(tag: Option<&str>) -> Result<(), Refusal> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let sound = |tag: &str| (1..=300).contains(&tag.len()) && tag.chars().all(plain) && !tag.starts_with(['.', '-']);
    if tag.is_none_or(sound) {
        return Ok(());
    }
    Err(invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9-_.]*'"))
}
