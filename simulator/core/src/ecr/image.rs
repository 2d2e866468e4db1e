//! Images as they are kept and as they are named.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::Repository;
use super::scan::Scan;
use crate::time::Timestamp;

/// An image, its manifest included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Digest of the manifest.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The manifest.
    pub manifest: String,
    /// The manifest's media type.
    pub media_type: String,
    /// Bytes of its layers; of an index, those of its largest image.
    pub size: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
}

/// Names an image by its tag, its digest, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ImageId {
    /// A tag.
    pub tag: Option<String>,
    /// The digest of the manifest.
    pub digest: Option<String>,
}

impl fmt::Display for ImageId {
    /// As AWS's messages have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |part: &Option<String>| part.as_deref().unwrap_or("null").to_owned();
        write!(f, "{{imageDigest:'{}', imageTag:'{}'}}", text(&self.digest), text(&self.tag))
    }
}

/// Why one of several images was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFailure {
    /// Which.
    pub image: ImageId,
    /// AWS's code.
    pub code: &'static str,
    /// AWS's sentence.
    pub reason: String,
}

/// An image in a repository.
#[derive(Clone, Debug)]
pub(super) struct StoredImage {
    pub(super) manifest: String,
    pub(super) media_type: String,
    pub(super) pushed_at: Timestamp,
    pub(super) tags: BTreeSet<String>,
    /// What the manifest is made of.
    pub(super) contents: Contents,
    /// Its last scan.
    pub(super) scan: Option<Scan>,
}

/// What a manifest says of its parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// Bytes of its layers.
    pub(super) layer_bytes: u64,
    /// Digests of its configuration and layers.
    pub(super) layers: Vec<String>,
    /// Digests of the manifests that an index lists.
    pub(super) children: Vec<String>,
    /// Media type of the image's configuration.
    pub(super) artifact_type: Option<String>,
    /// Digest of the manifest that it is about.
    pub(super) subject: Option<String>,
}

impl Contents {
    /// Reads a manifest; what it does not say is empty.
    pub(super) fn read(manifest: &str) -> Self {
        let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |key: &str| manifest[key].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            layer_bytes: list("layers").iter().filter_map(|layer| layer["size"].as_u64()).sum(),
            layers: std::iter::once(&manifest["config"])
                .chain(list("layers"))
                .filter_map(|layer| text(&layer["digest"]))
                .collect(),
            children: list("manifests").iter().filter_map(|child| text(&child["digest"])).collect(),
            artifact_type: text(&manifest["artifactType"]).or_else(|| text(&manifest["config"]["mediaType"])),
            subject: text(&manifest["subject"]["digest"]),
        }
    }
}

impl Repository {
    /// The digest of the image that `id` names, if there is one and its tag and digest agree.
    pub(super) fn resolve(&self, id: &ImageId) -> Option<String> {
        let tagged = id.tag.as_ref().map(|tag| self.image_tags.get(tag));
        match (tagged, &id.digest) {
            (Some(tagged), None) => tagged.cloned(),
            (None, Some(digest)) => self.images.contains_key(digest).then(|| digest.clone()),
            (Some(tagged), Some(digest)) => tagged.filter(|tagged| *tagged == digest).cloned(),
            (None, None) => None,
        }
    }

    /// Bytes of an image's layers; of an index, those of its largest image.
    pub(super) fn size(&self, image: &StoredImage) -> u64 {
        let children = image.contents.children.iter().filter_map(|child| self.images.get(child));
        let largest = children.map(|child| child.contents.layer_bytes).max();
        largest.unwrap_or(0).max(image.contents.layer_bytes)
    }

    pub(super) fn image(&self, digest: &str, image: &StoredImage) -> Image {
        Image {
            digest: digest.to_owned(),
            tags: image.tags.iter().cloned().collect(),
            manifest: image.manifest.clone(),
            media_type: image.media_type.clone(),
            size: self.size(image),
            pushed_at: image.pushed_at,
        }
    }
}
