//! Version consistency: what a tag means is settled for a deployment when its first task starts (facts 1.9).

use std::collections::BTreeSet;

use simulator_core::ecr::{BatchDeleteImage, CreateRepository, DescribeImages, ImageId, PutImage, PutLifecyclePolicy};
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::{ServiceRevision, UpdateService};
use simulator_core::effect::TaskId;
use simulator_core::{Effect, Observation, Timing};

use crate::virtual_time::{Account, Deploy, container, secs};

const IMAGE: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/news-api:latest";
const FIRST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SECOND: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// Pushes an image with this digest as `latest`.
fn push(account: &mut Account, digest: &str) {
    push_as(account, "latest", digest);
}

fn push_as(account: &mut Account, tag: &str, digest: &str) {
    account.must(PutImage {
        repository: "news-api".to_owned(),
        tag: Some(tag.to_owned()),
        manifest: "{}".to_owned(),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        digest: digest.to_owned(),
        layers: Vec::new(),
    });
}

fn serving(version_consistency: bool) -> Account {
    let mut account = Account::new(Timing::aws());
    account.must(CreateRepository { repository: "news-api".to_owned(), ..CreateRepository::default() });
    push(&mut account, FIRST);
    account.register(vec![ContainerDefinition { version_consistency, ..container("app", IMAGE) }]);
    account.create_service(&Deploy::default());
    account.until_steady();
    account
}

/// The digests that were asked for since `from`, in pulls and in starts.
fn asked(account: &Account, from: usize) -> BTreeSet<Option<&str>> {
    account.driver.wanted[from..]
        .iter()
        .filter_map(|(_, effect)| {
            if let Effect::PullImage(pull) = effect {
                Some(pull.digest.as_deref())
            } else if let Effect::StartContainer(spec) = effect {
                Some(spec.digest.as_deref())
            } else {
                None
            }
        })
        .collect()
}

/// A tag that is moved under a deployment changes nothing for its later tasks; a new deployment takes what it means then.
#[test]
fn all_tasks_of_a_deployment_run_the_same_image() {
    let mut account = serving(true);
    assert_eq!(asked(&account, 0), BTreeSet::from([Some(FIRST)]));
    push(&mut account, SECOND);
    let from = account.driver.wanted.len();
    account.update(UpdateService { desired: Some(4), ..UpdateService::default() });
    account.until_steady();
    assert_eq!(asked(&account, from), BTreeSet::from([Some(FIRST)]), "more tasks of the same deployment");
    let shown: BTreeSet<_> = account.world.ecs().tasks().iter().map(|task| task.containers[0].digest.clone()).collect();
    assert_eq!(shown, BTreeSet::from([Some(FIRST.into())]));

    let from = account.driver.wanted.len();
    account.update(UpdateService { force: true, ..UpdateService::default() });
    account.until_steady();
    assert_eq!(asked(&account, from), BTreeSet::from([Some(SECOND)]), "a new deployment");
}

#[test]
fn without_it_the_tag_decides_each_time() {
    let account = serving(false);
    assert_eq!(asked(&account, 0), BTreeSet::from([None]));
}

