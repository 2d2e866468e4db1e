//! What of a service's deployments shifts traffic, on the wire: strategies, lifecycle hooks, `advancedConfiguration`, and
//! ContinueServiceDeployment.

use simulator_core::ecs::ContinueServiceDeployment;
use simulator_core::ecs::service::hook::DEFAULT_TIMEOUT;
use simulator_core::ecs::service::{
    AdvancedConfiguration, AskedShifting, HookAction, HookTarget, LifecycleHook, LifecycleStage, Percent, Shifting,
    Strategy, StrategyName,
};
use simulator_core::{Arn, Home, Refusal};

use super::shape::{self, INVALID, object};
use crate::wire::{Document, Input, document};

/// Takes what `deploymentConfiguration` says of strategy, bake time and hooks.
pub(super) fn shifting(input: &mut Input) -> Result<AskedShifting, Refusal> {
    let strategy = input.text("strategy")?.map(|text| {
        let named = StrategyName::ALL.into_iter().find(|name| name.as_str() == text);
        named.ok_or_else(|| Refusal::fault(INVALID, format!("Invalid strategy '{text}'.")))
    });
    Ok(AskedShifting {
        strategy: strategy.transpose()?,
        bake_minutes: shape::whole(input, "bakeTimeInMinutes")?,
        linear: steps(input, "linearConfiguration", "stepPercent", "stepBakeTimeInMinutes")?,
        canary: steps(input, "canaryConfiguration", "canaryPercent", "canaryBakeTimeInMinutes")?,
        hooks: if input.has("lifecycleHooks") { Some(hooks(input)?) } else { None },
    })
}

/// The percentage and the minutes in the structure `key`.
type Steps = Option<(Option<Percent>, Option<u32>)>;

fn steps(input: &mut Input, key: &str, percent: &str, minutes: &str) -> Result<Steps, Refusal> {
    let Some(mut steps) = input.structure(key)? else { return Ok(None) };
    let share = steps.decimal(percent)?.map(|text| text.parse()).transpose();
    let share = share.map_err(|why: String| Refusal::fault(INVALID, format!("Invalid {percent}: {why}.")))?;
    let minutes = shape::whole(&mut steps, minutes)?;
    steps.finish()?;
    Ok(Some((share, minutes)))
}

fn hooks(input: &mut Input) -> Result<Vec<LifecycleHook>, Refusal> {
    input.structures("lifecycleHooks")?.into_iter().map(hook).collect()
}

fn hook(mut input: Input) -> Result<LifecycleHook, Refusal> {
    let target = match input.text("targetType")?.as_deref() {
        None | Some("AWS_LAMBDA") => HookTarget::Lambda {
            function: input.text("hookTargetArn")?.unwrap_or_default(),
            role: input.text("roleArn")?,
            details: input.document("hookDetails"),
        },
        Some("PAUSE") => HookTarget::Pause,
        Some(_) => return Err(Refusal::fault(INVALID, "Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE")),
    };
    let stage = |text: &String| {
        let named = LifecycleStage::ALL.into_iter().find(|stage| stage.as_str() == text && stage.takes_functions());
        named.ok_or_else(|| Refusal::fault(INVALID, format!("Invalid lifecycle stage '{text}'.")))
    };
    let stages = input.texts("lifecycleStages")?.iter().map(stage).collect::<Result<_, _>>()?;
    let (mut timeout_minutes, mut timeout_action) = (DEFAULT_TIMEOUT, HookAction::default());
    if let Some(mut timeout) = input.structure("timeoutConfiguration")? {
        timeout_minutes = shape::whole(&mut timeout, "timeoutInMinutes")?.unwrap_or(timeout_minutes);
        timeout_action = action(&mut timeout)?.unwrap_or(timeout_action);
        timeout.finish()?;
    }
    input.finish()?;
    Ok(LifecycleHook { target, stages, timeout_minutes, timeout_action })
}

fn action(input: &mut Input) -> Result<Option<HookAction>, Refusal> {
    match input.text("action")?.as_deref() {
        None => Ok(None),
        Some("CONTINUE") => Ok(Some(HookAction::Continue)),
        Some("ROLLBACK") => Ok(Some(HookAction::RollBack)),
        Some(other) => Err(Refusal::fault(INVALID, format!("Invalid action '{other}'."))),
    }
}

