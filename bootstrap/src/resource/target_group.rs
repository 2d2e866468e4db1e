//! The target group that the service's tasks are registered in.

use std::num::NonZeroU16;

use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, TargetTypeEnum};

use super::load_balancer::{owner, tag};
use super::network::Network;
use super::{Kind, Owner, ResourceId};
use crate::config::name::{HealthCheckPath, ProjectName};
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Made;
use crate::plan::{Blocker, Change, Draft};

/// The target group that should be. Its targets are addresses, since each task has one of its own; they are asked over
/// HTTP whether they are healthy, as often as AWS asks by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its name.
    pub name: String,
    /// The port that targets listen on.
    pub port: NonZeroU16,
    /// The path of the health check.
    pub health_check_path: HealthCheckPath,
    /// What it is for.
    pub purpose: &'static str,
}

/// The target group that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroupState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// `HTTP`, `HTTPS`, `TCP` and others.
    pub protocol: String,
    /// `ip`, `instance`, `lambda` or `alb`.
    pub target_type: String,
    /// The port that targets listen on unless they are registered with another.
    pub port: Option<i32>,
    /// The path of the health check.
    pub health_check_path: String,
}

impl TargetGroup {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::TargetGroup, &self.name)
    }

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<TargetGroupState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeTargetGroups";
        let answer = account.elb.describe_target_groups().names(&self.name).send().await;
        let answer = unless_absent(answer.called(OPERATION, &self.id()), &["TargetGroupNotFound"])?;
        let Some(found) = answer.and_then(|found| found.target_groups.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        let arn = sent(found.target_group_arn, "TargetGroupArn", OPERATION, &self.id())?;
        Ok(Some(TargetGroupState {
            owner: owner(account, &arn, &self.id(), project).await?,
            arn,
            vpc_id: found.vpc_id.unwrap_or_default(),
            protocol: found.protocol.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            target_type: found.target_type.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            port: found.port,
            health_check_path: found.health_check_path.unwrap_or_default(),
        }))
    }

    pub(crate) fn plan(&self, network: &Network, found: Option<&TargetGroupState>, draft: &mut Draft) {
        let Some(found) = found else {
            let change = Change::CreateTargetGroup { target_group: self.clone(), vpc_id: network.vpc_id.clone() };
            draft.create(change, self.purpose);
            return;
        };
        let mut unusable = |why| draft.block(Blocker::Unusable { resource: self.id(), why });
        if found.target_type != TargetTypeEnum::Ip.as_str() {
            unusable(format!("its targets are of type `{}`; tasks need `ip`", found.target_type));
        }
        if found.protocol != ProtocolEnum::Http.as_str() {
            unusable(format!("its protocol is `{}`, not `HTTP`", found.protocol));
        }
        if found.vpc_id != network.vpc_id {
            unusable(format!("it is in VPC `{}`, not in `{}`", found.vpc_id, network.vpc_id));
        }
        if found.port != Some(i32::from(self.port.get())) {
            let port = found.port.map_or_else(|| "none".to_owned(), |port| port.to_string());
            draft.drift(self.id(), "port", &self.port.to_string(), &port);
        }
        if found.health_check_path != self.health_check_path.as_str() {
            draft.drift(self.id(), "health check path", self.health_check_path.as_str(), &found.health_check_path);
        }
    }

    pub(crate) async fn create(
        &self,
        account: &Account,
        vpc_id: &str,
        project: &ProjectName,
    ) -> Result<Made, CallError> {
        const OPERATION: &str = "elasticloadbalancing:CreateTargetGroup";
        let answer = account
            .elb
            .create_target_group()
            .name(&self.name)
            .protocol(ProtocolEnum::Http)
            .port(i32::from(self.port.get()))
            .vpc_id(vpc_id)
            .target_type(TargetTypeEnum::Ip)
            .health_check_path(self.health_check_path.as_str())
            .tags(tag(project))
            .send()
            .await
            .called(OPERATION, &self.id())?;
        let made = answer.target_groups.unwrap_or_default().into_iter().next();
        let arn = made.and_then(|made| made.target_group_arn);
        let arn = sent(arn, "TargetGroups[0].TargetGroupArn", OPERATION, &self.id())?;
        Ok(Made::TargetGroup { name: self.name.clone(), arn })
    }
}
