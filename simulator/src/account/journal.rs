//! Everything that a World was told, in a file: told again in the same order, it comes to the same World.
//!
//! An entry is written before the World is told, and so before anybody is answered: a process that is killed loses nothing that it has
//! acknowledged. Nothing is flushed to the disk, so that no call waits for it; a power failure may lose the last entries.
//!
//! The first line says what the World started from. A last line without its end was being written when the process died, and nobody
//! was answered: it is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use simulator_core::Timestamp;

use super::Origin;
use super::input::Input;

/// Its name in the directory.
const NAME: &str = "journal.jsonl";
/// Of the format that this release writes and reads.
const VERSION: u32 = 1;

/// Why there is no journal, or it cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory or the file cannot be made or opened.
    #[error("cannot open the account's state at `{}`", at.display())]
    Open {
        /// What was opened.
        at: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("the account's state at `{}` is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The file cannot be read.
    #[error("cannot read line {line} of the account's state at `{}`: {message}", at.display())]
    Read {
        /// The file.
        at: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// It is of another account, or of the same with other settings.
    #[error("the state at `{}` is of an account with other settings: {kept}", at.display())]
    Other {
        /// The file.
        at: PathBuf,
        /// What it started from.
        kept: String,
    },
    /// An entry cannot be written.
    #[error("cannot write the account's state at `{}`", at.display())]
    Write {
        /// The file.
        at: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    version: u32,
    pub(super) origin: Origin,
    pub(super) seed: u64,
    pub(super) registry: String,
    pub(super) created: Timestamp,
}

impl Head {
    pub(super) const fn new(origin: Origin, seed: u64, registry: String, created: Timestamp) -> Self {
        Self { version: VERSION, origin, seed, registry, created }
    }
}

/// Any other line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    /// How many random numbers the World had drawn before.
    pub(super) drawn: u64,
    pub(super) input: Input,
}

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// An entry may be there in part: nothing can follow it.
    broken: bool,
}

impl Journal {
    /// Opens the journal in `directory`, and hands what it holds to `head` and `entry`, in order. A new one begins with `new`.
    pub(super) fn open(
        directory: &Path,
        new: impl FnOnce() -> Head,
        head: impl FnOnce(Head) -> Result<(), String>,
        mut entry: impl FnMut(Entry) -> Result<(), String>,
    ) -> Result<Self, JournalError> {
        let at = directory.join(NAME);
        let opened = |source| JournalError::Open { at: at.clone(), source };
        make_private(directory).map_err(opened)?;
        let file = open_private(&at).map_err(opened)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(JournalError::InUse(at)),
            Err(std::fs::TryLockError::Error(source)) => return Err(opened(source)),
        }
        let mut lines = BufReader::new(&file);
        let (mut text, mut number, mut whole) = (Vec::new(), 0, 0);
        let mut head = Some(head);
        loop {
            text.clear();
            let length = lines.read_until(b'\n', &mut text).map_err(opened)?;
            if text.pop() != Some(b'\n') {
                break;
            }
            number += 1;
            let wrong = |message: String| JournalError::Read { at: at.clone(), line: number, message };
            match head.take() {
                Some(head) => {
                    let first: Head = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
                    if first.version != VERSION {
                        return Err(wrong(format!("it is of version {}, this release reads {VERSION}", first.version)));
                    }
                    head(first).map_err(|kept| JournalError::Other { at: at.clone(), kept })?;
                }
                None => {
                    let next: Entry = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
                    entry(next).map_err(wrong)?;
                }
            }
            whole += length as u64;
        }
        let mut file = file;
        file.set_len(whole).and_then(|()| file.seek(io::SeekFrom::End(0))).map_err(opened)?;
        let mut journal = Self { path: at.clone(), file, broken: false };
        if let Some(head) = head.take() {
            let first = new();
            journal.line(&first)?;
            head(first).map_err(|kept| JournalError::Other { at, kept })?;
        }
        Ok(journal)
    }

    /// Writes that the World, which has `drawn` so many random numbers, is told `input` at `at`.
    pub(super) fn write(&mut self, drawn: u64, at: Timestamp, input: Input) -> Result<(), JournalError> {
        self.line(&Entry { at, drawn, input })
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), JournalError> {
        let failed = |source| JournalError::Write { at: self.path.clone(), source };
        if self.broken {
            return Err(failed(io::Error::other("an earlier entry could not be written")));
        }
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(|source| {
            self.broken = true;
            JournalError::Write { at: self.path.clone(), source }
        })
    }
}

/// Makes `directory`, for its owner alone: what is in it holds secrets.
fn make_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn open_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
