//! The calls that a plan can hold. Each variant carries exactly what its call needs.

use std::fmt;

use crate::policy::{Quota, quota};
use crate::resource::cluster::Cluster;
use crate::resource::inline_policy::InlinePolicy;
use crate::resource::listener::Listener;
use crate::resource::listener_rule::ListenerRule;
use crate::resource::load_balancer::LoadBalancer;
use crate::resource::log_group::LogGroup;
use crate::resource::repository::Repository;
use crate::resource::role::Role;
use crate::resource::security_group::{IngressRule, SecurityGroup, Source};
use crate::resource::service::Service;
use crate::resource::service_linked_role::ServiceLinkedRole;
use crate::resource::target_group::TargetGroup;
use crate::resource::task_definition::FirstRevision;
use crate::resource::{Kind, ResourceId};

/// One call that changes an account. Prints as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `iam:CreateServiceLinkedRole`.
    CreateServiceLinkedRole(ServiceLinkedRole),
    /// `ecr:CreateRepository`.
    CreateRepository(Repository),
    /// `ecr:PutLifecyclePolicy`.
    PutLifecyclePolicy(Repository),
    /// `logs:CreateLogGroup`.
    CreateLogGroup(LogGroup),
    /// `logs:PutRetentionPolicy`.
    PutRetentionPolicy(LogGroup),
    /// `iam:CreateRole`.
    CreateRole(Role),
    /// `iam:PutRolePolicy`.
    PutRolePolicy {
        /// The role's name.
        role: String,
        /// The policy.
        policy: InlinePolicy,
    },
    /// `iam:AttachRolePolicy`.
    AttachRolePolicy {
        /// The role's name.
        role: String,
        /// The ARN of the managed policy.
        policy: String,
    },
    /// `ec2:CreateSecurityGroup`.
    CreateSecurityGroup {
        /// The group.
        group: SecurityGroup,
        /// The VPC that it goes into.
        vpc_id: String,
    },
    /// `ec2:AuthorizeSecurityGroupIngress`.
    AuthorizeIngress {
        /// The group's name.
        group: String,
        /// The rules that it lacks.
        rules: Vec<IngressRule>,
    },
    /// `elasticloadbalancing:CreateLoadBalancer`.
    CreateLoadBalancer {
        /// The load balancer.
        load_balancer: LoadBalancer,
        /// The subnets that it goes into.
        subnet_ids: Vec<String>,
    },
    /// `elasticloadbalancing:CreateTargetGroup`.
    CreateTargetGroup {
        /// The target group.
        target_group: TargetGroup,
        /// The VPC that it goes into.
        vpc_id: String,
    },
    /// `elasticloadbalancing:CreateListener`.
    CreateListener(Listener),
    /// `elasticloadbalancing:CreateRule`.
    CreateRule(ListenerRule),
    /// `ecs:CreateCluster`.
    CreateCluster(Cluster),
    /// `ecs:RegisterTaskDefinition`.
    RegisterTaskDefinition(FirstRevision),
    /// `ecs:CreateService`.
    CreateService {
        /// The service.
        service: Service,
        /// The subnets that its tasks go into.
        subnet_ids: Vec<String>,
    },
    /// `iam:CreateUser`.
    CreateUser {
        /// The user's name.
        user: String,
    },
    /// `iam:PutUserPolicy`.
    PutUserPolicy {
        /// The user's name.
        user: String,
        /// The policy.
        policy: InlinePolicy,
    },
    /// `iam:CreateAccessKey`.
    CreateAccessKey {
        /// The user's name.
        user: String,
    },
}

/// Why a change is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The account has no such thing.
    Missing {
        /// What it is for.
        purpose: &'static str,
    },
    /// The account has another.
    Differs {
        /// How it differs, as in "it has other rules".
        what: String,
    },
}

/// What must be done before a change.
pub(super) enum Needs {
    /// Whatever of these is in the plan.
    These(Vec<ResourceId>),
    /// Everything else.
    Everything,
}

impl Change {
    /// What the change makes or writes.
    #[must_use]
    pub fn resource(&self) -> ResourceId {
        match self {
            Self::CreateServiceLinkedRole(role) => role.id(),
            Self::CreateRepository(repository) => repository.id(),
            Self::PutLifecyclePolicy(repository) => repository.lifecycle_id(),
            Self::CreateLogGroup(group) => group.id(),
            Self::PutRetentionPolicy(group) => group.retention_id(),
            Self::CreateRole(role) => role.id(),
            Self::PutRolePolicy { role, policy: _ } => ResourceId::new(Kind::RolePolicy, role),
            Self::AttachRolePolicy { role, policy: _ } => ResourceId::new(Kind::RoleAttachment, role),
            Self::CreateSecurityGroup { group, vpc_id: _ } => group.id(),
            Self::AuthorizeIngress { group, rules: _ } => ResourceId::new(Kind::Ingress, group),
            Self::CreateLoadBalancer { load_balancer, subnet_ids: _ } => load_balancer.id(),
            Self::CreateTargetGroup { target_group, vpc_id: _ } => target_group.id(),
            Self::CreateListener(listener) => listener.id(),
            Self::CreateRule(rule) => rule.id(),
            Self::CreateCluster(cluster) => cluster.id(),
            Self::RegisterTaskDefinition(revision) => revision.id(),
            Self::CreateService { service, subnet_ids: _ } => service.id(),
            Self::CreateUser { user } => ResourceId::new(Kind::User, user),
            Self::PutUserPolicy { user, policy: _ } => ResourceId::new(Kind::UserPolicy, user),
            Self::CreateAccessKey { user } => ResourceId::new(Kind::AccessKey, user),
        }
    }

