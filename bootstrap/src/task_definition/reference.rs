//! What a task definition names elsewhere in the account: roles, secrets, parameters, files.

use crate::location::{AccountId, Location};
use crate::resource::Spec;
use crate::resource::parameter::Parameter;
use crate::resource::secret::Secret;

/// A role as `executionRoleArn` or `taskRoleArn` names it: by its ARN or by its bare name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleReference {
    /// The account in the ARN; none where only the name is given.
    pub account: Option<AccountId>,
    /// The role's path, with a slash at both ends; `/` unless the ARN says otherwise.
    pub path: String,
    /// The role's name.
    pub name: String,
}

impl RoleReference {
    /// Reads a role's ARN or name; none if the text is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some(arn) = Arn::parse(text) else {
            return is_role_name(text).then(|| Self { account: None, path: "/".to_owned(), name: text.to_owned() });
        };
        let with_path = arn.resource.strip_prefix("role").filter(|_| arn.service == "iam")?;
        let cut = with_path.rfind('/')?;
        let (path, name) = with_path.split_at(cut + 1);
        (path.starts_with('/') && is_role_name(name)).then_some(())?;
        Some(Self { account: Some(AccountId::parse(arn.account).ok()?), path: path.to_owned(), name: name.to_owned() })
    }
}

/// IAM `RoleName`: 1 to 64 of letters, digits and `+=,.@_-`.
fn is_role_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
}

/// Where a secret environment variable, log option or registry credential comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretReference {
    /// A Secrets Manager secret: its ARN as written, without the JSON key, version stage and version id that may follow.
    Secret {
        /// The ARN, with or without the six random characters that end a whole one.
        arn: String,
    },
    /// An SSM parameter by its ARN.
    ParameterArn {
        /// The ARN.
        arn: String,
    },
    /// An SSM parameter of the same account and region by its name.
    ParameterName {
        /// The name, with its leading slash if it has one.
        name: String,
    },
}

impl SecretReference {
    /// Reads a `valueFrom`; none if it is an ARN of something that holds no secret.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with("arn:") {
            let named =
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
            return named.then(|| Self::ParameterName { name: text.to_owned() });
        }
        let arn = Arn::parse(text)?;
        match arn.service {
            "ssm" if arn.resource.starts_with("parameter/") => Some(Self::ParameterArn { arn: text.to_owned() }),
            "secretsmanager" => {
                // arn:partition:secretsmanager:region:account:secret:NAME[:json-key:version-stage:version-id]
                let name = arn.resource.strip_prefix("secret:")?.split(':').next().filter(|name| !name.is_empty())?;
                let before = text.len() - arn.resource.len();
                Some(Self::Secret { arn: format!("{}secret:{name}", text.get(..before)?) })
            }
            _ => None,
        }
    }

    /// What holds the secret, if it is in this account and region and thus can be looked for. A name of ours that ends in six
    /// small letters after a hyphen (`my-secret`) is taken for a name, since AWS all but never chooses such six characters.
    #[must_use]
    pub fn holder(&self, location: &Location) -> Option<Holder> {
        let here = |arn: &str, service: &str, kind: &str| {
            arn.strip_prefix(&location.arn(service, kind)).filter(|name| !name.is_empty()).map(str::to_owned)
        };
        match self {
            Self::Secret { arn } => {
                let name = here(arn, "secretsmanager", "secret:")?;
                Some(match suffix(arn) {
                    Suffix::Random => Holder::WholeSecret { arn: arn.clone() },
                    Suffix::Absent | Suffix::Doubtful => Holder::Secret { name },
                })
            }
            // Names of parameters in a hierarchy begin with a slash, which their ARNs lack (facts of the ARN's form: SSM user guide).
            Self::ParameterArn { arn } => {
                let name = here(arn, "ssm", "parameter/")?;
                Some(Holder::Parameter { name: if name.contains('/') { format!("/{name}") } else { name } })
            }
            Self::ParameterName { name } => Some(Holder::Parameter { name: name.clone() }),
        }
        // Parameter Store hands these on to Secrets Manager, and holds nothing itself.
        .filter(|holder| !matches!(holder, Holder::Parameter { name } if name.starts_with("/aws/reference/")))
    }

    /// The ARNs that a policy must name to let the reference be read, and no more.
    ///
    /// A whole secret's ARN ends in a hyphen and six random characters; one without them is matched by `-??????`. A name
    /// that itself ends in a six-letter word after a hyphen looks just like a whole ARN (`my-secret`), so that both forms
    /// are given: the second can only match what the same text means.
    #[must_use]
    pub fn policy_resources(&self, location: &Location) -> Vec<String> {
        match self {
            Self::Secret { arn } => match suffix(arn) {
                Suffix::Random => vec![arn.clone()],
                Suffix::Absent => vec![format!("{arn}-??????")],
                Suffix::Doubtful => vec![arn.clone(), format!("{arn}-??????")],
            },
            Self::ParameterArn { arn } => vec![arn.clone()],
            Self::ParameterName { name } => {
                vec![location.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))]
            }
        }
    }
}

