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

#[cfg(any(fuzzing, test))]
pub(crate) use message::Message;
pub use sessions::{Invitation, Sessions};
#[cfg(any(fuzzing, test))]
pub(crate) use stream::Incoming;

/// Reads what `message` carries in every way that a message's payload is read.
#[cfg(any(fuzzing, test))]
pub(crate) fn understand(message: &Message) {
    let _ = (words::accepted(&message.payload), words::acknowledged(&message.payload), words::size(&message.payload));
    if let Ok(text) = str::from_utf8(&message.payload) {
        let _ = words::OpenDataChannel::read(text);
    }
    let mut pieces = stream::Pieces::default();
    let cut: Vec<_> = pieces.of(&message.payload).into_iter().chain(pieces.end()).collect();
    assert_eq!(cut.concat(), message.payload, "output was lost");
}
