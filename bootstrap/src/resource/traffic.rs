//! How a service moves requests to a new revision: what CreateService is told of it, and the comparison with what is there.

use aws_sdk_ecs::types::builders::DeploymentConfigurationBuilder;
use aws_sdk_ecs::types::{
    AdvancedConfiguration, CanaryConfiguration, DeploymentConfiguration, DeploymentLifecycleHook,
    DeploymentLifecycleHookStage, DeploymentLifecycleHookTargetType, DeploymentLifecycleHookTimeoutConfiguration,
    DeploymentStrategy, LinearConfiguration, LoadBalancer as LoadBalancerRegistration,
};

use super::listener_rule::ListenerRule;
use super::{Kind, ResourceId};
use crate::config::{Hook, HookStage, Shift, Strategy};
use crate::fault::CallError;
use crate::identifiers::Identifiers;

/// How a service moves requests, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// In which steps, and who is asked on the way.
    pub shift: Shift,
    /// The name of the second target group.
    pub alternate: String,
    /// The rule for production's requests.
    pub production: ListenerRule,
    /// The rule for test requests, if there are any.
    pub test: Option<ListenerRule>,
    /// The name of the role with which ECS changes the rules.
    pub infrastructure_role: String,
    /// The name of the role with which ECS calls the hooks' functions, and the functions' ARNs, hook by hook.
    pub functions: Option<(String, Vec<String>)>,
}

/// What a service that is there does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrafficState {
    /// Strategy, steps and bake time in words.
    pub steps: String,
    /// The hooks in words.
    pub hooks: String,
    /// Of the registration in a target group: the second group, the rule for production's requests, the rule for test requests.
    pub between: Option<[String; 3]>,
}

/// ECS's word for services whose tasks are replaced in place.
const ROLLING: &str = "ROLLING";

impl Traffic {
    /// The rules.
    pub fn rules(&self) -> impl Iterator<Item = &ListenerRule> {
        self.test.iter().chain([&self.production])
    }

    /// The names of the roles that ECS is handed.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        let of_hooks = self.functions.as_ref().map(|(role, _)| role.as_str());
        std::iter::once(self.infrastructure_role.as_str()).chain(of_hooks)
    }

    /// Adds what CreateService is told.
    pub(super) fn configure(
        &self,
        rollout: DeploymentConfigurationBuilder,
        identifiers: &Identifiers,
        operation: &'static str,
        service: &ResourceId,
    ) -> Result<DeploymentConfigurationBuilder, CallError> {
        let Self { shift, functions, .. } = self;
        let mut rollout = rollout.strategy(word(&shift.strategy)).bake_time_in_minutes(shift.bake_time.get());
        match shift.strategy {
            Strategy::BlueGreen => {}
            Strategy::Linear { step, wait } => {
                let linear = LinearConfiguration::builder()
                    .set_step_percent(step.map(|step| step.get()))
                    .set_step_bake_time_in_minutes(wait.map(|wait| wait.get()))
                    .build();
                rollout = rollout.linear_configuration(linear);
            }
            Strategy::Canary { first, wait } => {
                let canary = CanaryConfiguration::builder()
                    .set_canary_percent(first.map(|first| first.get()))
                    .set_canary_bake_time_in_minutes(wait.map(|wait| wait.get()))
                    .build();
                rollout = rollout.canary_configuration(canary);
            }
        }
        let Some((role, functions)) = functions else { return Ok(rollout) };
        let role = identifiers.name(&ResourceId::new(Kind::Role, role), operation, service)?;
        for (hook, function) in shift.hooks.iter().zip(functions) {
            let Hook { function: _, stages, timeout_minutes } = hook;
            let timeout = timeout_minutes.map(|minutes| {
                DeploymentLifecycleHookTimeoutConfiguration::builder().timeout_in_minutes(minutes.get()).build()
            });
            let hook = DeploymentLifecycleHook::builder()
                .target_type(DeploymentLifecycleHookTargetType::AwsLambda)
                .hook_target_arn(function)
                .role_arn(role)
                .set_lifecycle_stages(Some(stages.iter().map(|stage| stage_word(*stage)).collect()))
                .set_timeout_configuration(timeout)
                .build();
            rollout = rollout.lifecycle_hooks(hook);
        }
        Ok(rollout)
    }

    /// `advancedConfiguration` of the registration in the first target group.
    pub(super) fn advanced(
        &self,
        identifiers: &Identifiers,
        operation: &'static str,
        service: &ResourceId,
    ) -> Result<AdvancedConfiguration, CallError> {
        let rule = |rule: &ListenerRule| identifiers.name(&rule.id(), operation, service);
        Ok(AdvancedConfiguration::builder()
            .alternate_target_group_arn(identifiers.name(
                &ResourceId::new(Kind::TargetGroup, &self.alternate),
                operation,
                service,
            )?)
            .production_listener_rule(rule(&self.production)?)
            .set_test_listener_rule(self.test.as_ref().map(rule).transpose()?.map(str::to_owned))
            .role_arn(identifiers.name(&ResourceId::new(Kind::Role, &self.infrastructure_role), operation, service)?)
            .build())
    }

    /// What a service that is as it should be does. `identifiers` has what is there.
    pub(crate) fn wanted(&self, identifiers: &Identifiers) -> TrafficState {
        let Self { shift, alternate, production, test, infrastructure_role: _, functions } = self;
        let arn = |rule: &ListenerRule| identifiers.get(&rule.id()).map(str::to_owned);
        let between = (|| {
            let test = match test {
                Some(test) => arn(test)?,
                None => String::new(),
            };
            let alternate = identifiers.get(&ResourceId::new(Kind::TargetGroup, alternate))?;
            Some([alternate.to_owned(), arn(production)?, test])
        })();
        // What is not written is what ECS takes by default (botocore ecs, `LinearConfiguration`, `CanaryConfiguration`).
        let (share, wait) = match shift.strategy {
            Strategy::BlueGreen => (None, None),
            Strategy::Linear { step, wait } => {
                (Some(step.map_or(10.0, |step| step.get())), Some(wait.map_or(6, |wait| wait.get())))
            }
            Strategy::Canary { first, wait } => {
                (Some(first.map_or(5.0, |first| first.get())), Some(wait.map_or(10, |wait| wait.get())))
            }
        };
        let functions = functions.iter().flat_map(|(_, functions)| functions);
        let hooks = shift.hooks.iter().zip(functions).map(|(hook, function)| {
            let stages = hook.stages.iter().map(|stage| stage_word(*stage).as_str().to_owned());
            (function.clone(), stages.collect())
        });
        TrafficState {
            steps: steps(word(&shift.strategy).as_str(), share, wait, Some(shift.bake_time.get())),
            hooks: hooks_in_words(hooks.collect()),
            between,
        }
    }
}

