//! A blob on its way in: written to disk and hashed as it comes.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::OwnedMutexGuard;

use super::blocking::away;
use super::digest::Digest;

/// Bytes that are written and hashed in one go, off the asynchronous threads.
const BATCH_BYTES: usize = 1 << 20;

/// A blob on its way in. Dropped before it is kept, it leaves nothing, unless it may be gone on with after a restart.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) file: File,
    path: TempPath,
    hasher: Sha256,
    received: u64,
}

/// How far a blob had come, to go back to.
#[derive(Debug)]
pub(super) struct Mark {
    hasher: Sha256,
    received: u64,
}

/// Why [`receive`] stopped before the end.
#[derive(Debug)]
pub(super) enum Broken {
    /// The sender went away. What it sent until then has been received.
    Sender,
    /// Our disk did not take it. Everything before this batch has been received.
    Disk(io::Error),
}

impl Incoming {
    /// An empty one with a temporary name in `directory`.
    pub(super) fn create_in(directory: &Path) -> io::Result<Self> {
        let (file, path) = NamedTempFile::new_in(directory)?.into_parts();
        Ok(Self { file, path, hasher: Sha256::new(), received: 0 })
    }

    /// An empty one at `path`, which stays there when it is dropped: see [`Incoming::resume`] and [`Incoming::leave_nothing`].
    pub(super) fn create_at(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        Ok(Self { file, path: staying(path)?, hasher: Sha256::new(), received: 0 })
    }

    /// What an earlier process received at `path`, if anything: all that is there, which it may not have acknowledged.
    pub(super) fn resume(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let (hasher, received) = hash(&file)?;
        Ok(Some(Self { file, path: staying(path)?, hasher, received }))
    }

    /// Nothing stays of it when it is dropped.
    pub(super) fn leave_nothing(&mut self) {
        self.path.disable_cleanup(false);
    }

    /// Bytes received so far.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Digest of what was received so far.
    pub(super) fn digest(&self) -> Digest {
        Digest::finished(self.hasher.clone())
    }

    /// Where it stands now.
    pub(super) fn mark(&self) -> Mark {
        Mark { hasher: self.hasher.clone(), received: self.received }
    }

    /// Forgets what was received since `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        (self.hasher, self.received) = (mark.hasher, mark.received);
        // What stays behind the end would be taken for received after a restart. The digest would find that out.
        if let Err(error) = self.file.set_len(self.received) {
            tracing::debug!(%error, "an upload keeps what it has forgotten");
        }
    }

    /// Takes `chunks`, all or none of them.
    pub(super) fn append(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        let before = self.mark();
        for chunk in chunks {
            // Written at its place, not where the last write ended: a write that failed halfway leaves nothing to undo.
            if let Err(error) = self.file.write_all_at(chunk, self.received) {
                self.rewind(before);
                return Err(error);
            }
            self.hasher.update(chunk);
            self.received += chunk.len() as u64;
        }
        Ok(())
    }

    /// Gives it the name `path`. Nothing may be appended afterwards.
    pub(super) fn persist(&mut self, path: &Path) -> io::Result<()> {
        // What was received and then forgotten may still stand behind the end.
        self.file.set_len(self.received)?;
        fs::rename(&self.path, path)?;
        self.path.disable_cleanup(true);
        Ok(())
    }
}

/// `path`, so that dropping it leaves the file there.
fn staying(path: &Path) -> io::Result<TempPath> {
    let mut path = TempPath::try_from_path(path)?;
    path.disable_cleanup(true);
    Ok(path)
}

/// The hash and length of all that is in `file`, from its start.
pub(super) fn hash(mut file: &File) -> io::Result<(Sha256, u64)> {
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; BATCH_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hasher, length)),
            read => {
                hasher.update(&buffer[..read]);
                length += read as u64;
            }
        }
    }
}

/// Receives all of `body` into `incoming`, holding two batches in memory at most: one is written while the next one comes.
/// Cancelling it is safe: `incoming` then holds the batches that were complete.
pub(super) async fn receive<E>(
    mut incoming: OwnedMutexGuard<Incoming>,
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
) -> (OwnedMutexGuard<Incoming>, Result<(), Broken>) {
    let (mut batch, mut rest) = next_batch(body).await;
    loop {
        let write = away(move || {
            let written = incoming.append(&batch);
            (incoming, written)
        });
        // Reading goes on during the write, unless the body has ended.
        let (written, next) = if matches!(rest, Rest::More) {
            let (written, next) = tokio::join!(write, next_batch(body));
            (written, Some(next))
        } else {
            (write.await, None)
        };
        let outcome;
        (incoming, outcome) = written;
        if let Err(error) = outcome {
            return (incoming, Err(Broken::Disk(error)));
        }
        match (next, rest) {
            (Some(next), _) => (batch, rest) = next,
            (None, Rest::Broken) => return (incoming, Err(Broken::Sender)),
            (None, _) => return (incoming, Ok(())),
        }
    }
}

/// What follows a batch.
enum Rest {
    More,
    End,
    Broken,
}

async fn next_batch<E>(body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) -> (Vec<Bytes>, Rest) {
    let (mut batch, mut length) = (Vec::new(), 0);
    while length < BATCH_BYTES {
        match body.next().await {
            Some(Ok(chunk)) => {
                length += chunk.len();
                batch.push(chunk);
            }
            Some(Err(_)) => return (batch, Rest::Broken),
            None => return (batch, Rest::End),
        }
    }
    (batch, Rest::More)
}
