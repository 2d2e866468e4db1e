//! A statement that a server refused, which is evidence and no failure of the rehearsal.

use std::fmt;

/// A server's answer to a statement that it did not run or prepare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The five characters that the SQL standard gives the error, such as `42703`.
    pub sqlstate: String,
    /// MySQL's and MariaDB's own number of it, such as 1054.
    pub errno: Option<u16>,
    /// The server's message.
    pub message: String,
}

impl Refusal {
    /// The code that people look for: MySQL's and MariaDB's own number, or the SQLSTATE.
    #[must_use]
    pub fn code(&self) -> String {
        self.errno.map_or_else(|| self.sqlstate.clone(), |errno| errno.to_string())
    }

    /// The server's words if the server refused; `None` if the connection failed.
    pub(super) fn of_postgres(error: &tokio_postgres::Error) -> Option<Self> {
        let error = error.as_db_error()?;
        let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        let message = format!("{}{detail}", error.message());
        Some(Self { sqlstate: error.code().code().to_owned(), errno: None, message })
    }

    /// The server's words if the server refused; `None` if the connection failed.
    pub(super) fn of_mysql(error: &mysql_async::Error) -> Option<Self> {
        match error {
            mysql_async::Error::Server(error) => {
                Some(Self { sqlstate: error.state.clone(), errno: Some(error.code), message: error.message.clone() })
            }
            mysql_async::Error::Driver(_)
            | mysql_async::Error::Io(_)
            | mysql_async::Error::Other(_)
            | mysql_async::Error::Url(_) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message)
    }
}
