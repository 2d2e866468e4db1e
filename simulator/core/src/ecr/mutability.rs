//! Whether image tags can be moved.

use super::invalid;
use crate::glob;
use crate::refusal::Refusal;

/// A repository's `imageTagMutability` with its exclusion filters.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum TagMutability {
    /// Tags move.
    #[default]
    Mutable,
    /// Tags stay.
    Immutable,
    /// Tags move, but for those that match a filter.
    MutableWithExclusion(Vec<String>),
    /// Tags stay, but for those that match a filter.
    ImmutableWithExclusion(Vec<String>),
}

const MOST_FILTERS: usize = 5;

impl TagMutability {
    /// Reads the setting as a request writes it: absent means mutable. Filters hold `*` for any text.
    ///
    /// # Errors
    /// AWS's complaint about a word that is no mode, or filters where they do not belong or are missing.
    pub fn parse(mode: Option<&str>, filters: Vec<String>) -> Result<Self, Refusal> {
        let member = "imageTagMutabilityExclusionFilters";
        let sound = |c: char| c.is_ascii_alphanumeric() || "._*-".contains(c);
        let broken = |filter: &String| filter.is_empty() || filter.len() > 128 || !filter.chars().all(sound);
        if filters.iter().any(broken) || filters.len() > MOST_FILTERS {
            return Err(invalid(member, "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'"));
        }
        match (mode, filters.is_empty()) {
            (None | Some("MUTABLE"), true) => Ok(Self::Mutable),
            (Some("IMMUTABLE"), true) => Ok(Self::Immutable),
            (Some("MUTABLE_WITH_EXCLUSION"), false) => Ok(Self::MutableWithExclusion(filters)),
            (Some("IMMUTABLE_WITH_EXCLUSION"), false) => Ok(Self::ImmutableWithExclusion(filters)),
            (Some("MUTABLE_WITH_EXCLUSION" | "IMMUTABLE_WITH_EXCLUSION"), true) => {
                Err(invalid(member, "must not be empty when imageTagMutability is set WITH_EXCLUSION"))
            }
            (None | Some("MUTABLE" | "IMMUTABLE"), false) => {
                Err(invalid(member, "must be empty unless imageTagMutability is set WITH_EXCLUSION"))
            }
            (Some(_), _) => {
                let modes = "must be one of MUTABLE, IMMUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION";
                Err(invalid("imageTagMutability", modes))
            }
        }
    }

    /// The mode as AWS writes it.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Mutable => "MUTABLE",
            Self::Immutable => "IMMUTABLE",
            Self::MutableWithExclusion(_) => "MUTABLE_WITH_EXCLUSION",
            Self::ImmutableWithExclusion(_) => "IMMUTABLE_WITH_EXCLUSION",
        }
    }

    /// The exclusion filters.
    #[must_use]
    pub fn filters(&self) -> &[String] {
        match self {
            Self::Mutable | Self::Immutable => &[],
            Self::MutableWithExclusion(filters) | Self::ImmutableWithExclusion(filters) => filters,
        }
    }

    /// Why the tag may not be moved, as AWS ends that sentence; nothing if it may.
    pub(super) fn holds(&self, tag: &str) -> Option<&'static str> {
        let excluded = self.filters().iter().any(|filter| glob::matches(filter, tag));
        match self {
            Self::Mutable => None,
            Self::Immutable => Some("the repository is immutable"),
            Self::MutableWithExclusion(_) => excluded.then_some("the tag is immutable"),
            Self::ImmutableWithExclusion(_) => (!excluded).then_some("the tag is immutable"),
        }
    }
}
