//! Reports: folds over a verdict and its trace. Renderers only render.
//!
//! - [`text`]: what a person reads
//! - [`json`]: `report.json`, versioned
//! - [`data`]: the same two for the data scenarios
//! - [`junit`]: `junit.xml`, a test case per stage
//! - [`trace`]: `trace.jsonl`, every event
//! - [`log`]: lines for whoever watches an account at work
//! - [`redact`]: keeps secret values out of all of them

pub mod data;
pub mod denial;
pub mod json;
pub mod junit;
pub mod log;
pub mod redact;
pub mod text;
pub mod trace;

use std::io;
use std::path::Path;

pub use redact::Redactor;

use crate::rehearsal::Verdict;

/// Writes `report.json`, `junit.xml`, `trace.jsonl` and, if containers ran, `behaviours.toml` into `directory`, which is made if it is not there.
///
/// # Errors
/// If a file cannot be written.
pub fn write(verdict: &Verdict, directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let clean = |text: String| verdict.redactor.clean(&text);
    std::fs::write(directory.join("report.json"), clean(format!("{:#}\n", json::report(verdict))))?;
    std::fs::write(directory.join("junit.xml"), clean(junit::report(verdict)?))?;
    if let Some(behaviours) = &verdict.behaviours {
        std::fs::write(directory.join("behaviours.toml"), clean(behaviours.clone()))?;
    }
    let trace: String = verdict.events.iter().map(|event| format!("{}\n", trace::event(event))).collect();
    std::fs::write(directory.join("trace.jsonl"), clean(trace))
}
