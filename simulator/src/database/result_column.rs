//! A column of a statement's result, as the server describes it to a driver that prepares the statement.

use std::fmt;

use mysql_async::consts::{ColumnFlags, ColumnType};

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its type, with its length or precision where the server tells one. PostgreSQL's cached plans depend on both.
    pub data_type: String,
}

impl ResultColumn {
    pub(super) fn of_postgres(column: &tokio_postgres::Column) -> Self {
        let (data_type, modifier) = (column.type_().name(), column.type_modifier());
        let data_type = match data_type {
            _ if modifier < 0 => data_type.to_owned(),
            // The server adds the four bytes of its length field.
            "varchar" | "bpchar" => format!("{data_type}({})", modifier - 4),
            "numeric" => format!("numeric({},{})", (modifier - 4) >> 16, (modifier - 4) & 0x7ff),
            _ => format!("{data_type}({modifier})"),
        };
        Self { name: column.name().to_owned(), data_type }
    }

    pub(super) fn of_mysql(column: &mysql_async::Column) -> Self {
        let name = column.name_str().into_owned();
        let column_type = format!("{:?}", column.column_type());
        let mut data_type = column_type.trim_start_matches("MYSQL_TYPE_").to_ascii_lowercase();
        let is_number = matches!(
            column.column_type(),
            ColumnType::MYSQL_TYPE_TINY
                | ColumnType::MYSQL_TYPE_SHORT
                | ColumnType::MYSQL_TYPE_INT24
                | ColumnType::MYSQL_TYPE_LONG
                | ColumnType::MYSQL_TYPE_LONGLONG
        );
        if is_number && column.flags().contains(ColumnFlags::UNSIGNED_FLAG) {
            data_type.push_str(" unsigned");
        }
        Self { name, data_type }
    }
}

impl fmt::Display for ResultColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.data_type)
    }
}
