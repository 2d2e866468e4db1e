//! Health checks as projects write them, against each server's own initialisation.

use std::collections::BTreeMap;

use super::on_every_engine;
use crate::database::readiness::subject::{HealthCheck, Lie, Subject};
use crate::database::{DatabaseSpec, Engine};

on_every_engine! {
    health_checks = are_called_liars_where_they_are;
}

/// Each with what is wrong with it.
fn checks(engine: Engine) -> Vec<(&'static str, Vec<Lie>)> {
    use Lie::{Initialising, NeverHealthy, NoServer, WrongPassword};
    match engine {
        Engine::Postgres => vec![
            ("pg_isready -U app -d news", vec![Initialising]),
            ("pg_isready", vec![Initialising]),
            ("psql -U app -d news -c 'SELECT 1'", vec![Initialising]),
            ("pg_isready -h 127.0.0.1 -U app -d news", vec![]),
            ("pg_isready -h localhost", vec![]),
            ("sleep 0.1", vec![NoServer]),
            ("pg_isready -h 127.0.0.1 -p 5433", vec![NeverHealthy]),
        ],
        Engine::MySql | Engine::MariaDb => vec![
            ("mysqladmin ping", vec![Initialising, WrongPassword]),
            ("mysqladmin ping -h localhost -uroot -p$MYSQL_ROOT_PASSWORD", vec![Initialising, WrongPassword]),
            ("mysqladmin ping -h 127.0.0.1 -uroot -proot-secret", vec![WrongPassword]),
            ("mysqladmin ping -h 127.0.0.1", vec![WrongPassword]),
            ("sleep 0.1", vec![NoServer]),
            ("no-such-program", vec![NeverHealthy]),
        ],
    }
}

async fn are_called_liars_where_they_are(spec: DatabaseSpec) {
    let engine = spec.engine;
    let environment: &[(&str, &str)] = match engine {
        Engine::Postgres => &[("POSTGRES_USER", "app"), ("POSTGRES_PASSWORD", "app-secret"), ("POSTGRES_DB", "news")],
        Engine::MySql | Engine::MariaDb => &[
            ("MYSQL_ROOT_PASSWORD", "root-secret"),
            ("MYSQL_USER", "app"),
            ("MYSQL_PASSWORD", "app-secret"),
            ("MYSQL_DATABASE", "news"),
        ],
    };
    let subject = Subject {
        engine,
        image: spec.image().to_owned(),
        environment: environment
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        arguments: Vec::new(),
        network: spec.network.clone(),
        labels: spec.labels.clone(),
        patience: spec.patience,
    };
    let expected = checks(engine);
    let mut tried: Vec<HealthCheck> = expected.iter().map(|(line, _)| HealthCheck::Shell((*line).to_owned())).collect();
    tried.push(subject.honest_check());
    let trials = subject.examine(&tried).await.expect("the server becomes ready");
    for (trial, (line, lies)) in trials.iter().zip(&expected) {
        assert_eq!(trial.lies(engine), *lies, "{engine}: {line}: {:#?}", trial.said);
    }
    let honest = trials.last().expect("it was tried last");
    assert_eq!(honest.lies(engine), [], "{engine}: {:#?}", honest.said);
    assert!(!format!("{trials:?}").replace("-proot-secret", "").contains("-secret"), "{trials:#?}");
}