    /// What must be there before the change can be made.
    pub(super) fn needs(&self) -> Needs {
        let security_group = |name: &str| ResourceId::new(Kind::SecurityGroup, name);
        Needs::These(match self {
            Self::CreateServiceLinkedRole(_)
            | Self::CreateRepository(_)
            | Self::CreateLogGroup(_)
            | Self::CreateRole(_)
            | Self::CreateSecurityGroup { .. }
            | Self::CreateTargetGroup { .. }
            | Self::CreateUser { .. } => vec![],
            Self::PutLifecyclePolicy(repository) => vec![repository.id()],
            Self::PutRetentionPolicy(group) => vec![group.id()],
            Self::PutRolePolicy { role, policy: _ } | Self::AttachRolePolicy { role, policy: _ } => {
                vec![ResourceId::new(Kind::Role, role)]
            }
            Self::AuthorizeIngress { group, rules } => {
                let sources = rules.iter().filter_map(|rule| match &rule.from {
                    Source::Anywhere => None,
                    Source::Group(name) => Some(security_group(name)),
                });
                std::iter::once(security_group(group)).chain(sources).collect()
            }
            Self::CreateLoadBalancer { load_balancer, subnet_ids: _ } => {
                vec![ServiceLinkedRole::ElasticLoadBalancing.id(), security_group(&load_balancer.security_group)]
            }
            Self::CreateListener(listener) => {
                vec![
                    ResourceId::new(Kind::LoadBalancer, listener.load_balancer.as_str()),
                    ResourceId::new(Kind::TargetGroup, &listener.target_group),
                ]
            }
            Self::CreateRule(rule) => {
                let groups = rule.target_groups.iter().map(|group| ResourceId::new(Kind::TargetGroup, group));
                std::iter::once(rule.listener.id()).chain(groups).collect()
            }
            Self::CreateCluster(_) => vec![ServiceLinkedRole::Ecs.id()],
            Self::RegisterTaskDefinition(revision) => {
                revision.roles.iter().map(|role| ResourceId::new(Kind::Role, role)).collect()
            }
            // ECS refuses a target group that no load balancer uses, so that the listener comes first.
            Self::CreateService { service, subnet_ids: _ } => {
                let mut needs = vec![
                    ServiceLinkedRole::Ecs.id(),
                    ResourceId::new(Kind::Cluster, service.cluster.as_str()),
                    security_group(&service.security_group),
                    ResourceId::new(Kind::TaskDefinition, service.family.as_str()),
                    service.listener.id(),
                ];
                if let Some(traffic) = &service.traffic {
                    needs.extend(traffic.rules().map(ListenerRule::id));
                    needs.extend(traffic.roles().map(|role| ResourceId::new(Kind::Role, role)));
                }
                needs
            }
            Self::PutUserPolicy { user, policy: _ } => vec![ResourceId::new(Kind::User, user)],
            // Made last: a run that fails half-way leaves no key whose secret half nobody has.
            Self::CreateAccessKey { .. } => return Needs::Everything,
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |rules: &[IngressRule]| rules.iter().map(IngressRule::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::CreateServiceLinkedRole(_)
            | Self::CreateRole(_)
            | Self::CreateLogGroup(_)
            | Self::CreateTargetGroup { .. }
            | Self::CreateListener(_)
            | Self::CreateRule(_)
            | Self::CreateCluster(_)
            | Self::CreateUser { .. }
            | Self::CreateAccessKey { .. } => write!(f, "create {}", self.resource()),
            Self::CreateRepository(_) => write!(f, "create {} with immutable tags", self.resource()),
            Self::PutLifecyclePolicy(_) => write!(f, "write {}", self.resource()),
            Self::PutRetentionPolicy(_) => write!(f, "set {} to {} days", self.resource(), LogGroup::retention_days()),
            Self::PutRolePolicy { role: _, policy } => write_policy(f, &self.resource(), policy, Quota::RoleInline),
            Self::AttachRolePolicy { role, policy } => write!(f, "give role `{role}` the managed policy `{policy}`"),
            Self::PutUserPolicy { user: _, policy } => write_policy(f, &self.resource(), policy, Quota::UserInline),
            Self::CreateSecurityGroup { group: _, vpc_id } => write!(f, "create {} in {vpc_id}", self.resource()),
            Self::AuthorizeIngress { group, rules } => write!(f, "let {} into security group `{group}`", joined(rules)),
            Self::CreateLoadBalancer { load_balancer: _, subnet_ids } => {
                write!(f, "create {} in {}", self.resource(), subnet_ids.join(", "))
            }
            Self::RegisterTaskDefinition(_) => write!(f, "register the first revision of {}", self.resource()),
            Self::CreateService { .. } => write!(f, "create {} at desired count 0", self.resource()),
        }
    }
}

fn write_policy(f: &mut fmt::Formatter<'_>, resource: &ResourceId, policy: &InlinePolicy, quota: Quota) -> fmt::Result {
    let size = quota::size(&policy.policy.to_text());
    write!(f, "write {resource} ({size} of {} characters)", quota.limit())
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { purpose } => write!(f, "missing; {purpose}"),
            Self::Differs { what } => write!(f, "it {what}"),
        }
    }
}
