//! One attempt to reach the database, as the second container saw it.

use std::time::Duration;

use simulator_core::Timestamp;

use crate::database::Engine;

/// What is wanted of the database, as far as readiness goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The engine.
    pub engine: Engine,
    /// The app's user.
    pub user: String,
    /// The app's database.
    pub database: String,
    /// The host name on the rehearsal's network.
    pub alias: String,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it ended, since the server's container was started.
    pub at: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered the query.
    Answered(Answer),
    /// It did not; the client's own words.
    Refused(String),
}

/// A server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether `SELECT 1` gave 1.
    pub one: bool,
    /// The database the query ran in.
    pub database: String,
    /// The address that the server saw the query come from; empty over a socket.
    pub client: String,
    /// When this instance of the server was started, by its own clock.
    pub started: Timestamp,
    /// How far `started` may be off: MySQL counts its uptime in whole seconds.
    pub tolerance: Duration,
    /// How long this instance has been up at the least, by its own clock.
    pub up: Duration,
    /// What the server says it listens on; `None` for the temporary server, which listens on nothing.
    pub listening: Option<String>,
}

impl Answer {
    /// The query that [`Answer::parse`] reads the answer of. Any user may run it.
    pub(super) const fn query(engine: Engine) -> &'static str {
        match engine {
            Engine::Postgres => {
                "SELECT 1, current_database(), host(inet_client_addr()), current_setting('listen_addresses'), \
                 current_setting('port'), floor(extract(epoch FROM pg_postmaster_start_time()) * 1000), \
                 floor(extract(epoch FROM clock_timestamp()) * 1000)"
            }
            Engine::MySql | Engine::MariaDb => {
                "SELECT 1, DATABASE(), SUBSTRING_INDEX(USER(), '@', -1), \
                 IF(@@skip_networking, '', COALESCE(NULLIF(@@bind_address, ''), '*')), @@port, \
                 FLOOR(UNIX_TIMESTAMP(SYSDATE(3)) * 1000); SHOW GLOBAL STATUS LIKE 'Uptime'"
            }
        }
    }

    /// Reads what a client printed for [`Answer::query`]: tab-separated values without headings.
    pub(super) fn parse(engine: Engine, output: &str) -> Option<Self> {
        let mut lines = output.lines();
        let mut values = lines.next()?.split('\t');
        let one = values.next()? == "1";
        let database = values.next()?.to_owned();
        let client = values.next()?.to_owned();
        let addresses = values.next()?;
        let port: u16 = values.next()?.parse().ok()?;
        let (started, tolerance, up) = match engine {
            Engine::Postgres => {
                let started: u64 = values.next()?.parse().ok()?;
                let now: u64 = values.next()?.parse().ok()?;
                (started, Duration::ZERO, Duration::from_millis(now.saturating_sub(started)))
            }
            Engine::MySql | Engine::MariaDb => {
                let now: u64 = values.next()?.parse().ok()?;
                let uptime: u64 = lines.next()?.strip_prefix("Uptime\t")?.parse().ok()?;
                // Both ends of the uptime are cut to whole seconds, so up to one second of it may not have passed.
                let up = Duration::from_secs(uptime.saturating_sub(1));
                (now.saturating_sub(uptime * 1000), Duration::from_secs(2), up)
            }
        };
        // MySQL's temporary server has the port 0 in its log and in this variable.
        let listening = (!addresses.is_empty() && port != 0).then(|| format!("{addresses}:{port}"));
        let started = Timestamp::from_millis(started);
        Some(Self { one, database, client, started, tolerance, up, listening })
    }

    /// Whether `later` came from the same instance of the server.
    pub(super) fn is_same_instance(&self, later: &Self) -> bool {
        let apart = later.started.since(self.started).max(self.started.since(later.started));
        apart <= self.tolerance.max(later.tolerance) && later.up >= self.up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_tells_its_exact_age() {
        let answer =
            Answer::parse(Engine::Postgres, "1\tnews\t172.18.0.3\t*\t5432\t1000\t3500\n").expect("it is complete");
        assert_eq!(answer.up, Duration::from_millis(2500));
        assert_eq!(answer.listening.as_deref(), Some("*:5432"));
        assert_eq!(answer.client, "172.18.0.3");
    }

    #[test]
    fn mysql_counts_whole_seconds_so_one_of_them_is_not_counted() {
        let output = "1\tnews\t172.18.0.3\t*\t3306\t10000\nUptime\t3\n";
        let answer = Answer::parse(Engine::MySql, output).expect("it is complete");
        assert_eq!(answer.up, Duration::from_secs(2));
        assert_eq!(answer.started, Timestamp::from_millis(7000));
    }

    #[test]
    fn a_server_that_listens_on_nothing_is_the_temporary_one() {
        let postgres = Answer::parse(Engine::Postgres, "1\tnews\t\t\t5432\t1000\t3500\n").expect("it is complete");
        assert_eq!(postgres.listening, None);
        let mysql =
            Answer::parse(Engine::MySql, "1\tnews\tlocalhost\t\t0\t10000\nUptime\t3\n").expect("it is complete");
        assert_eq!(mysql.listening, None);
    }

    #[test]
    fn a_cut_off_answer_is_none() {
        assert_eq!(Answer::parse(Engine::MySql, "1\tnews\t172.18.0.3\t*\t3306\t10000\n"), None);
        assert_eq!(Answer::parse(Engine::Postgres, "1\tnews\n"), None);
        assert_eq!(Answer::parse(Engine::Postgres, ""), None);
    }
}
