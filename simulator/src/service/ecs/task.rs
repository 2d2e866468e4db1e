//! Tasks on the wire.

use serde_json::{Value, json};
use simulator_core::ecs::task::describe::DescribedTasks;
use simulator_core::ecs::task::{
    Container, ContainerOverride, DescribeTasks, ListTasks, Overrides, RunTask, StopTask, Task,
};
use simulator_core::effect::TaskId;
use simulator_core::page::Page;
use simulator_core::{Refusal, World};

use super::{CLIENT, INVALID, encode_failures, encode_tags, includes_tags, launch_type, limit, network, number, object, tags, time};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("RunTask", decode_run, |ids: Vec<TaskId>, world| {
            json!({"tasks": encode_all(&ids, world, true), "failures": []})
        }),
        row("DescribeTasks", decode_describe, |described: DescribedTasks, world| {
            let tasks = encode_all(&described.tasks, world, described.with_tags);
            json!({"tasks": tasks, "failures": encode_failures(&described.failures)})
        }),
        row("ListTasks", decode_list, |page: Page<String>, _| {
            object([("taskArns", json!(page.items)), ("nextToken", json!(page.next))])
        }),
        row("StopTask", decode_stop, |id: TaskId, world| {
            json!({"task": world.ecs().task(&id).map(|task| encode(task, false))})
        }),
    ]
}

fn decode_run(input: &mut Input, _: &World) -> Result<RunTask, Refusal> {
    let overrides = match input.structure("overrides")? {
        None => Overrides::default(),
        Some(mut overrides) => {
            let decoded = Overrides {
                containers: overrides
                    .structures("containerOverrides")?
                    .into_iter()
                    .map(decode_override)
                    .collect::<Result<_, _>>()?,
                task_role: overrides.text("taskRoleArn")?,
                execution_role: overrides.text("executionRoleArn")?,
                cpu: text_number(&mut overrides, "cpu")?,
                memory: text_number(&mut overrides, "memory")?,
            };
            overrides.finish()?;
            decoded
        }
    };
    Ok(RunTask {
        cluster: input.text("cluster")?,
        task_definition: input.required("taskDefinition", CLIENT)?,
        count: number(input, "count")?,
        launch_type: input.text("launchType")?.as_deref().map(launch_type).transpose()?,
        network: network::decode(input)?,
        overrides,
        group: input.text("group")?,
        started_by: input.text("startedBy")?,
        tags: tags(input)?,
        propagate: match input.text("propagateTags")?.as_deref() {
            None | Some("NONE") => false,
            Some("TASK_DEFINITION") => true,
            Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid value for propagateTags: {other}"))),
        },
        managed_tags: input.boolean("enableECSManagedTags")?.unwrap_or(false),
        client_token: input.text("clientToken")?,
    })
}

fn decode_override(mut input: Input) -> Result<ContainerOverride, Refusal> {
    let command = input.has("command").then(|| input.texts("command")).transpose()?;
    let mut environment = Vec::new();
    for mut variable in input.structures("environment")? {
        environment.push((variable.required("name", INVALID)?, variable.text("value")?.unwrap_or_default()));
        variable.finish()?;
    }
    let decoded = ContainerOverride {
        name: input.required("name", INVALID)?,
        command,
        environment,
        cpu: number(&mut input, "cpu")?,
        memory: number(&mut input, "memory")?,
        memory_reservation: number(&mut input, "memoryReservation")?,
    };
    input.finish()?;
    Ok(decoded)
}

/// A task-level size, which is text that holds a number.
fn text_number(input: &mut Input, key: &str) -> Result<Option<u32>, Refusal> {
    let Some(text) = input.text(key)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refusal::fault(CLIENT, format!("Invalid '{key}' setting for task.")))
}

fn decode_describe(input: &mut Input, _: &World) -> Result<DescribeTasks, Refusal> {
    Ok(DescribeTasks { cluster: input.text("cluster")?, tasks: input.texts("tasks")?, with_tags: includes_tags(input)? })
}

fn decode_list(input: &mut Input, _: &World) -> Result<ListTasks, Refusal> {
    Ok(ListTasks {
        cluster: input.text("cluster")?,
        service: input.text("serviceName")?,
        family: input.text("family")?,
        started_by: input.text("startedBy")?,
        desired_status: input.text("desiredStatus")?,
        launch_type: input.text("launchType")?.as_deref().map(launch_type).transpose()?,
        limit: limit(input)?,
        token: input.text("nextToken")?,
    })
}

fn decode_stop(input: &mut Input, _: &World) -> Result<StopTask, Refusal> {
    Ok(StopTask {
        cluster: input.text("cluster")?,
        task: input.required("task", INVALID)?,
        reason: input.text("reason")?,
    })
}

