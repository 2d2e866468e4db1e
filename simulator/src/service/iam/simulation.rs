//! The policy simulator on the wire.

use serde_json::{Value, json};
use simulator_core::iam::policy::Position;
use simulator_core::iam::{
    Evaluation, MatchedStatement, Outcome, SimulateCustomPolicy, SimulatePrincipalPolicy, Simulation,
};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, encode_page};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![row("SimulateCustomPolicy", decode_custom, encode), row("SimulatePrincipalPolicy", decode_principal, encode)]
}

fn decode_custom(input: &mut Input, _: &Home) -> Result<SimulateCustomPolicy, Refusal> {
    Ok(SimulateCustomPolicy { policies: input.texts("PolicyInputList")?, simulation: decode(input)? })
}

fn decode_principal(input: &mut Input, _: &Home) -> Result<SimulatePrincipalPolicy, Refusal> {
    Ok(SimulatePrincipalPolicy {
        source: input.required("PolicySourceArn", INVALID)?,
        policies: input.texts("PolicyInputList")?,
        simulation: decode(input)?,
    })
}

fn decode(input: &mut Input) -> Result<Simulation, Refusal> {
    let mut context = Vec::new();
    for mut entry in input.structures("ContextEntries")? {
        let key = entry.required("ContextKeyName", INVALID)?;
        context.push((key, entry.texts("ContextKeyValues")?));
        // Values are compared as the policy's operator says, whatever they are said to be.
        entry.text("ContextKeyType")?;
        entry.finish()?;
    }
    Ok(Simulation {
        actions: input.texts("ActionNames")?,
        resources: input.texts("ResourceArns")?,
        boundaries: input.texts("PermissionsBoundaryPolicyInputList")?,
        resource_policy: input.text("ResourcePolicy")?,
        caller: input.text("CallerArn")?,
        context,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn encode(page: Page<Evaluation>, _: &Home) -> Value {
    encode_page(&page, "EvaluationResults", encode_evaluation)
}

fn encode_evaluation(evaluation: &Evaluation) -> Value {
    let Evaluation { action, resource, outcome, resources } = evaluation;
    let mut encoded = json!({
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": outcome.decision,
        "MatchedStatements": encode_statements(&outcome.matched),
        "MissingContextValues": if resources.is_empty() { json!(outcome.missing) } else { json!([]) },
    });
    if let Some(within) = outcome.within_boundary {
        encoded["PermissionsBoundaryDecisionDetail"] = json!({"AllowedByPermissionsBoundary": within});
    }
    if !resources.is_empty() {
        encoded["ResourceSpecificResults"] = resources.iter().map(encode_outcome).collect();
    }
    encoded
}

fn encode_outcome(outcome: &Outcome) -> Value {
    let mut encoded = json!({
        "EvalResourceName": outcome.resource,
        "EvalResourceDecision": outcome.decision,
        "MatchedStatements": encode_statements(&outcome.matched),
        "MissingContextValues": outcome.missing,
    });
    if let Some(within) = outcome.within_boundary {
        encoded["PermissionsBoundaryDecisionDetail"] = json!({"AllowedByPermissionsBoundary": within});
    }
    encoded
}

fn encode_statements(statements: &[MatchedStatement]) -> Value {
    let encode = |statement: &MatchedStatement| {
        json!({
            "SourcePolicyId": statement.policy,
            "SourcePolicyType": statement.kind,
            "StartPosition": encode_position(statement.start),
            "EndPosition": encode_position(statement.end),
        })
    };
    statements.iter().map(encode).collect()
}

fn encode_position(position: Position) -> Value {
    json!({"Line": position.line, "Column": position.column})
}
