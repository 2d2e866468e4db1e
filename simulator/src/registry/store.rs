//! Image layers on disk, named by their content: `<root>/sha256/ab/<hex>`.
//!
//! The store is a cache that several rehearsals may share, at the same time or one after another. It knows content and
//! nothing else: which repository holds which layer is the World's knowledge.
//!
//! **Crashes.** A blob is written under a temporary name in a directory of its own process and gets its real name, by a rename,
//! only after its digest is known: a name never stands for half a blob after a crash of the process. A cache flushes nothing to
//! the disk, so that no push waits for it; after a power failure a name may stand for torn content. Therefore every blob that this
//! process has not itself written is read and checked before it is first trusted.
//! What a dead process left half written is removed when the store is next opened; a lock tells the dead from the living.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::digest::Digest;
use super::incoming::{Incoming, hash};
use super::known;

/// When the store is opened and nobody else uses it, the blobs used longest ago are removed until this many bytes remain.
const KEPT_BYTES: u64 = 8 << 30;

/// The blobs' directory in the store.
const BLOBS: &str = "sha256";

/// The directory of unfinished uploads that survive the process, in a store that is no cache.
const UPLOADS: &str = "uploads";

/// An upload that was left alone for so long is not resumed any more. ECR does not say how long it waits.
pub(super) const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Name of the file that says, by being locked, that a directory's owner lives.
const LOCK: &str = "lock";

/// Why image layers could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full. What was being uploaded can be resumed once there is room.
    #[error("no space left for image layers at `{}`", at.display())]
    NoSpace {
        /// The root of the store.
        at: PathBuf,
    },
    /// The store's directories could not be made or read.
    #[error("cannot open the store of image layers at `{}`", at.display())]
    Open {
        /// What was opened.
        at: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A layer could not be written.
    #[error("cannot write an image layer at `{}`", at.display())]
    Write {
        /// The root of the store.
        at: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A layer that the account has is not in the store: somebody removed it.
    #[error("the image layer `{}` is gone", at.display())]
    Gone {
        /// The layer's file.
        at: PathBuf,
    },
    /// A layer could not be read.
    #[error("cannot read the image layer `{}`", at.display())]
    Read {
        /// The layer's file.
        at: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// A blob that is there, whole.
#[derive(Debug)]
pub(super) struct Blob {
    /// Open for reading, at its start. It stays readable whatever happens to its name.
    pub(super) file: File,
    /// Its length in bytes.
    pub(super) size: u64,
}

/// Image layers on disk. Cloning it is cheap, and the clones are one store.
#[derive(Clone, Debug)]
pub struct BlobStore {
    inner: Arc<Inner>,
    known_layers: bool,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    claim: Claim,
    /// Whether unfinished uploads survive the process, and a blob with a name the machine.
    lasting: bool,
    /// Blobs whose content this process has written or checked.
    trusted: Mutex<BTreeSet<Digest>>,
}

/// The directory that this process writes unfinished uploads to. Dropping it removes them.
#[derive(Debug)]
struct Claim {
    directory: TempDir,
    /// Locked for as long as the process lives. The system lets go of it whatever ends the process.
    _lock: File,
}

impl BlobStore {
    /// Opens the store at `root`, making it where there is none, and sweeps what crashed processes left half written.
    ///
    /// # Errors
    /// The directories cannot be made, read or locked.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        Self::open_keeping(root, KEPT_BYTES)
    }

    /// The same of a store that is no cache: nothing that it holds is ever removed, blobs are on the disk before they have a name, and
    /// uploads can be gone on with by a later process. One process at a time may have it open.
    ///
    /// # Errors
    /// The directories cannot be made, read or locked.
    pub fn open_whole(root: &Path) -> Result<Self, StoreError> {
        forget_abandoned(&root.join(UPLOADS)).map_err(|source| StoreError::Open { at: root.to_owned(), source })?;
        Self::open_with(root, u64::MAX, true)
    }

    /// The same with `kept` bytes at most left over from earlier processes.
    pub(super) fn open_keeping(root: &Path, kept: u64) -> Result<Self, StoreError> {
        Self::open_with(root, kept, false)
    }

    fn open_with(root: &Path, kept: u64, lasting: bool) -> Result<Self, StoreError> {
        let claim = claim(root, kept).map_err(|source| StoreError::Open { at: root.to_owned(), source })?;
        let inner = Inner { root: root.to_owned(), claim, lasting, trusted: Mutex::new(BTreeSet::new()) };
        Ok(Self { inner: Arc::new(inner), known_layers: false })
    }

    /// The same store, which also remembers which repository was given which layer, and answers for it in later rehearsals:
    /// the account is then like one that has been in use. [`super::Registry::known_layers`] says what was answered for. A
    /// repository is known by its name alone: one that is deleted and made again still has the large layers of the first.
    #[must_use]
    pub fn with_known_layers(self) -> Self {
        Self { known_layers: true, ..self }
    }

    /// Whether it remembers.
    pub(super) const fn knows_layers(&self) -> bool {
        self.known_layers
    }

    /// The directory that holds everything.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// A directory for whatever goes with this process at the latest.
    pub(super) fn directory(&self) -> io::Result<TempDir> {
        TempDir::new_in(self.inner.claim.directory.path())
    }

    /// A new blob, empty so far, for the upload `id`.
    pub(super) fn begin(&self, id: &str) -> Result<Incoming, StoreError> {
        let begun = match self.upload(id) {
            Some(path) => Incoming::create_at(&path),
            None => Incoming::create_in(self.inner.claim.directory.path()),
        };
        begun.map_err(|source| self.unwritten(source))
    }

    /// What an earlier process received for the upload `id`, if it can be gone on with.
    pub(super) fn resume(&self, id: &str) -> Result<Option<Incoming>, StoreError> {
        let Some(path) = self.upload(id) else { return Ok(None) };
        Incoming::resume(&path).map_err(|source| StoreError::Read { at: path, source })
    }

    /// Where the upload `id` is kept beyond the process, in a store that does, if it can be a file's name.
    fn upload(&self, id: &str) -> Option<PathBuf> {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        (self.inner.lasting && is_plain && !id.is_empty()).then(|| self.inner.root.join(UPLOADS).join(id))
    }

    /// Whether uploads survive the process.
    pub(super) fn is_lasting(&self) -> bool {
        self.inner.lasting
    }

    /// Gives `incoming` its real name, which is its digest. A blob of that name is replaced: it has the same content, or is
    /// damaged.
    pub(super) fn keep(&self, incoming: &mut Incoming) -> Result<(), StoreError> {
        let digest = incoming.digest();
        let path = self.path(&digest);
        let directory = path.parent().expect("a blob's path ends in two names below the root");
        fs::create_dir_all(directory)
            .and_then(|()| if self.inner.lasting { incoming.file.sync_data() } else { Ok(()) })
            .and_then(|()| incoming.persist(&path))
            .map_err(|source| self.unwritten(source))?;
        self.trust(digest);
        Ok(())
    }

    /// The blob called `digest`, or nothing if it is absent. One that does not have the content its name promises is
    /// removed and absent. Reads the whole blob the first time this process asks for one it has not written.
    pub(super) fn find(&self, digest: &Digest) -> Result<Option<Blob>, StoreError> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Read { at: path, source }),
        };
        let unread = |source| StoreError::Read { at: path.clone(), source };
        if !self.trusts(digest) {
            if &hash(&file).map(|(hasher, _)| Digest::finished(hasher)).map_err(unread)? != digest {
                tracing::warn!(path = %path.display(), "an image layer is damaged and is removed");
                fs::remove_file(&path).map_err(unread)?;
                return Ok(None);
            }
            (&file).rewind().map_err(unread)?;
            // What was used lately is kept longest. Where the file is another user's, its time stays as it is.
            if let Err(error) = file.set_modified(SystemTime::now()) {
                tracing::debug!(path = %path.display(), %error, "the use of an image layer is not recorded");
            }
            self.trust(digest.clone());
        }
        let size = file.metadata().map_err(unread)?.len();
        Ok(Some(Blob { file, size }))
    }

    /// Where the blob called `digest` is, if it is.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        path_in(self.root(), digest)
    }

    /// `source`, which happened while writing, as an error that says what to do about it.
    pub(super) fn unwritten(&self, source: io::Error) -> StoreError {
        let at = self.inner.root.clone();
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            StoreError::NoSpace { at }
        } else {
            StoreError::Write { at, source }
        }
    }

    fn trust(&self, digest: Digest) {
        self.inner.trusted.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
    }

    fn trusts(&self, digest: &Digest) -> bool {
        self.inner.trusted.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }
}

