//! Reading lines: page by page in both directions, and searching for them.

use super::*;
use crate::page::Page;

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
}

#[test]
fn patterns_are_refused_that_break_the_syntax_or_are_not_simulated() {
    let mut trial = with_stream();
    trial.done(put(&[(at(1), r#"said "no database": x-y"#)]));
    for (pattern, found) in
        [(r#""\"no database\"""#, true), (r#""x-y""#, true), (r#""x_y""#, false), (r#"-"x-z""#, true)]
    {
        assert_eq!(!trial.done(filter(pattern)).items.is_empty(), found, "{pattern}");
    }
    for (pattern, character) in [("x-y", '-'), ("ERROR status:", ':'), ("?a,b", ','), (r#""open"#, '"'), ("a*", '*')] {
        let refused = format!("400 InvalidParameterException: Invalid character(s) in term '{character}'");
        assert_eq!(trial.refused(filter(pattern)), refused, "{pattern}");
    }
    for pattern in ["{ $.level = 1 }", "[ip, user]", "%ERR.*%", "?a b", "?a -b"] {
        let refused = format!("greenroom does not simulate filter pattern `{pattern}` of logs:FilterLogEvents");
        assert_eq!(trial.refused(filter(pattern)), refused);
    }
    assert_eq!(trial.refused(filter("-")), "400 InvalidParameterException: Invalid filter pattern");
    assert!(trial.refused(filter(&"x".repeat(1025))).contains("at 'filterPattern' failed to satisfy constraint"));
}

#[test]
fn what_a_search_finds_comes_in_pages_from_either_end() {
    let mut trial = with_stream();
    trial.done(put(&[(at(1), "a"), (at(2), "b"), (at(3), "c"), (at(4), "d")]));
    let messages = |page: &Page<FilteredEvent>| -> Vec<String> {
        page.items.iter().map(|found| found.event.message.clone()).collect()
    };
    for (from_head, first, second) in [(true, ["a", "b", "c"], ["d"]), (false, ["d", "c", "b"], ["a"])] {
        let request = || FilterLogEvents { limit: Some(3), from_head, start: Some(at(0)), ..filter("") };
        let page = trial.done(request());
        // The token knows the direction.
        let rest = trial.done(FilterLogEvents { next_token: page.next.clone(), from_head: true, ..request() });
        assert_eq!(
            (messages(&page), messages(&rest), rest.next),
            (first.map(String::from).to_vec(), second.map(String::from).to_vec(), None)
        );
    }
    for (request, refused) in [
        (FilterLogEvents { from_head: false, ..filter("") }, "startFromHead can be false only when startTime is"),
        (FilterLogEvents { next_token: Some("x".into()), ..filter("") }, "The specified nextToken is invalid."),
        (
            FilterLogEvents { limit: Some(10_001), ..filter("") },
            "1 validation error detected: Value '10001' at 'limit'",
        ),
        (FilterLogEvents { streams: vec!["s".into(); 101], ..filter("") }, "1 validation error detected: Value '[s"),
        (
            FilterLogEvents { streams: vec!["s".into()], prefix: Some("s".into()), ..filter("") },
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
        ),
    ] {
        let answer = trial.refused(request);
        assert!(answer.starts_with(&format!("400 InvalidParameterException: {refused}")), "{answer}");
    }
    let absent = FilterLogEvents { streams: vec!["t".into()], ..filter("") };
    assert_eq!(trial.refused(absent), "400 ResourceNotFoundException: The specified log stream does not exist.");
}

#[test]
fn no_page_is_larger_than_a_mebibyte() {
    let mut trial = with_stream();
    // Two lines fill a page together with what AWS adds to each; a third is a page of its own.
    let line = "x".repeat(1_048_576 / 2 - 26);
    for second in 0..3 {
        trial.done(put(&[(at(second), &line)]));
    }
    let first = trial.done(get());
    let rest = trial.done(GetLogEvents { next_token: Some(first.forward), ..get() });
    assert_eq!((first.events.len(), rest.events.len()), (2, 1));
    let last = trial.done(GetLogEvents { from_head: false, ..get() });
    assert_eq!((last.events.len(), last.events[1].at), (2, at(2)));
    let found = trial.done(filter(""));
    let rest = trial.done(FilterLogEvents { next_token: found.next, ..filter("") });
    assert_eq!((found.items.len(), rest.items.len()), (2, 1));
}
