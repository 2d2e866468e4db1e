//! When a database is called ready.

use std::time::Duration;

use super::on_every_engine;
use crate::database::{Database, DatabaseError, DatabaseSpec, InitialisationFile, Password, Rule};

on_every_engine! {
    slow_initialisation = is_not_ready_while_the_temporary_server_runs;
    wrong_password = is_not_ready_for_a_user_whose_password_is_refused;
    bad_setting = says_why_the_server_stopped;
    given_up = leaves_nothing_when_it_is_given_up;
}

/// Whoever waits for a database may be interrupted: dropping the future removes the server and the probing container, without which
/// the network of this test could not be removed.
async fn leaves_nothing_when_it_is_given_up(spec: DatabaseSpec) {
    let launched = Database::launch(spec).await.expect("it starts");
    let ready = tokio::time::timeout(Duration::from_millis(800), launched.ready()).await;
    assert!(ready.is_err(), "no server is ready in 0.8 s, as rule 3 asks for 2 s");
}

/// The images run a script of the user's on the temporary server, before the real one starts: with one that takes five seconds, a
/// readiness check that takes the temporary server for the real one is found out for certain.
async fn is_not_ready_while_the_temporary_server_runs(mut spec: DatabaseSpec) {
    let content = "sleep 5; echo \"initialised at $(date +%s%3N)\"\n".to_owned();
    spec.initialisation.push(InitialisationFile { name: "zz_sleep.sh".to_owned(), content });
    let database = Database::start(spec).await.expect("it becomes ready");
    let readiness = database.readiness();
    assert!(readiness.ready_after >= Duration::from_secs(7), "5 s of script and 2 s of the real server: {readiness:?}");
    assert!(readiness.attempts > 10, "it was asked all the time: {readiness:?}");
    let instance =
        readiness.rules.iter().find(|entry| entry.rule == Rule::SameInstance).expect("every rule has evidence");
    let started: u64 = instance
        .evidence
        .split_whitespace()
        .nth(4)
        .and_then(|at| at.replace('.', "").parse().ok())
        .expect("it says when");
    let log = database.last_lines(1000).await;
    let initialised = log.lines().find_map(|line| line.strip_prefix("initialised at ")?.trim().parse::<u64>().ok());
    let initialised = initialised.expect("the script wrote the time");
    assert!(
        started + 1000 >= initialised,
        "the instance that was ready started after the initialisation: {readiness:?}"
    );
    database.stop().await.expect("it is removed");
}

/// The server's password is changed by an initialisation file, so that the app's is wrong.
async fn is_not_ready_for_a_user_whose_password_is_refused(mut spec: DatabaseSpec) {
    let content = match spec.engine {
        crate::database::Engine::Postgres => "ALTER ROLE reader PASSWORD 'other';",
        crate::database::Engine::MySql | crate::database::Engine::MariaDb => "ALTER USER reader IDENTIFIED BY 'other';",
    };
    spec.initialisation.push(InitialisationFile { name: "zz.sql".to_owned(), content: content.to_owned() });
    let error = Database::start(spec).await.expect_err("the app's password is refused");
    assert!(matches!(error, DatabaseError::NotReady { rule: Rule::Credentials, .. }), "{error}");
    assert!(!error.to_string().contains(super::PASSWORD), "{error}");
}

async fn says_why_the_server_stopped(mut spec: DatabaseSpec) {
    spec.arguments = vec!["--no-such-setting=1".to_owned()];
    let error = Database::start(spec).await.expect_err("the server refuses the setting");
    assert!(matches!(error, DatabaseError::Stopped { exit_code: 1.., .. }), "{error}");
    // PostgreSQL writes its settings with underscores.
    assert!(error.to_string().replace('_', "-").contains("no-such-setting"), "{error}");
}

#[tokio::test]
async fn an_image_that_is_not_to_be_had_is_named() {
    super::on_network(crate::database::Engine::Postgres, async |mut spec: DatabaseSpec| {
        spec.image = Some("localhost:1/postgres:none".to_owned());
        let error = Database::start(spec).await.expect_err("nothing listens there");
        assert!(error.to_string().contains("`localhost:1/postgres:none`"), "{error}");
        assert!(error.help().is_some_and(|help| help.contains("pull")), "{error}");
    })
    .await;
}

#[test]
fn passwords_do_not_show_in_debug_output() {
    assert_eq!(format!("{:?}", Password::new("secret")), "Password(****)");
}
