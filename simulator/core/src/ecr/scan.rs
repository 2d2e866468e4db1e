//! Scans of images for vulnerabilities: when one is due, and what it has found. Who looks is outside, and tells what it found.
//!
//! This is basic scanning. Where nobody scans, a scan has failed and says so: nothing is ever found, or found to be in order, unseen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::image::{ImageId, StoredImage};
use super::{Repository, bad_token, page_size, repository_access};
use crate::event::{EventKind, ImageEvent, Sequence};
use crate::operation::{Access, Authorized, Operation};
use crate::page::page;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// An image is scanned once in this time at most (API reference, `StartImageScan`).
const ONCE_IN: Duration = Duration::from_secs(24 * 60 * 60);
/// So many findings come in a page unless the caller says how many (API reference).
const PAGE: usize = 100;
/// Media types of the configuration of what can be scanned: container images.
const SCANNED: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
/// What a scan says that nobody carries out.
const NO_SCANNER: &str = "greenroom has no scanner, so that none ran: give it one with `greenroom serve --scanner`";

/// A scan.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    requested_at: Timestamp,
    cause: Option<Sequence>,
    outcome: Option<(Timestamp, ScanOutcome)>,
}

/// What came of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ScanOutcome {
    /// The image was looked at, and this was found; it may be nothing.
    Found(Vec<ScanFinding>),
    /// It was not looked at, for this reason.
    Failed(String),
}

/// One thing that a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScanFinding {
    /// Most often a CVE number.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub description: Option<String>,
    /// Where more is said of it.
    pub uri: Option<String>,
    /// The package that has it.
    pub package: Option<String>,
    /// The package's version.
    pub version: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Severity {
    /// The worst.
    Critical,
    /// Bad.
    High,
    /// Not so bad.
    Medium,
    /// Hardly bad.
    Low,
    /// Not bad.
    Informational,
    /// Nobody knows.
    Undefined,
}

impl Severity {
    /// As AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
            Self::Informational => "INFORMATIONAL",
            Self::Undefined => "UNDEFINED",
        }
    }
}

/// A scan's `status` and `description`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanStatus {
    /// `IN_PROGRESS`, `COMPLETE` or `FAILED`.
    pub status: &'static str,
    /// What it says to people, if anything.
    pub description: Option<String>,
}

/// An image that somebody has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanWanted {
    /// The repository.
    pub repository: String,
    /// The image's digest.
    pub digest: String,
    /// Its manifest.
    pub manifest: String,
    /// The manifest's media type.
    pub media_type: String,
}

impl Scan {
    fn status(&self, scanner: bool) -> ScanStatus {
        let (status, description) = match &self.outcome {
            Some((_, ScanOutcome::Found(_))) => ("COMPLETE", Some("The scan was completed successfully.")),
            Some((_, ScanOutcome::Failed(why))) => ("FAILED", Some(why.as_str())),
            None if scanner => ("IN_PROGRESS", None),
            None => ("FAILED", Some(NO_SCANNER)),
        };
        ScanStatus { status, description: description.map(str::to_owned) }
    }
}

impl StoredImage {
    fn is_scannable(&self) -> bool {
        self.contents.artifact_type.as_deref().is_some_and(|kind| SCANNED.contains(&kind))
    }
}

impl World {
    /// There is somebody from now on, or nobody, who carries scans out and tells of them by
    /// [`Observation::ImageScanned`](crate::Observation::ImageScanned). What waited for somebody is then in progress.
    pub const fn set_scanner(&mut self, there_is_one: bool) {
        self.ecr.scanner = there_is_one;
    }

    /// The image that has waited longest to be scanned.
    #[must_use]
    pub fn scan_wanted(&self) -> Option<ScanWanted> {
        self.ecr.scans.values().find_map(|(repository, digest)| {
            let image = self.ecr.repositories.get(repository)?.images.get(digest)?;
            Some(ScanWanted {
                repository: repository.clone(),
                digest: digest.clone(),
                manifest: image.manifest.clone(),
                media_type: image.media_type.clone(),
            })
        })
    }

    /// Has the image `digest` of `repository` scanned, which has just been pushed, if it is to be and can be.
    pub(super) fn scan_pushed(&mut self, repository: &str, digest: &str) {
        if !self.scans_on_push(repository) {
            return;
        }
        let image = self.ecr.repositories.get(repository).and_then(|found| found.images.get(digest));
        if image.is_some_and(|image| image.is_scannable() && image.scan.is_none()) {
            self.request_scan(repository, digest);
        }
    }

    fn request_scan(&mut self, repository: &str, digest: &str) {
        let scan = Scan { requested_at: self.now, cause: self.cause(), outcome: None };
        let there = |repositories: &BTreeMap<String, Repository>, name: &str, digest: &str| {
            repositories.get(name).is_some_and(|found| found.images.contains_key(digest))
        };
        let super::State { repositories, scans, .. } = &mut self.ecr;
        scans
            .retain(|_, (name, other)| there(repositories, name, other) && (&**name, &**other) != (repository, digest));
        let number = scans.last_key_value().map_or(0, |(last, _)| last + 1);
        scans.insert(number, (repository.to_owned(), digest.to_owned()));
        if let Some(image) = repositories.get_mut(repository).and_then(|found| found.images.get_mut(digest)) {
            image.scan = Some(scan);
        }
    }

    fn scanned_image(&self, name: &str, id: &ImageId) -> Result<(String, &StoredImage), Refusal> {
        let repository = self.repository(name)?;
        let digest = repository.resolve(id).ok_or_else(|| super::read_image::no_image(self, name, id))?;
        let image = &repository.images[&digest];
        Ok((digest, image))
    }
}

