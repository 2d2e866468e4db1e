//! Whose an access key is.

use super::credentials::invalid;
use crate::arn::AccountId;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Asks which account an access key id belongs to.
#[derive(Clone, Debug)]
pub struct GetAccessKeyInfo {
    /// The access key id: 16 to 128 letters, digits and underscores.
    pub access_key_id: String,
}

impl Operation for GetAccessKeyInfo {
    type Output = AccountId;
    const NAME: &'static str = "sts:GetAccessKeyInfo";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { access_key_id } = authorized.operation;
        let rule = match access_key_id.chars().count() {
            0..16 => Some("Member must have length greater than or equal to 16"),
            129.. => Some("Member must have length less than or equal to 128"),
            _ if access_key_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => None,
            _ => Some(r"Member must satisfy regular expression pattern: [\w]*"),
        };
        if let Some(rule) = rule {
            return Err(invalid(format!(
                "1 validation error detected: Value '{access_key_id}' at 'accessKeyId' failed to satisfy constraint: {rule}"
            )));
        }
        // A real id tells its account by itself, even when the key is gone; ours tell nothing once they are.
        match world.credential(&access_key_id) {
            Some(credential) => Ok(credential.caller.account),
            None => Err(invalid(format!("Invalid AccessKeyId: {access_key_id}"))),
        }
    }
}
