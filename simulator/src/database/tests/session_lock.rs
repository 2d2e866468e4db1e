//! Locks that belong to a session, and what ends the session that holds one.

use std::time::Duration;

use super::data::fresh;
use crate::database::{Account, Blocked, Database, Engine};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn whoever_holds_a_sessions_lock_is_ended(server: &Database) {
    let engine = server.spec().engine;
    let lock = match engine {
        Engine::Postgres => "SELECT pg_advisory_lock(7)",
        Engine::MySql | Engine::MariaDb => "SELECT GET_LOCK('seven', 60)",
    };
    let mut holder = fresh(server, "locked").await;
    let database = server.logical().called("locked");
    let mut waiter = database.connect(Account::App).await.expect("the app's user may connect");
    holder.rows("take the lock", lock).await.expect("nobody has it");
    assert_eq!(database.blocked().await.expect("it can be asked"), None, "{engine}: nobody waits yet");

    let waits = tokio::spawn(async move { waiter.rows("wait for the lock", lock).await });
    let blocked = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(blocked) = database.blocked().await.expect("it can be asked") {
                break blocked;
            }
            tokio::task::yield_now().await;
        }
    });
    let Blocked { statement, holder: doing } = blocked.await.expect("the second session waits");
    let idle = if engine == Engine::Postgres { "idle" } else { "Sleep" };
    assert_eq!((statement.as_str(), doing.as_str()), (lock, idle), "{engine}");

    database.end_holders().await.expect("the administrator may");
    let got = tokio::time::timeout(PATIENCE, waits).await.expect("the lock is free").expect("it does not panic");
    assert_eq!(got.expect("it waits without an error").len(), 1, "{engine}");
    assert!(holder.rows("go on", "SELECT 1").await.is_err(), "{engine}: the holder was ended");
    assert_eq!(database.blocked().await.expect("it can be asked"), None, "{engine}: nobody waits any more");
    an_endless_wait_is_none_on_mariadb(server).await;
}

/// Why sqlx has no lock there: MySQL waits without end for a negative time, MariaDB refuses it with a warning alone.
async fn an_endless_wait_is_none_on_mariadb(server: &Database) {
    let expected = match server.spec().engine {
        Engine::Postgres => return,
        Engine::MySql => Some("1"),
        Engine::MariaDb => None,
    };
    let mut connection = server.connect(Account::App).await.expect("the app's user may connect");
    let rows = connection.rows("take a lock", "SELECT GET_LOCK('eight', -1)").await.expect("it is no error");
    assert_eq!(rows.into_iter().flatten().next().flatten().as_deref(), expected);
}
