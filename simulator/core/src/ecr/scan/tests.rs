//! When images are scanned, and what is said of it.

use super::*;
use crate::Observation;
use crate::ecr::{CreateRepository, PutImage, PutRegistryScanningConfiguration, ScanRule};
use crate::trial::Trial;

const IMAGE: &str = r#"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}"#;
const CHART: &str = r#"{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"}}"#;

fn with_repository(scan_on_push: bool) -> Trial {
    let mut trial = Trial::new();
    trial.done(CreateRepository { repository: "news".into(), scan_on_push, ..CreateRepository::default() });
    trial
}

fn push(trial: &mut Trial, tag: &str, manifest: &str) -> ImageId {
    let digest = format!("sha256:{tag}");
    let (repository, tag) = ("news".to_owned(), Some(tag.to_owned()));
    trial.done(PutImage { repository, tag: tag.clone(), manifest: manifest.into(), digest, ..PutImage::default() });
    ImageId { tag, digest: None }
}

fn finding(name: &str, severity: Severity) -> ScanFinding {
    ScanFinding { name: name.into(), severity, description: None, uri: None, package: None, version: None }
}

fn told(trial: &mut Trial, outcome: ScanOutcome) {
    let wanted = trial.world.scan_wanted().expect("one waits");
    let (repository, digest) = (wanted.repository, wanted.digest);
    trial.world.observe(trial.now, Observation::ImageScanned { repository, digest, outcome });
}

fn start(image: &ImageId) -> StartImageScan {
    StartImageScan { repository: "news".into(), image: image.clone() }
}

fn describe(image: &ImageId) -> DescribeImageScanFindings {
    DescribeImageScanFindings { repository: "news".into(), image: image.clone(), ..Default::default() }
}

#[test]
fn without_a_scanner_a_scan_says_that_none_ran() {
    let mut trial = with_repository(true);
    let image = push(&mut trial, "v1", IMAGE);
    let answer = trial.done(describe(&image));
    assert_eq!((answer.scan.status.status, answer.found), ("FAILED", None));
    assert_eq!(answer.scan.status.description.as_deref(), Some(NO_SCANNER));
    assert_eq!(trial.done(start(&image)).status.status, "FAILED");
    assert_eq!(trial.done(start(&image)).status.status, "FAILED", "none ran, so that the next is no second");
    // Once there is one, it has what waited.
    trial.world.set_scanner(true);
    assert_eq!(trial.done(describe(&image)).scan.status, ScanStatus { status: "IN_PROGRESS", description: None });
    assert_eq!(trial.world.scan_wanted().map(|wanted| wanted.digest).as_deref(), Some("sha256:v1"));
}

#[test]
fn a_scan_is_complete_when_somebody_says_what_was_found() {
    let mut trial = with_repository(true);
    trial.world.set_scanner(true);
    let image = push(&mut trial, "v1", IMAGE);
    let quota = "400 LimitExceededException: The scan quota per image has been exceeded. Wait and try again.";
    assert_eq!(trial.refused(start(&image)), quota);
    let findings = [("CVE-2", Severity::Low), ("CVE-3", Severity::Critical), ("CVE-1", Severity::Low)];
    told(&mut trial, ScanOutcome::Found(findings.map(|(name, severity)| finding(name, severity)).to_vec()));
    assert_eq!(trial.world.scan_wanted(), None);
    let first = trial.done(DescribeImageScanFindings { limit: Some(2), ..describe(&image) });
    assert_eq!(first.scan.status.status, "COMPLETE");
    let second = DescribeImageScanFindings { limit: Some(2), next_token: first.next, ..describe(&image) };
    let second = trial.done(second);
    let names = |found: Option<Found>| {
        let found = found.expect("it is complete");
        assert_eq!(found.counts, [(Severity::Critical, 1), (Severity::Low, 2)].into());
        found.findings.into_iter().map(|finding| finding.name).collect::<Vec<_>>()
    };
    assert_eq!((names(first.found), names(second.found)), (vec!["CVE-3".into(), "CVE-1".into()], vec!["CVE-2".into()]));
    let said = |event: &crate::Event| matches!(&event.kind, EventKind::Image(image) if image.message == "scanned: 1 CRITICAL, 2 LOW");
    assert!(trial.world.events().iter().any(said));
    assert_eq!(trial.refused(start(&image)), quota);
    trial.wait(ONCE_IN);
    assert_eq!(trial.done(start(&image)).status.status, "IN_PROGRESS");
    told(&mut trial, ScanOutcome::Failed("it is broken".into()));
    let failed = trial.done(describe(&image));
    assert_eq!((failed.scan.status.status, failed.found), ("FAILED", None));
    assert_eq!(failed.scan.status.description.as_deref(), Some("it is broken"));
}

/// Nothing is wanted of an image that is gone.
#[test]
fn what_is_no_image_is_not_scanned() {
    let mut trial = with_repository(true);
    let chart = push(&mut trial, "chart", CHART);
    assert!(trial.refused(start(&chart)).starts_with("400 UnsupportedImageTypeException"));
    assert_eq!(
        trial.refused(describe(&chart)),
        "400 ScanNotFoundException: Image scan does not exist for the image with '{imageDigest:'null', imageTag:'chart'}' in the repository with name 'news' in the registry with id '123456789012'"
    );
    let absent = ImageId { tag: Some("absent".into()), digest: None };
    assert!(trial.refused(start(&absent)).starts_with("400 ImageNotFoundException"));
    push(&mut trial, "v1", IMAGE);
    trial.done(crate::ecr::DeleteRepository { repository: "news".into(), force: true });
    assert_eq!(trial.world.scan_wanted(), None);
}

/// The repository's own setting, the registry's filters, and whether a push is scanned.
#[test]
fn the_registry_or_the_repository_says_what_is_scanned() {
    for (own, filters, scanned) in [
        (false, &[][..], false),
        (true, &[], true),
        (false, &["*"], true),
        (false, &["prod*"], false),
        (false, &["n*s"], true),
        // A filter without wildcards stands for every name that contains it.
        (false, &["ew"], true),
        (false, &["new", "other"], true),
    ] {
        let mut trial = with_repository(own);
        let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
        trial.done(PutRegistryScanningConfiguration { rules: vec![ScanRule { on_push: true, filters }] });
        push(&mut trial, "v1", IMAGE);
        assert_eq!(trial.world.scan_wanted().is_some(), scanned, "{own} {:?}", trial.world.ecr.scan_rules);
    }
}
