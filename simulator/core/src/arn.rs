//! Account ids, regions and ARNs.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A twelve-digit AWS account id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AccountId(String);

impl FromStr for AccountId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not a twelve-digit account id"))
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS Region's name, such as `eu-central-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// The Region called `name`. Any name is accepted: AWS adds Regions.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Amazon Resource Name, whole. Copies of it share its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "String", try_from = "String"))]
pub struct Arn(Arc<str>);

impl Arn {
    /// The ARN `arn:aws:<service>:<region>:<account>:<resource>`.
    #[must_use]
    pub fn new(service: &str, region: &Region, account: &AccountId, resource: &str) -> Self {
        Self(format!("arn:aws:{service}:{region}:{account}:{resource}").into())
    }

    /// The ARN of something that no Region holds, as IAM's are.
    #[must_use]
    pub fn global(service: &str, account: &AccountId, resource: &str) -> Self {
        Self(format!("arn:aws:{service}::{account}:{resource}").into())
    }

    /// The ARN that begins with `prefix` and ends with `rest`.
    pub(crate) fn from_parts(prefix: &str, rest: &str) -> Self {
        Self([prefix, rest].concat().into())
    }

    /// The whole ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the fifth colon, such as `service/news/news-api`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.0.splitn(6, ':').nth(5).unwrap_or_default()
    }
}

impl PartialOrd for Arn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Arn {
    /// As the texts are ordered. Most are compared with copies of themselves, which need not be read.
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl FromStr for Arn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("arn:") && text.splitn(6, ':').count() == 6 {
            Ok(Self(text.into()))
        } else {
            Err(format!("`{text}` is not an ARN"))
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> Self {
        arn.0.as_ref().to_owned()
    }
}

impl TryFrom<String> for Arn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
