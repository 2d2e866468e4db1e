//! What is asked, and what is answered.

use serde_json::{Value, json};
use simulator_core::World;
use simulator_core::ecs::Task;
use simulator_core::effect::TaskId;
use simulator_core::sts::TemporaryCredentials;

pub(super) use super::metadata::{container, task};
use crate::wire::time;

/// What a container asks, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question<'a> {
    /// `/v2/credentials/ID`.
    Credentials(&'a str),
    /// `/v4/ID`.
    Container(&'a str),
    /// `/v4/ID/task` and `/v4/ID/taskWithTags`.
    Task { container: &'a str, tags: bool },
    /// `/v4/ID/stats`.
    Stats(&'a str),
    /// `/v4/ID/task/stats`.
    TaskStats(&'a str),
    /// Nothing that the agent knows.
    Unknown,
}

impl<'a> Question<'a> {
    pub(super) fn parse(path: &'a str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["v2", "credentials", id] => Self::Credentials(id),
            ["v4", container] => Self::Container(container),
            ["v4", container, "task"] => Self::Task { container, tags: false },
            ["v4", container, "taskWithTags"] => Self::Task { container, tags: true },
            ["v4", container, "stats"] => Self::Stats(container),
            ["v4", container, "task", "stats"] => Self::TaskStats(container),
            _ => Self::Unknown,
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    pub(super) const fn found(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// The agent's words for a path whose container it does not know are no JSON object, but a text.
    pub(super) fn not_found() -> Self {
        Self { status: 404, body: json!("404 page not found") }
    }

    /// The agent's words for credentials that it does not know (AGENT).
    pub(super) fn no_credentials() -> Self {
        let body = json!({
            "code": "InvalidIdInRequest",
            "message": "CredentialsV2Request: ID not found",
            "HTTPErrorCode": 400,
        });
        Self { status: 400, body }
    }
}

/// Credentials as the agent hands them out.
pub(super) fn credentials(role: &str, known: &TemporaryCredentials) -> Answer {
    let TemporaryCredentials { access_key_id, secret_access_key, session_token, expires_at } = known;
    Answer::found(json!({
        "RoleArn": role,
        "AccessKeyId": access_key_id,
        "SecretAccessKey": secret_access_key,
        "Token": session_token,
        "Expiration": time(*expires_at),
    }))
}

/// The task called `id` and the place of that of its containers whose id is `container`.
pub(super) fn place<'w>(world: &'w World, id: &TaskId, container: &str) -> Option<(&'w Task, usize)> {
    let task = world.ecs().task(id)?;
    let place = task.containers.iter().position(|it| it.id.to_string() == container)?;
    Some((task, place))
}

/// The engine's id of a container, once it has run.
pub(super) fn runtime_id(world: &World, id: &TaskId, container: &str) -> Option<String> {
    let (task, place) = place(world, id, container)?;
    task.containers[place].runtime_id.as_ref().map(ToString::to_string)
}

/// The engine's ids of all containers of a task that have run.
pub(super) fn runtime_ids(world: &World, id: &TaskId) -> Vec<String> {
    let containers = world.ecs().task(id).into_iter().flat_map(|task| &task.containers);
    containers.filter_map(|container| container.runtime_id.as_ref().map(ToString::to_string)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        for (path, expected) in [
            ("/v2/credentials/x", Question::Credentials("x")),
            ("/v4/c", Question::Container("c")),
            ("/v4/c/", Question::Container("c")),
            ("/v4/c/task", Question::Task { container: "c", tags: false }),
            ("/v4/c/taskWithTags", Question::Task { container: "c", tags: true }),
            ("/v4/c/stats", Question::Stats("c")),
            ("/v4/c/task/stats", Question::TaskStats("c")),
            ("/v4/c/task/other", Question::Unknown),
            ("/v3/c", Question::Unknown),
            ("/", Question::Unknown),
        ] {
            assert_eq!(Question::parse(path), expected, "{path}");
        }
    }
}
