//! The account that is: one snapshot, all questions asked at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::connect::Account;
use crate::desired::Desired;
use crate::fault::CallError;
use crate::former::{self, Glimpse};
use crate::identifiers::Identifiers;
use crate::preflight::{self, Surroundings};
use crate::resource::{ResourceId, Sight, Spec, State};

/// What an account has of what is desired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    pub(crate) found: BTreeMap<ResourceId, State>,
    /// What is around it, where that was looked at.
    pub(crate) surroundings: Option<Surroundings>,
}

impl Observed {
    /// What AWS calls the things that are there.
    pub(crate) fn identifiers(&self, desired: &Desired) -> Identifiers {
        let mut known = Identifiers::default();
        let former = desired.left_over(&self.found).into_iter().map(|former| former.spec);
        for spec in former.chain(desired.resources()) {
            if let Some(state) = self.found.get(&spec.id()) {
                spec.identify(state, &mut known);
            }
        }
        known
    }
}

/// Looks at everything that is desired, and at what is not desired any more, without changing anything. Four calls at most follow one
/// another, and a call for each page: whatever is seen through another resource waits for that one alone. Where there is something that
/// is not desired any more, a closer look at it follows.
///
/// # Errors
/// If a call is refused, or AWS does not answer.
pub async fn observe(account: &Account, desired: &Desired) -> Result<Observed, CallError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut look = Look { account, desired, now, known: Identifiers::default(), seen: BTreeSet::new() };
    let (surroundings, mut found, glimpse) = futures_util::try_join!(
        preflight::look(account),
        look.at(desired.resources()),
        former::glimpse(account, desired, now)
    )?;
    let Glimpse { there, known } = glimpse;
    found.extend(known);
    let mut there = there;
    while !there.is_empty() {
        let mut closer = look.at(there).await?;
        for (id, state) in &mut closer {
            if let Some(former) = desired.former(id) {
                former::look_at_use(account, &former.spec, state).await?;
            }
        }
        found.extend(closer);
        // What a service leads to, and that to, which nobody knows the names of before.
        let further = desired.former_services(&found).into_iter().map(|former| former.spec);
        there = further.filter(|spec| !look.seen.contains(&spec.id())).collect();
    }
    let listeners = former::listeners(account, desired, &found).await?;
    found.extend(listeners);
    Ok(Observed { found, surroundings: Some(surroundings) })
}

/// What has been seen so far.
struct Look<'a> {
    account: &'a Account,
    desired: &'a Desired,
    /// When the look began, in seconds since 1970.
    now: i64,
    known: Identifiers,
    seen: BTreeSet<ResourceId>,
}

impl Look<'_> {
    /// Looks at more: at each as soon as what it is seen through has been looked at.
    async fn at(&mut self, specs: Vec<Spec>) -> Result<BTreeMap<ResourceId, State>, CallError> {
        let (account, desired, now) = (self.account, self.desired, self.now);
        let mut waiting = specs;
        let mut found = BTreeMap::new();
        let mut running = FuturesUnordered::new();
        loop {
            let is_ready = |spec: &Spec| spec.seen_through().is_none_or(|other| self.seen.contains(&other));
            let (ready, later): (Vec<Spec>, Vec<Spec>) = waiting.into_iter().partition(is_ready);
            waiting = later;
            for spec in ready {
                let sight = Sight { account, project: &desired.project, known: self.known.clone(), now };
                running.push(async move {
                    let state = spec.observe(&sight).await;
                    (spec, state)
                });
            }
            let Some((spec, state)) = running.next().await else { break };
            self.seen.insert(spec.id());
            if let Some(state) = state? {
                spec.identify(&state, &mut self.known);
                found.insert(spec.id(), state);
            }
        }
        Ok(found)
    }
}
