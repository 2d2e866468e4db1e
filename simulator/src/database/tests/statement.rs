//! Failed statements read back from each server's own record.

use crate::database::{Account, Database, Engine};

/// A NOT NULL column on a table with rows fails on PostgreSQL only, a duplicate and a missing table on every engine.
pub(super) async fn failures_are_read_back_with_code_and_text(database: &Database) {
    let engine = database.spec().engine;
    let mut connection = database.connect(Account::App).await.expect("the app's user may connect");
    for statement in ["CREATE TABLE t (a int PRIMARY KEY)", "INSERT INTO t VALUES (1)", "SELECT 1 FROM t"] {
        connection.execute("set up", statement).await.expect("the statement is right");
    }
    connection
        .execute("fail before the mark", "SELECT 1 FROM before_the_mark")
        .await
        .expect_err("there is no such table");
    let mark = database.mark().await.expect("the server takes a mark");
    let fail = ["INSERT INTO t\n  VALUES (1)", "SELECT 1 FROM missing", "CREATE USER reader IDENTIFIED BY 'hunter2'"];
    for statement in fail {
        connection.execute("fail", statement).await.expect_err("the statement is wrong");
    }
    // A migration's connection is closed by the time anybody asks.
    drop(connection);
    let shown: Vec<String> =
        database.errors_since(&mark).await.expect("the record can be read").iter().map(ToString::to_string).collect();
    let expected: &[&str] = match engine {
        Engine::Postgres => &[
            "SQLSTATE 23505: duplicate key value violates unique constraint \"t_pkey\" (Key (a)=(1) already exists.), in: INSERT INTO t VALUES (1)",
            "SQLSTATE 42P01: relation \"missing\" does not exist at character 15, in: SELECT 1 FROM missing",
            "SQLSTATE 42601: unrecognized role option \"identified\" at character 20, in: CREATE USER reader IDENTIFIED BY '****'",
        ],
        Engine::MySql => &[
            "SQLSTATE 23000 (error 1062): Duplicate entry '1' for key 't.PRIMARY', in: INSERT INTO t VALUES (1)",
            "SQLSTATE 42S02 (error 1146): Table 'news.missing' doesn't exist, in: SELECT 1 FROM missing",
            "SQLSTATE 42000 (error 1227): Access denied; you need (at least one of) the CREATE USER privilege(s) for this operation, in: CREATE USER 'reader'@'%' IDENTIFIED BY <secret>",
        ],
        Engine::MariaDb => &[
            "SQLSTATE 23000 (error 1062): Duplicate entry '1' for key 'PRIMARY', in: INSERT INTO t VALUES (1)",
            "SQLSTATE 42S02 (error 1146): Table 'news.missing' doesn't exist, in: SELECT 1 FROM missing",
            "SQLSTATE 42000 (error 1227): Access denied; you need (at least one of) the CREATE USER privilege(s) for this operation, in: CREATE USER reader IDENTIFIED BY '****'",
        ],
    };
    assert_eq!(shown, expected);
    let later = database.mark().await.expect("the server takes a mark");
    assert_eq!(database.errors_since(&later).await.expect("the record can be read"), []);
}

/// The server accepts thirty connections.
pub(super) async fn connections_are_counted(database: &Database) {
    let mark = database.count_connections().await.expect("the server takes a mark");
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(database.connect(Account::App).await.expect("the app's user may connect"));
    }
    drop(open);
    let peak = database.peak_connections(&mark).await.expect("the record can be read");
    assert_eq!(peak.limit, 30);
    // MySQL counts whose session it is still ending: that of the mark, and that of the check before this one.
    assert!((5..=7).contains(&peak.at_most), "five of the app's, perhaps two of ours: {peak:?}");
}
