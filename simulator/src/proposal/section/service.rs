//! `[service]` and `[repository]`.

use super::Chosen;
use crate::proposal::document::{Entry, Section, Setting};
use crate::proposal::found::{Found, assumed, open, quoted};
use crate::proposal::release::Release;
use crate::rehearsal::files::compose::Service;
use crate::rehearsal::files::task_definition::Container;
use crate::rehearsal::files::{Compose, TaskDefinition};

/// The container behind the load balancer: the one that the workflow renders, or else the first essential one that maps a port.
pub(super) fn container<'a>(definition: &'a TaskDefinition, release: Option<&Release<'_>>) -> Option<&'a Container> {
    let rendered = release
        .and_then(|release| release.container.as_ref())
        .and_then(|name| definition.containers.iter().find(|container| container.name.value == name.value));
    rendered
        .or_else(|| {
            let mut candidates = definition.containers.iter();
            candidates.find(|container| container.essential && !container.ports.is_empty())
        })
        .or_else(|| definition.containers.first())
}

/// The compose service that is the app: called like the container, or else the first that is built here and publishes a port, or that is
/// built here.
pub(super) fn app<'a>(compose: &'a Compose, container: Option<&Container>) -> Option<&'a Service> {
    let services = || compose.services.iter().filter(|service| service.database().is_none());
    let alike = container.and_then(|container| services().find(|service| service.name.value == container.name.value));
    alike
        .or_else(|| services().find(|service| service.build.is_some() && !service.ports.is_empty()))
        .or_else(|| services().find(|service| service.build.is_some()))
        .or_else(|| services().find(|service| !service.ports.is_empty()))
}

pub(super) fn section(chosen: &Chosen<'_>, health: Option<Found<String>>) -> Section {
    let release = chosen.release();
    let said = |pick: for<'r> fn(&'r Release<'_>) -> &'r Option<Found<String>>| {
        release.and_then(|release| pick(release).clone())
    };
    let project = project(chosen);
    let name = said(|release| &release.service);
    let named = name.as_ref().map_or_else(|| project.clone(), |found| found.value.clone());
    let make = |unknown: &str, value: &str, otherwise: &str| {
        let reason = chosen
            .unknown(unknown)
            .map_or_else(|| format!("no workflow names one; {otherwise}"), |unknown| format!("{unknown}; {otherwise}"));
        assumed(value, &reason)
    };
    let count = said(|release| &release.desired_count).filter(|found| found.value.parse::<u32>().is_ok());
    Section {
        name: "service",
        choices: choices(chosen),
        entries: vec![
            Entry::text("cluster", said(|release| &release.cluster), || {
                make("cluster", &project, "`bootstrap` makes it under this name")
            }),
            Entry::text("name", name, || make("name", &named, "`bootstrap` makes it under this name")),
            container_entry(chosen),
            port_entry(chosen),
            Entry::raw("desired-count", count, || Setting::Assumed {
                value: "1".to_owned(),
                reason: chosen
                    .unknown("desired-count")
                    .unwrap_or_else(|| "no workflow says how many tasks should run".to_owned()),
            }),
            Entry::text("health-check-path", health, || {
                assumed("/", "nothing asks the app for its health; `/` is the load balancer's own default")
            }),
        ],
        is_optional: false,
    }
}

/// The project's name, as the section of that name has it.
pub(super) fn project(chosen: &Chosen<'_>) -> String {
    let entry = super::project::section(chosen).entries.swap_remove(0);
    let (Setting::Found { value, .. } | Setting::Assumed { value, .. } | Setting::Open { example: value, .. }) =
        entry.setting;
    value.trim_matches('"').to_owned()
}

fn container_entry(chosen: &Chosen<'_>) -> Entry {
    let found = chosen.definition.zip(chosen.container).map(|(definition, container)| {
        Found::new(container.name.value.clone(), &definition.source, container.name.spot, "`name`")
    });
    let found = found.or_else(|| {
        let (compose, app) = chosen.compose.zip(chosen.app)?;
        Some(Found::new(app.name.value.clone(), &compose.source, app.name.spot, "the service that is built here"))
    });
    Entry::text("container", found, || open("app", "the container behind the load balancer"))
}

