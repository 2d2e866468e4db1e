//! The first revision of the task definition. A service cannot be made without one; every later revision is a deploy's.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_ecs::types::{TaskDefinitionField, TaskDefinitionStatus};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};

use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::{Family, ProjectName};
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Condition, Statement};
use crate::task_definition::Document;

/// The tag of the image that the first revision names. There is no such image, and none is needed: the service is made at
/// desired count 0, and the first deploy brings a revision with an image of its own.
pub const FIRST_IMAGE_TAG: &str = "bootstrap";

/// So many revisions are deleted by one call (ECS API reference, `DeleteTaskDefinitions`).
const DELETED_AT_ONCE: usize = 10;

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

    /// The ARNs of the family's revisions of a status, oldest first.
    async fn list(&self, account: &Account, status: TaskDefinitionStatus) -> Result<Vec<String>, CallError> {
        let request = account.ecs.list_task_definitions().family_prefix(self.family.as_str()).status(status);
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        let named = format!("/{}:", self.family.as_str());
        while let Some(page) = pages.next().await {
            let page = page.called("ecs:ListTaskDefinitions", &self.id())?;
            found.extend(page.task_definition_arns().iter().filter(|arn| arn.contains(&named)).cloned());
        }
        Ok(found)
    }

    /// What is sent: the user's document, and the tag that says whose the family is.
    fn body(&self, project: &ProjectName) -> String {
        let mut keys = self.document.keys().clone();
        let tags = keys.entry("tags").or_insert_with(|| json!([]));
        if let Value::Array(tags) = tags {
            tags.push(json!({"key": OWNER_TAG, "value": project.as_str()}));
        }
        Value::Object(keys).to_string()
    }
}

/// The family's revisions that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyState {
    /// The ARNs of those that services and tasks can use, oldest first.
    pub active: Vec<String>,
    /// The ARNs of those that have been deregistered, oldest first.
    pub inactive: Vec<String>,
    /// Whom the oldest belongs to, and with it the family.
    pub owner: Owner,
    /// The ARNs or names of the roles that the oldest hands to its tasks.
    pub roles: BTreeSet<String>,
    /// The log groups that its containers write to.
    pub log_groups: BTreeSet<String>,
}

/// What can be done about a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `ecs:RegisterTaskDefinition`.
    Register(FirstRevision),
    /// `ecs:DeregisterTaskDefinition`.
    Deregister {
        /// The family.
        family: String,
        /// The revision's ARN.
        revision: String,
    },
    /// `ecs:DeleteTaskDefinitions`.
    Delete {
        /// The family.
        family: String,
        /// The revisions' ARNs.
        revisions: Vec<String>,
    },
}

const UNCONFINED: &str = "the action has neither a resource type nor a condition key";
const REVISION: &[&str] = &["task-definition/"];
static EVERYWHERE: [Action; 3] = [
    Action::everywhere("ecs:DeregisterTaskDefinition", UNCONFINED),
    Action::everywhere("ecs:DescribeTaskDefinition", UNCONFINED),
    Action::everywhere("ecs:ListTaskDefinitions", UNCONFINED),
];
static OWN: [Action; 2] =
    [Action::on("ecs:DeleteTaskDefinitions", REVISION), Action::on("ecs:RegisterTaskDefinition", REVISION)];
static TAG: Action = Action::on("ecs:TagResource", REVISION);

