//! The two numbered streams of a data channel, without sockets: what has arrived and what has to be sent again.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::message::Message;

/// So many messages wait for their predecessors, or for somebody to read them.
const MOST_KEPT: usize = 256;
/// So many messages are under way at once, each of [`PIECE`] bytes at most.
const MOST_UNDER_WAY: usize = 256;
/// An acknowledgement may take this long, at first (`DefaultTransmissionTimeout` of both public sides).
const FIRST_PATIENCE: Duration = Duration::from_millis(200);
/// And this long later (`MaxTransmissionTimeout`).
const LONGEST_PATIENCE: Duration = Duration::from_secs(1);
/// Most bytes of output in one message (`StreamDataPayloadSize`).
const PIECE: usize = 1024;

/// What the other side sends, put in order.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    expected: i64,
    kept: BTreeMap<i64, Message>,
}

impl Incoming {
    /// Keeps `message`, and answers whether it is to be acknowledged: one that has been read already is, one that there is no room
    /// for is not.
    pub(crate) fn receive(&mut self, message: Message) -> bool {
        if message.sequence < self.expected {
            return true;
        }
        // Whoever is next in order finds room in any case.
        let has_room = self.kept.len() < MOST_KEPT || message.sequence == self.expected;
        if has_room {
            self.kept.entry(message.sequence).or_insert(message);
        }
        has_room
    }

    /// The message whose turn it is.
    pub(crate) fn first(&self) -> Option<&Message> {
        self.kept.get(&self.expected)
    }

    /// Takes it.
    pub(crate) fn take(&mut self) -> Option<Message> {
        let message = self.kept.remove(&self.expected)?;
        self.expected = self.expected.saturating_add(1);
        Some(message)
    }
}

/// What this side sends.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    next: i64,
    under_way: VecDeque<Sent>,
}

#[derive(Debug)]
struct Sent {
    sequence: i64,
    bytes: Bytes,
    at: Instant,
    patience: Duration,
}

impl Outgoing {
    /// The next message's number.
    pub(super) const fn next(&self) -> i64 {
        self.next
    }

    /// `bytes`, the next message, are sent at `now`.
    pub(super) fn sent(&mut self, bytes: Bytes, now: Instant) {
        self.under_way.push_back(Sent { sequence: self.next, bytes, at: now, patience: FIRST_PATIENCE });
        self.next += 1;
    }

    /// Whether nothing more should be sent until something is acknowledged.
    pub(super) fn is_full(&self) -> bool {
        self.under_way.len() >= MOST_UNDER_WAY
    }

    /// Whether everything has been acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The message number `sequence` has arrived.
    pub(super) fn acknowledge(&mut self, sequence: i64) {
        self.under_way.retain(|sent| sent.sequence != sequence);
    }

    /// When the oldest message is to be sent again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.under_way.front().map(|sent| sent.at + sent.patience)
    }

    /// The oldest message, which is sent again at `now`.
    pub(super) fn again(&mut self, now: Instant) -> Option<Bytes> {
        let sent = self.under_way.front_mut()?;
        sent.at = now;
        sent.patience = (sent.patience * 2).min(LONGEST_PATIENCE);
        Some(sent.bytes.clone())
    }
}

/// Cuts output into pieces that end where characters do, as far as it is text.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    rest: Vec<u8>,
}

impl Pieces {
    /// The pieces of what has been written so far, less the beginning of a character.
    pub(super) fn of(&mut self, output: &[u8]) -> Vec<Bytes> {
        self.rest.extend_from_slice(output);
        let whole = self.rest.len() - unfinished(&self.rest);
        let ready: Vec<u8> = self.rest.drain(..whole).collect();
        let mut ready = Bytes::from(ready);
        let mut pieces = Vec::new();
        while ready.len() > PIECE {
            let length = PIECE - unfinished(&ready[..PIECE]);
            pieces.push(ready.split_to(length));
        }
        if !ready.is_empty() {
            pieces.push(ready);
        }
        pieces
    }

    /// What is left at the end.
    pub(super) fn end(&mut self) -> Option<Bytes> {
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then(|| Bytes::from(rest))
    }
}

/// How many bytes at the end of `bytes` are the beginning of a character: 0 to 3.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = bytes.iter().rev().take(3).position(|byte| byte & 0b1100_0000 != 0b1000_0000);
    let Some(back) = tail else { return 0 };
    let wanted = match bytes[bytes.len() - 1 - back] {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    if back + 1 < wanted { back + 1 } else { 0 }
}
