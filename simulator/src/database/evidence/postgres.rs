//! PostgreSQL's event triggers, and its log of waits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{Ddl, LockMode, Rewrite, TableLock, Wait};
use crate::database::statement::Mark;
use crate::database::statement::postgres::entries;
use crate::database::{Account, Connection, DatabaseError, LogicalDatabase};

const ACTION: &str = "install the event triggers";

/// The functions set their own search path, so that nothing of the app's is called by mistake; a definition never fails because of them.
/// Tables that a statement dropped are no longer in the catalog when it ends, which is what `sql_drop` is for.
const FUNCTIONS: [&str; 7] = [
    "CREATE SCHEMA greenroom",
    "CREATE FUNCTION greenroom.on_ddl() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$ DECLARE held json; BEGIN \
     SELECT json_agg(json_build_array(n.nspname, c.relname, k.mode) ORDER BY n.nspname, c.relname, k.mode) INTO held \
     FROM pg_locks k JOIN pg_class c ON c.oid = k.relation JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE k.pid = pg_backend_pid() AND k.granted AND k.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm') \
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'greenroom') AND n.nspname NOT LIKE 'pg\\_%' \
     AND k.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'); \
     RAISE LOG 'greenroom ddl %', json_build_object('tag', tg_tag, 'locks', coalesce(held, '[]'::json), \
     'lock_timeout', (SELECT setting FROM pg_settings WHERE name = 'lock_timeout'), \
     'open_ms', round(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000)::text, 'statement', current_query()); \
     EXCEPTION WHEN OTHERS THEN RAISE LOG 'greenroom missed % (%)', tg_tag, SQLERRM; END $$",
    "CREATE FUNCTION greenroom.on_drop() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$ DECLARE gone json; BEGIN \
     SELECT json_agg(json_build_array(schema_name, object_name, 'AccessExclusiveLock')) INTO gone FROM pg_event_trigger_dropped_objects() \
     WHERE object_type = 'table' AND NOT is_temporary; IF gone IS NOT NULL THEN RAISE LOG 'greenroom drop %', gone; END IF; \
     EXCEPTION WHEN OTHERS THEN RAISE LOG 'greenroom missed % (%)', tg_tag, SQLERRM; END $$",
    "CREATE FUNCTION greenroom.on_rewrite() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN \
     RAISE LOG 'greenroom rewrite %', (SELECT json_build_array(n.nspname, c.relname, pg_event_trigger_table_rewrite_reason()::text) \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_event_trigger_table_rewrite_oid()); \
     EXCEPTION WHEN OTHERS THEN RAISE LOG 'greenroom missed % (%)', tg_tag, SQLERRM; END $$",
    "CREATE EVENT TRIGGER greenroom_ddl ON ddl_command_end EXECUTE FUNCTION greenroom.on_ddl()",
    "CREATE EVENT TRIGGER greenroom_drop ON sql_drop EXECUTE FUNCTION greenroom.on_drop()",
    "CREATE EVENT TRIGGER greenroom_rewrite ON table_rewrite EXECUTE FUNCTION greenroom.on_rewrite()",
];

/// Event triggers that are installed in one database, from where reading begins.
#[derive(Clone, Debug)]
pub struct EventTriggers {
    database: LogicalDatabase,
    from: Mark,
}

impl EventTriggers {
    /// Installs them in `database`, as an administrator in a schema `greenroom` that no snapshot shows, and makes the server
    /// log every wait of more than 20 ms. A database may have them already, as a clone has; then reading begins anew.
    ///
    /// `VACUUM FULL`, `TRUNCATE` and statements about rows fire no event trigger.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn install(database: &LogicalDatabase) -> Result<Self, DatabaseError> {
        let mut connection = database.connect(Account::Administrator).await?;
        let there = connection.rows(ACTION, "SELECT 1 FROM pg_event_trigger WHERE evtname = 'greenroom_ddl'").await?;
        if there.is_empty() {
            for statement in FUNCTIONS {
                connection.execute(ACTION, statement).await?;
            }
        }
        log_waits(&mut connection).await?;
        Ok(Self { database: database.clone(), from: database.mark().await? })
    }

    /// Removes them, for a dump that must not show them.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn remove(self) -> Result<(), DatabaseError> {
        let mut connection = self.database.connect(Account::Administrator).await?;
        connection.execute("remove the event triggers", "DROP SCHEMA IF EXISTS greenroom CASCADE").await
    }

    /// The definitions that ran until now, and the waits that the server logged, each in order.
    ///
    /// # Errors
    /// If the server's log cannot be read.
    pub async fn read(&self) -> Result<(Vec<Ddl>, Vec<Wait>), DatabaseError> {
        let log = self.database.masked(&self.database.log_since(&self.from).await?);
        Ok((definitions(&log, self.database.name()), waits(&log, self.database.name())))
    }
}

