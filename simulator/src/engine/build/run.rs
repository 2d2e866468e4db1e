//! One build, from the user's files to an image with a name.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::PathBuf;

use bollard::body_try_stream;
use bollard::errors::Error as ApiError;
use bollard::query_parameters::BuildImageOptionsBuilder;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use super::cache::{CacheError, reference};
use super::context::{Context, ContextError, DOCKERFILE};
use super::progress::{FailedStep, Follower, Progress};
use super::recipe::{Recipe, RecipeError};
use crate::engine::connect::Engine;
use crate::engine::digest::Digest;
use crate::engine::pull::PullError;
use crate::engine::rehearsal::Rehearsal;
use crate::engine::{is_absent, label, said};

/// So much of a context is sent at a time.
const PIECE: usize = 64 * 1024;

/// How often a build is begun that others take the steps or the image away from.
const TRIES: usize = 5;

/// What to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The directory whose files the Dockerfile can copy.
    pub context: PathBuf,
    /// The Dockerfile, which may stand elsewhere.
    pub dockerfile: PathBuf,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// The stage to build; none means the last.
    pub target: Option<String>,
}

/// An image that was built, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltImage {
    /// The engine's id of it.
    pub id: String,
    /// The name under which it is kept.
    pub reference: String,
    /// Whether it was there already.
    pub reused: bool,
}

/// Why an image was not built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The Dockerfile cannot be built.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The context cannot be sent.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// An image that the build starts from is neither here nor to be had.
    #[error("could not get the image `{image}` that the Dockerfile starts from")]
    Base {
        /// The image.
        image: String,
        /// Why not.
        #[source]
        source: PullError,
    },
    /// A step failed.
    #[error("the build failed{}: {message}", step.place())]
    Step {
        /// Which, and what it wrote.
        step: FailedStep,
        /// What the builder said.
        message: String,
    },
    /// The engine's disk is full.
    #[error("no space is left on the engine's disk{}", step.place())]
    NoSpace {
        /// Where it was noticed.
        step: FailedStep,
    },
    /// Somebody changed a file of the context in the middle of it.
    #[error("the files of the build context changed while they were sent")]
    Changed,
    /// The built image could not be kept.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The engine refused or went away.
    #[error("could not build the image")]
    Engine(#[source] ApiError),
    /// The task that reads the files ended early.
    #[error("could not read the build context")]
    Reader(#[source] JoinError),
}

impl BuildError {
    /// What the reader can do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Base { .. } => Some("where no registry answers, make a stand-in for the image (see fixtures/images)"),
            Self::NoSpace { .. } => {
                Some("free space on the engine's disk: `greenroom clean --cache`, `docker system prune`")
            }
            Self::Changed => Some("run it again"),
            Self::Recipe(RecipeError::BuildKit { .. }) => Some(
                "build the image yourself and name it, or leave the option out: `--mount=type=cache` and `--link` only \
                 make builds quicker",
            ),
            Self::Recipe(_)
            | Self::Context(_)
            | Self::Step { .. }
            | Self::Cache(_)
            | Self::Engine(_)
            | Self::Reader(_) => None,
        }
    }
}

/// Whether a builder says that a step is not there any more which it had just found: another rehearsal of this project removed an image that
/// had led through it. Each of its words for that was seen on Docker 20.10.
fn is_gone(message: &str) -> bool {
    ["No such image", "unable to find image", "unknown parent image ID", "failed to get digest"]
        .iter()
        .any(|begin| message.starts_with(begin))
}

