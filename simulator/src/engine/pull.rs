//! Fetching images from registries.

use bollard::auth::DockerCredentials;
use bollard::errors::Error as ApiError;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;
use thiserror::Error;

use super::connect::Engine;
use super::said::{said, status};

/// Why an image could not be fetched. The texts are those that end up in a stopped task's reason, where the real service
/// has one (`facts/aws.md` 3.2).
#[derive(Debug, Error)]
pub enum PullError {
    /// The registry does not have it.
    #[error("failed to resolve ref {image}: {image}: not found")]
    NotFound {
        /// The image as it was asked for.
        image: String,
    },
    /// The registry does not give it, or says nothing of what it does not give.
    #[error(
        "failed to resolve ref {image}: pull access denied, repository does not exist or may require authorization: \
         server message: {message}"
    )]
    Denied {
        /// The image as it was asked for.
        image: String,
        /// What the registry said.
        message: String,
    },
    /// No registry answers.
    #[error("failed to resolve ref {image}: failed to do request: {message}")]
    Unreachable {
        /// The image as it was asked for.
        image: String,
        /// What the network said.
        message: String,
    },
    /// The engine's disk is full.
    #[error("failed to extract {image}: no space left on device")]
    NoSpace {
        /// The image as it was asked for.
        image: String,
    },
    /// Something else.
    #[error("failed to pull {image}: {message}")]
    Other {
        /// The image as it was asked for.
        image: String,
        /// What the engine said.
        message: String,
    },
}

impl Engine {
    /// Whether the engine has `image`; its id, if so.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn image_id(&self, image: &str) -> Result<Option<String>, ApiError> {
        match self.docker().inspect_image(image).await {
            Ok(inspected) => Ok(inspected.id),
            // An image's name that is malformed is one that the engine does not have.
            Err(error) if matches!(status(&error), Some(400 | 404)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fetches `image`, with `credentials` for its registry. In errors it is called `shown_as`.
    ///
    /// # Errors
    /// The image does not come.
    pub async fn pull(
        &self,
        image: &str,
        shown_as: &str,
        credentials: Option<DockerCredentials>,
    ) -> Result<(), PullError> {
        let options = CreateImageOptionsBuilder::default().from_image(&with_tag(image)).build();
        let progress = self.docker().create_image(Some(options), None, credentials);
        let pulled = progress.try_for_each(|_| async { Ok(()) }).await;
        pulled.map_err(|error| explain(shown_as, &renamed(&said(&error), image, shown_as)))
    }
}

/// Without a tag the engine would fetch every tag that the repository has.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

/// `message` with `image` and its registry's address replaced by what they are called here.
fn renamed(message: &str, image: &str, shown_as: &str) -> String {
    let message = message.replace(image, shown_as);
    match (image.split_once('/'), shown_as.split_once('/')) {
        (Some((host, path)), Some((shown_host, shown_path))) if path == shown_path && host != shown_host => {
            message.replace(&format!("http://{host}/"), &format!("https://{shown_host}/")).replace(host, shown_host)
        }
        _ => message,
    }
}

fn explain(image: &str, message: &str) -> PullError {
    let image = image.to_owned();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["no space left on device"]) {
        return PullError::NoSpace { image };
    }
    // A registry that hides what it refuses says both; then it is a refusal, as on the real service.
    if says(&["denied", "unauthorized", "no basic auth credentials", "authentication required"]) {
        let message = message.rsplit_once("denied: ").map_or(message, |(_, reason)| reason).to_owned();
        return PullError::Denied { image, message };
    }
    if says(&["manifest unknown", "name unknown", "not found"]) {
        return PullError::NotFound { image };
    }
    if says(&["dial tcp", "no such host", "connection refused", "timeout", "request canceled", "x509", "EOF"]) {
        return PullError::Unreachable { image, message: message.to_owned() };
    }
    PullError::Other { image, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_words_become_those_of_a_stopped_task() {
        for (message, expected) in [
            (
                "manifest for r/news-api:1 not found: manifest unknown: Requested image not found",
                "failed to resolve ref r/news-api:1: r/news-api:1: not found",
            ),
            (
                "pull access denied for r/news-api, repository does not exist or may require 'docker login': denied: not yours",
                "failed to resolve ref r/news-api:1: pull access denied, repository does not exist or may require \
                 authorization: server message: not yours",
            ),
            (
                "Head \"https://r/v2/\": dial tcp: lookup r: no such host",
                "failed to resolve ref r/news-api:1: failed to do request: Head \"https://r/v2/\": dial tcp: lookup r: no such host",
            ),
            (
                "failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device",
                "failed to extract r/news-api:1: no space left on device",
            ),
            ("something new", "failed to pull r/news-api:1: something new"),
        ] {
            assert_eq!(explain("r/news-api:1", message).to_string(), expected);
        }
    }

    #[test]
    fn one_tag_is_fetched_and_not_all_of_them() {
        for (image, expected) in [
            ("nginx", "nginx:latest"),
            ("nginx:1", "nginx:1"),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest"),
            ("a/b@sha256:00", "a/b@sha256:00"),
        ] {
            assert_eq!(with_tag(image), expected);
        }
    }

    #[tokio::test]
    async fn an_image_that_no_registry_has_is_not_there() {
        let engine = Engine::connect().await.expect("these tests need a Docker engine");
        assert_eq!(engine.image_id("greenroom-test/absent:1").await.expect("asked"), None);
        assert_eq!(engine.image_id("NOT A NAME").await.expect("asked"), None);
        let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
        let image = format!("{unused}/absent:1");
        let error = engine.pull(&image, "registry/absent:1", None).await.expect_err("nothing listens there");
        assert!(matches!(&error, PullError::Unreachable { image, .. } if image == "registry/absent:1"), "{error}");
    }
}
