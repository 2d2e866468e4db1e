//! The CloudWatch log groups that tasks write to. ECS does not make them: where one is missing, no task starts.

use std::fmt;

use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::execution::log_group_arns;
use crate::policy::{Action, Statement};

/// How long the events of a log group that we make are kept.
const RETENTION_DAYS: i32 = 30;

const SECONDS_A_DAY: i64 = 86_400;

/// A log group that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name, as the task definition has it.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// A log group that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroupState {
    /// After how many days its events expire; never, if there is none.
    pub retention_days: Option<i32>,
    /// Whether it can hold events that are older than we would keep them.
    pub is_old: bool,
    /// Whom it belongs to.
    pub owner: Owner,
}

/// What can be done about a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `logs:CreateLogGroup`.
    Create(LogGroup),
    /// `logs:PutRetentionPolicy`.
    PutRetention(LogGroup),
    /// `logs:TagResource`.
    Tag(LogGroup),
    /// `logs:DeleteLogGroup`.
    Delete(LogGroup),
}

const LOG_GROUP: &[&str] = &["log-group:"];
static ACTIONS: [Action; 5] = [
    Action::on("logs:CreateLogGroup", LOG_GROUP),
    Action::on("logs:DeleteLogGroup", LOG_GROUP),
    Action::on("logs:ListTagsForResource", LOG_GROUP),
    Action::on("logs:PutRetentionPolicy", LOG_GROUP),
    Action::on("logs:TagResource", LOG_GROUP),
];
static DESCRIBE: Action =
    Action::everywhere("logs:DescribeLogGroups", "it lists what begins with a name, and has no resource type");

impl LogGroup {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::LogGroup, &self.name)
    }

    async fn find(&self, account: &Account) -> Result<Option<aws_sdk_cloudwatchlogs::types::LogGroup>, CallError> {
        let mut pages = account.logs.describe_log_groups().log_group_name_prefix(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.called("logs:DescribeLogGroups", &self.id())?;
            let same = page.log_groups().iter().find(|group| group.log_group_name() == Some(self.name.as_str()));
            if let Some(group) = same {
                return Ok(Some(group.clone()));
            }
        }
        Ok(None)
    }

    async fn find_owner(&self, account: &Account, project: &ProjectName) -> Result<Owner, CallError> {
        let answer = account.logs.list_tags_for_resource().resource_arn(&self.arn).send().await;
        let answer = answer.called("logs:ListTagsForResource", &self.id());
        let tags = unless_absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.tags);
        let tags = tags.unwrap_or_default();
        Ok(Owner::of(tags.iter().map(|(key, value)| (Some(key.as_str()), Some(value.as_str()))), project))
    }

    /// The retention of a group that we make, in days.
    #[must_use]
    pub fn retention_days() -> i32 {
        RETENTION_DAYS
    }
}

impl Managed for LogGroup {
    type State = LogGroupState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<LogGroupState>, CallError> {
        let (group, owner) =
            futures_util::try_join!(self.find(sight.account), self.find_owner(sight.account, sight.project))?;
        Ok(group.map(|group| LogGroupState {
            retention_days: group.retention_in_days(),
            // Milliseconds since 1970 (CloudWatch Logs API reference, `LogGroup`).
            is_old: group.creation_time().unwrap_or_default() / 1000
                < sight.now - i64::from(RETENTION_DAYS) * SECONDS_A_DAY,
            owner,
        }))
    }

    fn owner(state: &mut LogGroupState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, _: &LogGroupState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), self.arn.clone());
    }

    /// A retention is not shortened where that would delete events that are there, nor where the group is not ours.
    fn compare(&self, found: Option<&LogGroupState>, _: &Identifiers, draft: &mut Draft) {
        let put = Change::PutRetention(self.clone());
        let Some(found) = found else {
            draft.missing(Change::Create(self.clone()), "the task definition writes to it");
            draft.missing(put, "its events would be kept for ever");
            return;
        };
        if found.retention_days == Some(RETENTION_DAYS) {
            return;
        }
        let wanted = format!("{RETENTION_DAYS} days");
        let shown = found.retention_days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
        let shortens = found.retention_days.is_none_or(|days| days > RETENTION_DAYS);
        if (shortens && found.is_old) || !draft.is_ours() {
            draft.left("retention", &wanted, &shown);
        } else {
            draft.differs(put, "retention", &wanted, &shown);
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, _: &LogGroupState, draft: &mut Draft) {
        draft.unwanted(Change::Delete(self.clone()), "the project's tasks wrote to it");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the log groups."],
                actions: vec![&DESCRIBE],
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "Logs",
                purposes: vec!["Make, compare, mend and delete the log groups that the task definition names."],
                actions: ACTIONS.iter().collect(),
                resources: log_group_arns(location, &self.name).into(),
                conditions: vec![],
            },
        ]
    }
}

impl Change {
    fn group(&self) -> &LogGroup {
        match self {
            Self::Create(group) | Self::PutRetention(group) | Self::Tag(group) | Self::Delete(group) => group,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::PutRetention(group) => ResourceId::new(Kind::Retention, &group.name),
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => self.group().id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::PutRetention(group) => vec![group.id()],
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        matches!(self, Self::Delete(_)).then_some("all events in it")
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let Hands { account, project, known: _ } = hands;
        let group = self.group();
        match self {
            Self::Create(_) => {
                let request = account.logs.create_log_group().log_group_name(&group.name);
                let answer = request.tags(OWNER_TAG, project.as_str()).send().await;
                answer.called("logs:CreateLogGroup", &self.resource())?;
                return Ok(Made::Named(self.resource(), group.arn.clone()));
            }
            Self::PutRetention(_) => {
                let request = account.logs.put_retention_policy().log_group_name(&group.name);
                let answer = request.retention_in_days(RETENTION_DAYS).send().await;
                answer.called("logs:PutRetentionPolicy", &self.resource())?;
            }
            Self::Tag(_) => {
                let request = account.logs.tag_resource().resource_arn(&group.arn);
                let answer = request.tags(OWNER_TAG, project.as_str()).send().await;
                answer.called("logs:TagResource", &self.resource())?;
            }
            Self::Delete(_) => {
                let answer = account.logs.delete_log_group().log_group_name(&group.name).send().await;
                let answer = answer.called("logs:DeleteLogGroup", &self.resource());
                unless_absent(answer, &["ResourceNotFoundException"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create(_) => write!(f, "create {resource}"),
            Self::PutRetention(_) => write!(f, "set {resource} to {RETENTION_DAYS} days"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}