/// Where the blob called `digest` is, if it is.
fn path_in(root: &Path, digest: &Digest) -> PathBuf {
    root.join(BLOBS).join(&digest.hex()[..2]).join(digest.hex())
}

/// Makes the store's directories, removes what the dead left, and takes a directory for this process.
fn claim(root: &Path, kept: u64) -> io::Result<Claim> {
    let incoming = root.join("incoming");
    for directory in [&incoming, &root.join(BLOBS), &root.join(known::DIRECTORY)] {
        fs::create_dir_all(directory)?;
    }
    // One process at a time opens the store: nobody sweeps a directory that is made but not yet locked.
    let gate = open_lock(&incoming)?;
    gate.lock()?;
    if sweep(&incoming)? == 0 {
        trim(&root.join(BLOBS), kept)?;
        known::forget_absent(root, |digest| path_in(root, digest).exists())?;
    }
    let directory = TempDir::new_in(&incoming)?;
    let lock = open_lock(directory.path())?;
    lock.lock()?;
    Ok(Claim { directory, _lock: lock })
}

/// Makes the directory `uploads`, and removes what was left alone in it for long.
fn forget_abandoned(uploads: &Path) -> io::Result<()> {
    fs::create_dir_all(uploads)?;
    for entry in fs::read_dir(uploads)? {
        let entry = entry?;
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > ABANDONED {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn open_lock(directory: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(directory.join(LOCK))
}

/// Removes the directories in `incoming` whose owners are dead, and says how many owners live.
fn sweep(incoming: &Path) -> io::Result<usize> {
    let mut living = 0;
    for entry in fs::read_dir(incoming)? {
        let path = entry?.path();
        if path.ends_with(LOCK) {
            continue;
        }
        match sweep_one(&path) {
            Ok(true) => {}
            Ok(false) => living += 1,
            // Its owner has just removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(living)
}

/// Removes `directory` if its owner is dead, and says whether.
fn sweep_one(directory: &Path) -> io::Result<bool> {
    match open_lock(directory)?.try_lock() {
        Ok(()) => fs::remove_dir_all(directory).map(|()| true),
        Err(fs::TryLockError::WouldBlock) => Ok(false),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the blobs used longest ago until `kept` bytes remain.
fn trim(blobs: &Path, kept: u64) -> io::Result<()> {
    let mut found = Vec::new();
    for shard in fs::read_dir(blobs)? {
        for entry in fs::read_dir(shard?.path())? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            found.push((metadata.modified()?, metadata.len(), entry.path()));
        }
    }
    let mut total: u64 = found.iter().map(|(_, size, _)| size).sum();
    found.sort();
    for (_, size, path) in found {
        if total <= kept {
            break;
        }
        fs::remove_file(path)?;
        total -= size;
    }
    Ok(())
}
