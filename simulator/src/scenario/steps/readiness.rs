//! R: the project's own health check of its database, tried where it must say no.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Play, Report};
use crate::database::readiness::subject::{HealthCheck, Subject};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::error::chain;
use crate::rehearsal::files::compose::Service;
use crate::rehearsal::files::{Files, expand};
use crate::scenario::judge::{Found, readiness};
use crate::scenario::table::Scenario;

/// How long the server may take to initialise, and again to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// What stands for a variable that nobody sets, such as a password that only the developer's shell has.
const MADE_UP: &str = "greenroom-made-up";

pub(super) async fn run(play: &Play<'_>) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    let (engine, files) = (ground.engine(), &ground.session.input.files);
    let Some(compose) = &files.compose else { return Ok(Report::not_shown("there is no compose file")) };
    let Some(service) = compose.database(engine) else {
        return Ok(Report::not_shown(format!("no service of `{}` is {engine}", compose.source.name)));
    };
    let name = &service.name.value;
    let environment = environment(files, service);
    let words: Vec<String> = words(service, &environment);
    let check = HealthCheck::read(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let (Some(check), Some(declared)) = (check, &service.health_check) else {
        return Ok(Report::not_shown(format!("`{name}` has no health check in `{}`", compose.source.name)));
    };
    let arguments = arguments(service, &environment);
    let subject = Subject {
        engine,
        image: ground.server.spec().image().to_owned(),
        environment,
        arguments,
        network: ground.network.clone(),
        labels: ground.session.identity.labels().into_iter().collect(),
        patience: PATIENCE,
    };
    let trials = match subject.examine(std::slice::from_ref(&check)).await {
        Ok(trials) => trials,
        Err(error) => return Ok(Report::not_shown(format!("`{name}` could not be tried: {}", chain(&error)))),
    };
    let spot = declared.test.last().map_or(declared.spot, |word| word.spot);
    let about = readiness::About {
        engine,
        service: name,
        place: compose.source.place(spot),
        instead: subject.line_to_paste(),
        replay: play.replay(Scenario::Readiness),
    };
    let found: Vec<Found> = trials.iter().flat_map(|trial| readiness::judge(&about, trial)).map(Found::alone).collect();
    let evidence = match found.len() {
        0 => format!("the health check of `{name}` succeeds when the server is ready, and only then"),
        _ => format!("the health check of `{name}` was tried in four situations"),
    };
    Ok(Report::shown(evidence, found))
}

/// The variables of `service`: its files' and its own, with what the shell would set replaced by defaults.
fn environment(files: &Files, service: &Service) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for named in &service.env_files {
        let file = files.environment_files.iter().find(|file| file.source.name.ends_with(&named.value));
        variables.extend(
            file.into_iter().flat_map(|file| &file.variables).map(|(name, value)| (name.value.clone(), value.clone())),
        );
    }
    let examples: BTreeMap<String, String> = files
        .environment_files
        .iter()
        .flat_map(|file| &file.variables)
        .map(|(name, value)| (name.value.clone(), value.clone()))
        .collect();
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

/// The words of the health check of `service`, as Compose hands them to Docker.
fn words(service: &Service, environment: &BTreeMap<String, String>) -> Vec<String> {
    let test = service.health_check.iter().filter(|check| !check.is_disabled).flat_map(|check| &check.test);
    test.map(|word| as_compose_reads(&word.value, environment)).collect()
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
    use crate::database::Engine;
    use crate::rehearsal::files::{Compose, Source};

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
        let variables = BTreeMap::from([("MYSQL_USER".to_owned(), "news".to_owned())]);
        let expected = ["CMD-SHELL", "MYSQL_PWD=$MYSQL_PASSWORD mysql -u news -e 'SELECT 1'"];
        assert_eq!(words(service, &variables), expected);
        assert_eq!(arguments(service, &variables), ["--max-connections=50", "--sql-mode=ANSI"]);
    }
}