/// What holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A Secrets Manager secret, by its name.
    Secret {
        /// The name.
        name: String,
    },
    /// A Secrets Manager secret, by its whole ARN: it was there before the ARN could be written down.
    WholeSecret {
        /// The ARN.
        arn: String,
    },
    /// An SSM parameter.
    Parameter {
        /// The name, with its leading slash if it has one.
        name: String,
    },
}

impl From<Holder> for Spec {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::Secret { name } => Self::Secret(Secret { name, is_whole: false }),
            Holder::WholeSecret { arn } => Self::Secret(Secret { name: arn, is_whole: true }),
            Holder::Parameter { name } => Self::Parameter(Parameter { name }),
        }
    }
}

enum Suffix {
    Random,
    Absent,
    Doubtful,
}

fn suffix(arn: &str) -> Suffix {
    match arn.rsplit_once('-') {
        Some((_, end)) if end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            if end.bytes().all(|byte| byte.is_ascii_lowercase()) { Suffix::Doubtful } else { Suffix::Random }
        }
        _ => Suffix::Absent,
    }
}

/// The six fields of an ARN, of which the last may hold colons itself.
pub(super) struct Arn<'a> {
    pub(super) service: &'a str,
    pub(super) account: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.splitn(6, ':');
        let (arn, _partition, service, _region, account, resource) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        (arn == "arn" && !resource.is_empty()).then_some(Self { service, account, resource })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Region;

    fn location() -> Location {
        Location {
            account: AccountId::parse("123456789012").expect("twelve digits"),
            region: Region::parse("eu-central-1").expect("a region"),
        }
    }

    #[test]
    fn roles_are_named_by_arn_or_name() {
        let read = |text| RoleReference::parse(text).map(|role| format!("{}{}", role.path, role.name));
        assert_eq!(read("arn:aws:iam::123456789012:role/news-api-task").as_deref(), Some("/news-api-task"));
        assert_eq!(read("arn:aws:iam::123456789012:role/apps/eu/task").as_deref(), Some("/apps/eu/task"));
        assert_eq!(read("news-api-task").as_deref(), Some("/news-api-task"));
        for bad in [
            "",
            "a role",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::12:role/x",
            "arn:aws:iam::123456789012:role/",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn secrets_are_granted_by_the_narrowest_arn_that_matches() {
        let secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:";
        let parameter = "arn:aws:ssm:eu-central-1:123456789012:parameter/";
        let cases: [(String, Vec<String>); 7] = [
            (format!("{secret}news/db-Ab12Cd"), vec![format!("{secret}news/db-Ab12Cd")]),
            (format!("{secret}news/db-Ab12Cd:url::"), vec![format!("{secret}news/db-Ab12Cd")]),
            (format!("{secret}news/db"), vec![format!("{secret}news/db-??????")]),
            (format!("{secret}my-secret"), vec![format!("{secret}my-secret"), format!("{secret}my-secret-??????")]),
            ("/news/key".to_owned(), vec![format!("{parameter}news/key")]),
            ("key".to_owned(), vec![format!("{parameter}key")]),
            (format!("{parameter}news/key"), vec![format!("{parameter}news/key")]),
        ];
        for (text, expected) in cases {
            let reference = SecretReference::parse(&text).expect(&text);
            assert_eq!(reference.policy_resources(&location()), expected, "{text}");
        }
        for bad in
            ["", "two words", "arn:aws:s3:::bucket/key", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"]
        {
            assert_eq!(SecretReference::parse(bad), None, "{bad}");
        }
    }
}
