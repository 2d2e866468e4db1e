//! Denials explained: which policy refused the call, and the smallest statement that would allow it.

use std::fmt::Write as _;

use serde_json::Value;
use simulator_core::iam::decision::{Named, PolicyKind};
use simulator_core::iam::policy::Document;
use simulator_core::iam::{Judged, Near, Told, judge, read_told};
use thiserror::Error;

use crate::wire::authorization_message;

/// A policy to hold a denial against.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// What to call it.
    pub name: String,
    /// The policy, or what the AWS CLI answers of it.
    pub text: String,
}

/// Why a denial cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DenialError {
    /// The text tells of no denial.
    #[error("no denial is told of: AWS's sentence has `User: … is not authorized to perform: …`")]
    NoDenial,
    /// A policy cannot be read.
    #[error("`{name}` is no policy: {complaint}")]
    Policy {
        /// What it is called.
        name: String,
        /// What is wrong with it, in AWS's words where they are AWS's.
        complaint: String,
    },
}

/// What marks EC2's encoded message.
const ENCODED: &str = "Encoded authorization failure message: ";

/// Explains every denial that `text` tells of: AWS's messages, lines of `greenroom serve`, what `aws sts decode-authorization-message` answers,
/// and EC2's encoded messages as far as greenroom has encoded them. With `policies`, says what in them refuses the call.
///
/// # Errors
/// If the text tells of no denial, or a policy is none.
pub fn explain(text: &str, policies: &[PolicyFile]) -> Result<String, DenialError> {
    let documents = policies.iter().map(read_policy).collect::<Result<Vec<_>, _>>()?;
    let named: Vec<Named<'_>> =
        policies.iter().zip(&documents).map(|(file, document)| Named { name: &file.name, document }).collect();
    let all = read(text);
    if all.is_empty() {
        return Err(DenialError::NoDenial);
    }
    let told: Vec<String> = all.iter().map(|told| paragraph(told, &named)).collect();
    Ok(told.join("\n\n"))
}

/// Whether `text` may tell of a denial, and is no code of a finding.
#[must_use]
pub fn may_tell(text: &str) -> bool {
    text.contains("not authorized") || text.contains(ENCODED) || text.trim_start().starts_with('{')
}

/// The denials of `text`. What an encoded message holds is more than its sentence, and is told instead of it.
fn read(text: &str) -> Vec<Told> {
    let encoded = text.split(ENCODED).skip(1).filter_map(|rest| rest.split(|c: char| !is_encoded(c)).next());
    let mut all: Vec<Told> =
        encoded.filter_map(authorization_message::decode).flat_map(|decoded| read_told(&decoded)).collect();
    for told in read_told(text) {
        let same =
            |one: &Told| (&one.caller, &one.action, &one.resource) == (&told.caller, &told.action, &told.resource);
        if !all.iter().any(same) {
            all.push(told);
        }
    }
    all
}

