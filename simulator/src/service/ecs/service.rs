//! Services on the wire.

use simulator_core::ecs::service::{DeploymentConfiguration, DescribedServices, Propagate, ServiceEvent, Shifting};
use simulator_core::ecs::{
    CreateService, DeleteService, DescribeServices, ListServices, ListServicesByNamespace, ServiceKey, UpdateService,
    View,
};
use simulator_core::{Home, Page, Refusal, World};

use super::shape::{self, INVALID, object};
use super::{capacity, deployment, history};
use crate::wire::{Document, Input, document};

pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateService, Refusal> {
    only(input, "schedulingStrategy", "REPLICA")?;
    let controller = deployment::controller(input)?;
    shape::platform_version(input)?;
    // Creating a service of the same name twice is refused with or without the token that would tell the two apart.
    let _token = input.text("clientToken")?;
    let asked = deployment::configuration(input)?;
    let default = DeploymentConfiguration::default();
    Ok(CreateService {
        cluster: input.text("cluster")?,
        name: input.required("serviceName", INVALID)?,
        task_definition: input.required("taskDefinition", INVALID)?,
        desired: shape::whole(input, "desiredCount")?
            .ok_or_else(|| Refusal::fault(INVALID, "DesiredCount cannot be null for REPLICA scheduling strategy."))?,
        launch_type: shape::launch_type(input)?,
        strategy: capacity::strategy(input, "capacityProviderStrategy")?,
        execute_command: input.boolean("enableExecuteCommand")?.unwrap_or(false),
        load_balancers: deployment::load_balancers(input)?,
        network: shape::network(input)?,
        controller,
        configuration: DeploymentConfiguration {
            minimum_healthy_percent: asked.minimum_healthy_percent.unwrap_or(default.minimum_healthy_percent),
            maximum_percent: asked.maximum_percent.unwrap_or(default.maximum_percent),
            circuit_breaker: asked.circuit_breaker.unwrap_or(default.circuit_breaker),
            shifting: asked.shifting.over(&Shifting::default())?,
            alarms: asked.alarms.unwrap_or(default.alarms),
            early_success: asked.early_success.unwrap_or(default.early_success),
        },
        grace: shape::seconds(input, "healthCheckGracePeriodSeconds")?,
        tags: shape::tags(input)?,
        propagate: propagate(input)?.unwrap_or_default(),
        managed_tags: input.boolean("enableECSManagedTags")?.unwrap_or(false),
        zone_rebalancing: zone_rebalancing(input)?,
    })
}

pub(super) fn update(input: &mut Input, _: &Home) -> Result<UpdateService, Refusal> {
    shape::platform_version(input)?;
    let asked = deployment::configuration(input)?;
    Ok(UpdateService {
        cluster: input.text("cluster")?,
        service: input.required("service", INVALID)?,
        desired: shape::whole(input, "desiredCount")?,
        task_definition: input.text("taskDefinition")?,
        force: input.boolean("forceNewDeployment")?.unwrap_or(false),
        network: shape::network(input)?,
        load_balancers: if input.has("loadBalancers") { Some(deployment::load_balancers(input)?) } else { None },
        minimum_healthy_percent: asked.minimum_healthy_percent,
        maximum_percent: asked.maximum_percent,
        circuit_breaker: asked.circuit_breaker,
        shifting: asked.shifting,
        alarms: asked.alarms,
        early_success: asked.early_success,
        grace: shape::seconds(input, "healthCheckGracePeriodSeconds")?,
        propagate: propagate(input)?,
        managed_tags: input.boolean("enableECSManagedTags")?,
        execute_command: input.boolean("enableExecuteCommand")?,
        strategy: if input.has("capacityProviderStrategy") {
            Some(capacity::strategy(input, "capacityProviderStrategy")?)
        } else {
            None
        },
        zone_rebalancing: zone_rebalancing(input)?,
    })
}

/// Takes the text `key`, which can only be `value` here.
fn only(input: &mut Input, key: &str, value: &str) -> Result<(), Refusal> {
    match input.text(key)? {
        Some(other) if other != value => Err(Refusal::NotSimulated { what: format!("`{key}` = `{other}`") }),
        Some(_) | None => Ok(()),
    }
}

fn propagate(input: &mut Input) -> Result<Option<Propagate>, Refusal> {
    match input.text("propagateTags")?.as_deref() {
        None => Ok(None),
        Some("NONE") => Ok(Some(Propagate::None)),
        Some("SERVICE") => Ok(Some(Propagate::Service)),
        Some("TASK_DEFINITION") => Ok(Some(Propagate::TaskDefinition)),
        Some(other) => Err(Refusal::fault(INVALID, format!("Invalid propagateTags '{other}'."))),
    }
}

