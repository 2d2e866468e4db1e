//! ListTaskDefinitionFamilies.

use super::DefinitionStatus;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// `status` of a family: whether it has an ACTIVE revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilyStatus {
    /// It has one.
    Active,
    /// It has none.
    Inactive,
    /// Either.
    #[default]
    All,
}

/// Lists the names of families.
#[derive(Clone, Debug, Default)]
pub struct ListTaskDefinitionFamilies {
    /// `familyPrefix`.
    pub prefix: Option<String>,
    /// `status`.
    pub status: FamilyStatus,
    /// `maxResults`, 100 by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListTaskDefinitionFamilies {
    type Output = Page<String>;
    const NAME: &'static str = "ecs:ListTaskDefinitionFamilies";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<String>, Refusal> {
        let asked = authorized.operation;
        let prefix = asked.prefix.as_deref().unwrap_or_default();
        let families = world.ecs.definitions.iter().filter(|(family, revisions)| {
            let mut revisions = revisions.iter();
            let active = revisions.any(|revision| revision.status() == DefinitionStatus::Active);
            family.starts_with(prefix)
                && match asked.status {
                    FamilyStatus::Active => active,
                    FamilyStatus::Inactive => !active,
                    FamilyStatus::All => true,
                }
        });
        let names = families.map(|(family, _)| (family, family.clone()));
        page(names, asked.token.as_deref(), asked.limit)
            .ok_or_else(|| Refusal::fault("InvalidParameterException", "Invalid token."))
    }
}
