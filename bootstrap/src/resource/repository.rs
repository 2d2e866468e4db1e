//! The ECR repository of the service's image, and its lifecycle policy.

use std::fmt;

use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability, Tag,
};
use serde_json::{Value, json};

use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::Encryption;
use crate::config::encryption::AES256;
use crate::config::name::{ProjectName, RepositoryName};
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Blocker, Draft, Needs};
use crate::policy::{Action, Condition, Statement};

/// How long ECR keeps an image that no tag points at any more.
const UNTAGGED_DAYS: u32 = 14;

/// The repository that should be. Its tags are immutable, so that the tag in a revision always means the image that was
/// deployed, and images are scanned when they are pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name.
    pub name: RepositoryName,
    /// Its ARN.
    pub arn: String,
    /// How its images are encrypted; where nothing is said, that is left to ECR. It is said when a repository is made and stays so (ECR user
    /// guide, "Encryption at rest").
    pub encryption: Option<Encryption>,
}

/// The repository that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryState {
    /// What an image in it is called, but for the tag.
    pub uri: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// ECR's word for whether its tags can move, for example `IMMUTABLE`.
    pub tag_mutability: String,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: bool,
    /// ECR's word for how its images are encrypted, and the ARN of the key, if it is one of the Key Management Service's.
    pub encryption: (String, Option<String>),
    /// Its lifecycle policy.
    pub lifecycle: Option<Value>,
    /// Whether there are images in it. They are deploys'.
    pub has_images: bool,
}

/// What can be done about a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `ecr:CreateRepository`.
    Create(Repository),
    /// `ecr:PutLifecyclePolicy`.
    PutLifecycle(Repository),
    /// `ecr:PutImageTagMutability`.
    FixTags(Repository),
    /// `ecr:PutImageScanningConfiguration`.
    ScanOnPush(Repository),
    /// `ecr:TagResource`.
    Tag(Repository),
    /// `ecr:DeleteRepository`.
    Delete {
        /// The repository.
        repository: Repository,
        /// Whether with the images that are in it.
        with_images: bool,
    },
}

const REPOSITORY: &[&str] = &["repository/"];
const KEY: &[&str] = &["key/"];
/// What ECR does with a customer's key on behalf of whoever makes or deletes a repository (ECR user guide, "Encryption at rest", "Required IAM
/// permissions"). For the account's own key for ECR, its key policy allows it.
static KEY_ACTIONS: [Action; 3] =
    [Action::on("kms:CreateGrant", KEY), Action::on("kms:DescribeKey", KEY), Action::on("kms:RetireGrant", KEY)];
static ACTIONS: [Action; 10] = [
    Action::on("ecr:CreateRepository", REPOSITORY),
    Action::on("ecr:DeleteRepository", REPOSITORY),
    Action::on("ecr:DescribeRepositories", REPOSITORY),
    Action::on("ecr:GetLifecyclePolicy", REPOSITORY),
    Action::on("ecr:ListImages", REPOSITORY),
    Action::on("ecr:ListTagsForResource", REPOSITORY),
    Action::on("ecr:PutImageScanningConfiguration", REPOSITORY),
    Action::on("ecr:PutImageTagMutability", REPOSITORY),
    Action::on("ecr:PutLifecyclePolicy", REPOSITORY),
    Action::on("ecr:TagResource", REPOSITORY),
];

