//! Messages and streams, without sockets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use simulator_core::Timestamp;

use super::message::{Id, Message, MessageError};
use super::stream::{Incoming, Outgoing, Pieces};
use super::words;

fn message(sequence: i64, payload: &'static [u8]) -> Message {
    let id = Id(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
    let (kind, created) = ("input_stream_data".to_owned(), Timestamp::from_millis(1_800_000_000_000));
    Message { kind, created, sequence, flags: 1, id, payload_kind: 1, payload: Bytes::from_static(payload) }
}

/// The offsets are those of the protocol's documentation; what was written is read again.
#[test]
fn a_message_lies_as_it_is_documented() {
    let bytes = message(7, b"ls\r").write();
    for (field, range, expected) in [
        ("header length", 0..4, &[0, 0, 0, 116][..]),
        ("type", 4..36, b"input_stream_data               "),
        ("schema version", 36..40, &[0, 0, 0, 1]),
        ("created", 40..48, &1_800_000_000_000_u64.to_be_bytes()),
        ("sequence number", 48..56, &7_i64.to_be_bytes()),
        ("flags", 56..64, &1_u64.to_be_bytes()),
        ("least significant half of the id", 64..72, &[0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]),
        ("most significant half", 72..80, &[1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]),
        ("payload type", 112..116, &[0, 0, 0, 1]),
        ("payload length", 116..120, &[0, 0, 0, 3]),
        ("payload", 120..123, b"ls\r"),
    ] {
        assert_eq!(&bytes[range], expected, "{field}");
    }
    assert_eq!(Message::read(&bytes.into()), Ok(message(7, b"ls\r")));
    assert_eq!(message(7, b"").id.to_string(), "01234567-89ab-cdef-0011-223344556677");
}

#[test]
fn what_is_no_message_is_refused() {
    let whole = message(0, b"ls\r").write();
    let changed = |place: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[place] = byte;
        bytes
    };
    for (case, bytes, expected) in [
        ("nothing", Vec::new(), MessageError::Short),
        ("half a header", whole[..60].to_vec(), MessageError::Short),
        ("another header", changed(3, 0xff), MessageError::Header(255)),
        ("a type that is no text", changed(4, 0xff), MessageError::Kind),
        ("less than it says", whole[..121].to_vec(), MessageError::Length),
        ("more than there is", changed(116, 0xff), MessageError::Length),
        ("another payload", changed(120, b'r'), MessageError::Digest),
    ] {
        assert_eq!(Message::read(&bytes.into()), Err(expected), "{case}");
    }
    let mut padded = whole;
    padded[21..36].fill(0);
    assert_eq!(Message::read(&padded.into()), Ok(message(0, b"ls\r")), "zeros pad as well as spaces");
}

/// Each case: the numbers that arrive, which of them are acknowledged, and what is read.
#[test]
fn messages_are_read_once_and_in_order() {
    for (arriving, expected) in [
        (vec![0, 1, 2], vec![0, 1, 2]),
        (vec![2, 0, 1], vec![0, 1, 2]),
        (vec![0, 0, 1, 0], vec![0, 1]),
        (vec![1, 2], vec![]),
    ] {
        let mut incoming = Incoming::default();
        let mut read = Vec::new();
        for sequence in arriving.clone() {
            assert!(incoming.receive(message(sequence, b"")), "{arriving:?}");
            read.extend(std::iter::from_fn(|| incoming.take().map(|message| message.sequence)));
        }
        assert_eq!(read, expected, "{arriving:?}");
    }
}

#[test]
fn a_client_that_runs_ahead_is_held_back_and_the_next_in_order_is_not() {
    let mut incoming = Incoming::default();
    let kept = (1..1000).filter(|sequence| incoming.receive(message(*sequence, b""))).count();
    assert_eq!(kept, 256);
    assert!(incoming.first().is_none());
    assert!(incoming.receive(message(0, b"")), "the one that all others wait for");
    assert_eq!(incoming.take().map(|message| message.sequence), Some(0));
}

#[test]
fn what_nobody_acknowledges_is_sent_again_more_and_more_seldom() {
    let (mut outgoing, start) = (Outgoing::default(), Instant::now());
    assert_eq!(outgoing.due(), None);
    outgoing.sent(Bytes::from_static(b"one"), start);
    outgoing.sent(Bytes::from_static(b"two"), start);
    let mut at = start;
    for wait in [200, 400, 800, 1000, 1000] {
        at += Duration::from_millis(wait);
        assert_eq!(outgoing.due(), Some(at));
        assert_eq!(outgoing.again(at), Some(Bytes::from_static(b"one")));
    }
    outgoing.acknowledge(0);
    assert_eq!(outgoing.again(at), Some(Bytes::from_static(b"two")));
    outgoing.acknowledge(7);
    assert!(!outgoing.is_empty());
    outgoing.acknowledge(1);
    assert!(outgoing.is_empty() && !outgoing.is_full());
    (0..256).for_each(|_| outgoing.sent(Bytes::new(), at));
    assert!(outgoing.is_full());
}

#[test]
fn output_is_cut_between_characters() {
    let long = "ü".repeat(700);
    for (written, expected) in [
        (vec!["a".as_bytes()], vec!["a".as_bytes()]),
        (vec![&b"\xc3"[..], b"\xbc!"], vec!["ü!".as_bytes()]),
        (vec![&b"a\xf0\x9f\x98"[..], b"\x80"], vec![&b"a"[..], "😀".as_bytes()]),
        (vec![long.as_bytes()], vec![&long.as_bytes()[..1024], &long.as_bytes()[1024..]]),
        (vec![&b"\xff\xfe"[..]], vec![&b"\xff\xfe"[..]]),
        (vec![&b"\x80\x80\x80"[..]], vec![&b"\x80\x80\x80"[..]]),
        (vec![&b"cut off \xe2\x82"[..]], vec![&b"cut off "[..], b"\xe2\x82"]),
    ] {
        let mut pieces = Pieces::default();
        let mut cut: Vec<Bytes> = written.iter().flat_map(|output| pieces.of(output)).collect();
        cut.extend(pieces.end());
        assert_eq!(cut, expected);
    }
    let odd = format!("a{long}");
    assert_eq!(Pieces::default().of(odd.as_bytes())[0].len(), 1023, "a character more would not fit whole");
}

#[test]
fn a_client_that_cannot_do_what_it_is_asked_is_heard() {
    for (response, expected) in [
        (r#"{"ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1}]}"#, Ok(())),
        (
            r#"{"ProcessedClientActions":[{"ActionStatus":2,"Error":"Unknown session type"}]}"#,
            Err("Unknown session type"),
        ),
        (r#"{"ClientVersion":"1.2.0.0"}"#, Ok(())),
        ("no", Err("the handshake's answer cannot be read")),
    ] {
        assert_eq!(words::accepted(response.as_bytes()), expected.map_err(str::to_owned), "{response}");
    }
    for (payload, expected) in [
        (r#"{"cols":80,"rows":24}"#, Some((80, 24))),
        (r#"{"cols":70000,"rows":24}"#, None),
        (r#"{"cols":-1,"rows":24}"#, None),
        ("", None),
    ] {
        assert_eq!(words::size(payload.as_bytes()), expected, "{payload}");
    }
}
