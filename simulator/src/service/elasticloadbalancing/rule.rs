//! Listener rules on the wire, and the forward action that listeners have too.

use serde_json::{Value, json};
use simulator_core::elb::{Condition, CreateRule, DeleteRule, DescribeRules, ModifyRule, Priority, Rule, Share};
use simulator_core::{Home, Page, Refusal};

use super::shape::{self, INVALID};
use crate::wire::Input;

pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateRule, Refusal> {
    Ok(CreateRule {
        listener: input.required("ListenerArn", INVALID)?,
        priority: shape::whole(input, "Priority")?
            .ok_or_else(|| Refusal::fault(INVALID, "A priority must be specified"))?,
        conditions: conditions(input)?,
        forward: forward(input, "Actions")?,
        tags: shape::tags(input)?,
    })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeRules, Refusal> {
    Ok(DescribeRules {
        listener: input.text("ListenerArn")?,
        arns: input.texts("RuleArns")?,
        window: shape::window(input)?,
    })
}

pub(super) fn modify(input: &mut Input, _: &Home) -> Result<ModifyRule, Refusal> {
    Ok(ModifyRule {
        rule: input.required("RuleArn", INVALID)?,
        conditions: if input.has("Conditions") { Some(conditions(input)?) } else { None },
        forward: if input.has("Actions") { Some(forward(input, "Actions")?) } else { None },
    })
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteRule, Refusal> {
    Ok(DeleteRule { rule: input.required("RuleArn", INVALID)? })
}

pub(super) fn one(rule: &Rule, _: &Home) -> Value {
    json!({ "Rules": [json(rule)] })
}

pub(super) fn described(page: &Page<Rule>, _: &Home) -> Value {
    shape::paged("Rules", page, json)
}

pub(super) fn several(rules: &[Rule], _: &Home) -> Value {
    json!({ "Rules": rules.iter().map(json).collect::<Vec<_>>() })
}

/// Takes the actions `key`: one forward action, which names its target group directly or several with their weights.
pub(super) fn forward(input: &mut Input, key: &str) -> Result<Vec<(String, u32)>, Refusal> {
    let actions = input.structures(key)?;
    let [mut action] = <[Input; 1]>::try_from(actions)
        .map_err(|actions| Refusal::NotSimulated { what: format!("{} actions in `{key}`", actions.len()) })?;
    shape::only(&mut action, "Type", &["forward"])?;
    let _order = action.integer("Order")?;
    let direct = action.text("TargetGroupArn")?;
    let mut groups = Vec::new();
    if let Some(mut forward) = action.structure("ForwardConfig")? {
        for mut group in forward.structures("TargetGroups")? {
            let weight = shape::whole(&mut group, "Weight")?.unwrap_or(1);
            groups.push((group.required("TargetGroupArn", INVALID)?, weight));
            group.finish()?;
        }
        if let Some(mut stickiness) = forward.structure("TargetGroupStickinessConfig")? {
            if stickiness.boolean("Enabled")? == Some(true) {
                return Err(Refusal::NotSimulated { what: "target group stickiness".to_owned() });
            }
            let _without_stickiness = stickiness.integer("DurationSeconds")?;
            stickiness.finish()?;
        }
        forward.finish()?;
    }
    action.finish()?;
    match (direct, groups.as_slice()) {
        (None, _) => Ok(groups),
        (Some(direct), []) => Ok(vec![(direct, 1)]),
        (Some(direct), [(group, _)]) if *group == direct => Ok(groups),
        (Some(_), _) => {
            let message = "TargetGroupArn and ForwardConfig of an action must name the same target group";
            Err(Refusal::fault("InvalidLoadBalancerAction", message))
        }
    }
}

fn conditions(input: &mut Input) -> Result<Vec<Condition>, Refusal> {
    input.structures("Conditions")?.into_iter().map(condition).collect()
}

fn condition(mut input: Input) -> Result<Condition, Refusal> {
    let field = input.required("Field", INVALID)?;
    let mut values = input.texts("Values")?;
    let mut configured = |key: &str| -> Result<Option<String>, Refusal> {
        let Some(mut config) = input.structure(key)? else { return Ok(None) };
        values.extend(config.texts("Values")?);
        let name = config.text("HttpHeaderName")?;
        config.finish()?;
        Ok(name)
    };
    let condition = match field.as_str() {
        "path-pattern" => {
            configured("PathPatternConfig")?;
            Condition::Path(values)
        }
        "host-header" => {
            configured("HostHeaderConfig")?;
            Condition::Host(values)
        }
        "http-header" => {
            let name = configured("HttpHeaderConfig")?.unwrap_or_default();
            Condition::Header { name, values }
        }
        other => return Err(Refusal::NotSimulated { what: format!("condition field `{other}` of a listener rule") }),
    };
    input.finish()?;
    Ok(condition)
}

fn json(rule: &Rule) -> Value {
    let Rule { arn, listener: _, priority, conditions, shares, tags: _ } = rule;
    json!({
        "RuleArn": arn.as_str(),
        "Priority": match priority {
            Priority::At(priority) => priority.to_string(),
            Priority::Default => "default".to_owned(),
        },
        "Conditions": conditions.iter().map(condition_json).collect::<Vec<_>>(),
        "Actions": [action_json(shares)],
        "IsDefault": *priority == Priority::Default,
    })
}

fn condition_json(condition: &Condition) -> Value {
    let (field, values) = (condition.field(), condition.values());
    match condition {
        Condition::Path(_) => json!({ "Field": field, "Values": values, "PathPatternConfig": { "Values": values } }),
        Condition::Host(_) => json!({ "Field": field, "Values": values, "HostHeaderConfig": { "Values": values } }),
        Condition::Header { name, .. } => {
            json!({ "Field": field, "HttpHeaderConfig": { "HttpHeaderName": name, "Values": values } })
        }
    }
}

/// A forward action. Only one to a single target group has `TargetGroupArn` besides.
pub(super) fn action_json(shares: &[Share]) -> Value {
    let share = |share: &Share| json!({ "TargetGroupArn": share.target_group.as_str(), "Weight": share.weight });
    let mut action = json!({
        "Type": "forward",
        "Order": 1,
        "ForwardConfig": {
            "TargetGroups": shares.iter().map(share).collect::<Vec<_>>(),
            "TargetGroupStickinessConfig": { "Enabled": false },
        },
    });
    if let [only] = shares {
        action["TargetGroupArn"] = json!(only.target_group.as_str());
    }
    action
}
