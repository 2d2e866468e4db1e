//! Tasks on the wire.

use serde_json::{Value, json};
use simulator_core::ec2::task_interface;
use simulator_core::ecs::task::describe::DescribedTasks;
use simulator_core::ecs::task::execute_command::AGENT;
use simulator_core::ecs::task::{Container, ContainerOverride, Overrides};
use simulator_core::ecs::{DescribeTasks, ListTasks, RunTask, StopTask, Task};
use simulator_core::effect::TaskId;
use simulator_core::{Page, Refusal, World};

use super::capacity;
use super::container::pair_list;
use super::shape::{self, INVALID, object};
use crate::wire::Input;

pub(super) fn run(input: &mut Input, _: &World) -> Result<RunTask, Refusal> {
    shape::platform_version(input)?;
    // Kept for the caller's own use; nothing depends on it.
    let _reference = input.text("referenceId")?;
    Ok(RunTask {
        cluster: input.text("cluster")?,
        task_definition: input.required("taskDefinition", INVALID)?,
        count: shape::whole(input, "count")?,
        launch_type: shape::launch_type(input)?,
        strategy: capacity::strategy(input, "capacityProviderStrategy")?,
        execute_command: input.boolean("enableExecuteCommand")?.unwrap_or(false),
        network: shape::network(input)?,
        overrides: input.structure("overrides")?.map(overrides).transpose()?.unwrap_or_default(),
        group: input.text("group")?,
        started_by: input.text("startedBy")?,
        tags: shape::tags(input)?,
        propagate: match input.text("propagateTags")?.as_deref() {
            None | Some("NONE") => false,
            Some("TASK_DEFINITION") => true,
            Some("SERVICE") => {
                return Err(Refusal::fault(
                    INVALID,
                    "Tasks that are not part of a service cannot get the tags of one.",
                ));
            }
            Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid propagateTags '{other}'."))),
        },
        managed_tags: input.boolean("enableECSManagedTags")?.unwrap_or(false),
        client_token: input.text("clientToken")?,
    })
}

fn overrides(mut input: Input) -> Result<Overrides, Refusal> {
    let size = |text: Option<String>, what: &str| {
        let invalid = |text: String| Refusal::fault(INVALID, format!("Invalid '{what}' override '{text}'."));
        text.map(|text| text.parse().map_err(|_| invalid(text))).transpose()
    };
    let overrides = Overrides {
        containers: input.structures("containerOverrides")?.into_iter().map(override_of).collect::<Result<_, _>>()?,
        task_role: input.text("taskRoleArn")?,
        execution_role: input.text("executionRoleArn")?,
        cpu: size(input.text("cpu")?, "cpu")?,
        memory: size(input.text("memory")?, "memory")?,
    };
    input.finish()?;
    Ok(overrides)
}

fn override_of(mut input: Input) -> Result<ContainerOverride, Refusal> {
    let command = if input.has("command") { Some(input.texts("command")?) } else { None };
    let container = ContainerOverride {
        name: input.required("name", INVALID)?,
        // An empty command overrides nothing.
        command: command.filter(|words| !words.is_empty()),
        environment: shape::pairs(&mut input, "environment")?,
        cpu: shape::whole(&mut input, "cpu")?,
        memory: shape::whole(&mut input, "memory")?,
        memory_reservation: shape::whole(&mut input, "memoryReservation")?,
        environment_files: super::container::environment_files(&mut input)?,
    };
    input.finish()?;
    Ok(container)
}

pub(super) fn ran(tasks: &[TaskId], world: &World) -> Value {
    object([("tasks", tasks.iter().map(|id| json(world, id, true)).collect()), ("failures", json!([]))])
}

pub(super) fn describe(input: &mut Input, _: &World) -> Result<DescribeTasks, Refusal> {
    Ok(DescribeTasks {
        cluster: input.text("cluster")?,
        tasks: input.texts("tasks")?,
        with_tags: shape::includes_tags(input)?,
    })
}

pub(super) fn described(found: &DescribedTasks, world: &World) -> Value {
    let DescribedTasks { tasks, failures, with_tags } = found;
    object([
        ("tasks", tasks.iter().map(|id| json(world, id, *with_tags)).collect()),
        ("failures", shape::failures(failures)),
    ])
}

pub(super) fn list(input: &mut Input, _: &World) -> Result<ListTasks, Refusal> {
    Ok(ListTasks {
        cluster: input.text("cluster")?,
        service: input.text("serviceName")?,
        family: input.text("family")?,
        started_by: input.text("startedBy")?,
        desired_status: input.text("desiredStatus")?,
        launch_type: shape::launch_type(input)?,
        limit: shape::limit(input, 100)?,
        token: input.text("nextToken")?,
    })
}

pub(super) fn listed(page: &Page<String>, _: &World) -> Value {
    shape::page("taskArns", page)
}

pub(super) fn stop(input: &mut Input, _: &World) -> Result<StopTask, Refusal> {
    Ok(StopTask {
        cluster: input.text("cluster")?,
        task: input.required("task", INVALID)?,
        reason: input.text("reason")?,
    })
}

pub(super) fn stopped(id: &TaskId, world: &World) -> Value {
    object([("task", json(world, id, true))])
}

