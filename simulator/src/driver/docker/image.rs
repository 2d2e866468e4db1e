//! Images: those of the simulated ECR come from its registry, all others from the engine or wherever it can get them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bollard::auth::DockerCredentials;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared as SharedFuture};
use simulator_core::Observation;
use simulator_core::ecr::without_tag;
use simulator_core::effect::Pull;

use super::Shared;
use crate::engine::{Engine, said};

/// The pulls that are under way. Who asks for the same image with the same permission waits for the same pull.
#[derive(Debug, Default)]
pub(super) struct Images {
    under_way: Mutex<HashMap<Asked, SharedFuture<BoxFuture<'static, Pulled>>>>,
}

/// The image's real name and the token.
type Asked = (String, Option<String>);

type Pulled = Result<(), String>;

impl Shared {
    /// Fetches an image for a container.
    pub(super) async fn pull(&self, pull: Pull) -> Observation {
        let Pull { task, container, image, digest, token } = pull;
        match self.fetch(&image, digest.as_deref(), token).await {
            Ok(()) => Observation::ImagePulled { task, container },
            Err(message) => Observation::ImageNotPulled { task, container, message },
        }
    }

    /// What the engine knows `image` by: an image of the simulated ECR stands under its registry's address, and one that was pulled
    /// by digest under that.
    pub(super) fn real_name(&self, image: &str, digest: Option<&str>) -> String {
        let name = match self.in_registry(image) {
            Some(path) => format!("{}/{path}", self.registry.address),
            None => image.to_owned(),
        };
        match digest {
            Some(digest) => format!("{}@{digest}", without_tag(&name)),
            None => name,
        }
    }

    fn in_registry<'a>(&self, image: &'a str) -> Option<&'a str> {
        let (host, path) = image.split_once('/')?;
        (host == self.registry.host || host == self.registry.address.to_string()).then_some(path)
    }

    async fn fetch(&self, image: &str, digest: Option<&str>, token: Option<String>) -> Pulled {
        let real_name = self.real_name(image, digest);
        let is_ours = self.in_registry(image).is_some();
        let asked = (real_name.clone(), token.clone());
        let pulling = {
            let mut under_way = self.images.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            let (engine, image) = (self.engine.clone(), image.to_owned());
            let pulling = under_way.entry(asked.clone()).or_insert_with(|| {
                async move {
                    if is_ours {
                        pull_ours(&engine, &real_name, &image, token).await
                    } else {
                        have(&engine, &image).await
                    }
                }
                .boxed()
                .shared()
            });
            pulling.clone()
        };
        let pulled = pulling.await;
        // The next one asks anew: the image may have been pushed again, or the permission taken away.
        self.images.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&asked);
        pulled
    }
}

/// Pulls from the simulated ECR each time, as the real service does: only the registry knows whether it still may.
async fn pull_ours(engine: &Engine, real_name: &str, image: &str, token: Option<String>) -> Pulled {
    let credentials = token.map(|password| DockerCredentials {
        username: Some("AWS".to_owned()),
        password: Some(password),
        ..DockerCredentials::default()
    });
    engine.pull(real_name, image, credentials).await.map_err(|error| error.to_string())
}

/// Makes sure that an image from elsewhere is there. One that is there is taken as it is: where no registry answers there
/// is no other.
async fn have(engine: &Engine, image: &str) -> Pulled {
    if engine.image_id(image).await.map_err(|error| said(&error))?.is_some() {
        return Ok(());
    }
    engine.pull(image, image, None).await.map_err(|error| error.to_string())
}
