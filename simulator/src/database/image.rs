//! The database's image: found on the engine, else pulled.

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;

use super::{DatabaseError, Engine};

/// The image that a database runs from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUsed {
    /// As it was asked for, such as `postgres:15`.
    pub reference: String,
    /// The engine's id of it.
    pub id: String,
    /// Whether it is one of greenroom's stand-ins, built from Debian packages where no registry answered.
    pub stand_in: bool,
    /// The paths that hold the server's data.
    pub(super) volumes: Vec<String>,
}

impl ImageUsed {
    /// Finds the image on the engine, or pulls it.
    pub(super) async fn find(docker: &Docker, engine: Engine, reference: &str) -> Result<Self, DatabaseError> {
        let unavailable =
            |source: Error| DatabaseError::FindImage { image: reference.to_owned(), reason: source.to_string() };
        let found = match docker.inspect_image(reference).await {
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
                let (name, tag) = split(reference);
                let pull = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
                docker
                    .create_image(Some(pull), None, None)
                    .try_for_each(|_| async { Ok(()) })
                    .await
                    .map_err(unavailable)?;
                docker.inspect_image(reference).await
            }
            answer => answer,
        }
        .map_err(unavailable)?;
        let config = found.config.unwrap_or_default();
        let mut volumes: Vec<String> = config.volumes.unwrap_or_default();
        volumes.sort();
        if volumes.is_empty() {
            volumes.push(engine.data_directory().to_owned());
        }
        let stand_in = config.labels.unwrap_or_default().contains_key("greenroom.stand-in");
        Ok(Self { reference: reference.to_owned(), id: found.id.unwrap_or_default(), stand_in, volumes })
    }

    /// Name and tag, as testcontainers wants them: joined by a colon they are the reference again.
    pub(super) fn name_and_tag(&self) -> (&str, &str) {
        split(&self.reference)
    }
}

fn split(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        Some(_) | None => (reference, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn references_are_split_at_the_tag() {
        assert_eq!(split("postgres:15"), ("postgres", "15"));
        assert_eq!(split("postgres"), ("postgres", "latest"));
        assert_eq!(split("localhost:5000/postgres"), ("localhost:5000/postgres", "latest"));
        assert_eq!(split("localhost:5000/postgres:15"), ("localhost:5000/postgres", "15"));
        assert_eq!(split("postgres@sha256:abc"), ("postgres@sha256", "abc"));
    }
}
