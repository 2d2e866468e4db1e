//! what runs the app's code beside it waits until the schema is migrated. The compose file is not what is deployed to ECS, so these are
//! warnings.

use std::collections::BTreeSet;

use super::{Subject, app};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::migration_tool::migration_in;
use crate::rehearsal::files::compose::{Compose, Service};
use crate::rehearsal::files::{Dockerfile, Located};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(compose) = &subject.files.compose else { return Vec::new() };
    of_compose(compose, &subject.files.dockerfile, app::service(subject))
}

fn of_compose(compose: &Compose, dockerfile: &Dockerfile, app: Option<&Service>) -> Vec<Finding> {
    let is_app = |service: &Service| app.is_some_and(|app| app.name == service.name);
    let migrating: Vec<&Service> = compose.services.iter().filter(|service| migrates(service, dockerfile)).collect();
    let of = |migrator: &&Service| {
        let gates = gates(compose, migrator);
        // A service that nobody waits for and that serves nobody may be one to be called by hand.
        if gates.is_empty() && !is_app(migrator) {
            return Vec::new();
        }
        let beside = compose.services.iter().filter(|it| it.name != migrator.name && is_same_image(it, migrator));
        let workers = beside.filter(|it| !migrating.iter().any(|migrator| migrator.name == it.name));
        let waits = |it: &Service| gates.contains(it.name.value.as_str()) || !compose.awaited(it).is_disjoint(&gates);
        workers.filter(|it| !waits(it)).map(|it| early(compose, it, migrator, is_app(migrator))).collect()
    };
    migrating.iter().flat_map(of).collect()
}

/// Whether a container of the service migrates as it starts, as far as its command or the image's says.
fn migrates(service: &Service, dockerfile: &Dockerfile) -> bool {
    let of_image = || {
        let parts = [&dockerfile.entrypoint, &dockerfile.command].into_iter().flatten();
        parts.flat_map(|part| part.words().iter().map(|word| word.value.clone()).collect::<Vec<_>>()).collect()
    };
    let own = |words: &[Located<String>]| words.iter().map(|word| word.value.clone()).collect::<Vec<String>>();
    let words: Vec<String> = match (&service.entrypoint, &service.command) {
        (None, None) if service.build.is_some() => of_image(),
        (entrypoint, command) => entrypoint.iter().chain(command).flat_map(|words| own(words)).collect(),
    };
    let words: Vec<String> = words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect();
    migration_in(&words).is_some()
}

/// Whether both are containers of one image.
fn is_same_image(one: &Service, other: &Service) -> bool {
    match (&one.build, &other.build) {
        (Some(build), Some(of_other)) => build == of_other,
        (None, None) => one.image.is_some() && image(one) == image(other),
        // The image that one builds may be the other's by its name.
        (Some(_), None) | (None, Some(_)) => one.image.is_some() && image(one) == image(other),
    }
}

fn image(service: &Service) -> Option<&str> {
    service.image.as_ref().map(|image| image.value.as_str())
}

/// The services that start only when `migrator` has migrated.
fn gates<'a>(compose: &'a Compose, migrator: &Service) -> BTreeSet<&'a str> {
    let waits = |service: &&Service| {
        service.depends_on.iter().filter(|it| it.service.value == migrator.name.value).any(|it| {
            let condition = it.condition.as_ref().map(|condition| condition.value.as_str());
            matches!(condition, Some("service_healthy" | "service_completed_successfully"))
        })
    };
    compose.services.iter().filter(waits).map(|service| service.name.value.as_str()).collect()
}

fn early(compose: &Compose, worker: &Service, migrator: &Service, serves: bool) -> Finding {
    let (name, awaited) = (&worker.name.value, &migrator.name.value);
    let sentence =
        format!("`{name}` does not wait until `{awaited}` has migrated: what it does first meets the old schema");
    let condition = if serves { "service_healthy" } else { "service_completed_successfully" };
    let finding = Finding::warning(Code::X10, Kind::Static, Stage::Preflight, sentence)
        .at(compose.source.place(worker.name.spot))
        .help(format!("in `{name}`: `depends_on: {{{awaited}: {{condition: {condition}}}}}`"));
    if serves {
        finding.help("and in the cluster: migrate in a one-off task, before any service is updated")
    } else {
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Source;

    const SERVES: &str = "FROM x\nCMD [\"serve\"]\n";
    const MIGRATES: &str = "FROM x\nCMD alembic upgrade head && exec serve\n";

    /// The services that are said to be early, where `web` is the app.
    fn found(dockerfile: &str, services: &str) -> Vec<String> {
        let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
        let compose = Compose::parse(source("compose.yaml", &format!("services:\n{services}"))).expect("it is right");
        let dockerfile = Dockerfile::parse(&source("Dockerfile", dockerfile)).expect("it is right");
        let findings = of_compose(&compose, &dockerfile, compose.service("web"));
        findings.iter().map(|it| it.sentence.split('`').nth(1).unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn workers_that_do_not_wait_for_the_app_that_migrates_are_found() {
        let web = "  web: {build: ., ports: [\"80:80\"]}\n";
        let worker = |rest: &str| format!("{web}  worker: {{build: ., command: work{rest}}}\n");
        for (dockerfile, services, expected) in [
            (MIGRATES, worker(""), &["worker"][..]),
            (MIGRATES, worker(", depends_on: [web]"), &["worker"]),
            (MIGRATES, worker(", depends_on: {web: {condition: service_healthy}}"), &[]),
            // The app does not migrate.
            (SERVES, worker(""), &[]),
            // The worker migrates itself.
            (MIGRATES, format!("{web}  worker: {{build: .}}\n"), &[]),
            // Another image's.
            (MIGRATES, format!("{web}  mailer: {{build: ./mailer, command: work}}\n"), &[]),
            (MIGRATES, format!("{web}  cache: {{image: redis}}\n"), &[]),
        ] {
            assert_eq!(found(dockerfile, &services), expected, "{services}");
        }
    }

    #[test]
    fn workers_that_do_not_wait_for_what_others_wait_for_are_found() {
        let migrate = "  migrate: {image: app:1, command: python manage.py migrate}\n";
        let done = "depends_on: {migrate: {condition: service_completed_successfully}}";
        let web = format!("  web: {{image: \"app:1\", command: serve, {done}}}\n");
        for (services, expected) in [
            (format!("{migrate}{web}  beat: {{image: \"app:1\", command: beat}}\n"), &["beat"][..]),
            (format!("{migrate}{web}  beat: {{image: \"app:1\", command: beat, depends_on: [migrate]}}\n"), &["beat"]),
            (format!("{migrate}{web}  beat: {{image: \"app:1\", command: beat, {done}}}\n"), &[]),
            // It starts after one that has waited.
            (format!("{migrate}{web}  beat: {{image: \"app:1\", command: beat, depends_on: [web]}}\n"), &[]),
            // Nobody waits for it: somebody may call it by hand.
            (format!("{migrate}  web: {{image: \"app:1\", command: serve}}\n"), &[]),
        ] {
            assert_eq!(found(SERVES, &services), expected, "{services}");
        }
    }
}
