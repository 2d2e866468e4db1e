//! Which statements make a server as demanding as a managed one, and which take it back. Values in, values out.

use std::time::Duration;

use super::Managed;
use crate::database::{Engine, sql};

/// Who connects without TLS is refused by PostgreSQL for want of such a line, as on RDS (`no pg_hba.conf entry …, no encryption`);
/// greenroom's own administrator is not.
const TLS_ONLY: [&str; 3] =
    ["local all all trust", "host all postgres all scram-sha-256", "hostssl all all all scram-sha-256"];

/// Anybody with a password.
const ANY: [&str; 2] = ["local all all trust", "host all all all scram-sha-256"];

/// The roles that every PostgreSQL of RDS has (RDS user guide, "Understanding PostgreSQL roles and permissions"): what grants them works
/// there, and would fail here for want of them.
const ROLES: [&str; 4] = ["rds_superuser", "rds_replication", "rds_password", "rds_iam"];

/// The lines of `pg_hba.conf`.
pub(super) fn access(forced_tls: bool) -> &'static [&'static str] {
    if forced_tls { &TLS_ONLY } else { &ANY }
}

/// The statements that demand of `user` what `managed` says.
pub(super) fn demands(managed: &Managed, engine: Engine, user: &str, forced_tls: bool) -> Vec<String> {
    let Managed { forced_tls: _, sql_mode: _, statement_timeout, lock_timeout } = managed;
    let mut statements = Vec::new();
    match engine {
        Engine::Postgres => {
            statements.extend(ROLES.map(|role| format!("CREATE ROLE {role} NOLOGIN")));
            let role = sql::column(engine, user);
            for (setting, limit) in [("statement_timeout", statement_timeout), ("lock_timeout", lock_timeout)] {
                let limit = limit.map(|limit| format!("ALTER ROLE {role} SET {setting} = '{}ms'", limit.as_millis()));
                statements.extend(limit);
            }
        }
        Engine::MySql | Engine::MariaDb => {
            if forced_tls {
                statements.push(format!("ALTER USER {} REQUIRE SSL", account(engine, user)));
            }
            let mode = managed.sql_mode(engine).map(|mode| sql::literal(engine, mode));
            statements.extend(mode.map(|mode| format!("SET GLOBAL sql_mode = {mode}")));
            statements.extend(statement_timeout.map(|limit| match engine {
                Engine::MariaDb => format!("SET GLOBAL max_statement_time = {}", limit.as_secs_f64()),
                Engine::MySql | Engine::Postgres => format!("SET GLOBAL max_execution_time = {}", limit.as_millis()),
            }));
            for setting in ["lock_wait_timeout", "innodb_lock_wait_timeout"] {
                let seconds = lock_timeout.map(whole_seconds);
                statements.extend(seconds.map(|seconds| format!("SET GLOBAL {setting} = {seconds}")));
            }
        }
    }
    statements
}

/// The statements that make `user` on a server of `engine` what users of servers in containers mostly are: one who may do anything, and
/// of whom nothing is demanded.
pub(super) fn forgiveness(engine: Engine, user: &str) -> Vec<String> {
    match engine {
        Engine::Postgres => {
            let role = sql::column(engine, user);
            vec![format!("ALTER ROLE {role} RESET ALL"), format!("ALTER ROLE {role} SUPERUSER")]
        }
        Engine::MySql | Engine::MariaDb => {
            let account = account(engine, user);
            let limit = if engine == Engine::MySql { "max_execution_time" } else { "max_statement_time" };
            let settings = ["sql_mode", limit, "lock_wait_timeout", "innodb_lock_wait_timeout"];
            let mut statements = vec![
                format!("ALTER USER {account} REQUIRE NONE"),
                format!("GRANT ALL PRIVILEGES ON *.* TO {account} WITH GRANT OPTION"),
            ];
            statements.extend(settings.map(|setting| format!("SET GLOBAL {setting} = DEFAULT")));
            statements
        }
    }
}

/// The servers take whole seconds, and at least one.
fn whole_seconds(limit: Duration) -> u64 {
    (limit.as_secs() + u64::from(limit.subsec_nanos() > 0)).max(1)
}

fn account(engine: Engine, user: &str) -> String {
    format!("{}@'%'", sql::literal(engine, user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_is_asked_in_its_own_words() {
        let managed = Managed {
            sql_mode: None,
            statement_timeout: Some(Duration::from_millis(30_500)),
            lock_timeout: Some(Duration::from_millis(1_500)),
            forced_tls: None,
        };
        let said = |engine, forced| demands(&managed, engine, "o'hara", forced).join("; ");
        for (engine, parts) in [
            (
                Engine::Postgres,
                [
                    "CREATE ROLE rds_iam NOLOGIN",
                    "\"o'hara\" SET statement_timeout = '30500ms'",
                    "lock_timeout = '1500ms'",
                ],
            ),
            (
                Engine::MySql,
                [
                    "ALTER USER 'o''hara'@'%' REQUIRE SSL",
                    "sql_mode = 'NO_ENGINE_SUBSTITUTION'",
                    "max_execution_time = 30500",
                ],
            ),
            (Engine::MariaDb, ["REQUIRE SSL", "max_statement_time = 30.5", "innodb_lock_wait_timeout = 2"]),
        ] {
            let said = said(engine, true);
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
        assert!(!said(Engine::MySql, false).contains("REQUIRE SSL"));
        assert!(!said(Engine::MariaDb, true).contains("sql_mode"));
    }

    #[test]
    fn only_the_administrator_may_do_without_tls() {
        let lines = access(true);
        assert!(lines.iter().filter(|line| line.starts_with("host ")).all(|line| line.contains(" postgres ")));
        assert!(access(false).contains(&"host all all all scram-sha-256"));
    }
}
