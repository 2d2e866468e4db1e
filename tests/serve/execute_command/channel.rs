//! A client of Session Manager's data channel, written from the layout of its messages: it acknowledges only when told to, so that
//! what goes wrong on the way can be played.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tungstenite::protocol::CloseFrame;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message as Frame, WebSocket};

/// Whatever is waited for comes within this time.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const TEXT: u32 = 1;
pub(super) const SIZE: u32 = 3;
pub(super) const HANDSHAKE_REQUEST: u32 = 5;
pub(super) const HANDSHAKE_RESPONSE: u32 = 6;
pub(super) const HANDSHAKE_COMPLETE: u32 = 7;
pub(super) const FLAG: u32 = 10;

/// A message of the agent.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: String,
    pub(super) sequence: i64,
    pub(super) payload_kind: u32,
    pub(super) payload: Vec<u8>,
    id: String,
}

impl Message {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// An open data channel.
pub(super) struct Channel {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    sequence: i64,
    /// The next message of the stream that has not been read.
    expected: i64,
}

impl Channel {
    /// Opens the channel of `session`, as ExecuteCommand answered it, and shows `token`. It pings first, as the public client may.
    pub(super) fn open(session: &Value, token: &str) -> Self {
        let url = session["streamUrl"].as_str().expect("a session has a URL");
        let (mut socket, _) = tungstenite::connect(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        }
        socket.send(Frame::Ping("keepalive".into())).expect("it is open");
        let opening = json!({
            "MessageSchemaVersion": "1.0", "RequestId": "3f0b8d3e-5a63-4f5c-8f6e-0f4d3a2b1c0d", "TokenValue": token,
            "ClientId": "9a0b8d3e-5a63-4f5c-8f6e-0f4d3a2b1c0d", "ClientVersion": "1.2.0.0",
        });
        socket.send(Frame::text(opening.to_string())).expect("it is open");
        Self { socket, sequence: 0, expected: 0 }
    }

    /// The same, with the handshake done.
    pub(super) fn enter(session: &Value) -> Self {
        let token = session["tokenValue"].as_str().expect("a session has a token");
        let mut channel = Self::open(session, token);
        let request = channel.next(HANDSHAKE_REQUEST).json();
        assert_eq!(request["RequestedClientActions"][0]["ActionParameters"]["SessionType"], "InteractiveCommands");
        let response = json!({
            "ClientVersion": "1.2.0.0", "Errors": null,
            "ProcessedClientActions": [{"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": null, "Error": ""}],
        });
        channel.send(HANDSHAKE_RESPONSE, response.to_string().as_bytes());
        channel.next(HANDSHAKE_COMPLETE);
        channel
    }

    /// Sends the next message of the client's stream.
    pub(super) fn send(&mut self, payload_kind: u32, payload: &[u8]) {
        let bytes = written("input_stream_data", self.sequence, payload_kind, payload);
        self.sequence += 1;
        self.socket.send(Frame::binary(bytes)).expect("the channel is open");
    }

    /// The next message of the agent's stream, acknowledged; it must be of `payload_kind`.
    pub(super) fn next(&mut self, payload_kind: u32) -> Message {
        let message = self.unacknowledged();
        self.acknowledge(&message);
        assert_eq!(message.payload_kind, payload_kind, "{message:?}");
        message
    }

    /// The same, whatever it is and not acknowledged.
    pub(super) fn unacknowledged(&mut self) -> Message {
        loop {
            let message = self.any();
            if message.kind == "output_stream_data" && message.sequence == self.expected {
                return message;
            }
            assert_eq!(message.kind, "acknowledge", "{message:?}");
        }
    }

    pub(super) fn acknowledge(&mut self, message: &Message) {
        let content = json!({
            "AcknowledgedMessageType": message.kind, "AcknowledgedMessageId": message.id,
            "AcknowledgedMessageSequenceNumber": message.sequence, "IsSequentialMessage": true,
        });
        self.expected = self.expected.max(message.sequence + 1);
        let bytes = written("acknowledge", 0, 0, content.to_string().as_bytes());
        self.socket.send(Frame::binary(bytes)).expect("the channel is open");
    }

    /// Reads output until `end` has been shown.
    pub(super) fn read_to(&mut self, end: &str) -> String {
        let mut shown = String::new();
        let began = Instant::now();
        while !shown.contains(end) {
            assert!(began.elapsed() < PATIENCE, "{shown}");
            shown.push_str(&String::from_utf8_lossy(&self.next(TEXT).payload));
        }
        shown
    }

    /// Reads all output, until the agent says that the session is over: the output, and what it says.
    pub(super) fn until_closed(&mut self) -> (String, Value) {
        let mut shown = String::new();
        loop {
            let message = self.any();
            match message.kind.as_str() {
                "output_stream_data" => {
                    self.acknowledge(&message);
                    shown.push_str(&String::from_utf8_lossy(&message.payload));
                }
                "channel_closed" => return (shown, message.json()),
                _ => {}
            }
        }
    }

    /// How the other side hangs up.
    pub(super) fn hung_up(&mut self) -> Option<CloseFrame> {
        loop {
            match self.socket.read() {
                Ok(Frame::Close(frame)) => return frame,
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    fn any(&mut self) -> Message {
        loop {
            match self.socket.read().expect("the agent says something") {
                Frame::Binary(bytes) => return read(&bytes),
                Frame::Ping(_) | Frame::Pong(_) => {}
                other @ (Frame::Text(_) | Frame::Close(_) | Frame::Frame(_)) => panic!("{other:?}"),
            }
        }
    }
}

fn written(kind: &str, sequence: i64, payload_kind: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short");
    [
        &116_u32.to_be_bytes()[..],
        format!("{kind:<32}").as_bytes(),
        &1_u32.to_be_bytes(),
        &1_800_000_000_000_u64.to_be_bytes(),
        &sequence.to_be_bytes(),
        &0_u64.to_be_bytes(),
        b"0123456789abcdef",
        &Sha256::digest(payload),
        &payload_kind.to_be_bytes(),
        &length.to_be_bytes(),
        payload,
    ]
    .concat()
}

fn read(bytes: &[u8]) -> Message {
    let number = |from: usize| u32::from_be_bytes(bytes[from..from + 4].try_into().expect("four bytes"));
    let payload = bytes[120..].to_vec();
    assert_eq!((number(0), usize::try_from(number(116))), (116, Ok(payload.len())));
    assert_eq!(bytes[80..112], *Sha256::digest(&payload), "the payload has another hash");
    let sequence = i64::from_be_bytes(bytes[48..56].try_into().expect("eight bytes"));
    let id: String = [&bytes[72..80], &bytes[64..72]].concat().iter().map(|byte| format!("{byte:02x}")).collect();
    let kind = String::from_utf8_lossy(&bytes[4..36]).trim().to_owned();
    Message { kind, sequence, payload_kind: number(112), payload, id }
}
