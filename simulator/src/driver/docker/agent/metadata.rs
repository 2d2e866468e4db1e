//! Task metadata, version 4, as Fargate answers it (the developer guide, "task metadata v4 JSON response for tasks on Fargate").

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::ecs::task::Container;
use simulator_core::ecs::{LaunchType, Task};
use simulator_core::{Timestamp, World};

use crate::wire::time;

/// CPU units of one vCPU.
const UNITS: f64 = 1024.0;

fn at(time_of: Option<Timestamp>) -> Value {
    time_of.map_or(Value::Null, |at| json!(time(at)))
}

/// A structure with those members that have a value.
fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(present.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// `${ECS_CONTAINER_METADATA_URI_V4}/task`, and with `tags` also what TASK tags there are.
pub(in crate::driver::docker::agent) fn task(world: &World, task: &Task, tags: bool) -> Value {
    let (cpu, memory) =
        (task.origin.overrides.cpu.or(task.definition.cpu), task.origin.overrides.memory.or(task.definition.memory));
    let limits = object([("CPU", json!(cpu.map(|units| f64::from(units) / UNITS))), ("Memory", json!(memory))]);
    let zone = task.subnet.as_deref().and_then(|subnet| world.subnet(subnet)).map(|subnet| subnet.zone.clone());
    let containers = task.containers.iter().enumerate().filter(|(_, container)| container.runtime_id.is_some());
    object([
        ("Cluster", json!(world.ecs().cluster(&task.origin.cluster).map(|cluster| cluster.arn.as_str()))),
        ("TaskARN", json!(task.arn().as_str())),
        ("Family", json!(task.definition.family)),
        ("Revision", json!(task.definition.revision.to_string())),
        ("ServiceName", json!(task.origin.service.as_ref().map(|key| key.service.to_string()))),
        ("DesiredStatus", json!(task.desired_status())),
        ("KnownStatus", json!(task.last_status.as_str())),
        ("Limits", if cpu.is_none() && memory.is_none() { Value::Null } else { limits }),
        ("PullStartedAt", at(task.pull_started_at)),
        ("PullStoppedAt", at(task.pull_stopped_at)),
        ("AvailabilityZone", json!(zone)),
        ("LaunchType", json!(LaunchType::Fargate.as_str())),
        ("Containers", containers.map(|(place, _)| container(world, task, place)).collect()),
        ("TaskTags", if tags { json!(task.origin.tags) } else { Value::Null }),
    ])
}

/// `${ECS_CONTAINER_METADATA_URI_V4}` of the container at `place`.
pub(in crate::driver::docker::agent) fn container(world: &World, task: &Task, place: usize) -> Value {
    let known: &Container = &task.containers[place];
    let definition = &task.definition.containers[place];
    let cluster = world.ecs().cluster(&task.origin.cluster).map(|cluster| cluster.arn.to_string());
    let revision = task.definition.revision.to_string();
    let mut labels: BTreeMap<&str, String> =
        definition.docker_labels.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    labels.extend([
        ("com.amazonaws.ecs.cluster", cluster.unwrap_or_default()),
        ("com.amazonaws.ecs.container-name", definition.name.clone()),
        ("com.amazonaws.ecs.task-arn", task.arn().to_string()),
        ("com.amazonaws.ecs.task-definition-family", task.definition.family.clone()),
        ("com.amazonaws.ecs.task-definition-version", revision.clone()),
    ]);
    let log = definition.log.as_ref();
    let log_options = log.map(|log| {
        let mut options: BTreeMap<&str, &str> =
            log.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        if let Some((_, stream)) = known.log.as_deref() {
            options.insert("awslogs-stream", stream);
        }
        json!(options)
    });
    let address = task.address.map(|address| vec![address.to_string()]);
    let health = definition.health_check.as_ref().map(|_| json!({ "status": known.health.as_str() }));
    let desired = if task.stopping { "STOPPED" } else { "RUNNING" };
    object([
        ("DockerId", json!(known.runtime_id.as_deref())),
        ("Name", json!(definition.name)),
        ("DockerName", json!(format!("ecs-{}-{revision}-{}", task.definition.family, definition.name))),
        ("Image", json!(definition.image)),
        ("ImageID", json!(known.digest.as_deref())),
        ("Labels", json!(labels)),
        ("DesiredStatus", json!(desired)),
        ("KnownStatus", json!(known.status.as_str())),
        ("ExitCode", json!(known.exit_code)),
        (
            "Limits",
            object([("CPU", json!(definition.cpu)), ("Memory", json!(definition.memory.or(task.definition.memory)))]),
        ),
        ("CreatedAt", at(known.started_at)),
        ("StartedAt", at(known.started_at)),
        ("FinishedAt", at(known.stopped_at)),
        ("Type", json!("NORMAL")),
        ("Health", json!(health)),
        ("RestartCount", definition.restart_policy.as_ref().map_or(Value::Null, |_| json!(known.restarts))),
        ("LogDriver", json!(log.map(|_| "awslogs"))),
        ("LogOptions", json!(log_options)),
        ("ContainerARN", json!(task.container_arn(known))),
        ("Networks", json!([{ "NetworkMode": "awsvpc", "IPv4Addresses": address }])),
        ("Snapshotter", json!("overlayfs")),
    ])
}
