//! The health checks of databases that a project's files declare.

use std::collections::BTreeMap;

use crate::database::Engine;
use crate::database::readiness::subject::{HealthCheck, Written};
use crate::finding::Place;
use crate::rehearsal::files::compose::{Compose, Service};
use crate::rehearsal::files::workflow::{self, Text, Workflow};
use crate::rehearsal::files::{EnvironmentFile, Files, expand};

/// What stands for a variable that nobody sets, such as a password that only the developer's shell or GitHub has.
const MADE_UP: &str = "greenroom-made-up";

/// A database with a health check, as one of the project's files has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// What it is called in sentences.
    pub(super) who: String,
    /// Where its check stands.
    pub(super) place: Place,
    /// How it is written there.
    pub(super) written: Written,
    /// Its image, unless that is computed.
    pub(super) image: Option<String>,
    /// Its variables.
    pub(super) environment: BTreeMap<String, String>,
    /// Its server's arguments.
    pub(super) arguments: Vec<String>,
    /// The check.
    pub(super) check: HealthCheck,
}

/// The databases of `engine` in the compose file and in the workflows that have a health check. Where several are the same but for their
/// place, the first stands for all of them.
pub(super) fn read(files: &Files, engine: Engine) -> Vec<Declared> {
    let mut found: Vec<Declared> = Vec::new();
    let of_compose = files.compose.iter().flat_map(|compose| {
        let services = compose.services.iter().filter(|service| service.database() == Some(engine));
        services.filter_map(|service| of_service(&files.environment_files, compose, service))
    });
    let of_workflows = files.workflows.iter().flat_map(|workflow| {
        let services = workflow.jobs.iter().flat_map(|job| job.services.iter().map(|it| (job.id.value.as_str(), it)));
        services.filter_map(|(job, service)| of_job(workflow, job, service, engine))
    });
    for declared in of_compose.chain(of_workflows) {
        if !found.iter().any(|it| it.is_tried_with(&declared)) {
            found.push(declared);
        }
    }
    found
}

impl Declared {
    /// Whether trying it shows all that trying `other` would.
    fn is_tried_with(&self, other: &Self) -> bool {
        let tried = |it: &Self| (it.image.clone(), it.environment.clone(), it.arguments.clone(), it.check.clone());
        self.written == other.written && tried(self) == tried(other)
    }
}

fn of_service(files: &[EnvironmentFile], compose: &Compose, service: &Service) -> Option<Declared> {
    let environment = environment(files, service);
    let declared = service.health_check.as_ref().filter(|check| !check.is_disabled)?;
    let words: Vec<String> = declared.test.iter().map(|word| as_compose_reads(&word.value, &environment)).collect();
    Some(Declared {
        who: format!("`{}`", service.name.value),
        place: compose.source.place(declared.test.last().map_or(declared.spot, |word| word.spot)),
        written: Written::InCompose,
        image: service.image.as_ref().map(|image| image.value.clone()),
        arguments: arguments(service, &environment),
        check: HealthCheck::read(&words.iter().map(String::as_str).collect::<Vec<_>>())?,
        environment,
    })
}

fn of_job(workflow: &Workflow, job: &str, service: &workflow::Service, engine: Engine) -> Option<Declared> {
    let image = service.image.shown();
    if Engine::of_image(&image) != Some(engine) {
        return None;
    }
    let command = service.health_command.as_ref()?;
    let value = |text: &Text| text.constant().map_or_else(|| MADE_UP.to_owned(), str::to_owned);
    Some(Declared {
        who: format!("`{}` beside the job `{job}`", service.name.value),
        place: workflow.source.place(command.spot),
        written: Written::InWorkflow,
        image: service.image.constant().map(str::to_owned),
        environment: service.environment.iter().map(|(name, text)| (name.clone(), value(text))).collect(),
        arguments: Vec::new(),
        check: HealthCheck::read(&["CMD-SHELL", &command.value])?,
    })
}

