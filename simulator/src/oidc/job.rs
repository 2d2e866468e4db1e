//! What GitHub's tokens claim of a job (facts/bootstrap.md section 2).

use serde_json::{Map, Value, json};
use thiserror::Error;

/// A job of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// `owner/name`.
    pub repository: String,
    /// The repository's number.
    pub repository_id: u64,
    /// The owner's number.
    pub owner_id: u64,
    /// How the repository's tokens write their subject.
    pub subject: Subject,
    /// What started the workflow.
    pub trigger: Trigger,
    /// The environment that the job names.
    pub environment: Option<String>,
    /// Who started it.
    pub actor: String,
    /// The workflow's file, such as `.github/workflows/deploy.yml`.
    pub workflow_file: String,
    /// The workflow's name.
    pub workflow: String,
    /// The commit.
    pub sha: String,
}

/// The two forms of `sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Subject {
    /// `repo:OWNER@ID/REPO@ID:…`: of repositories made, renamed or transferred since 2026-07-15.
    #[default]
    Immutable,
    /// `repo:OWNER/REPO:…`: of older ones.
    Legacy,
}

/// What starts a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A push to this branch.
    Branch(String),
    /// A push of this tag.
    Tag(String),
    /// A pull request of this number.
    PullRequest {
        /// Its number.
        number: u64,
        /// The branch that it comes from.
        head: String,
        /// The branch that it would change.
        base: String,
    },
}

/// Why a text names no repository.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no repository: OWNER/NAME, or OWNER@ID/NAME@ID as newer repositories' tokens have it")]
pub struct RepositoryError(String);

impl Trigger {
    /// `ref`, such as `refs/heads/main`.
    #[must_use]
    pub fn reference(&self) -> String {
        match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
            Self::PullRequest { number, .. } => format!("refs/pull/{number}/merge"),
        }
    }
}

impl Job {
    /// A job of the branch `main`, for callers that care for some of its claims.
    #[must_use]
    pub fn of(repository: &str) -> Self {
        Self {
            repository: repository.to_owned(),
            repository_id: 74,
            owner_id: 65,
            subject: Subject::default(),
            trigger: Trigger::Branch("main".to_owned()),
            environment: None,
            actor: "octocat".to_owned(),
            workflow_file: ".github/workflows/deploy.yml".to_owned(),
            workflow: "deploy".to_owned(),
            sha: "0".repeat(40),
        }
    }

    /// The same job in the repository that `text` names as the tokens' subjects do: `OWNER/NAME`, or, of a repository made since 2026-07-15,
    /// `OWNER@ID/NAME@ID`.
    ///
    /// # Errors
    /// If it is neither.
    pub fn in_repository(self, text: &str) -> Result<Self, RepositoryError> {
        let wrong = || RepositoryError(text.to_owned());
        let (owner, name) = text.split_once('/').ok_or_else(wrong)?;
        let parts = |part: &str| match part.split_once('@') {
            None => Ok((part.to_owned(), None)),
            Some((part, id)) => id.parse().map(|id| (part.to_owned(), Some(id))).map_err(|_| wrong()),
        };
        let ((owner, owner_id), (name, id)) = (parts(owner)?, parts(name)?);
        if owner.is_empty() || name.is_empty() || name.contains('/') {
            return Err(wrong());
        }
        let repository = format!("{owner}/{name}");
        match (owner_id, id) {
            (None, None) => Ok(Self { repository, subject: Subject::Legacy, ..self }),
            (Some(owner_id), Some(repository_id)) => {
                Ok(Self { repository, repository_id, owner_id, subject: Subject::Immutable, ..self })
            }
            (Some(_), None) | (None, Some(_)) => Err(wrong()),
        }
    }

    /// `sub`. An environment goes before a pull request, and that before the branch or tag; a colon inside a value is written `%3A`.
    #[must_use]
    pub fn sub(&self) -> String {
        let escaped = |value: &str| value.replace(':', "%3A");
        let (owner, name) = self.owner_and_name();
        let repository = match self.subject {
            Subject::Legacy => format!("{owner}/{name}"),
            Subject::Immutable => format!("{owner}@{}/{name}@{}", self.owner_id, self.repository_id),
        };
        let context = match (&self.environment, &self.trigger) {
            (Some(environment), _) => format!("environment:{}", escaped(environment)),
            (None, Trigger::PullRequest { .. }) => "pull_request".to_owned(),
            (None, trigger @ (Trigger::Branch(_) | Trigger::Tag(_))) => {
                format!("ref:{}", escaped(&trigger.reference()))
            }
        };
        format!("repo:{repository}:{context}")
    }

    /// GitHub's own choice of `aud` where none is asked for: the owner's page.
    #[must_use]
    pub fn default_audience(&self) -> String {
        format!("https://github.com/{}", self.owner_and_name().0)
    }

    /// All claims but those of time and issuer.
    pub(super) fn claims(&self, audience: &str) -> Map<String, Value> {
        let Self { repository, repository_id, owner_id, subject: _, trigger, environment, .. } = self;
        let reference = trigger.reference();
        let workflow_ref = format!("{repository}/{}@{reference}", self.workflow_file);
        let (event, ref_type, head, base) = match trigger {
            Trigger::Branch(_) => ("push", "branch", "", ""),
            Trigger::Tag(_) => ("push", "tag", "", ""),
            Trigger::PullRequest { head, base, .. } => ("pull_request", "branch", head.as_str(), base.as_str()),
        };
        let claims = json!({
            "sub": self.sub(),
            "aud": audience,
            "environment": environment,
            "ref": reference,
            "ref_type": ref_type,
            "ref_protected": "false",
            "sha": self.sha,
            "repository": repository,
            "repository_id": repository_id.to_string(),
            "repository_owner": self.owner_and_name().0,
            "repository_owner_id": owner_id.to_string(),
            "repository_visibility": "private",
            "run_id": "1",
            "run_number": "1",
            "run_attempt": "1",
            "runner_environment": "github-hosted",
            "actor": self.actor,
            "actor_id": "12",
            "workflow": self.workflow,
            "workflow_ref": workflow_ref,
            "workflow_sha": self.sha,
            "job_workflow_ref": workflow_ref,
            "job_workflow_sha": self.sha,
            "head_ref": head,
            "base_ref": base,
            "event_name": event,
        });
        let Value::Object(claims) = claims else { return Map::new() };
        claims.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    fn owner_and_name(&self) -> (&str, &str) {
        self.repository.split_once('/').unwrap_or((&self.repository, ""))
    }
}
