//! One version of the app as its task definition runs it.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::effect::{ContainerSpec, Mount, TaskId, TaskSpec};
use simulator_core::id::Uuid;

use crate::rehearsal::RehearsalError;
use crate::rehearsal::secret_values::{self, SecretValue};
use crate::rehearsal::task_definition;
use crate::service::ecs::read_container;
use crate::wire::Input;

/// One version of the app.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// What the user calls it.
    pub(super) label: String,
    /// `family`.
    family: String,
    /// Task-level memory in MiB.
    memory: Option<u32>,
    /// Its containers, with this version's image.
    pub(super) containers: Vec<ContainerDefinition>,
}

impl Version {
    /// Reads the task definition `registration`, which has this version's image in it already.
    ///
    /// # Errors
    /// It says something that is not simulated.
    pub(super) fn read(label: &str, registration: &Value) -> Result<Self, RehearsalError> {
        let containers = task_definition::containers(registration).iter().map(|container| {
            let input = Input::new("containerDefinitions", container.clone());
            input.and_then(read_container).map_err(|refusal| RehearsalError::Input {
                message: format!("the task definition cannot be used: {refusal}"),
                help: None,
            })
        });
        let text = |key: &str| registration.get(key).and_then(Value::as_str);
        Ok(Self {
            label: label.to_owned(),
            family: text("family").unwrap_or("app").to_owned(),
            memory: text("memory").and_then(|memory| memory.parse().ok()),
            containers: containers.collect::<Result<_, _>>()?,
        })
    }

    /// The container called `name`.
    pub(super) fn container(&self, name: &str) -> Option<&ContainerDefinition> {
        self.containers.iter().find(|container| container.name == name)
    }

    /// A task of this version. Its processors are all that there are: what happens to the data does not depend on them.
    pub(super) fn task(&self, task: TaskId) -> TaskSpec {
        let ports = self.containers.iter().flat_map(|container| &container.port_mappings);
        TaskSpec {
            task,
            family: self.family.as_str().into(),
            service: None,
            cpu: None,
            memory: self.memory,
            ports: ports.map(|port| port.container_port).collect(),
        }
    }
}

/// The container `definition` of `task`, with `command` instead of its own if there is one, the variables in `files` from its
/// environment files, and `secrets`.
pub(super) fn spec(
    definition: &ContainerDefinition,
    task: TaskId,
    command: Option<&[String]>,
    files: BTreeMap<String, String>,
    secrets: &[SecretValue],
) -> ContainerSpec {
    // As the agent has it: what the definition says itself comes before what a file says.
    let mut environment = files;
    environment.extend(definition.environment.iter().cloned());
    environment.extend(definition.secrets.iter().filter_map(|secret| {
        let name = secret_values::name_of(&secret.value_from);
        let value = secrets.iter().find(|it| secret_values::name_of(&it.value_from) == name)?;
        Some((secret.name.clone(), value_in(&value.value, &secret.value_from)))
    }));
    ContainerSpec {
        task,
        name: definition.name.as_str().into(),
        id: Uuid::new(0),
        has_role: false,
        image: definition.image.clone(),
        digest: None,
        entry_point: definition.entry_point.clone(),
        command: command.map_or_else(|| definition.command.clone(), <[String]>::to_vec),
        environment,
        labels: definition.docker_labels.clone(),
        user: definition.user.clone(),
        working_directory: definition.working_directory.clone(),
        cpu: definition.cpu,
        memory: definition.memory,
        memory_reservation: definition.memory_reservation,
        init_process: definition.init_process,
        read_only_root: definition.read_only_root,
        ulimits: definition.ulimits.iter().map(|limit| (limit.name.clone(), limit.soft, limit.hard)).collect(),
        mounts: definition
            .mount_points
            .iter()
            .map(|point| Mount { volume: point.volume.clone(), path: point.path.clone(), read_only: point.read_only })
            .collect(),
        volumes_from: definition.volumes_from.iter().map(|from| (from.container.clone(), from.read_only)).collect(),
        logged: true,
    }
}

/// What `value_from` takes of a secret's value: all of it, or what stands under its JSON key.
fn value_in(value: &str, value_from: &str) -> String {
    let key = value_from.split(':').nth(7).filter(|key| !key.is_empty());
    let parsed = key.and_then(|key| serde_json::from_str::<Value>(value).ok()?.get(key).cloned());
    match parsed {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => value.to_owned(),
    }
}
