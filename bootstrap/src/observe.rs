//! The account that is: one snapshot, all questions asked at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::connect::Account;
use crate::desired::Desired;
use crate::fault::CallError;
use crate::identifiers::Identifiers;
use crate::resource::{ResourceId, Sight, Spec, State};

/// What an account has of what is desired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    pub(crate) found: BTreeMap<ResourceId, State>,
}

impl Observed {
    /// What AWS calls the things that are there.
    pub(crate) fn identifiers(&self, desired: &Desired) -> Identifiers {
        let mut known = Identifiers::default();
        for spec in desired.resources() {
            if let Some(state) = self.found.get(&spec.id()) {
                spec.identify(state, &mut known);
            }
        }
        known
    }
}

/// Looks at everything that is desired, without changing anything. Four calls at most follow one another, and a call for
/// each page: whatever is seen through another resource waits for that one alone.
///
/// # Errors
/// If a call is refused, or AWS does not answer.
pub async fn observe(account: &Account, desired: &Desired) -> Result<Observed, CallError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut waiting = desired.resources();
    let mut known = Identifiers::default();
    let mut observed = Observed::default();
    let mut running = FuturesUnordered::new();
    let mut looked_at = BTreeSet::new();
    loop {
        let (ready, later): (Vec<Spec>, Vec<Spec>) =
            waiting.into_iter().partition(|spec| spec.seen_through().is_none_or(|other| looked_at.contains(&other)));
        waiting = later;
        for spec in ready {
            let sight = Sight { account, project: &desired.project, known: known.clone(), now };
            running.push(async move {
                let state = spec.observe(&sight).await;
                (spec, state)
            });
        }
        let Some((spec, state)) = running.next().await else { break };
        looked_at.insert(spec.id());
        if let Some(state) = state? {
            spec.identify(&state, &mut known);
            observed.found.insert(spec.id(), state);
        }
    }
    Ok(observed)
}
