//! What a statement of the right shape must say and must not say.

use super::parse::{Kind, Malformed, Raw};
use super::{PrincipalPattern, Selection};

/// Partitions that AWS has.
const PARTITIONS: [&str; 7] = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];
/// How the resource part of IAM's ARNs may begin.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];
/// What a trust policy may allow.
const TRUST_ACTIONS: [&str; 5] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
];

/// Checks all statements for one thing, then for the next, as IAM does.
pub(super) fn check(statements: &[Raw<'_>], kind: Kind) -> Result<(), Malformed> {
    each(statements, |statement| sid(statement, kind))?;
    each(statements, |statement| present(statement.action.as_ref(), "Policy statement must contain actions."))?;
    each(statements, |statement| principal(statement, kind))?;
    if kind == Kind::Identity {
        each(statements, |statement| present(statement.resource.as_ref(), "Policy statement must contain resources."))?;
    }
    each(statements, |statement| entries(statement.action.as_ref()).try_for_each(action))?;
    if kind == Kind::Trust {
        each(statements, trust)?;
    }
    each(statements, |statement| entries(statement.resource.as_ref()).try_for_each(resource))
}

fn each<'a>(
    statements: &'a [Raw<'a>],
    check: impl FnMut(&'a Raw<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    statements.iter().try_for_each(check)
}

fn entries<'a>(selection: Option<&'a Selection<&'a str>>) -> impl Iterator<Item = &'a str> {
    let entries: &[&str] = match selection {
        None => &[],
        Some(Selection::Only(entries) | Selection::AllBut(entries)) => entries,
    };
    entries.iter().copied()
}

fn sid(statement: &Raw<'_>, kind: Kind) -> Result<(), Malformed> {
    let sound = |sid: &str| kind == Kind::Resource || sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if statement.sid.is_none_or(sound) {
        return Ok(());
    }
    Err(Malformed::new(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    ))
}

fn present(selection: Option<&Selection<&str>>, complaint: &str) -> Result<(), Malformed> {
    if entries(selection).next().is_some() { Ok(()) } else { Err(Malformed::new(complaint)) }
}

fn principal(statement: &Raw<'_>, kind: Kind) -> Result<(), Malformed> {
    match (kind, &statement.principal) {
        (Kind::Identity, Some(_)) => Err(Malformed::new("Policy document should not specify a principal.")),
        (Kind::Trust | Kind::Resource, None) => Err(Malformed::new("Missing required field Principal")),
        (Kind::Identity, None) | (Kind::Trust | Kind::Resource, Some(_)) => Ok(()),
    }
}

fn action(action: &str) -> Result<(), Malformed> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, rest)) = action.split_once(':') else {
        return Err(Malformed::new("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    };
    if rest.contains(':') {
        return Err(Malformed::new("Actions/Condition can contain only one colon."));
    }
    let sound = !vendor.is_empty() && vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if sound { Ok(()) } else { Err(Malformed::new(format!("Vendor {vendor} is not valid"))) }
}

fn trust(statement: &Raw<'_>) -> Result<(), Malformed> {
    if statement.resource.is_some() {
        return Err(Malformed::new("Has prohibited field Resource."));
    }
    let stray = |action: &str| !TRUST_ACTIONS.contains(&action.to_ascii_lowercase().as_str());
    if entries(statement.action.as_ref()).any(stray) {
        return Err(Malformed::new(
            "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity",
        ));
    }
    Ok(())
}

fn resource(resource: &str) -> Result<(), Malformed> {
    if resource == "*" {
        return Ok(());
    }
    let Some(("arn", rest)) = resource.split_once(':') else {
        return Err(Malformed::new(format!("Resource {resource} must be in ARN format or \"*\".")));
    };
    let (partition, rest) = rest.split_once(':').unwrap_or((rest, ""));
    if !partition.contains(['*', '?', '$']) && !PARTITIONS.contains(&partition) {
        return Err(Malformed::new(format!("Partition \"{partition}\" is not valid for resource \"{resource}\".")));
    }
    let mut parts = rest.splitn(4, ':');
    match (parts.next(), parts.nth(2)) {
        (Some("iam"), Some(path)) if path != "*" && !path.contains("${") && !begins_as_iam_path(path) => {
            let list = IAM_PATHS.join(", ");
            Err(Malformed::new(format!("IAM resource path must either be \"*\" or start with {list}.")))
        }
        (vendor, _) if vendor.is_none_or(|vendor| vendor.is_empty() || vendor.contains(['*', '?'])) => {
            Err(Malformed::new("Resource vendor must be fully qualified and cannot contain regexes."))
        }
        _ => Ok(()),
    }
}

fn begins_as_iam_path(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    // A wildcard within the first segment may stand for any of them.
    first.contains(['*', '?']) || IAM_PATHS.iter().any(|start| path.starts_with(start))
}

impl PrincipalPattern {
    /// Reads an entry of `Principal`: `kind` is `AWS`, `Service`, `Federated` or `CanonicalUser`.
    pub(super) fn parse(kind: &str, name: &str) -> Result<Self, Malformed> {
        let invalid = || Malformed::new(format!("Invalid principal in policy: \"{kind}\":\"{name}\""));
        match kind {
            "AWS" if name == "*" => Ok(Self::Anyone),
            "AWS" if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Self::Account(name.to_owned()))
            }
            "AWS" => {
                let parts: Vec<&str> = name.splitn(6, ':').collect();
                match parts.as_slice() {
                    ["arn", _, "iam", "", account, "root"] => Ok(Self::Account((*account).to_owned())),
                    ["arn", _, "iam" | "sts", "", _, resource] if !resource.contains(['*', '?']) => {
                        Ok(Self::Arn(name.to_owned()))
                    }
                    _ => Err(invalid()),
                }
            }
            "Service" if name.contains('.') && !name.contains(['*', '?', '/', ':']) => {
                Ok(Self::Service(name.to_owned()))
            }
            "Federated" => Ok(Self::Federated(name.to_owned())),
            "CanonicalUser" => Ok(Self::CanonicalUser(name.to_owned())),
            _ => Err(invalid()),
        }
    }
}
