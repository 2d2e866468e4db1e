//! What is shown while a plan is carried out: a bar on a terminal, and a line for each step that is done. All on stderr.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bootstrap::StepEvent;
use bootstrap::plan::Step;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::journal::Journal;

/// The display of one execution, which is also written into the journal.
pub(super) struct Display {
    bar: ProgressBar,
    journal: Journal,
    stopped: AtomicBool,
    /// Which waits have been told of: the number of the step, and the reason.
    told: Mutex<BTreeSet<(usize, &'static str)>>,
}

impl Display {
    pub(super) fn new(steps: usize, journal: Journal) -> Self {
        let live = std::io::stderr().is_terminal();
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let length = u64::try_from(steps).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), target);
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg} {elapsed:>5}")
            .expect("the template is a constant that is drawn each time");
        bar.set_style(style);
        if live {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, journal, stopped: AtomicBool::new(false), told: Mutex::default() }
    }

    /// Starts no further step from now on.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.line("interrupted: what has begun is finished; once more ends it at once");
    }

    pub(super) fn finish(&self, ended: &str) {
        self.bar.finish_and_clear();
        self.journal.ended(ended);
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| anstream::eprintln!("{text}"));
    }
}

impl bootstrap::Progress for Display {
    fn report(&self, step: &Step, event: StepEvent<'_>) {
        match &event {
            StepEvent::Started => self.bar.set_message(step.change.to_string()),
            StepEvent::Waiting { reason, delay: _, error } => {
                self.bar.set_message(format!("{}: waiting for {reason}", step.change));
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                // What it waits for, and what holds that up, is said once.
                if told.insert((step.number, reason)) {
                    self.line(&format!("… {}: waiting for {reason}: {error}", step.change));
                }
            }
            StepEvent::Done => {
                self.bar.inc(1);
                self.line(&format!("✓ {}", step.change));
            }
            StepEvent::Failed(_) => self.line(&format!("✗ {}", step.change)),
        }
        self.journal.note(step, &event);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}
