//! What a migration does to those who use its tables meanwhile, as the server itself told.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::Engine;
use crate::database::evidence::{Access, Ddl, LockMode, Online, Probed};
use crate::database::sql::tokens;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::pattern::one_line;
use crate::pattern::statement::changed_by;
use crate::scenario::watch::Watched;

/// So many statements are shown.
const SHOWN: usize = 4;

/// What follows for the tables that `is_known` from before the migration: nobody waits for one that it makes.
pub(in crate::scenario) fn judge(
    engine: Engine,
    watched: &Watched,
    is_known: &dyn Fn(&str) -> bool,
    replay: &str,
) -> Vec<Finding> {
    let found = match engine {
        Engine::Postgres => {
            let mut found = rewritten(&watched.definitions, is_known);
            found.extend(indexed(&watched.definitions, is_known));
            found.extend(waited_for(&watched.definitions, is_known));
            found
        }
        Engine::MySql | Engine::MariaDb => {
            let mut found = copied(&watched.probed, is_known);
            found.extend(queued_for(watched, is_known));
            found
        }
    };
    found.into_iter().map(|finding| finding.help(replay)).collect()
}

/// PostgreSQL: the tables that were written anew.
fn rewritten(definitions: &[Ddl], is_known: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for definition in definitions {
        for rewrite in definition.rewrote.iter().filter(|it| is_known(&it.table)) {
            tables.entry(&rewrite.table).or_default().push(format!("S1: {definition}"));
        }
    }
    let found = tables.into_iter().map(|(table, lines)| {
        let sentence = format!("the migration writes every row of `{table}` anew, and nobody uses the table meanwhile");
        Finding::warning(Code::M18, Kind::Proved, Stage::Migrate, sentence)
            .with_evidence(lines.into_iter().take(SHOWN))
            .help(Code::M18.entry().fix)
    });
    found.collect()
}

/// PostgreSQL: indexes that were made while nobody could write.
fn indexed(definitions: &[Ddl], is_known: &dyn Fn(&str) -> bool) -> Option<Finding> {
    let share = LockMode::Postgres("ShareLock".to_owned());
    let (mut tables, mut lines, mut help) = (BTreeSet::new(), Vec::new(), Vec::new());
    for definition in definitions.iter().filter(|it| it.tag == "CREATE INDEX") {
        let locked: Vec<&str> = definition
            .locks
            .iter()
            .filter(|lock| lock.mode == share && is_known(&lock.table))
            .map(|lock| lock.table.as_str())
            .collect();
        if !locked.is_empty() {
            tables.extend(locked);
            lines.push(format!("S1: {definition}"));
            help.push(format!("{};", one_line(&definition.statement).replacen(" INDEX ", " INDEX CONCURRENTLY ", 1)));
        }
    }
    let names = listed(&tables)?;
    let finding = Finding::warning(
        Code::M16,
        Kind::Conditional,
        Stage::Migrate,
        format!("if {names} is large, nobody writes to it while the migration makes an index"),
    );
    let outside = "and outside a transaction: Alembic `autocommit_block()`, Django `atomic = False`, Rails `disable_ddl_transaction!`";
    Some(finding.with_evidence(lines.into_iter().take(SHOWN)).with_help(help.into_iter().take(SHOWN)).help(outside))
}

