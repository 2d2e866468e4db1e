//! Which containers of a task definition run with one of them, and in which order.

use simulator_core::ecs::definition::ContainerDefinition;

/// The containers to start so that `target` runs as its task definition says: all but those that wait for it, directly or not, each
/// after those that it waits for. None of them depends on itself: registration refuses that, and here such containers are left out.
pub(super) fn order<'a>(containers: &'a [ContainerDefinition], target: &str) -> Vec<&'a ContainerDefinition> {
    let mut waiting = vec![target];
    let mut seen = 0;
    while let Some(awaited) = waiting.get(seen).copied() {
        seen += 1;
        let dependents = containers.iter().filter(|container| awaits(container, awaited));
        for dependent in dependents {
            if !waiting.contains(&dependent.name.as_str()) {
                waiting.push(&dependent.name);
            }
        }
    }
    let mut left: Vec<&ContainerDefinition> =
        containers.iter().filter(|it| it.name == target || !waiting.contains(&it.name.as_str())).collect();
    let mut ordered: Vec<&ContainerDefinition> = Vec::new();
    while let Some(place) = left.iter().position(|container| {
        container.depends_on.iter().all(|on| ordered.iter().any(|earlier| earlier.name == on.container))
            && container.volumes_from.iter().all(|from| ordered.iter().any(|earlier| earlier.name == from.container))
    }) {
        ordered.push(left.remove(place));
    }
    ordered
}

fn awaits(container: &ContainerDefinition, name: &str) -> bool {
    container.depends_on.iter().any(|on| on.container == name)
        || container.volumes_from.iter().any(|from| from.container == name)
}

#[cfg(test)]
mod tests {
    use simulator_core::ecs::definition::{Condition, Dependency};

    use super::*;

    fn container(name: &str, awaited: &[&str]) -> ContainerDefinition {
        let depends_on = awaited
            .iter()
            .map(|name| Dependency { container: (*name).to_owned(), condition: Condition::Success })
            .collect();
        ContainerDefinition { depends_on, ..ContainerDefinition::new(name, "image") }
    }

    #[test]
    fn a_container_runs_with_all_but_those_that_wait_for_it() {
        let containers = [
            container("app", &["settings", "proxy"]),
            container("ready", &["app"]),
            container("after", &["ready"]),
            container("settings", &[]),
            container("proxy", &["settings"]),
            container("agent", &[]),
            container("loop", &["loop"]),
        ];
        for (target, expected) in [
            ("app", vec!["settings", "proxy", "app", "agent"]),
            ("settings", vec!["settings", "agent"]),
            ("ready", vec!["settings", "proxy", "app", "ready", "agent"]),
        ] {
            let names: Vec<&str> = order(&containers, target).iter().map(|it| it.name.as_str()).collect();
            assert_eq!(names, expected, "{target}");
        }
    }
}
