//! The verdict of the data scenarios: for a person, and for programs.

use serde_json::{Value, json};

use super::json::{finding, millis};
use super::text::{findings, push, rows};
use crate::scenario::{Coverage, DataVerdict, Outcome};

/// Rises with every change that a reader could notice.
pub const VERSION: u32 = 2;

/// The verdict as text. Colour is the caller's business.
#[must_use]
pub fn text(verdict: &DataVerdict) -> String {
    let mut text = String::new();
    findings(&mut text, &verdict.findings());
    for Outcome { scenario, ended, details, .. } in &verdict.outcomes {
        let (title, ended) = (scenario.entry().title, ended.word());
        push(&mut text, format_args!("{scenario:<4} {title:<32} {ended:<9}  {details}\n"));
    }
    let Coverage { changes, exercised, unexercised, seeded, unseeded } = &verdict.coverage;
    if !changes.is_empty() {
        text.push('\n');
    }
    rows(&mut text, "changes", changes);
    let list = |tables: &std::collections::BTreeSet<String>| tables.iter().cloned().collect::<Vec<_>>().join(", ");
    push(
        &mut text,
        format_args!(
            "coverage    exercised: {}",
            if exercised.is_empty() { "nothing".to_owned() } else { list(exercised) }
        ),
    );
    if !unexercised.is_empty() {
        push(&mut text, format_args!(" · changed and never exercised: {}", list(unexercised)));
    }
    text.push('\n');
    if *seeded > 0 {
        push(&mut text, format_args!("seeded      {seeded} rows that the schema allows\n"));
    }
    for line in unseeded {
        push(&mut text, format_args!("not seeded  {line}\n"));
    }
    for item in &verdict.stood_in {
        push(&mut text, format_args!("stood in    {item}\n"));
    }
    for caution in &verdict.cautions {
        push(&mut text, format_args!("caution     {caution}\n"));
    }
    let conclusion = if verdict.would_succeed() { "the data survives the deploy" } else { "the deploy would break" };
    push(&mut text, format_args!("verdict     {conclusion} ({:.1} s)\n", verdict.took.as_secs_f64()));
    verdict.redactor.clean(&text)
}

/// The verdict as JSON. Durations are in milliseconds.
#[must_use]
pub fn report(verdict: &DataVerdict) -> Value {
    let DataVerdict {
        id,
        project,
        from,
        to,
        database,
        seed,
        outcomes,
        coverage,
        starts: _,
        stood_in,
        cautions,
        took,
        redactor: _,
    } = verdict;
    let Coverage { changes, exercised, unexercised, seeded, unseeded } = coverage;
    json!({
        "version": VERSION,
        "rehearsal": id,
        "project": project,
        "from": from,
        "to": to,
        "database": database,
        "seed": seed,
        "verdict": if verdict.would_succeed() { "would-succeed" } else { "would-fail" },
        "took": millis(*took),
        "findings": verdict.findings().into_iter().map(finding).collect::<Vec<_>>(),
        "scenarios": outcomes.iter().map(scenario).collect::<Vec<_>>(),
        "coverage": {
            "changes": changes,
            "exercised": exercised,
            "unexercised": unexercised,
            "seeded": seeded,
            "unseeded": unseeded,
        },
        "stoodIn": stood_in,
        "cautions": cautions,
    })
}

fn scenario(outcome: &Outcome) -> Value {
    let Outcome { scenario, ended, details, findings, took } = outcome;
    let entry = scenario.entry();
    json!({
        "scenario": scenario.to_string(),
        "title": entry.title,
        "obligation": entry.obligation,
        "ended": ended.word(),
        "details": details,
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        "took": millis(*took),
    })
}
