//! Faults as a TOML file, to be kept and played again.
//!
//! ```toml
//! tasks = 2
//!
//! [[faults]]
//! crash = { container = 1, after = "12.3s" }   # the first container that the new revision starts
//!
//! [[faults]]
//! scale = { at = "30s", desired = 4 }          # so long after UpdateService
//!
//! [[faults]]
//! hook = { stage = "post-scale-up", answers = "failed" }   # or "broken", "late"
//! ```

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::{Spanned, Table, Value};

use super::Fault;
use super::hook::{self, BrokenHook};
use crate::behaviours::BehavioursError;
use crate::behaviours::duration::{Span, written};
use crate::behaviours::error::Wrong;

/// What goes wrong in one rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// How many tasks the service has; as the project says if absent.
    pub tasks: Option<u32>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    tasks: Option<Spanned<u32>>,
    faults: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Entry {
    Crash(After),
    Hang(After),
    Sick(After),
    SlowStart(Late),
    PullRefused(Which),
    Unready(Unready),
    Throttled(Window),
    StopTask(Act),
    Scale(Scale),
    DeployAgain(Act),
    Hook(Asked),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    container: Spanned<usize>,
    after: Span,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Late {
    container: Spanned<usize>,
    by: Span,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    container: Spanned<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unready {
    container: Spanned<usize>,
    after: Span,
    lasts: Span,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    at: Span,
    lasts: Span,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    at: Span,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    at: Span,
    desired: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    stage: Spanned<String>,
    answers: BrokenHook,
}

impl Scenario {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// It cannot be read, or something in it is wrong, which is pointed at.
    pub fn read(path: &Path) -> Result<Self, BehavioursError> {
        let unreadable = |source| BehavioursError::Read { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads `text`, the contents of a file called `name`.
    ///
    /// # Errors
    /// Something in it is wrong, which is pointed at.
    pub fn parse(name: &str, text: &str) -> Result<Self, BehavioursError> {
        read(text).map_err(|wrong| wrong.at(name, text))
    }

    /// The text of a file that [`Scenario::parse`] reads the same from.
    #[must_use]
    pub fn write(&self) -> String {
        let tasks = self.tasks.map(|tasks| format!("tasks = {tasks}\n")).unwrap_or_default();
        if self.faults.is_empty() {
            return format!("{tasks}faults = []\n");
        }
        let faults = self.faults.iter().map(|fault| {
            let (kind, fields) = entry(fault);
            format!("\n[[faults]]\n{kind} = {}\n", Value::Table(fields))
        });
        tasks + &faults.collect::<String>()
    }
}

fn read(text: &str) -> Result<Scenario, Wrong> {
    let File { tasks, faults } = toml::from_str(text)?;
    if let Some(tasks) = tasks.as_ref().filter(|tasks| *tasks.as_ref() == 0) {
        return Err(Wrong::new("a service without tasks has no rollout", tasks.span()));
    }
    let tasks = tasks.map(Spanned::into_inner);
    Ok(Scenario { tasks, faults: faults.into_iter().map(Entry::fault).collect::<Result<_, _>>()? })
}

impl Entry {
    fn fault(self) -> Result<Fault, Wrong> {
        Ok(match self {
            Self::Crash(After { container, after: Span(after) }) => {
                Fault::Crash { container: index(&container)?, after }
            }
            Self::Hang(After { container, after: Span(after) }) => Fault::Hang { container: index(&container)?, after },
            Self::Sick(After { container, after: Span(after) }) => Fault::Sick { container: index(&container)?, after },
            Self::SlowStart(Late { container, by: Span(by) }) => Fault::SlowStart { container: index(&container)?, by },
            Self::PullRefused(Which { container }) => Fault::PullRefused { container: index(&container)? },
            Self::Unready(Unready { container, after: Span(after), lasts: Span(lasts) }) => {
                Fault::Unready { container: index(&container)?, after, lasts }
            }
            Self::Throttled(Window { at: Span(at), lasts: Span(lasts) }) => Fault::Throttled { at, lasts },
            Self::StopTask(Act { at: Span(at) }) => Fault::StopTask { at },
            Self::Scale(Scale { at: Span(at), desired }) => Fault::Scale { at, desired },
            Self::DeployAgain(Act { at: Span(at) }) => Fault::DeployAgain { at },
            Self::Hook(Asked { stage, answers: how }) => {
                let unknown = || {
                    let message = format!("no function is ever asked in a stage `{}`", stage.as_ref());
                    Wrong::new(message, stage.span())
                };
                Fault::Hook { stage: hook::stage_called(stage.as_ref()).ok_or_else(unknown)?, how }
            }
        })
    }
}

/// People count from 1.
fn index(container: &Spanned<usize>) -> Result<usize, Wrong> {
    let first = || Wrong::new("the first container is number 1", container.span());
    container.as_ref().checked_sub(1).ok_or_else(first)
}

fn entry(fault: &Fault) -> (&'static str, Table) {
    let span = |duration: &Duration| Value::String(written(*duration));
    let number = |container: &usize| Value::Integer(i64::try_from(container + 1).unwrap_or(i64::MAX));
    let (kind, fields) = match fault {
        Fault::Crash { container, after } => ("crash", vec![("container", number(container)), ("after", span(after))]),
        Fault::Hang { container, after } => ("hang", vec![("container", number(container)), ("after", span(after))]),
        Fault::Sick { container, after } => ("sick", vec![("container", number(container)), ("after", span(after))]),
        Fault::SlowStart { container, by } => ("slow-start", vec![("container", number(container)), ("by", span(by))]),
        Fault::PullRefused { container } => ("pull-refused", vec![("container", number(container))]),
        Fault::Unready { container, after, lasts } => {
            ("unready", vec![("container", number(container)), ("after", span(after)), ("lasts", span(lasts))])
        }
        Fault::Throttled { at, lasts } => ("throttled", vec![("at", span(at)), ("lasts", span(lasts))]),
        Fault::StopTask { at } => ("stop-task", vec![("at", span(at))]),
        Fault::Scale { at, desired } => {
            ("scale", vec![("at", span(at)), ("desired", Value::Integer((*desired).into()))])
        }
        Fault::DeployAgain { at } => ("deploy-again", vec![("at", span(at))]),
        Fault::Hook { stage, how } => (
            "hook",
            vec![("stage", Value::String(hook::stage_word(stage))), ("answers", Value::String(how.word().to_owned()))],
        ),
    };
    (kind, fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written is read the same, whatever goes wrong in it.
    #[test]
    fn what_is_written_is_read_the_same() {
        for seed in 0..500 {
            let window = |name, from, lasts, asks| {
                let (from, lasts) = (Duration::from_secs(from), Duration::from_secs(lasts));
                super::super::Window { name, from, lasts, asks }
            };
            let stages = [window("SCALE_UP", 10, 60, false), window("POST_SCALE_UP", 70, 0, true)];
            let stages = if seed % 3 == 0 { &stages[..] } else { &[] };
            let scenario = Scenario { tasks: (seed % 2 == 0).then_some(3), faults: Fault::of(seed, 3, stages) };
            let text = scenario.write();
            assert_eq!(Scenario::parse("f", &text).expect("it was just written"), scenario, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, said) in [
            ("[[faults]]\ncrash = { container = 0, after = \"1s\" }", "f:2:23: the first container is number 1"),
            ("[[faults]]\ncrsh = { container = 1, after = \"1s\" }", "f:2:1: unknown variant `crsh`"),
            ("[[faults]]\nscale = { at = \"1s\", desird = 2 }", "f:2:22: unknown field `desird`"),
            ("[[faults]]\nstop-task = { at = \"soon\" }", "f:2:20: `soon` is no duration"),
            (
                "[[faults]]\nhook = { stage = \"bake-time\", answers = \"failed\" }",
                "f:2:18: no function is ever asked in a stage `bake-time`",
            ),
            ("tasks = 0\nfaults = []", "f:1:9: a service without tasks has no rollout"),
            ("tasks = 2", "f:1:1: missing field `faults`"),
        ] {
            let error = Scenario::parse("f", text).expect_err("something is wrong").to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
