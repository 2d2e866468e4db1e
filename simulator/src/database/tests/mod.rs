//! The databases themselves, on a Docker engine. Without one, or without the images, these tests fail.

mod compatibility;
mod data;
mod evidence;
mod managed;
mod readiness;
mod schema;
mod seeding;
mod service;
mod session_lock;
mod statement;
mod subject;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::Docker;
use bollard::models::NetworkCreateRequest;
use testcontainers::core::client::docker_client_instance;

use super::{DatabaseSpec, Engine, Password};

/// The app's password in these tests: with every character that is special somewhere on its way to a server.
const PASSWORD: &str = "p@%:/?#[]!$ '\"\\";

/// Runs `test` with the specification of a database on a network of its own, and removes the network after it.
async fn on_network<Fut: Future<Output = ()> + Send + 'static>(engine: Engine, test: impl FnOnce(DatabaseSpec) -> Fut) {
    static NETWORKS: AtomicU64 = AtomicU64::new(0);
    let id = format!("test-database-{}-{}", std::process::id(), NETWORKS.fetch_add(1, Ordering::Relaxed));
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("linux tells its boot id");
    let labels = BTreeMap::from([
        ("greenroom.rehearsal".to_owned(), id.clone()),
        ("greenroom.owner".to_owned(), format!("{}@{}", std::process::id(), boot.trim())),
    ]);
    let docker: Docker = docker_client_instance().await.expect("these tests need a docker engine");
    let request = NetworkCreateRequest {
        name: format!("greenroom-{id}"),
        labels: Some(labels.clone().into_iter().collect()),
        ..NetworkCreateRequest::default()
    };
    let network = docker.create_network(request).await.expect("the engine makes networks").id;
    let administrator = Password::new("administrator's");
    let mut spec = DatabaseSpec::new(engine, &network, "news", "reader", Password::new(PASSWORD), administrator);
    spec.labels = labels;
    let outcome = tokio::spawn(test(spec)).await;
    // The probing container leaves the network a moment after it was told to.
    let removed = async {
        while docker.remove_network(&network).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let removed = tokio::time::timeout(Duration::from_secs(20), removed).await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic.into_panic());
    }
    removed.expect("a test's containers must have left its network");
}

/// One test per engine, each with the same body.
macro_rules! on_every_engine {
    ($($(#[$attribute:meta])* $name:ident = $body:ident;)*) => {$(
        $(#[$attribute])*
        mod $name {
            #[tokio::test]
            async fn postgres() { super::super::on_network(crate::database::Engine::Postgres, super::$body).await }
            #[tokio::test]
            async fn mysql() { super::super::on_network(crate::database::Engine::MySql, super::$body).await }
            #[tokio::test]
            async fn mariadb() { super::super::on_network(crate::database::Engine::MariaDb, super::$body).await }
        }
    )*};
}
use on_every_engine;
