//! What values a column takes, as far as making such values goes.

use super::Table;
use crate::database::sql;

/// What values a column takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True and false.
    Boolean,
    /// Whole numbers up to `most`.
    Integer {
        /// The largest.
        most: u64,
    },
    /// Decimal fractions.
    Decimal {
        /// How many digits stand before the point.
        whole: u32,
    },
    /// Binary fractions.
    Float,
    /// Text of at most so many characters; without a limit if absent.
    Text(Option<u32>),
    /// Bytes, at most so many.
    Bytes(Option<u32>),
    /// One of these texts.
    Enumeration(Vec<String>),
    /// A date without a time.
    Date,
    /// A time of day.
    Time,
    /// A date with a time.
    Timestamp,
    /// A length of time.
    Interval,
    /// A year.
    Year,
    /// A UUID.
    Uuid,
    /// JSON.
    Json,
    /// A PostgreSQL array.
    Array,
    /// A network address.
    Address,
    /// Anything else, of which no values are made.
    Other,
}

impl Kind {
    /// How many different values are made of it.
    #[must_use]
    pub fn values(&self) -> usize {
        const PLENTY: usize = 1000;
        match self {
            Self::Boolean => 2,
            Self::Enumeration(values) => values.len(),
            // The last hundred are left to the app's own counters, which MySQL sets behind the largest.
            Self::Integer { most } => usize::try_from(*most / 2).unwrap_or(PLENTY).min(PLENTY),
            Self::Decimal { whole } => 10_usize.saturating_pow(*whole).saturating_sub(1).min(PLENTY),
            Self::Text(Some(length)) | Self::Bytes(Some(length)) => 10_usize.saturating_pow(*length).min(PLENTY),
            Self::Year => 100,
            Self::Text(None)
            | Self::Bytes(None)
            | Self::Float
            | Self::Date
            | Self::Time
            | Self::Timestamp
            | Self::Interval
            | Self::Uuid
            | Self::Json
            | Self::Address => PLENTY,
            Self::Array | Self::Other => 0,
        }
    }
}

/// Makes an enumeration of each text column of which a check constraint lists the values, as Django, SQLAlchemy and Rails write theirs,
/// and JSON of what MariaDB checks to be that.
pub(super) fn narrow_by_checks(table: &mut Table) {
    for check in &table.checks {
        let [name] = check.columns.as_slice() else { continue };
        let Some(column) = table.columns.iter_mut().find(|column| column.name == *name) else { continue };
        if !matches!(column.kind, Kind::Text(_)) {
            continue;
        }
        let expression = check.expression.to_ascii_lowercase();
        let lists = expression.contains("any (") || expression.contains(" in (");
        let negated = expression.contains("not in") || expression.contains("<> all");
        if expression.contains("json_valid(") {
            column.kind = Kind::Json;
        } else if lists && !negated {
            let values = sql::literals(&check.expression);
            if !values.is_empty() {
                column.kind = Kind::Enumeration(values);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::catalog::{Check, Column, Filled};

    #[test]
    fn a_check_that_lists_values_makes_an_enumeration() {
        let values = |texts: &[&str]| Kind::Enumeration(texts.iter().map(|&text| text.to_owned()).collect());
        let cases = [
            (
                "CHECK (((status)::text = ANY ((ARRAY['new'::character varying, 'it''s'::character varying])::text[])))",
                values(&["new", "it's"]),
            ),
            ("(`status` in (_utf8mb4\\'new\\',_utf8mb4\\'old\\'))", values(&["new", "old"])),
            ("`status` in ('new','old')", values(&["new", "old"])),
            ("`status` not in ('new','old')", Kind::Text(Some(9))),
            ("json_valid(`status`)", Kind::Json),
            ("length(status) > 3", Kind::Text(Some(9))),
        ];
        for (expression, expected) in cases {
            let column = Column {
                name: "status".into(),
                kind: Kind::Text(Some(9)),
                data_type: "varchar(9)".into(),
                nullable: false,
                filled: Filled::Not,
            };
            let check = Check { name: "c".into(), columns: vec!["status".into()], expression: expression.into() };
            let mut table = Table { columns: vec![column], checks: vec![check], ..Table::default() };
            narrow_by_checks(&mut table);
            assert_eq!(table.columns[0].kind, expected, "{expression}");
        }
    }
}