fn json(world: &World, id: &TaskId, with_tags: bool) -> Value {
    let view = world.ecs();
    let Some(task) = view.task(id) else { return Value::Null };
    let time = |at: Option<simulator_core::Timestamp>| at.map_or(Value::Null, shape::seconds_of);
    let stop = task.stop.as_ref();
    object([
        ("attachments", attachments(task)),
        ("attributes", json!([{ "name": "ecs.cpu-architecture", "value": "x86_64" }])),
        ("capacityProviderName", json!(task.origin.provider.as_deref())),
        ("clusterArn", json!(view.cluster(&task.origin.cluster).map(|cluster| cluster.arn.as_str()))),
        ("connectivity", json!(task.pull_started_at.map(|_| "CONNECTED"))),
        ("connectivityAt", time(task.pull_started_at)),
        ("containers", task.containers.iter().enumerate().map(|(place, _)| container(task, place)).collect()),
        ("cpu", json!(task.origin.overrides.cpu.or(task.definition.cpu).map(|cpu| cpu.to_string()))),
        ("createdAt", shape::seconds_of(task.created_at)),
        ("desiredStatus", json!(task.desired_status())),
        ("enableExecuteCommand", json!(task.origin.execute_command)),
        ("executionStoppedAt", time(task.execution_stopped_at)),
        ("group", json!(task.origin.group)),
        ("healthStatus", json!(task.health().as_str())),
        ("lastStatus", json!(task.last_status.as_str())),
        ("launchType", json!("FARGATE")),
        ("memory", json!(task.origin.overrides.memory.or(task.definition.memory).map(|memory| memory.to_string()))),
        ("overrides", overrides_json(&task.origin.overrides)),
        ("platformVersion", json!("1.4.0")),
        ("platformFamily", json!("Linux")),
        ("pullStartedAt", time(task.pull_started_at)),
        ("pullStoppedAt", time(task.pull_stopped_at)),
        ("startedAt", time(task.started_at)),
        ("startedBy", json!(task.origin.started_by)),
        ("stopCode", json!(stop.map(|stop| stop.code.as_str()))),
        ("stoppedAt", time(task.stopped_at)),
        ("stoppedReason", json!(stop.map(|stop| &stop.reason))),
        ("stoppingAt", time(task.stopping_at)),
        ("tags", if with_tags { shape::tag_list(&task.origin.tags) } else { json!([]) }),
        ("taskArn", json!(task.arn().as_str())),
        ("taskDefinitionArn", json!(task.definition.arn.as_str())),
        ("version", json!(task.version)),
    ])
}

/// The task's network interface.
fn attachments(task: &Task) -> Value {
    let status = match (task.address, task.stopped_at) {
        (_, Some(_)) => "DELETED",
        (Some(_), None) => "ATTACHED",
        (None, None) => "PRECREATED",
    };
    let details = [
        ("subnetId", task.subnet.as_deref().map(str::to_owned)),
        ("networkInterfaceId", task_interface(task)),
        ("privateIPv4Address", task.address.map(|address| address.to_string())),
    ];
    let details =
        details.into_iter().filter_map(|(name, value)| value.map(|value| json!({ "name": name, "value": value })));
    json!([{
        "id": task.attachment.to_string(),
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": details.collect::<Vec<_>>(),
    }])
}

fn container(task: &Task, place: usize) -> Value {
    let container: &Container = &task.containers[place];
    let definition = &task.definition.containers[place];
    let interface = task.address.map(
        |address| json!([{ "attachmentId": task.attachment.to_string(), "privateIpv4Address": address.to_string() }]),
    );
    object([
        ("containerArn", json!(task.container_arn(container))),
        ("taskArn", json!(task.arn().as_str())),
        ("name", json!(container.name)),
        ("image", json!(definition.image)),
        ("imageDigest", json!(container.digest)),
        ("runtimeId", json!(container.runtime_id)),
        ("lastStatus", json!(container.status.as_str())),
        ("exitCode", json!(container.exit_code)),
        ("reason", json!(container.reason)),
        ("networkBindings", json!([])),
        ("networkInterfaces", interface.unwrap_or_else(|| json!([]))),
        ("healthStatus", json!(container.reported.as_str())),
        ("managedAgents", managed_agents(task, place)),
        ("cpu", json!(definition.cpu.to_string())),
        ("memory", json!(definition.memory.map(|memory| memory.to_string()))),
        ("memoryReservation", json!(definition.memory_reservation.map(|memory| memory.to_string()))),
    ])
}

/// The agent that lets sessions in, where there is one.
fn managed_agents(task: &Task, place: usize) -> Value {
    task.managed_agent(place).map_or(Value::Null, |agent| {
        let started_at = agent.started_at.map_or(Value::Null, shape::seconds_of);
        let agent = [("lastStartedAt", started_at), ("name", json!(AGENT)), ("lastStatus", json!(agent.status))];
        json!([object(agent)])
    })
}

fn overrides_json(overrides: &Overrides) -> Value {
    let Overrides { containers, task_role, execution_role, cpu, memory } = overrides;
    let container = |container: &ContainerOverride| {
        let ContainerOverride { name, command, environment, cpu, memory, memory_reservation, environment_files } =
            container;
        object([
            ("name", json!(name)),
            ("command", json!(command)),
            ("environment", if environment.is_empty() { Value::Null } else { pair_list(environment) }),
            ("cpu", json!(cpu)),
            ("memory", json!(memory)),
            ("memoryReservation", json!(memory_reservation)),
            ("environmentFiles", super::container::environment_files_json(environment_files)),
        ])
    };
    object([
        ("containerOverrides", containers.iter().map(container).collect()),
        ("taskRoleArn", json!(task_role)),
        ("executionRoleArn", json!(execution_role)),
        ("cpu", json!(cpu.map(|cpu| cpu.to_string()))),
        ("memory", json!(memory.map(|memory| memory.to_string()))),
        ("inferenceAcceleratorOverrides", json!([])),
    ])
}
