//! ECR: repositories, images and the tokens that open the registry.
//!
//! What a layer holds is no business of the World's: the registry keeps the bytes and asks here, step by step, whether it may.
//!
//! Deliberately absent: enhanced scanning, which is Amazon Inspector's, replication, pull-through caches, creation
//! templates, archiving: a lifecycle policy that archives images is kept and previewed, and only expires them.

mod account_setting;
mod delete_image;
mod expiry;
mod image;
mod layer;
mod layer_call;
mod lifecycle;
mod lifecycle_preview;
mod lifecycle_rule;
mod mutability;
mod put_image;
mod read_image;
mod referrer;
mod release;
mod repository;
mod repository_policy;
mod scan;
mod scanning_configuration;
mod settings;
mod tag;
#[cfg(test)]
mod tests;
mod token;

use std::collections::{BTreeMap, BTreeSet};

pub use account_setting::{GetAccountSetting, PutAccountSetting};
pub use delete_image::{BatchDeleteImage, BatchDeleteImageOutput};
pub use image::{Image, ImageFailure, ImageId};
pub use layer::{
    BatchCheckLayerAvailability, CompleteLayerUpload, GetDownloadUrlForLayer, InitiateLayerUpload, UploadLayerPart,
};
pub use layer_call::{
    CompleteLayerUploadCall, GetDownloadUrlForLayerCall, LayerCompleted, LayerPartReceived, MOST_PART_BYTES,
    PART_BYTES, UploadLayerPartCall, layer_digest_failure,
};
pub use lifecycle::{DeleteLifecyclePolicy, GetLifecyclePolicy, LifecyclePolicy, PutLifecyclePolicy};
pub use lifecycle_preview::{
    GetLifecyclePolicyPreview, LifecyclePolicyPreview, PreviewResult, StartLifecyclePolicyPreview,
};
pub use lifecycle_rule::Action as LifecycleAction;
pub use mutability::TagMutability;
pub use put_image::{PutImage, PutImageOutput};
pub use read_image::{BatchGetImage, BatchGetImageOutput, DescribeImages, ImageDetail, ListImages, TagStatus};
pub use referrer::ListImageReferrers;
pub use release::ReleasesExpire;
pub use repository::{CreateRepository, DeleteRepository, DescribeRepositories, Encryption, RepositoryDescription};
pub use repository_policy::{DeleteRepositoryPolicy, GetRepositoryPolicy, RepositoryPolicy, SetRepositoryPolicy};
pub use scan::{
    DescribeImageScanFindings, Found, ImageScan, ImageScanFindings, ScanFinding, ScanOutcome, ScanStatus, ScanWanted,
    Severity, StartImageScan,
};
pub use scanning_configuration::{
    BatchGetRepositoryScanningConfiguration, GetRegistryScanningConfiguration, PutRegistryScanningConfiguration,
    RepositoryScanning, ScanRule,
};
pub use settings::{PutImageScanningConfiguration, PutImageTagMutability};
pub use tag::{ListTagsForResource, RepositoryByArn, TagResource, UntagResource};
pub use token::{AuthorizationData, GetAuthorizationToken};

use expiry::Lifecycle;
pub(crate) use expiry::{next_deadline, settle};
use image::StoredImage;
use layer::{no_layer, no_upload};
use layer_call::Upload;
use lifecycle_preview::Preview;
pub(crate) use scan::observe as observe_scan;
use token::Token;

use crate::arn::Arn;
use crate::iam::Secret;
use crate::iam::policy::Document;
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Everything ECR knows of the account.
#[derive(Clone, Debug, Default)]
pub struct State {
    tokens: BTreeMap<Secret, Token>,
    repositories: BTreeMap<String, Repository>,
    /// The key that KMS encryption uses unless told otherwise: made when first wanted.
    kms_key: Option<String>,
    /// The account setting `BLOB_MOUNTING`.
    blob_mounting: bool,
    /// When the lifecycle policy of which repository may have to be carried out. What is no longer true is passed over.
    lifecycles_due: BTreeSet<(Timestamp, String)>,
    /// Whether somebody carries scans out.
    scanner: bool,
    /// What the registry says of which images are scanned.
    scan_rules: Vec<ScanRule>,
    /// The repository and digest of images that wait to be scanned, in the order in which they were pushed. They may be gone.
    scans: BTreeMap<u64, (String, String)>,
}

