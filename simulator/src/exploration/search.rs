//! Many runs, and for each bad outcome the fewest faults that lead to it.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread;

use super::run::{Outcome, Run, Stand};
use crate::fault::Fault;

/// What came of exploring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many runs came to each outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// For each bad outcome, the shortest example.
    pub examples: Vec<Example>,
}

/// A bad outcome with the fewest faults that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The seed of the run it was found in.
    pub seed: u64,
    /// What is left of its faults: without any one of them it does not come to this outcome.
    pub faults: Vec<Fault>,
    /// The run with these faults.
    pub run: Run,
}

/// Runs the rollout for each seed from `first` on, `seeds` of them, of a service with `tasks` tasks.
#[must_use]
pub fn explore(stand: &Stand, first: u64, seeds: u64, tasks: u32) -> Findings {
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let parts: Vec<Findings> = thread::scope(|scope| {
        let part = |number: u64| {
            let seeds = (first + number..first + seeds).step_by(usize::try_from(threads).unwrap_or(1));
            scope.spawn(move || some(stand, seeds, tasks))
        };
        let parts: Vec<_> = (0..threads).map(part).collect();
        parts
            .into_iter()
            .map(|part| match part.join() {
                Ok(findings) => findings,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    let mut findings = Findings::default();
    for part in parts {
        for (outcome, count) in part.outcomes {
            *findings.outcomes.entry(outcome).or_default() += count;
        }
        part.examples.into_iter().for_each(|example| findings.keep(example));
    }
    findings
}

fn some(stand: &Stand, seeds: impl Iterator<Item = u64>, tasks: u32) -> Findings {
    let mut findings = Findings::default();
    for seed in seeds {
        let faults = Fault::of(seed, tasks, stand.stages());
        let run = stand.run(&faults);
        *findings.outcomes.entry(run.outcome).or_default() += 1;
        let shortest = findings.examples.iter().find(|it| it.run.outcome == run.outcome);
        // One with a single fault cannot be beaten.
        if run.outcome.is_bad() && shortest.is_none_or(|it| it.faults.len() > 1) {
            let (faults, run) = shrink(stand, faults, run);
            findings.keep(Example { seed, faults, run });
        }
    }
    findings
}

/// Leaves out each fault without which the outcome is the same.
fn shrink(stand: &Stand, mut faults: Vec<Fault>, mut run: Run) -> (Vec<Fault>, Run) {
    let mut place = 0;
    while place < faults.len() {
        let mut fewer = faults.clone();
        fewer.remove(place);
        let shorter = stand.run(&fewer);
        if shorter.outcome == run.outcome {
            (faults, run) = (fewer, shorter);
        } else {
            place += 1;
        }
    }
    (faults, run)
}

impl Findings {
    /// What comes of one rollout in which just `faults` happen; `seed` is what an example of it is called.
    #[must_use]
    pub fn of(stand: &Stand, seed: u64, faults: Vec<Fault>) -> Self {
        let run = stand.run(&faults);
        let outcomes = BTreeMap::from([(run.outcome, 1)]);
        let bad = run.outcome.is_bad();
        let example = Example { seed, faults, run };
        Self { outcomes, examples: Some(example).filter(|_| bad).into_iter().collect() }
    }

    /// The example of the worst outcome.
    #[must_use]
    pub fn worst(&self) -> Option<&Example> {
        self.examples.iter().max_by_key(|example| example.run.outcome)
    }

    /// Keeps `example` if there is no shorter one of its outcome; of equals, the one with the smallest seed.
    fn keep(&mut self, example: Example) {
        let rank = |it: &Example| (it.faults.len(), it.seed);
        match self.examples.iter_mut().find(|it| it.run.outcome == example.run.outcome) {
            Some(known) if rank(known) <= rank(&example) => {}
            Some(known) => *known = example,
            None => self.examples.push(example),
        }
    }
}
