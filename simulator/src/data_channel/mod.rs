//! Session Manager's data channel, on which `aws ecs execute-command` reaches into a container.
//!
//! ExecuteCommand answers with an address, a session and a token ([`Sessions::invite`]). The client opens a websocket there, shows the
//! token, and from then on speaks with the agent beside the container in binary [`message`]s, which each side numbers, acknowledges
//! and sends again ([`stream`]). Here the agent is an `exec` of the container engine with a terminal ([`crate::driver::docker`]).
//!
//! The protocol is the one of the public clients and agents (session-manager-plugin 1.2, amazon-ssm-agent 3.3). Deliberately absent:
//! encryption by a KMS key, the logging of sessions to S3 and CloudWatch Logs, sessions that are taken up again after the connection
//! broke, and Session Manager's own API: ending the connection ends the session.

mod message;
mod session;
mod sessions;
mod stream;
#[cfg(test)]
mod tests;
mod words;

pub use sessions::{Invitation, Sessions};
