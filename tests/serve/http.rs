//! HTTP as it goes over the wire, for what no client would send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The value of the header `name`, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The head of a request for `path` of the server `host`, up to the empty line.
pub(super) fn head(host: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n")
}

/// A connection to `host` on which `bytes` have been sent.
pub(super) fn send(host: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(host).expect("it listens");
    stream.write_all(bytes).expect("it reads");
    stream
}

/// What comes back on `stream`, to its end.
pub(super) fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it answers");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
    let answer = Answer { status, head, body: bytes.split_off(end + 4) };
    assert_eq!(answer.header("transfer-encoding"), "", "only whole bodies are read here");
    answer
}

/// One request and its answer.
pub(super) fn ask(host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let headers: Vec<_> = headers.iter().copied().chain([("content-length", length.as_str())]).collect();
    let mut bytes = head(host, method, path, &headers).into_bytes();
    bytes.extend_from_slice(body);
    answer(send(host, &bytes))
}
