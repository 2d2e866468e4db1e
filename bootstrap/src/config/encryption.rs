//! How ECR encrypts what is in a repository.

use serde::Deserialize;

use super::name::{NameError, name};
use crate::location::AccountId;

name!(
    /// What `encryption` of `[repository]` may say. ECR takes a key's whole ARN (ECR API reference, EncryptionConfiguration).
    Encryption,
    "an encryption of repositories",
    "`AES256`, `KMS` for the account's own key for ECR, or the ARN of a KMS key such as `arn:aws:kms:eu-central-1:123456789012:key/...`",
    |text| {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let is_key = match parts.as_slice() {
            ["arn", partition, "kms", region, account, resource] => {
                partition.starts_with("aws")
                    && !region.is_empty()
                    && AccountId::parse(account).is_ok()
                    && resource.strip_prefix("key/").is_some_and(|id| !id.is_empty() && !id.contains(['*', '/', ' ']))
            }
            _ => false,
        };
        is_key || [AES256, KMS].contains(&text)
    }
);

/// With a key of S3's.
pub(crate) const AES256: &str = "AES256";
/// With a key of the Key Management Service.
pub(crate) const KMS: &str = "KMS";

impl Encryption {
    /// ECR's word for it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.as_str() == AES256 { AES256 } else { KMS }
    }

    /// The ARN of the key, where one is named.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        Some(self.as_str()).filter(|text| text.starts_with("arn:"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_word_of_ecrs_or_the_whole_arn_of_a_key() {
        let key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for (text, expected) in [("AES256", ("AES256", None)), ("KMS", ("KMS", None)), (key, ("KMS", Some(key)))] {
            let encryption = Encryption::parse(text).expect(text);
            assert_eq!((encryption.kind(), encryption.key()), expected, "{text}");
        }
        let alias = "arn:aws:kms:eu-central-1:123456789012:alias/images";
        for text in ["", "kms", "aws/ecr", alias, "arn:aws:kms:eu-central-1:123456789012:key/*", "arn:aws:s3:::key/a"] {
            assert!(Encryption::parse(text).is_err(), "{text}");
        }
    }
}
