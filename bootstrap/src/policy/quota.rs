//! How many characters IAM lets policies hold. Checked before anything is written, so that no bootstrap stops half-way.

use std::fmt;

/// How many managed policies a user or role may have, at the default quota.
pub const MANAGED_POLICIES: usize = 10;

/// A quota of IAM on the size of policies (IAM user guide, "IAM and AWS STS quotas").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// All inline policies of one user together.
    UserInline,
    /// All inline policies of one role together.
    RoleInline,
    /// The trust policy of a role, at its default quota.
    RoleTrust,
    /// One managed policy.
    Managed,
}

impl Quota {
    /// The greatest number of characters.
    #[must_use]
    pub fn limit(self) -> usize {
        match self {
            Self::UserInline => 2_048,
            Self::RoleInline => 10_240,
            Self::RoleTrust => 2_048,
            Self::Managed => 6_144,
        }
    }

    /// Whether the text fits.
    ///
    /// # Errors
    /// If it has more characters than IAM takes.
    pub fn check(self, text: &str) -> Result<(), TooLarge> {
        let size = size(text);
        if size <= self.limit() { Ok(()) } else { Err(TooLarge { quota: self, size }) }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserInline => "the inline policies of a user",
            Self::RoleInline => "the inline policies of a role",
            Self::RoleTrust => "the trust policy of a role",
            Self::Managed => "a managed policy",
        })
    }
}

/// A policy has more characters than IAM takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{size} characters are needed, and IAM allows {quota} {limit}", limit = .quota.limit())]
pub struct TooLarge {
    /// The quota that it does not meet.
    pub quota: Quota,
    /// How many characters it has, whitespace not counted.
    pub size: usize,
}

/// The size of a policy as IAM counts it: characters, whitespace not counted.
#[must_use]
pub fn size(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitespace_does_not_count() {
        assert_eq!(size("{ \"a\":\n\t1 }"), 7);
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        for quota in [Quota::UserInline, Quota::RoleInline, Quota::RoleTrust, Quota::Managed] {
            assert_eq!(quota.check(&format!("  {}", "x".repeat(quota.limit()))), Ok(()));
            let size = quota.limit() + 1;
            assert_eq!(quota.check(&"x".repeat(size)), Err(TooLarge { quota, size }));
        }
    }
}
