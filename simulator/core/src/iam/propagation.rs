//! IAM's eventual consistency: for a time after a write, other services still see what was before it (facts/aws.md 6.5).
//!
//! IAM itself sees its writes at once: what it reads, and what it allows. Other services, STS and the check of signatures see
//! them later, in the order in which they were made. `iam:PassRole` is checked by the service that a role is passed to, and so by
//! what that service sees.

use std::collections::VecDeque;
use std::time::Duration;

use super::State;
use crate::id::{IdKind, IdStream};
use crate::time::Timestamp;
use crate::timing::Propagation;
use crate::world::World;

/// States that were before recent writes, each with the time until which it is what other services see.
pub(crate) type Past = VecDeque<(Timestamp, State)>;

/// IAM's operations that write nothing, by how their names begin.
const READING: [&str; 4] = ["Get", "List", "Simulate", "Generate"];

impl World {
    /// What other services than IAM see of IAM now.
    pub(crate) fn iam_seen(&self) -> &State {
        self.iam_past.iter().find(|(until, _)| *until > self.now).map_or(&self.iam, |(_, state)| state)
    }

    /// Lets every service see all that was written so far, as if it had been written long ago.
    pub fn let_iam_settle(&mut self) {
        self.iam_past.clear();
    }

    /// When something that was written is next seen by others.
    pub(crate) fn iam_settles_at(&self) -> Option<Timestamp> {
        self.iam_past.front().map(|(until, _)| *until)
    }

    /// Forgets the states that nobody sees any more.
    pub(crate) fn forget_settled_iam(&mut self) {
        let now = self.now;
        self.iam_past.retain(|(until, _)| *until > now);
    }

    /// What whoever decides on `action` sees of IAM now.
    pub(super) fn iam_seen_for(&self, action: &str) -> &State {
        let by_iam = action.starts_with("iam:") && action != "iam:PassRole";
        if by_iam { &self.iam } else { self.iam_seen() }
    }

    /// What must be kept in order to hide a write that `operation` is about to make; nothing if it is to be seen at once.
    pub(crate) fn iam_before(&self, operation: &str) -> Option<State> {
        let writes = operation.strip_prefix("iam:").is_some_and(|name| !READING.iter().any(|it| name.starts_with(it)));
        (writes && self.timing.iam_propagation != Propagation::Immediate).then(|| self.iam.settled())
    }

    /// Hides a write that was just made: others see `before` for a time.
    pub(crate) fn hide_write(&mut self, before: State) {
        let now = self.now;
        let delay = delay(self.timing.iam_propagation, &mut self.ids);
        // No write overtakes another.
        let earliest = self.iam_past.back().map_or(now, |(until, _)| *until);
        self.iam_past.push_back((earliest.max(now + delay), before));
    }
}

fn delay(propagation: Propagation, ids: &mut IdStream) -> Duration {
    match propagation {
        Propagation::Immediate => Duration::ZERO,
        Propagation::Fixed(delay) => delay,
        Propagation::Random { most } => {
            let span = u64::try_from(most.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
            Duration::from_millis(ids.bits(IdKind::Propagation) % span)
        }
    }
}

impl State {
    /// The state without what never lags: sessions are STS's own, and deletions nobody else asks about.
    fn settled(&self) -> Self {
        Self {
            users: self.users.clone(),
            roles: self.roles.clone(),
            policies: self.policies.clone(),
            oidc_providers: self.oidc_providers.clone(),
            instance_profiles: self.instance_profiles.clone(),
            keys: self.keys.clone(),
            deletions: std::collections::BTreeMap::new(),
            sessions: std::collections::BTreeMap::new(),
        }
    }
}
