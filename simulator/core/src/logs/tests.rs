//! CloudWatch Logs: groups, streams, and lines arriving.

mod reading;
mod tags;

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
        from_head: true,
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
    let long = "x".repeat(513);
    let too_long = "400 InvalidParameterException: Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
    assert_eq!(trial.refused(group(&long)), too_long);
    assert_eq!(trial.refused(stream("/app", &long)), too_long);
    assert!(trial.refused(group("aws/x")).contains("can't start with the string aws/"));
    assert!(trial.refused(DeleteLogGroup { group: "a b".into() }).contains("at 'logGroupName' failed to satisfy"));
    assert!(
        trial.refused(DeleteRetentionPolicy { group: "a b".into() }).contains("at 'logGroupName' failed to satisfy")
    );
    assert!(trial.refused(stream("/app", "a:b")).contains("at 'logStreamName' failed to satisfy constraint"));
    assert!(trial.refused(PutRetentionPolicy { group: "/app".into(), days: 2 }).contains("enum value set: [1, 3, 5"));
    let absent = PutLogEvents { stream: "t".into(), ..put(&[(at(0), "a")]) };
    assert_eq!(trial.refused(absent), "400 ResourceNotFoundException: The specified log stream does not exist.");
}

#[test]
fn batches_are_refused_that_break_their_rules() {
    let mut trial = with_stream();
    trial.wait(Duration::from_secs(86_401));
    for (operation, expected) in [
        (
            put(&[]),
            "1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            put(&[(at(0), "a"); 10_001]),
            "1 validation error detected: Value '[10001 events]' at 'logEvents' failed to satisfy constraint: Member must have length less than or equal to 10000",
        ),
        (
            put(&[(at(0), "")]),
            "1 validation error detected: Value '' at 'logEvents.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1",
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
    // What is left out does not count for the day that a batch may span.
    let all = trial.done(put(&[(at(0), "old"), (now, "again"), (now + Duration::from_secs(90_000), "soon")]));
    let rejected = Rejected { too_new_from: Some(2), too_old_until: Some(1), expired_until: Some(1) };
    assert_eq!(all.rejected, rejected);
    assert_eq!(lines(&trial.done(get()).events), ["young enough", "now", "again"]);
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
fn groups_and_streams_are_listed_by_name() {
    let mut trial = with_stream();
    trial.done(group("/ads"));
    trial.done(put(&[(at(1), "abc")]));
    let describe = |prefix: &str| DescribeLogGroups { prefix: Some(prefix.into()), ..DescribeLogGroups::default() };
    let groups = trial.done(describe("/a")).items;
    let seen: Vec<(&str, Option<u64>)> = groups.iter().map(|group| (group.name.as_str(), group.stored_bytes)).collect();
    assert_eq!(seen, [("/ads", Some(0)), ("/app", Some(29))]);
    assert_eq!(
        trial.done(describe("/app")).items[0].arn.as_str(),
        "arn:aws:logs:eu-central-1:123456789012:log-group:/app"
    );
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    for (request, expected) in [
        (DescribeLogGroups { pattern: Some("pp".into()), ..Default::default() }, vec!["/app"]),
        (DescribeLogGroups { pattern: Some("PP".into()), ..Default::default() }, vec![]),
        (DescribeLogGroups { names: named(&["/ads", "/none"]), ..Default::default() }, vec!["/ads"]),
    ] {
        let with_pattern = request.pattern.is_some();
        let found = trial.done(request).items;
        assert!(found.iter().all(|group| group.stored_bytes.is_none() == with_pattern));
        assert_eq!(found.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), expected);
    }
    for (request, refused) in [
        (
            DescribeLogGroups { pattern: Some("x".into()), ..describe("/a") },
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ),
        (
            DescribeLogGroups { names: named(&["/ads"]), ..describe("/a") },
            "LogGroup identifiers and LogGroup name prefix",
        ),
        (
            DescribeLogGroups { names: named(&["x"; 51]), ..Default::default() },
            "1 validation error detected: Value '[x",
        ),
        (describe("a b"), "1 validation error detected: Value 'a b' at 'logGroupNamePrefix'"),
        (
            DescribeLogGroups { limit: Some(51), ..Default::default() },
            "1 validation error detected: Value '51' at 'limit'",
        ),
    ] {
        let answer = trial.refused(request);
        assert!(answer.starts_with(&format!("400 InvalidParameterException: {refused}")), "{answer}");
    }
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
