//! ExecuteCommand on the wire.

use simulator_core::Refusal;
use simulator_core::ecs::{ExecuteCommand, Execution};

use super::shape::{INVALID, object};
use crate::data_channel::{Invitation, Sessions};
use crate::wire::{Document, Input, document};

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
pub(super) fn answer(execution: Execution, sessions: Option<&Sessions>) -> Document {
    let Execution { cluster_arn, task_arn, container_arn, container, .. } = &execution;
    object([
        ("clusterArn", document!(cluster_arn)),
        ("containerArn", document!(container_arn)),
        ("containerName", document!(container)),
        ("interactive", document!(true)),
        ("taskArn", document!(task_arn)),
        ("session", sessions.map_or(Document::Null, |sessions| session(&sessions.invite(execution.clone())))),
    ])
}

fn session(invitation: &Invitation) -> Document {
    let Invitation { session, url, token } = invitation;
    document!({ "sessionId": session, "streamUrl": url, "tokenValue": token.expose() })
}