impl Engine {
    /// Builds `build` for `rehearsal`, whose network must be open: the build's commands run in it. Says what it does
    /// through `show`.
    ///
    /// # Errors
    /// The files are unfit, a step fails, or the engine does.
    pub async fn build(
        &self,
        rehearsal: &Rehearsal,
        build: &Build,
        mut show: impl FnMut(Progress<'_>) + Send,
    ) -> Result<BuiltImage, BuildError> {
        let project = rehearsal.project();
        let recipe = Recipe::read(&build.dockerfile, project, &build.arguments)?;
        let bases = self.bases(&recipe, &mut show).await?;
        let tar = self.digest_context(build, &recipe).await?;
        let digest = self.digest(build, &bases, &tar);
        let name = reference(project, digest.short(), None);
        if let Some(id) = self.used(&name).await? {
            return Ok(BuiltImage { id, reference: name, reused: true });
        }
        for _ in 0..TRIES {
            match self.run(rehearsal, build, &recipe, &digest, &tar, &mut show).await {
                Err(BuildError::Step { message, .. }) if is_gone(&message) => continue,
                result => result?,
            }
            self.trim_cache(project).await;
            // Another rehearsal of this project may have had it among the oldest and be removing it by its name.
            if let Some(id) = self.used(&name).await? {
                return Ok(BuiltImage { id, reference: name, reused: false });
            }
        }
        let message = format!("others removed `{name}`, or what it is made of, {TRIES} times while it was built");
        Err(BuildError::Step { step: FailedStep::default(), message })
    }

    /// The id of the image that is kept under `name`, if it is there: it is used now, and kept longer than those that are not.
    async fn used(&self, name: &str) -> Result<Option<String>, BuildError> {
        let Some(id) = self.image_id(name).await.map_err(BuildError::Engine)? else { return Ok(None) };
        match self.keep(&id, name).await {
            Ok(()) => Ok(Some(id)),
            Err(CacheError::Keep { source, .. }) if is_absent(&source) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The images that the build starts from, with their ids.
    async fn bases(
        &self,
        recipe: &Recipe,
        show: &mut impl FnMut(Progress<'_>),
    ) -> Result<Vec<(String, String)>, BuildError> {
        let mut bases = Vec::new();
        for image in &recipe.images {
            let mut id = self.image_id(image).await.map_err(BuildError::Engine)?;
            if id.is_none() {
                show(Progress::Pulling { image });
                let pulled = self.pull(image, image, None).await;
                pulled.map_err(|source| BuildError::Base { image: image.clone(), source })?;
                id = self.image_id(image).await.map_err(BuildError::Engine)?;
            }
            bases.push((image.clone(), id.unwrap_or_default()));
        }
        Ok(bases)
    }

    async fn digest_context(&self, build: &Build, recipe: &Recipe) -> Result<Digest, BuildError> {
        let context = Context::open(&build.context, &build.dockerfile)?;
        let text = recipe.text.clone();
        let digest = spawn_blocking(move || {
            let mut hashing = Hashing::into(io::sink());
            context.write_tar(&text, &mut hashing).map(|()| Digest::from(hashing.hasher))
        });
        Ok(digest.await.map_err(BuildError::Reader)??)
    }

    /// The digest of everything that the image is made from.
    fn digest(&self, build: &Build, bases: &[(String, String)], tar: &Digest) -> Digest {
        let Build { context: _, dockerfile: _, arguments, target } = build;
        let architecture = &self.facts().architecture;
        Digest::of(format!("greenroom build 1\n{tar}\n{architecture}\n{bases:?}\n{arguments:?}\n{target:?}").as_bytes())
    }

    async fn run(
        &self,
        rehearsal: &Rehearsal,
        build: &Build,
        recipe: &Recipe,
        digest: &Digest,
        expected: &Digest,
        show: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), BuildError> {
        let project = rehearsal.project();
        let mut options = BuildImageOptionsBuilder::default()
            .dockerfile(DOCKERFILE)
            .t(&reference(project, digest.short(), None))
            .rm(true)
            .forcerm(true)
            .labels(&HashMap::from([(label::CACHE, digest.short())]))
            .buildargs(&build.arguments.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
            // By its network the builder's containers are told from those of others.
            .networkmode(&rehearsal.id().network_name());
        if let Some(target) = &build.target {
            options = options.target(target);
        }
        let (tar, reader) = self.stream_context(build, recipe)?;
        let mut follower = Follower::new(&recipe.instruction, recipe.stages_to(build.target.as_deref()));
        let mut said = self.docker().build_image(options.build(), None, Some(body_try_stream(tar)));
        let mut failure = None;
        while let Some(piece) = said.next().await {
            match piece {
                Ok(piece) => follower.take(piece.stream.as_deref().unwrap_or_default(), show),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        drop(said);
        let sent = reader.await.map_err(BuildError::Reader)?;
        let stages = follower.stage_images();
        // The last stage's image is the build's own, and has its name from the builder, unless the build failed.
        let nameless = if failure.is_some() { stages.len() } else { stages.len().saturating_sub(1) };
        for (stage, image) in &stages[..nameless] {
            let kept = self.keep(image, &reference(project, digest.short(), Some(*stage))).await;
            // A stage that the build has no use for any more may be gone; then it is not left over either.
            match kept {
                Err(CacheError::Keep { source, .. }) if is_absent(&source) => {}
                kept if failure.is_none() => kept?,
                _ => {}
            }
        }
        match failure {
            Some(error) => {
                self.trim_cache(project).await;
                Err(explain(error, follower, recipe, sent))
            }
            None if sent? != *expected => Err(BuildError::Changed),
            None => Ok(()),
        }
    }

    /// The context as a stream, and the digest of what was sent.
    #[expect(clippy::type_complexity, reason = "the two halves of one thing, named where they are taken apart")]
    fn stream_context(
        &self,
        build: &Build,
        recipe: &Recipe,
    ) -> Result<
        (
            impl futures_util::Stream<Item = io::Result<Bytes>> + Send + use<>,
            tokio::task::JoinHandle<Result<Digest, ContextError>>,
        ),
        BuildError,
    > {
        let context = Context::open(&build.context, &build.dockerfile)?;
        let text = recipe.text.clone();
        let (pieces, sent) = mpsc::channel(8);
        let reader = spawn_blocking(move || {
            let buffered = io::BufWriter::with_capacity(PIECE, Sending { pieces: pieces.clone() });
            let mut hashing = Hashing::into(buffered);
            let written = context.write_tar(&text, &mut hashing);
            if let Err(error) = &written {
                // The engine must not take half a context for a whole one.
                let _ = pieces.blocking_send(Err(io::Error::other(error.to_string())));
            }
            written.map(|()| Digest::from(hashing.hasher))
        });
        let stream = stream::unfold(sent, |mut sent| async move { sent.recv().await.map(|piece| (piece, sent)) });
        Ok((stream, reader))
    }
}

fn explain(error: ApiError, follower: Follower, recipe: &Recipe, sent: Result<Digest, ContextError>) -> BuildError {
    // Where the files could not be read, that is the cause of everything after it. A receiver that went away is not one.
    match sent {
        Err(error @ (ContextError::Read { .. } | ContextError::Name { .. })) => return error.into(),
        Err(ContextError::Send(_) | ContextError::NotADirectory { .. } | ContextError::Ignore { .. }) | Ok(_) => {}
    }
    let spoke = matches!(error, ApiError::DockerStreamError { .. } | ApiError::DockerResponseServerError { .. });
    if !spoke {
        return BuildError::Engine(error);
    }
    let message = said(&error);
    let step = follower.failed_step();
    let is_full = |text: &str| text.to_lowercase().contains("no space left on device");
    if is_full(&message) || step.output.iter().any(|line| is_full(line)) {
        return BuildError::NoSpace { step };
    }
    BuildError::Step { step, message: recipe.with_original_lines(&message) }
}

/// Hashes what it passes on.
struct Hashing<W> {
    output: W,
    hasher: Sha256,
}

impl<W> Hashing<W> {
    fn into(output: W) -> Self {
        Self { output, hasher: Sha256::new() }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Writes into a channel.
struct Sending {
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.pieces.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What builders said of which others removed what they had found.
    #[test]
    fn what_others_took_away_is_told_from_what_a_step_says() {
        for (message, expected) in [
            ("No such image: sha256:806b", true),
            ("unable to find image \"sha256:f2df\"", true),
            ("unknown parent image ID sha256:5992", true),
            ("failed to get digest sha256:806b: open /var/lib/docker/…: no such file or directory", true),
            ("COPY failed: file not found in build context", false),
            ("The command '/bin/sh -c docker pull x' returned a non-zero code: 1", false),
        ] {
            assert_eq!(is_gone(message), expected, "{message}");
        }
    }
}
