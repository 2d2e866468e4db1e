//! GetParameterHistory: all versions of a parameter.

use std::collections::BTreeSet;

use super::{DEFAULT_KEY, INVALID, Kind, Tier, Version, bad_token, resource};
use crate::constraint::check_range;
use crate::iam::Secret;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Lists the versions of a parameter, the oldest first.
#[derive(Clone, Debug)]
pub struct GetParameterHistory {
    /// `Name`.
    pub name: String,
    /// `WithDecryption`.
    pub decrypt: bool,
    /// `MaxResults`: 1 to 50.
    pub limit: Option<i64>,
    /// `NextToken`.
    pub next_token: Option<String>,
}

/// A version of a parameter, with its value, which is not printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// `Name`.
    pub name: String,
    /// `Type`.
    pub kind: Kind,
    /// `KeyId`, of a SecureString.
    pub key: Option<&'static str>,
    /// `LastModifiedDate`.
    pub modified: Timestamp,
    /// `LastModifiedUser`.
    pub modified_by: String,
    /// `Description`.
    pub description: Option<String>,
    /// `Value`.
    pub value: Secret,
    /// `Version`.
    pub version: u64,
    /// `Labels`.
    pub labels: BTreeSet<String>,
    /// `Tier`.
    pub tier: Tier,
}

impl Operation for GetParameterHistory {
    type Output = Page<HistoryEntry>;
    const NAME: &'static str = "ssm:GetParameterHistory";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, decrypt, limit, next_token } = authorized.operation;
        let limit = limit.unwrap_or(50);
        check_range(INVALID, "maxResults", limit, 1, 50)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 50");
        let (name, parameter) = world.ssm.named(&name)?;
        let entries = parameter.versions.iter().map(|(number, version)| {
            let Version { value: _, ciphertext: _, kind, description, tier, modified, modified_by, labels } = version;
            let entry = HistoryEntry {
                name: name.to_owned(),
                kind: *kind,
                key: (*kind == Kind::SecureString).then_some(DEFAULT_KEY),
                modified: *modified,
                modified_by: modified_by.clone(),
                description: description.clone(),
                value: version.shown(decrypt),
                version: *number,
                labels: labels.clone(),
                tier: *tier,
            };
            (format!("{number:020}"), entry)
        });
        page(entries, next_token.as_deref(), limit).ok_or_else(bad_token)
    }
}