/// A tag that is pushed only after the deployment has begun is settled with the first task that finds it.
#[test]
fn a_tag_that_comes_late_is_settled_when_it_is_there() {
    let mut account = Account::new(Timing::aws());
    account.must(CreateRepository { repository: "news-api".to_owned(), ..CreateRepository::default() });
    account.register(vec![container("app", IMAGE)]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until("the first task is under way", secs(30), |account| !account.driver.wanted.is_empty());
    push(&mut account, FIRST);
    let from = account.driver.wanted.len();
    account.update(UpdateService { desired: Some(2), ..UpdateService::default() });
    account.until_steady();
    assert!(asked(&account, from).contains(&Some(FIRST)));
}

/// The record of a deployment tells what its images are, from the first task on and when the deployment is gone.
#[test]
fn a_service_revision_tells_the_digests_of_its_images() {
    for (version_consistency, digests) in [(true, [Some(FIRST), Some(SECOND)]), (false, [None, None])] {
        let mut account = serving(version_consistency);
        push(&mut account, SECOND);
        account.update(UpdateService { force: true, ..UpdateService::default() });
        let revisions = |account: &Account| -> Vec<Option<String>> {
            let digest = |revision: &ServiceRevision| revision.digests.get("app").map(ToString::to_string);
            account.service().revisions.iter().map(digest).collect()
        };
        assert_eq!(
            revisions(&account),
            [digests[0].map(str::to_owned), None],
            "no task of the second has been started"
        );
        account.until_steady();
        assert_eq!(revisions(&account), digests.map(|digest| digest.map(str::to_owned)));
    }
}

/// G-04: the tag has gone on to the next image, the one before has expired, and a task that is added asks for it all the same.
#[test]
fn an_image_that_has_lost_its_tag_and_expired_cannot_be_started_again() {
    let mut account = serving(true);
    push(&mut account, SECOND);
    let first = ImageId { digest: Some(FIRST.to_owned()), tag: None };
    account.must(BatchDeleteImage { repository: "news-api".to_owned(), images: vec![first] });
    let from = account.driver.wanted.len();
    let known: Vec<_> = account.world.ecs().tasks().iter().map(|task| task.id).collect();
    account.update(UpdateService { desired: Some(3), ..UpdateService::default() });
    account.until("a further task is pulled", secs(60), |account| !asked(account, from).is_empty());
    assert_eq!(not_found(&mut account, &known), missing(&format!("{}@{FIRST}", IMAGE.trim_end_matches(":latest"))));
}

/// What is said of the first task that is not among `known`, once its image is not found.
fn not_found(account: &mut Account, known: &[TaskId]) -> String {
    let tasks = account.world.ecs().tasks();
    let added = tasks.iter().find(|task| !known.contains(&task.id)).expect("one was added").id;
    let (container, message) = ("app".into(), "manifest unknown: Requested image not found".to_owned());
    let now = account.world.now();
    account.world.observe(now, Observation::ImageNotPulled { task: added, container, message });
    account.task(&added).containers[0].reason.as_deref().map(str::to_owned).unwrap_or_default()
}

fn missing(image: &str) -> String {
    format!(
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref {image}: {image}: not found"
    )
}

/// G-05: each release has a tag of its own, and the policy keeps one image: within a day the one before is gone, and so is the way back.
#[test]
fn a_release_whose_image_has_expired_cannot_be_gone_back_to() {
    let mut account = Account::new(Timing::aws());
    account.must(CreateRepository { repository: "news-api".to_owned(), ..CreateRepository::default() });
    let rule = r#"{"rulePriority":1,"description":"one is enough","selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}"#;
    account.must(PutLifecyclePolicy { repository: "news-api".to_owned(), policy: format!(r#"{{"rules":[{rule}]}}"#) });
    let named = |tag: &str| IMAGE.replace("latest", tag);
    push_as(&mut account, "one", FIRST);
    let first = account.register(vec![container("app", &named("one"))]);
    account.create_service(&Deploy::default());
    account.until_steady();
    push_as(&mut account, "two", SECOND);
    account.register(vec![container("app", &named("two"))]);
    account.deploy();
    account.until_steady();
    let repository = || DescribeImages { repository: "news-api".to_owned(), ..DescribeImages::default() };
    let images = |account: &mut Account| -> Vec<String> {
        account.must(repository()).items.into_iter().map(|image| image.digest).collect()
    };
    assert_eq!(images(&mut account), [FIRST, SECOND], "it takes a day at most");
    let later = account.world.now() + secs(24 * 60 * 60);
    account.world.tick(later);
    assert_eq!(images(&mut account), [SECOND], "whatever a service may have to go back to");

    let known: Vec<_> = account.world.ecs().tasks().iter().map(|task| task.id).collect();
    let from = account.driver.wanted.len();
    let back = format!("{}:{}", first.family, first.revision);
    account.update(UpdateService { task_definition: Some(back), ..UpdateService::default() });
    account.until("a task of the first release is pulled", secs(60), |account| !asked(account, from).is_empty());
    assert_eq!(not_found(&mut account, &known), missing(&named("one")));
}
