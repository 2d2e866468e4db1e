//! The section `[deploy]`: as whom deploys are made.

use serde::Deserialize;

use super::Misplaced;
use super::github::{BranchName, EnvironmentName, GitHubId, RepositoryPath, SessionMinutes, TagPattern};

/// The section `[deploy]` as it is written. [`Deploy::deployer`] is what it means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deploy {
    /// As whom; left out, a user with an access key.
    #[serde(default)]
    pub identity: IdentityName,
    /// For `oidc`: the repository whose workflows deploy.
    pub repository: Option<RepositoryPath>,
    /// For `oidc`: GitHub's number of the repository.
    pub repository_id: Option<GitHubId>,
    /// For `oidc`: GitHub's number of the repository's owner.
    pub owner_id: Option<GitHubId>,
    /// For `oidc`: the branch that deploys.
    pub branch: Option<BranchName>,
    /// For `oidc`: the tags that deploy.
    pub tag: Option<TagPattern>,
    /// For `oidc`: the environment that the deploying job names.
    pub environment: Option<EnvironmentName>,
    /// For `oidc`: for how long a deploy may keep its credentials, in minutes; an hour by default.
    pub max_session_minutes: Option<SessionMinutes>,
}

/// The value of `identity`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityName {
    /// A user with an access key.
    #[default]
    User,
    /// A role that GitHub's workflows take with their own identity token.
    Oidc,
}

/// As whom deploys are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Deployer {
    /// A user with an access key.
    #[default]
    User,
    /// A role that jobs of a workflow take.
    Workflow(Workflow),
}

/// The jobs that may deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// Their repository.
    pub repository: RepositoryPath,
    /// Its number.
    pub repository_id: GitHubId,
    /// The number of its owner.
    pub owner_id: GitHubId,
    /// Which of the repository's jobs.
    pub jobs: Jobs,
    /// For how long they may keep their credentials.
    pub session: SessionMinutes,
}

/// Which jobs of a repository. None of a pull request is among them: what it runs nobody has looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jobs {
    /// Those of a branch or tag that name no environment.
    Of(Reference),
    /// Those that name an environment, and are of a branch or tag, if one is said.
    In(EnvironmentName, Option<Reference>),
}

/// What a workflow runs for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A push to a branch.
    Branch(BranchName),
    /// A tag.
    Tag(TagPattern),
}

impl Reference {
    /// The whole name, such as `refs/heads/main`.
    #[must_use]
    pub fn full(&self) -> String {
        match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
        }
    }

    /// Whether it stands for several.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        matches!(self, Self::Tag(name) if name.as_str().contains('*'))
    }
}

impl Deploy {
    /// What the section means.
    ///
    /// # Errors
    /// If a key does not go with the identity, or one that it needs is missing.
    pub fn deployer(&self) -> Result<Deployer, Misplaced> {
        let Self { identity, repository, repository_id, owner_id, branch, tag, environment, max_session_minutes } =
            self;
        match identity {
            IdentityName::User => {
                let given = [
                    (repository.is_some(), "repository"),
                    (repository_id.is_some(), "repository-id"),
                    (owner_id.is_some(), "owner-id"),
                    (branch.is_some(), "branch"),
                    (tag.is_some(), "tag"),
                    (environment.is_some(), "environment"),
                    (max_session_minutes.is_some(), "max-session-minutes"),
                ];
                match given.into_iter().find(|(is_given, _)| *is_given) {
                    Some((_, key)) => Err(Misplaced { key, what: "this key goes with `identity = \"oidc\"` only" }),
                    None => Ok(Deployer::User),
                }
            }
            IdentityName::Oidc => {
                let lacks = |what| Misplaced { key: "identity", what };
                let ids = "`identity = \"oidc\"` needs `repository-id` and `owner-id`, which newer repositories' tokens have in their \
                           subject: `gh api repos/OWNER/NAME --jq '.id, .owner.id'` tells them";
                Ok(Deployer::Workflow(Workflow {
                    repository: repository
                        .clone()
                        .ok_or(lacks("`identity = \"oidc\"` needs `repository`: whose workflows may deploy"))?,
                    repository_id: repository_id.ok_or(lacks(ids))?,
                    owner_id: owner_id.ok_or(lacks(ids))?,
                    jobs: self.jobs()?,
                    session: max_session_minutes.unwrap_or_default(),
                }))
            }
        }
    }

    fn jobs(&self) -> Result<Jobs, Misplaced> {
        let reference = match (&self.branch, &self.tag) {
            (Some(_), Some(_)) => {
                let what = "a job is of a branch or of a tag, and never of both: leave one out";
                return Err(Misplaced { key: "tag", what });
            }
            (Some(branch), None) => Some(Reference::Branch(branch.clone())),
            (None, Some(tag)) => Some(Reference::Tag(tag.clone())),
            (None, None) => None,
        };
        match (&self.environment, reference) {
            (Some(environment), reference) => Ok(Jobs::In(environment.clone(), reference)),
            (None, Some(reference)) => Ok(Jobs::Of(reference)),
            (None, None) => {
                let what = "`identity = \"oidc\"` needs `branch`, `tag` or `environment`: without one, any pull request could deploy";
                Err(Misplaced { key: "identity", what })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(section: Value) -> Result<Deploy, String> {
        serde_json::from_value(section).map_err(|error| error.to_string())
    }

    fn oidc(more: &Value) -> Value {
        let mut section = json!({"identity": "oidc", "repository": "acme/news", "repository-id": 74, "owner-id": 65});
        for (key, value) in more.as_object().expect("an object") {
            section[key] = value.clone();
        }
        section
    }

    #[test]
    fn keys_go_with_their_identity() {
        for (section, misplaced) in [
            (json!({}), None),
            (json!({"identity": "user"}), None),
            (json!({"repository": "acme/news"}), Some("repository")),
            (json!({"branch": "main"}), Some("branch")),
            (oidc(&json!({"branch": "main"})), None),
            (oidc(&json!({"tag": "v*", "max-session-minutes": 120})), None),
            (oidc(&json!({"environment": "production"})), None),
            (oidc(&json!({"environment": "production", "branch": "main"})), None),
            (oidc(&json!({})), Some("identity")),
            (oidc(&json!({"branch": "main", "tag": "v1"})), Some("tag")),
            (json!({"identity": "oidc", "repository": "acme/news", "branch": "main"}), Some("identity")),
            (json!({"identity": "oidc", "branch": "main"}), Some("identity")),
        ] {
            let deployer = read(section.clone()).expect("each key by itself is right").deployer();
            assert_eq!(deployer.err().map(|misplaced| misplaced.key), misplaced, "{section}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_what_was_written() {
        for (section, said) in [
            (json!({"identity": "odic"}), "unknown variant `odic`"),
            (oidc(&json!({"repository": "news"})), "`news` is not a repository of GitHub's"),
            (oidc(&json!({"repository-id": 0})), "nonzero"),
            (oidc(&json!({"branch": "*"})), "`*` is not a branch"),
            (oidc(&json!({"branch": "refs/heads/main"})), "`refs/heads/main` is not a branch"),
            (oidc(&json!({"tag": "*"})), "`*` is not a tag"),
            (oidc(&json!({"environment": "prod*"})), "`prod*` is not an environment"),
            (oidc(&json!({"max-session-minutes": 59})), "`59` is not a longest session"),
            (oidc(&json!({"pull-request": true})), "unknown field `pull-request`"),
        ] {
            let error = read(section.clone()).expect_err("something is wrong");
            assert!(error.contains(said), "{section}: {error}");
        }
    }
}
