//! The words and numbers that may stand in the configuration. Each type can only hold what AWS accepts, so that nothing
//! is refused half-way through an execution.

use serde::Deserialize;

/// A name or number that AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {what}: {rule}")]
pub struct NameError {
    /// What the user wrote.
    pub given: String,
    /// What it was to be, with its article.
    pub what: &'static str,
    /// What is allowed.
    pub rule: &'static str,
}

/// Declares a text that satisfies a rule, together with the reading of it.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $rule:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $type(String);

        impl $type {
            /// Reads the name.
            ///
            /// # Errors
            /// If AWS would not accept it.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let holds: fn(&str) -> bool = $holds;
                if holds(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { given: text.to_owned(), what: $what, rule: $rule })
                }
            }

            /// The name as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(super) use name;

name!(
    /// The project's name. It is the prefix of role, user and security group names, and by itself the name of the load
    /// balancer, of the target group and (unless `[repository]` says otherwise) of the ECR repository. The strictest of
    /// those decides: load balancers allow 32 characters, repositories no capitals.
    ProjectName,
    "a project name",
    "2 to 32 lower-case letters, digits and single hyphens, beginning with a letter, not ending with a hyphen, and not beginning with `internal-` or `sg-`",
    |text| {
        (2..=32).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--")
            && !text.starts_with("internal-")
            && !text.starts_with("sg-")
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    }
);

name!(
    /// The name of an ECS cluster.
    ClusterName,
    "a cluster name",
    "1 to 255 letters, digits, hyphens and underscores",
    is_ecs_name
);

name!(
    /// The name of an ECS service.
    ServiceName,
    "a service name",
    "1 to 255 letters, digits, hyphens and underscores",
    is_ecs_name
);

name!(
    /// What a further service is called in `greenroom.toml`. After the project's name it is the name of all that is the service's: of its
    /// target group among others, which allows 32 characters.
    ServiceKey,
    "a name of a further service",
    "1 to 30 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen",
    |text| {
        (1..=30).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--")
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    }
);

impl ServiceKey {
    /// What things of the service are called: the project's name and this.
    #[must_use]
    pub fn full(&self, project: &ProjectName) -> String {
        format!("{project}-{self}")
    }

    /// The service's name in ECS.
    #[must_use]
    pub fn service(&self, project: &ProjectName) -> ServiceName {
        ServiceName(self.full(project))
    }

    /// The name of its repository. Whatever a project and a service may be called, a repository may be as well.
    #[must_use]
    pub fn repository(&self, project: &ProjectName) -> RepositoryName {
        RepositoryName(self.full(project))
    }

    /// The container of the same name.
    #[must_use]
    pub fn container(&self) -> ContainerName {
        ContainerName(self.0.clone())
    }
}

name!(
    /// The name of a container in a task definition.
    ContainerName,
    "a container name",
    "1 to 255 letters, digits, hyphens and underscores",
    is_ecs_name
);

name!(
    /// The family of a task definition.
    Family,
    "a task definition family",
    "1 to 255 letters, digits, hyphens and underscores",
    is_ecs_name
);

name!(
    /// The name of an ECR repository, without its registry.
    RepositoryName,
    "a repository name",
    "2 to 256 characters: parts of lower-case letters and digits joined by single dots, one or two underscores, or hyphens, separated by slashes",
    |text| (2..=256).contains(&text.len()) && text.split('/').all(is_repository_part)
);

name!(
    /// The path that a load balancer requests as its health check.
    HealthCheckPath,
    "a health check path",
    "it begins with `/` and has at most 1,024 visible ASCII characters",
    |text| text.starts_with('/') && text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic())
);

name!(
    /// The name of a Lambda function, with its alias or version if it has one.
    FunctionName,
    "a function's name",
    "1 to 64 letters, digits, hyphens and underscores, and perhaps a colon with an alias or version of as many",
    |text| {
        let part = |part: &str| is_ecs_name(part) && part.len() <= 64;
        text.split_once(':').map_or_else(|| part(text), |(name, qualifier)| part(name) && part(qualifier))
    }
);

