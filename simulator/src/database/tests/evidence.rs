//! What definitions do, as each server tells it.

use std::time::Duration;

use super::data::{fresh, run};
use crate::database::evidence::{EventTriggers, Online, Probed, online};
use crate::database::lock_trial::{Patience, lock_trial};
use crate::database::{Account, Database, Engine, SchemaSnapshot};

const TABLES: [&str; 2] = [
    "CREATE TABLE users (id int PRIMARY KEY, name varchar(20), email varchar(100))",
    "CREATE TABLE old (id int PRIMARY KEY)",
];

/// Each with what its own connection saw; the locks of earlier statements of a transaction are still held.
const POSTGRES: [(&str, &[&str]); 12] = [
    ("ALTER TABLE users ADD age int", &["AccessExclusiveLock on users"]),
    ("ALTER TABLE users ALTER name TYPE text", &["AccessExclusiveLock on users"]),
    (
        "ALTER TABLE users ALTER id TYPE bigint",
        &["AccessExclusiveLock on users", "ShareLock on users", "rewrote users: a column's type changed"],
    ),
    ("CREATE INDEX ON users (email)", &["ShareLock on users"]),
    ("CREATE INDEX CONCURRENTLY ON users (name)", &[]),
    ("SET lock_timeout = '2s'", &[]),
    ("ALTER TABLE users ADD made timestamptz DEFAULT now()", &["AccessExclusiveLock on users", "lock_timeout 2000 ms"]),
    ("RESET lock_timeout", &[]),
    ("DROP TABLE old", &["AccessExclusiveLock on old"]),
    ("BEGIN; ALTER TABLE users ADD a int; CREATE TABLE side (a int); ROLLBACK", &["AccessExclusiveLock on users"]),
    ("DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD b int DEFAULT 1'; END $$", &["AccessExclusiveLock on users"]),
    ("UPDATE users SET name = 'x'", &[]),
];

pub(super) async fn postgres_tells_locks_and_rewrites(server: &Database) {
    let mut app = fresh(server, "watched").await;
    run(&mut app, &TABLES).await;
    let triggers = EventTriggers::install(&server.logical().called("watched")).await.expect("the administrator may");
    EventTriggers::install(&server.logical().called("watched")).await.expect("installing them twice changes nothing");
    let mut expected = Vec::new();
    for (statement, seen) in POSTGRES {
        run(&mut app, &[statement]).await;
        expected.extend((!seen.is_empty()).then_some((statement, seen)));
    }
    let (definitions, waits) = triggers.read().await.expect("the log can be read");
    let shown: Vec<String> = definitions.iter().map(ToString::to_string).collect();
    for (statement, seen) in expected {
        let found: Vec<&String> = shown.iter().filter(|line| line.starts_with(statement)).collect();
        assert!(!found.is_empty(), "{statement}: {shown:#?}");
        for part in seen {
            assert!(found.iter().any(|line| line.contains(part)), "{statement}: {part}: {found:#?}");
        }
        let rewrites = seen.iter().any(|part| part.starts_with("rewrote"));
        assert!(rewrites || found.iter().all(|line| !line.contains("rewrote")), "a near miss: {found:#?}");
        let has_timeout = seen.iter().any(|part| part.starts_with("lock_timeout"));
        assert!(has_timeout || found.iter().all(|line| line.ends_with("no lock_timeout")), "{found:#?}");
    }
    let concurrently = shown.iter().find(|line| line.starts_with("CREATE INDEX CONCURRENTLY")).expect("it fires too");
    assert!(
        !concurrently.contains("ShareLock on users") && !concurrently.contains("AccessExclusive"),
        "{concurrently}"
    );
    assert_eq!(waits, [], "nobody else was there");

    // A snapshot does not show them, a clone has them, and they can be removed.
    let read = async |name: &str| {
        let mut administrator = server.logical().called(name).connect(Account::Administrator).await.expect("it may");
        let query = "SELECT count(*) FROM pg_event_trigger";
        (super::data::number(&mut administrator, query).await, administrator)
    };
    assert_eq!(read("watched").await.0, 3);
    let (_, mut connection) = read("watched").await;
    let snapshot = crate::database::schema::read(&mut connection, server.spec()).await.expect("it can be read");
    assert!(snapshot.tables.contains_key("users"));
    assert_eq!(snapshot.others, SchemaSnapshot::default().others, "no function of the rehearsal's shows");
    drop(connection);
    triggers.remove().await.expect("the administrator may");
    assert_eq!(read("watched").await.0, 0);
}

/// What each engine says of each statement, in order, on one table.
fn probes(engine: Engine) -> Vec<(&'static str, Option<Online>)> {
    use Online::{Copy, InPlace, Instant, Locked};
    let copy = |reason: &str| Some(Copy { reason: reason.to_owned() });
    let maria = engine == Engine::MariaDb;
    let retyped = copy(if maria { "Cannot change column type" } else { "Cannot change column type INPLACE" });
    vec![
        ("CREATE TABLE users (id int PRIMARY KEY, name varchar(20), email varchar(100))", None),
        ("INSERT INTO users VALUES (1, 'a', 'b')", None),
        ("ALTER TABLE users ADD COLUMN age int", Some(Instant)),
        ("ALTER TABLE users DROP COLUMN age", Some(Instant)),
        ("ALTER TABLE users MODIFY email varchar(120)", Some(if maria { Instant } else { InPlace })),
        ("ALTER TABLE users MODIFY email varchar(50)", retyped.clone()),
        ("ALTER TABLE users MODIFY id bigint", retyped),
        ("CREATE INDEX by_name ON users (name)", Some(InPlace)),
        ("DROP INDEX by_name ON users", Some(InPlace)),
        (
            "ALTER TABLE users ADD FULLTEXT INDEX words (name)",
            Some(Locked { reason: "Fulltext index creation requires a lock".to_owned() }),
        ),
        ("ALTER TABLE users ADD COLUMN name int", None),
        ("UPDATE users SET name = 'c'", None),
    ]
}

