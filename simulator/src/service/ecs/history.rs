//! Service deployments and service revisions on the wire.

use simulator_core::ecs::cluster::Failure;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::{AlarmMonitor, BreakerMonitor, Percent, RevisionSummary, Rollback, StopKind};
use simulator_core::ecs::{
    DescribeServiceDeployments, DescribeServiceRevisions, ListServiceDeployments, Service, ServiceDeployment,
    ServiceDeploymentStatus, ServiceRevision, StopServiceDeployment, View,
};
use simulator_core::{Arn, Home, Page, Refusal, Timestamp, World};

use super::deployment;
use super::shape::{self, INVALID, object};
use crate::wire::{Document, Input, document};

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListServiceDeployments, Refusal> {
    let (mut before, mut after) = (None, None);
    if let Some(mut created) = input.structure("createdAt")? {
        (before, after) = (created.time("before")?, created.time("after")?);
        created.finish()?;
    }
    Ok(ListServiceDeployments {
        cluster: input.text("cluster")?,
        service: input.required("service", INVALID)?,
        statuses: input.texts("status")?.iter().map(|text| status(text)).collect::<Result<_, _>>()?,
        before,
        after,
        limit: shape::limit(input, 20)?,
        token: input.text("nextToken")?,
    })
}

fn status(text: &str) -> Result<ServiceDeploymentStatus, Refusal> {
    let found = ServiceDeploymentStatus::ALL.into_iter().find(|status| status.as_str() == text);
    found.ok_or_else(|| Refusal::fault(INVALID, format!("Invalid service deployment status '{text}'.")))
}

pub(super) fn listed(page: &Page<Arn>, world: &World) -> Document {
    let view = world.ecs();
    let brief = |arn: &Arn| {
        let (service, listed) = view.service_deployment(arn.as_str())?;
        Some(object(members_of_both(view, service, listed).into_iter().chain([(
            "targetServiceRevisionArn",
            document!(service.revision_of(&listed.deployment).map(|revision| revision.arn.as_str())),
        )])))
    };
    let listed: Vec<Document> = page.items.iter().filter_map(brief).collect();
    object([("serviceDeployments", document!(listed)), ("nextToken", document!(&page.next))])
}

/// What both a list and a description show of a service deployment.
fn members_of_both(view: View<'_>, service: &Service, shown: &ServiceDeployment) -> [(&'static str, Document); 8] {
    [
        ("serviceDeploymentArn", document!(shown.arn.as_str())),
        ("serviceArn", document!(service.arn.as_str())),
        ("clusterArn", cluster_json(view, service)),
        ("createdAt", shape::seconds_of(shown.created_at)),
        ("startedAt", time(shown.started_at)),
        ("finishedAt", time(shown.finished_at)),
        ("status", document!(shown.status.as_str())),
        ("statusReason", document!(&shown.reason)),
    ]
}

pub(super) fn describe_deployments(input: &mut Input, _: &Home) -> Result<DescribeServiceDeployments, Refusal> {
    Ok(DescribeServiceDeployments { arns: input.texts("serviceDeploymentArns")? })
}

pub(super) fn described_deployments((arns, failures): &(Vec<Arn>, Vec<Failure>), world: &World) -> Document {
    let view = world.ecs();
    let found = arns.iter().filter_map(|arn| view.service_deployment(arn.as_str()));
    object([
        ("serviceDeployments", found.map(|(service, shown)| deployment_json(view, service, shown)).collect()),
        ("failures", shape::failures(failures)),
    ])
}

fn deployment_json(view: View<'_>, service: &Service, shown: &ServiceDeployment) -> Document {
    let AlarmMonitor { status: heeded, names, triggered } = &shown.alarms;
    let BreakerMonitor { status, failures, threshold } = shown.breaker;
    let (target, sources) = view.summaries(service, shown);
    let rollback = |Rollback { reason, started_at, revision }: &Rollback| document!({ "reason": reason, "startedAt": shape::seconds_of(*started_at), "serviceRevisionArn": revision.as_str() });
    object(members_of_both(view, service, shown).into_iter().chain([
        ("stoppedAt", time(shown.stopped_at)),
        ("updatedAt", shape::seconds_of(shown.updated_at)),
        ("sourceServiceRevisions", sources.iter().map(summary_json).collect()),
        ("targetServiceRevision", document!(target.as_ref().map(summary_json))),
        ("lifecycleStage", document!(shown.lifecycle_stage)),
        ("deploymentConfiguration", deployment::configuration_json(&shown.configuration)),
        ("rollback", document!(shown.rollback.as_ref().map(rollback))),
        (
            "deploymentCircuitBreaker",
            document!({ "status": status.as_str(), "failureCount": failures, "threshold": threshold }),
        ),
        ("alarms", document!({ "status": heeded.as_str(), "alarmNames": names, "triggeredAlarmNames": triggered })),
    ]))
}

