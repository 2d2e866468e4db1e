//! The numbers that may stand in the configuration. Each type can only hold what AWS accepts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use super::name::NameError;

/// Declares a whole number within bounds, together with the reading of it.
macro_rules! whole {
    ($(#[$doc:meta])* $type:ident, $range:expr, $what:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
        #[serde(try_from = "u64")]
        pub struct $type(i32);

        impl $type {
            /// The number.
            #[must_use]
            pub fn get(self) -> i32 {
                self.0
            }
        }

        impl TryFrom<u64> for $type {
            type Error = NameError;

            fn try_from(number: u64) -> Result<Self, Self::Error> {
                match i32::try_from(number) {
                    Ok(fits) if $range.contains(&fits) => Ok(Self(fits)),
                    _ => Err(NameError { given: number.to_string(), what: $what, rule: $rule }),
                }
            }
        }
    };
}

/// Declares a share in tenths of a percent, together with the reading of it.
macro_rules! share {
    ($(#[$doc:meta])* $type:ident, $least:literal, $what:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $type(u16);

        impl $type {
            /// The number of percent.
            #[must_use]
            pub fn get(self) -> f64 {
                f64::from(self.0) / 10.0
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let percent = deserializer.deserialize_any(Percent)?;
                match tenths(percent) {
                    Some(tenths @ $least..=1000) => Ok(Self(tenths)),
                    _ => Err(D::Error::custom(NameError { given: percent.to_string(), what: $what, rule: $rule })),
                }
            }
        }
    };
}

whole!(
    /// A number of minutes that a deployment waits, 0 to 1,440 (ECS `bakeTimeInMinutes` and the bake times of its strategies).
    Minutes,
    0..=1440,
    "a wait in minutes",
    "0 to 1,440"
);

impl Default for Minutes {
    /// No wait.
    fn default() -> Self {
        Self(0)
    }
}

whole!(
    /// The time that a hook has in a stage in minutes, 1 to 1,440 (ECS `timeoutInMinutes` of a hook of type AWS_LAMBDA).
    HookMinutes,
    1..=1440,
    "a time limit in minutes",
    "1 to 1,440"
);

share!(
    /// The share of requests in a step, 3.0 to 100.0 percent (ECS `stepPercent`).
    StepPercent,
    30,
    "a step's share",
    "a multiple of 0.1 from 3 to 100 percent"
);

share!(
    /// The share of requests that moves first, 0.1 to 100.0 percent (ECS `canaryPercent`).
    CanaryPercent,
    1,
    "a canary's share",
    "a multiple of 0.1 from 0.1 to 100 percent"
);

/// The tenths in `percent`, if it is a whole number of them that a share can have.
fn tenths(percent: f64) -> Option<u16> {
    (0..=1000_u16).find(|tenths| (f64::from(*tenths) / 10.0 - percent).abs() < 1e-9)
}

/// Takes a number, with or without a fraction.
struct Percent;

impl Visitor<'_> for Percent {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of percent")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        let fits = i32::try_from(number).map(f64::from);
        fits.map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        let fits = i32::try_from(number).map(f64::from);
        fits.map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_to_the_tenth() {
        for (percent, expected) in
            [(0.1, Some(1)), (33.3, Some(333)), (100.0, Some(1000)), (0.05, None), (100.1, None), (-1.0, None)]
        {
            assert_eq!(tenths(percent), expected, "{percent}");
        }
    }
}
