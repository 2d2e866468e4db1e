//! The verdict for a person: the worst finding first, then what was real and what was not.

use std::fmt::Write;

use crate::prediction::Prediction;
use crate::rehearsal::Verdict;
use crate::rehearsal::shift::Course;

/// The verdict as text. Colour is the caller's business.
#[must_use]
pub fn report(verdict: &Verdict) -> String {
    let mut text = String::new();
    let findings = verdict.findings();
    for finding in &findings {
        push(&mut text, format_args!("{finding}\n"));
    }
    if !findings.is_empty() {
        text.push('\n');
    }
    for (heading, items) in
        [("real      ", &verdict.real), ("simulated ", &verdict.simulated), ("stood in  ", &verdict.stood_in)]
    {
        for (index, item) in items.iter().enumerate() {
            push(&mut text, format_args!("{}  {item}\n", if index == 0 { heading } else { "          " }));
        }
    }
    let traffic = &verdict.traffic;
    if traffic.sent > 0 {
        push(
            &mut text,
            format_args!("requests    {} sent during the deploy, {} failed\n", traffic.sent, traffic.failed),
        );
        for failure in traffic.failures.iter().take(3) {
            push(&mut text, format_args!("            {}: {}\n", failure.name, failure.answer));
        }
    }
    for (index, line) in verdict.course.iter().flat_map(Course::lines).enumerate() {
        push(&mut text, format_args!("{}  {line}\n", if index == 0 { "shifted   " } else { "          " }));
    }
    let predicted = verdict.prediction.iter().flat_map(Prediction::lines);
    let connections = verdict.needs.connections.iter().map(|(connections, most)| connections.line(most));
    for (index, line) in predicted.chain(connections).enumerate() {
        push(&mut text, format_args!("{}  {line}\n", if index == 0 { "on AWS    " } else { "          " }));
    }
    for (index, used) in verdict.needs.memory.iter().enumerate() {
        push(&mut text, format_args!("{}  {}\n", if index == 0 { "measured  " } else { "          " }, used.line()));
    }
    for caution in &verdict.cautions {
        push(&mut text, format_args!("caution     {caution}\n"));
    }
    let conclusion = if verdict.would_succeed() { "the deploy would succeed" } else { "the deploy would fail" };
    push(&mut text, format_args!("verdict     {conclusion} ({:.1} s)\n", verdict.took.as_secs_f64()));
    verdict.redactor.clean(&text)
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}
