//! `[services.NAME]`: services beside the first, each of another task definition, or built from the same compose file.

use super::Chosen;
use crate::migration_tool::migration_in;
use crate::proposal::document::{Entry, Section, Setting};
use crate::proposal::found::{Found, assumed, open, quoted};
use crate::proposal::release::Release;
use crate::rehearsal::files::compose::Service;
use crate::rehearsal::files::task_definition::Container;
use crate::rehearsal::files::{Compose, TaskDefinition};

/// A service beside the first.
pub(super) struct Other<'a> {
    /// What its section is called.
    pub(super) key: String,
    /// Its task definition, and the container that has its image.
    pub(super) definition: Option<(&'a TaskDefinition, &'a Container)>,
    /// The service of a compose file that stands for it.
    service: Option<(&'a Compose, &'a Service)>,
}

/// Names of at most so many characters may sections have.
const LONGEST: usize = 30;

/// The services beside the first, which is that of the `chosen` definition and container, and in Compose `app`. A definition whose container is called alike is the same app's, for another
/// environment.
pub(super) fn others<'a>(
    definitions: &'a [TaskDefinition],
    chosen: Option<(&TaskDefinition, &Container)>,
    compose: Option<&'a Compose>,
    app: Option<&Service>,
) -> Vec<Other<'a>> {
    let first = [chosen.map(|(_, container)| &container.name.value), app.map(|app| &app.name.value)];
    let definitions =
        definitions.iter().filter(|it| chosen.is_none_or(|(chosen, _)| it.source.name != chosen.source.name));
    let mut others: Vec<Other<'_>> = Vec::new();
    let described = definitions.filter_map(|definition| {
        let container = super::service::container(definition, None)?;
        Some((&container.name.value, Some((definition, container)), None))
    });
    let built = compose.into_iter().flat_map(|compose| {
        let services = compose.services.iter().filter(|service| service.build.is_some() && !is_migration(service));
        services.map(move |service| (&service.name.value, None, Some((compose, service))))
    });
    for (name, definition, service) in described.chain(built) {
        let Some(key) = key(name) else { continue };
        if !first.contains(&Some(name)) && !others.iter().any(|other| other.key == key) {
            others.push(Other { key, definition, service });
        }
    }
    others
}

/// Whether it runs a migration and ends.
fn is_migration(service: &Service) -> bool {
    let words = service.command.iter().flatten().flat_map(|word| word.value.split_whitespace().map(str::to_owned));
    migration_in(&words.collect::<Vec<_>>()).is_some()
}

/// What a section may be called after `name`.
fn key(name: &str) -> Option<String> {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let key = words.join("-");
    (key.len() <= LONGEST && key.starts_with(|first: char| first.is_ascii_lowercase())).then_some(key)
}

/// The sections, each with its name.
pub(super) fn sections(chosen: &Chosen<'_>) -> Vec<(String, Section)> {
    chosen.others.iter().map(|other| (format!("services.{}", other.key), section(chosen, other))).collect()
}

fn section(chosen: &Chosen<'_>, other: &Other<'_>) -> Section {
    let Other { key, definition, service } = other;
    let file = definition.map(|(definition, _)| Found {
        value: definition.source.name.clone(),
        reason: format!("it is there, with container `{}`", other.container_name()),
    });
    let advice = service.map_or_else(String::new, |(compose, service)| {
        format!("; `{}` is built for {}:{}", service.name.value, compose.source.name, service.name.spot.line)
    });
    let full = format!("{}-{key}", super::service::project(chosen));
    let named = |names: for<'r> fn(&'r Release<'_>) -> &'r [Found<String>]| {
        let release = chosen.release()?;
        names(release).iter().find(|found| is_called(&found.value, key)).cloned()
    };
    let made = || assumed(&full, "no file names one; `bootstrap` makes it under this name");
    let mut entries = vec![
        Entry::text("task-definition", file, || {
            open(&format!("{key}.json"), &format!("its task definition, in a file{advice}"))
        }),
        Entry::text("name", named(|release| &release.services), made),
    ];
    if let Some((definition, container)) = definition
        && container.name.value != *key
    {
        let name = Found::new(container.name.value.clone(), &definition.source, container.name.spot, "`name`");
        entries.push(Entry::text("container", Some(name), made));
    }
    entries.push(Entry::text("repository", repository(chosen, other), || Setting::Assumed {
        value: quoted(&full),
        reason: "no file names one; `bootstrap` makes it under this name".to_owned(),
    }));
    entries.push(Entry::raw("desired-count", None, || Setting::Assumed {
        value: "1".to_owned(),
        reason: "no workflow says how many tasks should run".to_owned(),
    }));
    Section { name: "services", choices: choices(other), entries, is_optional: true }
}

impl Other<'_> {
    fn container_name(&self) -> &str {
        self.definition.map_or(self.key.as_str(), |(_, container)| container.name.value.as_str())
    }
}

/// The repository of its image: in the task definition, or pushed to under a name like its own.
pub(super) fn repository(chosen: &Chosen<'_>, other: &Other<'_>) -> Option<Found<String>> {
    let in_definition =
        other.definition.and_then(|(definition, container)| super::service::image_repository(definition, container));
    let pushed = || {
        let pushed = &chosen.release()?.repositories;
        pushed.iter().find(|found| is_called(&found.value, &other.key)).cloned()
    };
    in_definition.or_else(pushed)
}

/// Whether something is called `key`, or ends so, as in `mailer-worker`.
fn is_called(name: &str, key: &str) -> bool {
    let rest = name.strip_suffix(key);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_', '/']))
}

/// That requests could come to it, too.
fn choices(other: &Other<'_>) -> Vec<String> {
    let port = other.definition.and_then(|(definition, container)| {
        let port = container.ports.first()?;
        Some((port.value, &definition.source.name, port.spot.line))
    });
    let port = port.or_else(|| {
        let (compose, service) = other.service?;
        let port = service.ports.first()?;
        Some((port.value, &compose.source.name, port.spot.line))
    });
    let said = port.map(|(port, file, line)| {
        format!(
            "`{}` maps port {port} ({file}:{line}): for requests of its own, add `listener-port`, `port` and `health-check-path`",
            other.container_name()
        )
    });
    said.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{is_called, key};

    #[test]
    fn sections_are_called_after_containers() {
        for (name, expected) in [
            ("worker", Some("worker")),
            ("Mail_Worker", Some("mail-worker")),
            ("-x-", Some("x")),
            ("2nd", None),
            ("a23456789012345678901234567890x", None),
        ] {
            assert_eq!(key(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn names_end_with_a_services_name() {
        for (name, holds) in
            [("worker", true), ("mailer-worker", true), ("team/worker", true), ("coworker", false), ("worker-2", false)]
        {
            assert_eq!(is_called(name, "worker"), holds, "{name}");
        }
    }
}
