//! Pushing images to a registry.

use bollard::auth::DockerCredentials;
use bollard::errors::Error as ApiError;
use bollard::query_parameters::{PushImageOptionsBuilder, TagImageOptionsBuilder};
use futures_util::TryStreamExt;
use thiserror::Error;

use super::connect::Engine;

/// Why an image could not be pushed.
#[derive(Debug, Error)]
pub enum PushError {
    /// The engine does not name the image.
    #[error("could not tag `{image}` as `{reference}`")]
    Tag {
        /// The image.
        image: String,
        /// The name it was to have.
        reference: String,
        /// What the engine said.
        #[source]
        source: ApiError,
    },
    /// The registry refused.
    #[error("could not push `{reference}`: {message}")]
    Refused {
        /// The name.
        reference: String,
        /// What the registry said.
        message: String,
    },
    /// The engine went away.
    #[error("could not push `{reference}`")]
    Engine {
        /// The name.
        reference: String,
        /// What happened.
        #[source]
        source: ApiError,
    },
}

impl Engine {
    /// Names `image` `repository:tag`, where `repository` begins with the registry's address, and pushes it as user `AWS` with
    /// `password`.
    ///
    /// # Errors
    /// The engine does not name it, or the registry refuses it.
    pub async fn push(&self, image: &str, repository: &str, tag: &str, password: &str) -> Result<(), PushError> {
        let reference = format!("{repository}:{tag}");
        let naming = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        self.docker().tag_image(image, Some(naming)).await.map_err(|source| PushError::Tag {
            image: image.to_owned(),
            reference: reference.clone(),
            source,
        })?;
        let credentials = DockerCredentials {
            username: Some("AWS".to_owned()),
            password: Some(password.to_owned()),
            ..DockerCredentials::default()
        };
        let pushing = PushImageOptionsBuilder::default().tag(tag).build();
        let mut messages = self.docker().push_image(repository, Some(pushing), Some(credentials));
        loop {
            match messages.try_next().await {
                Ok(None) => return Ok(()),
                Ok(Some(message)) => {
                    if let Some(error) = message.error_detail.and_then(|it| it.message) {
                        return Err(PushError::Refused { reference, message: error });
                    }
                }
                // The client hands the registry's refusal on as an error of the stream.
                Err(ApiError::DockerStreamError { error }) => {
                    return Err(PushError::Refused { reference, message: error });
                }
                Err(source) => return Err(PushError::Engine { reference, source }),
            }
        }
    }
}
