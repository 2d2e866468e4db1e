//! BatchGetSecretValue: the values of several secrets.

use super::filter::{self, SecretFilter};
use super::list::bad_token;
use super::{GetSecretValue, INVALID, SecretValue};
use crate::constraint::{check_range, violation};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Reads the current values of secrets that are named, or that pass filters.
#[derive(Clone, Debug, Default)]
pub struct BatchGetSecretValue {
    /// Names or ARNs: up to 20. Not together with `filters`.
    pub secret_ids: Vec<String>,
    /// Filters, as of [`super::ListSecrets`].
    pub filters: Vec<SecretFilter>,
    /// Most values of a page: 1 to 20. Only together with `filters`.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub next_token: Option<String>,
}

/// The answer to [`BatchGetSecretValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchSecretValues {
    /// The values.
    pub values: Vec<SecretValue>,
    /// The secrets that could not be read.
    pub errors: Vec<Unread>,
    /// What the next call must bring to go on.
    pub next: Option<String>,
}

/// A secret that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its name or ARN, as it was asked for.
    pub secret_id: String,
    /// AWS's error code.
    pub code: &'static str,
    /// Its message.
    pub message: String,
}

impl Operation for BatchGetSecretValue {
    type Output = BatchSecretValues;
    const NAME: &'static str = "secretsmanager:BatchGetSecretValue";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        let mut accesses = vec![Access::new(Self::NAME, "*")];
        if !self.filters.is_empty() {
            accesses.push(Access::new("secretsmanager:ListSecrets", "*"));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation, caller, .. } = authorized;
        let Page { items: ids, next } = chosen(world, operation)?;
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for secret_id in ids {
            // Each is a call of its own for IAM; whoever may not make it gets the others' values all the same.
            match world.pass(&caller, GetSecretValue { secret_id: secret_id.clone(), ..GetSecretValue::default() }) {
                Ok(value) => values.push(value),
                Err(Refusal::Fault { code, message, .. }) => errors.push(Unread { secret_id, code, message }),
                Err(Refusal::Denied(denial)) => {
                    let (code, message) = ("AccessDeniedException", denial.to_string());
                    errors.push(Unread { secret_id, code, message });
                }
                Err(refusal @ Refusal::NotSimulated { .. }) => return Err(refusal),
            }
        }
        Ok(BatchSecretValues { values, errors, next })
    }
}

/// The secrets that a request is about.
fn chosen(world: &World, operation: BatchGetSecretValue) -> Result<Page<String>, Refusal> {
    let BatchGetSecretValue { secret_ids, filters, limit, next_token } = operation;
    if secret_ids.is_empty() == filters.is_empty() {
        let message = "Either 'SecretIdList' or 'Filters' must be provided, but not both.";
        return Err(Refusal::fault(INVALID, message));
    }
    if filters.is_empty() && limit.is_some() {
        let message = "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.";
        return Err(Refusal::fault(INVALID, message));
    }
    if secret_ids.len() > 20 {
        let written = format!("[{}]", secret_ids.join(", "));
        return Err(violation(INVALID, &written, "secretIdList", "Member must have length less than or equal to 20"));
    }
    if !secret_ids.is_empty() {
        return Ok(Page { items: secret_ids, next: None });
    }
    filter::check(&filters)?;
    let limit = limit.unwrap_or(20);
    check_range(INVALID, "maxResults", limit, 1, 20)?;
    let limit = usize::try_from(limit).expect("checked to lie in 1 to 20");
    let fitting = world
        .secrets
        .present(world.now)
        .filter(|(name, secret)| secret.deletion.is_none() && filter::fits(name, secret, &filters));
    page(fitting.map(|(name, _)| (name, name.clone())), next_token.as_deref(), limit).ok_or_else(bad_token)
}
