//! ListSecrets.

use super::describe::{accessed, describe};
use super::filter::{self, SecretFilter};
use super::{INVALID, Secret, SecretDescription};
use crate::constraint::check_range;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page, page_down};
use crate::refusal::Refusal;
use crate::world::World;

/// Lists secrets.
#[derive(Clone, Debug, Default)]
pub struct ListSecrets {
    /// Whether secrets that wait for their deletion are listed too.
    pub with_deleted: bool,
    /// Only secrets that pass all of them.
    pub filters: Vec<SecretFilter>,
    /// What they are ordered by.
    pub order: SecretOrder,
    /// Whether the last comes first.
    pub descending: bool,
    /// Most secrets of a page: 1 to 100.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub next_token: Option<String>,
}

/// `SortBy`. What is equal is in the order of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretOrder {
    /// `created-date`.
    #[default]
    Created,
    /// `last-accessed-date`; never read comes first.
    Accessed,
    /// `last-changed-date`.
    Changed,
    /// `name`.
    Name,
}

impl Operation for ListSecrets {
    type Output = Page<SecretDescription>;
    const NAME: &'static str = "secretsmanager:ListSecrets";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { with_deleted, filters, order, descending, limit, next_token } = authorized.operation;
        filter::check(&filters)?;
        let limit = limit.unwrap_or(100);
        check_range(INVALID, "maxResults", limit, 1, 100)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 100");
        let mut listed: Vec<(String, SecretDescription)> = world
            .secrets
            .present(world.now)
            .filter(|(name, secret)| {
                (with_deleted || secret.deletion.is_none()) && filter::fits(name, secret, &filters)
            })
            .map(|(name, secret)| (order.key(name, secret), describe(name, secret)))
            .collect();
        listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        let token = next_token.as_deref();
        let page = if descending {
            page_down(listed.into_iter().rev(), token, limit)
        } else {
            page(listed.into_iter(), token, limit)
        };
        page.ok_or_else(bad_token)
    }
}

impl SecretOrder {
    fn key(self, name: &str, secret: &Secret) -> String {
        let at = match self {
            Self::Created => secret.created,
            Self::Accessed => accessed(&secret.versions).unwrap_or_default(),
            Self::Changed => secret.changed,
            Self::Name => return name.to_owned(),
        };
        format!("{:020} {name}", at.as_millis())
    }
}

pub(super) fn bad_token() -> Refusal {
    Refusal::fault("InvalidNextTokenException", "The NextToken value is invalid.")
}
