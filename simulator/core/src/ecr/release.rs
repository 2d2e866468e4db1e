//! What a lifecycle policy does to the images of releases.

use std::time::Duration;

use super::lifecycle_rule::{Action, Count, Policy, Tags};

/// Which images of releases a lifecycle policy expires, whatever their tags are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleasesExpire {
    /// All but so many: the newest of the repository.
    AllButNewest(u64),
    /// Each, so long after its push.
    After(Duration),
}

impl ReleasesExpire {
    /// What the policy `text` does to images that have a tag each, of which nothing is known. Where a rule before says what becomes of
    /// some tags, nothing is claimed of any.
    ///
    /// # Errors
    /// With what is wrong with the policy.
    pub fn under(text: &str) -> Result<Option<Self>, String> {
        let policy = Policy::read(text)?;
        let tagged = policy.rules.iter().find(|rule| !rule.archived && rule.tags != Tags::Untagged);
        let any = tagged.filter(|rule| rule.action == Action::Expire && rule.tags.are_all());
        Ok(any.and_then(|rule| match rule.count {
            Count::MoreThan(kept) => Some(Self::AllButNewest(kept)),
            Count::SincePushed(age) => Some(Self::After(age)),
            Count::NotSimulated => None,
        }))
    }
}

impl Tags {
    /// Whether every tag is one of them.
    fn are_all(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Patterns(patterns) => patterns.iter().all(|pattern| pattern.chars().all(|letter| letter == '*')),
            Self::Prefixes(_) | Self::Untagged => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rules_that_know_no_tags_are_about_every_release() {
        let days = |days: u64| ReleasesExpire::After(Duration::from_secs(days * 24 * 60 * 60));
        let rule = |priority: u32, tags: &str, count: &str| {
            let count = count.replace("days", r#""countType":"sinceImagePushed","countUnit":"days","countNumber""#);
            let count = count.replace("images", r#""countType":"imageCountMoreThan","countNumber""#);
            format!(r#"{{"rulePriority":{priority},"selection":{{{tags},{count}}},"action":{{"type":"expire"}}}}"#)
        };
        let (any, untagged) = (r#""tagStatus":"any""#, r#""tagStatus":"untagged""#);
        let tagged = |list: &str| format!(r#""tagStatus":"tagged",{list}"#);
        let star = tagged(r#""tagPatternList":["*"]"#);
        let releases = tagged(r#""tagPrefixList":["v"]"#);
        for (rules, expected) in [
            (vec![rule(1, any, "images:1")], Some(ReleasesExpire::AllButNewest(1))),
            (vec![rule(1, &star, "images:30")], Some(ReleasesExpire::AllButNewest(30))),
            (vec![rule(1, untagged, "days:1"), rule(2, any, "days:14")], Some(days(14))),
            (vec![rule(1, untagged, "days:1")], None),
            (vec![rule(1, &releases, "images:1")], None),
            // What becomes of a release depends on its tag.
            (vec![rule(1, &releases, "images:9"), rule(2, any, "images:1")], None),
        ] {
            let policy = format!(r#"{{"rules":[{}]}}"#, rules.join(","));
            assert_eq!(ReleasesExpire::under(&policy), Ok(expected), "{policy}");
        }
        let archived =
            rule(1, any, "images:1").replace(r#""expire""#, r#""transition","targetStorageClass":"archive""#);
        assert_eq!(ReleasesExpire::under(&format!(r#"{{"rules":[{archived}]}}"#)), Ok(None));
        assert!(ReleasesExpire::under("{}").is_err());
    }
}
