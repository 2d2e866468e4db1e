//! The command itself: what it refuses, what it leaves, and that it says the same twice.

use super::{Run, command};
use crate::app::App;
use crate::whole::whole;

#[test]
fn the_same_seed_gives_the_same_findings_in_the_same_order() {
    let app = App::check_out("v2-not-null-insert");
    let first = Run::on(&app, "postgres", "S1,S2,S4,S6");
    assert_eq!(first.exit, Some(5), "{}", first.printed());
    // Five in a row at night.
    let again = if whole() { 4 } else { 1 };
    for _ in 0..again {
        let next = Run::on(&app, "postgres", "S1,S2,S4,S6");
        assert_eq!(first.findings_but_windows(), next.findings_but_windows(), "{}", next.printed());
    }
    let window = first.report["findings"][0]["window"].as_str().unwrap_or_default();
    // How long it is depends on how fast tasks start here: on a busy machine the deploy may not even get through.
    assert!(window.contains("at this project's settings"), "{}", first.printed());
    assert_eq!(first.found("error"), ["X-02 S2"], "{}", first.printed());
}

#[test]
fn only_what_is_asked_for_is_played_and_what_depends_on_production_is_no_error() {
    let app = App::check_out("v2-unique-body");
    let compose = app.path().join("compose.yaml");
    let text = std::fs::read_to_string(&compose).expect("the app has a compose file");
    std::fs::write(&compose, text.replace("pg_isready --host 127.0.0.1", "pg_isready")).expect("it can be written");
    let run = Run::on(&app, "postgres", "s1,r");
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    assert_eq!((run.ended("S0"), run.ended("S1"), run.ended("S2")), ("proved", "proved", "absent"));
    assert_eq!(run.report["coverage"]["exercised"], serde_json::json!(["articles"]), "{}", run.printed());
    let first_help = |kind, code| -> Vec<&str> {
        run.of_kind(kind, code).into_iter().filter_map(|finding| finding["help"][0].as_str()).collect()
    };
    let question = "ask production: SELECT body, count(*) FROM articles GROUP BY body HAVING count(*) > 1;";
    assert_eq!(first_help("conditional", "M-12"), [question], "{}", run.printed());
    let locks = first_help("conditional", "M-16");
    let [index, timeout] = locks.as_slice() else { panic!("{}", run.printed()) };
    assert!(index.starts_with("CREATE UNIQUE INDEX CONCURRENTLY articles_body"), "{}", run.printed());
    assert!(timeout.starts_with("SET lock_timeout"), "{}", run.printed());
    let instead = "test: [\"CMD-SHELL\", \"pg_isready -h 127.0.0.1 -U news -d news\"]";
    assert_eq!(first_help("proved", "R-01"), [instead], "{}", run.printed());
    assert!(run.report["rehearsal"].is_string(), "{}", run.printed());
    assert_eq!(run.left(), "", "nothing is left");
}

#[test]
fn what_is_no_scenario_is_refused_with_those_that_there_are() {
    let app = App::check_out("v2");
    let output = command(&app, "postgres", "S2,S77").output().expect("greenroom can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("there is no scenario `S77`; there are S0, S1,"), "{said}");
}