impl Managed for FirstRevision {
    type State = FamilyState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["revision", "image"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        self.roles.iter().map(|role| ResourceId::new(Kind::Role, role)).collect()
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<FamilyState>, CallError> {
        const OPERATION: &str = "ecs:DescribeTaskDefinition";
        let (active, inactive) = futures_util::try_join!(
            self.list(sight.account, TaskDefinitionStatus::Active),
            self.list(sight.account, TaskDefinitionStatus::Inactive)
        )?;
        let Some(oldest) = active.first().or(inactive.first()) else { return Ok(None) };
        let request = sight.account.ecs.describe_task_definition().task_definition(oldest);
        let answer = request.include(TaskDefinitionField::Tags).send().await.called(OPERATION, &Self::id(self));
        // Meanwhile it may have been deleted.
        let Some(answer) = unless_absent(answer, &["ClientException"])? else { return Ok(None) };
        let owner = Owner::of(answer.tags().iter().map(|tag| (tag.key(), tag.value())), sight.project);
        // What somebody else has deregistered is as good as nothing.
        let there = !active.is_empty() || owner == Owner::Ours;
        let definition = answer.task_definition();
        let roles = definition.into_iter().flat_map(|it| [it.execution_role_arn(), it.task_role_arn()]);
        let containers = definition.map(|it| it.container_definitions()).unwrap_or_default();
        let logged = containers.iter().filter_map(|it| it.log_configuration().and_then(|logs| logs.options()));
        Ok(there.then(|| FamilyState {
            active,
            inactive,
            owner,
            roles: roles.flatten().map(str::to_owned).collect(),
            log_groups: logged.filter_map(|options| options.get("awslogs-group").cloned()).collect(),
        }))
    }

    fn owner(state: &mut FamilyState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &FamilyState, known: &mut Identifiers) {
        if let Some(newest) = state.active.last() {
            known.names.insert(Self::id(self), newest.clone());
        }
    }

    fn compare(&self, found: Option<&FamilyState>, _: &Identifiers, draft: &mut Draft) {
        if found.is_none_or(|found| found.active.is_empty()) {
            draft.missing(Change::Register(self.clone()), "a service needs a revision to be made");
        }
    }

    fn adopt(&self) -> Option<Change> {
        None
    }

    fn take_away(&self, found: &FamilyState, draft: &mut Draft) {
        let family = self.family.to_string();
        for revision in &found.active {
            let change = Change::Deregister { family: family.clone(), revision: revision.clone() };
            draft.unwanted(change, "only a deregistered revision can be deleted");
        }
        let all: Vec<String> = found.active.iter().chain(&found.inactive).cloned().collect();
        for revisions in all.chunks(DELETED_AT_ONCE) {
            let change = Change::Delete { family: family.clone(), revisions: revisions.to_vec() };
            draft.unwanted(change, "the project's service ran them");
        }
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        let revisions = vec![location.arn("ecs", &format!("task-definition/{}:*", self.family.as_str()))];
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the family's revisions, and deregister them when the project is taken away."],
                actions: EVERYWHERE.iter().collect(),
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "Revisions",
                purposes: vec!["Register the first revision, and delete them all in the end."],
                actions: OWN.iter().collect(),
                resources: revisions.clone(),
                conditions: vec![],
            },
            Statement {
                sid: "TagRevisions",
                purposes: vec!["Tag the first revision as it is registered."],
                actions: vec![&TAG],
                resources: revisions,
                conditions: vec![Condition {
                    operator: "StringEquals",
                    key: "ecs:CreateAction",
                    values: vec!["RegisterTaskDefinition".to_owned()],
                }],
            },
        ]
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::Register(revision) => revision.id(),
            Self::Deregister { family, .. } | Self::Delete { family, .. } => {
                ResourceId::new(Kind::TaskDefinition, family)
            }
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Register(revision) => Managed::needs(revision),
            Self::Deregister { .. } => Vec::new(),
            Self::Delete { .. } => vec![self.resource()],
        })
    }

    fn loses(&self) -> Option<&'static str> {
        matches!(self, Self::Delete { .. }).then_some("the revisions")
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (ecs, resource) = (&hands.account.ecs, self.resource());
        match self {
            Self::Register(revision) => {
                const OPERATION: &str = "ecs:RegisterTaskDefinition";
                let body = revision.body(hands.project);
                // The body takes the place of the one that the SDK makes of its own types, before the request is signed:
                // what the user wrote goes through no type that could lose a field. It is sent once: sent again after an
                // answer that was lost, it would register another revision.
                let once = aws_sdk_ecs::config::Config::builder().retry_config(RetryConfig::disabled());
                let request = ecs.register_task_definition().family(revision.family.as_str()).customize();
                let answer = request
                    .config_override(once)
                    .mutate_request(move |request| {
                        request.headers_mut().insert("content-length", body.len().to_string());
                        *request.body_mut() = SdkBody::from(body.as_str());
                    })
                    .send()
                    .await
                    .called(OPERATION, &resource)?;
                let arn = answer.task_definition.and_then(|revision| revision.task_definition_arn);
                let arn = sent(arn, "taskDefinitionArn", OPERATION, &resource)?;
                return Ok(Made::Named(resource, arn));
            }
            Self::Deregister { family: _, revision } => {
                let answer = ecs.deregister_task_definition().task_definition(revision).send().await;
                answer.called("ecs:DeregisterTaskDefinition", &resource)?;
            }
            Self::Delete { family: _, revisions } => {
                let request = ecs.delete_task_definitions().set_task_definitions(Some(revisions.clone()));
                request.send().await.called("ecs:DeleteTaskDefinitions", &resource)?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
        match self {
            Self::Register(_) => write!(f, "register the first revision of {}", self.resource()),
            Self::Deregister { family: _, revision } => write!(f, "deregister task definition `{}`", short(revision)),
            Self::Delete { family: _, revisions } => {
                let names: Vec<String> = revisions.iter().map(|arn| format!("`{}`", short(arn))).collect();
                write!(f, "delete task definitions {}", names.join(", "))
            }
        }
    }
}
