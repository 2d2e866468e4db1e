//! What the messages carry as JSON.

use serde::Deserialize;
use serde_json::{Value, json};

use super::message::{Id, Message};

/// What [`handshake_request`] says of the agent: clients ask whether it is new enough for what they do.
const AGENT_VERSION: &str = "3.3.0.0";

/// `ActionStatus` of what a client has done.
const SUCCESS: u8 = 1;

/// The first words of a client, as text: who it is, and what lets it in.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OpenDataChannel {
    /// The token that ExecuteCommand answered with.
    pub(super) token_value: String,
}

impl OpenDataChannel {
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// What ECS's sessions are: a command in a terminal.
pub(super) fn handshake_request() -> Value {
    json!({
        "AgentVersion": AGENT_VERSION,
        "RequestedClientActions": [
            { "ActionType": "SessionType", "ActionParameters": { "SessionType": "InteractiveCommands", "Properties": null } },
        ],
    })
}

/// Whether the client does what it was asked to.
///
/// # Errors
/// What it cannot do, in its own words.
pub(super) fn accepted(response: &[u8]) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Response {
        #[serde(default)]
        processed_client_actions: Vec<Action>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Action {
        #[serde(default)]
        action_status: u8,
        #[serde(default)]
        error: String,
    }
    let response: Response =
        serde_json::from_slice(response).map_err(|_| "the handshake's answer cannot be read".to_owned())?;
    let refused = response.processed_client_actions.into_iter().find(|action| action.action_status != SUCCESS);
    refused.map_or(Ok(()), |action| Err(action.error))
}

/// The session begins; the handshake took so many nanoseconds.
pub(super) fn handshake_complete(nanoseconds: u64) -> Value {
    json!({ "HandshakeTimeToComplete": nanoseconds, "CustomerMessage": "" })
}

/// That `message` has arrived.
pub(super) fn acknowledgement(message: &Message) -> Value {
    json!({
        "AcknowledgedMessageType": message.kind,
        "AcknowledgedMessageId": message.id.to_string(),
        "AcknowledgedMessageSequenceNumber": message.sequence,
        "IsSequentialMessage": true,
    })
}

/// The number of the message that has arrived on the other side.
pub(super) fn acknowledged(payload: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Acknowledgement {
        #[serde(rename = "AcknowledgedMessageSequenceNumber")]
        sequence: i64,
    }
    serde_json::from_slice(payload).ok().map(|Acknowledgement { sequence }| sequence)
}

/// The session `session` is over; `why` is shown to the user, unless it is empty.
pub(super) fn channel_closed(session: &str, id: Id, created: u64, why: &str) -> Value {
    json!({
        "MessageType": super::message::CHANNEL_CLOSED,
        "MessageId": id.to_string(),
        "DestinationId": session,
        "SessionId": session,
        "SchemaVersion": 1,
        "CreatedDate": created.to_string(),
        "Output": why,
    })
}

/// A terminal's columns and rows.
pub(super) fn size(payload: &[u8]) -> Option<(u16, u16)> {
    #[derive(Deserialize)]
    struct Size {
        cols: u32,
        rows: u32,
    }
    let Size { cols, rows } = serde_json::from_slice(payload).ok()?;
    Some((u16::try_from(cols).ok()?, u16::try_from(rows).ok()?))
}
