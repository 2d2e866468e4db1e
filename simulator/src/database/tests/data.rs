//! What a deploy does to the data. One server per engine serves all of it; each part has databases of its own.

use super::{compatibility, evidence, on_every_engine, seeding, session_lock};
use crate::database::{Account, Connection, Database, DatabaseSpec, Engine};

on_every_engine! {
    data_of_a_deploy = is_examined;
}

async fn is_examined(spec: DatabaseSpec) {
    let server = Database::start(spec).await.expect("it becomes ready");
    seeding::finds_what_an_empty_database_hides(&server).await;
    compatibility::foresees_what_old_statements_do(&server).await;
    match server.spec().engine {
        Engine::Postgres => evidence::postgres_tells_locks_and_rewrites(&server).await,
        Engine::MySql | Engine::MariaDb => evidence::mysql_tells_how_it_would_do_it(&server).await,
    }
    session_lock::whoever_holds_a_sessions_lock_is_ended(&server).await;
    evidence::canaries_fail_as_the_locks_predict(&server).await;
    server.stop().await.expect("it is removed");
}

/// The app's user in an empty database of its own.
pub(super) async fn fresh(server: &Database, name: &str) -> Connection {
    let user = &server.spec().user;
    let mut administrator = server.connect(Account::Administrator).await.expect("the administrator may connect");
    let statements = match server.spec().engine {
        Engine::Postgres => vec![format!("CREATE DATABASE {name} OWNER {user}")],
        Engine::MySql | Engine::MariaDb => {
            vec![format!("CREATE DATABASE {name}"), format!("GRANT ALL ON {name}.* TO {user}")]
        }
    };
    for statement in statements {
        administrator.execute("make a database", &statement).await.expect("the administrator may");
    }
    server.logical().called(name).connect(Account::App).await.expect("the app's user owns it")
}

/// Who may make anything in a database that [`fresh`] made: MySQL lets only administrators make triggers while it keeps a binary log.
pub(super) async fn builder(server: &Database, name: &str) -> Connection {
    let account = match server.spec().engine {
        Engine::Postgres => Account::App,
        Engine::MySql | Engine::MariaDb => Account::Administrator,
    };
    server.logical().called(name).connect(account).await.expect("it may")
}

/// Runs statements that must succeed.
pub(super) async fn run(connection: &mut Connection, statements: &[&str]) {
    for statement in statements {
        if let Err(error) = connection.execute("set up", statement).await {
            panic!("{statement}: {error}");
        }
    }
}

/// A single number.
pub(super) async fn number(connection: &mut Connection, query: &str) -> u64 {
    let rows = connection.rows("count", query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    let value = rows.into_iter().flatten().flatten().next();
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{query} gives no number"))
}