const fn is_encoded(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// The policy in a file: a policy document, or an answer of IAM's that has one.
fn read_policy(file: &PolicyFile) -> Result<Document, DenialError> {
    let wrong = |complaint: String| DenialError::Policy { name: file.name.clone(), complaint };
    let value: Value = serde_json::from_str(&file.text).map_err(|error| wrong(error.to_string()))?;
    let document = answered(&value).unwrap_or_else(|| file.text.clone());
    Document::identity(&document).map_err(|malformed| wrong(malformed.0))
}

/// The text of the policy in an answer of IAM's, as the AWS CLI prints it; nothing if the value is no such answer.
pub(crate) fn answered(value: &Value) -> Option<String> {
    let document =
        ["/PolicyDocument", "/PolicyVersion/Document", "/Document"].iter().find_map(|place| value.pointer(place))?;
    Some(document.as_str().map_or_else(|| document.to_string(), str::to_owned))
}

fn paragraph(told: &Told, policies: &[Named<'_>]) -> String {
    let Told { caller, action, resource, .. } = told;
    let mut text = format!("{} may not {action} on {resource}\n\n", short(caller));
    if policies.is_empty() {
        text.push_str(&unjudged(told));
    } else {
        text.push_str(&judged(told, policies));
    }
    let pattern =
        told.statement().and(resource.rsplit_once(':')).filter(|(start, _)| start.contains(":task-definition/"));
    if let Some((family, revision)) = pattern.filter(|(_, revision)| *revision != "*") {
        write!(
            text,
            "\n\nThat is revision {revision} alone: for those that a deploy registers later, write {family}:*"
        )
        .expect("a text takes what is written");
    }
    if action == "iam:PassRole" && told.context.is_empty() && told.statement().is_some() {
        text.push_str(
            "\n\nThe message does not say to which service the role is passed. For roles of ECS tasks, add\n\
             \"Condition\": {\"StringEquals\": {\"iam:PassedToService\": \"ecs-tasks.amazonaws.com\"}}",
        );
    }
    text
}

/// What the message alone says.
fn unjudged(told: &Told) -> String {
    let kind = told.policy.as_deref().unwrap_or("identity-based policy");
    if told.explicit {
        let by = told.named.as_ref().map_or_else(|| format!("A statement of {}", with_article(kind)), capitalised);
        return format!(
            "{by} denies it. No statement that is added helps: that one must go or be narrowed. Find it with\n\
             greenroom explain … --policy FILE"
        );
    }
    match (told.kind(), told.statement()) {
        (Some(kind), Some(statement)) => format!("{}\n\n{statement}", add_to(told, kind)),
        (_, _) => {
            format!("No {kind} allows it, and that is none of the account's own: whoever manages it must allow it.")
        }
    }
}

/// What it comes from in the light of the policies.
fn judged(told: &Told, policies: &[Named<'_>]) -> String {
    match judge(told, policies) {
        Judged::Denied(statement) => {
            format!(
                "{} denies it. No statement that is added helps: it must go or be narrowed.",
                capitalised(statement)
            )
        }
        Judged::Allowed(statement) => format!(
            "{} allows it, and no other denies it: as far as the message tells, these are not the policies that refused it, or not yet those \
             that do.\n\n{}",
            capitalised(statement),
            unjudged(told)
        ),
        Judged::Missing(near) => {
            let mut text = unjudged(told);
            for Near { statement, conditions } in near {
                let differs = if conditions.is_empty() {
                    "but not on this resource".to_owned()
                } else {
                    format!(
                        "but only under its condition on {}, which this call does not meet as far as is told",
                        conditions.join(", ")
                    )
                };
                write!(text, "\n\n{} allows {}, {differs}.", capitalised(statement), told.action)
                    .expect("a text takes what is written");
            }
            text
        }
    }
}

fn add_to(told: &Told, kind: PolicyKind) -> String {
    let who = short(&told.caller);
    match kind {
        PolicyKind::Identity => format!("No identity-based policy allows it. Add this statement to a policy of {who}:"),
        PolicyKind::Resource => {
            format!("No resource-based policy allows it. Add this statement to the policy of {}:", told.resource)
        }
        PolicyKind::Trust => {
            format!(
                "The role's trust policy does not allow it. Add this statement to the trust policy of {}:",
                told.resource
            )
        }
        PolicyKind::Boundary => format!(
            "The permissions boundary of {who} does not allow it, whatever its policies do. Add this statement to the boundary:"
        ),
        PolicyKind::Session => format!(
            "The policy that was passed when the session of {who} began does not allow it, whatever the role's policies do. Add this statement \
             to what is passed:"
        ),
    }
}

/// A principal without what all ARNs have in common: `user/deploy`.
fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

fn capitalised(text: impl std::fmt::Display) -> String {
    let text = text.to_string();
    // ARNs stay as they are.
    if text.starts_with("arn:") {
        return text;
    }
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = "User: arn:aws:iam::123456789012:user/deploy is not authorized to perform: ecs:UpdateService on resource: \
        arn:aws:ecs:eu-central-1:123456789012:service/news/api";

    fn policy(statement: &str) -> PolicyFile {
        PolicyFile {
            name: "deploy.json".to_owned(),
            text: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
        }
    }

    /// A denial, a policy, and parts of what is said of them.
    #[test]
    fn denials_are_explained() {
        let service = "arn:aws:ecs:eu-central-1:123456789012:service/news/api";
        let elsewhere = r#"{"Effect":"Allow","Action":"ecs:UpdateService","Resource":"arn:aws:ecs:*:*:service/old/*"}"#;
        let answer = PolicyFile {
            name: "answer.json".to_owned(),
            text: format!(r#"{{"PolicyVersion": {{"Document": {{"Version":"2012-10-17","Statement":{elsewhere}}}}}}}"#),
        };
        let deny = r#"{"Sid":"Frozen","Effect":"Deny","Action":"ecs:*","Resource":"*"}"#;
        let missing = format!("{DENIED} because no identity-based policy allows the ecs:UpdateService action");
        for (message, policies, parts) in [
            (
                missing.clone(),
                vec![],
                vec![
                    "user/deploy may not ecs:UpdateService on arn:aws:ecs:",
                    "Add this statement to a policy of user/deploy:",
                    "\"Action\": \"ecs:UpdateService\"",
                    service,
                ],
            ),
            (
                missing.clone(),
                vec![policy(elsewhere)],
                vec![
                    "Add this statement",
                    "Statement 1 of policy `deploy.json` allows ecs:UpdateService, but not on this resource.",
                ],
            ),
            (missing.clone(), vec![answer], vec!["Statement 1 of policy `answer.json`"]),
            (
                missing.clone(),
                vec![policy(deny)],
                vec!["Statement `Frozen` of policy `deploy.json` denies it. No statement that is added helps"],
            ),
            (
                missing,
                vec![policy(r#"{"Effect":"Allow","Action":"ecs:*","Resource":"*"}"#)],
                vec!["allows it, and no other denies it"],
            ),
            (
                format!("{DENIED} with an explicit deny in an identity-based policy"),
                vec![],
                vec!["A statement of an identity-based policy denies it.", "--policy FILE"],
            ),
            (
                format!("{DENIED} because no permissions boundary allows the ecs:UpdateService action"),
                vec![],
                vec!["Add this statement to the boundary:"],
            ),
            (
                format!("{DENIED} because no service control policy allows the ecs:UpdateService action"),
                vec![],
                vec!["No service control policy allows it, and that is none of the account's own"],
            ),
            (
                DENIED.replace(
                    "ecs:UpdateService on resource: arn:aws:ecs:eu-central-1:123456789012:service/news/api",
                    "iam:PassRole on resource: arn:aws:iam::123456789012:role/task",
                ),
                vec![],
                vec!["arn:aws:iam::123456789012:role/task", "ecs-tasks.amazonaws.com"],
            ),
            (
                DENIED.replace(
                    "ecs:UpdateService on resource: arn:aws:ecs:eu-central-1:123456789012:service/news/api",
                    "ecs:RunTask on resource: arn:aws:ecs:eu-central-1:123456789012:task-definition/api:3",
                ),
                vec![],
                vec!["That is revision 3 alone", "task-definition/api:*"],
            ),
        ] {
            let text = explain(&message, &policies).unwrap_or_else(|error| panic!("{message}: {error}"));
            for part in parts {
                assert!(text.contains(part), "`{part}` is not in\n{text}");
            }
        }
        assert_eq!(explain("nothing", &[]), Err(DenialError::NoDenial));
        let error = explain(DENIED, &[policy("7")]).expect_err("no policy").to_string();
        assert!(error.starts_with("`deploy.json` is no policy: "), "{error}");
    }
}
