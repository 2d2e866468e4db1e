//! Tasks on the wire.

use simulator_core::ec2::task_interface;
use simulator_core::ecs::task::describe::DescribedTasks;
use simulator_core::ecs::task::execute_command::AGENT;
use simulator_core::ecs::task::{Container, ContainerOverride, Overrides};
use simulator_core::ecs::{DescribeTasks, ListTasks, RunTask, StopTask, Task};
use simulator_core::effect::TaskId;
use simulator_core::{Home, Page, Refusal, World};

use super::capacity;
use super::container::pair_list;
use super::shape::{self, INVALID, object};
use crate::wire::{Document, Input, document};

pub(super) fn run(input: &mut Input, _: &Home) -> Result<RunTask, Refusal> {
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

pub(super) fn ran(tasks: &[TaskId], world: &World) -> Document {
    object([("tasks", tasks.iter().map(|id| json(world, id, true)).collect()), ("failures", document!([]))])
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeTasks, Refusal> {
    Ok(DescribeTasks {
        cluster: input.text("cluster")?,
        tasks: input.texts("tasks")?,
        with_tags: shape::includes_tags(input)?,
    })
}

pub(super) fn described(found: &DescribedTasks, world: &World) -> Document {
    let DescribedTasks { tasks, failures, with_tags } = found;
    object([
        ("tasks", tasks.iter().map(|id| json(world, id, *with_tags)).collect()),
        ("failures", shape::failures(failures)),
    ])
}

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListTasks, Refusal> {
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

pub(super) fn listed(page: &Page<String>, _: &Home) -> Document {
    shape::page("taskArns", page)
}

pub(super) fn stop(input: &mut Input, _: &Home) -> Result<StopTask, Refusal> {
    Ok(StopTask {
        cluster: input.text("cluster")?,
        task: input.required("task", INVALID)?,
        reason: input.text("reason")?,
    })
}

pub(super) fn stopped(id: &TaskId, world: &World) -> Document {
    object([("task", json(world, id, true))])
}

fn json(world: &World, id: &TaskId, with_tags: bool) -> Document {
    let view = world.ecs();
    let Some(task) = view.task(id) else { return Document::Null };
    let time = |at: Option<simulator_core::Timestamp>| at.map_or(Document::Null, shape::seconds_of);
    let stop = task.stop.as_ref();
    object([
        ("attachments", attachments(task)),
        ("attributes", document!([{ "name": "ecs.cpu-architecture", "value": "x86_64" }])),
        ("capacityProviderName", document!(task.origin.provider.as_deref())),
        ("clusterArn", document!(view.cluster(&task.origin.cluster).map(|cluster| cluster.arn.as_str()))),
        ("connectivity", document!(task.pull_started_at.map(|_| "CONNECTED"))),
        ("connectivityAt", time(task.pull_started_at)),
        ("containers", task.containers.iter().enumerate().map(|(place, _)| container(task, place)).collect()),
        ("cpu", document!(task.origin.overrides.cpu.or(task.definition.cpu).map(|cpu| cpu.to_string()))),
        ("createdAt", shape::seconds_of(task.created_at)),
        ("desiredStatus", document!(task.desired_status())),
        ("enableExecuteCommand", document!(task.origin.execute_command)),
        ("executionStoppedAt", time(task.execution_stopped_at)),
        ("group", document!(&task.origin.group)),
        ("healthStatus", document!(task.health().as_str())),
        ("lastStatus", document!(task.last_status.as_str())),
        ("launchType", document!("FARGATE")),
        ("memory", document!(task.origin.overrides.memory.or(task.definition.memory).map(|memory| memory.to_string()))),
        ("overrides", overrides_json(&task.origin.overrides)),
        ("platformVersion", document!("1.4.0")),
        ("platformFamily", document!("Linux")),
        ("pullStartedAt", time(task.pull_started_at)),
        ("pullStoppedAt", time(task.pull_stopped_at)),
        ("startedAt", time(task.started_at)),
        ("startedBy", document!(&task.origin.started_by)),
        ("stopCode", document!(stop.map(|stop| stop.code.as_str()))),
        ("stoppedAt", time(task.stopped_at)),
        ("stoppedReason", document!(stop.map(|stop| &stop.reason))),
        ("stoppingAt", time(task.stopping_at)),
        ("tags", if with_tags { shape::tag_list(&task.origin.tags) } else { document!([]) }),
        ("taskArn", document!(task.arn().as_str())),
        ("taskDefinitionArn", document!(task.definition.arn.as_str())),
        ("version", document!(task.version)),
    ])
}

/// The task's network interface.
fn attachments(task: &Task) -> Document {
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
        details.into_iter().filter_map(|(name, value)| value.map(|value| document!({ "name": name, "value": value })));
    document!([{
        "id": task.attachment.to_string(),
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": details.collect::<Vec<_>>(),
    }])
}

fn container(task: &Task, place: usize) -> Document {
    let container: &Container = &task.containers[place];
    let definition = &task.definition.containers[place];
    let interface = task.address.map(
        |address| document!([{ "attachmentId": task.attachment.to_string(), "privateIpv4Address": address.to_string() }]),
    );
    object([
        ("containerArn", document!(task.container_arn(container))),
        ("taskArn", document!(task.arn().as_str())),
        ("name", document!(&container.name)),
        ("image", document!(&definition.image)),
        ("imageDigest", document!(&container.digest)),
        ("runtimeId", document!(&container.runtime_id)),
        ("lastStatus", document!(container.status.as_str())),
        ("exitCode", document!(container.exit_code)),
        ("reason", document!(&container.reason)),
        ("networkBindings", document!([])),
        ("networkInterfaces", interface.unwrap_or_else(|| document!([]))),
        ("healthStatus", document!(container.reported.as_str())),
        ("managedAgents", managed_agents(task, place)),
        ("cpu", document!(definition.cpu.to_string())),
        ("memory", document!(definition.memory.map(|memory| memory.to_string()))),
        ("memoryReservation", document!(definition.memory_reservation.map(|memory| memory.to_string()))),
    ])
}

/// The agent that lets sessions in, where there is one.
fn managed_agents(task: &Task, place: usize) -> Document {
    task.managed_agent(place).map_or(Document::Null, |agent| {
        let started_at = agent.started_at.map_or(Document::Null, shape::seconds_of);
        let agent =
            [("lastStartedAt", started_at), ("name", document!(AGENT)), ("lastStatus", document!(agent.status))];
        document!([object(agent)])
    })
}

fn overrides_json(overrides: &Overrides) -> Document {
    let Overrides { containers, task_role, execution_role, cpu, memory } = overrides;
    let container = |container: &ContainerOverride| {
        let ContainerOverride { name, command, environment, cpu, memory, memory_reservation, environment_files } =
            container;
        object([
            ("name", document!(name)),
            ("command", document!(command)),
            ("environment", if environment.is_empty() { Document::Null } else { pair_list(environment) }),
            ("cpu", document!(cpu)),
            ("memory", document!(memory)),
            ("memoryReservation", document!(memory_reservation)),
            ("environmentFiles", super::container::environment_files_json(environment_files)),
        ])
    };
    object([
        ("containerOverrides", containers.iter().map(container).collect()),
        ("taskRoleArn", document!(task_role)),
        ("executionRoleArn", document!(execution_role)),
        ("cpu", document!(cpu.map(|cpu| cpu.to_string()))),
        ("memory", document!(memory.map(|memory| memory.to_string()))),
        ("inferenceAcceleratorOverrides", document!([])),
    ])
}
