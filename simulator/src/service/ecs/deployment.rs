//! How services are deployed, on the wire: `deploymentConfiguration` and `deployments`.

use simulator_core::ecs::service::{
    Alarms, AskedShifting, CircuitBreaker, Cleanup, Controller, Deployment, DeploymentConfiguration, EarlySuccess,
    LoadBalancer, RolloutState, ThresholdKind,
};
use simulator_core::ecs::{Service, View};
use simulator_core::{Arn, Refusal};

use super::lifecycle;
use super::shape::{self, INVALID, object};
use crate::wire::{Document, Input, document};

/// What a request says of `deploymentConfiguration`: a part that is not said stays as it is.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) minimum_healthy_percent: Option<u32>,
    pub(super) maximum_percent: Option<u32>,
    pub(super) circuit_breaker: Option<CircuitBreaker>,
    pub(super) shifting: AskedShifting,
    pub(super) alarms: Option<Alarms>,
    pub(super) early_success: Option<EarlySuccess>,
}

/// Takes `deploymentConfiguration`.
pub(super) fn configuration(input: &mut Input) -> Result<Asked, Refusal> {
    let Some(mut configuration) = input.structure("deploymentConfiguration")? else { return Ok(Asked::default()) };
    let asked = Asked {
        minimum_healthy_percent: shape::whole(&mut configuration, "minimumHealthyPercent")?,
        maximum_percent: shape::whole(&mut configuration, "maximumPercent")?,
        circuit_breaker: configuration.structure("deploymentCircuitBreaker")?.map(circuit_breaker).transpose()?,
        shifting: lifecycle::shifting(&mut configuration)?,
        alarms: configuration.structure("alarms")?.map(alarms).transpose()?,
        early_success: configuration.structure("earlySuccessCriteria")?.map(early_success).transpose()?,
    };
    configuration.finish()?;
    Ok(asked)
}

/// Takes the truth value `key` of `whole`, which must be given.
fn flag(input: &mut Input, whole: &str, key: &str) -> Result<bool, Refusal> {
    input.boolean(key)?.ok_or_else(|| Refusal::fault(INVALID, format!("{whole}.{key} must be given.")))
}

fn alarms(mut input: Input) -> Result<Alarms, Refusal> {
    let alarms = Alarms {
        names: input.texts("alarmNames")?,
        enable: flag(&mut input, "alarms", "enable")?,
        rollback: flag(&mut input, "alarms", "rollback")?,
    };
    input.finish()?;
    Ok(alarms)
}

fn early_success(mut input: Input) -> Result<EarlySuccess, Refusal> {
    const WHOLE: &str = "earlySuccessCriteria";
    let enable = flag(&mut input, WHOLE, "enable")?;
    let healthy_percent = shape::whole(&mut input, "healthyPercent")?;
    let cleanup = match input.text("sourceServiceRevisionCleanup")?.as_deref() {
        None => None,
        Some("BLOCKING") => Some(Cleanup::Blocking),
        Some("DEFERRED") => Some(Cleanup::Deferred),
        Some(other) => {
            return Err(Refusal::fault(INVALID, format!("Invalid sourceServiceRevisionCleanup '{other}'.")));
        }
    };
    input.finish()?;
    let default = EarlySuccess::default();
    match (healthy_percent, cleanup) {
        (Some(healthy_percent), Some(cleanup)) => Ok(EarlySuccess { enable, healthy_percent, cleanup }),
        (None, _) | (_, None) if enable => Err(Refusal::fault(
            INVALID,
            format!("{WHOLE}.healthyPercent and sourceServiceRevisionCleanup must be given when it is enabled."),
        )),
        (None, _) | (_, None) => Ok(default),
    }
}

