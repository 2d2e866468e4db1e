//! The application load balancer in front of the service.

use std::fmt;

use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerSchemeEnum, LoadBalancerTypeEnum, Tag};

use super::managed::{Alteration, Hands, Managed, Sight};
use super::service_linked_role::ServiceLinkedRole;
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::outcome::LoadBalancerIdentity;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

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

/// What can be done about a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `elasticloadbalancing:CreateLoadBalancer`.
    Create {
        /// The load balancer.
        load_balancer: LoadBalancer,
        /// The subnets that it goes into.
        subnet_ids: Vec<String>,
    },
    /// `elasticloadbalancing:SetSecurityGroups`.
    SetGroups(LoadBalancer),
    /// `elasticloadbalancing:AddTags`.
    Tag(LoadBalancer),
    /// `elasticloadbalancing:DeleteLoadBalancer`.
    Delete(LoadBalancer),
}

/// Why what describes has to be granted on everything.
pub(crate) const SEEN: &str = "no describing action of Elastic Load Balancing has a resource type";
const LOAD_BALANCER: &[&str] = &["loadbalancer/app/"];
static DESCRIBE: [Action; 2] = [
    Action::everywhere("elasticloadbalancing:DescribeLoadBalancers", SEEN),
    Action::everywhere("elasticloadbalancing:DescribeTags", SEEN),
];
static ACTIONS: [Action; 4] = [
    Action::on("elasticloadbalancing:AddTags", LOAD_BALANCER),
    Action::on("elasticloadbalancing:CreateLoadBalancer", LOAD_BALANCER),
    Action::on("elasticloadbalancing:DeleteLoadBalancer", LOAD_BALANCER),
    Action::on("elasticloadbalancing:SetSecurityGroups", LOAD_BALANCER),
];

impl LoadBalancer {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::LoadBalancer, self.name.as_str())
    }

    fn group(&self) -> ResourceId {
        ResourceId::new(Kind::SecurityGroup, &self.security_group)
    }
}

impl Managed for LoadBalancer {
    type State = LoadBalancerState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        vec![ServiceLinkedRole::ElasticLoadBalancing.id(), self.group()]
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<LoadBalancerState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeLoadBalancers";
        let id = Self::id(self);
        let answer = sight.account.elb.describe_load_balancers().names(self.name.as_str()).send().await;
        let answer = unless_absent(answer.called(OPERATION, &id), &["LoadBalancerNotFound"])?;
        let Some(found) = answer.and_then(|found| found.load_balancers.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        let identity = LoadBalancerIdentity {
            arn: sent(found.load_balancer_arn, "LoadBalancerArn", OPERATION, &id)?,
            dns_name: sent(found.dns_name, "DNSName", OPERATION, &id)?,
        };
        Ok(Some(LoadBalancerState {
            owner: owner(sight.account, &identity.arn, &id, sight.project).await?,
            identity,
            vpc_id: sent(found.vpc_id, "VpcId", OPERATION, &id)?,
            kind: found.r#type.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            scheme: found.scheme.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            state: found.state.and_then(|state| state.code).map(|word| word.as_str().to_owned()).unwrap_or_default(),
            security_groups: found.security_groups.unwrap_or_default(),
        }))
    }

