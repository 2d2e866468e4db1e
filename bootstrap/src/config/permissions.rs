//! The section `[permissions]`: what nobody of the project may ever do, whatever else is allowed.

use serde::Deserialize;

use super::Misplaced;
use super::name::{NameError, name};
use crate::location::AccountId;

/// The value of `boundary` that has bootstrap make one.
const MAKE: &str = "make";

/// Services whose actions would let a role give itself more, or act as somebody else.
const RAISING: [&str; 6] = ["account", "iam", "identitystore", "organizations", "sso", "sts"];

name!(
    /// The prefix of a service's actions in policies, such as `s3`.
    ServicePrefix,
    "a service",
    "the prefix of its actions, such as `s3`; not `iam`, `sts`, `organizations`, `account`, `sso` or `identitystore`, with which a role could give itself more",
    |text| {
        (2..=63).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !RAISING.contains(&text)
    }
);

name!(
    /// What `boundary` may say: `make`, or the ARN of a managed policy.
    BoundaryName,
    "a permissions boundary",
    "`make`, or the ARN of a managed policy such as `arn:aws:iam::123456789012:policy/developers`",
    |text| {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let is_policy = match parts.as_slice() {
            ["arn", partition, "iam", "", account, resource] => {
                let is_account = AccountId::parse(account).is_ok();
                let name = resource.strip_prefix("policy/").unwrap_or_default();
                partition.starts_with("aws")
                    && (is_account || *account == "aws")
                    && !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&byte))
            }
            _ => false,
        };
        text == MAKE || is_policy
    }
);

/// The section `[permissions]` as it is written. [`Permissions::boundary`] is what it means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Permissions {
    /// The permissions boundary of the project's roles and user; left out, they have none of bootstrap's.
    pub boundary: Option<BoundaryName>,
    /// For a boundary that bootstrap makes: the services that the app itself calls.
    #[serde(default)]
    pub services: Vec<ServicePrefix>,
}

/// The permissions boundary of the project's roles and user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// One that bootstrap makes: what deploys and the start of tasks take, and these services for the app.
    Made {
        /// The services that the app itself may be allowed to call.
        services: Vec<ServicePrefix>,
    },
    /// The managed policy with this ARN, which the organisation demands of every role.
    Demanded(String),
}

impl Permissions {
    /// What the section means.
    ///
    /// # Errors
    /// If `services` does not go with the boundary.
    pub fn boundary(&self) -> Result<Option<Boundary>, Misplaced> {
        let Self { boundary, services } = self;
        match boundary.as_ref().map(BoundaryName::as_str) {
            Some(MAKE) => {
                let mut services = services.clone();
                services.sort();
                services.dedup();
                Ok(Some(Boundary::Made { services }))
            }
            _ if !services.is_empty() => {
                Err(Misplaced { key: "services", what: "this key goes with `boundary = \"make\"` only" })
            }
            Some(arn) => Ok(Some(Boundary::Demanded(arn.to_owned()))),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(section: Value) -> Result<Permissions, String> {
        serde_json::from_value(section).map_err(|error| error.to_string())
    }

    #[test]
    fn a_boundary_is_made_or_named() {
        let arn = "arn:aws:iam::123456789012:policy/org/developers";
        for (section, misplaced) in [
            (json!({}), None),
            (json!({"boundary": "make"}), None),
            (json!({"boundary": "make", "services": ["s3", "sqs"]}), None),
            (json!({"boundary": arn}), None),
            (json!({"boundary": arn, "services": ["s3"]}), Some("services")),
            (json!({"services": ["s3"]}), Some("services")),
        ] {
            let boundary = read(section.clone()).expect("each key by itself is right").boundary();
            assert_eq!(boundary.err().map(|misplaced| misplaced.key), misplaced, "{section}");
        }
        for (section, said) in [
            (json!({"boundary": "yes"}), "`yes` is not a permissions boundary"),
            (json!({"boundary": "arn:aws:iam::123456789012:role/x"}), "is not a permissions boundary"),
            (json!({"boundary": "make", "services": ["iam"]}), "`iam` is not a service"),
            (json!({"boundary": "make", "services": ["s3:*"]}), "`s3:*` is not a service"),
        ] {
            let error = read(section.clone()).expect_err("something is wrong");
            assert!(error.contains(said), "{section}: {error}");
        }
    }
}