fn circuit_breaker(mut input: Input) -> Result<CircuitBreaker, Refusal> {
    let default = CircuitBreaker::default();
    let breaker = CircuitBreaker {
        enable: flag(&mut input, "deploymentCircuitBreaker", "enable")?,
        rollback: flag(&mut input, "deploymentCircuitBreaker", "rollback")?,
        reset_on_healthy_task: input.boolean("resetOnHealthyTask")?.unwrap_or(default.reset_on_healthy_task),
        threshold: input.structure("thresholdConfiguration")?.map(threshold).transpose()?.unwrap_or(default.threshold),
    };
    input.finish()?;
    Ok(breaker)
}

fn threshold(mut input: Input) -> Result<(ThresholdKind, u32), Refusal> {
    let kind = match input.text("type")?.as_deref() {
        None | Some("BOUNDED_PERCENT") => ThresholdKind::BoundedPercent,
        Some("UNBOUNDED_PERCENT") => ThresholdKind::UnboundedPercent,
        Some("COUNT") => ThresholdKind::Count,
        Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid threshold type '{other}'."))),
    };
    let value = shape::whole(&mut input, "value")?;
    input.finish()?;
    match (kind, value) {
        (_, Some(value)) => Ok((kind, value)),
        (ThresholdKind::BoundedPercent | ThresholdKind::UnboundedPercent, None) => Ok((kind, 50)),
        (ThresholdKind::Count, None) => Err(Refusal::fault(INVALID, "A threshold of type COUNT needs a value.")),
    }
}

/// Takes `deploymentController`.
pub(super) fn controller(input: &mut Input) -> Result<Controller, Refusal> {
    let Some(mut controller) = input.structure("deploymentController")? else { return Ok(Controller::default()) };
    let kind = controller.required("type", INVALID)?;
    controller.finish()?;
    match kind.as_str() {
        "ECS" => Ok(Controller::Ecs),
        "CODE_DEPLOY" => Ok(Controller::CodeDeploy),
        "EXTERNAL" => Err(Refusal::NotSimulated { what: "deployment controller `EXTERNAL`".to_owned() }),
        other => Err(Refusal::fault(INVALID, format!("Invalid deployment controller type '{other}'."))),
    }
}

/// Takes `loadBalancers`.
pub(super) fn load_balancers(input: &mut Input) -> Result<Vec<LoadBalancer>, Refusal> {
    input.structures("loadBalancers")?.into_iter().map(load_balancer).collect()
}

fn load_balancer(mut input: Input) -> Result<LoadBalancer, Refusal> {
    let target_group = input.required("targetGroupArn", INVALID)?;
    let target_group: Arn = target_group.parse().map_err(|_| {
        Refusal::fault(
            INVALID,
            format!("Unable to assume role and validate the specified targetGroupArn: {target_group}"),
        )
    })?;
    let container = input.required("containerName", INVALID)?;
    let port = shape::port(&mut input, "containerPort")?
        .ok_or_else(|| Refusal::fault(INVALID, "containerPort must be given for a load balancer."))?;
    let advanced = input.structure("advancedConfiguration")?.map(lifecycle::advanced).transpose()?;
    input.finish()?;
    Ok(LoadBalancer { target_group, container, port, advanced })
}

/// `deploymentConfiguration`.
pub(super) fn configuration_json(configuration: &DeploymentConfiguration) -> Document {
    let DeploymentConfiguration {
        minimum_healthy_percent,
        maximum_percent,
        circuit_breaker,
        shifting,
        alarms,
        early_success,
    } = configuration;
    let EarlySuccess { enable: early, healthy_percent, cleanup } = early_success;
    let Alarms { names, enable: heeded, rollback: rolled_back } = alarms;
    let CircuitBreaker { enable, rollback, reset_on_healthy_task, threshold: (kind, value) } = circuit_breaker;
    let breaker = object([
        ("enable", document!(enable)),
        ("rollback", document!(rollback)),
        ("resetOnHealthyTask", document!(reset_on_healthy_task)),
        ("thresholdConfiguration", document!({ "type": kind.as_str(), "value": value })),
    ]);
    let early = if *early {
        document!({ "enable": true, "healthyPercent": healthy_percent, "sourceServiceRevisionCleanup": cleanup.as_str() })
    } else {
        document!({ "enable": false })
    };
    let mut json = object([
        ("deploymentCircuitBreaker", breaker),
        ("alarms", document!({ "alarmNames": names, "enable": heeded, "rollback": rolled_back })),
        ("earlySuccessCriteria", early),
        ("maximumPercent", document!(maximum_percent)),
        ("minimumHealthyPercent", document!(minimum_healthy_percent)),
        ("strategy", document!(shifting.strategy.name().as_str())),
    ]);
    lifecycle::add_shifting(&mut json, shifting);
    json
}

