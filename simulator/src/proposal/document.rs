//! A proposed `greenroom.toml`: what each line says, and why.

/// The file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its sections, in order.
    pub sections: Vec<Section>,
    /// The sections of services beside the first, with their whole names.
    pub further: Vec<(String, Section)>,
    /// What of the repository the file cannot say.
    pub beyond: Vec<String>,
    /// Requests that show whether the app works, where the repository has none: the text of `smoke.json`.
    pub smoke: Option<String>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name, such as `service` or `database.url`.
    pub name: &'static str,
    /// What was chosen among several, and why.
    pub choices: Vec<String>,
    /// Its lines, in order.
    pub entries: Vec<Entry>,
    /// Whether the file may do without it: then it is left open as a whole if a line of it is.
    pub is_optional: bool,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// What it is set to, and why.
    pub setting: Setting,
}

/// What a key is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A file says so.
    Found {
        /// The value, as TOML.
        value: String,
        /// Which file, its line, and what stands there.
        reason: String,
    },
    /// No file says so, and this value serves until somebody knows better.
    Assumed {
        /// The value, as TOML.
        value: String,
        /// Why it serves.
        reason: String,
    },
    /// No file says so, and nothing can stand for it.
    Open {
        /// What could stand there, as TOML.
        example: String,
        /// What to put there.
        advice: String,
    },
}

impl Document {
    /// All sections with their whole names.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Section)> {
        let further = self.further.iter().map(|(name, section)| (name.as_str(), section));
        self.sections.iter().map(|section| (section.name, section)).chain(further)
    }

    /// What nobody but its owner knows: the keys that are left open, each with its section and what to put there.
    pub fn open(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.named().flat_map(|(name, section)| {
            section.entries.iter().filter_map(move |entry| match &entry.setting {
                Setting::Open { advice, .. } => Some((name, entry.key.as_str(), advice.as_str())),
                Setting::Found { .. } | Setting::Assumed { .. } => None,
            })
        })
    }

    /// What was chosen among several, and what the file cannot say.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        self.named().flat_map(|(_, section)| &section.choices).chain(&self.beyond).map(String::as_str)
    }
}

impl Section {
    /// Whether a line is left open without which it says nothing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_optional && self.entries.iter().any(|entry| matches!(entry.setting, Setting::Open { .. }))
    }
}
