//! Second opinions: what other people's readers of policies say of the policies that bootstrap writes. What they find is either mended or
//! accepted here, for a reason.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::identity::{FULL, KEYED};
use super::{Person, Project};
use crate::serve::{fixture, told};

/// A finding that is accepted: of which policies, whose, what, of what, and why.
type Accepted = (&'static [&'static str], &'static str, &'static str, &'static str, &'static str);

const LOGIN: &str = "whoever pushes or pulls logs in to the registry, and the action has no resource";
const DEPLOY_USER: &str =
    "of the deploy user alone; a role needs no key, and a boundary caps what the person can give either";
const LIST_TASKS: &str = "its only resource type is the container instance, which a task on Fargate has none of; the condition on the cluster confines it";
const APP: &str = "`services` says that the app may be allowed anything of S3; a boundary allows nothing by itself";
const UNKNOWN_KEY: &str = "parliament has IAM's table of April 2025 without identity providers' keys; they are in GitHub's documentation and in STS's table since 2026";
const ALL_TYPES: &str =
    "the action acts on one of several types of resource, and parliament wants all of them named in one statement";

const ACCEPTED: &[Accepted] = &[
    (&["boundary", "deploy", "execution", "host"], "parliament", "CREDENTIALS_EXPOSURE", "ecr:*", LOGIN),
    (
        &["boundary", "deploy", "execution", "host"],
        "cloudsplaining",
        "CredentialsExposure",
        "ecr:GetAuthorizationToken",
        LOGIN,
    ),
    (&["boundary", "deploy"], "parliament", "RESOURCE_STAR", "ecs:ListTasks", LIST_TASKS),
    (&["boundary", "deploy"], "policy_sentry", "CouldBeNarrower", "ecs:ListTasks", LIST_TASKS),
    (
        &["boundary", "deploy"],
        "parliament",
        "PERMISSIONS_MANAGEMENT_ACTIONS",
        "iam:*",
        "a deploy hands its own two roles to ECS's tasks, and to nothing else",
    ),
    (&["boundary"], "parliament", "PERMISSIONS_MANAGEMENT_ACTIONS", "s3:*", APP),
    (&["boundary"], "parliament", "RESOURCE_STAR", "s3:*", APP),
    (&["boundary"], "cloudsplaining", "DataExfiltration", "s3:*", APP),
    (&["boundary"], "cloudsplaining", "InfrastructureModification", "s3:*", APP),
    (&["boundary"], "cloudsplaining", "ResourceExposure", "s3:*", APP),
    (&["boundary"], "cloudsplaining", "ServiceWildcard", "s3:*", APP),
    (&["boundary"], "cloudsplaining", "Tagging", "s3:*", APP),
    (
        &["bootstrap"],
        "parliament",
        "PERMISSIONS_MANAGEMENT_ACTIONS",
        "iam:*",
        "making the project's roles and policies is what bootstrap is for; each is named exactly",
    ),
    (
        &["bootstrap"],
        "parliament",
        "PRIVILEGE_ESCALATION",
        "CreateNewPolicyVersion",
        "of the project's own policies alone; where the person must not choose the boundary, `boundary` names one of the organisation's",
    ),
    (&["bootstrap"], "parliament", "CREDENTIALS_EXPOSURE", "iam:*", DEPLOY_USER),
    (&["bootstrap"], "parliament", "PRIVILEGE_ESCALATION", "CreateAccessKey", DEPLOY_USER),
    (&["bootstrap"], "parliament", "PRIVILEGE_ESCALATION", "PutUserPolicy", DEPLOY_USER),
    (&["bootstrap"], "parliament", "RESOURCE_MISMATCH", "ec2:CreateSecurityGroup", ALL_TYPES),
    (&["bootstrap"], "parliament", "RESOURCE_MISMATCH", "elasticloadbalancing:DeleteListener", ALL_TYPES),
    (&["bootstrap"], "parliament", "RESOURCE_MISMATCH", "elasticloadbalancing:DeleteRule", ALL_TYPES),
    (&["bootstrap"], "parliament", "RESOURCE_MISMATCH", "elasticloadbalancing:ModifyListener", ALL_TYPES),
    (&["trust"], "parliament", "CREDENTIALS_EXPOSURE", "sts:*", "a trust policy says who gets the role's credentials"),
    (
        &["trust"],
        "parliament",
        "UNKNOWN_FEDERATION_SOURCE",
        "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        "parliament knows SAML and four providers by name; GitHub is not among them",
    ),
    (&["trust"], "parliament", "UNKNOWN_CONDITION_FOR_ACTION", "token.actions.githubusercontent.com:aud", UNKNOWN_KEY),
    (&["trust"], "parliament", "UNKNOWN_CONDITION_FOR_ACTION", "token.actions.githubusercontent.com:ref", UNKNOWN_KEY),
    (
        &["trust"],
        "parliament",
        "UNKNOWN_CONDITION_FOR_ACTION",
        "token.actions.githubusercontent.com:repository_id",
        UNKNOWN_KEY,
    ),
    (&["trust"], "parliament", "UNKNOWN_CONDITION_FOR_ACTION", "token.actions.githubusercontent.com:sub", UNKNOWN_KEY),
];

/// What is found in the policies of a project: which policy, whose opinion, what it is, and of what.
fn found(more: &str) -> BTreeSet<[String; 4]> {
    let project = Project::check_out_with(more);
    let nobody = Person::nobody(&project);
    let printed = nobody.run(&["policy", "--account", "123456789012", "--json"]).ends(0).stdout;
    let output = Command::new(fixture("clients/ensure")).arg("opinions").output().expect("the script can be run");
    assert!(output.status.success(), "{}", told(&output));
    let programs = std::path::PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let mut command = Command::new(programs.join("python"));
    command.arg(fixture("clients/opinions.py")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it was installed");
    let mut stdin = child.stdin.take().expect("its input was asked for");
    stdin.write_all(printed.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the child is ours");
    assert!(output.status.success(), "{}", told(&output));
    serde_json::from_slice(&output.stdout).expect("it prints a list of findings")
}

#[test]
fn readers_of_policies_find_nothing_that_is_not_accepted_for_a_reason() {
    let found: BTreeSet<[String; 4]> = [FULL, KEYED].into_iter().flat_map(found).collect();
    let accepted: BTreeSet<[String; 4]> = ACCEPTED
        .iter()
        .flat_map(|(policies, by, what, of, reason)| {
            assert!(!reason.is_empty());
            policies.iter().map(|policy| [*policy, *by, *what, *of].map(str::to_owned))
        })
        .collect();
    let more: Vec<_> = found.difference(&accepted).collect();
    assert!(more.is_empty(), "found, and not accepted: {more:#?}");
    let fewer: Vec<_> = accepted.difference(&found).collect();
    assert!(fewer.is_empty(), "accepted, and not found any more: {fewer:#?}");
}
