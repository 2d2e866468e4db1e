//! Reading PostgreSQL's log. Its lines start with `greenroom|epoch|pid|user|database|sqlstate| ` because the server was started so.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::TryStreamExt;
use simulator_core::Timestamp;

use super::StatementError;
use crate::account;
use crate::database::{Connection, DatabaseError};

const PREFIX: &str = "greenroom|";

/// How long a line may take from the server to Docker's log.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes a line to the log that occurs nowhere else in it, and returns it.
pub(super) async fn mark(connection: &mut Connection) -> Result<String, DatabaseError> {
    static MARKS: AtomicU64 = AtomicU64::new(0);
    let mark = format!("greenroom mark {}.{}", account::now(), MARKS.fetch_add(1, Ordering::Relaxed));
    let statement = format!("DO $$ BEGIN RAISE LOG '{mark}'; END $$");
    connection.execute("write a mark to the server's log", &statement).await?;
    Ok(mark)
}

/// The server's log up to the mark `until`, which the server has written but Docker may not have read yet.
pub(super) async fn read_log(docker: &Docker, container: &str, until: &str) -> Result<String, DatabaseError> {
    let options = LogsOptionsBuilder::new().stderr(true).follow(true).build();
    let mut output = docker.logs(container, Some(options));
    let end = format!("LOG:  {until}\n");
    let read = async {
        let mut log = Vec::new();
        while let Some(chunk) = output.try_next().await? {
            log.extend_from_slice(&chunk.into_bytes());
            let unseen = log.len().saturating_sub(64 * 1024);
            if String::from_utf8_lossy(&log[unseen..]).contains(&end) {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&log).into_owned())
    };
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(log) => log.map_err(|source| DatabaseError::Container { action: "read the log of", source }),
        Err(_) => Err(DatabaseError::query("read the server's log", "the mark just written to it does not show up")),
    }
}

/// The part of `log` between two marks.
pub(super) fn between<'log>(log: &'log str, from: &str, until: &str) -> &'log str {
    let start = log.find(&format!("LOG:  {from}\n")).unwrap_or(0);
    let end = log[start..].find(&format!("LOG:  {until}\n")).map_or(log.len(), |end| start + end);
    &log[start..end]
}

/// The errors in a log, in the database `within` if one is named.
pub(super) fn errors(log: &str, within: Option<&str>) -> Vec<StatementError> {
    let mut errors: Vec<StatementError> = Vec::new();
    // An error's further lines come after it, but lines of other connections may come in between.
    let mut latest: BTreeMap<u32, Option<usize>> = BTreeMap::new();
    for entry in entries(log).filter(|entry| within.is_none_or(|name| entry.database == name)) {
        match entry.severity {
            "ERROR" | "FATAL" | "PANIC" => {
                latest.insert(entry.process, Some(errors.len()));
                errors.push(StatementError {
                    sqlstate: entry.sqlstate.to_owned(),
                    errno: None,
                    message: entry.text,
                    detail: None,
                    statement: None,
                    at: entry.at,
                });
            }
            "DETAIL" | "STATEMENT" => {
                if let Some(Some(error)) = latest.get(&entry.process) {
                    let error = &mut errors[*error];
                    let slot = if entry.severity == "DETAIL" { &mut error.detail } else { &mut error.statement };
                    *slot = Some(entry.text);
                }
            }
            "HINT" | "CONTEXT" | "QUERY" | "LOCATION" => {}
            // LOG, WARNING: the lines that follow explain it and not the error before it.
            _ => {
                latest.insert(entry.process, None);
            }
        }
    }
    errors
}

/// The most connections of `user` that were open at once after the mark `from`.
pub(super) fn peak_connections(log: &str, from: &str, user: &str) -> u32 {
    let mark = log.find(&format!("LOG:  {from}\n")).unwrap_or(0);
    let count = |part: &str, open: &mut Vec<u32>| {
        let mut peak = open.len();
        for entry in entries(part).filter(|entry| entry.user == user) {
            if entry.text.starts_with("connection authorized: ") {
                open.push(entry.process);
                peak = peak.max(open.len());
            } else if entry.text.starts_with("disconnection: ") {
                open.retain(|process| *process != entry.process);
            }
        }
        peak
    };
    let mut open = Vec::new();
    count(&log[..mark], &mut open);
    u32::try_from(count(&log[mark..], &mut open)).unwrap_or(u32::MAX)
}

/// The server's limit.
pub(super) async fn max_connections(connection: &mut Connection) -> Result<u32, DatabaseError> {
    let action = "read the limit of connections";
    let rows = connection.rows(action, "SHOW max_connections").await?;
    let value = rows.into_iter().flatten().flatten().next();
    value.and_then(|value| value.parse().ok()).ok_or_else(|| DatabaseError::query(action, "it is no number"))
}

