//! The verdict for a person: the worst finding first, then what was real and what was not.

use std::fmt::{Display, Write};

use crate::finding::Finding;
use crate::prediction::{MemoryUse, Prediction};
use crate::rehearsal::Verdict;
use crate::rehearsal::permissions::Permissions;
use crate::rehearsal::shift::Course;

/// The verdict as text. Colour is the caller's business.
#[must_use]
pub fn report(verdict: &Verdict) -> String {
    let mut text = String::new();
    findings(&mut text, &verdict.findings());
    rows(&mut text, "real", &verdict.real);
    rows(&mut text, "simulated", &verdict.simulated);
    rows(&mut text, "stood in", &verdict.stood_in);
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
    rows(&mut text, "shifted", verdict.course.iter().flat_map(Course::lines));
    let connections = verdict.needs.connections.iter().map(|(connections, most)| connections.line(most));
    rows(&mut text, "on AWS", verdict.prediction.iter().flat_map(Prediction::lines).chain(connections));
    rows(&mut text, "measured", verdict.needs.memory.iter().map(MemoryUse::line));
    rows(&mut text, "policy", verdict.permissions.iter().flat_map(Permissions::lines));
    for caution in &verdict.cautions {
        push(&mut text, format_args!("caution     {caution}\n"));
    }
    let conclusion = if verdict.would_succeed() { "the deploy would succeed" } else { "the deploy would fail" };
    push(&mut text, format_args!("verdict     {conclusion} ({:.1} s)\n", verdict.took.as_secs_f64()));
    verdict.redactor.clean(&text)
}

/// The findings, and a blank line after them.
pub(super) fn findings(text: &mut String, findings: &[&Finding]) {
    for finding in findings {
        push(text, format_args!("{finding}\n"));
    }
    if !findings.is_empty() {
        text.push('\n');
    }
}

/// A line for each item; the heading stands before the first.
pub(super) fn rows(text: &mut String, heading: &str, items: impl IntoIterator<Item: Display>) {
    for (index, item) in items.into_iter().enumerate() {
        push(text, format_args!("{:<10}  {item}\n", if index == 0 { heading } else { "" }));
    }
}

pub(super) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}
