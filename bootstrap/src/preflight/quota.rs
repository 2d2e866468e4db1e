//! How many things of a kind an account has and may have. Only what AWS tells of both is counted: IAM's roles, users, managed policies
//! and instance profiles, and the load balancers and target groups of the region. Of all else only Service Quotas knows the limit, and
//! often nobody the count: that is said plainly, and not taken for room.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use aws_sdk_iam::types::SummaryKeyType;

use super::Obstacle;
use crate::connect::Account;
use crate::desired::Desired;
use crate::fault::{CallError, Called};
use crate::observe::Observed;
use crate::resource::{Kind, ResourceId};

/// How much of something an account has, and may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Of what.
    pub of: Counted,
    /// How many there are.
    pub present: u64,
    /// How many there may be.
    pub limit: u64,
}

/// What there may only be so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// IAM roles, service-linked ones among them.
    Roles,
    /// IAM users.
    Users,
    /// Managed policies of the account's own.
    Policies,
    /// Instance profiles.
    InstanceProfiles,
    /// Application load balancers.
    LoadBalancers,
    /// Target groups.
    TargetGroups,
}

impl Counted {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Roles => ("roles", "iam"),
            Self::Users => ("users", "iam"),
            Self::Policies => ("managed policies", "iam"),
            Self::InstanceProfiles => ("instance profiles", "iam"),
            Self::LoadBalancers => ("application load balancers", "elasticloadbalancing"),
            Self::TargetGroups => ("target groups", "elasticloadbalancing"),
        }
    }

    fn is(self, kind: Kind) -> bool {
        match self {
            Self::Roles => matches!(kind, Kind::Role | Kind::ServiceLinkedRole),
            Self::Users => kind == Kind::User,
            Self::Policies => kind == Kind::ManagedPolicy,
            Self::InstanceProfiles => kind == Kind::InstanceProfile,
            Self::LoadBalancers => kind == Kind::LoadBalancer,
            Self::TargetGroups => kind == Kind::TargetGroup,
        }
    }
}

/// Asks for all counts side by side.
pub(super) async fn count(account: &Account) -> Result<Vec<Count>, CallError> {
    let (mut iam, elb) = futures_util::try_join!(of_iam(account), of_balancing(account))?;
    iam.extend(elb);
    Ok(iam)
}

async fn of_iam(account: &Account) -> Result<Vec<Count>, CallError> {
    let answer = account.iam.get_account_summary().send().await;
    let summary = answer.called("iam:GetAccountSummary", &ResourceId::account())?.summary_map.unwrap_or_default();
    let number = |key: SummaryKeyType| summary.get(&key).and_then(|number| u64::try_from(*number).ok());
    // Names: IAM API reference, `GetAccountSummary`.
    let kinds = [
        (Counted::Roles, "Roles", "RolesQuota"),
        (Counted::Users, "Users", "UsersQuota"),
        (Counted::Policies, "Policies", "PoliciesQuota"),
        (Counted::InstanceProfiles, "InstanceProfiles", "InstanceProfilesQuota"),
    ];
    let count = |(of, present, limit): (Counted, &str, &str)| {
        Some(Count { of, present: number(present.into())?, limit: number(limit.into())? })
    };
    Ok(kinds.into_iter().filter_map(count).collect())
}

async fn of_balancing(account: &Account) -> Result<Vec<Count>, CallError> {
    let limits = async {
        let answer = account.elb.describe_account_limits().send().await;
        answer.called("elasticloadbalancing:DescribeAccountLimits", &ResourceId::account())
    };
    let (limits, balancers, groups) = futures_util::try_join!(limits, balancers(account), target_groups(account))?;
    // Names: Elastic Load Balancing API reference, `Limit`.
    let kinds = [
        (Counted::LoadBalancers, "application-load-balancers", balancers),
        (Counted::TargetGroups, "target-groups", groups),
    ];
    let count = |(of, name, present): (Counted, &str, u64)| {
        let limit = limits.limits().iter().find(|limit| limit.name() == Some(name))?;
        Some(Count { of, present, limit: limit.max()?.parse().ok()? })
    };
    Ok(kinds.into_iter().filter_map(count).collect())
}

