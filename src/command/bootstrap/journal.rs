//! What was done when: a line of JSON for each event of an execution, for its owner's eyes alone. It holds no secret, and
//! nothing depends on it: the account itself says where to go on. It explains what an earlier run left.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bootstrap::plan::Step;
use bootstrap::{Desired, StepEvent};
use serde_json::{Value, json};

/// The journal of one project in one account.
pub(super) struct Journal {
    file: Mutex<Option<File>>,
}

/// What the run before left behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// How many steps it had done.
    pub(super) done: usize,
    /// How many there were.
    pub(super) of: u64,
}

impl Journal {
    /// Opens the journal at `path`, or where journals are kept, for a run of `steps` steps. Where it cannot be written that is
    /// said, and nothing else is done about it.
    pub(super) fn open(path: Option<&Path>, desired: &Desired, what: &str, steps: usize) -> (Self, Option<Unfinished>) {
        let path = path.map(Path::to_owned).or_else(|| kept(desired));
        let opened = path.as_deref().map(open);
        let (file, before) = match opened {
            Some(Ok((file, before))) => (Some(file), before),
            Some(Err(error)) => {
                anstream::eprintln!("warning: the steps cannot be written down: {error}");
                (None, None)
            }
            None => (None, None),
        };
        let journal = Self { file: Mutex::new(file) };
        journal.write(&json!({"at": now(), "run": what, "steps": steps}));
        (journal, before)
    }

    pub(super) fn note(&self, step: &Step, event: &StepEvent<'_>) {
        let (event, detail) = match event {
            StepEvent::Started => ("started", Value::Null),
            StepEvent::Waiting { reason, delay: _, error } => ("waiting", json!(format!("{reason}: {error}"))),
            StepEvent::Done => ("done", Value::Null),
            StepEvent::Failed(error) => ("failed", json!(error.to_string())),
        };
        self.write(&json!({
            "at": now(), "step": step.number, "change": step.change.to_string(), "event": event, "detail": detail,
        }));
    }

    pub(super) fn ended(&self, how: &str) {
        self.write(&json!({"at": now(), "ended": how}));
    }

    fn write(&self, line: &Value) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = file.as_mut()
            && let Err(error) = open.write_all(format!("{line}\n").as_bytes())
        {
            anstream::eprintln!("warning: the steps are not written down any further: {error}");
            *file = None;
        }
    }
}

/// `~/.local/state/greenroom/bootstrap`, or where the XDG base directories have it.
fn kept(desired: &Desired) -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")))?;
    let location = &desired.location;
    let name = format!("{}-{}-{}.jsonl", location.account, location.region, desired.project);
    Some(state.join("greenroom/bootstrap").join(name))
}

fn open(path: &Path) -> std::io::Result<(File, Option<Unfinished>)> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((file, unfinished(&text)))
}

/// What the last run in a journal left undone; nothing if it ended well. Lines that were cut off say nothing.
fn unfinished(text: &str) -> Option<Unfinished> {
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let start = lines.iter().rposition(|line| line.get("run").is_some())?;
    let run = &lines[start..];
    if run.iter().any(|line| line["ended"] == "well") {
        return None;
    }
    let done = run.iter().filter(|line| line["event"] == "done").count();
    Some(Unfinished { done, of: run[0]["steps"].as_u64().unwrap_or_default() })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_run_counts_and_only_if_it_did_not_end_well() {
        let first = "{\"run\":\"apply\",\"steps\":3}\n{\"event\":\"done\"}\n";
        let cases = [
            ("", None),
            (first, Some(Unfinished { done: 1, of: 3 })),
            (&format!("{first}{{\"ended\":\"well\"}}\n"), None),
            (&format!("{first}{{\"ended\":\"in a failure\"}}\n"), Some(Unfinished { done: 1, of: 3 })),
            (
                &format!("{first}{{\"ended\":\"well\"}}\n{{\"run\":\"apply\",\"steps\":9}}\n{{\"ev"),
                Some(Unfinished { done: 0, of: 9 }),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(unfinished(text), expected, "{text}");
        }
    }
}