impl TrafficState {
    /// What a service does whose tasks are replaced in place.
    pub(crate) fn rolling() -> Self {
        Self { steps: steps(ROLLING, None, None, None), hooks: hooks_in_words(Vec::new()), between: None }
    }

    /// What a service does that is deployed by `rollout` and stands behind `balancers`.
    pub(super) fn of(rollout: Option<&DeploymentConfiguration>, balancers: &[LoadBalancerRegistration]) -> Self {
        let strategy = rollout.and_then(DeploymentConfiguration::strategy).map_or(ROLLING, DeploymentStrategy::as_str);
        let linear = rollout.and_then(DeploymentConfiguration::linear_configuration);
        let canary = rollout.and_then(DeploymentConfiguration::canary_configuration);
        let share = linear.and_then(LinearConfiguration::step_percent);
        let share = share.or_else(|| canary.and_then(CanaryConfiguration::canary_percent));
        let wait = linear.and_then(LinearConfiguration::step_bake_time_in_minutes);
        let wait = wait.or_else(|| canary.and_then(CanaryConfiguration::canary_bake_time_in_minutes));
        let hooks = rollout.map(DeploymentConfiguration::lifecycle_hooks).unwrap_or_default().iter().map(|hook| {
            let stages = hook.lifecycle_stages().iter().map(|stage| stage.as_str().to_owned()).collect();
            (hook.hook_target_arn().unwrap_or_default().to_owned(), stages)
        });
        let between = balancers.iter().find_map(LoadBalancerRegistration::advanced_configuration).map(|advanced| {
            let text = |arn: Option<&str>| arn.unwrap_or_default().to_owned();
            [
                text(advanced.alternate_target_group_arn()),
                text(advanced.production_listener_rule()),
                text(advanced.test_listener_rule()),
            ]
        });
        let bake = rollout.and_then(DeploymentConfiguration::bake_time_in_minutes);
        Self { steps: steps(strategy, share, wait, bake), hooks: hooks_in_words(hooks.collect()), between }
    }
}

fn steps(strategy: &str, share: Option<f64>, wait: Option<i32>, bake: Option<i32>) -> String {
    let share = share.map(|share| format!(" {share} %")).unwrap_or_default();
    let wait = wait.map(|wait| format!(" every {wait} min")).unwrap_or_default();
    let bake = bake.filter(|_| strategy != ROLLING).map(|bake| format!(", bake time {bake} min")).unwrap_or_default();
    format!("{strategy}{share}{wait}{bake}")
}

/// The hooks, whatever their order and that of their stages.
fn hooks_in_words(hooks: Vec<(String, Vec<String>)>) -> String {
    let mut words: Vec<String> = hooks
        .into_iter()
        .map(|(function, mut stages)| {
            stages.sort();
            format!("{function} in {}", stages.join(", "))
        })
        .collect();
    words.sort();
    if words.is_empty() { "none".to_owned() } else { words.join("; ") }
}

fn word(strategy: &Strategy) -> DeploymentStrategy {
    match strategy {
        Strategy::BlueGreen => DeploymentStrategy::BlueGreen,
        Strategy::Linear { .. } => DeploymentStrategy::Linear,
        Strategy::Canary { .. } => DeploymentStrategy::Canary,
    }
}

fn stage_word(stage: HookStage) -> DeploymentLifecycleHookStage {
    match stage {
        HookStage::ReconcileService => DeploymentLifecycleHookStage::ReconcileService,
        HookStage::PreScaleUp => DeploymentLifecycleHookStage::PreScaleUp,
        HookStage::PostScaleUp => DeploymentLifecycleHookStage::PostScaleUp,
        HookStage::TestTrafficShift => DeploymentLifecycleHookStage::TestTrafficShift,
        HookStage::PostTestTrafficShift => DeploymentLifecycleHookStage::PostTestTrafficShift,
        HookStage::PreProductionTrafficShift => DeploymentLifecycleHookStage::PreProductionTrafficShift,
        HookStage::ProductionTrafficShift => DeploymentLifecycleHookStage::ProductionTrafficShift,
        HookStage::PostProductionTrafficShift => DeploymentLifecycleHookStage::PostProductionTrafficShift,
    }
}
