//! STS: who a caller is, and temporary credentials of roles.
//!
//! Deliberately absent: web identities, SAML, federation tokens, session tags.

mod assume_role;
mod identity;
#[cfg(test)]
mod tests;

pub use assume_role::{AssumeRole, AssumeRoleOutput, TemporaryCredentials};
pub use identity::{CallerIdentity, GetCallerIdentity};
