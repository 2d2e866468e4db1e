//! Previews of lifecycle policies: what a policy would do, before it does it.

use std::time::Duration;

use super::expiry::{Marked, evaluate};
use super::image::ImageId;
use super::lifecycle::{no_policy, read};
use super::lifecycle_rule::Action;
use super::read_image::TagStatus;
use super::{bad_token, invalid, repository_access};
use crate::operation::{Access, Authorized, Operation};
use crate::page::page;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// So many results come in a page unless the caller says how many (API reference).
const PAGE: usize = 100;

/// The last preview of a repository.
#[derive(Clone, Debug)]
pub(super) struct Preview {
    policy: String,
    started: Timestamp,
    results: Vec<PreviewResult>,
}

impl Preview {
    fn is_complete(&self, now: Timestamp, takes: Duration) -> bool {
        self.started + takes <= now
    }
}

/// What a policy would do with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewResult {
    /// The image's digest.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// `rulePriority` of the rule that acts on it.
    pub priority: u64,
    /// What the rule does.
    pub action: Action,
}

/// Begins to find out what a lifecycle policy would do with the images of a repository.
#[derive(Clone, Debug)]
pub struct StartLifecyclePolicyPreview {
    /// The repository.
    pub repository: String,
    /// The policy; none means the one that the repository has.
    pub policy: Option<String>,
}

impl Operation for StartLifecyclePolicyPreview {
    /// The repository and the policy.
    type Output = (String, String);
    const NAME: &'static str = "ecr:StartLifecyclePolicyPreview";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository: name, policy } = authorized.operation;
        let given = policy.map(|text| read(&text).map(|policy| (policy, text))).transpose()?;
        let repository = world.repository(&name)?;
        let own = || repository.lifecycle.as_ref().map(|own| (own.policy.clone(), own.text.clone()));
        let (policy, text) = given.or_else(own).ok_or_else(|| no_policy(world, &name))?;
        let (now, takes) = (world.now, world.timing.lifecycle_preview);
        if repository.preview.as_ref().is_some_and(|before| !before.is_complete(now, takes)) {
            let message = format!(
                "The lifecycle policy preview for the repository with name '{name}' in the registry with id '{}' has not completed",
                world.account
            );
            return Err(Refusal::fault("LifecyclePolicyPreviewInProgressException", message));
        }
        let result = |(digest, Marked { priority, action }): (String, Marked)| {
            let image = &repository.images[&digest];
            let (tags, pushed_at) = (image.tags.iter().cloned().collect(), image.pushed_at);
            PreviewResult { digest, tags, pushed_at, priority, action }
        };
        let mut results: Vec<_> = evaluate(&policy, repository, now).into_iter().map(result).collect();
        results.sort_by_key(key);
        let preview = Preview { policy: text.clone(), started: now, results };
        world.repository_mut(&name)?.preview = Some(preview);
        Ok((name, text))
    }
}

/// Reads what [`StartLifecyclePolicyPreview`] has found out.
#[derive(Clone, Debug, Default)]
pub struct GetLifecyclePolicyPreview {
    /// The repository.
    pub repository: String,
    /// Of which images: at most 100; empty means all.
    pub images: Vec<ImageId>,
    /// Whether they are to have tags.
    pub tag_status: TagStatus,
    /// Where the page before ended. Not together with images.
    pub next_token: Option<String>,
    /// Most results of a page: 1 to 100. Not together with images.
    pub limit: Option<i64>,
}

/// The answer to [`GetLifecyclePolicyPreview`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicyPreview {
    /// The repository.
    pub repository: String,
    /// The policy.
    pub policy: String,
    /// Whether it is complete; until then there are no results.
    pub complete: bool,
    /// What the policy would do, the oldest image first.
    pub results: Vec<PreviewResult>,
    /// What the next call must bring to go on.
    pub next: Option<String>,
    /// How many images would be expired, on whatever page.
    pub expiring: usize,
    /// How many would be archived.
    pub archiving: usize,
}

impl Operation for GetLifecyclePolicyPreview {
    type Output = LifecyclePolicyPreview;
    const NAME: &'static str = "ecr:GetLifecyclePolicyPreview";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository: name, images, tag_status, next_token, limit } = authorized.operation;
        let limit = match limit.map(usize::try_from) {
            None => PAGE,
            Some(Ok(size @ 1..=PAGE)) => size,
            Some(Ok(_) | Err(_)) => return Err(invalid("maxResults", "must be between 1 and 100")),
        };
        if images.len() > 100 {
            return Err(invalid("imageIds", "must have between 1 and 100 members"));
        }
        let repository = world.repository(&name)?;
        let Some(preview) = &repository.preview else {
            let message = format!(
                "Lifecycle policy preview does not exist for the repository with name '{name}' in the registry with id '{}'",
                world.account
            );
            return Err(Refusal::fault("LifecyclePolicyPreviewNotFoundException", message));
        };
        let complete = preview.is_complete(world.now, world.timing.lifecycle_preview);
        let found: &[PreviewResult] = if complete { &preview.results } else { &[] };
        let asked = |result: &&PreviewResult| {
            let names = |id: &ImageId| {
                id.digest.as_ref().is_none_or(|digest| *digest == result.digest)
                    && id.tag.as_ref().is_none_or(|tag| result.tags.contains(tag))
            };
            tag_status.admits(!result.tags.is_empty()) && (images.is_empty() || images.iter().any(names))
        };
        let chosen = found.iter().filter(asked).map(|result| (key(result), result.clone()));
        let limit = if images.is_empty() { limit } else { usize::MAX };
        let page = page(chosen, next_token.as_deref(), limit).ok_or_else(bad_token)?;
        let count = |action| found.iter().filter(|result| result.action == action).count();
        Ok(LifecyclePolicyPreview {
            policy: preview.policy.clone(),
            complete,
            results: page.items,
            next: page.next,
            expiring: count(Action::Expire),
            archiving: count(Action::Archive),
            repository: name,
        })
    }
}

/// The place of a result among the others: the oldest image comes first.
fn key(result: &PreviewResult) -> String {
    format!("{:020} {}", result.pushed_at.as_millis(), result.digest)
}
