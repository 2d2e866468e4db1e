//! How much of their memory containers used.

use serde_json::Value;
use simulator_core::World;

/// From this share of its limit on, in percent, a container is warned of. What is left must hold what a rehearsal does not show: it sends
/// few requests, one after the other, for a minute, and peaks that are shorter than a second are not seen. On Fargate there is nothing
/// to swap to, so that the first page beyond the limit is the end of the container.
const TIGHT: u32 = 90;

/// How much memory a container used, or the containers of a task together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryUse {
    /// Whose it is, in words.
    pub whose: String,
    /// The container, where it is one.
    pub container: Option<String>,
    /// The most that was seen, in MiB.
    pub peak: u32,
    /// What the task definition grants, in MiB.
    pub limit: Option<u32>,
}

impl MemoryUse {
    /// Whether there is little left.
    #[must_use]
    pub fn is_tight(&self) -> bool {
        self.limit.is_some_and(|limit| u64::from(self.peak) * 100 > u64::from(limit) * u64::from(TIGHT))
    }

    /// What people want to know of it.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { whose, container: _, peak, limit } = self;
        match limit {
            Some(limit) => format!("{whose}: peak memory {peak} of {limit} MiB"),
            None => format!("{whose}: peak memory {peak} MiB"),
        }
    }
}

/// What the containers used of the tasks whose task definition has an image of those in `definition`, the input of
/// RegisterTaskDefinition: first the services' tasks, then those that ran by themselves, as migrations do.
#[must_use]
pub fn memory(world: &World, definition: &Value) -> Vec<MemoryUse> {
    let containers = definition.pointer("/containerDefinitions").and_then(Value::as_array);
    let named: Vec<(&str, &str)> = containers
        .into_iter()
        .flatten()
        .filter_map(|container| Some((container.get("name")?.as_str()?, container.get("image")?.as_str()?)))
        .collect();
    let mut uses = Vec::new();
    for of_service in [true, false] {
        let mut peaks: Vec<(&str, u32, Option<u32>)> = Vec::new();
        let mut task_memory = None;
        for task in world.ecs().tasks().into_iter().filter(|task| task.origin.service.is_some() == of_service) {
            for (defined, container) in task.definition.containers.iter().zip(&task.containers) {
                let known = named.iter().find(|(name, image)| *name == defined.name && *image == defined.image);
                let (Some((name, _)), Some(peak)) = (known, container.peak_memory) else { continue };
                task_memory = task.definition.memory;
                let limit = defined.memory.or(task.definition.memory);
                match peaks.iter_mut().find(|(of, _, _)| of == name) {
                    Some((_, most, _)) => *most = (*most).max(peak),
                    None => peaks.push((name, peak, limit)),
                }
            }
        }
        uses.extend(described(&peaks, task_memory, of_service));
    }
    uses
}

fn described(peaks: &[(&str, u32, Option<u32>)], task_memory: Option<u32>, of_service: bool) -> Vec<MemoryUse> {
    let mut uses: Vec<MemoryUse> = peaks
        .iter()
        .map(|&(name, peak, limit)| {
            let whose = if of_service { format!("`{name}`") } else { format!("`{name}` in the migration") };
            MemoryUse { whose, container: Some(name.to_owned()), peak, limit }
        })
        .collect();
    if peaks.len() > 1 && task_memory.is_some() {
        // Their peaks need not have come together: they use so much at most.
        let peak = peaks.iter().map(|(_, peak, _)| peak).sum();
        uses.push(MemoryUse {
            whose: "all containers of a task together".to_owned(),
            container: None,
            peak,
            limit: task_memory,
        });
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_its_own_limit_or_its_tasks_and_all_share_the_tasks() {
        for (peaks, task, expected) in [
            (&[][..], Some(512), &[][..]),
            (&[("app", 143, Some(512))], Some(512), &[("`app`: peak memory 143 of 512 MiB", false)]),
            (&[("app", 460, Some(512))], Some(512), &[("`app`: peak memory 460 of 512 MiB", false)]),
            (&[("app", 461, Some(512))], Some(512), &[("`app`: peak memory 461 of 512 MiB", true)]),
            (&[("app", 461, None)], None, &[("`app`: peak memory 461 MiB", false)]),
            (
                &[("app", 300, Some(512)), ("proxy", 170, Some(256))],
                Some(512),
                &[
                    ("`app`: peak memory 300 of 512 MiB", false),
                    ("`proxy`: peak memory 170 of 256 MiB", false),
                    ("all containers of a task together: peak memory 470 of 512 MiB", true),
                ],
            ),
        ] {
            let uses = described(peaks, task, true);
            let said: Vec<(String, bool)> = uses.iter().map(|it| (it.line(), it.is_tight())).collect();
            let expected: Vec<(String, bool)> =
                expected.iter().map(|&(line, tight)| (line.to_owned(), tight)).collect();
            assert_eq!(said, expected);
        }
        assert_eq!(described(&[("app", 9, None)], None, false)[0].line(), "`app` in the migration: peak memory 9 MiB");
    }
}
