//! A local OpenID Connect issuer that stands in for GitHub's: it signs tokens with the claims of a workflow's job, so that a deploy's
//! whole path from the workflow to a role is rehearsed, and the simulated account trusts it in place of the real one.
//!
//! [`Job`] says what a token claims, [`Issuer`] signs and checks tokens, [`IssuerServer`] answers a runner over HTTP.

mod issuer;
mod job;
mod key;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use issuer::read;
pub use issuer::{GITHUB, Issuer, IssuerError};
pub use job::{Job, RepositoryError, Subject, Trigger};
pub use server::{IssuerServer, ServerError, routes};