/// A line of the log without the prefix; with the SQLSTATE of an error after it.
pub(super) fn without_prefix(line: &str) -> String {
    let Some((before, entry)) = line.split_once(PREFIX) else { return line.to_owned() };
    let mut fields = entry.splitn(6, '|').skip(4);
    match (fields.next(), fields.next().map(str::trim_start)) {
        (Some("00000"), Some(text)) => format!("{before}{text}"),
        (Some(sqlstate), Some(text)) => format!("{before}{text} (SQLSTATE {sqlstate})"),
        _ => line.to_owned(),
    }
}

/// An entry of a log.
pub(in crate::database) struct Entry<'log> {
    /// When it was written.
    pub(in crate::database) at: Timestamp,
    /// The server process, which is one connection's.
    pub(in crate::database) process: u32,
    /// The connection's user; empty for the server's own processes.
    pub(in crate::database) user: &'log str,
    /// The connection's database.
    pub(in crate::database) database: &'log str,
    sqlstate: &'log str,
    /// `LOG`, `ERROR`, `DETAIL` and the like.
    pub(in crate::database) severity: &'log str,
    /// What it says.
    pub(in crate::database) text: String,
}

/// The entries of a log. Lines that belong to no entry (of the image's own script, say) are left out.
pub(in crate::database) fn entries(log: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut lines = log.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let Some(mut entry) = Entry::parse(lines.next()?) else { continue };
            // Further lines of a text start with a tab.
            while let Some(further) = lines.peek().and_then(|line| line.strip_prefix('\t')) {
                entry.text.push('\n');
                entry.text.push_str(further);
                lines.next();
            }
            return Some(entry);
        }
    })
}

impl<'log> Entry<'log> {
    fn parse(line: &'log str) -> Option<Self> {
        // What comes before may be the rest of a line without its end.
        let (_, line) = line.split_once(PREFIX)?;
        let mut fields = line.splitn(6, '|');
        let (seconds, millis) = fields.next()?.split_once('.')?;
        let at = Timestamp::from_millis(seconds.parse::<u64>().ok()? * 1000 + millis.parse::<u64>().ok()?);
        let process = fields.next()?.parse().ok()?;
        let (user, database, sqlstate) = (fields.next()?, fields.next()?, fields.next()?);
        let (severity, text) = fields.next()?.trim_start().split_once(":  ")?;
        Some(Self { at, process, user, database, sqlstate, severity, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
some line of the image
greenroom|1700000000.001|9|news|news|00000| LOG:  connection authorized: user=news database=news
greenroom|1700000000.002|7|postgres|news|00000| LOG:  greenroom mark A
greenroom|1700000000.002|7|postgres|news|00000| STATEMENT:  DO $$ BEGIN RAISE LOG 'greenroom mark A'; END $$
greenroom|1700000000.100|9|news|news|23502| ERROR:  column \"slug\" of relation \"articles\" contains null values
greenroom|1700000000.101|8|news|news|00000| LOG:  connection authorized: user=news database=news
greenroom|1700000000.100|9|news|news|23502| STATEMENT:  ALTER TABLE articles
\t  ADD COLUMN slug text NOT NULL
greenroom|1700000000.102|8|news|news|42P01| ERROR:  relation \"x\" does not exist at character 15
greenroom|1700000000.102|8|news|news|42P01| DETAIL:  none
greenroom|1700000000.102|8|news|news|42P01| STATEMENT:  SELECT * FROM x
greenroom|1700000000.103|8|news|news|00000| LOG:  disconnection: session time: 0:00:00.002
greenroom|1700000000.104|6|news|news|00000| LOG:  connection authorized: user=news database=news
greenroom|1700000000.200|7|postgres|news|00000| LOG:  greenroom mark B
";

    #[test]
    fn errors_between_two_marks_are_read_with_their_statements() {
        let errors = errors(between(LOG, "greenroom mark A", "greenroom mark B"), Some("news"));
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "SQLSTATE 23502: column \"slug\" of relation \"articles\" contains null values, in: ALTER TABLE articles ADD COLUMN slug text NOT NULL",
                "SQLSTATE 42P01: relation \"x\" does not exist at character 15 (none), in: SELECT * FROM x",
            ]
        );
        assert_eq!(errors[0].at, Timestamp::from_millis(1_700_000_000_100));
        assert_eq!(super::errors(LOG, Some("news_s2")), []);
        assert_eq!(super::errors(between(LOG, "greenroom mark B", "greenroom mark C"), None), []);
    }

    #[test]
    fn people_read_lines_without_the_prefix() {
        let shown: Vec<String> = LOG.lines().map(without_prefix).collect();
        assert_eq!(shown[0], "some line of the image");
        assert_eq!(shown[1], "LOG:  connection authorized: user=news database=news");
        let failed = "ERROR:  relation \"x\" does not exist at character 15 (SQLSTATE 42P01)";
        assert!(shown.iter().any(|line| line == failed), "{shown:?}");
    }

    #[test]
    fn connections_open_at_the_mark_count_and_closed_ones_do_not() {
        assert_eq!(peak_connections(LOG, "greenroom mark A", "news"), 2);
        assert_eq!(peak_connections(LOG, "greenroom mark B", "news"), 2);
        assert_eq!(peak_connections(LOG, "greenroom mark A", "postgres"), 0);
    }
}
