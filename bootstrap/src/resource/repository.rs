//! The ECR repository of the service's image, and its lifecycle policy.

use aws_sdk_ecr::types::{ImageScanningConfiguration, ImageTagMutability, Tag};
use serde_json::{Value, json};

use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::{ProjectName, RepositoryName};
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Made;
use crate::plan::{Change, Draft};

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
    /// Its lifecycle policy.
    pub lifecycle: Option<Value>,
}

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

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<RepositoryState>, CallError> {
        let (repository, tags, lifecycle) =
            futures_util::try_join!(self.describe(account), self.tags(account), self.get_lifecycle(account))?;
        let Some(repository) = repository else { return Ok(None) };
        Ok(Some(RepositoryState {
            uri: sent(repository.repository_uri, "repositoryUri", "ecr:DescribeRepositories", &self.id())?,
            owner: Owner::of(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))), project),
            tag_mutability: repository.image_tag_mutability.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            scan_on_push: repository.image_scanning_configuration.is_some_and(|scanning| scanning.scan_on_push),
            lifecycle,
        }))
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

    pub(crate) fn plan(&self, found: Option<&RepositoryState>, draft: &mut Draft) {
        let purpose = "images that no tag points at would pile up";
        let lifecycle = Change::PutLifecyclePolicy(self.clone());
        let Some(found) = found else {
            draft.create(Change::CreateRepository(self.clone()), "the service's images are pushed to it");
            draft.create(lifecycle, purpose);
            return;
        };
        match &found.lifecycle {
            None => draft.add(&found.owner, self.id(), lifecycle, purpose),
            Some(other) if *other != self.lifecycle() => {
                draft.mend(&found.owner, self.id(), lifecycle, "has other rules".to_owned());
            }
            Some(_) => {}
        }
        if found.tag_mutability != ImageTagMutability::Immutable.as_str() {
            draft.drift(self.id(), "tags", ImageTagMutability::Immutable.as_str(), &found.tag_mutability);
        }
        if !found.scan_on_push {
            draft.drift(self.id(), "scan on push", "on", "off");
        }
    }

    pub(crate) async fn create(&self, account: &Account, project: &ProjectName) -> Result<Made, CallError> {
        const OPERATION: &str = "ecr:CreateRepository";
        let tag = Tag::builder().key(OWNER_TAG).value(project.as_str()).build();
        let tag = tag.expect("a tag with key and value is complete");
        let answer = account
            .ecr
            .create_repository()
            .repository_name(self.name.as_str())
            .image_tag_mutability(ImageTagMutability::Immutable)
            .image_scanning_configuration(ImageScanningConfiguration::builder().scan_on_push(true).build())
            .tags(tag)
            .send()
            .await
            .called(OPERATION, &self.id())?;
        let uri = answer.repository.and_then(|repository| repository.repository_uri);
        Ok(Made::Repository { uri: sent(uri, "repositoryUri", OPERATION, &self.id())? })
    }

    pub(crate) async fn put_lifecycle(&self, account: &Account) -> Result<(), CallError> {
        let request = account.ecr.put_lifecycle_policy().repository_name(self.name.as_str());
        let answer = request.lifecycle_policy_text(self.lifecycle().to_string()).send().await;
        answer.called("ecr:PutLifecyclePolicy", &self.lifecycle_id()).map(drop)
    }
}
