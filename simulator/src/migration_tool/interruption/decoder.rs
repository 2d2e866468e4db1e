//! The statements in what a client sends, in PostgreSQL's protocol 3.0 and in MySQL's client/server protocol.
//!
//! Sources: PostgreSQL 15's manual, "Frontend/Backend Protocol", message formats; MySQL's internals manual, "Client/Server Protocol",
//! packets, COM_QUERY, COM_STMT_PREPARE and COM_STMT_EXECUTE.

use std::collections::BTreeMap;

use crate::database::Engine;

/// One message on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its bytes; none if the server must not get it.
    pub bytes: Vec<u8>,
    /// The text of the statement that it has the server run.
    pub statement: Option<String>,
    /// What the client is answered instead of by the server.
    pub answer: Option<u8>,
}

impl Message {
    fn plain(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), statement: None, answer: None }
    }
}

/// Takes what goes to and fro on one connection apart.
#[derive(Debug)]
pub(super) enum Decoder {
    Postgres(Postgres),
    MySql(MySql),
}

impl Decoder {
    pub(super) fn new(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Self::Postgres(Postgres::default()),
            Engine::MySql | Engine::MariaDb => Self::MySql(MySql::default()),
        }
    }

    /// The messages that are complete with `bytes` from the client.
    pub(super) fn client_sent(&mut self, bytes: &[u8]) -> Vec<Message> {
        match self {
            Self::Postgres(it) => it.client_sent(bytes),
            Self::MySql(it) => it.client_sent(bytes),
        }
    }

    /// Looks at bytes from the server on their way to the client, and takes encryption out of what it offers.
    pub(super) fn server_sent(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Postgres(_) => {}
            Self::MySql(it) => it.server_sent(bytes),
        }
    }
}

/// PostgreSQL's protocol.
#[derive(Debug, Default)]
pub(super) struct Postgres {
    pending: Vec<u8>,
    started: bool,
    /// Prepared statements by name, and portals by name.
    prepared: BTreeMap<String, String>,
    portals: BTreeMap<String, String>,
}

/// Codes in place of a version: the client asks for TLS, or for GSSAPI's encryption.
const ASKS_FOR_ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

impl Postgres {
    fn client_sent(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.pending.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some(message) = self.next() {
            messages.push(message);
        }
        messages
    }