    fn owner(state: &mut LoadBalancerState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &LoadBalancerState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.identity.arn.clone());
        known.hosts.insert(Self::id(self), state.identity.dns_name.clone());
    }

    fn compare(&self, found: Option<&LoadBalancerState>, known: &Identifiers, draft: &mut Draft) {
        let Some(vpc_id) = known.vpc() else { return };
        let Some(found) = found else {
            let change = Change::Create { load_balancer: self.clone(), subnet_ids: known.subnet_ids.clone() };
            draft.missing(change, "requests reach the service through it");
            return;
        };
        if found.kind != LoadBalancerTypeEnum::Application.as_str() {
            draft.unusable(format!("it is a load balancer of type `{}`, not `application`", found.kind));
        }
        if found.vpc_id != vpc_id {
            draft.unusable(format!("it is in VPC `{}`, not in `{vpc_id}`", found.vpc_id));
        }
        if found.state == "failed" {
            draft.unusable("AWS could not set it up; delete it so that it can be made again".to_owned());
        }
        // A scheme is for ever (Elastic Load Balancing API reference, `CreateLoadBalancer`).
        let internet_facing = LoadBalancerSchemeEnum::InternetFacing.as_str();
        if found.scheme != internet_facing {
            draft.left("scheme", internet_facing, &found.scheme);
        }
        let wanted = known.get(&self.group());
        if !matches!((found.security_groups.as_slice(), wanted), ([only], Some(wanted)) if only == wanted) {
            let groups = found.security_groups.join(", ");
            draft.differs(Change::SetGroups(self.clone()), "security groups", &self.security_group, &groups);
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, _: &LoadBalancerState, draft: &mut Draft) {
        draft.unwanted(Change::Delete(self.clone()), "requests reached the service through it");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the load balancer, and what is tagged as the project's."],
                actions: DESCRIBE.iter().collect(),
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "LoadBalancer",
                purposes: vec!["Make, mend and delete the load balancer. The end of its ARN is AWS's to choose."],
                actions: ACTIONS.iter().collect(),
                resources: vec![location.arn("elasticloadbalancing", &format!("loadbalancer/app/{}/*", self.name))],
                conditions: vec![],
            },
        ]
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::Create { load_balancer, subnet_ids: _ } => load_balancer.id(),
            Self::Tag(load_balancer) | Self::Delete(load_balancer) => load_balancer.id(),
            Self::SetGroups(load_balancer) => ResourceId::new(Kind::BalancerGroups, load_balancer.name.as_str()),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Create { load_balancer, subnet_ids: _ } => Managed::needs(load_balancer),
            Self::SetGroups(load_balancer) => vec![load_balancer.id(), load_balancer.group()],
            Self::Tag(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        matches!(self, Self::Delete(_)).then_some("its host name")
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (elb, resource) = (&hands.account.elb, self.resource());
        match self {
            Self::Create { load_balancer, subnet_ids } => {
                const OPERATION: &str = "elasticloadbalancing:CreateLoadBalancer";
                let answer = elb
                    .create_load_balancer()
                    .name(load_balancer.name.as_str())
                    .r#type(LoadBalancerTypeEnum::Application)
                    .scheme(LoadBalancerSchemeEnum::InternetFacing)
                    .set_subnets(Some(subnet_ids.clone()))
                    .security_groups(hands.known.name(&load_balancer.group(), OPERATION, &resource)?)
                    .tags(tag(hands.project))
                    .send()
                    .await
                    .called(OPERATION, &resource)?;
                let made = answer.load_balancers.unwrap_or_default().into_iter().next();
                let made = sent(made, "LoadBalancers[0]", OPERATION, &resource)?;
                let arn = sent(made.load_balancer_arn, "LoadBalancerArn", OPERATION, &resource)?;
                let host = sent(made.dns_name, "DNSName", OPERATION, &resource)?;
                return Ok(Made::Host(resource, arn, host));
            }
            Self::SetGroups(load_balancer) => {
                const OPERATION: &str = "elasticloadbalancing:SetSecurityGroups";
                let arn = hands.known.name(&load_balancer.id(), OPERATION, &resource)?;
                let group = hands.known.name(&load_balancer.group(), OPERATION, &resource)?;
                let answer = elb.set_security_groups().load_balancer_arn(arn).security_groups(group).send().await;
                answer.called(OPERATION, &resource)?;
            }
            Self::Tag(_) => add_tag(hands, &resource).await?,
            Self::Delete(_) => {
                const OPERATION: &str = "elasticloadbalancing:DeleteLoadBalancer";
                let arn = hands.known.name(&resource, OPERATION, &resource)?;
                let answer = elb.delete_load_balancer().load_balancer_arn(arn).send().await;
                unless_absent(answer.called(OPERATION, &resource), &["LoadBalancerNotFound"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create { load_balancer: _, subnet_ids } => {
                write!(f, "create {resource} in {}", subnet_ids.join(", "))
            }
            Self::SetGroups(_) => write!(f, "set {resource}"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}

/// Tags a load balancer or target group as the project's.
pub(super) async fn add_tag(hands: &Hands<'_>, resource: &ResourceId) -> Result<(), CallError> {
    const OPERATION: &str = "elasticloadbalancing:AddTags";
    let arn = hands.known.name(resource, OPERATION, resource)?;
    let answer = hands.account.elb.add_tags().resource_arns(arn).tags(tag(hands.project)).send().await;
    answer.called(OPERATION, resource).map(drop)
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
