//! The CloudWatch log groups that tasks write to. ECS does not make them: where one is missing, no task starts.

use super::{Kind, OWNER_TAG, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called};
use crate::plan::{Change, Draft};

/// How long the events of a log group that we make are kept.
const RETENTION_DAYS: i32 = 30;

/// A log group that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name, as the task definition has it.
    pub name: String,
}

/// A log group that is. CloudWatch does not show tags with it, so that its name alone makes it ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroupState {
    /// After how many days its events expire; never, if there is none.
    pub retention_days: Option<i32>,
}

impl LogGroup {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::LogGroup, &self.name)
    }

    /// What its retention is called in plans and errors.
    #[must_use]
    pub fn retention_id(&self) -> ResourceId {
        ResourceId::new(Kind::Retention, &self.name)
    }

    pub(crate) async fn observe(&self, account: &Account) -> Result<Option<LogGroupState>, CallError> {
        let mut pages = account.logs.describe_log_groups().log_group_name_prefix(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.called("logs:DescribeLogGroups", &self.id())?;
            let same = page.log_groups().iter().find(|group| group.log_group_name() == Some(self.name.as_str()));
            if let Some(group) = same {
                return Ok(Some(LogGroupState { retention_days: group.retention_in_days() }));
            }
        }
        Ok(None)
    }

    /// A retention that is not ours is not shortened: that would delete what somebody chose to keep.
    pub(crate) fn plan(&self, found: Option<&LogGroupState>, draft: &mut Draft) {
        match found {
            None => {
                draft.create(Change::CreateLogGroup(self.clone()), "the task definition writes to it");
                draft.create(Change::PutRetentionPolicy(self.clone()), "its events would be kept for ever");
            }
            Some(LogGroupState { retention_days: Some(RETENTION_DAYS) }) => {}
            Some(LogGroupState { retention_days }) => {
                let found = retention_days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
                draft.drift(self.id(), "retention", &format!("{RETENTION_DAYS} days"), &found);
            }
        }
    }

    pub(crate) async fn create(&self, account: &Account, project: &ProjectName) -> Result<(), CallError> {
        let request = account.logs.create_log_group().log_group_name(&self.name).tags(OWNER_TAG, project.as_str());
        request.send().await.called("logs:CreateLogGroup", &self.id()).map(drop)
    }

    pub(crate) async fn put_retention(&self, account: &Account) -> Result<(), CallError> {
        let request = account.logs.put_retention_policy().log_group_name(&self.name).retention_in_days(RETENTION_DAYS);
        request.send().await.called("logs:PutRetentionPolicy", &self.retention_id()).map(drop)
    }

    /// The retention of a group that we make, in days.
    #[must_use]
    pub fn retention_days() -> i32 {
        RETENTION_DAYS
    }
}