    fn next(&mut self) -> Option<Message> {
        // The first message has no type.
        let type_length = usize::from(self.started);
        let length = number(self.pending.get(type_length..type_length + 4)?);
        let end = type_length + usize::try_from(length).ok()?;
        let bytes = self.pending.get(..end)?.to_vec();
        self.pending.drain(..end);
        if !self.started {
            let code = number(bytes.get(4..8).unwrap_or_default());
            if ASKS_FOR_ENCRYPTION.contains(&code) {
                return Some(Message { bytes: Vec::new(), statement: None, answer: Some(b'N') });
            }
            self.started = true;
            return Some(Message::plain(&bytes));
        }
        let mut body = bytes.get(5..).unwrap_or_default();
        let statement = match bytes[0] {
            b'Q' => Some(text(&mut body)),
            b'P' => {
                let name = text(&mut body);
                self.prepared.insert(name, text(&mut body));
                None
            }
            b'B' => {
                let (portal, name) = (text(&mut body), text(&mut body));
                self.portals.insert(portal, self.prepared.get(&name).cloned().unwrap_or_default());
                None
            }
            b'E' => self.portals.get(&text(&mut body)).cloned(),
            _ => None,
        };
        Some(Message { statement, ..Message::plain(&bytes) })
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// A text up to its NUL, which is taken off `body`.
fn text(body: &mut &[u8]) -> String {
    let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
    let found = String::from_utf8_lossy(&body[..end]).into_owned();
    *body = body.get(end + 1..).unwrap_or_default();
    found
}

/// MySQL's and MariaDB's protocol.
#[derive(Debug, Default)]
pub(super) struct MySql {
    pending: Vec<u8>,
    greeted: bool,
    /// What the client has just asked to prepare.
    preparing: Option<String>,
    prepared: BTreeMap<u32, String>,
}

const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;
const COM_STMT_EXECUTE: u8 = 0x17;

/// Capabilities that hide what is sent: TLS in the upper byte, compression in the lower one.
const CLIENT_SSL: u8 = 0x08;
const CLIENT_COMPRESS: u8 = 0x20;

impl MySql {
    fn client_sent(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.pending.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some(message) = self.next() {
            messages.push(message);
        }
        messages
    }

    fn next(&mut self) -> Option<Message> {
        let header = self.pending.get(..4)?;
        let length = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
        // A command begins a new sequence; what belongs to the login continues one.
        let command = header[3] == 0;
        let bytes = self.pending.get(..4 + length)?.to_vec();
        self.pending.drain(..4 + length);
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let statement = match (command, bytes.get(4), bytes.get(5..)) {
            (true, Some(&COM_QUERY), Some(rest)) => Some(lossy(rest)),
            (true, Some(&COM_STMT_PREPARE), Some(rest)) => {
                self.preparing = Some(lossy(rest));
                None
            }
            (true, Some(&COM_STMT_EXECUTE), Some(&[a, b, c, d, ..])) => {
                self.prepared.get(&u32::from_le_bytes([a, b, c, d])).cloned()
            }
            _ => None,
        };
        Some(Message { statement, ..Message::plain(&bytes) })
    }

    fn server_sent(&mut self, bytes: &mut [u8]) {
        if !self.greeted {
            self.greeted = true;
            // Version 10, the server's version and its NUL, a thread, eight bytes and a filler: then the capabilities.
            let version = bytes.get(5..).and_then(|rest| rest.iter().position(|byte| *byte == 0));
            if let Some([low, high]) = version.and_then(|end| bytes.get_mut(5 + end + 14..5 + end + 16)) {
                *low &= !CLIENT_COMPRESS;
                *high &= !CLIENT_SSL;
            }
        }
        if let (Some(preparing), Some(&[0, a, b, c, d])) = (self.preparing.take(), bytes.get(4..9)) {
            self.prepared.insert(u32::from_le_bytes([a, b, c, d]), preparing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).expect("short");
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn mysql(sequence: u8, body: &[u8]) -> Vec<u8> {
        [&[u8::try_from(body.len()).expect("short"), 0, 0, sequence][..], body].concat()
    }

    /// The statements in `sent`, however it is cut into pieces.
    fn statements(engine: Engine, sent: &[u8]) -> Vec<String> {
        let mut found: Option<Vec<String>> = None;
        for size in [1, 7, sent.len()] {
            let mut decoder = Decoder::new(engine);
            let messages: Vec<Message> = sent.chunks(size).flat_map(|piece| decoder.client_sent(piece)).collect();
            let passed: Vec<u8> = messages.iter().flat_map(|message| message.bytes.clone()).collect();
            assert!(sent.ends_with(&passed));
            let all: Vec<String> = messages.into_iter().filter_map(|message| message.statement).collect();
            assert!(found.as_ref().is_none_or(|earlier| *earlier == all), "{all:?}");
            found = Some(all);
        }
        found.unwrap_or_default()
    }

    #[test]
    fn postgresql_statements_count_when_they_are_run() {
        let asks = [8u32.to_be_bytes(), 80_877_103u32.to_be_bytes()].concat();
        let start = [9u32.to_be_bytes().to_vec(), vec![0, 3, 0, 0, 0]].concat();
        let sent = [
            asks,
            start,
            postgres(b'Q', b"BEGIN\0"),
            postgres(b'P', b"s\0ALTER TABLE t ADD c int\0\0\0"),
            postgres(b'B', b"\0s\0\0\0\0\0\0\0"),
            postgres(b'E', b"\0\0\0\0\0"),
            postgres(b'S', b""),
        ]
        .concat();
        assert_eq!(statements(Engine::Postgres, &sent), ["BEGIN", "ALTER TABLE t ADD c int"]);
    }

    #[test]
    fn mysql_statements_count_when_they_are_run() {
        let sent =
            [mysql(1, b"\x03login"), mysql(0, b"\x03SET NAMES utf8mb4"), mysql(0, b"\x16INSERT INTO t VALUES (?)")]
                .concat();
        assert_eq!(statements(Engine::MySql, &sent), ["SET NAMES utf8mb4"]);
        let mut decoder = Decoder::new(Engine::MariaDb);
        let mut greeting = mysql(0, b"\x0a8.0\0threauth-dat\0\xff\xff");
        decoder.server_sent(&mut greeting);
        assert!(greeting.ends_with(&[0, 0xdf, 0xf7]), "{greeting:?}");
        assert_eq!(decoder.client_sent(&sent).len(), 3);
        decoder.server_sent(&mut mysql(1, &[0, 5, 0, 0, 0, 0, 0]));
        let run = decoder.client_sent(&mysql(0, b"\x17\x05\0\0\0\0"));
        assert_eq!(run[0].statement.as_deref(), Some("INSERT INTO t VALUES (?)"));
    }
}
