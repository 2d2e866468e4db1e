//! Tables of requests that are wrong, misdirected or malicious, each over a socket of its own.

use super::{Served, fixture, told};

/// Sends what `table` says, and holds the account to it.
fn check(table: &str, at_least: usize) {
    let served = Served::start(&["--engine", "virtual"]);
    let mut client = served.client("python");
    client.arg(fixture("clients/send-table.py")).arg(fixture("requests").join(table));
    let output = client.output().expect("the script can be run");
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    let right: usize = said.split_whitespace().next().and_then(|count| count.parse().ok()).unwrap_or_default();
    assert!(right >= at_least, "{said}");
    served.aws(&["sts", "get-caller-identity"]);
}

#[test]
fn malformed_requests_are_refused_in_the_words_of_their_protocol() {
    check("malformed.json", 110);
}

#[test]
fn only_what_is_signed_for_this_account_gets_in() {
    check("doors.json", 24);
}
