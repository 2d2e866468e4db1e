//! Durations as people write them: `41s`, `1.5s`, `500ms`, `2m`, `1h`.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Milliseconds in each unit.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// The longest duration that makes sense, in milliseconds: a year of 365 days.
const LONGEST: u64 = 365 * 24 * 3_600_000;

/// A duration, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// When something happens, if it ever does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// After so long.
    After(Duration),
    /// `never`.
    Never,
}

impl Moment {
    /// The duration; none for never.
    pub(super) const fn duration(self) -> Option<Duration> {
        match self {
            Self::After(duration) => Some(duration),
            Self::Never => None,
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text("a duration such as \"1.5s\""))?;
        parse(&text).map(Self).ok_or_else(|| unreadable(&text))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text("a duration such as \"1.5s\", or \"never\""))?;
        if text == "never" {
            return Ok(Self::Never);
        }
        parse(&text).map(Self::After).ok_or_else(|| unreadable(&text))
    }
}

/// `duration` as [`Span`] reads it back, to the millisecond.
pub(crate) fn written(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

fn unreadable<E: Error>(text: &str) -> E {
    E::custom(format!("`{text}` is no duration: write a number and `ms`, `s`, `m` or `h`, at most a year"))
}

/// The duration that `text` says.
fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(digits);
    let (_, millis) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole = whole.parse::<u64>().ok()?.checked_mul(millis)?;
    let places = u32::try_from(fraction.len()).ok()?;
    // Exact: what is written in decimals is not rounded before it is milliseconds.
    let fraction = fraction.parse::<u64>().ok()?.checked_mul(millis)? / 10_u64.checked_pow(places)?;
    let total = whole.checked_add(fraction)?;
    (total <= LONGEST).then(|| Duration::from_millis(total))
}

/// Takes a string, and says what it expected where there is none.
struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, millis) in [
            ("0s", Some(0)),
            ("41s", Some(41_000)),
            ("1.5s", Some(1_500)),
            ("0.001s", Some(1)),
            ("500ms", Some(500)),
            ("0.5ms", Some(0)),
            ("2m", Some(120_000)),
            ("1.25h", Some(4_500_000)),
            ("8760h", Some(LONGEST)),
            ("8761h", None),
            ("99999999999999999999s", None),
            ("41", None),
            ("s", None),
            (".5s", None),
            ("1.s", None),
            ("1.2.3s", None),
            ("-1s", None),
            ("1 s", None),
            ("1d", None),
            ("", None),
        ] {
            assert_eq!(parse(text), millis.map(Duration::from_millis), "{text:?}");
        }
    }
}
