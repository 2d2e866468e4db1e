//! What a role's session is begun with: how long it lasts, what caps it, how it is tagged. What STS refuses of it stands here once for
//! all operations that begin one.

use std::collections::{BTreeMap, BTreeSet};

use super::credentials::{check_range, invalid};
use crate::iam::policy::Document;
use crate::iam::session::Terms;
use crate::iam::tag;
use crate::refusal::Refusal;
use crate::world::World;

/// Longest session of a role that a role's session assumes, in seconds.
const CHAINED_SECONDS: i64 = 3600;
/// Longest session of any role, in seconds.
const LONGEST_SECONDS: i64 = 43_200;
/// Most characters of a session policy and of all that are passed (botocore, `Policy`).
const POLICY_SIZE: usize = 2048;
const MOST_POLICIES: usize = 10;

/// Checks `RoleSessionName` or `SourceIdentity`, which have one rule.
pub(super) fn check_name(member: &str, name: &str) -> Result<(), Refusal> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let rule = match name.chars().count() {
        0..2 => "Member must have length greater than or equal to 2",
        65.. => "Member must have length less than or equal to 64",
        _ if name.chars().all(sound) => return Ok(()),
        _ => r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
    };
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: {rule}"
    )))
}

/// The seconds of a session of a role that allows at most `longest` of them.
pub(super) fn check_duration(asked: Option<i64>, longest: u32, chained: bool) -> Result<u64, Refusal> {
    let asked = asked.unwrap_or(3600);
    let seconds = check_range(asked, LONGEST_SECONDS)?;
    if chained && asked > CHAINED_SECONDS {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if asked > i64::from(longest) {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    Ok(seconds)
}

/// The session policies: one that is passed as a document, and managed ones.
pub(super) fn policies(
    world: &World,
    inline: Option<&str>,
    managed: &[String],
) -> Result<Vec<(String, Document)>, Refusal> {
    let size = inline.map_or(0, |text| text.chars().count());
    if size > POLICY_SIZE {
        return Err(invalid(format!(
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to {POLICY_SIZE}"
        )));
    }
    if managed.len() > MOST_POLICIES {
        let given = managed.join(", ");
        return Err(invalid(format!(
            "1 validation error detected: Value '[{given}]' at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to {MOST_POLICIES}"
        )));
    }
    let mut policies = Vec::new();
    if let Some(text) = inline {
        policies.push(("session policy".to_owned(), Document::identity(text)?));
    }
    for arn in managed {
        policies.push((arn.clone(), world.iam_seen().managed_document(arn)?.clone()));
    }
    Ok(policies)
}

/// Session tags: those of the request, and those that the calling session hands on (IAM guide, "Passing session tags").
pub(super) fn tags(
    calling: Option<&Terms>,
    asked: &[(String, String)],
    transitive: &[String],
) -> Result<(BTreeMap<String, String>, BTreeSet<String>), Refusal> {
    let parameter = |message: &str| Refusal::fault("InvalidParameterValue", message);
    let mut tags = tag::checked(BTreeMap::new(), asked).map_err(|refusal| match refusal {
        Refusal::Fault { message, .. } => Refusal::fault("InvalidParameterValue", message),
        Refusal::Denied(_) | Refusal::NotSimulated { .. } => refusal,
    })?;
    let tagged = |key: &String| asked.iter().any(|(tag, _)| tag.eq_ignore_ascii_case(key));
    if !transitive.iter().all(tagged) {
        return Err(parameter("The specified transitive tag key must be included in the requested tags."));
    }
    let mut handed_on: BTreeSet<String> = transitive.iter().cloned().collect();
    for key in calling.into_iter().flat_map(|terms| &terms.transitive) {
        if tagged(key) {
            return Err(parameter(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
            ));
        }
        let value = calling.and_then(|terms| terms.tags.get(key)).cloned().unwrap_or_default();
        tags.insert(key.clone(), value);
        handed_on.insert(key.clone());
    }
    Ok((tags, handed_on))
}