/// Somebody has looked at an image, or could not.
pub(crate) fn observe(world: &mut World, repository: &str, digest: &str, outcome: ScanOutcome) {
    world.ecr.scans.retain(|_, (name, other)| (&**name, &**other) != (repository, digest));
    let now = world.now;
    let image = world.ecr.repositories.get_mut(repository).and_then(|found| found.images.get_mut(digest));
    // It may have been deleted meanwhile.
    let Some(scan) = image.and_then(|image| image.scan.as_mut()) else { return };
    let message = match &outcome {
        ScanOutcome::Found(findings) => format!("scanned: {}", counted(findings)),
        ScanOutcome::Failed(why) => format!("not scanned: {why}"),
    };
    scan.outcome = Some((now, sorted(outcome)));
    let cause = scan.cause;
    world.follow(cause);
    let (repository, digest) = (repository.to_owned(), digest.to_owned());
    world.record(EventKind::Image(Box::new(ImageEvent { repository, digest, message })));
}

/// The worst first.
fn sorted(outcome: ScanOutcome) -> ScanOutcome {
    match outcome {
        ScanOutcome::Found(mut findings) => {
            findings.sort_by(|one, other| one.severity.cmp(&other.severity).then_with(|| one.name.cmp(&other.name)));
            ScanOutcome::Found(findings)
        }
        failed @ ScanOutcome::Failed(_) => failed,
    }
}

fn counts(findings: &[ScanFinding]) -> BTreeMap<Severity, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.severity).or_default() += 1;
    }
    counts
}

fn counted(findings: &[ScanFinding]) -> String {
    let counts: Vec<String> =
        counts(findings).into_iter().map(|(severity, count)| format!("{count} {}", severity.as_str())).collect();
    if counts.is_empty() { "nothing was found".to_owned() } else { counts.join(", ") }
}

/// Has an image scanned.
#[derive(Clone, Debug)]
pub struct StartImageScan {
    /// The repository.
    pub repository: String,
    /// Which image.
    pub image: ImageId,
}

/// The answer to [`StartImageScan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageScan {
    /// The repository.
    pub repository: String,
    /// The image's digest, with the tag that was asked for.
    pub image: ImageId,
    /// How the scan is getting on.
    pub status: ScanStatus,
}

impl Operation for StartImageScan {
    type Output = ImageScan;
    const NAME: &'static str = "ecr:StartImageScan";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, image: id } = authorized.operation;
        let (digest, image) = world.scanned_image(&repository, &id)?;
        if !image.is_scannable() {
            let message = format!("The image with imageId {id} is of a type that cannot be scanned");
            return Err(Refusal::fault("UnsupportedImageTypeException", message));
        }
        // A scan that nobody carried out is none.
        let carried_out = |scan: &&Scan| scan.outcome.is_some() || world.ecr.scanner;
        let before = image.scan.as_ref().filter(carried_out).map(|scan| scan.requested_at);
        if before.is_some_and(|before| before + ONCE_IN > world.now) {
            let message = "The scan quota per image has been exceeded. Wait and try again.";
            return Err(Refusal::fault("LimitExceededException", message));
        }
        world.request_scan(&repository, &digest);
        let scan = Scan { requested_at: world.now, cause: None, outcome: None };
        let status = scan.status(world.ecr.scanner);
        Ok(ImageScan { repository, image: ImageId { digest: Some(digest), ..id }, status })
    }
}

/// Reads what a scan has found.
#[derive(Clone, Debug, Default)]
pub struct DescribeImageScanFindings {
    /// The repository.
    pub repository: String,
    /// Which image.
    pub image: ImageId,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most findings of a page: 1 to 1000.
    pub limit: Option<i64>,
}

/// The answer to [`DescribeImageScanFindings`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageScanFindings {
    /// The scan.
    pub scan: ImageScan,
    /// When it was completed, with what it found; none where it was not.
    pub found: Option<Found>,
    /// What the next call must bring to go on.
    pub next: Option<String>,
}

/// What a completed scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// When it was completed.
    pub completed_at: Timestamp,
    /// How many findings of each severity, on whatever page.
    pub counts: BTreeMap<Severity, usize>,
    /// The findings of this page, the worst first.
    pub findings: Vec<ScanFinding>,
}

impl Operation for DescribeImageScanFindings {
    type Output = ImageScanFindings;
    const NAME: &'static str = "ecr:DescribeImageScanFindings";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, image: id, next_token, limit } = authorized.operation;
        let limit = if limit.is_none() { PAGE } else { page_size(limit)? };
        let (digest, image) = world.scanned_image(&repository, &id)?;
        let Some(scan) = &image.scan else {
            let account = &world.account;
            let message = format!(
                "Image scan does not exist for the image with '{id}' in the repository with name '{repository}' in the registry with id '{account}'"
            );
            return Err(Refusal::fault("ScanNotFoundException", message));
        };
        let mut next = None;
        let found = match &scan.outcome {
            Some((completed_at, ScanOutcome::Found(findings))) => {
                let keyed =
                    findings.iter().enumerate().map(|(place, finding)| (format!("{place:08}"), finding.clone()));
                let page = page(keyed, next_token.as_deref(), limit).ok_or_else(bad_token)?;
                next = page.next;
                Some(Found { completed_at: *completed_at, counts: counts(findings), findings: page.items })
            }
            Some((_, ScanOutcome::Failed(_))) | None => None,
        };
        let status = scan.status(world.ecr.scanner);
        let image = ImageId { digest: Some(digest), ..id };
        Ok(ImageScanFindings { scan: ImageScan { repository, image, status }, found, next })
    }
}

#[cfg(test)]
mod tests;
