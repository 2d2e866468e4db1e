//! Who may take a role.

use serde_json::{Value, json};

use super::statement::{Condition, VERSION, conditions_to_json};
use crate::config::deploy::{Jobs, Workflow};
use crate::location::Location;

/// GitHub's issuer of identity tokens, without `https://`: the name of its provider, and what its condition keys begin with.
pub const GITHUB_ISSUER: &str = "token.actions.githubusercontent.com";

/// The trust policy of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    /// Who may take the role.
    pub principal: Principal,
    /// On which conditions.
    pub conditions: Vec<Condition>,
}

/// Who may take a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An AWS service.
    Service(&'static str),
    /// Whoever has a token of the identity provider with this ARN.
    Federated(String),
}

/// The audience of the tokens that AWS takes: the one that aws-actions/configure-aws-credentials asks for by default, and its
/// README for China.
#[must_use]
pub fn audience(location: &Location) -> &'static str {
    if location.region.partition() == "aws-cn" { "sts.amazonaws.com.cn" } else { "sts.amazonaws.com" }
}

/// The ARN of GitHub's identity provider, of which an account has one.
#[must_use]
pub fn github_provider(location: &Location) -> String {
    location.iam_arn(&format!("oidc-provider/{GITHUB_ISSUER}"))
}

impl TrustPolicy {
    /// For the roles of tasks: ECS may take them for tasks of this account and region and for nobody else's. ECS has the same name in
    /// every partition, unlike EC2 (aws-cdk `region-info`, `Default.servicePrincipal`). Without the
    /// conditions, a task of a stranger's account could name the role (the "confused deputy" of the IAM user guide).
    #[must_use]
    pub fn for_tasks(location: &Location) -> Self {
        Self {
            principal: Principal::Service("ecs-tasks.amazonaws.com"),
            conditions: vec![
                Condition {
                    operator: "StringEquals",
                    key: "aws:SourceAccount",
                    values: vec![location.account.as_str().to_owned()],
                },
                Condition { operator: "ArnLike", key: "aws:SourceArn", values: vec![location.arn("ecs", "*")] },
            ],
        }
    }

    /// For the roles with which ECS itself acts on load balancers and calls functions. AWS documents no condition for it
    /// (ECS developer guide, "Amazon ECS infrastructure IAM role for load balancers" and "Permissions required for Lambda
    /// functions"), and one that ECS does not meet would stop every deployment.
    #[must_use]
    pub const fn for_ecs() -> Self {
        Self { principal: Principal::Service("ecs.amazonaws.com"), conditions: Vec::new() }
    }

    /// For the role of an EC2 instance. EC2 hands it to instances of the account alone, and AWS documents no condition for it (EC2 user
    /// guide, "IAM roles for Amazon EC2"); in China the service has a name of its own (aws-cdk `region-info`,
    /// `Default.servicePrincipal`).
    #[must_use]
    pub fn for_instances(location: &Location) -> Self {
        let is_china = location.region.partition() == "aws-cn";
        let service = if is_china { "ec2.amazonaws.com.cn" } else { "ec2.amazonaws.com" };
        Self { principal: Principal::Service(service), conditions: Vec::new() }
    }

    /// For the role of deploys: exactly these jobs may take it.
    ///
    /// Repositories that were made, renamed or transferred since 15 July 2026 have their numbers in the subject of their tokens
    /// and older ones have not (GitHub docs, "OpenID Connect reference"): both forms are written out. A name that is given up can be
    /// taken by somebody else; the number cannot, and is asked for as well. A job that names an environment has it in the subject
    /// instead of its branch or tag, which another claim tells.
    #[must_use]
    pub fn for_workflow(location: &Location, workflow: &Workflow) -> Self {
        let Workflow { repository, repository_id, owner_id, jobs, session: _ } = workflow;
        let (context, reference, is_pattern) = match jobs {
            Jobs::Of(reference) => (format!("ref:{}", escaped(&reference.full())), None, reference.is_pattern()),
            Jobs::In(environment, reference) => {
                (format!("environment:{}", escaped(environment.as_str())), reference.as_ref(), false)
            }
        };
        let (owner, name) = repository.as_str().split_once('/').unwrap_or((repository.as_str(), ""));
        let (owner_id, repository_id) = (owner_id.get(), repository_id.get());
        let subjects = [format!("{owner}@{owner_id}/{name}@{repository_id}"), repository.to_string()];
        let compared = |is_pattern| if is_pattern { "StringLike" } else { "StringEquals" };
        let mut conditions = vec![
            Condition {
                operator: "StringEquals",
                key: "token.actions.githubusercontent.com:aud",
                values: vec![audience(location).to_owned()],
            },
            Condition {
                operator: "StringEquals",
                key: "token.actions.githubusercontent.com:repository_id",
                values: vec![repository_id.to_string()],
            },
            Condition {
                operator: compared(is_pattern),
                key: "token.actions.githubusercontent.com:sub",
                values: subjects.map(|subject| format!("repo:{subject}:{context}")).to_vec(),
            },
        ];
        conditions.extend(reference.map(|reference| Condition {
            operator: compared(reference.is_pattern()),
            key: "token.actions.githubusercontent.com:ref",
            values: vec![reference.full()],
        }));
        Self { principal: Principal::Federated(github_provider(location)), conditions }
    }

    /// The ARN of the identity provider whose tokens it trusts, if it trusts any.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        match &self.principal {
            Principal::Federated(arn) => Some(arn),
            Principal::Service(_) => None,
        }
    }

    /// The JSON that IAM takes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (principal, action) = match &self.principal {
            Principal::Service(name) => (json!({"Service": name}), "sts:AssumeRole"),
            Principal::Federated(arn) => (json!({"Federated": arn}), "sts:AssumeRoleWithWebIdentity"),
        };
        let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": action});
        if !self.conditions.is_empty() {
            statement["Condition"] = conditions_to_json(&self.conditions);
        }
        json!({"Version": VERSION, "Statement": [statement]})
    }

    /// The text to send, without whitespace.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }
}

/// A value as it stands in a subject, where a colon separates.
fn escaped(value: &str) -> String {
    value.replace(':', "%3A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::{AccountId, Region};

    #[test]
    fn principals_and_audiences_are_those_of_the_partition() {
        for (region, partition, instances, audience) in [
            ("eu-central-1", "aws", "ec2.amazonaws.com", "sts.amazonaws.com"),
            ("cn-north-1", "aws-cn", "ec2.amazonaws.com.cn", "sts.amazonaws.com.cn"),
            ("cn-northwest-1", "aws-cn", "ec2.amazonaws.com.cn", "sts.amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "ec2.amazonaws.com", "sts.amazonaws.com"),
        ] {
            let account = AccountId::parse("123456789012").expect("twelve digits");
            let location = Location { account, region: Region::parse(region).expect("a region") };
            let tasks = TrustPolicy::for_tasks(&location);
            assert_eq!(tasks.principal, Principal::Service("ecs-tasks.amazonaws.com"), "{region}");
            let arn = format!("arn:{partition}:ecs:{region}:123456789012:*");
            assert_eq!(tasks.conditions[1].values, [arn], "{region}");
            assert_eq!(TrustPolicy::for_ecs().principal, Principal::Service("ecs.amazonaws.com"), "{region}");
            assert_eq!(TrustPolicy::for_instances(&location).principal, Principal::Service(instances), "{region}");
            assert_eq!(super::audience(&location), audience, "{region}");
            let provider = format!("arn:{partition}:iam::123456789012:oidc-provider/{GITHUB_ISSUER}");
            assert_eq!(github_provider(&location), provider, "{region}");
        }
    }
}
