//! Which step of a plan can start now. Pure.

use crate::plan::Step;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
}

/// The progress of a plan.
pub(super) struct Schedule<'p> {
    steps: &'p [Step],
    states: Vec<State>,
    side_by_side: usize,
}

impl<'p> Schedule<'p> {
    pub(super) fn new(steps: &'p [Step], side_by_side: usize) -> Self {
        Self { steps, states: vec![State::Waiting; steps.len()], side_by_side }
    }

    /// The first step that waits for nothing any more, which counts as running from here on; none if all that are left
    /// wait, or as many are running as may.
    pub(super) fn start_next(&mut self) -> Option<&'p Step> {
        if self.states.iter().filter(|state| **state == State::Running).count() >= self.side_by_side {
            return None;
        }
        let ready = |step: &Step| {
            let done = |number: &usize| self.states[number - 1] == State::Done;
            self.states[step.number - 1] == State::Waiting && step.waits_for.iter().all(done)
        };
        let step = self.steps.iter().find(|step| ready(step))?;
        self.states[step.number - 1] = State::Running;
        Some(step)
    }

    /// Whether every step is done.
    pub(super) fn is_done(&self) -> bool {
        self.states.iter().all(|state| *state == State::Done)
    }

    /// A running step is done.
    pub(super) fn finish(&mut self, step: &Step) {
        self.states[step.number - 1] = State::Done;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Cause;
    use crate::resource::deploy_user_change::Change;

    /// Steps that wait for the given numbers.
    fn steps(waits: &[&[usize]]) -> Vec<Step> {
        let step = |(index, waits_for): (usize, &&[usize])| Step {
            number: index + 1,
            change: Change::Create { user: format!("user-{}", index + 1), boundary: None }.into(),
            cause: Cause::Missing { purpose: "a test" },
            waits_for: waits_for.to_vec(),
        };
        waits.iter().enumerate().map(step).collect()
    }

    fn started(schedule: &mut Schedule<'_>) -> Vec<usize> {
        std::iter::from_fn(|| schedule.start_next()).map(|step| step.number).collect()
    }

    #[test]
    fn a_step_starts_when_all_that_it_waits_for_are_done() {
        let steps = steps(&[&[], &[], &[1], &[1, 2]]);
        let mut schedule = Schedule::new(&steps, 8);
        assert_eq!(started(&mut schedule), [1, 2]);
        schedule.finish(&steps[0]);
        assert_eq!(started(&mut schedule), [3]);
        schedule.finish(&steps[1]);
        assert_eq!(started(&mut schedule), [4]);
        assert_eq!(started(&mut schedule), [0; 0]);
    }

    #[test]
    fn no_more_steps_run_than_may() {
        let steps = steps(&[&[], &[], &[], &[]]);
        let mut schedule = Schedule::new(&steps, 2);
        assert_eq!(started(&mut schedule), [1, 2]);
        schedule.finish(&steps[1]);
        assert_eq!(started(&mut schedule), [3]);
    }
}
