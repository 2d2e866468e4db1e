//! CloudWatch Logs: what is refused, and what is read back.

use std::time::Duration;

use super::*;
use crate::event::EventKind;
use crate::time::Timestamp;
use crate::trial::{START, Trial};

fn group(name: &str) -> CreateLogGroup {
    CreateLogGroup { group: name.into(), ..CreateLogGroup::default() }
}

fn put(events: &[(Timestamp, &str)]) -> PutLogEvents {
    let events = events.iter().map(|(at, line)| (*at, (*line).to_owned())).collect();
    PutLogEvents { group: "/app".into(), stream: "s".into(), events }
}

fn get() -> GetLogEvents {
    GetLogEvents {
        group: "/app".into(),
        stream: "s".into(),
        start: None,
        end: None,
        next_token: None,
        limit: None,
        from_head: true,
    }
}

fn filter(pattern: &str) -> FilterLogEvents {
    FilterLogEvents {
        group: "/app".into(),
        streams: Vec::new(),
        prefix: None,
        start: None,
        end: None,
        pattern: Some(pattern.into()),
        next_token: None,
        limit: None,
    }
}

fn at(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

/// An account with the group `/app` and the stream `s` in it.
fn with_stream() -> Trial {
    let mut trial = Trial::new();
    trial.done(group("/app"));
    trial.done(CreateLogStream { group: "/app".into(), stream: "s".into() });
    trial
}

fn lines(events: &[ReadEvent]) -> Vec<&str> {
    events.iter().map(|event| event.message.as_str()).collect()
}

#[test]
fn groups_and_streams_are_refused_in_awss_words() {
    let mut trial = with_stream();
    assert_eq!(
        trial.refused(group("/app")),
        "400 ResourceAlreadyExistsException: The specified log group already exists"
    );
    assert_eq!(
        trial.refused(group("a b")),
        r"400 InvalidParameterException: 1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
    );
    let stream = |group: &str, stream: &str| CreateLogStream { group: group.into(), stream: stream.into() };
    assert_eq!(
        trial.refused(stream("/none", "s")),
        "400 ResourceNotFoundException: The specified log group does not exist."
    );
    assert_eq!(
        trial.refused(stream("/app", "s")),
        "400 ResourceAlreadyExistsException: The specified log stream already exists"
    );
    assert!(trial.refused(stream("/app", "a:b")).contains("at 'logStreamName' failed to satisfy constraint"));
    assert!(trial.refused(PutRetentionPolicy { group: "/app".into(), days: 2 }).contains("enum value set: [1, 3, 5"));
    let absent = PutLogEvents { stream: "t".into(), ..put(&[(at(0), "a")]) };
    assert_eq!(trial.refused(absent), "400 ResourceNotFoundException: The specified log stream does not exist.");
}

#[test]
fn batches_are_refused_that_break_their_rules() {
    let mut trial = with_stream();
    for (operation, expected) in [
        (
            put(&[]),
            "1 validation error detected: Value '0 events' at 'logEvents' failed to satisfy constraint: Member must have length between 1 and 10000",
        ),
        (
            put(&[(at(1), "b"), (at(0), "a")]),
            "Log events in a single PutLogEvents request must be in chronological order.",
        ),
        (
            put(&[(at(0), "a"), (at(86_401), "b")]),
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
        (put(&[(at(0), &"x".repeat(1_048_576))]), "Upload too large: 1048602 bytes exceeds limit of 1048576"),
    ] {
        assert_eq!(trial.refused(operation), format!("400 InvalidParameterException: {expected}"));
    }
}

#[test]
fn lines_too_old_or_too_new_are_left_out() {
    let mut trial = with_stream();
    trial.wait(Duration::from_secs(15 * 86_400));
    let old = trial.done(put(&[(at(0), "old"), (at(86_400), "young enough")]));
    assert_eq!(old.rejected.too_old_until, Some(1));
    trial.done(PutRetentionPolicy { group: "/app".into(), days: 7 });
    assert_eq!(trial.done(put(&[(at(86_400), "expired")])).rejected.expired_until, Some(1));
    let now = trial.now;
    let soon = trial.done(put(&[(now, "now"), (now + Duration::from_secs(7201), "soon")]));
    assert_eq!(soon.rejected.too_new_from, Some(1));
    assert_eq!(lines(&trial.done(get()).events), ["young enough", "now"]);
}

#[test]
fn every_line_is_in_the_trace() {
    let mut trial = with_stream();
    trial.done(put(&[(at(0), "one"), (at(0), "two")]));
    let mut logged = Vec::new();
    for event in trial.world.events() {
        if let EventKind::Logged { line, .. } = &event.kind {
            logged.push(line.as_str());
        }
    }
    assert_eq!(logged, ["one", "two"]);
}

#[test]
fn a_stream_is_read_forwards_and_backwards_in_pages() {
    let mut trial = with_stream();
    trial.done(put(&[(at(1), "a"), (at(2), "b"), (at(3), "c"), (at(3), "d")]));
    let page = |next_token: Option<String>| GetLogEvents { next_token, limit: Some(3), ..get() };
    let first = trial.done(page(None));
    assert_eq!(lines(&first.events), ["a", "b", "c"]);
    let second = trial.done(page(Some(first.forward)));
    assert_eq!(lines(&second.events), ["d"]);
    let end = trial.done(page(Some(second.forward.clone())));
    assert_eq!((lines(&end.events), &end.forward), (vec![], &second.forward), "the end answers its own token");
    assert_eq!(lines(&trial.done(page(Some(end.backward))).events), ["b", "c", "d"]);
    assert_eq!(lines(&trial.done(page(Some(second.backward))).events), ["a", "b", "c"]);
    let tail = GetLogEvents { from_head: false, limit: Some(2), ..get() };
    assert_eq!(lines(&trial.done(tail).events), ["c", "d"]);
    let span = GetLogEvents { start: Some(at(2)), end: Some(at(3)), ..get() };
    assert_eq!(lines(&trial.done(span).events), ["b"]);
    trial.done(put(&[(at(4), "e")]));
    assert_eq!(lines(&trial.done(page(Some(second.forward))).events), ["e"]);
    assert!(trial.refused(page(Some("f/1/s".into()))).contains("nextToken is invalid"));
}

#[test]
fn a_search_takes_terms_phrases_options_and_exclusions() {
    let mut trial = with_stream();
    trial.done(put(&[(at(1), "ERROR no database"), (at(2), "INFO ready"), (at(3), "ERROR out of memory")]));
    trial.done(CreateLogStream { group: "/app".into(), stream: "t".into() });
    trial.done(PutLogEvents { stream: "t".into(), ..put(&[(at(2), "WARN slow database")]) });
    for (pattern, expected) in [
        ("", &["ERROR no database", "INFO ready", "WARN slow database", "ERROR out of memory"][..]),
        ("ERROR", &["ERROR no database", "ERROR out of memory"][..]),
        ("ERROR database", &["ERROR no database"][..]),
        (r#""out of""#, &["ERROR out of memory"][..]),
        ("?INFO ?WARN", &["INFO ready", "WARN slow database"][..]),
        ("ERROR -database", &["ERROR out of memory"][..]),
    ] {
        let found = trial.done(filter(pattern)).items;
        let found: Vec<&str> = found.iter().map(|found| found.event.message.as_str()).collect();
        assert_eq!(found, expected, "{pattern}");
    }
    let first = trial.done(FilterLogEvents { limit: Some(3), ..filter("") });
    let rest = trial.done(FilterLogEvents { limit: Some(3), next_token: first.next, ..filter("") });
    assert_eq!((first.items.len(), rest.items.len()), (3, 1));
    assert_eq!(
        trial.refused(filter("{ $.level = 1 }")),
        "greenroom does not simulate filter pattern `{ $.level = 1 }` of logs:FilterLogEvents"
    );
}

#[test]
fn groups_and_streams_are_listed_by_name() {
    let mut trial = with_stream();
    trial.done(group("/ads"));
    trial.done(put(&[(at(1), "abc")]));
    let describe = |prefix: &str| DescribeLogGroups { prefix: Some(prefix.into()), ..DescribeLogGroups::default() };
    let groups = trial.done(describe("/a")).items;
    let seen: Vec<(&str, u64)> = groups.iter().map(|group| (group.name.as_str(), group.stored_bytes)).collect();
    assert_eq!(seen, [("/ads", 0), ("/app", 29)]);
    assert_eq!(
        trial.done(describe("/app")).items[0].arn.as_str(),
        "arn:aws:logs:eu-central-1:123456789012:log-group:/app"
    );
    trial.done(CreateLogStream { group: "/app".into(), stream: "quiet".into() });
    let streams = |order, descending| DescribeLogStreams {
        group: "/app".into(),
        prefix: None,
        order,
        descending,
        limit: Some(1),
        next_token: None,
    };
    for (order, descending, expected) in [
        (StreamOrder::LogStreamName, false, "quiet"),
        (StreamOrder::LogStreamName, true, "s"),
        (StreamOrder::LastEventTime, true, "s"),
    ] {
        let page = trial.done(streams(order, descending));
        assert_eq!(page.items[0].name, expected);
        let next = trial.done(DescribeLogStreams { next_token: page.next, ..streams(order, descending) });
        assert_eq!((next.items.len(), next.next), (1, None));
    }
}