name!(
    /// The name of a header in a listener rule's condition (Elastic Load Balancing `HttpHeaderConditionConfig`).
    HeaderName,
    "a header's name",
    "1 to 40 letters, digits, hyphens and underscores",
    |text| text.len() <= 40 && is_ecs_name(text)
);

name!(
    /// The value of a header in a listener rule's condition. The wildcards that AWS has for it are left out: what marks a
    /// test request should be one thing.
    HeaderValue,
    "a header's value",
    "1 to 128 visible ASCII characters other than `*` and `?`",
    |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'?')
    }
);

impl From<&ProjectName> for RepositoryName {
    fn from(project: &ProjectName) -> Self {
        Self(project.0.clone())
    }
}

fn is_ecs_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// One part between slashes: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (ECR `CreateRepository`).
fn is_repository_part(part: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let separators = bytes.split(is_word).filter(|run| !run.is_empty());
    is_word(first)
        && is_word(last)
        && separators.into_iter().all(|run| matches!(run, b"." | b"_" | b"__") || run.iter().all(|byte| *byte == b'-'))
}

/// The lower bound of a rollout in percent of the desired count, 0 to 100 (ECS `DeploymentConfiguration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct MinimumHealthyPercent(u8);

impl MinimumHealthyPercent {
    /// The number of percent.
    #[must_use]
    pub fn get(self) -> i32 {
        i32::from(self.0)
    }
}

impl Default for MinimumHealthyPercent {
    fn default() -> Self {
        Self(100)
    }
}

impl TryFrom<u64> for MinimumHealthyPercent {
    type Error = NameError;

    fn try_from(percent: u64) -> Result<Self, Self::Error> {
        match u8::try_from(percent) {
            Ok(fits @ 0..=100) => Ok(Self(fits)),
            _ => Err(NameError { given: percent.to_string(), what: "a minimum healthy percent", rule: "0 to 100" }),
        }
    }
}

/// The upper bound of a rollout in percent of the desired count, at least 100 (ECS `DeploymentConfiguration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct MaximumPercent(u16);

impl MaximumPercent {
    /// The number of percent.
    #[must_use]
    pub fn get(self) -> i32 {
        i32::from(self.0)
    }
}

impl Default for MaximumPercent {
    fn default() -> Self {
        Self(200)
    }
}

impl TryFrom<u64> for MaximumPercent {
    type Error = NameError;

    fn try_from(percent: u64) -> Result<Self, Self::Error> {
        match u16::try_from(percent) {
            Ok(fits @ 100..) => Ok(Self(fits)),
            _ => Err(NameError { given: percent.to_string(), what: "a maximum percent", rule: "100 or more" }),
        }
    }
}

/// A health check grace period in seconds, 0 to 2,147,483,647 (ECS `Service`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct GracePeriodSeconds(i32);

impl GracePeriodSeconds {
    /// The number of seconds.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<u64> for GracePeriodSeconds {
    type Error = NameError;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        i32::try_from(seconds).map(Self).map_err(|_| NameError {
            given: seconds.to_string(),
            what: "a grace period",
            rule: "0 to 2,147,483,647 seconds",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_name_fits_every_name_made_from_it() {
        for good in ["ab", "news-api", "n2", "a23456789012345678901234567890ab"] {
            assert!(ProjectName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "News",
            "2news",
            "-news",
            "news-",
            "news--api",
            "news_api",
            "internal-news",
            "sg-news",
            "a23456789012345678901234567890abc",
        ] {
            assert!(ProjectName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn repository_names_follow_ecr() {
        for good in ["news-api", "team/news-api", "a.b", "a__b", "a---b", "2a"] {
            assert!(RepositoryName::parse(good).is_ok(), "{good}");
        }
        for bad in ["a", "", "News", "news//api", "/news", "news/", "a..b", "a___b", "a._b", "-ab", "ab-", "a b"] {
            assert!(RepositoryName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_project_name_is_a_repository_name() {
        for project in ["ab", "news-api", "n2"] {
            let project = ProjectName::parse(project).expect("a name");
            assert!(RepositoryName::parse(RepositoryName::from(&project).as_str()).is_ok());
        }
    }
}
