//! Shows a rehearsal while it goes on: a live line per stage on a terminal, plain lines elsewhere. All on stderr.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use simulator::rehearsal::{Ending, Outcome, Progress, Stage};
use simulator::scenario::{self, Ended, Hearing, Scenario};

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// The display of one rehearsal.
pub(crate) struct Display {
    bar: ProgressBar,
    live: bool,
    current: Mutex<Option<Stage>>,
}

impl Display {
    /// A display on stderr.
    pub(crate) fn new() -> Self {
        let live = std::io::stderr().is_terminal();
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{spinner} {prefix:<10} {wide_msg} {elapsed:>5}")
            .expect("the template is a constant that the tests draw");
        bar.set_style(style);
        Self { bar, live, current: Mutex::new(None) }
    }

    /// Ends the live line.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| anstream::eprintln!("{text}"));
    }
}

impl Progress for Display {
    fn started(&self, stage: Stage) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage);
        self.bar.reset_elapsed();
        self.bar.set_prefix(stage.to_string());
        self.bar.set_message("");
        if self.live {
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    fn says(&self, stage: Stage, line: &str) {
        let current = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current == Some(stage) {
            self.bar.set_message(line.to_owned());
        }
    }

    fn happened(&self, message: &str) {
        self.bar.set_message(message.to_owned());
    }

    fn ended(&self, outcome: &Outcome) {
        let stage = outcome.stage;
        let took = format!("{:.1} s", outcome.took.as_secs_f64());
        match &outcome.ending {
            Ending::Proved { evidence } => {
                self.line(&format!("{GREEN}✓{GREEN:#} {stage:<10} {evidence} {DIM}{took}{DIM:#}"));
            }
            Ending::Refuted { findings } => {
                let first = findings.first().map(|it| it.sentence.as_str()).unwrap_or_default();
                self.line(&format!("{RED}✗{RED:#} {stage:<10} {first} {DIM}{took}{DIM:#}"));
            }
            Ending::NotShown { reason } => self.line(&format!("{DIM}- {stage:<10} not shown: {reason}{DIM:#}")),
        }
    }
}

impl Hearing for Display {
    fn began(&self, scenario: Scenario) {
        self.bar.set_prefix(scenario.to_string());
        self.bar.set_message(scenario.entry().title);
        if self.live {
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    fn ended(&self, outcome: &scenario::Outcome) {
        let scenario::Outcome { scenario, ended, details, findings, took } = outcome;
        let took = format!("{:.1} s", took.as_secs_f64());
        let first = findings.first().map_or(details.as_str(), |finding| &finding.sentence);
        self.line(&match ended {
            Ended::Proved => format!("{GREEN}✓{GREEN:#} {scenario:<4} {details} {DIM}{took}{DIM:#}"),
            Ended::Refuted => format!("{RED}✗{RED:#} {scenario:<4} {first} {DIM}{took}{DIM:#}"),
            Ended::NotShown => format!("{DIM}- {scenario:<4} not shown: {details}{DIM:#}"),
        });
    }
}

/// Shows nothing: what goes on is over before anybody could read it.
pub(crate) struct Silent;

impl Progress for Silent {
    fn started(&self, _: Stage) {}

    fn says(&self, _: Stage, _: &str) {}

    fn happened(&self, _: &str) {}

    fn ended(&self, _: &Outcome) {}
}
