//! The first revision of the task definition. A service cannot be made without one; every later revision is a deploy's.

use aws_smithy_types::body::SdkBody;

use super::{Kind, ResourceId};
use crate::config::name::Family;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Made;
use crate::plan::{Change, Draft};
use crate::task_definition::Document;

/// The tag of the image that the first revision names. There is no such image, and none is needed: the service is made at
/// desired count 0, and the first deploy brings a revision with an image of its own.
pub const FIRST_IMAGE_TAG: &str = "bootstrap";

/// The revision that a family without one gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRevision {
    /// The family.
    pub family: Family,
    /// The user's task definition with the image in the project's repository.
    pub document: Document,
    /// The names of the roles that it hands to its tasks.
    pub roles: Vec<String>,
}

impl FirstRevision {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::TaskDefinition, self.family.as_str())
    }

    /// The ARN of the family's newest revision; none if it has no active one, which ECS calls a `ClientException`.
    pub(crate) async fn observe(&self, account: &Account) -> Result<Option<String>, CallError> {
        const OPERATION: &str = "ecs:DescribeTaskDefinition";
        let answer = account.ecs.describe_task_definition().task_definition(self.family.as_str()).send().await;
        let found = unless_absent(answer.called(OPERATION, &self.id()), &["ClientException"])?;
        let arn = |found: aws_sdk_ecs::types::TaskDefinition| {
            sent(found.task_definition_arn, "taskDefinitionArn", OPERATION, &self.id())
        };
        found.and_then(|found| found.task_definition).map(arn).transpose()
    }

    pub(crate) fn plan(&self, found: Option<&str>, draft: &mut Draft) {
        if found.is_none() {
            draft.create(Change::RegisterTaskDefinition(self.clone()), "a service needs a revision to be made");
        }
    }

    /// Registers the document as it stands. It is put in place of the body that the SDK makes of its own types, before
    /// the request is signed: what the user wrote goes through no type that could lose a field.
    pub(crate) async fn register(&self, account: &Account) -> Result<Made, CallError> {
        const OPERATION: &str = "ecs:RegisterTaskDefinition";
        let body = self.document.to_json();
        let request = account.ecs.register_task_definition().family(self.family.as_str()).customize();
        let answer = request
            .mutate_request(move |request| {
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = SdkBody::from(body.as_str());
            })
            .send()
            .await
            .called(OPERATION, &self.id())?;
        let arn = answer.task_definition.and_then(|revision| revision.task_definition_arn);
        Ok(Made::TaskDefinition { arn: sent(arn, "taskDefinitionArn", OPERATION, &self.id())? })
    }
}
