//! One value of a row.

use crate::database::catalog::Kind;
use crate::database::{Engine, sql};

/// How long a text without a limit is made: longer than the 255 characters that it is often narrowed to, shorter than what an index
/// takes.
const LONG: u32 = 1000;

/// The smallest key that is given. The app's own counters begin at 1 and do not get there.
const FIRST_KEY: u64 = 1_000_000;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A text in quotes, which the server converts to the column's type.
    Text(String),
    /// What another row has in a column.
    Of {
        /// Its table.
        table: String,
        /// Its number among the rows of that table.
        row: usize,
        /// The column.
        column: String,
    },
}

/// Which of a kind's values is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// An ordinary one.
    Plain,
    /// The longest.
    Longest,
    /// For a key, which must not meet the app's own.
    Key,
}

impl Cell {
    /// The value number `index` of a kind. Different indexes below [`Kind::values`] give different values, whatever the style; the same
    /// arguments give the same one. `None` if no value of the kind is made.
    #[must_use]
    pub fn of(kind: &Kind, index: usize, style: Style, seed: u64) -> Option<Self> {
        let text = |text: String| Some(Self::Text(text));
        let small = seed % 900;
        match kind {
            Kind::Boolean => text((index % 2).to_string()),
            Kind::Integer { most } => {
                let base = match style {
                    Style::Plain | Style::Longest => 1,
                    Style::Key => (FIRST_KEY + small * 1000).min(most / 2),
                };
                let value = base.saturating_add(u64::try_from(index).ok()?);
                (value <= *most).then(|| Self::Text(value.to_string()))
            }
            Kind::Decimal { whole: 0 } => text("0".to_owned()),
            Kind::Decimal { .. } | Kind::Float => text((index + 1).to_string()),
            Kind::Text(limit) | Kind::Bytes(limit) => text(words(index, *limit, style, seed)),
            Kind::Enumeration(values) => values.get(index % values.len().max(1)).cloned().map(Self::Text),
            Kind::Date => text(date(index)),
            Kind::Time => text(format!("{:02}:{:02}:00", index / 60 % 24, index % 60)),
            Kind::Timestamp => text(format!("{} 12:00:00", date(index))),
            Kind::Interval => text(format!("{} days", index + 1)),
            Kind::Year => text((2001 + index % 100).to_string()),
            Kind::Uuid => text(format!("00000000-0000-4000-8000-{:04x}{index:08x}", seed & 0xffff)),
            Kind::Json => text(format!("{{\"n\": {index}}}")),
            Kind::Address => text(format!("192.0.{}.{}", 2 + index / 256, index % 256)),
            Kind::Array => text("{}".to_owned()),
            Kind::Other => None,
        }
    }

    /// The value as `engine` reads it; a reference must have been replaced before.
    #[must_use]
    pub fn sql(&self, engine: Engine) -> String {
        match self {
            Self::Null | Self::Of { .. } => "NULL".to_owned(),
            Self::Text(text) => sql::literal(engine, text),
        }
    }
}

/// A text that begins with its index, and so differs from that of any other; as long as may be if it is to be.
fn words(index: usize, limit: Option<u32>, style: Style, seed: u64) -> String {
    let limit = usize::try_from(limit.unwrap_or(LONG).min(LONG * 64)).unwrap_or_default();
    let letter = char::from(b'a' + u8::try_from(seed % 26).unwrap_or_default());
    let start = format!("{index}{letter}");
    let wanted = if style == Style::Longest { limit } else { (start.len() + 3).min(limit) };
    start.chars().chain(std::iter::repeat(letter)).take(wanted).collect()
}

/// A day, from the first of the century on.
fn date(index: usize) -> String {
    format!("{}-{:02}-{:02}", 2001 + index / 336, 1 + index / 28 % 12, 1 + index % 28)
}