/// `loadBalancers`.
pub(super) fn load_balancers_json(balancers: &[LoadBalancer]) -> Document {
    let balancer = |LoadBalancer { target_group, container, port, advanced }: &LoadBalancer| {
        object([
            ("targetGroupArn", document!(target_group.as_str())),
            ("containerName", document!(container)),
            ("containerPort", document!(port)),
            ("advancedConfiguration", advanced.as_ref().map_or(Document::Null, lifecycle::advanced_json)),
        ])
    };
    balancers.iter().map(balancer).collect()
}

/// `taskSets`: what CodeDeploy deploys, in place of `deployments`.
pub(super) fn task_sets_json(view: View<'_>, service: &Service) -> Document {
    if service.controller == Controller::Ecs {
        return Document::Null;
    }
    view.deployments_of(service).map(|deployment| task_set_json(view, service, deployment)).collect()
}

/// One of `taskSets`.
pub(super) fn task_set_json(view: View<'_>, service: &Service, deployment: &Deployment) -> Document {
    let prefix = service.arn.as_str().replacen(":service/", ":task-set/", 1);
    let (running, pending) = view.counts(service, Some(&deployment.id));
    let steady = deployment.rollout_state == RolloutState::Completed;
    document!({
        "id": &deployment.id,
        "taskSetArn": format!("{prefix}/{}", deployment.id),
        "serviceArn": service.arn.as_str(),
        "clusterArn": view.cluster(&service.key.cluster).map(|cluster| cluster.arn.as_str()),
        "status": "PRIMARY",
        "taskDefinition": deployment.definition.arn.as_str(),
        "computedDesiredCount": view.requested(service, &deployment.id),
        "pendingCount": pending,
        "runningCount": running,
        "createdAt": shape::seconds_of(deployment.created_at),
        "updatedAt": shape::seconds_of(deployment.updated_at),
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": shape::network_json(&deployment.network),
        "loadBalancers": load_balancers_json(&deployment.load_balancers),
        "scale": { "value": 100.0, "unit": "PERCENT" },
        "stabilityStatus": if steady { "STEADY_STATE" } else { "STABILIZING" },
        "stabilityStatusAt": shape::seconds_of(deployment.updated_at),
    })
}

/// `deployments`.
pub(super) fn deployments_json(view: View<'_>, service: &Service) -> Document {
    if service.controller == Controller::CodeDeploy {
        return document!([]);
    }
    let json = |deployment: &Deployment| {
        let (running, pending) = view.counts(service, Some(&deployment.id));
        object([
            ("id", document!(&deployment.id)),
            ("status", document!(view.status_of(service, deployment))),
            ("taskDefinition", document!(deployment.definition.arn.as_str())),
            ("desiredCount", document!(view.requested(service, &deployment.id))),
            ("pendingCount", document!(pending)),
            ("runningCount", document!(running)),
            ("failedTasks", document!(deployment.failed_tasks)),
            ("createdAt", shape::seconds_of(deployment.created_at)),
            ("updatedAt", shape::seconds_of(deployment.updated_at)),
            ("launchType", document!("FARGATE")),
            ("platformVersion", document!("1.4.0")),
            ("platformFamily", document!("Linux")),
            ("networkConfiguration", shape::network_json(&deployment.network)),
            ("rolloutState", document!(deployment.rollout_state.as_str())),
            ("rolloutStateReason", document!(&deployment.reason)),
        ])
    };
    view.deployments_of(service).map(json).collect()
}