pub(super) fn stop(input: &mut Input, _: &Home) -> Result<StopServiceDeployment, Refusal> {
    let arn = input.required("serviceDeploymentArn", INVALID)?;
    let kind = match input.text("stopType")?.as_deref() {
        None => StopKind::default(),
        Some("ROLLBACK") => StopKind::Rollback,
        Some("ABORT") => StopKind::Abort,
        Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid stopType '{other}'."))),
    };
    Ok(StopServiceDeployment { arn, kind })
}

pub(super) fn stopped(arn: &Arn, _: &Home) -> Document {
    document!({ "serviceDeploymentArn": arn.as_str() })
}

fn summary_json(RevisionSummary { arn, requested, running, pending, weights }: &RevisionSummary) -> Document {
    let weight = |share: Option<Percent>| document!(share.map(|share| f64::from(share.tenths()) / 10.0));
    object([
        ("arn", document!(arn.as_str())),
        ("requestedTaskCount", document!(requested)),
        ("runningTaskCount", document!(running)),
        ("pendingTaskCount", document!(pending)),
        ("requestedTestTrafficWeight", weight(weights.map(|(test, _)| test))),
        ("requestedProductionTrafficWeight", weight(weights.map(|(_, production)| production))),
    ])
}

/// `currentServiceRevisions` of a service.
pub(super) fn current_revisions_json(view: View<'_>, service: &Service) -> Document {
    let deployments = view.deployments_of(service);
    deployments.filter_map(|deployment| view.summary(service, &deployment.id)).map(|of| summary_json(&of)).collect()
}

pub(super) fn describe_revisions(input: &mut Input, _: &Home) -> Result<DescribeServiceRevisions, Refusal> {
    Ok(DescribeServiceRevisions { arns: input.texts("serviceRevisionArns")? })
}

pub(super) fn described_revisions((arns, failures): &(Vec<Arn>, Vec<Failure>), world: &World) -> Document {
    let view = world.ecs();
    let found = arns.iter().filter_map(|arn| view.service_revision(arn.as_str()));
    object([
        ("serviceRevisions", found.map(|(service, revision)| revision_json(view, service, revision)).collect()),
        ("failures", shape::failures(failures)),
    ])
}

fn revision_json(view: View<'_>, service: &Service, revision: &ServiceRevision) -> Document {
    let ServiceRevision { arn, deployment: _, definition, network, load_balancers, created_at, digests } = revision;
    // An image outside this account's registry is resolved by whoever pulls it, and so is one that is not settled yet.
    let image = |container: &ContainerDefinition| {
        object([
            ("containerName", document!(&container.name)),
            ("image", document!(&container.image)),
            ("imageDigest", document!(digests.get(&container.name))),
        ])
    };
    document!({
        "serviceRevisionArn": arn.as_str(),
        "serviceArn": service.arn.as_str(),
        "clusterArn": cluster_json(view, service),
        "taskDefinition": definition.arn.as_str(),
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "loadBalancers": deployment::load_balancers_json(load_balancers),
        "networkConfiguration": shape::network_json(network),
        "containerImages": definition.containers.iter().map(image).collect::<Vec<_>>(),
        "guardDutyEnabled": false,
        "createdAt": shape::seconds_of(*created_at),
    })
}

fn cluster_json(view: View<'_>, service: &Service) -> Document {
    document!(view.cluster(&service.key.cluster).map(|cluster| cluster.arn.as_str()))
}

fn time(at: Option<Timestamp>) -> Document {
    document!(at.map(shape::seconds_of))
}