fn port_entry(chosen: &Chosen<'_>) -> Entry {
    let of_container = chosen.definition.zip(chosen.container).and_then(|(definition, container)| {
        let port = container.ports.first()?;
        Some(Found::new(port.value, &definition.source, port.spot, "`containerPort`"))
    });
    let of_image = || {
        let dockerfile = chosen.dockerfile?;
        let port = dockerfile.exposed.first()?;
        Some(Found::new(port.value, &dockerfile.source, port.spot, "EXPOSE"))
    };
    let of_service = || {
        let (compose, app) = chosen.compose.zip(chosen.app)?;
        let port = app.ports.first()?;
        Some(Found::new(port.value, &compose.source, port.spot, "`ports`"))
    };
    let found = of_container.or_else(of_image).or_else(of_service);
    Entry::raw("port", found.map(|found| found.map(|port| port.to_string())), || Setting::Open {
        example: "8000".to_owned(),
        advice: "the port that the app listens on".to_owned(),
    })
}

fn choices(chosen: &Chosen<'_>) -> Vec<String> {
    let mut choices = Vec::new();
    if let (Some(definition), Some(container)) = (chosen.definition, chosen.container) {
        let others: Vec<String> = definition
            .containers
            .iter()
            .filter(|other| other.name.value != container.name.value && !other.ports.is_empty())
            .map(|other| format!("`{}` ({}:{})", other.name.value, definition.source.name, other.name.spot.line))
            .collect();
        if !others.is_empty() {
            choices.push(format!(
                "chosen: container `{}` behind the load balancer, not {}",
                container.name.value,
                others.join(", nor ")
            ));
        }
        if let [first, others @ ..] = &container.ports[..]
            && !others.is_empty()
        {
            let others: Vec<String> = others.iter().map(|port| port.value.to_string()).collect();
            choices.push(format!(
                "chosen: port {}, the first that it maps, not {}",
                first.value,
                others.join(", nor ")
            ));
        }
    } else if let (Some(compose), Some(app)) = (chosen.compose, chosen.app) {
        let others: Vec<String> = compose
            .services
            .iter()
            .filter(|other| other.build.is_some() && other.name.value != app.name.value)
            .map(|other| format!("`{}` ({}:{})", other.name.value, compose.source.name, other.name.spot.line))
            .collect();
        if !others.is_empty() {
            choices.push(format!("chosen: service `{}` as the app, not {}", app.name.value, others.join(", nor ")));
        }
    }
    choices
}

/// The repository of the app's image: in the task definition, or the first that is pushed to.
pub(super) fn repository_name(chosen: &Chosen<'_>) -> Option<Found<String>> {
    let (definition, container) = (chosen.definition, chosen.container);
    let in_definition = definition.zip(container).and_then(|(file, container)| image_repository(file, container));
    in_definition.or_else(|| chosen.release()?.repositories.first().cloned())
}

/// The repository in a container's image, if it is one of ECR's.
pub(super) fn image_repository(definition: &TaskDefinition, container: &Container) -> Option<Found<String>> {
    let (host, name) = container.image.value.split_once('/')?;
    let name = name.split([':', '@']).next()?;
    host.contains(".dkr.ecr.").then(|| Found::new(name.to_owned(), &definition.source, container.image.spot, "`image`"))
}

/// `[repository]`.
pub(super) fn repository(chosen: &Chosen<'_>) -> Section {
    let project = project(chosen);
    let name = repository_name(chosen);
    Section {
        name: "repository",
        choices: Vec::new(),
        entries: vec![Entry::text("name", name, || Setting::Assumed {
            value: quoted(&project),
            reason: "no file names one; `bootstrap` makes it under this name".to_owned(),
        })],
        is_optional: false,
    }
}
