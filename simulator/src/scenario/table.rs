//! The table of scenarios.

use std::fmt;
use std::str::FromStr;

/// A scenario, by the number that the catalogue of failures gives it (section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scenario {
    /// The baseline.
    S0,
    /// The migration on rows.
    S1,
    /// Old tasks on the new schema.
    S2,
    /// Old and new tasks together.
    S3,
    /// New code on the old schema.
    S4,
    /// Stopping under load.
    S5,
    /// The rollback.
    S6,
    /// The migration killed and run again, and several of it at once.
    S7,
    /// The migration beside readers that hold its tables.
    S8,
    /// Empty to head.
    S9,
    /// Down and up again.
    S10,
    /// The project's own health checks.
    Readiness,
}

/// An image of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// Of what runs now.
    Old,
    /// Of what would be deployed.
    New,
}

/// What a scenario's database is a clone of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// What the server's image made of it: no migration has run.
    Empty,
    /// What the old image's migrations made, with the rows of the smoke file's seed.
    Baseline,
}

/// What is known of a scenario before it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub title: &'static str,
    /// What its database is a clone of.
    pub begins_with: Schema,
    /// The images whose containers it runs.
    pub images: &'static [Image],
    /// Whether it runs the new image's migrations.
    pub migrates: bool,
    /// What it does, in order.
    pub steps: &'static [&'static str],
    /// What must hold.
    pub obligation: &'static str,
}

impl Scenario {
    /// Every scenario that there is, in order.
    pub const ALL: [Self; 12] = [
        Self::S0,
        Self::S1,
        Self::S2,
        Self::S3,
        Self::S4,
        Self::S5,
        Self::S6,
        Self::S7,
        Self::S8,
        Self::S9,
        Self::S10,
        Self::Readiness,
    ];

    /// What is known of it.
    #[must_use]
    pub const fn entry(self) -> Entry {
        use Image::{New, Old};
        match self {
            Self::S0 => Entry {
                title: "baseline",
                begins_with: Schema::Empty,
                images: &[Old],
                migrates: false,
                steps: &["migrate with the old image", "start an old task", "send the seed and the smoke requests"],
                obligation: "what runs now becomes healthy and answers; what it answers is the reference",
            },
            Self::S1 => Entry {
                title: "migration on rows",
                begins_with: Schema::Baseline,
                images: &[New],
                migrates: true,
                steps: &[
                    "seed what the schema allows",
                    "migrate with the new image",
                    "without those rows if it fails",
                    "compare the schemas",
                ],
                obligation: "the migration succeeds on the baseline's rows; which others it would fail on is named",
            },
            Self::S2 => Entry {
                title: "old tasks on the new schema",
                begins_with: Schema::Baseline,
                images: &[Old, New],
                migrates: true,
                steps: &["start an old task", "warm its pool", "migrate beside it", "send the same requests again"],
                obligation: "old tasks answer as before until the last of them stops",
            },
            Self::S3 => Entry {
                title: "old and new tasks together",
                begins_with: Schema::Baseline,
                images: &[Old, New],
                migrates: true,
                steps: &["start both", "write through each", "read what the other wrote", "count connections"],
                obligation: "each reads what the other writes, and the connections suffice for both",
            },
            Self::S4 => Entry {
                title: "new code on the old schema",
                begins_with: Schema::Baseline,
                images: &[New],
                migrates: false,
                steps: &["start a new task", "ask its health check", "send the smoke requests"],
                obligation: "it works, or refuses to become healthy",
            },
            Self::S5 => Entry {
                title: "stop under load",
                begins_with: Schema::Baseline,
                images: &[New],
                migrates: true,
                steps: &["migrate", "start a new task", "stop it while requests are under way"],
                obligation: "it ends by itself before it would be killed",
            },
            Self::S6 => Entry {
                title: "rollback",
                begins_with: Schema::Baseline,
                images: &[New, Old],
                migrates: true,
                steps: &["migrate", "write through a new task", "start a fresh old task", "read and write through it"],
                obligation: "the old release becomes healthy on the new schema and reads what the new one wrote",
            },
            Self::S7 => Entry {
                title: "migration killed and run again",
                begins_with: Schema::Baseline,
                images: &[New],
                migrates: true,
                steps: &[
                    "count the statements that change something",
                    "kill the migration at each, and run it again",
                    "where that fails, try the way out",
                    "migrate twice at once",
                ],
                obligation: "a second run puts right what a killed one left, and two at once do no harm",
            },
            Self::S8 => Entry {
                title: "migration beside lock holders",
                begins_with: Schema::Baseline,
                images: &[New],
                migrates: true,
                steps: &[
                    "read every table in a transaction that stays open",
                    "migrate",
                    "read and write each table while the migration waits",
                    "the same with a lock timeout",
                ],
                obligation: "while the migration waits for a reader, others are served",
            },
            Self::S9 => Entry {
                title: "empty to head",
                begins_with: Schema::Empty,
                images: &[New],
                migrates: true,
                steps: &["migrate an empty database", "compare it with one that was upgraded"],
                obligation: "a fresh install has the schema that an upgrade leads to",
            },
            Self::S10 => Entry {
                title: "down and up again",
                begins_with: Schema::Baseline,
                images: &[New],
                migrates: true,
                steps: &["migrate", "migrate down to the baseline", "migrate up again"],
                obligation: "down leads back to the baseline with its rows, and up again to the head",
            },
            Self::Readiness => Entry {
                title: "the project's own health checks",
                begins_with: Schema::Empty,
                images: &[New],
                migrates: false,
                steps: &[
                    "hold the initialisation of a new volume",
                    "run the health check of the compose file, and those of workflows, in each situation",
                    "where the app's asks `localhost`, try it with ::1 on the loopback of a new task",
                ],
                obligation: "the database is called healthy when it is ready and only then, and the app wherever it serves",
            },
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::S4 => "S4",
            Self::S5 => "S5",
            Self::S6 => "S6",
            Self::S7 => "S7",
            Self::S8 => "S8",
            Self::S9 => "S9",
            Self::S10 => "S10",
            Self::Readiness => "R",
        })
    }
}

/// A text that names no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scenario `{text}`; there are {}", names())]
pub struct UnknownScenario {
    text: String,
}

fn names() -> String {
    Scenario::ALL.map(|scenario| scenario.to_string()).join(", ")
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    /// Reads a scenario's name in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim().to_ascii_uppercase();
        let found = Self::ALL.into_iter().find(|scenario| scenario.to_string() == wanted);
        found.ok_or_else(|| UnknownScenario { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_read_as_people_type_them() {
        for (text, expected) in
            [("S2", Scenario::S2), ("s10", Scenario::S10), ("r", Scenario::Readiness), (" S6 ", Scenario::S6)]
        {
            assert_eq!(text.parse(), Ok(expected));
        }
        let error = "S11".parse::<Scenario>().expect_err("there is none");
        let all = "S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, R";
        assert_eq!(error.to_string(), format!("there is no scenario `S11`; there are {all}"));
    }

    #[test]
    fn what_migrates_needs_the_new_image() {
        for scenario in Scenario::ALL {
            let Entry { images, migrates, steps, .. } = scenario.entry();
            assert!(!migrates || images.contains(&Image::New), "{scenario}");
            assert!(!steps.is_empty(), "{scenario}");
        }
    }
}