pub(super) async fn mysql_tells_how_it_would_do_it(server: &Database) {
    let mut clone = fresh(server, "probed").await;
    let engine = server.spec().engine;
    let expected = probes(engine);
    let statements: Vec<String> = expected.iter().map(|(statement, _)| (*statement).to_owned()).collect();
    let probed = online(&mut clone, &statements).await.expect("the connection lasts");
    for (one, (statement, way)) in probed.iter().zip(&expected) {
        assert_eq!(one.online, *way, "{engine}: {statement}");
    }
    let failed: Vec<&Probed> = probed.iter().filter(|one| one.failed.is_some()).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].failed.as_ref().and_then(|refusal| refusal.errno), Some(1060), "{failed:?}");
}

/// How long a trial may take.
const PATIENCE: Patience = Patience { migration: Duration::from_secs(30), canary_seconds: 1 };

/// A migration, how many canaries fail at each stop as the locks predict, and whether it gives up by itself.
fn trials(engine: Engine) -> Vec<(&'static [&'static str], Vec<usize>, bool)> {
    match engine {
        Engine::Postgres => vec![
            (&["ALTER TABLE users ADD a int"], vec![2], false),
            // What the first statement holds stops everybody while the second waits.
            (&["BEGIN", "ALTER TABLE users ADD b int", "ALTER TABLE orders ADD b int", "COMMIT"], vec![2, 4], false),
            (&["SET lock_timeout = '100ms'", "ALTER TABLE users ADD c int"], vec![2], true),
            (&["CREATE INDEX ON users (name)"], vec![], false),
            (&["UPDATE users SET name = 'x'"], vec![], false),
            (&["CREATE TABLE fresh (a int)"], vec![], false),
        ],
        Engine::MySql | Engine::MariaDb => vec![
            (&["ALTER TABLE users ADD a int"], vec![2], false),
            // Each definition commits.
            (&["ALTER TABLE users ADD b int", "ALTER TABLE orders ADD b int"], vec![2, 2], false),
            (&["CREATE INDEX by_name ON users (name)"], vec![2], false),
            (&["UPDATE users SET name = 'x'"], vec![], false),
            (&["CREATE TABLE fresh (a int)"], vec![], false),
        ],
    }
}

pub(super) async fn canaries_fail_as_the_locks_predict(server: &Database) {
    let engine = server.spec().engine;
    let mut app = fresh(server, "held").await;
    for table in ["users", "orders", "others"] {
        let create = format!("CREATE TABLE {table} (id int PRIMARY KEY, name varchar(20))");
        run(&mut app, &[&create, &format!("INSERT INTO {table} VALUES (1, 'a')")]).await;
    }
    let tables = ["orders", "others", "users"].map(str::to_owned);
    let triggers = match engine {
        Engine::Postgres => {
            Some(EventTriggers::install(&server.logical().called("held")).await.expect("the administrator may"))
        }
        Engine::MySql | Engine::MariaDb => None,
    };
    for (statements, expected, gives_up) in trials(engine) {
        let migration = async {
            let mut migrator =
                server.logical().called("held").connect(Account::App).await.expect("the app's user may connect");
            for statement in statements {
                if let Err(refusal) = migrator.attempt("migrate", statement).await.expect("the connection lasts") {
                    return Some(refusal.code());
                }
            }
            None
        };
        let trial = lock_trial(&server.logical().called("held"), &tables, migration, PATIENCE)
            .await
            .expect("the trial goes on");
        let predicted: Vec<usize> = trial.stops.iter().map(|stop| stop.predicted()).collect();
        assert_eq!(predicted, expected, "{engine}: {statements:?}: {:#?}", trial.stops);
        for stop in &trial.stops {
            let failed = if gives_up { 0 } else { stop.predicted() };
            assert_eq!((stop.failed(), stop.gave_up), (failed, gives_up), "{engine}: {statements:?}: {stop:#?}");
        }
        let code = gives_up.then(|| "55P03".to_owned());
        assert_eq!(trial.migration, Some(code), "{engine}: {statements:?}");
    }
    let Some(triggers) = triggers else { return };
    let (definitions, waits) = triggers.read().await.expect("the log can be read");
    let failed = definitions.iter().filter(|definition| definition.statement.contains("ADD c int")).count();
    assert_eq!(failed, 0, "what never ended is no definition that ran");
    let first = waits.iter().find(|wait| wait.statement.as_deref() == Some("ALTER TABLE users ADD a int"));
    let first = first.unwrap_or_else(|| panic!("the server logs who waited: {waits:#?}"));
    assert_eq!((first.mode.to_string().as_str(), first.holders.len()), ("AccessExclusiveLock", 1), "{first:?}");
    assert!(first.queue.contains(&first.connection), "{first:?}");
    let behind = waits.iter().filter(|wait| wait.queue.len() > 1 && wait.queue.first() == Some(&first.connection));
    assert!(behind.count() > 0, "canaries queue behind it: {waits:#?}");
}
