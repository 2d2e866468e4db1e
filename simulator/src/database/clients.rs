//! Who is connected to a database, as the server itself says.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::connection::Row;
use super::{Account, Connection, Database, DatabaseError, Engine};

/// How many connections a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimit {
    /// `max_connections`.
    pub max_connections: u32,
    /// How many of them users like the app's may have: PostgreSQL keeps some back (`superuser_reserved_connections`, and from version 16
    /// on `reserved_connections`); MySQL and MariaDB have one more for an administrator.
    pub for_app: u32,
}

/// A connection that asks for the others. It never counts itself.
#[derive(Debug)]
pub struct Clients {
    connection: Connection,
}

impl Clients {
    /// Connects to `database` as its administrator, who gets in when nobody else does.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn of(database: &Database) -> Result<Self, DatabaseError> {
        Ok(Self { connection: database.connect(Account::Administrator).await? })
    }

    /// How many connections each client has at this moment, by its address on the rehearsal's network.
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn count(&mut self) -> Result<BTreeMap<IpAddr, u32>, DatabaseError> {
        let query = match self.connection.engine() {
            Engine::Postgres => {
                "SELECT host(client_addr) FROM pg_stat_activity \
                 WHERE backend_type = 'client backend' AND client_addr IS NOT NULL AND pid <> pg_backend_pid()"
            }
            // The table of the information schema is deprecated in MySQL, and MariaDB has no other.
            Engine::MySql => "SELECT HOST FROM performance_schema.processlist WHERE ID <> CONNECTION_ID()",
            Engine::MariaDb => "SELECT HOST FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()",
        };
        let rows = self.connection.rows("count the connections", query).await?;
        let mut counts = BTreeMap::new();
        for address in rows.iter().filter_map(address) {
            *counts.entry(address).or_default() += 1;
        }
        Ok(counts)
    }

    /// How many clients MySQL or MariaDB has turned away since its start because there were too many. PostgreSQL says so in its log alone
    /// (53300), and here 0.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn turned_away(&mut self) -> Result<u64, DatabaseError> {
        if self.connection.engine() == Engine::Postgres {
            return Ok(0);
        }
        let action = "read how many clients were turned away";
        let rows = self.connection.rows(action, "SHOW GLOBAL STATUS LIKE 'Connection_errors_max_connections'").await?;
        let number = rows.into_iter().next().and_then(|row| row.into_iter().nth(1)??.parse().ok());
        number.ok_or_else(|| DatabaseError::query(action, "it is no number"))
    }

    /// How many the server accepts.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn limit(&mut self) -> Result<ConnectionLimit, DatabaseError> {
        let action = "read the limit of connections";
        let query = match self.connection.engine() {
            Engine::Postgres => {
                "SELECT current_setting('max_connections'), current_setting('superuser_reserved_connections'), \
                 coalesce(current_setting('reserved_connections', true), '0')"
            }
            Engine::MySql | Engine::MariaDb => "SELECT @@max_connections",
        };
        let row: Row = self.connection.rows(action, query).await?.into_iter().next().unwrap_or_default();
        let mut numbers = row.into_iter().map(|value| value.and_then(|value| value.parse::<u32>().ok()));
        let Some(Some(max_connections)) = numbers.next() else {
            return Err(DatabaseError::query(action, "it is no number"));
        };
        let kept_back = numbers.flatten().sum();
        Ok(ConnectionLimit { max_connections, for_app: max_connections.saturating_sub(kept_back) })
    }
}

/// PostgreSQL gives an address, MySQL and MariaDB an address and a port: they are told not to look for names.
fn address(row: &Row) -> Option<IpAddr> {
    let host = row.first()?.as_deref()?;
    let without_port = || host.rsplit_once(':').and_then(|(address, _)| address.parse().ok());
    host.parse().ok().or_else(without_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_known_by_its_address() {
        for (host, expected) in [
            ("10.0.0.7", Some("10.0.0.7")),
            ("10.0.0.7:41234", Some("10.0.0.7")),
            // Those of the server's own machine.
            ("localhost", None),
            ("", None),
        ] {
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(address(&vec![Some(host.to_owned())]), expected, "{host}");
        }
        assert_eq!(address(&vec![None]), None);
    }
}