fn encode_all(ids: &[TaskId], world: &World, with_tags: bool) -> Value {
    let view = world.ecs();
    ids.iter().filter_map(|id| view.task(id)).map(|task| encode(task, with_tags)).collect()
}

fn encode(task: &Task, with_tags: bool) -> Value {
    let at = |at: Option<simulator_core::Timestamp>| at.map_or(Value::Null, time);
    let definition = &task.definition;
    object([
        ("taskArn", json!(task.arn.as_str())),
        ("clusterArn", json!(cluster_arn(task))),
        ("taskDefinitionArn", json!(definition.arn.as_str())),
        ("overrides", encode_overrides(&task.overrides)),
        ("lastStatus", json!(task.last_status.as_str())),
        ("desiredStatus", json!(task.desired_status())),
        ("healthStatus", json!(task.health().as_str())),
        ("cpu", json!(task.overrides.cpu.or(definition.cpu).map(|it| it.to_string()))),
        ("memory", json!(task.overrides.memory.or(definition.memory).map(|it| it.to_string()))),
        ("containers", task.containers.iter().map(|it| encode_container(task, it)).collect()),
        ("startedBy", json!(task.started_by)),
        ("group", json!(task.group)),
        ("launchType", json!("FARGATE")),
        ("attachments", attachments(task)),
        ("connectivity", json!("CONNECTED")),
        ("createdAt", time(task.created_at)),
        ("pullStartedAt", at(task.pull_started_at)),
        ("pullStoppedAt", at(task.pull_stopped_at)),
        ("startedAt", at(task.started_at)),
        ("stoppingAt", at(task.stopping_at)),
        ("executionStoppedAt", at(task.execution_stopped_at)),
        ("stoppedAt", at(task.stopped_at)),
        ("stopCode", json!(task.stop.as_ref().map(|it| it.code.as_str()))),
        ("stoppedReason", json!(task.stop.as_ref().map(|it| &it.reason))),
        ("version", json!(task.version)),
        ("tags", if with_tags { encode_tags(&task.tags) } else { json!([]) }),
    ])
}

fn cluster_arn(task: &Task) -> String {
    let head: Vec<&str> = task.arn.as_str().splitn(6, ':').take(5).collect();
    format!("{}:cluster/{}", head.join(":"), task.cluster)
}

fn encode_container(task: &Task, container: &Container) -> Value {
    let arn = task.arn.as_str().replacen(":task/", ":container/", 1);
    let definition = task.definition.container(&container.name).map(|(_, definition)| definition);
    let network = task.address.map_or_else(Vec::new, |address| vec![json!({"privateIpv4Address": address.to_string()})]);
    object([
        ("containerArn", json!(format!("{arn}/{}", container.id))),
        ("taskArn", json!(task.arn.as_str())),
        ("name", json!(container.name)),
        ("image", json!(definition.map(|it| &it.image))),
        ("runtimeId", json!(container.runtime_id)),
        ("lastStatus", json!(container.status.as_str())),
        ("exitCode", json!(container.exit_code)),
        ("reason", json!(container.reason)),
        ("healthStatus", json!(container.reported.as_str())),
        ("networkBindings", json!([])),
        ("networkInterfaces", Value::Array(network)),
        ("cpu", json!(definition.map(|it| it.cpu.to_string()))),
        ("memory", json!(definition.and_then(|it| it.memory).map(|it| it.to_string()))),
    ])
}

fn attachments(task: &Task) -> Value {
    let details = [
        task.subnet.as_ref().map(|subnet| json!({"name": "subnetId", "value": subnet})),
        task.address.map(|address| json!({"name": "privateIPv4Address", "value": address.to_string()})),
    ];
    let details: Vec<Value> = details.into_iter().flatten().collect();
    let status = if task.address.is_some() { "ATTACHED" } else { "PRECREATED" };
    json!([{"type": "ElasticNetworkInterface", "status": status, "details": details}])
}

fn encode_overrides(overrides: &Overrides) -> Value {
    let containers: Value = overrides
        .containers
        .iter()
        .map(|it| {
            let environment: Value =
                it.environment.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            object([
                ("name", json!(it.name)),
                ("command", json!(it.command)),
                ("environment", if it.environment.is_empty() { Value::Null } else { environment }),
                ("cpu", json!(it.cpu)),
                ("memory", json!(it.memory)),
                ("memoryReservation", json!(it.memory_reservation)),
            ])
        })
        .collect();
    object([
        ("containerOverrides", containers),
        ("taskRoleArn", json!(overrides.task_role)),
        ("executionRoleArn", json!(overrides.execution_role)),
        ("cpu", json!(overrides.cpu.map(|it| it.to_string()))),
        ("memory", json!(overrides.memory.map(|it| it.to_string()))),
    ])
}