/// PostgreSQL: definitions that would wait for whoever uses the table for as long as it takes.
fn waited_for(definitions: &[Ddl], is_known: &dyn Fn(&str) -> bool) -> Option<Finding> {
    let (mut tables, mut lines, mut seen) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    let lasting = definitions.iter().filter(|it| it.lock_timeout.is_none() && it.tag != "CREATE INDEX");
    for definition in lasting {
        let stops = |mode: &LockMode| mode.stops(Access::Read) || mode.stops(Access::Write);
        let locks = definition.locks.iter().filter(|lock| stops(&lock.mode) && is_known(&lock.table));
        // What an earlier statement of the transaction has locked is still locked.
        let new: Vec<_> = locks.filter(|lock| seen.insert((definition.connection, (*lock).clone()))).collect();
        if !new.is_empty() {
            tables.extend(new.iter().map(|lock| lock.table.as_str()));
            lines.push(format!("S1: {definition}"));
        }
    }
    let finding = waiting(Code::M16, &tables, "lock_timeout")?;
    Some(
        finding
            .with_evidence(lines.into_iter().take(SHOWN))
            .help("SET lock_timeout = '2s';  -- before the first statement; run the migration again when it gives up"),
    )
}

/// MySQL and MariaDB: statements that nobody writes beside.
fn copied(probed: &[Probed], is_known: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Probed { statement, online, .. } in probed {
        let Some(way @ (Online::Copy { .. } | Online::Locked { .. })) = online else { continue };
        let table = changed_by(Engine::MySql, statement).filter(|table| is_known(table));
        if let Some(table) = table {
            tables.entry(table).or_default().push(format!("S1: {}: {way}", one_line(statement)));
        }
    }
    let found = tables.into_iter().map(|(table, lines)| {
        let sentence = format!("the migration goes through every row of `{table}`, and nobody writes to it meanwhile");
        Finding::warning(Code::M18, Kind::Proved, Stage::Migrate, sentence)
            .with_evidence(lines.into_iter().take(SHOWN))
            .help(Code::M18.entry().fix)
    });
    found.collect()
}

/// MySQL and MariaDB: definitions before which nothing limits how long they wait.
fn queued_for(watched: &Watched, is_known: &dyn Fn(&str) -> bool) -> Option<Finding> {
    let (mut tables, mut lines) = (BTreeSet::new(), Vec::new());
    for statement in &watched.statements {
        if tokens(statement).iter().any(|token| token.is("lock_wait_timeout")) {
            break;
        }
        let table = changed_by(Engine::MySql, statement);
        if let Some(table) = table.filter(|table| is_known(table)) {
            tables.insert(table);
            lines.push(format!("S1: {}; no lock_wait_timeout", one_line(statement)));
        }
    }
    let tables: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
    let finding = waiting(Code::M17, &tables, "lock_wait_timeout")?;
    Some(finding.with_evidence(lines.into_iter().take(SHOWN)).help(
        "SET SESSION lock_wait_timeout = 5;  -- before the first statement; run the migration again when it gives up",
    ))
}

fn waiting(code: Code, tables: &BTreeSet<&str>, setting: &str) -> Option<Finding> {
    let names = listed(tables)?;
    let sentence = format!(
        "if a transaction that has read {names} is open, the migration waits for it, and everybody else for the migration: no {setting} is set"
    );
    Some(Finding::warning(code, Kind::Conditional, Stage::Migrate, sentence))
}

