//! How a service is deployed and reached: `deploymentConfiguration`, `loadBalancers`.

use super::advanced::AdvancedConfiguration;
use super::early_success::EarlySuccess;
use super::strategy::Shifting;
use crate::arn::Arn;
use crate::ecs::definition::TaskDefinition;
use crate::elb::target_group::TargetType;
use crate::refusal::Refusal;
use crate::world::World;

/// `deploymentConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentConfiguration {
    /// `minimumHealthyPercent`, 100 by default.
    pub minimum_healthy_percent: u32,
    /// `maximumPercent`, 200 by default.
    pub maximum_percent: u32,
    /// `deploymentCircuitBreaker`, disabled by default.
    pub circuit_breaker: CircuitBreaker,
    /// `strategy` and what belongs to it, a rolling deployment by default.
    pub shifting: Shifting,
    /// `alarms`, disabled by default.
    pub alarms: Alarms,
    /// `earlySuccessCriteria`, disabled by default.
    pub early_success: EarlySuccess,
}

impl Default for DeploymentConfiguration {
    fn default() -> Self {
        Self {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: CircuitBreaker::default(),
            shifting: Shifting::default(),
            alarms: Alarms::default(),
            early_success: EarlySuccess::default(),
        }
    }
}

impl DeploymentConfiguration {
    /// Checks the percentages; what belongs to the strategy was checked when it was put together. The texts are ours.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let Self { minimum_healthy_percent, maximum_percent, circuit_breaker, shifting: _, alarms, early_success } =
            self;
        let invalid = |message: &str| Err(Refusal::fault("InvalidParameterException", message));
        if *minimum_healthy_percent > 100 {
            return invalid("minimumHealthyPercent must be between 0 and 100.");
        }
        if *maximum_percent < 100 {
            return invalid("maximumPercent must be at least 100.");
        }
        if circuit_breaker.threshold.1 == 0 {
            return invalid("The circuit breaker threshold must be at least 1.");
        }
        if circuit_breaker.threshold.0 != ThresholdKind::Count && circuit_breaker.threshold.1 > 100 {
            return invalid("The circuit breaker threshold percentage must be between 1 and 100.");
        }
        if alarms.enable && alarms.names.is_empty() {
            return invalid("At least one alarm name must be given when deployment alarms are enabled.");
        }
        early_success.check(*minimum_healthy_percent)
    }
}

/// `alarms`: CloudWatch alarms that fail a deployment (`facts/aws.md` 2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    /// `alarmNames`.
    pub names: Vec<String>,
    /// `enable`.
    pub enable: bool,
    /// `rollback`.
    pub rollback: bool,
}

/// `deploymentCircuitBreaker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// `enable`.
    pub enable: bool,
    /// `rollback`.
    pub rollback: bool,
    /// `resetOnHealthyTask`, true by default: only failures in a row count.
    pub reset_on_healthy_task: bool,
    /// `thresholdConfiguration`: type and value; half of the desired count, within bounds, by default.
    pub threshold: (ThresholdKind, u32),
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            enable: false,
            rollback: false,
            reset_on_healthy_task: true,
            threshold: (ThresholdKind::BoundedPercent, 50),
        }
    }
}

/// `thresholdConfiguration.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdKind {
    /// A percentage of the desired count, but at least 3 and at most 200.
    BoundedPercent,
    /// A percentage of the desired count.
    UnboundedPercent,
    /// A number.
    Count,
}

impl ThresholdKind {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BoundedPercent => "BOUNDED_PERCENT",
            Self::UnboundedPercent => "UNBOUNDED_PERCENT",
            Self::Count => "COUNT",
        }
    }
}

/// One of `loadBalancers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// `targetGroupArn`.
    pub target_group: Arn,
    /// `containerName`.
    pub container: String,
    /// `containerPort`.
    pub port: u16,
    /// `advancedConfiguration`.
    pub advanced: Option<AdvancedConfiguration>,
}

impl LoadBalancer {
    /// Checks that the target group takes tasks and that the container has the port.
    pub(super) fn check(&self, world: &World, definition: &TaskDefinition) -> Result<(), Refusal> {
        let Self { target_group: arn, container, port, advanced: _ } = self;
        let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
        let Some(group) = world.elb.target_group(arn) else {
            return invalid(format!("The specified target group does not exist. (targetGroupArn {arn})"));
        };
        if group.target_type == TargetType::Instance {
            return invalid(format!(
                "The provided target group {arn} has target type instance, which is incompatible with the awsvpc network mode \
                 specified in the task definition."
            ));
        }
        if group.load_balancer.is_none() {
            return invalid(format!(
                "The target group with targetGroupArn {arn} does not have an associated load balancer."
            ));
        }
        let Some((_, found)) = definition.container(container) else {
            return invalid(format!("The container {container} does not exist in the task definition."));
        };
        if !found.port_mappings.iter().any(|mapping| mapping.container_port == *port) {
            return invalid(format!("The container {container} did not have a container port {port} defined."));
        }
        Ok(())
    }
}
