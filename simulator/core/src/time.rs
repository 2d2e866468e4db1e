//! Points in time. The World never reads a clock: whoever calls it says what time it is.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::Add;
use std::time::Duration;

/// A point in time, in whole milliseconds since the Unix epoch. One that may be missing takes no more room than one that is there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "u64", from = "u64"))]
pub struct Timestamp(
    /// One more than the milliseconds.
    NonZeroU64,
);

impl Timestamp {
    /// The point `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(millis))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0.get() - 1
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.as_millis().saturating_sub(earlier.as_millis()))
    }
}

impl From<u64> for Timestamp {
    /// Milliseconds since the Unix epoch.
    fn from(millis: u64) -> Self {
        Self::from_millis(millis)
    }
}

impl From<Timestamp> for u64 {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.as_millis()
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        let millis = u64::try_from(rhs.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::from_millis(0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_millis()).finish()
    }
}

impl fmt::Display for Timestamp {
    /// Seconds since the epoch with three decimals, as AWS JSON writes times.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.as_millis() / 1000, self.as_millis() % 1000)
    }
}

/// The first point at or after `now` on the beat of `period` from `anchor`; `now` itself where the period is zero.
pub(crate) fn next_beat(anchor: Timestamp, period: Duration, now: Timestamp) -> Timestamp {
    let period = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    if period == 0 {
        return now;
    }
    let beats = now.as_millis().saturating_sub(anchor.as_millis()).div_ceil(period);
    Timestamp(anchor.0.saturating_add(beats.saturating_mul(period)))
}
