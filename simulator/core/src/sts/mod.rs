//! STS: who a caller is, and temporary credentials of roles and users.
//!
//! Deliberately absent: SAML, federation tokens, MFA, and session tags that an identity token carries.

mod access_key_info;
mod assume_role;
mod authorization_message;
mod credentials;
mod identity;
mod session_terms;
mod session_token;
#[cfg(test)]
mod tests;
mod web_identity;

pub use access_key_info::GetAccessKeyInfo;
pub use assume_role::{AssumeRole, AssumeRoleOutput};
pub use authorization_message::DecodeAuthorizationMessage;
pub use credentials::TemporaryCredentials;
pub use identity::{CallerIdentity, GetCallerIdentity};
pub use session_token::GetSessionToken;
pub use web_identity::{AssumeRoleWithWebIdentity, IdentityToken, Verification, WebIdentityOutput};
