//! Two migrators that wait for one another, on a real server: with the feature `whole`, by night.

use super::real::interrupted;
use crate::database::Engine;
use crate::engine::trial::Trial;
use crate::finding::Code;
use crate::migration_tool::interruption::{Interrupted, findings};
use crate::migration_tool::tests::container::Container;
use crate::migration_tool::tests::scene::{SHOP, database, image};

/// A migrator as people write them: a lock that is waited for, and an index made beside the app's work.
const WAITS_FOR_ITS_LOCK: &str = "\
import os, psycopg
with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
    connection.execute('SELECT pg_advisory_lock(7)')
    connection.execute('CREATE INDEX CONCURRENTLY IF NOT EXISTS by_customer ON orders_order (customer)')
";

#[tokio::test]
async fn a_concurrent_index_and_a_migrator_that_waits_are_a_deadlock() {
    let trial = Trial::new("deadlock").await;
    let image = image(&trial, &SHOP, "v1", "main").await;
    let old = SHOP.migrator(&trial, Engine::Postgres, &image);
    let command = ["python", "-c", WAITS_FOR_ITS_LOCK].map(str::to_owned).to_vec();
    let new = Container { command, ..old.clone() };
    let server = database(&trial, Engine::Postgres).await;
    let evidence = interrupted(&trial, "django", &[old, new], &server.logical()).await;
    server.stop().await.expect("it is removed");
    let found = findings(&evidence);
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::M15], "{evidence:#?}");
    assert!(evidence.kills.iter().all(Interrupted::recovers), "{evidence:#?}");
    trial.end().await;
}