/// The variables of `service`: its files' and its own, with what the shell would set replaced by defaults.
fn environment(files: &[EnvironmentFile], service: &Service) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let given = |file: &EnvironmentFile| -> Vec<(String, String)> {
        file.variables.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect()
    };
    for named in &service.env_files {
        let file = files.iter().find(|file| file.source.name.ends_with(&named.value));
        variables.extend(file.into_iter().flat_map(given));
    }
    let examples: BTreeMap<String, String> = files.iter().flat_map(given).collect();
    let lookup = |name: &str| Some(examples.get(name).cloned().unwrap_or_else(|| MADE_UP.to_owned()));
    for setting in &service.environment {
        let name = &setting.name.value;
        let value = match &setting.value {
            // Its own default comes before anything made up.
            Some(text) => expand(&text.value, &|_| None).or_else(|| expand(&text.value, &lookup)),
            None => lookup(name),
        };
        variables.insert(name.clone(), value.unwrap_or_default());
    }
    variables
}

fn as_compose_reads(text: &str, environment: &BTreeMap<String, String>) -> String {
    // What Compose would take from the shell is what the same variable is in the container, for what is said of databases.
    let lookup = |name: &str| Some(environment.get(name).cloned().unwrap_or_else(|| MADE_UP.to_owned()));
    expand(text, &|_| None).or_else(|| expand(text, &lookup)).unwrap_or_else(|| text.to_owned())
}

/// The server's arguments: the words of `command`, or those of its one line.
fn arguments(service: &Service, environment: &BTreeMap<String, String>) -> Vec<String> {
    let words: Vec<String> =
        service.command.iter().flatten().map(|word| as_compose_reads(&word.value, environment)).collect();
    match words.as_slice() {
        [line] => line.split_whitespace().map(str::to_owned).collect(),
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Source;

    #[test]
    fn a_service_is_read_as_compose_would_start_it() {
        let text = r#"
services:
  db:
    image: mysql:8
    command: --max-connections=50 --sql-mode=ANSI
    environment:
      MYSQL_USER: ${DB_USER:-news}
      MYSQL_PASSWORD: ${DB_PASSWORD}
    healthcheck:
      test: ["CMD-SHELL", "MYSQL_PWD=$$MYSQL_PASSWORD mysql -u ${MYSQL_USER} -e 'SELECT 1'"]
"#;
        let compose = Compose::parse(Source { name: "compose.yaml".into(), text: text.into() }).expect("it is one");
        let service = compose.database(Engine::MySql).expect("there is one");
        let declared = of_service(&[], &compose, service).expect("it has a health check");
        let check = HealthCheck::Shell("MYSQL_PWD=$MYSQL_PASSWORD mysql -u news -e 'SELECT 1'".to_owned());
        assert_eq!((declared.check, declared.written), (check, Written::InCompose));
        assert_eq!(declared.arguments, ["--max-connections=50", "--sql-mode=ANSI"]);
        assert_eq!(declared.environment["MYSQL_PASSWORD"], MADE_UP);
    }

    #[test]
    fn a_job_waits_for_what_stands_among_its_services_options() {
        let text = "\
jobs:
  test:
    services:
      db:
        image: mariadb:11
        env: {MARIADB_ROOT_PASSWORD: '${{ secrets.ROOT }}'}
        options: --health-cmd=\"mariadb-admin ping\" --health-retries 5
      search: {image: opensearch, options: --health-cmd true}
";
        let source = Source { name: ".github/workflows/test.yaml".into(), text: text.into() };
        let workflow = Workflow::parse(source).expect("it is one");
        let [db, search] = &workflow.jobs[0].services[..] else { panic!("{workflow:?}") };
        let declared = of_job(&workflow, "test", db, Engine::MariaDb).expect("it has a health check");
        assert_eq!(declared.check, HealthCheck::Shell("mariadb-admin ping".to_owned()));
        assert_eq!((declared.who.as_str(), declared.place.line), ("`db` beside the job `test`", 7));
        assert_eq!(declared.environment["MARIADB_ROOT_PASSWORD"], MADE_UP);
        assert_eq!(of_job(&workflow, "test", db, Engine::MySql), None);
        assert_eq!(of_job(&workflow, "test", search, Engine::MariaDb), None);
    }
}
