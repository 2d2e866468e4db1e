//! Observes, plans and executes, until nothing is left to do.
//!
//! An answer that is lost on the way says nothing of whether its call was carried out. The account does: it is looked at again,
//! and what is left to do is done.

use std::collections::BTreeSet;

use super::{ExecuteError, Progress, execute};
use crate::connect::Account;
use crate::desired::Desired;
use crate::fault::Fault;
use crate::observe::observe;
use crate::outcome::Outcome;
use crate::plan::{Plan, PlanOptions, plan};

/// So many answers may be lost, or things be made by others, in one run.
const ROUNDS: usize = 8;

/// Makes the account what is desired, from the plan that was shown. Where an answer is lost or something has appeared
/// meanwhile, the account is looked at again and a new plan goes on from there; but never with a change to what the first plan
/// did not change.
///
/// # Errors
/// As [`execute`].
pub async fn apply(
    account: &Account,
    desired: &Desired,
    shown: Plan,
    options: &PlanOptions,
    progress: &dyn Progress,
) -> Result<Outcome, ExecuteError> {
    let known: BTreeSet<_> = shown.steps().iter().map(|step| step.change.resource()).collect();
    let mut next = shown;
    let mut round = 0;
    loop {
        let error = match execute(account, &next, progress).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        round += 1;
        if round >= ROUNDS || !matches!(error.fault(), Fault::Unreachable | Fault::MovedOn) || progress.is_stopped() {
            return Err(error);
        }
        let Ok(observed) = observe(account, desired).await else { return Err(error) };
        let planned = plan(desired, &observed, options);
        let stranger = planned.steps().iter().find(|step| !known.contains(&step.change.resource()));
        if stranger.is_some() || !planned.blockers().is_empty() {
            return Err(error);
        }
        next = planned;
    }
}
