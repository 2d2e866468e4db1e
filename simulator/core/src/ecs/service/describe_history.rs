//! ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions.

use super::revision::ServiceRevision;
use super::service_deployment::{ServiceDeployment, ServiceDeploymentStatus};
use super::update::{on_service, service_key};
use super::{Service, ServiceKey};
use crate::arn::Arn;
use crate::ecs::State;
use crate::ecs::cluster::{self, Failure};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Most ARNs that one call may describe.
const MOST: usize = 20;

/// The kinds of record in a service's history, as their ARNs write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    Revision,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "service-deployment",
            Self::Revision => "service-revision",
        }
    }
}

/// The service in `KIND/CLUSTER/SERVICE/ID`.
pub(super) fn service_in(arn: &str, kind: Kind) -> Option<ServiceKey> {
    let arn: Arn = arn.parse().ok()?;
    let mut parts = arn.resource().split('/');
    let (found, cluster, service, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let whole = found == kind.as_str() && parts.next().is_none();
    let named = [cluster, service, id].iter().all(|part| !part.is_empty());
    (whole && named).then(|| ServiceKey { cluster: cluster.into(), service: service.into() })
}

/// `action` on the record called `arn`.
///
/// # Errors
/// AWS's `InvalidParameterException`, with a text of ours, for what is no such ARN.
pub(super) fn on_record(world: &World, action: &'static str, arn: &str, kind: Kind) -> Result<Access, Refusal> {
    let invalid = || Refusal::fault("InvalidParameterException", format!("Invalid {} ARN: {arn}", kind.as_str()));
    let key = service_in(arn, kind).ok_or_else(invalid)?;
    let service = super::create::service_arn(world, &key);
    Ok(Access::new(action, arn)
        .with("ecs:cluster", cluster::cluster_arn(world, &key.cluster).as_str())
        .with("ecs:service", service.as_str()))
}

impl State {
    /// The service deployment called `arn`, and its service.
    pub(crate) fn service_deployment(&self, arn: &str) -> Option<(&Service, &ServiceDeployment)> {
        let service = self.services.get(&service_in(arn, Kind::Deployment)?)?;
        service.history.iter().find(|entry| entry.arn.as_str() == arn).map(|entry| (service, entry))
    }

    /// The service revision called `arn`, and its service.
    pub(crate) fn service_revision(&self, arn: &str) -> Option<(&Service, &ServiceRevision)> {
        let service = self.services.get(&service_in(arn, Kind::Revision)?)?;
        service.revisions.iter().find(|revision| revision.arn.as_str() == arn).map(|revision| (service, revision))
    }
}

/// Lists a service's service deployments, the newest first.
#[derive(Clone, Debug, Default)]
pub struct ListServiceDeployments {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `service`: name or ARN.
    pub service: String,
    /// `status`: only those in one of these; all by default.
    pub statuses: Vec<ServiceDeploymentStatus>,
    /// `createdAt.before`.
    pub before: Option<Timestamp>,
    /// `createdAt.after`.
    pub after: Option<Timestamp>,
    /// `maxResults`, 20 by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListServiceDeployments {
    type Output = Page<Arn>;
    const NAME: &'static str = "ecs:ListServiceDeployments";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_service(world, Self::NAME, &service_key(self.cluster.as_deref(), &self.service))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<Arn>, Refusal> {
        let asked = authorized.operation;
        let key = service_key(asked.cluster.as_deref(), &asked.service);
        world.ecs.cluster(Some(&key.cluster))?;
        let not_found = || Refusal::fault("ServiceNotFoundException", "Service not found.");
        let history = &world.ecs.services.get(&key).ok_or_else(not_found)?.history;
        let wanted = |entry: &ServiceDeployment| {
            (asked.statuses.is_empty() || asked.statuses.contains(&entry.status))
                && asked.before.is_none_or(|before| entry.created_at < before)
                && asked.after.is_none_or(|after| entry.created_at > after)
        };
        // The newest comes first, so keys fall with the place in the history.
        let newest_first = history.iter().enumerate().rev().filter(|(_, entry)| wanted(entry));
        let keyed =
            newest_first.map(|(place, entry)| (format!("{:010}", u32::MAX as usize - place), entry.arn.clone()));
        page(keyed, asked.token.as_deref(), asked.limit)
            .ok_or_else(|| Refusal::fault("InvalidParameterException", "Invalid token."))
    }
}

/// Describes service deployments.
#[derive(Clone, Debug)]
pub struct DescribeServiceDeployments {
    /// `serviceDeploymentArns`, at most 20.
    pub arns: Vec<String>,
}

impl Operation for DescribeServiceDeployments {
    /// ARNs to look up in [`crate::ecs::View`], and what was not found.
    type Output = (Vec<Arn>, Vec<Failure>);
    const NAME: &'static str = "ecs:DescribeServiceDeployments";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        self.arns.iter().map(|arn| on_record(world, Self::NAME, arn, Kind::Deployment)).collect()
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        found(&authorized.operation.arns, |arn| world.ecs.service_deployment(arn).is_some())
    }
}

/// Describes service revisions.
#[derive(Clone, Debug)]
pub struct DescribeServiceRevisions {
    /// `serviceRevisionArns`, at most 20.
    pub arns: Vec<String>,
}

impl Operation for DescribeServiceRevisions {
    /// ARNs to look up in [`crate::ecs::View`], and what was not found.
    type Output = (Vec<Arn>, Vec<Failure>);
    const NAME: &'static str = "ecs:DescribeServiceRevisions";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        self.arns.iter().map(|arn| on_record(world, Self::NAME, arn, Kind::Revision)).collect()
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        found(&authorized.operation.arns, |arn| world.ecs.service_revision(arn).is_some())
    }
}

fn found(arns: &[String], exists: impl Fn(&str) -> bool) -> Result<(Vec<Arn>, Vec<Failure>), Refusal> {
    let invalid = |message: String| Refusal::fault("InvalidParameterException", message);
    if arns.is_empty() {
        return Err(invalid("ARNs cannot be empty.".to_owned()));
    }
    if arns.len() > MOST {
        return Err(invalid(format!("At most {MOST} ARNs can be described.")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for text in arns {
        let arn: Arn = text.parse().map_err(|_| invalid(format!("Invalid ARN: {text}")))?;
        if exists(text) { found.push(arn) } else { failures.push(Failure { arn, reason: "MISSING" }) }
    }
    Ok((found, failures))
}
