//! Services on the wire.

use std::time::Duration;

use serde_json::{Value, json};
use simulator_core::ecs::service::{
    CircuitBreaker, CreateService, Deployment, DeploymentConfiguration, DescribeServices, DescribedServices, ListServices,
    LoadBalancer, Propagate, Service, ServiceKey, ThresholdKind, UpdateService,
};
use simulator_core::ecs::View;
use simulator_core::page::Page;
use simulator_core::{Refusal, World};

use super::{
    CLIENT, INVALID, encode_failures, encode_tags, includes_tags, launch_type, limit, network, number, object, tags, time,
};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateService", decode_create, encode_one),
        row("UpdateService", decode_update, encode_one),
        row("DescribeServices", decode_describe, encode_described),
        row("ListServices", decode_list, |page: Page<String>, _| {
            object([("serviceArns", json!(page.items)), ("nextToken", json!(page.next))])
        }),
    ]
}

fn decode_create(input: &mut Input, _: &World) -> Result<CreateService, Refusal> {
    only(input, "schedulingStrategy", "REPLICA")?;
    only(input, "platformVersion", "LATEST")?;
    if let Some(mut controller) = input.structure("deploymentController")? {
        only(&mut controller, "type", "ECS")?;
        controller.finish()?;
    }
    let usual = DeploymentConfiguration::default();
    let changes = decode_configuration(input)?;
    Ok(CreateService {
        cluster: input.text("cluster")?,
        name: input.required("serviceName", INVALID)?,
        task_definition: input.required("taskDefinition", CLIENT)?,
        desired: number(input, "desiredCount")?.unwrap_or(0),
        launch_type: input.text("launchType")?.as_deref().map(launch_type).transpose()?,
        load_balancers: decode_load_balancers(input)?.unwrap_or_default(),
        network: network::decode(input)?,
        configuration: DeploymentConfiguration {
            minimum_healthy_percent: changes.minimum.unwrap_or(usual.minimum_healthy_percent),
            maximum_percent: changes.maximum.unwrap_or(usual.maximum_percent),
            circuit_breaker: changes.circuit_breaker.unwrap_or(usual.circuit_breaker),
        },
        grace: number(input, "healthCheckGracePeriodSeconds")?.map(Duration::from_secs),
        tags: tags(input)?,
        propagate: decode_propagate(input)?.unwrap_or_default(),
        managed_tags: input.boolean("enableECSManagedTags")?.unwrap_or(false),
        zone_rebalancing: decode_rebalancing(input)?,
    })
}

fn decode_update(input: &mut Input, _: &World) -> Result<UpdateService, Refusal> {
    only(input, "platformVersion", "LATEST")?;
    let changes = decode_configuration(input)?;
    Ok(UpdateService {
        cluster: input.text("cluster")?,
        service: input.required("service", INVALID)?,
        desired: number(input, "desiredCount")?,
        task_definition: input.text("taskDefinition")?,
        force: input.boolean("forceNewDeployment")?.unwrap_or(false),
        network: network::decode(input)?,
        load_balancers: decode_load_balancers(input)?,
        minimum_healthy_percent: changes.minimum,
        maximum_percent: changes.maximum,
        circuit_breaker: changes.circuit_breaker,
        grace: number(input, "healthCheckGracePeriodSeconds")?.map(Duration::from_secs),
        propagate: decode_propagate(input)?,
        managed_tags: input.boolean("enableECSManagedTags")?,
        zone_rebalancing: decode_rebalancing(input)?,
    })
}

fn decode_describe(input: &mut Input, _: &World) -> Result<DescribeServices, Refusal> {
    Ok(DescribeServices {
        cluster: input.text("cluster")?,
        services: input.texts("services")?,
        with_tags: includes_tags(input)?,
    })
}

fn decode_list(input: &mut Input, _: &World) -> Result<ListServices, Refusal> {
    only(input, "schedulingStrategy", "REPLICA")?;
    Ok(ListServices {
        cluster: input.text("cluster")?,
        launch_type: input.text("launchType")?.as_deref().map(launch_type).transpose()?,
        // BOTO: 10 by default, unlike the other lists.
        limit: if input.has("maxResults") { limit(input)? } else { 10 },
        token: input.text("nextToken")?,
    })
}

/// What a request says of `deploymentConfiguration`.
struct Changes {
    minimum: Option<u32>,
    maximum: Option<u32>,
    circuit_breaker: Option<CircuitBreaker>,
}

