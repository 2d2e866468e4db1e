//! What a running database does for a rehearsal. One server per engine serves all of it, since starting one takes seconds.

use testcontainers::core::client::docker_client_instance;

use super::{on_every_engine, schema, statement};
use crate::database::{Account, Clients, Database, DatabaseSpec, Engine, Rule};

on_every_engine! {
    running_database = serves_a_rehearsal;
}

async fn serves_a_rehearsal(mut spec: DatabaseSpec) {
    spec.arguments = spec.engine.accepting(30);
    let database = Database::start(spec).await.expect("it becomes ready");
    says_why_it_is_ready(&database);
    lives_in_memory(&database).await;
    lets_the_app_in(&database).await;
    statement::connections_are_counted(&database).await;
    clients_are_known_by_their_addresses(&database).await;
    schema::tells_what_a_migration_changed(&database).await;
    statement::failures_are_read_back_with_code_and_text(&database).await;
    database.stop().await.expect("it is removed");
}

fn says_why_it_is_ready(database: &Database) {
    let rules: Vec<Rule> = database.readiness().rules.iter().map(|entry| entry.rule).collect();
    assert_eq!(rules, [Rule::Tcp, Rule::Credentials, Rule::SameInstance, Rule::NotTemporary]);
    assert!(!format!("{database:?}").contains(super::PASSWORD), "{database:?}");
}

async fn lives_in_memory(database: &Database) {
    let docker = docker_client_instance().await.expect("these tests need a docker engine");
    let inspected = docker.inspect_container(database.container_id(), None).await.expect("it runs");
    assert_eq!(inspected.mounts.unwrap_or_default(), [], "a volume would outlive the container");
}

async fn lets_the_app_in(database: &Database) {
    let mut connection = database.connect(Account::App).await.expect("the app's user may connect");
    let rows = connection.rows("ask", "SELECT 1, NULL, 'x'").await.expect("the query is right");
    assert_eq!(rows, [[Some("1".to_owned()), None, Some("x".to_owned())]]);
    connection.execute("make a table", "CREATE TABLE own (a int)").await.expect("the app's user owns its database");
    connection.execute("drop it", "DROP TABLE own").await.expect("the app's user owns its database");
}

/// The test's own connections all come from one address: that of the network's gateway.
async fn clients_are_known_by_their_addresses(database: &Database) {
    let mut clients = Clients::of(database).await.expect("the administrator may connect");
    let limit = clients.limit().await.expect("the server tells");
    let kept_back = if database.spec().engine == Engine::Postgres { 3 } else { 0 };
    assert_eq!((limit.max_connections, limit.for_app), (30, 30 - kept_back));
    // Those that earlier checks have closed are gone a moment later.
    while !clients.count().await.expect("the server answers").is_empty() {
        tokio::task::yield_now().await;
    }
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(database.connect(Account::App).await.expect("the app's user may connect"));
    }
    let counts = clients.count().await.expect("the server answers");
    assert_eq!(counts.values().copied().collect::<Vec<u32>>(), [3], "{counts:?}");
}