impl Repository {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Repository, self.name.as_str())
    }

    /// What its lifecycle policy is called in plans and errors.
    #[must_use]
    pub fn lifecycle_id(&self) -> ResourceId {
        ResourceId::new(Kind::LifecyclePolicy, self.name.as_str())
    }

    /// What ECR throws away by itself: images without a tag. Whatever has a tag stays, since the revision that a service
    /// may have to go back to names its image by it.
    #[must_use]
    pub fn lifecycle(&self) -> Value {
        json!({"rules": [{
            "rulePriority": 1,
            "description": format!("Expire untagged images after {UNTAGGED_DAYS} days"),
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        }]})
    }

    async fn describe(&self, account: &Account) -> Result<Option<aws_sdk_ecr::types::Repository>, CallError> {
        let answer = account.ecr.describe_repositories().repository_names(self.name.as_str()).send().await;
        let answer = answer.called("ecr:DescribeRepositories", &self.id());
        let found = unless_absent(answer, &["RepositoryNotFoundException"])?;
        Ok(found.and_then(|found| found.repositories.unwrap_or_default().into_iter().next()))
    }

    async fn tags(&self, account: &Account) -> Result<Vec<Tag>, CallError> {
        let answer = account.ecr.list_tags_for_resource().resource_arn(&self.arn).send().await;
        let answer = answer.called("ecr:ListTagsForResource", &self.id());
        let found = unless_absent(answer, &["RepositoryNotFoundException"])?;
        Ok(found.and_then(|found| found.tags).unwrap_or_default())
    }

    async fn get_lifecycle(&self, account: &Account) -> Result<Option<Value>, CallError> {
        let answer = account.ecr.get_lifecycle_policy().repository_name(self.name.as_str()).send().await;
        let answer = answer.called("ecr:GetLifecyclePolicy", &self.lifecycle_id());
        let found = unless_absent(answer, &["RepositoryNotFoundException", "LifecyclePolicyNotFoundException"])?;
        // A text that is no JSON differs from the one that is wanted, which is all that matters here.
        let text = found.and_then(|found| found.lifecycle_policy_text);
        Ok(text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    async fn has_images(&self, account: &Account) -> Result<bool, CallError> {
        let answer = account.ecr.list_images().repository_name(self.name.as_str()).max_results(1).send().await;
        let found = unless_absent(answer.called("ecr:ListImages", &self.id()), &["RepositoryNotFoundException"])?;
        Ok(found.is_some_and(|found| !found.image_ids().is_empty()))
    }
}

impl Managed for Repository {
    type State = RepositoryState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["images"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<RepositoryState>, CallError> {
        let account = sight.account;
        let (repository, tags, lifecycle, has_images) = futures_util::try_join!(
            self.describe(account),
            self.tags(account),
            self.get_lifecycle(account),
            self.has_images(account)
        )?;
        let Some(repository) = repository else { return Ok(None) };
        let encryption = repository.encryption_configuration;
        let kind = encryption.as_ref().map_or(AES256, |found| found.encryption_type.as_str()).to_owned();
        Ok(Some(RepositoryState {
            uri: sent(repository.repository_uri, "repositoryUri", "ecr:DescribeRepositories", &Self::id(self))?,
            owner: Owner::of(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))), sight.project),
            tag_mutability: repository.image_tag_mutability.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            scan_on_push: repository.image_scanning_configuration.is_some_and(|scanning| scanning.scan_on_push),
            encryption: (kind, encryption.and_then(|found| found.kms_key)),
            lifecycle,
            has_images,
        }))
    }

    fn owner(state: &mut RepositoryState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &RepositoryState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.uri.clone());
    }

    fn compare(&self, found: Option<&RepositoryState>, _: &Identifiers, draft: &mut Draft) {
        let purpose = "images that no tag points at would pile up";
        let lifecycle = Change::PutLifecycle(self.clone());
        let Some(found) = found else {
            draft.missing(Change::Create(self.clone()), "the service's images are pushed to it");
            draft.missing(lifecycle, purpose);
            return;
        };
        match &found.lifecycle {
            None => draft.missing(lifecycle, purpose),
            Some(other) if *other != self.lifecycle() => {
                draft.differs(lifecycle, "rules", &self.lifecycle().to_string(), &other.to_string());
            }
            Some(_) => {}
        }
        let immutable = ImageTagMutability::Immutable.as_str();
        if found.tag_mutability != immutable {
            draft.differs(Change::FixTags(self.clone()), "tags", immutable, &found.tag_mutability);
        }
        if !found.scan_on_push {
            draft.differs(Change::ScanOnPush(self.clone()), "scan on push", "on", "off");
        }
        if let Some(wanted) = &self.encryption {
            let (kind, key) = &found.encryption;
            if wanted.kind() != kind || wanted.key().is_some_and(|wanted| key.as_deref() != Some(wanted)) {
                draft.left("encryption", wanted.as_str(), key.as_ref().unwrap_or(kind));
            }
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, found: &RepositoryState, draft: &mut Draft) {
        if found.has_images && !draft.empties_repositories() {
            let why = "there are images in it; `--empty-repositories` deletes them with it".to_owned();
            draft.block(Blocker::Undeletable { resource: Self::id(self), why });
            return;
        }
        let delete = Change::Delete { repository: self.clone(), with_images: found.has_images };
        draft.unwanted(delete, "the project's images were kept in it");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        let mut statements = vec![Statement {
            sid: "Repository",
            purposes: vec!["Make, compare, mend and delete the project's repository."],
            actions: ACTIONS.iter().collect(),
            resources: vec![self.arn.clone()],
            conditions: vec![],
        }];
        if let Some(key) = self.encryption.as_ref().and_then(Encryption::key) {
            let region = &location.region;
            statements.push(Statement {
                sid: "RepositoryKey",
                purposes: vec!["Have ECR use the key of the project's repositories."],
                actions: KEY_ACTIONS.iter().collect(),
                resources: vec![key.to_owned()],
                conditions: vec![Condition {
                    operator: "StringEquals",
                    key: "kms:ViaService",
                    values: vec![format!("ecr.{region}.{}", region.domain())],
                }],
            });
        }
        statements
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::Create(repository) | Self::Tag(repository) | Self::Delete { repository, with_images: _ } => {
                repository.id()
            }
            Self::PutLifecycle(repository) => repository.lifecycle_id(),
            Self::FixTags(repository) => ResourceId::new(Kind::TagMutability, repository.name.as_str()),
            Self::ScanOnPush(repository) => ResourceId::new(Kind::Scanning, repository.name.as_str()),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Create(_) | Self::Tag(_) | Self::Delete { .. } => Vec::new(),
            Self::PutLifecycle(repository) | Self::FixTags(repository) | Self::ScanOnPush(repository) => {
                vec![repository.id()]
            }
        })
    }

    fn loses(&self) -> Option<&'static str> {
        matches!(self, Self::Delete { with_images: true, .. }).then_some("all images in it")
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let ecr = &hands.account.ecr;
        let tag = || {
            let tag = Tag::builder().key(OWNER_TAG).value(hands.project.as_str()).build();
            tag.expect("a tag with key and value is complete")
        };
        let scanning = || ImageScanningConfiguration::builder().scan_on_push(true).build();
        match self {
            Self::Create(repository) => {
                const OPERATION: &str = "ecr:CreateRepository";
                let request = ecr.create_repository().repository_name(repository.name.as_str()).tags(tag());
                let request = request.image_tag_mutability(ImageTagMutability::Immutable);
                let request = request.set_encryption_configuration(repository.encryption.as_ref().map(configuration));
                let answer = request.image_scanning_configuration(scanning()).send().await;
                let made = answer.called(OPERATION, &repository.id())?.repository;
                let uri = made.and_then(|repository| repository.repository_uri);
                return Ok(Made::Named(repository.id(), sent(uri, "repositoryUri", OPERATION, &repository.id())?));
            }
            Self::PutLifecycle(repository) => {
                let request = ecr.put_lifecycle_policy().repository_name(repository.name.as_str());
                let answer = request.lifecycle_policy_text(repository.lifecycle().to_string()).send().await;
                answer.called("ecr:PutLifecyclePolicy", &self.resource())?;
            }
            Self::FixTags(repository) => {
                let request = ecr.put_image_tag_mutability().repository_name(repository.name.as_str());
                let answer = request.image_tag_mutability(ImageTagMutability::Immutable).send().await;
                answer.called("ecr:PutImageTagMutability", &self.resource())?;
            }
            Self::ScanOnPush(repository) => {
                let request = ecr.put_image_scanning_configuration().repository_name(repository.name.as_str());
                let answer = request.image_scanning_configuration(scanning()).send().await;
                answer.called("ecr:PutImageScanningConfiguration", &self.resource())?;
            }
            Self::Tag(repository) => {
                let answer = ecr.tag_resource().resource_arn(&repository.arn).tags(tag()).send().await;
                answer.called("ecr:TagResource", &self.resource())?;
            }
            Self::Delete { repository, with_images } => {
                let request = ecr.delete_repository().repository_name(repository.name.as_str()).force(*with_images);
                let answer = request.send().await.called("ecr:DeleteRepository", &self.resource());
                unless_absent(answer, &["RepositoryNotFoundException"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

fn configuration(encryption: &Encryption) -> EncryptionConfiguration {
    let kind = EncryptionType::from(encryption.kind());
    let configuration = EncryptionConfiguration::builder().encryption_type(kind);
    let whole = configuration.set_kms_key(encryption.key().map(str::to_owned)).build();
    whole.expect("an encryption with its type is complete")
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create(repository) => {
                write!(f, "create {resource} with immutable tags")?;
                repository.encryption.as_ref().map_or(Ok(()), |it| write!(f, ", encrypted by {it}"))
            }
            Self::PutLifecycle(_) => write!(f, "write {resource}"),
            Self::FixTags(_) => write!(f, "make {resource} immutable"),
            Self::ScanOnPush(_) => write!(f, "switch {resource} on"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete { with_images: true, .. } => write!(f, "delete {resource} with its images"),
            Self::Delete { with_images: false, .. } => write!(f, "delete {resource}"),
        }
    }
}
