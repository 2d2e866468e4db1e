//! the database is called healthy when it is.

use super::{Subject, app, listening};
use crate::database::Engine;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::files::compose::{Compose, Service};
use crate::rehearsal::files::workflow::{self, Workflow};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(compose) = &subject.files.compose {
        findings.extend(compose.services.iter().filter_map(|service| of_service(compose, service)));
    }
    for workflow in &subject.files.workflows {
        let services = workflow.jobs.iter().flat_map(|job| &job.services);
        findings.extend(services.filter_map(|service| of_job(workflow, service)));
    }
    findings.extend(fixed_wait(subject));
    findings
}

fn of_service(compose: &Compose, service: &Service) -> Option<Finding> {
    service.database()?;
    let check = service.health_check.as_ref()?;
    let command: Vec<&str> = check.test.iter().map(|word| word.value.as_str()).collect();
    let place = compose.source.place(check.test.last().map_or(check.spot, |word| word.spot));
    // Compose takes one dollar sign for its own.
    health_check(&service.name.value, &command.join(" "), place, "$$")
}

fn of_job(workflow: &Workflow, service: &workflow::Service) -> Option<Finding> {
    Engine::of_image(&service.image.shown())?;
    let command = service.health_command.as_ref()?;
    health_check(&service.name.value, &command.value, workflow.source.place(command.spot), "$")
}

/// What is wrong with the health check `command` of the database `name`; `dollar` is how a dollar sign is written there.
fn health_check(name: &str, command: &str, place: Place, dollar: &str) -> Option<Finding> {
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let runs = |program: &str| words.iter().any(|word| word.rsplit('/').next() == Some(program));
    let host = host(&words);
    let is_tcp = words.iter().any(|word| word.eq_ignore_ascii_case("--protocol=tcp"));
    let (code, sentence, help) = if runs("pg_isready") || runs("psql") {
        if host.is_some_and(|host| !host.starts_with('/')) {
            return None;
        }
        (
            Code::R01,
            format!("`{name}` is called healthy by its socket, where the temporary server of a new volume answers too"),
            "pg_isready -h 127.0.0.1 -U USER -d DATABASE".to_owned(),
        )
    } else if ["mysqladmin", "mariadb-admin", "mysql", "mariadb"].iter().any(|client| runs(client)) {
        // For these clients `localhost` means the socket.
        let is_socket = !is_tcp && host.is_none_or(|host| host == "localhost");
        let pings = words.contains(&"ping");
        let help = format!("MYSQL_PWD={dollar}MYSQL_PASSWORD mysql -h 127.0.0.1 -u USER DATABASE -e 'SELECT 1'");
        if is_socket {
            let sentence = format!(
                "`{name}` is called healthy by its socket, where the temporary server of a new volume answers too"
            );
            (Code::R02, sentence, help)
        } else if pings {
            (Code::R03, format!("`{name}` is called healthy by a ping, which succeeds with a wrong password too"), help)
        } else {
            return None;
        }
    } else {
        return None;
    };
    Some(warning(code, sentence).at(place).help(help))
}

/// The host that a database client's command names.
fn host<'words>(words: &[&'words str]) -> Option<&'words str> {
    words.iter().enumerate().find_map(|(index, word)| match *word {
        "-h" | "--host" => words.get(index + 1).copied(),
        _ => word.strip_prefix("--host=").or_else(|| word.strip_prefix("-h").filter(|host| !host.is_empty())),
    })
}

/// The commands of the app: on ECS and in the compose file.
fn fixed_wait(subject: &Subject<'_>) -> Option<Finding> {
    let mut words: Vec<(String, Place)> =
        listening::command(subject).into_iter().map(|word| (word.text, word.place)).collect();
    if let (Some(service), Some(compose)) = (app::service(subject), &subject.files.compose) {
        let own = service.command.iter().flatten().flat_map(crate::rehearsal::files::words);
        words.extend(own.map(|word| (word.value.clone(), compose.source.place(word.spot))));
    }
    let (waiting, place) = words.iter().enumerate().find_map(|(index, (word, place))| {
        let program = word.rsplit('/').next().unwrap_or_default();
        let next = words.get(index + 1).map_or("", |(next, _)| next.trim_end_matches(';'));
        let waits = match program {
            "sleep" => next.parse::<f64>().is_ok(),
            "nc" => next.starts_with("-z") || next == "-vz",
            "wait-for-it" | "wait-for-it.sh" | "wait-for" | "wait-for.sh" => true,
            _ => false,
        };
        waits.then(|| (format!("{program} {next}").trim().to_owned(), place.clone()))
    })?;
    let sentence =
        format!("`{waiting}` waits for a time or an open port, and neither means that the database is ready");
    Some(
        warning(Code::R04, sentence)
            .at(place)
            .help("wait for a query that succeeds, or let the app try again until the database answers"),
    )
}

fn warning(code: Code, sentence: String) -> Finding {
    Finding::warning(code, Kind::Static, Stage::Preflight, sentence)
}