fn decode_configuration(input: &mut Input) -> Result<Changes, Refusal> {
    let Some(mut configuration) = input.structure("deploymentConfiguration")? else {
        return Ok(Changes { minimum: None, maximum: None, circuit_breaker: None });
    };
    only(&mut configuration, "strategy", "ROLLING")?;
    if let Some(mut alarms) = configuration.structure("alarms")? {
        if alarms.boolean("enable")?.unwrap_or(false) {
            return Err(Refusal::NotSimulated { what: "CloudWatch alarms of an ECS deployment".to_owned() });
        }
        alarms.boolean("rollback")?;
        alarms.texts("alarmNames")?;
        alarms.finish()?;
    }
    let changes = Changes {
        minimum: number(&mut configuration, "minimumHealthyPercent")?,
        maximum: number(&mut configuration, "maximumPercent")?,
        circuit_breaker: configuration.structure("deploymentCircuitBreaker")?.map(decode_breaker).transpose()?,
    };
    // Only BLUE_GREEN waits for it (BOTO); DescribeServices of a rolling service says 0.
    if number::<u32>(&mut configuration, "bakeTimeInMinutes")?.unwrap_or(0) != 0 {
        return Err(Refusal::NotSimulated { what: "the bake time of a rolling ECS deployment".to_owned() });
    }
    configuration.finish()?;
    Ok(changes)
}

fn decode_breaker(mut input: Input) -> Result<CircuitBreaker, Refusal> {
    let usual = CircuitBreaker::default();
    let threshold = match input.structure("thresholdConfiguration")? {
        None => usual.threshold,
        Some(mut threshold) => {
            let kind = match threshold.text("type")?.as_deref() {
                None | Some("BOUNDED_PERCENT") => ThresholdKind::BoundedPercent,
                Some("UNBOUNDED_PERCENT") => ThresholdKind::UnboundedPercent,
                Some("COUNT") => ThresholdKind::Count,
                Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid value for type: {other}"))),
            };
            let value = number(&mut threshold, "value")?.unwrap_or(usual.threshold.1);
            threshold.finish()?;
            (kind, value)
        }
    };
    let breaker = CircuitBreaker {
        enable: input.boolean("enable")?.unwrap_or(false),
        rollback: input.boolean("rollback")?.unwrap_or(false),
        reset_on_healthy_task: input.boolean("resetOnHealthyTask")?.unwrap_or(usual.reset_on_healthy_task),
        threshold,
    };
    input.finish()?;
    Ok(breaker)
}

fn decode_load_balancers(input: &mut Input) -> Result<Option<Vec<LoadBalancer>>, Refusal> {
    if !input.has("loadBalancers") {
        return Ok(None);
    }
    let mut balancers = Vec::new();
    for mut balancer in input.structures("loadBalancers")? {
        let arn = balancer.required("targetGroupArn", INVALID)?;
        balancers.push(LoadBalancer {
            target_group: arn.parse().map_err(|message: String| Refusal::fault(INVALID, message))?,
            container: balancer.required("containerName", INVALID)?,
            port: number(&mut balancer, "containerPort")?
                .ok_or_else(|| Refusal::fault(INVALID, "Container port cannot be null."))?,
        });
        balancer.finish()?;
    }
    Ok(Some(balancers))
}

fn decode_propagate(input: &mut Input) -> Result<Option<Propagate>, Refusal> {
    match input.text("propagateTags")?.as_deref() {
        None => Ok(None),
        Some("NONE") => Ok(Some(Propagate::None)),
        Some("SERVICE") => Ok(Some(Propagate::Service)),
        Some("TASK_DEFINITION") => Ok(Some(Propagate::TaskDefinition)),
        Some(other) => Err(Refusal::fault(INVALID, format!("Invalid value for propagateTags: {other}"))),
    }
}

fn decode_rebalancing(input: &mut Input) -> Result<Option<bool>, Refusal> {
    match input.text("availabilityZoneRebalancing")?.as_deref() {
        None => Ok(None),
        Some("ENABLED") => Ok(Some(true)),
        Some("DISABLED") => Ok(Some(false)),
        Some(other) => Err(Refusal::fault(INVALID, format!("Invalid value for availabilityZoneRebalancing: {other}"))),
    }
}

/// The text `key` must be `only`, or absent: nothing else is simulated.
fn only(input: &mut Input, key: &str, only: &str) -> Result<(), Refusal> {
    match input.text(key)?.as_deref() {
        None => Ok(()),
        Some(text) if text == only => Ok(()),
        Some(other) => Err(Refusal::NotSimulated { what: format!("`{key}` `{other}` of {}", input.place()) }),
    }
}

fn encode_one(key: ServiceKey, world: &World) -> Value {
    json!({"service": world.ecs().service(&key.cluster, &key.service).map(|service| encode(service, world, true))})
}

