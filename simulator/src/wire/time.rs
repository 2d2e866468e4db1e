//! Points in time as the XML protocols write them.

use simulator_core::Timestamp;
use time::{Date, Month, OffsetDateTime};

/// `timestamp` in ISO 8601, UTC: `2026-01-31T09:00:00Z`, with milliseconds (`.250Z`) where there are any. What lies after
/// the year 9999, which ISO 8601 cannot write, is written as that year's last millisecond.
#[must_use]
pub fn time(timestamp: Timestamp) -> String {
    let (at, millis) = civil(timestamp);
    let date = date(at.date(), "-");
    let (hour, minute, second) = at.to_hms();
    let fraction = if millis == 0 { String::new() } else { format!(".{millis:03}") };
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// `timestamp` as signatures write it, in whole seconds: `20260131T090000Z`.
pub(crate) fn stamp(timestamp: Timestamp) -> String {
    let (at, _) = civil(timestamp);
    let date = date(at.date(), "");
    let (hour, minute, second) = at.to_hms();
    format!("{date}T{hour:02}{minute:02}{second:02}Z")
}

/// The time that `stamp` writes, if it is one.
pub(crate) fn from_stamp(stamp: &str) -> Option<Timestamp> {
    let digits = |from: usize, to: usize| -> Option<u16> {
        let part = stamp.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let small = |from: usize, to: usize| digits(from, to).and_then(|number| u8::try_from(number).ok());
    if stamp.len() != 16 || stamp.as_bytes()[8] != b'T' || stamp.as_bytes()[15] != b'Z' {
        return None;
    }
    let month = Month::try_from(small(4, 6)?).ok()?;
    let date = Date::from_calendar_date(i32::from(digits(0, 4)?), month, small(6, 8)?).ok()?;
    let at = date.with_hms(small(9, 11)?, small(11, 13)?, small(13, 15)?).ok()?.assume_utc();
    let seconds = u64::try_from(at.unix_timestamp()).ok()?;
    Some(Timestamp::from_millis(seconds * 1000))
}

fn civil(timestamp: Timestamp) -> (OffsetDateTime, u64) {
    const END_OF_9999: u64 = 253_402_300_799_999;
    let millis = timestamp.as_millis().min(END_OF_9999);
    let seconds = i64::try_from(millis / 1000).expect("the year 9999 fits");
    let at = OffsetDateTime::from_unix_timestamp(seconds).expect("the year 9999 can be written");
    (at, millis % 1000)
}

fn date(date: Date, between: &str) -> String {
    format!("{:04}{between}{:02}{between}{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_written_as_iso_8601() {
        for (millis, written) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_440_938_160_250, "2015-08-30T12:36:00.250Z"),
            (4_107_542_399_007, "2100-02-28T23:59:59.007Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(time(Timestamp::from_millis(millis)), written);
        }
    }

    #[test]
    fn what_is_no_stamp_is_not_read() {
        for text in [
            "",
            "20260131",
            "20260131T090000",
            "20260231T090000Z",
            "20260131T240000Z",
            "2026013é090000Z",
            "+0260131T090000Z",
        ] {
            assert_eq!(from_stamp(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever second is written is read back, and written times sort as the times do.
        #[test]
        fn stamps_are_read_back_and_sort(one in 0_u64..253_402_300_799, other in 0_u64..253_402_300_799) {
            let (one, other) = (Timestamp::from_millis(one * 1000), Timestamp::from_millis(other * 1000));
            prop_assert_eq!(from_stamp(&stamp(one)), Some(one));
            prop_assert_eq!(stamp(one).cmp(&stamp(other)), one.cmp(&other));
            prop_assert_eq!(time(one).cmp(&time(other)), one.cmp(&other));
        }
    }
}