fn zone_rebalancing(input: &mut Input) -> Result<Option<bool>, Refusal> {
    match input.text("availabilityZoneRebalancing")?.as_deref() {
        None => Ok(None),
        Some("ENABLED") => Ok(Some(true)),
        Some("DISABLED") => Ok(Some(false)),
        Some(other) => Err(Refusal::fault(INVALID, format!("Invalid availabilityZoneRebalancing '{other}'."))),
    }
}

pub(super) fn written(key: &ServiceKey, world: &World) -> Document {
    object([("service", json(world.ecs(), key, true))])
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteService, Refusal> {
    Ok(DeleteService {
        cluster: input.text("cluster")?,
        service: input.required("service", INVALID)?,
        force: input.boolean("force")?.unwrap_or(false),
    })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeServices, Refusal> {
    Ok(DescribeServices {
        cluster: input.text("cluster")?,
        services: input.texts("services")?,
        with_tags: shape::includes_tags(input)?,
    })
}

pub(super) fn described(found: &DescribedServices, world: &World) -> Document {
    let DescribedServices { services, failures, with_tags } = found;
    object([
        ("services", services.iter().map(|key| json(world.ecs(), key, *with_tags)).collect()),
        ("failures", shape::failures(failures)),
    ])
}

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListServices, Refusal> {
    only(input, "schedulingStrategy", "REPLICA")?;
    Ok(ListServices {
        cluster: input.text("cluster")?,
        launch_type: shape::launch_type(input)?,
        limit: shape::limit(input, 10)?,
        token: input.text("nextToken")?,
    })
}

pub(super) fn by_namespace(input: &mut Input, _: &Home) -> Result<ListServicesByNamespace, Refusal> {
    // Where there is no namespace there are no pages of it either.
    let (_limit, _token) = (shape::limit(input, 100)?, input.text("nextToken")?);
    Ok(ListServicesByNamespace { namespace: input.required("namespace", INVALID)? })
}

pub(super) fn listed(page: &Page<String>, _: &Home) -> Document {
    shape::page("serviceArns", page)
}

fn json(view: View<'_>, key: &ServiceKey, with_tags: bool) -> Document {
    let Some(service) = view.service(&key.cluster, &key.service) else { return Document::Null };
    let primary = service.primary();
    let (running, pending) = view.counts(service, None);
    let event = |ServiceEvent { id, at, message }: &ServiceEvent| document!({ "id": id, "createdAt": shape::seconds_of(*at), "message": message });
    object([
        ("serviceArn", document!(service.arn.as_str())),
        ("serviceName", document!(&key.service)),
        ("clusterArn", document!(view.cluster(&key.cluster).map(|cluster| cluster.arn.as_str()))),
        ("loadBalancers", deployment::load_balancers_json(&primary.load_balancers)),
        ("serviceRegistries", document!([])),
        ("status", document!(service.status.as_str())),
        ("desiredCount", document!(service.desired)),
        ("runningCount", document!(running)),
        ("pendingCount", document!(pending)),
        // One or the other is shown.
        ("launchType", if primary.strategy.is_empty() { document!("FARGATE") } else { Document::Null }),
        (
            "capacityProviderStrategy",
            if primary.strategy.is_empty() { Document::Null } else { capacity::strategy_json(&primary.strategy) },
        ),
        ("platformVersion", document!("LATEST")),
        ("platformFamily", document!("Linux")),
        ("taskDefinition", document!(primary.definition.arn.as_str())),
        ("deploymentConfiguration", deployment::configuration_json(&service.configuration)),
        ("taskSets", deployment::task_sets_json(view, service)),
        ("deployments", deployment::deployments_json(view, service)),
        ("events", service.events.iter().map(event).collect()),
        ("createdAt", shape::seconds_of(service.created_at)),
        ("currentServiceDeployment", document!(service.history.last().map(|latest| latest.arn.as_str()))),
        ("currentServiceRevisions", history::current_revisions_json(view, service)),
        ("placementConstraints", document!([])),
        ("placementStrategy", document!([])),
        ("networkConfiguration", shape::network_json(&primary.network)),
        ("healthCheckGracePeriodSeconds", document!(service.grace.unwrap_or_default().as_secs())),
        ("schedulingStrategy", document!("REPLICA")),
        ("deploymentController", document!({ "type": service.controller.as_str() })),
        ("tags", if with_tags { shape::tag_list(&service.tags) } else { Document::Null }),
        ("createdBy", document!(service.created_by.as_str())),
        ("enableECSManagedTags", document!(service.managed_tags)),
        ("propagateTags", document!(service.propagate.as_str())),
        ("enableExecuteCommand", document!(service.execute_command)),
        ("availabilityZoneRebalancing", document!(if service.zone_rebalancing { "ENABLED" } else { "DISABLED" })),
    ])
}
