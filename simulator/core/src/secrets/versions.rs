//! ListSecretVersionIds.

use std::collections::BTreeSet;

use super::list::bad_token;
use super::{INVALID, access, name};
use crate::arn::Arn;
use crate::constraint::check_range;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Lists the versions of a secret, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct ListSecretVersionIds {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// Whether versions without a label are listed too.
    pub with_deprecated: bool,
    /// Most versions of a page: 1 to 100.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub next_token: Option<String>,
}

/// The answer to [`ListSecretVersionIds`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretVersions {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// A page of its versions.
    pub versions: Page<VersionEntry>,
}

/// A version as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionEntry {
    /// Its id.
    pub id: String,
    /// Its labels.
    pub stages: BTreeSet<String>,
    /// When it was made.
    pub created: Timestamp,
    /// The day on which it was last read.
    pub accessed: Option<Timestamp>,
}

impl Operation for ListSecretVersionIds {
    type Output = SecretVersions;
    const NAME: &'static str = "secretsmanager:ListSecretVersionIds";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { secret_id, with_deprecated, limit, next_token } = authorized.operation;
        let limit = limit.unwrap_or(100);
        check_range(INVALID, "maxResults", limit, 1, 100)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 100");
        let name = name::require(world, &secret_id)?;
        let secret = world.secrets.named(&name)?;
        let listed = secret.versions.iter().filter(|(_, version)| with_deprecated || !version.stages.is_empty());
        let entry = listed.map(|(id, version)| {
            let key = format!("{:020} {id}", version.created.as_millis());
            let (stages, created, accessed) = (version.stages.clone(), version.created, version.accessed);
            (key, VersionEntry { id: id.clone(), stages, created, accessed })
        });
        let mut entries: Vec<(String, VersionEntry)> = entry.collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let versions = page(entries.into_iter(), next_token.as_deref(), limit).ok_or_else(bad_token)?;
        Ok(SecretVersions { arn: secret.arn.clone(), name, versions })
    }
}
