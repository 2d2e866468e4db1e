//! The built images that are kept, and how few.

use std::collections::{BTreeMap, HashMap};

use bollard::errors::Error as ApiError;
use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder};
use thiserror::Error;

use crate::engine::connect::Engine;
use crate::engine::{is_absent, label, status};

/// Every image that is kept has a name that begins so.
const PREFIX: &str = "greenroom-cache/";

/// As many builds of one project are kept.
const KEPT: usize = 6;

/// How often the engine is asked to remove an image before it is believed that it does not.
const TRIES: usize = 3;

/// Why the kept images could not be seen to.
#[derive(Debug, Error)]
pub enum CacheError {
    /// The engine does not list them.
    #[error("could not list the images that are kept between rehearsals")]
    List(#[source] ApiError),
    /// The engine does not name one.
    #[error("could not keep the image `{reference}`")]
    Keep {
        /// The name it was to have.
        reference: String,
        /// What the engine said.
        #[source]
        source: ApiError,
    },
    /// The engine does not remove one.
    #[error("could not remove the image `{reference}`")]
    Remove {
        /// Its name.
        reference: String,
        /// What the engine said.
        #[source]
        source: ApiError,
    },
}

/// An image that is kept between rehearsals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// Its name.
    pub reference: String,
    /// Its size in bytes, of which it may share much with others.
    pub size: u64,
}

/// The name under which the build with `digest` is kept; that of its stage `stage`, if one is given.
pub(super) fn reference(project: &str, digest: &str, stage: Option<usize>) -> String {
    let suffix = stage.map_or_else(String::new, |stage| format!(".{stage}"));
    format!("{PREFIX}{project}:{digest}{suffix}")
}

impl Engine {
    /// The images that are kept between rehearsals, by name: those of `project`, or all.
    ///
    /// # Errors
    /// The engine does not list them.
    pub async fn cached(&self, project: Option<&str>) -> Result<Vec<Cached>, CacheError> {
        let pattern = format!("{PREFIX}{}", project.unwrap_or("*"));
        let options = ListImagesOptionsBuilder::default().filters(&named(&pattern)).build();
        let images = self.docker().list_images(Some(options)).await.map_err(CacheError::List)?;
        let mut cached = Vec::new();
        for image in images {
            // Somebody else may use such a name; what we keep carries our label as well.
            if image.labels.contains_key(label::CACHE) || image.labels.contains_key(label::BUILD) {
                let size = u64::try_from(image.size).unwrap_or(0);
                let names = image.repo_tags.into_iter().filter(|name| name.starts_with(PREFIX));
                cached.extend(names.map(|reference| Cached { reference, size }));
            }
        }
        cached.sort_by(|one, other| one.reference.cmp(&other.reference));
        Ok(cached)
    }

    /// Removes the images that are kept between rehearsals: those of `project`, or all. A living rehearsal that uses one
    /// has it under another name too.
    ///
    /// # Errors
    /// The engine does not remove one.
    pub async fn clear_cache(&self, project: Option<&str>) -> Result<Vec<Cached>, CacheError> {
        let cached = self.cached(project).await?;
        for image in &cached {
            self.remove_cached(&image.reference).await?;
        }
        Ok(cached)
    }

    /// Names `image`, which a build has come to, so that it is kept.
    pub(super) async fn keep(&self, image: &str, reference: &str) -> Result<(), CacheError> {
        let (repository, tag) = reference.rsplit_once(':').expect("a reference of the cache has a tag");
        let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        let tagged = self.docker().tag_image(image, Some(options)).await;
        tagged.map_err(|source| CacheError::Keep { reference: reference.to_owned(), source })
    }

    /// Keeps the builds of `project` that were used last, and no more of them than [`KEPT`]. What cannot be removed now is
    /// tried again after the next build; this one is none the worse for it.
    pub(super) async fn trim_cache(&self, project: &str) {
        if let Err(error) = self.remove_oldest(project).await {
            tracing::warn!(project, error = %error, "old builds are still kept");
        }
    }

    async fn remove_oldest(&self, project: &str) -> Result<(), CacheError> {
        let options = ListImagesOptionsBuilder::default().filters(&named(&format!("{PREFIX}{project}"))).build();
        let images = self.docker().list_images(Some(options)).await.map_err(CacheError::List)?;
        // When an image was named last is when it was used last: each use names it anew.
        let mut builds: BTreeMap<String, (Option<_>, Vec<String>)> = BTreeMap::new();
        for image in images {
            let inspected = self.docker().inspect_image(&image.id).await;
            let named_at = inspected.ok().and_then(|inspected| inspected.metadata?.last_tag_time);
            for name in image.repo_tags {
                let Some(tag) = name.strip_prefix(&format!("{PREFIX}{project}:")) else { continue };
                let digest = tag.split('.').next().unwrap_or(tag).to_owned();
                let (used, names) = builds.entry(digest).or_default();
                *used = named_at.max(used.take());
                names.push(name);
            }
        }
        let mut builds: Vec<_> = builds.into_values().collect();
        builds.sort_by(|(one, _), (other, _)| other.cmp(one));
        for (used, names) in builds.into_iter().skip(KEPT) {
            for reference in names {
                // Somebody may have come to use it since it was found to be among the oldest.
                let now = self.docker().inspect_image(&reference).await.ok();
                if now.and_then(|now| now.metadata?.last_tag_time) <= used {
                    self.remove_cached(&reference).await?;
                }
            }
        }
        Ok(())
    }

    /// The image goes when this was its last name, and with it the nameless steps that led to it and nothing else.
    async fn remove_cached(&self, reference: &str) -> Result<(), CacheError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.docker().remove_image(reference, None::<RemoveImageOptions>, None).await {
                Ok(_) => return Ok(()),
                Err(error) if is_absent(&error) => return Ok(()),
                // The engine stumbles over steps that somebody else removes at the same moment, and not a second time.
                Err(error) if status(&error) == Some(500) && tries < TRIES => {}
                Err(source) => return Err(CacheError::Remove { reference: reference.to_owned(), source }),
            }
        }
    }
}

fn named(pattern: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("reference".to_owned(), vec![pattern.to_owned()])])
}
