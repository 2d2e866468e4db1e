//! Layers that a repository had in earlier rehearsals: what makes an account lived-in.
//!
//! An account in use has had most of an image's layers for months, and `docker push` says `Layer already exists` of them. A
//! rehearsal's account is new each time, so the engine would compress and upload the whole image each time, which takes
//! longer than everything else in a push (three to five seconds for 140 MB on two idle cores, all but a tenth of it the engine's compression). With known layers on, the store
//! remembers which repository was given which layer, and a later rehearsal's repository of the same name answers for it.
//!
//! Layers below [`LEAST_KNOWN_BYTES`] are never known. An image's configuration is always below, so that every push uploads
//! something, and a permission missing for uploads is found in the second rehearsal as it is in the first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use simulator_core::World;

use super::digest::Digest;
use super::store::{BlobStore, StoreError};

/// The least size of a known layer, in bytes.
pub(super) const LEAST_KNOWN_BYTES: u64 = 1 << 20;

/// Where in the store it is remembered: `pushed/<digest of the repository's full name>/<hex of the layer's digest>`.
pub(super) const DIRECTORY: &str = "pushed";

/// A layer that was not uploaded because an earlier rehearsal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLayer {
    /// The repository that was asked for it.
    pub repository: String,
    /// The layer's digest.
    pub digest: Digest,
    /// Its size in bytes, as stored.
    pub size: u64,
}

/// One repository of one account, in what the store remembers.
#[derive(Debug)]
pub(super) struct Memory {
    directory: PathBuf,
}

impl Memory {
    /// What `store` remembers of the repository called `name` in `world`'s account and Region; nothing if it is not to.
    pub(super) fn of(store: &BlobStore, world: &World, name: &str) -> Option<Self> {
        // A digest, because a repository's name may be longer than a file's and has slashes.
        let key = Digest::of(format!("{}/{}/{name}", world.account(), world.region()).as_bytes());
        store.knows_layers().then(|| Self { directory: store.root().join(DIRECTORY).join(key.hex()) })
    }

    /// Remembers that the repository was given the layer `digest`.
    pub(super) fn remember(&self, store: &BlobStore, digest: &Digest) -> Result<(), StoreError> {
        fs::create_dir_all(&self.directory)
            .and_then(|()| fs::write(self.directory.join(digest.hex()), []))
            .map_err(|source| store.unwritten(source))
    }

    /// Whether the repository was given the layer `digest` in an earlier rehearsal.
    pub(super) fn holds(&self, digest: &Digest) -> Result<bool, StoreError> {
        let path = self.directory.join(digest.hex());
        path.try_exists().map_err(|source| StoreError::Read { at: path, source })
    }
}

/// Forgets the layers in the store at `root` whose content is gone.
pub(super) fn forget_absent(root: &Path, exists: impl Fn(&Digest) -> bool) -> io::Result<()> {
    for repository in fs::read_dir(root.join(DIRECTORY))? {
        for layer in fs::read_dir(repository?.path())? {
            let layer = layer?;
            let digest = format!("sha256:{}", layer.file_name().to_string_lossy()).parse();
            if !digest.is_ok_and(|digest| exists(&digest)) {
                fs::remove_file(layer.path())?;
            }
        }
    }
    Ok(())
}
