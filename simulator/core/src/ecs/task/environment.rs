//! The variables that a container is started with (`facts/aws.md` 3.10).

use std::collections::BTreeMap;

use super::{Task, launch};
use crate::world::World;

/// Every variable of the container at `place`. An environment file gives way to everything else, and to the files before it; what RunTask
/// overrides goes before what the task definition says.
pub(super) fn of(world: &World, task: &Task, place: usize) -> BTreeMap<String, String> {
    let definition = &task.definition.containers[place];
    let overridden = task.origin.overrides.of(&definition.name);
    let mut environment: BTreeMap<String, String> = launch::fargate_environment(world);
    environment.extend(definition.environment.iter().cloned());
    environment.extend(task.secrets.iter().flat_map(|secrets| secrets.of(&definition.name)));
    environment.extend(overridden.into_iter().flat_map(|overridden| overridden.environment.iter().cloned()));
    for (name, value) in task.secrets.iter().flat_map(|secrets| secrets.of_files(&definition.name)) {
        environment.entry(name).or_insert(value);
    }
    environment
}

/// The files whose variables the container at `place` gets: the task definition's, unless RunTask names others.
pub(super) fn files(task: &Task, place: usize) -> Vec<String> {
    let definition = &task.definition.containers[place];
    let overridden = task.origin.overrides.of(&definition.name).map(|overridden| &overridden.environment_files);
    overridden.filter(|files| !files.is_empty()).unwrap_or(&definition.environment_files).clone()
}

/// The variables in an environment file, as the agent reads it: `NAME=VALUE` in each line, nothing quoted and nothing trimmed. A line
/// that begins with `#`, that has no `=`, or whose name or value is empty is passed over; of two lines with one name the last holds.
#[must_use]
pub fn parse(contents: &str) -> Vec<(String, String)> {
    let variable = |line: &str| {
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        (!name.is_empty() && !value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    let variables: BTreeMap<String, String> = contents.lines().filter_map(variable).collect();
    variables.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_files_are_read_as_the_agent_reads_them() {
        for (contents, expected) in [
            ("A=1\nB=2\n", vec![("A", "1"), ("B", "2")]),
            ("A=1\r\nB=2", vec![("A", "1"), ("B", "2")]),
            ("# A=1\n#B=2\n A=3", vec![(" A", "3")]),
            ("URL=postgres://u:p@h/db?a=b", vec![("URL", "postgres://u:p@h/db?a=b")]),
            ("QUOTED=\"1\"", vec![("QUOTED", "\"1\"")]),
            ("A=1\nA=2", vec![("A", "2")]),
            ("A=\n=1\nexport\n\n", vec![]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            assert_eq!(parse(contents), expected, "{contents:?}");
        }
    }
}