/// Adds `bakeTimeInMinutes`, `lifecycleHooks` and the strategy's own configuration to `deploymentConfiguration`.
pub(super) fn add_shifting(configuration: &mut Document, shifting: &Shifting) {
    let Shifting { strategy, bake_minutes, hooks } = shifting;
    if let Some(minutes) = bake_minutes {
        configuration.add("bakeTimeInMinutes", document!(minutes));
    }
    if !hooks.is_empty() {
        configuration.add("lifecycleHooks", hooks.iter().map(hook_json).collect());
    }
    match strategy {
        Strategy::Rolling | Strategy::BlueGreen => {}
        Strategy::Linear { step, bake_minutes } => {
            configuration.add(
                "linearConfiguration",
                document!({ "stepPercent": double(*step), "stepBakeTimeInMinutes": bake_minutes }),
            );
        }
        Strategy::Canary { percent, bake_minutes } => {
            configuration.add(
                "canaryConfiguration",
                document!({ "canaryPercent": double(*percent), "canaryBakeTimeInMinutes": bake_minutes }),
            );
        }
    }
}

/// A percentage as the wire's doubles are written.
fn double(percent: Percent) -> f64 {
    f64::from(percent.tenths()) / 10.0
}

fn hook_json(hook: &LifecycleHook) -> Document {
    let LifecycleHook { target, stages, timeout_minutes, timeout_action } = hook;
    let (function, role, details) = match target {
        HookTarget::Lambda { function, role, details } => (Some(function), role.as_ref(), details.as_ref()),
        HookTarget::Pause => (None, None, None),
    };
    object([
        ("targetType", document!(hook.kind())),
        ("hookTargetArn", document!(function)),
        ("roleArn", document!(role)),
        ("lifecycleStages", stages.iter().map(|stage| stage.as_str()).collect()),
        ("hookDetails", document!(details.and_then(|details| details.parse::<serde_json::Value>().ok()))),
        ("timeoutConfiguration", document!({ "timeoutInMinutes": timeout_minutes, "action": timeout_action.as_str() })),
    ])
}

/// Takes `advancedConfiguration`.
pub(super) fn advanced(mut input: Input) -> Result<AdvancedConfiguration, Refusal> {
    let mut arn = |key: &str| -> Result<Option<Arn>, Refusal> {
        let parse = |text: String| {
            text.parse().map_err(|_| {
                let text = format!(
                    "{key} has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: {text}"
                );
                Refusal::fault(INVALID, text)
            })
        };
        input.text(key)?.map(parse).transpose()
    };
    let missing = |key: &str| Refusal::fault(INVALID, format!("{key} must be given in advancedConfiguration."));
    let alternate = arn("alternateTargetGroupArn")?.ok_or_else(|| missing("alternateTargetGroupArn"))?;
    let production_rule = arn("productionListenerRule")?.ok_or_else(|| missing("productionListenerRule"))?;
    let test_rule = arn("testListenerRule")?;
    let role = input.text("roleArn")?.ok_or_else(|| missing("roleArn"))?;
    input.finish()?;
    Ok(AdvancedConfiguration { alternate, production_rule, test_rule, role })
}

/// `advancedConfiguration`.
pub(super) fn advanced_json(advanced: &AdvancedConfiguration) -> Document {
    let AdvancedConfiguration { alternate, production_rule, test_rule, role } = advanced;
    object([
        ("alternateTargetGroupArn", document!(alternate.as_str())),
        ("productionListenerRule", document!(production_rule.as_str())),
        ("testListenerRule", document!(test_rule.as_ref().map(Arn::as_str))),
        ("roleArn", document!(role)),
    ])
}

pub(super) fn resume(input: &mut Input, _: &Home) -> Result<ContinueServiceDeployment, Refusal> {
    Ok(ContinueServiceDeployment {
        service_deployment: input.required("serviceDeploymentArn", INVALID)?,
        hook: input.required("hookId", INVALID)?,
        action: action(input)?.unwrap_or(HookAction::Continue),
    })
}

pub(super) fn resumed(arn: &str, _: &Home) -> Document {
    document!({ "serviceDeploymentArn": arn })
}

#[cfg(test)]
mod tests;