fn listed(tables: &BTreeSet<&str>) -> Option<String> {
    let names: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    (!names.is_empty()).then(|| names.join(" or "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use simulator_core::Timestamp;

    use super::*;
    use crate::database::evidence::{Rewrite, TableLock};

    fn definition(tag: &str, statement: &str, locks: &[(&str, &str)], lock_timeout: Option<u64>) -> Ddl {
        let lock = |(mode, table): &(&str, &str)| TableLock {
            table: (*table).to_owned(),
            mode: LockMode::Postgres((*mode).to_owned()),
        };
        Ddl {
            connection: 1,
            tag: tag.to_owned(),
            statement: statement.to_owned(),
            locks: locks.iter().map(lock).collect(),
            lock_timeout: lock_timeout.map(Duration::from_millis),
            open_for: Duration::ZERO,
            rewrote: Vec::new(),
            at: Timestamp::from_millis(0),
        }
    }

    fn said(engine: Engine, watched: &Watched) -> Vec<(Code, Kind, String)> {
        let found = judge(engine, watched, &|table| table == "articles", "again");
        found
            .into_iter()
            .map(|it| (it.code, it.kind, format!("{}\n{}", it.evidence.join("\n"), it.help.join("\n"))))
            .collect()
    }

    #[test]
    fn postgresql_tells_who_waits_and_what_is_written_anew() {
        let exclusive = [("AccessExclusiveLock", "articles")];
        let rewrite = Rewrite { table: "articles".into(), because: "a column's type changed".into() };
        let retyped = Ddl {
            rewrote: vec![rewrite],
            ..definition("ALTER TABLE", "ALTER TABLE articles ALTER id TYPE bigint", &exclusive, Some(2000))
        };
        let alter = |timeout| definition("ALTER TABLE", "ALTER TABLE articles ADD a int", &exclusive, timeout);
        let index =
            |mode| definition("CREATE INDEX", "CREATE UNIQUE INDEX i ON articles (a)", &[(mode, "articles")], None);
        let new = definition("CREATE TABLE", "CREATE TABLE tags (a int)", &[("AccessExclusiveLock", "tags")], None);
        type Expected = Vec<(Code, Kind, &'static str)>;
        let cases: [(Vec<Ddl>, Expected); 6] = [
            (vec![alter(Some(2000)), new, index("ShareUpdateExclusiveLock")], vec![]),
            (vec![alter(None)], vec![(Code::M16, Kind::Conditional, "SET lock_timeout = '2s';")]),
            (
                vec![index("ShareLock")],
                vec![(Code::M16, Kind::Conditional, "CREATE UNIQUE INDEX CONCURRENTLY i ON articles (a);")],
            ),
            (vec![retyped], vec![(Code::M18, Kind::Proved, "rewrote articles: a column's type changed")]),
            // What the first statement of a transaction locks, the second holds as well.
            (
                vec![alter(None), definition("COMMENT", "COMMENT ON COLUMN articles.a IS ''", &exclusive, None)],
                vec![(Code::M16, Kind::Conditional, "ADD a int")],
            ),
            (vec![], vec![]),
        ];
        for (definitions, expected) in cases {
            let said = said(Engine::Postgres, &Watched { definitions, ..Watched::default() });
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for ((code, kind, text), (expected_code, expected_kind, part)) in said.iter().zip(&expected) {
                assert!(code == expected_code && kind == expected_kind && text.contains(part), "{part}: {text}");
                assert!(!text.contains("COMMENT"), "{text}");
            }
        }
    }

    #[test]
    fn the_mysqls_tell_what_is_copied_and_statements_what_is_waited_for() {
        let copy = Online::Copy { reason: "Cannot change column type".into() };
        let retyped = "ALTER TABLE `articles` MODIFY id bigint";
        let probed = |statement: &str, online| Probed { statement: statement.to_owned(), online, failed: None };
        let watched = |statements: &[&str], probed: Vec<Probed>| Watched {
            statements: statements.iter().map(|&it| it.to_owned()).collect(),
            definitions: Vec::new(),
            probed,
        };
        let cases = [
            (watched(&[retyped], vec![probed(retyped, Some(copy.clone()))]), vec![Code::M18, Code::M17]),
            (
                watched(&["SET SESSION lock_wait_timeout = 5", retyped], vec![probed(retyped, Some(Online::Instant))]),
                vec![],
            ),
            (watched(&["SET innodb_lock_wait_timeout = 5", retyped], vec![]), vec![Code::M17]),
            (
                watched(
                    &["CREATE TABLE tags (a int)", "ALTER TABLE tags ADD b int"],
                    vec![probed("ALTER TABLE tags ADD b int", Some(copy))],
                ),
                vec![],
            ),
        ];
        for (watched, expected) in cases {
            let codes: Vec<Code> = said(Engine::MariaDb, &watched).into_iter().map(|(code, ..)| code).collect();
            assert_eq!(codes, expected, "{watched:?}");
        }
    }
}
