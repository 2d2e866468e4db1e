//! Starting a container.

use std::collections::BTreeMap;
use std::sync::Arc;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount as EngineMount, ResourcesUlimits,
};
use bollard::query_parameters::AttachContainerOptionsBuilder;
use simulator_core::Observation;
use simulator_core::effect::{ContainerSpec, TaskSpec};

use super::Shared;
use super::follow::{Followed, follow};
use super::memory;
use super::task::{Container, Task};
use crate::driver::Observer;
use crate::engine::said;

/// Nanoprocessors in one of ECS's CPU units, of which a processor has 1024.
const NANOS_PER_UNIT: i64 = 1_000_000_000 / 1024;

/// The kernel's least share of a processor, which the ECS agent gives a container without one.
const LEAST_SHARES: i64 = 2;

impl Shared {
    /// Creates and starts a container, and tells whether it runs. What follows it to its end, and watches its memory until then, is
    /// answered, to be run on.
    pub(super) async fn start(
        self: &Arc<Self>,
        spec: ContainerSpec,
        observer: &Arc<dyn Observer>,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let (id, name, logged) = (spec.task, spec.name.clone(), spec.logged);
        let started = match self.task(&id) {
            Some(task) => self.try_start(&task, spec).await,
            None => Err("the task has no network".to_owned()),
        };
        match started {
            Ok((container, output)) => {
                let runtime_id = container.id.clone();
                observer.observe(Observation::ContainerStarted {
                    task: id,
                    container: name.clone(),
                    runtime_id: runtime_id.into(),
                });
                let (engine, observer) = (self.engine.clone(), Arc::clone(observer));
                let watching =
                    memory::watch(engine.clone(), container.id.clone(), id, name.to_string(), Arc::clone(&observer));
                let followed =
                    Followed { task: id, name: name.to_string(), container, output: output.filter(|_| logged) };
                Some(async move {
                    tokio::select! {
                        () = follow(engine, followed, observer) => {}
                        never = watching => match never {},
                    }
                })
            }
            Err(message) => {
                observer.observe(Observation::ContainerNotStarted { task: id, container: name, message });
                None
            }
        }
    }

    async fn try_start(
        &self,
        task: &Task,
        spec: ContainerSpec,
    ) -> Result<(Arc<Container>, Option<super::follow::Output>), String> {
        let docker = self.engine.docker();
        let (name, logged) = (spec.name.clone(), spec.logged);
        let id = match task.container(&name) {
            // A restart: what it had written to its disk is still there.
            Some(earlier) if *earlier.ended.borrow() => earlier.id.clone(),
            earlier => {
                if let Some(earlier) = earlier {
                    // It never started, and its name is needed again.
                    self.remove(&earlier.id).await;
                }
                let mounts = self.mounts(task, spec.mounts.clone()).await?;
                let body = self.body(task, spec, mounts);
                let created = self.create(&self.name(&task.spec.task, &name), body).await;
                created.map_err(|error| said(&error))?
            }
        };
        let Some(container) = task.adopt(&name, &id) else {
            self.remove(&id).await;
            return Err("the task has been stopped".to_owned());
        };
        // Attached before it is started, so that not a line is missed.
        let output = if logged {
            let options = AttachContainerOptionsBuilder::default().stdout(true).stderr(true).stream(true).build();
            let attached = docker.attach_container(&id, Some(options)).await.map_err(|error| said(&error))?;
            Some(attached.output)
        } else {
            None
        };
        docker.start_container(&id, None).await.map_err(|error| said(&error))?;
        Ok((container, output))
    }