fn encode_described(described: DescribedServices, world: &World) -> Value {
    let view = world.ecs();
    let found = described.services.iter().filter_map(|key| view.service(&key.cluster, &key.service));
    let services: Value = found.map(|service| encode(service, world, described.with_tags)).collect();
    json!({"services": services, "failures": encode_failures(&described.failures)})
}

fn encode(service: &Service, world: &World, with_tags: bool) -> Value {
    let Service { configuration, .. } = service;
    let view = world.ecs();
    let (running, pending) = view.counts(service, None);
    let primary = service.primary();
    let events: Value = service
        .events
        .iter()
        .map(|event| json!({"id": event.id, "createdAt": time(event.at), "message": event.message}))
        .collect();
    object([
        ("serviceArn", json!(service.arn.as_str())),
        ("serviceName", json!(service.key.service)),
        ("clusterArn", json!(cluster_arn(service))),
        ("loadBalancers", encode_load_balancers(&primary.load_balancers)),
        ("serviceRegistries", json!([])),
        ("status", json!("ACTIVE")),
        ("desiredCount", json!(service.desired)),
        ("runningCount", json!(running)),
        ("pendingCount", json!(pending)),
        ("launchType", json!("FARGATE")),
        ("platformVersion", json!("LATEST")),
        ("platformFamily", json!("Linux")),
        ("taskDefinition", json!(primary.definition.arn.as_str())),
        (
            "deploymentConfiguration",
            json!({
                "deploymentCircuitBreaker": encode_breaker(&configuration.circuit_breaker),
                "maximumPercent": configuration.maximum_percent,
                "minimumHealthyPercent": configuration.minimum_healthy_percent,
                "strategy": "ROLLING",
            }),
        ),
        ("deployments", view.deployments_of(service).map(|it| encode_deployment(service, view, it)).collect()),
        ("events", events),
        ("createdAt", time(service.created_at)),
        ("createdBy", json!(service.created_by.as_str())),
        ("placementConstraints", json!([])),
        ("placementStrategy", json!([])),
        ("networkConfiguration", network::encode(&primary.network)),
        ("healthCheckGracePeriodSeconds", json!(service.grace.map(|it| it.as_secs()))),
        ("schedulingStrategy", json!("REPLICA")),
        ("deploymentController", json!({"type": "ECS"})),
        ("enableECSManagedTags", json!(service.managed_tags)),
        ("propagateTags", json!(service.propagate.as_str())),
        ("enableExecuteCommand", json!(false)),
        ("availabilityZoneRebalancing", json!(if service.zone_rebalancing { "ENABLED" } else { "DISABLED" })),
        ("tags", if with_tags { encode_tags(&service.tags) } else { json!([]) }),
    ])
}

fn cluster_arn(service: &Service) -> String {
    let head: Vec<&str> = service.arn.as_str().splitn(6, ':').take(5).collect();
    format!("{}:cluster/{}", head.join(":"), service.key.cluster)
}

fn encode_deployment(service: &Service, view: View<'_>, deployment: &Deployment) -> Value {
    let primary = service.primary().id == deployment.id;
    let (running, pending) = view.counts(service, Some(&deployment.id));
    object([
        ("id", json!(deployment.id)),
        ("status", json!(if primary { "PRIMARY" } else { "ACTIVE" })),
        ("taskDefinition", json!(deployment.definition.arn.as_str())),
        ("desiredCount", json!(if primary { service.desired } else { 0 })),
        ("pendingCount", json!(pending)),
        ("runningCount", json!(running)),
        ("failedTasks", json!(deployment.failed_tasks)),
        ("createdAt", time(deployment.created_at)),
        ("updatedAt", time(deployment.updated_at)),
        ("launchType", json!("FARGATE")),
        ("platformVersion", json!("LATEST")),
        ("platformFamily", json!("Linux")),
        ("networkConfiguration", network::encode(&deployment.network)),
        ("rolloutState", json!(deployment.rollout_state.as_str())),
        ("rolloutStateReason", json!(deployment.reason)),
    ])
}

fn encode_load_balancers(balancers: &[LoadBalancer]) -> Value {
    balancers
        .iter()
        .map(|it| {
            json!({
                "targetGroupArn": it.target_group.as_str(),
                "containerName": it.container,
                "containerPort": it.port,
            })
        })
        .collect()
}

fn encode_breaker(breaker: &CircuitBreaker) -> Value {
    let (kind, value) = breaker.threshold;
    json!({
        "enable": breaker.enable,
        "rollback": breaker.rollback,
        "resetOnHealthyTask": breaker.reset_on_healthy_task,
        "thresholdConfiguration": {"type": kind.as_str(), "value": value},
    })
}
