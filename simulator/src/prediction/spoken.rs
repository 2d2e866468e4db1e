//! Durations in words.

use std::fmt;
use std::time::Duration;

/// A duration as people say it: `45 s`, `6 min 5 s`, `2 h 3 min`.
pub(crate) struct Spoken(pub(crate) Duration);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_millis() >= 500);
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match (hours, minutes, rest) {
            (0, 0, rest) => write!(f, "{rest} s"),
            (0, minutes, 0) => write!(f, "{minutes} min"),
            (0, minutes, rest) => write!(f, "{minutes} min {rest} s"),
            (hours, 0, _) => write!(f, "{hours} h"),
            (hours, minutes, _) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        for (millis, said) in [
            (0, "0 s"),
            (45_400, "45 s"),
            (60_000, "1 min"),
            (365_600, "6 min 6 s"),
            (7_200_000, "2 h"),
            (7_380_000, "2 h 3 min"),
        ] {
            assert_eq!(Spoken(Duration::from_millis(millis)).to_string(), said);
        }
    }
}