async fn balancers(account: &Account) -> Result<u64, CallError> {
    let mut found = 0;
    let mut pages = account.elb.describe_load_balancers().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.called("elasticloadbalancing:DescribeLoadBalancers", &ResourceId::account())?;
        let own = page
            .load_balancers()
            .iter()
            .filter(|balancer| balancer.r#type() == Some(&LoadBalancerTypeEnum::Application));
        found += own.map(|_| 1).sum::<u64>();
    }
    Ok(found)
}

async fn target_groups(account: &Account) -> Result<u64, CallError> {
    let mut found = 0;
    let mut pages = account.elb.describe_target_groups().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.called("elasticloadbalancing:DescribeTargetGroups", &ResourceId::account())?;
        found += page.target_groups().iter().map(|_| 1).sum::<u64>();
    }
    Ok(found)
}

/// What there may only be so much of and no call tells how much: the kind that is made, in words, and the service whose quota it is
/// (Service Quotas user guide, service codes).
const UNCOUNTED: [(Kind, &str, &str); 10] = [
    (Kind::Repository, "repositories", "ecr"),
    (Kind::LogGroup, "log groups", "logs"),
    (Kind::OidcProvider, "identity providers", "iam"),
    (Kind::SecurityGroup, "security groups and their rules", "vpc"),
    (Kind::ListenerRule, "rules of the load balancer", "elasticloadbalancing"),
    (Kind::Secret, "secrets", "secretsmanager"),
    (Kind::Parameter, "parameters", "ssm"),
    (Kind::Cluster, "clusters", "ecs"),
    (Kind::Service, "services and tasks", "ecs"),
    (Kind::Service, "vCPUs on Fargate", "fargate"),
];

const COUNTED: [Counted; 6] = [
    Counted::Roles,
    Counted::Users,
    Counted::Policies,
    Counted::InstanceProfiles,
    Counted::LoadBalancers,
    Counted::TargetGroups,
];

/// What would be made of which the account may only have so much, without anybody having checked that there is room: in words, with the
/// services whose quotas these are.
pub(crate) fn unchecked(desired: &Desired, observed: &Observed) -> Option<(Vec<&'static str>, BTreeSet<&'static str>)> {
    let counts = &observed.surroundings.as_ref()?.counts;
    let missing = missing(desired, observed);
    let uncounted = UNCOUNTED.into_iter().filter(|(kind, _, _)| missing.contains(kind));
    let uncounted = uncounted.map(|(_, what, service)| (what, service));
    // AWS has left the count or the limit out of its answer.
    let unanswered = COUNTED
        .into_iter()
        .filter(|of| missing.iter().any(|kind| of.is(*kind)) && counts.iter().all(|count| count.of != *of));
    let (what, services): (Vec<_>, BTreeSet<_>) = uncounted.chain(unanswered.map(Counted::words)).unzip();
    (!what.is_empty()).then_some((what, services))
}

fn missing(desired: &Desired, observed: &Observed) -> Vec<Kind> {
    let ids = desired.resources().into_iter().map(|spec| spec.id());
    ids.filter(|id| !observed.found.contains_key(id)).map(|id| id.kind).collect()
}

/// The counts that would rise above what the account may have.
pub(super) fn exceeded(desired: &Desired, observed: &Observed, counts: &[Count]) -> Vec<Obstacle> {
    let missing = missing(desired, observed);
    let exceeded = |count: &Count| {
        let Count { of, present, limit } = *count;
        let needed: u64 = missing.iter().filter(|kind| of.is(**kind)).map(|_| 1).sum();
        let (what, service) = of.words();
        (needed > 0 && present + needed > limit).then_some(Obstacle::Quota { what, service, present, limit, needed })
    };
    counts.iter().filter_map(exceeded).collect()
}
