//! ExecuteCommand on the wire.

use serde_json::{Value, json};
use simulator_core::Refusal;
use simulator_core::ecs::{ExecuteCommand, Execution};

use super::shape::{INVALID, object};
use crate::data_channel::{Invitation, Sessions};
use crate::wire::Input;

pub(super) fn decode(input: &mut Input, enterable: bool) -> Result<ExecuteCommand, Refusal> {
    let missing = || Refusal::fault(INVALID, "The request must contain the parameter interactive");
    Ok(ExecuteCommand {
        cluster: input.text("cluster")?,
        task: input.required("task", INVALID)?,
        container: input.text("container")?,
        command: input.required("command", INVALID)?,
        interactive: input.boolean("interactive")?.ok_or_else(missing)?,
        enterable,
    })
}

/// The answer, with a session of `sessions`, without which nothing was let through.
pub(super) fn answer(execution: Execution, sessions: Option<&Sessions>) -> Value {
    let Execution { cluster_arn, task_arn, container_arn, container, .. } = &execution;
    object([
        ("clusterArn", json!(cluster_arn)),
        ("containerArn", json!(container_arn)),
        ("containerName", json!(container)),
        ("interactive", json!(true)),
        ("taskArn", json!(task_arn)),
        ("session", sessions.map_or(Value::Null, |sessions| session(&sessions.invite(execution.clone())))),
    ])
}

fn session(invitation: &Invitation) -> Value {
    let Invitation { session, url, token } = invitation;
    json!({ "sessionId": session, "streamUrl": url, "tokenValue": token.expose() })
}