async fn log_waits(connection: &mut Connection) -> Result<(), DatabaseError> {
    for setting in ["log_lock_waits = on", "deadlock_timeout = '20ms'"] {
        connection.execute(ACTION, &format!("ALTER SYSTEM SET {setting}")).await?;
    }
    connection.execute(ACTION, "SELECT pg_reload_conf()").await
}

/// What the event trigger writes.
#[derive(Deserialize)]
struct Written {
    tag: String,
    locks: Vec<(String, String, String)>,
    lock_timeout: String,
    open_ms: String,
    statement: String,
}

fn definitions(log: &str, database: &str) -> Vec<Ddl> {
    let mut rewrites: BTreeMap<u32, Vec<Rewrite>> = BTreeMap::new();
    let mut dropped: BTreeMap<u32, Vec<TableLock>> = BTreeMap::new();
    let mut definitions = Vec::new();
    for entry in entries(log).filter(|entry| entry.database == database && entry.severity == "LOG") {
        let process = entry.process;
        if let Some(json) = entry.text.strip_prefix("greenroom rewrite ") {
            if let Ok((schema, table, reason)) = serde_json::from_str::<(String, String, String)>(json) {
                let rewrite = Rewrite { table: full_name(&schema, &table), because: because(&reason) };
                rewrites.entry(process).or_default().push(rewrite);
            }
        } else if let Some(json) = entry.text.strip_prefix("greenroom drop ") {
            dropped.entry(process).or_default().extend(locks(serde_json::from_str(json).unwrap_or_default()));
        } else if let Some(json) = entry.text.strip_prefix("greenroom ddl ")
            && let Ok(written) = serde_json::from_str::<Written>(json)
        {
            let mut held = locks(written.locks);
            held.extend(dropped.remove(&process).unwrap_or_default());
            definitions.push(Ddl {
                connection: process.into(),
                tag: written.tag,
                statement: written.statement,
                locks: held,
                lock_timeout: written.lock_timeout.parse().ok().filter(|millis| *millis > 0).map(Duration::from_millis),
                open_for: Duration::from_millis(written.open_ms.parse().unwrap_or_default()),
                rewrote: rewrites.remove(&process).unwrap_or_default(),
                at: entry.at,
            });
        }
    }
    definitions
}

fn locks(written: Vec<(String, String, String)>) -> Vec<TableLock> {
    let lock = |(schema, table, mode): (String, String, String)| TableLock {
        table: full_name(&schema, &table),
        mode: LockMode::Postgres(mode),
    };
    written.into_iter().map(lock).collect()
}

fn full_name(schema: &str, table: &str) -> String {
    if schema == "public" { table.to_owned() } else { format!("{schema}.{table}") }
}

/// The bits of `AT_REWRITE_*` in `commands/event_trigger.h`.
fn because(reason: &str) -> String {
    let bits: u32 = reason.parse().unwrap_or_default();
    let reasons = [
        (1, "its persistence changed"),
        (2, "a new column has a default that is not the same for all rows"),
        (4, "a column's type changed"),
        (8, "its access method changed"),
    ];
    let because: Vec<&str> = reasons.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, text)| *text).collect();
    because.join(", ")
}