    fn body(&self, task: &Task, mut spec: ContainerSpec, mounts: Vec<EngineMount>) -> ContainerCreateBody {
        let mut environment = std::mem::take(&mut spec.environment);
        if let Some(agent) = &task.agent {
            agent.lead(&spec, &mut environment);
        }
        let ContainerSpec {
            task: id,
            name: _,
            id: _,
            has_role: _,
            image,
            digest,
            entry_point,
            command,
            environment: _,
            labels,
            user,
            working_directory,
            cpu,
            memory,
            memory_reservation,
            init_process,
            read_only_root,
            ulimits,
            mounts: _,
            volumes_from,
            logged: _,
        } = spec;
        let volumes_from = volumes_from.into_iter().map(|(container, read_only)| {
            format!("{}:{}", self.name(&id, &container), if read_only { "ro" } else { "rw" })
        });
        let host = HostConfig {
            network_mode: Some(format!("container:{}", task.pause)),
            init: Some(init_process),
            readonly_rootfs: Some(read_only_root),
            ulimits: Some(ulimits.into_iter().map(ulimit).collect()),
            mounts: Some(mounts),
            volumes_from: Some(volumes_from.collect()),
            // Whatever the engine logs to by default, a rehearsal's lines stay on this machine and go with the container.
            log_config: Some(HostConfigLogConfig { typ: Some("json-file".to_owned()), config: None }),
            memory_reservation: memory_reservation.map(bytes),
            ..limits(&task.spec, cpu, memory, self.engine.facts().processors)
        };
        let mut all_labels = self.labels(&id);
        // Ours come last: a task definition's `dockerLabels` cannot take a container out of the sweep's sight.
        let ours = std::mem::take(&mut all_labels);
        all_labels.extend(labels);
        all_labels.extend(ours);
        ContainerCreateBody {
            image: Some(self.real_name(&image, digest.as_deref())),
            // The engine drops the image's CMD when an entry point is given, as ECS has it.
            entrypoint: Some(entry_point).filter(|words| !words.is_empty()),
            cmd: Some(command).filter(|words| !words.is_empty()),
            env: Some(environment_of(environment)),
            labels: Some(all_labels),
            user,
            working_dir: working_directory,
            // ECS ignores a HEALTHCHECK of the image; the task definition's is run by ProbeHealth.
            healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        }
    }
}

/// What a container may use: its own memory, or else the task's; its share of the task's processors.
fn limits(task: &TaskSpec, cpu: u32, memory: Option<u32>, processors: u32) -> HostConfig {
    let memory = memory.or(task.memory).map(bytes);
    // A machine with fewer processors than the task has gives what it has: the engine refuses more.
    let most = i64::from(processors) * 1_000_000_000;
    HostConfig {
        memory,
        // The same figure leaves nothing to be swapped, as on Fargate.
        memory_swap: memory,
        nano_cpus: task.cpu.map(|units| (i64::from(units) * NANOS_PER_UNIT).min(most)),
        cpu_shares: Some(i64::from(cpu).max(LEAST_SHARES)),
        ..HostConfig::default()
    }
}

fn bytes(mebibytes: u32) -> i64 {
    i64::from(mebibytes) * 1024 * 1024
}

fn ulimit((name, soft, hard): (String, i64, i64)) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name), soft: Some(soft), hard: Some(hard) }
}

fn environment_of(variables: BTreeMap<String, String>) -> Vec<String> {
    variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[cfg(test)]
mod tests {
    use simulator_core::effect::TaskId;

    use super::*;

    #[test]
    fn a_container_without_limits_has_the_tasks() {
        let task = |cpu, memory| TaskSpec {
            task: TaskId::new(1),
            family: "f".into(),
            service: None,
            cpu,
            memory,
            ports: Vec::new(),
        };
        const MIB: i64 = 1024 * 1024;
        for (task, cpu, memory, expected) in [
            (task(Some(256), Some(512)), 0, None, (Some(512 * MIB), Some(249_999_872), 2)),
            (task(Some(256), Some(512)), 128, Some(256), (Some(256 * MIB), Some(249_999_872), 128)),
            (task(Some(4096), None), 0, None, (None, Some(2_000_000_000), 2)),
            (task(None, None), 10, Some(64), (Some(64 * MIB), None, 10)),
        ] {
            let limits = limits(&task, cpu, memory, 2);
            assert_eq!(
                (limits.memory, limits.nano_cpus, limits.cpu_shares),
                (expected.0, expected.1, Some(expected.2))
            );
            assert_eq!(limits.memory_swap, limits.memory);
        }
    }
}
