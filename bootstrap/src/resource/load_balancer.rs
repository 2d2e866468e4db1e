//! The application load balancer in front of the service.

use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerSchemeEnum, LoadBalancerTypeEnum, Tag};

use super::network::Network;
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::outcome::LoadBalancerIdentity;
use crate::plan::{Blocker, Change, Draft};

/// The load balancer that should be: an application load balancer that faces the internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its name.
    pub name: ProjectName,
    /// The name of its security group.
    pub security_group: String,
}

/// The load balancer that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancerState {
    /// Its ARN and host name.
    pub identity: LoadBalancerIdentity,
    /// Whom it belongs to.
    pub owner: Owner,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// `application`, `network` or `gateway`.
    pub kind: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// `active`, `provisioning`, `active_impaired` or `failed`.
    pub state: String,
    /// The ids of its security groups.
    pub security_groups: Vec<String>,
}

impl LoadBalancer {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::LoadBalancer, self.name.as_str())
    }

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<LoadBalancerState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeLoadBalancers";
        let answer = account.elb.describe_load_balancers().names(self.name.as_str()).send().await;
        let answer = unless_absent(answer.called(OPERATION, &self.id()), &["LoadBalancerNotFound"])?;
        let Some(found) = answer.and_then(|found| found.load_balancers.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        let identity = LoadBalancerIdentity {
            arn: sent(found.load_balancer_arn, "LoadBalancerArn", OPERATION, &self.id())?,
            dns_name: sent(found.dns_name, "DNSName", OPERATION, &self.id())?,
        };
        Ok(Some(LoadBalancerState {
            owner: owner(account, &identity.arn, &self.id(), project).await?,
            identity,
            vpc_id: sent(found.vpc_id, "VpcId", OPERATION, &self.id())?,
            kind: found.r#type.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            scheme: found.scheme.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            state: found.state.and_then(|state| state.code).map(|word| word.as_str().to_owned()).unwrap_or_default(),
            security_groups: found.security_groups.unwrap_or_default(),
        }))
    }

    /// Compares with the one that is there. `group` is the id of the security group, if there is one yet.
    pub(crate) fn plan(
        &self,
        network: &Network,
        group: Option<&str>,
        found: Option<&LoadBalancerState>,
        draft: &mut Draft,
    ) {
        let Some(found) = found else {
            let change =
                Change::CreateLoadBalancer { load_balancer: self.clone(), subnet_ids: network.subnet_ids.clone() };
            draft.create(change, "requests reach the service through it");
            return;
        };
        let mut unusable = |why| draft.block(Blocker::Unusable { resource: self.id(), why });
        if found.kind != LoadBalancerTypeEnum::Application.as_str() {
            unusable(format!("it is a load balancer of type `{}`, not `application`", found.kind));
        }
        if found.vpc_id != network.vpc_id {
            unusable(format!("it is in VPC `{}`, not in `{}`", found.vpc_id, network.vpc_id));
        }
        if found.state == "failed" {
            unusable("AWS could not set it up; delete it so that it can be made again".to_owned());
        }
        if found.scheme != LoadBalancerSchemeEnum::InternetFacing.as_str() {
            draft.drift(self.id(), "scheme", LoadBalancerSchemeEnum::InternetFacing.as_str(), &found.scheme);
        }
        if !group.is_some_and(|id| found.security_groups.iter().any(|other| other == id)) {
            draft.drift(self.id(), "security groups", &self.security_group, &found.security_groups.join(", "));
        }
    }

    pub(crate) async fn create(
        &self,
        account: &Account,
        subnet_ids: &[String],
        identifiers: &Identifiers,
        project: &ProjectName,
    ) -> Result<Made, CallError> {
        const OPERATION: &str = "elasticloadbalancing:CreateLoadBalancer";
        let answer = account
            .elb
            .create_load_balancer()
            .name(self.name.as_str())
            .r#type(LoadBalancerTypeEnum::Application)
            .scheme(LoadBalancerSchemeEnum::InternetFacing)
            .set_subnets(Some(subnet_ids.to_vec()))
            .security_groups(identifiers.security_group(&self.security_group, OPERATION, &self.id())?)
            .tags(tag(project))
            .send()
            .await
            .called(OPERATION, &self.id())?;
        let made = answer.load_balancers.unwrap_or_default().into_iter().next();
        let made = sent(made, "LoadBalancers[0]", OPERATION, &self.id())?;
        Ok(Made::LoadBalancer(LoadBalancerIdentity {
            arn: sent(made.load_balancer_arn, "LoadBalancerArn", OPERATION, &self.id())?,
            dns_name: sent(made.dns_name, "DNSName", OPERATION, &self.id())?,
        }))
    }
}

/// The ownership tag as Elastic Load Balancing takes it.
pub(super) fn tag(project: &ProjectName) -> Tag {
    Tag::builder().key(OWNER_TAG).value(project.as_str()).build()
}

/// Whom a load balancer or target group belongs to: its tags come in an answer of their own.
pub(super) async fn owner(
    account: &Account,
    arn: &str,
    resource: &ResourceId,
    project: &ProjectName,
) -> Result<Owner, CallError> {
    let answer = account.elb.describe_tags().resource_arns(arn).send().await;
    let answer = answer.called("elasticloadbalancing:DescribeTags", resource)?;
    let tags = answer.tag_descriptions().iter().flat_map(|description| description.tags());
    Ok(Owner::of(tags.map(|tag| (tag.key(), tag.value())), project))
}