fn waits(log: &str, database: &str) -> Vec<Wait> {
    let mut waits: Vec<Wait> = Vec::new();
    let mut latest: BTreeMap<u32, usize> = BTreeMap::new();
    for entry in entries(log).filter(|entry| entry.database == database) {
        match entry.severity {
            "LOG" => {
                latest.remove(&entry.process);
                if let Some(wait) = wait(entry.process.into(), &entry.text) {
                    latest.insert(entry.process, waits.len());
                    waits.push(wait);
                }
            }
            "DETAIL" => {
                if let Some(wait) = latest.get(&entry.process).and_then(|place| waits.get_mut(*place)) {
                    let (holders, queue) = entry.text.split_once(". Wait queue: ").unwrap_or((&entry.text, ""));
                    wait.holders = numbers(holders.rsplit(": ").next().unwrap_or_default());
                    wait.queue = numbers(queue);
                }
            }
            "STATEMENT" => {
                if let Some(wait) = latest.get(&entry.process).and_then(|place| waits.get_mut(*place)) {
                    wait.statement = Some(entry.text);
                }
            }
            _ => {}
        }
    }
    waits
}

/// `process 12789 still waiting for AccessExclusiveLock on relation 16384 of database 16385 after 20.077 ms`.
fn wait(connection: u64, text: &str) -> Option<Wait> {
    let (_, waiting) = text.split_once(" still waiting for ")?;
    let (mode, rest) = waiting.split_once(" on ")?;
    let (on, _) = rest.rsplit_once(" after ")?;
    let mode = LockMode::Postgres(mode.to_owned());
    Some(Wait { connection, mode, on: on.to_owned(), holders: Vec::new(), queue: Vec::new(), statement: None })
}

fn numbers(text: &str) -> Vec<u64> {
    text.trim_end_matches('.').split(", ").filter_map(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"
greenroom|1700000000.001|9|app|news|00000| LOG:  greenroom rewrite ["public", "users", "4"]
greenroom|1700000000.001|9|app|news|00000| CONTEXT:  PL/pgSQL function greenroom.on_rewrite() line 1 at RAISE
greenroom|1700000000.001|8|app|other|00000| LOG:  greenroom rewrite ["public", "users", "4"]
greenroom|1700000000.002|9|app|news|00000| LOG:  greenroom ddl {"tag" : "ALTER TABLE", "locks" : [["public", "users", "AccessExclusiveLock"], ["audit", "log", "ShareLock"]], "lock_timeout" : "2000", "open_ms" : "43", "statement" : "ALTER TABLE users\n ALTER id TYPE bigint"}
greenroom|1700000000.003|9|app|news|00000| LOG:  greenroom drop [["public", "old", "AccessExclusiveLock"]]
greenroom|1700000000.003|9|app|news|00000| LOG:  greenroom ddl {"tag" : "DROP TABLE", "locks" : [], "lock_timeout" : "0", "open_ms" : "0", "statement" : "DROP TABLE old"}
greenroom|1700000000.100|9|app|news|00000| LOG:  process 9 still waiting for AccessExclusiveLock on relation 16384 of database 16385 after 20.077 ms
greenroom|1700000000.100|9|app|news|00000| DETAIL:  Processes holding the lock: 7, 6. Wait queue: 9, 12.
greenroom|1700000000.100|9|app|news|00000| STATEMENT:  ALTER TABLE users ADD a int
"#;

    #[test]
    fn definitions_and_waits_are_read_from_the_log() {
        let shown: Vec<String> = definitions(LOG, "news").iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "ALTER TABLE users ALTER id TYPE bigint; AccessExclusiveLock on users; ShareLock on audit.log; \
                 rewrote users: a column's type changed; lock_timeout 2000 ms",
                "DROP TABLE old; AccessExclusiveLock on old; no lock_timeout",
            ]
        );
        assert_eq!(
            waits(LOG, "news"),
            [Wait {
                connection: 9,
                mode: LockMode::Postgres("AccessExclusiveLock".to_owned()),
                on: "relation 16384 of database 16385".to_owned(),
                holders: vec![7, 6],
                queue: vec![9, 12],
                statement: Some("ALTER TABLE users ADD a int".to_owned()),
            }]
        );
        assert_eq!(waits(LOG, "other"), []);
    }
}
