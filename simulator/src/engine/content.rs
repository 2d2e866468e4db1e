//! What an image holds.

use std::collections::HashMap;

use bollard::errors::Error as ApiError;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, CreateContainerOptions, RemoveContainerOptionsBuilder,
};

use super::connect::Engine;
use super::rehearsal::Rehearsal;
use super::status;

impl Engine {
    /// Whether `image` has a file at one of `paths`. Looked up in a container of `rehearsal` that is never started.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn has_any(&self, rehearsal: &Rehearsal, image: &str, paths: &[&str]) -> Result<bool, ApiError> {
        let config = self.docker().inspect_image(image).await?.config.unwrap_or_default();
        // The image's volumes would otherwise be made for it, without our labels.
        let volumes: HashMap<_, _> = config.volumes.into_iter().flatten().map(|path| (path, String::new())).collect();
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            // An image without a command of its own cannot be made a container of otherwise.
            cmd: Some(vec!["never".to_owned()]),
            labels: Some(rehearsal.labels()),
            host_config: Some(HostConfig { tmpfs: Some(volumes), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let id = self.docker().create_container(None::<CreateContainerOptions>, body).await?.id;
        let found = self.look_in(&id, paths).await;
        let options = RemoveContainerOptionsBuilder::new().force(true).build();
        self.docker().remove_container(&id, Some(options)).await?;
        found
    }

    async fn look_in(&self, container: &str, paths: &[&str]) -> Result<bool, ApiError> {
        for path in paths {
            let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
            match self.docker().get_container_archive_info(container, Some(options)).await {
                Ok(_) => return Ok(true),
                Err(error) if status(&error) == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
