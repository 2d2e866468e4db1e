//! Messages of the data channel: a header of fixed length, big-endian, and a payload.
//!
//! ```text
//! header length  4 | message type  32 | schema version  4 | created  8 | sequence number  8 | flags  8
//! message id    16 | SHA-256       32 | payload type    4 | payload length 4 | payload
//! ```
//!
//! The header's length counts all before the payload's length. A message id's halves are swapped, the least significant first.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use simulator_core::Timestamp;
use thiserror::Error;

/// What the header's length field says.
const HEADER: usize = 116;
/// Where the payload begins.
const PAYLOAD: usize = HEADER + 4;

/// A client's input.
pub(super) const INPUT: &str = "input_stream_data";
/// The agent's output.
pub(super) const OUTPUT: &str = "output_stream_data";
/// Either side has a message.
pub(super) const ACKNOWLEDGE: &str = "acknowledge";
/// The session is over.
pub(super) const CHANNEL_CLOSED: &str = "channel_closed";

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its type, such as `input_stream_data`.
    pub(crate) kind: String,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Its number among those of its sender, from 0.
    pub(crate) sequence: i64,
    /// Bit 0: the first of its sender; bit 1: the last.
    pub(crate) flags: u64,
    /// What it is acknowledged by.
    pub(crate) id: Id,
    /// What the payload is, a number of [`payload`].
    pub(crate) payload_kind: u32,
    /// What it carries.
    pub(crate) payload: Bytes,
}

/// What a message is acknowledged by: a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) u128);

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = format!("{:032x}", self.0);
        write!(f, "{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
    }
}

/// The kinds of payload that a session in a terminal uses.
pub(super) mod payload {
    /// Keys that were pressed, or what the terminal shows.
    pub(in super::super) const TEXT: u32 = 1;
    /// The terminal's size.
    pub(in super::super) const SIZE: u32 = 3;
    /// The agent asks what the client can do.
    pub(in super::super) const HANDSHAKE_REQUEST: u32 = 5;
    /// The client's answer.
    pub(in super::super) const HANDSHAKE_RESPONSE: u32 = 6;
    /// The session begins.
    pub(in super::super) const HANDSHAKE_COMPLETE: u32 = 7;
    /// A number that says what is to happen, such as [`TERMINATE`].
    pub(in super::super) const FLAG: u32 = 10;
    /// A flag: the client ends the session.
    pub(in super::super) const TERMINATE: u32 = 2;
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum MessageError {
    /// It ends before its payload begins.
    #[error("a message is shorter than its header")]
    Short,
    /// Its header has another length than that of this protocol.
    #[error("a message's header has the length {0}")]
    Header(u32),
    /// Its type is no text.
    #[error("a message's type is no text")]
    Kind,
    /// The payload's length is not the one that the header gives.
    #[error("a message's payload has another length than its header says")]
    Length,
    /// The payload is not the one that the header gives the hash of.
    #[error("a message's payload has another hash than its header says")]
    Digest,
}

impl Message {
    /// The message that `bytes` are.
    ///
    /// # Errors
    /// Why they are none.
    pub(crate) fn read(bytes: &Bytes) -> Result<Self, MessageError> {
        let mut header = Fields(bytes.get(..PAYLOAD).ok_or(MessageError::Short)?);
        let length = u32::from_be_bytes(header.take());
        if usize::try_from(length) != Ok(HEADER) {
            return Err(MessageError::Header(length));
        }
        let kind: [u8; 32] = header.take();
        // Padded with spaces by some, with zeros by others.
        let kind = str::from_utf8(&kind).map_err(|_| MessageError::Kind)?;
        let kind = kind.trim_matches(['\0', ' ']).to_owned();
        let _schema: [u8; 4] = header.take();
        let created = Timestamp::from_millis(u64::from_be_bytes(header.take()));
        let sequence = i64::from_be_bytes(header.take());
        let flags = u64::from_be_bytes(header.take());
        let (low, high) = (u64::from_be_bytes(header.take()), u64::from_be_bytes(header.take()));
        let digest: [u8; 32] = header.take();
        let payload_kind = u32::from_be_bytes(header.take());
        let payload_length = u32::from_be_bytes(header.take());
        let payload = bytes.slice(PAYLOAD..);
        if usize::try_from(payload_length) != Ok(payload.len()) {
            return Err(MessageError::Length);
        }
        if !payload.is_empty() && Sha256::digest(&payload).as_slice() != digest {
            return Err(MessageError::Digest);
        }
        let id = Id(u128::from(high) << 64 | u128::from(low));
        Ok(Self { kind, created, sequence, flags, id, payload_kind, payload })
    }

    /// Its bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let Self { kind, created, sequence, flags, id: Id(id), payload_kind, payload } = self;
        let mut bytes = Vec::with_capacity(PAYLOAD + payload.len());
        bytes.extend(u32::try_from(HEADER).expect("three digits fit").to_be_bytes());
        bytes.extend(kind.bytes().chain(std::iter::repeat(b' ')).take(32));
        bytes.extend(1_u32.to_be_bytes());
        bytes.extend(created.as_millis().to_be_bytes());
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(flags.to_be_bytes());
        let id = id.to_be_bytes();
        bytes.extend(&id[8..]);
        bytes.extend(&id[..8]);
        bytes.extend(Sha256::digest(payload));
        bytes.extend(payload_kind.to_be_bytes());
        bytes.extend(u32::try_from(payload.len()).expect("a payload is much smaller").to_be_bytes());
        bytes.extend(payload);
        bytes
    }
}

/// What is left of a header, which is long enough for all that is taken.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the header's length has been seen to");
        self.0 = rest;
        *field
    }
}
