//! The user's own scanner: a command that looks for vulnerabilities in an image that was pushed.
//!
//! It is run by `sh -c` for one image at a time, and finds in its environment
//! - `GREENROOM_IMAGE_LAYOUT`: a directory with the image as an OCI image layout, which goes when the command ends;
//! - `GREENROOM_IMAGE`: the image's name, `HOST/REPOSITORY@sha256:…`;
//! - `GREENROOM_REPOSITORY` and `GREENROOM_DIGEST`: its parts;
//!
//! and of greenroom's own environment only what is named in [`HANDED_DOWN`]: no credentials. On stdout it writes JSON: what
//! `grype oci-dir:… --output json` and `trivy image --input … --format json` write, or [`report`]'s own form. Whatever else it does, the scan
//! has failed and says so, without a word of the command's output.

mod layout;
mod report;

use std::convert::Infallible;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use simulator_core::ecr::{ScanOutcome, ScanWanted};
use simulator_core::{Observation, World};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::blocking::away;
use super::store::{BlobStore, StoreError};
use crate::account::Account;

/// Variables of greenroom's environment that the command gets.
const HANDED_DOWN: [&str; 9] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "DOCKER_HOST",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];
/// The longest that a scan may take.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// The longest report that is read, in bytes.
const LONGEST_REPORT: u64 = 64 << 20;

/// A scanner.
#[derive(Clone, Debug)]
pub struct Scanner {
    command: String,
    host: String,
    limit: Duration,
}

/// Why an image was not scanned, as the API says it.
#[derive(Debug, thiserror::Error)]
enum ScanError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a layer of the image is gone")]
    Gone,
    #[error("the image cannot be laid out for the scanner")]
    Layout(#[source] std::io::Error),
    #[error("the scanner cannot be run")]
    Run(#[source] std::io::Error),
    #[error("the scanner was stopped after {} seconds", .0.as_secs())]
    TooSlow(Duration),
    #[error("the scanner wrote more than {LONGEST_REPORT} bytes")]
    TooLong,
    #[error("the scanner ended with {0}")]
    Ended(ExitStatus),
    #[error("the scanner's output cannot be read: {0}")]
    Report(String),
}

impl Scanner {
    /// The scanner that `command` is, for images of the registry at `host`.
    #[must_use]
    pub fn new(command: &str, host: &str) -> Self {
        Self { command: command.to_owned(), host: host.to_owned(), limit: LIMIT }
    }

    /// Scans what is to be scanned in `account`, whose layers are in `store`, one image after another. It goes on until it is dropped,
    /// and the command under way ends with it.
    pub async fn scan_on(self, account: Arc<Account>, store: BlobStore) -> Infallible {
        account.stir(|world, _| world.set_scanner(true));
        loop {
            let wanted = account.until(World::scan_wanted).await;
            let outcome = self.scan(&store, &wanted).await.unwrap_or_else(|error| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    digest = wanted.digest,
                    "an image is not scanned"
                );
                ScanOutcome::Failed(error.to_string())
            });
            let ScanWanted { repository, digest, .. } = wanted;
            account.observe(Observation::ImageScanned { repository, digest, outcome });
        }
    }

    async fn scan(&self, store: &BlobStore, wanted: &ScanWanted) -> Result<ScanOutcome, ScanError> {
        let (laid, image) = (store.clone(), wanted.clone());
        let directory = away(move || layout::lay_out(&laid, &image)).await?;
        let output = self.run(wanted, directory.path()).await;
        // Dropped on a thread of its own: a large image takes a moment to remove.
        let removed = away(move || directory.close()).await;
        if let Err(error) = removed {
            tracing::debug!(%error, "an image's layout is left behind");
        }
        report::read(&output?).map(ScanOutcome::Found).map_err(ScanError::Report)
    }

    /// What the command writes about the image whose layout is in `directory`.
    async fn run(&self, wanted: &ScanWanted, directory: &Path) -> Result<Vec<u8>, ScanError> {
        let ScanWanted { repository, digest, .. } = wanted;
        let handed_down = HANDED_DOWN.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.command])
            .env_clear()
            .envs(handed_down)
            .env("GREENROOM_IMAGE_LAYOUT", directory)
            .env("GREENROOM_IMAGE", format!("{}/{repository}@{digest}", self.host))
            .env("GREENROOM_REPOSITORY", repository)
            .env("GREENROOM_DIGEST", digest)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // For whoever wrote the command.
            .stderr(Stdio::inherit())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(ScanError::Run)?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let mut stdout = child.stdout.take().expect("it was asked for").take(LONGEST_REPORT + 1);
        let mut report = Vec::new();
        let ended = async {
            stdout.read_to_end(&mut report).await?;
            if report.len() as u64 > LONGEST_REPORT {
                return Ok(None);
            }
            child.wait().await.map(Some)
        };
        let ended = tokio::time::timeout(self.limit, ended).await.map_err(|_| ScanError::TooSlow(self.limit))?;
        let status = ended.map_err(ScanError::Run)?.ok_or(ScanError::TooLong)?;
        drop(group);
        if status.success() { Ok(report) } else { Err(ScanError::Ended(status)) }
    }
}

/// The processes that a command has started. Dropped, they are killed, whatever became of the command.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            // Most often there is nobody left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests;
