//! Versions of a secret and their staging labels. A label is on one version at most.
//!
//! Which labels move of themselves is as recorded from AWS by LocalStack's tests (`test_secretsmanager.snapshot.json`).

use std::collections::BTreeSet;
use std::time::Duration;

use super::{INVALID, Secret, Value};
use crate::id::{IdKind, IdStream};
use crate::refusal::Refusal;
use crate::time::Timestamp;

pub(super) const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
const PENDING: &str = "AWSPENDING";

/// Versions that a secret keeps, and labels that all its versions together can have (Secrets Manager guide, "Quotas").
const MOST_VERSIONS: usize = 100;
const MOST_LABELS: usize = 20;
/// For how long no version is dropped (botocore, `PutSecretValue`).
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// One value that a secret has or had.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) value: Value,
    pub(super) stages: BTreeSet<String>,
    pub(super) created: Timestamp,
    /// The day on which it was last read.
    pub(super) accessed: Option<Timestamp>,
}

impl Version {
    pub(super) fn new(value: Value, created: Timestamp) -> Self {
        Self { value, stages: BTreeSet::new(), created, accessed: None }
    }
}

impl Secret {
    /// The version that carries `stage`.
    pub(super) fn staged(&self, stage: &str) -> Option<(&String, &Version)> {
        self.versions.iter().find(|(_, version)| version.stages.contains(stage))
    }

    /// Adds a version that carries `stages`, or `AWSCURRENT` if there are none. The first of all is the current one anyway.
    pub(super) fn add(&mut self, id: &str, value: Value, stages: &[String], now: Timestamp) -> Result<(), Refusal> {
        self.prune(now)?;
        let current = CURRENT.to_owned();
        let mut wanted: Vec<&String> = stages.iter().collect();
        if wanted.is_empty() || (self.versions.is_empty() && !stages.contains(&current)) {
            wanted.push(&current);
        }
        let present: BTreeSet<&String> = self.versions.values().flat_map(|version| &version.stages).collect();
        if present.len() + wanted.iter().filter(|stage| !present.contains(*stage)).count() > MOST_LABELS {
            return Err(exceeded());
        }
        if wanted.contains(&&current)
            && let Some((before, _)) = self.staged(CURRENT)
        {
            // Whoever was pending when it became current is no more when it is replaced.
            let before = before.clone();
            self.versions.entry(before).and_modify(|version| {
                version.stages.remove(PENDING);
            });
        }
        self.versions.insert(id.to_owned(), Version::new(value, now));
        for stage in wanted {
            self.promote(id, stage);
        }
        self.changed = now;
        Ok(())
    }

    /// Gives the version `id` the label `stage`, which no other version keeps. The version that was current becomes the
    /// previous one.
    pub(super) fn promote(&mut self, id: &str, stage: &str) {
        let before = self.staged(stage).map(|(id, _)| id.clone()).filter(|before| before != id);
        if let (CURRENT, Some(before)) = (stage, &before) {
            self.unlabel(PREVIOUS);
            self.label(before, PREVIOUS);
        }
        self.unlabel(stage);
        self.label(id, stage);
    }

    /// Takes the label `stage` off whichever version has it.
    pub(super) fn unlabel(&mut self, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
    }

    fn label(&mut self, id: &str, stage: &str) {
        if let Some(version) = self.versions.get_mut(id) {
            version.stages.insert(stage.to_owned());
        }
    }

    /// Makes room for one version more: the oldest without a label that are a day old go.
    fn prune(&mut self, now: Timestamp) -> Result<(), Refusal> {
        while self.versions.len() >= MOST_VERSIONS {
            let idle = self.versions.iter().filter(|(_, version)| version.stages.is_empty());
            let old = idle.filter(|(_, version)| now.since(version.created) > KEPT);
            let oldest = old.min_by_key(|(id, version)| (version.created, *id)).map(|(id, _)| id.clone());
            self.versions.remove(&oldest.ok_or_else(exceeded)?);
        }
        Ok(())
    }
}

/// The labels that a request gives: 1 to 20 of 1 to 256 characters (botocore, `SecretVersionStagesType`).
pub(super) fn check_stages(stages: &[String]) -> Result<(), Refusal> {
    let broken = |stage: &String| !(1..=256).contains(&stage.chars().count());
    if stages.len() > MOST_LABELS || stages.iter().any(broken) {
        return Err(Refusal::fault(INVALID, "VersionStages must be 1 to 20 labels of 1 to 256 characters."));
    }
    Ok(())
}

/// The id of a new version: the token that the client sent, or a new one.
pub(super) fn version_id(ids: &mut IdStream, token: Option<String>) -> Result<String, Refusal> {
    let Some(token) = token else {
        let part = |ids: &mut IdStream, length| ids.hex(IdKind::Secret, length);
        let parts = [8, 4, 4, 4, 12].map(|length| part(ids, length));
        return Ok(parts.join("-"));
    };
    if (32..=64).contains(&token.len()) {
        Ok(token)
    } else {
        Err(Refusal::fault(INVALID, "ClientRequestToken must be 32-64 characters long."))
    }
}

/// The refusal of a token that is another version's id.
pub(super) fn token_in_use(token: &str, secret: &Secret) -> Refusal {
    let message = format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {}.",
        secret.arn
    );
    Refusal::fault("ResourceExistsException", message)
}

/// botocore, `LimitExceededException`.
fn exceeded() -> Refusal {
    let message = "The request failed because it would exceed one of the Secrets Manager quotas.";
    Refusal::fault("LimitExceededException", message)
}
