//! The volumes of a task: its containers share them, and they go with it.

use std::collections::HashMap;

use bollard::models::{Mount as EngineMount, MountType, VolumeCreateRequest};
use bollard::query_parameters::RemoveVolumeOptionsBuilder;
use simulator_core::effect::Mount;

use super::Shared;
use super::task::Task;
use crate::engine::{is_absent, said};

impl Shared {
    /// Makes sure of the volumes that `mounts` names, and answers how the engine is to mount them.
    pub(super) async fn mounts(&self, task: &Task, mounts: Vec<Mount>) -> Result<Vec<EngineMount>, String> {
        let mut made = Vec::new();
        for Mount { volume, path, read_only } in mounts {
            let name = self.name(&task.spec.task, &format!("volume-{volume}"));
            // Kept first, so that whatever becomes of it is removed with the task.
            task.keep_volume(&name);
            let labels: HashMap<String, String> = self.labels(&task.spec.task);
            let request = VolumeCreateRequest {
                name: Some(name.clone()),
                labels: Some(labels),
                ..VolumeCreateRequest::default()
            };
            // One that is there already is answered as if it had just been made.
            self.engine.docker().create_volume(request).await.map_err(|error| said(&error))?;
            made.push(EngineMount {
                target: Some(path),
                source: Some(name),
                typ: Some(MountType::VOLUME),
                read_only: Some(read_only),
                ..EngineMount::default()
            });
        }
        Ok(made)
    }

    /// Removes a volume that no container has any more. What the engine does not let go of is left to the sweep.
    pub(super) async fn remove_volume(&self, name: &str) {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        match self.engine.docker().remove_volume(name, Some(options)).await {
            Ok(()) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => tracing::warn!(volume = name, error = %said(&error), "a volume is left to the sweep"),
        }
    }
}
