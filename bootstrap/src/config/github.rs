//! Words of GitHub's that may stand in the configuration. They end up in a trust policy, where `*`, `?` and `${` mean something:
//! each type admits only texts that mean themselves there.

use std::num::NonZeroU64;

use serde::Deserialize;

use super::name::{NameError, name};

name!(
    /// A repository as `owner/name`, written exactly as GitHub shows it: a trust policy tells capitals apart.
    RepositoryPath,
    "a repository of GitHub's",
    "`owner/name`, the owner of 1 to 39 letters, digits and hyphens, the name of 1 to 100 letters, digits, hyphens, underscores and dots",
    |text| {
        let letters = |part: &str, more: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        text.split_once('/').is_some_and(|(owner, name)| {
            (1..=39).contains(&owner.len())
                && letters(owner, "-")
                && (1..=100).contains(&name.len())
                && letters(name, "-_.")
        })
    }
);

name!(
    /// A branch (git check-ref-format(1), of its characters those that IAM takes in a policy).
    BranchName,
    "a branch",
    "its name alone, such as `main`, in visible ASCII characters without any of `~^:?*[\\`, `..`, `//` and `${`",
    |text| is_reference(text) && !text.contains('*')
);

name!(
    /// Which tags: a name, or a pattern in which `*` stands for anything, such as `v*`.
    TagPattern,
    "a tag",
    "its name alone, such as `v1.2.0`, or its beginning with a `*` for the rest, such as `v*`",
    |text| is_reference(text) && !text.starts_with('*')
);

name!(
    /// An environment of the repository's (GitHub allows 255 characters).
    EnvironmentName,
    "an environment",
    "1 to 255 printable ASCII characters without any of `*`, `?` and `${`",
    |text| {
        (1..=255).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
            && !text.contains(['*', '?'])
            && !text.contains("${")
    }
);

/// What a branch and a tag have in common; a tag's pattern may have `*` besides.
fn is_reference(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains(['~', '^', ':', '?', '[', '\\'])
        && !["..", "//", "${", "@{"].iter().any(|part| text.contains(part))
        && !text.starts_with(['/', '-'])
        && !text.starts_with("refs/")
        && !text.ends_with(['/', '.'])
}

/// The number that GitHub has for a repository or an owner. It stays when the name is given to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct GitHubId(NonZeroU64);

impl GitHubId {
    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

/// For how long a deploy may keep its credentials, in minutes: 60 to 720 (IAM `CreateRole`, `MaxSessionDuration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct SessionMinutes(u16);

impl SessionMinutes {
    /// The same in seconds.
    #[must_use]
    pub fn seconds(self) -> i32 {
        i32::from(self.0) * 60
    }
}

impl Default for SessionMinutes {
    /// What IAM gives a role of which nothing is said.
    fn default() -> Self {
        Self(60)
    }
}

impl TryFrom<u64> for SessionMinutes {
    type Error = NameError;

    fn try_from(minutes: u64) -> Result<Self, Self::Error> {
        match u16::try_from(minutes) {
            Ok(fits @ 60..=720) => Ok(Self(fits)),
            _ => Err(NameError { given: minutes.to_string(), what: "a longest session", rule: "60 to 720 minutes" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_else_in_a_policy_is_refused() {
        let of = |good: &[&str], bad: &[&str], holds: fn(&str) -> bool| {
            good.iter().for_each(|text| assert!(holds(text), "{text}"));
            bad.iter().for_each(|text| assert!(!holds(text), "{text}"));
        };
        of(
            &["acme/news-api", "Acme-2/news.api_x"],
            &["acme", "acme/", "/news", "acme/news/api", "ac*e/news", "acme@65/news@74", "acme/ne ws", "acme_x/news"],
            |text| RepositoryPath::parse(text).is_ok(),
        );
        of(
            &["main", "release/1.x", "a$b"],
            &["", "*", "release/*", "ma?n", "refs/heads/main", "a..b", "a b", "a:b", "${aws:username}", "-x", "x/"],
            |text| BranchName::parse(text).is_ok(),
        );
        of(&["v1.2.0", "v*", "release-*-final"], &["*", "*-final", "v?", "", "${x}"], |text| {
            TagPattern::parse(text).is_ok()
        });
        of(&["production", "EU: blue", "prod/eu"], &["", "prod*", "pr?d", "${x}", "prodü"], |text| {
            EnvironmentName::parse(text).is_ok()
        });
    }
}
