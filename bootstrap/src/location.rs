//! Where a project lives: account, region, partition; and the ARNs that follow from them.

use std::fmt;

use serde::Deserialize;

/// The number of an AWS account: exactly twelve digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountId(String);

/// The text is not the number of an AWS account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an AWS account number: twelve digits are needed")]
pub struct AccountIdError(String);

impl AccountId {
    /// Reads an account number.
    ///
    /// # Errors
    /// If the text is anything but twelve digits.
    pub fn parse(text: &str) -> Result<Self, AccountIdError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AccountIdError(text.to_owned()))
        }
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountId {
    type Error = AccountIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS region such as `eu-central-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Region(String);

/// The text is not the name of a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of an AWS region, such as `eu-central-1`")]
pub struct RegionError(String);

impl Region {
    /// Reads the name of a region: words of lower-case letters, then a number, joined by hyphens. Whether AWS has such a
    /// region is not checked, since it opens new ones.
    ///
    /// # Errors
    /// If the text does not have that form.
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let words: Vec<&str> = text.split('-').collect();
        let shaped = match words.split_last() {
            Some((number, names)) => {
                names.len() >= 2
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
                    && names.iter().all(|name| name.len() >= 2 && name.bytes().all(|byte| byte.is_ascii_lowercase()))
            }
            None => false,
        };
        if shaped { Ok(Self(text.to_owned())) } else { Err(RegionError(text.to_owned())) }
    }

    /// The name as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region belongs to, as the second field of its ARNs names it.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        const BY_PREFIX: [(&str, &str); 7] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
            ("eusc-", "aws-eusc"),
        ];
        BY_PREFIX
            .iter()
            .find_map(|(prefix, partition)| self.0.starts_with(prefix).then_some(*partition))
            .unwrap_or("aws")
    }

    /// What the names of services' hosts end in there.
    #[must_use]
    pub fn domain(&self) -> &'static str {
        if self.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}

impl TryFrom<String> for Region {
    type Error = RegionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One account in one region: what every ARN of a project begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl Location {
    /// The ARN of a regional resource, for example `arn("ecs", "cluster/news")`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.region.partition(), self.region, self.account)
    }

    /// The ARN of an IAM resource, which has no region, for example `iam_arn("role/news-api-task")`.
    #[must_use]
    pub fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.region.partition(), self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_told_from_typing_mistakes() {
        for good in ["eu-central-1", "us-east-1", "us-gov-west-1", "ap-southeast-14"] {
            assert!(Region::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "eu", "eu-central", "EU-central-1", "eu-central-1a", "eu_central_1", "eu--1", "central-1"] {
            assert!(Region::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arns_name_the_partition_of_the_region() {
        let arn = |region: &str| {
            let account = AccountId::parse("123456789012").expect("twelve digits");
            Location { account, region: Region::parse(region).expect("a region") }.arn("ecs", "cluster/news")
        };
        assert_eq!(arn("eu-central-1"), "arn:aws:ecs:eu-central-1:123456789012:cluster/news");
        assert_eq!(arn("cn-north-1"), "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/news");
        assert_eq!(arn("us-gov-west-1"), "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:cluster/news");
    }

    #[test]
    fn an_account_number_has_twelve_digits() {
        assert!(AccountId::parse("123456789012").is_ok());
        for bad in ["12345678901", "1234567890123", "12345678901x", ""] {
            assert!(AccountId::parse(bad).is_err(), "{bad}");
        }
    }
}