/// A repository.
#[derive(Clone, Debug)]
struct Repository {
    created: Timestamp,
    tags: BTreeMap<String, String>,
    mutability: TagMutability,
    scan_on_push: bool,
    encryption: Encryption,
    policy: Option<(String, Document)>,
    lifecycle: Option<Lifecycle>,
    preview: Option<Preview>,
    /// Sizes in bytes by digest.
    layers: BTreeMap<String, u64>,
    uploads: BTreeMap<String, Upload>,
    images: BTreeMap<String, StoredImage>,
    /// The digest that each image tag means.
    image_tags: BTreeMap<String, String>,
}

impl State {
    /// The tags of the repository that an ARN's resource part names.
    pub(crate) fn tags(&self, resource: &str) -> Option<&BTreeMap<String, String>> {
        let name = resource.strip_prefix("repository/")?;
        self.repositories.get(name).map(|repository| &repository.tags)
    }

    /// The policy of the repository with the ARN `arn`.
    pub(crate) fn policy(&self, arn: &str) -> Option<&Document> {
        let name = arn.splitn(6, ':').nth(5)?.strip_prefix("repository/")?;
        self.repositories.get(name)?.policy.as_ref().map(|(_, document)| document)
    }
}

impl World {
    fn repository(&self, name: &str) -> Result<&Repository, Refusal> {
        self.ecr.repositories.get(name).ok_or_else(|| no_repository(self, name))
    }

    fn repository_mut(&mut self, name: &str) -> Result<&mut Repository, Refusal> {
        if self.ecr.repositories.contains_key(name) {
            Ok(self.ecr.repositories.get_mut(name).expect("looked up just now"))
        } else {
            Err(no_repository(self, name))
        }
    }
}

/// The digest that the tag of `image`, `HOST/REPOSITORY[:TAG]`, means now; none if it is no such image, or already names a digest.
pub(crate) fn digest_of(world: &World, image: &str) -> Option<String> {
    let path = path_in_registry(world, image)?;
    let (name, tag) = path.split_once(':').unwrap_or((path, "latest"));
    world.ecr.repositories.get(name)?.image_tags.get(tag).cloned()
}

/// `image` without its tag: a colon before a slash is a port's.
#[must_use]
pub fn without_tag(image: &str) -> &str {
    match image.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        Some(_) | None => image,
    }
}

/// Whether `image` names a private ECR repository, of this account or another.
pub(crate) fn is_private(world: &World, image: &str) -> bool {
    let host = image.split('/').next().unwrap_or_default();
    world.registry.as_deref() == Some(host) || (host.contains(".dkr.ecr.") && host.contains(".amazonaws.com"))
}

/// What stands after the registry's host in `image`: `REPOSITORY[:TAG]`; nothing if it is in another registry.
fn path_in_registry<'a>(world: &World, image: &'a str) -> Option<&'a str> {
    let (host, path) = image.split_once('/')?;
    (host == aws_host(world) || world.registry.as_deref() == Some(host)).then_some(path)
}

/// The registry's host, and its port if it is not at AWS's host name.
fn registry_host(world: &World) -> String {
    world.registry.clone().unwrap_or_else(|| aws_host(world))
}

/// The registry's URL. Engines trust a registry on loopback without TLS.
fn registry_url(world: &World) -> String {
    match &world.registry {
        Some(host) => format!("http://{host}"),
        None => format!("https://{}", aws_host(world)),
    }
}

fn aws_host(world: &World) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com", world.account, world.region)
}

impl World {
    /// The registry's host name on AWS, under which task definitions may name its images wherever it is.
    #[must_use]
    pub fn registry_aws_host(&self) -> String {
        aws_host(self)
    }
}

fn repository_arn(world: &World, name: &str) -> Arn {
    Arn::new("ecr", &world.region, &world.account, &format!("repository/{name}"))
}

/// `action` on the repository `name`, whether it exists or not.
fn repository_access(world: &World, action: &'static str, name: &str) -> Access {
    Access::new(action, repository_arn(world, name).as_str())
}

fn no_repository(world: &World, name: &str) -> Refusal {
    let message =
        format!("The repository with name '{name}' does not exist in the registry with id '{}'", world.account);
    Refusal::fault("RepositoryNotFoundException", message)
}

/// AWS's complaint about the value of `member`.
fn invalid(member: &str, constraint: &str) -> Refusal {
    let message = format!("Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'");
    Refusal::fault("InvalidParameterException", message)
}

/// How many entries a page has: 1 to 1000; all where nobody says.
fn page_size(limit: Option<i64>) -> Result<usize, Refusal> {
    match limit.map(usize::try_from) {
        None => Ok(usize::MAX),
        Some(Ok(size @ 1..=1000)) => Ok(size),
        Some(Ok(_) | Err(_)) => Err(invalid("maxResults", "must be between 1 and 1000")),
    }
}

fn bad_token() -> Refusal {
    invalid("nextToken", "must be a token that an earlier call answered")
}
