//! Where requests go, and what is under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use simulator_core::Arn;
use simulator_core::effect::Target;
use tokio::sync::watch;

use super::pool::Pool;

/// The routes of every target group.
#[derive(Debug, Default)]
pub(super) struct Routes {
    groups: Mutex<BTreeMap<Arn, Group>>,
}

#[derive(Debug, Default)]
struct Group {
    /// In the order in which requests go to them.
    routed: Vec<Arc<Routed>>,
    next: usize,
    /// Every target that is routed or still has something to answer.
    known: BTreeMap<Target, Arc<Routed>>,
}

/// A target of one group.
#[derive(Debug)]
pub(super) struct Routed {
    pub(super) target: Target,
    pub(super) pool: Pool,
    under_way: watch::Sender<usize>,
}

/// A request on its way to a target, from before it is sent until its answer has been passed on. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Passage {
    routed: Arc<Routed>,
}

impl Routes {
    /// Sends requests of `group` to `targets`, and to nothing else, from the moment this returns.
    pub(super) fn set(&self, group: &Arn, targets: &[Target]) {
        let mut groups = self.groups();
        let group = groups.entry(group.clone()).or_default();
        let before = std::mem::take(&mut group.routed);
        for target in targets {
            let routed = group.known.entry(target.clone()).or_insert_with(|| Arc::new(Routed::new(target)));
            routed.pool.open();
            group.routed.push(Arc::clone(routed));
        }
        for routed in before.iter().filter(|routed| !targets.contains(&routed.target)) {
            routed.pool.close();
        }
        group.known.retain(|target, routed| targets.contains(target) || *routed.under_way.borrow() > 0);
    }

    /// The next target of `group`. It counts as having a request under way from here on, so that there is no moment at
    /// which it could look drained with a request still to come.
    pub(super) fn next(&self, group: &Arn) -> Option<Passage> {
        let mut groups = self.groups();
        let group = groups.get_mut(group)?;
        let at = group.next.checked_rem(group.routed.len())?;
        group.next = at + 1;
        let routed = Arc::clone(&group.routed[at]);
        routed.under_way.send_modify(|count| *count += 1);
        Some(Passage { routed })
    }

    /// Ends when nothing is under way to `target`.
    pub(super) fn drained(&self, group: &Arn, target: &Target) -> impl Future<Output = ()> + Send + use<> {
        let known = self.groups().get(group).and_then(|group| group.known.get(target)).map(Arc::clone);
        async move {
            if let Some(routed) = known {
                let drained = routed.under_way.subscribe().wait_for(|&count| count == 0).await.map(drop);
                drained.expect("the sender is held here");
            }
        }
    }

    fn groups(&self) -> MutexGuard<'_, BTreeMap<Arn, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Routed {
    fn new(target: &Target) -> Self {
        Self { target: target.clone(), pool: Pool::default(), under_way: watch::Sender::new(0) }
    }
}

impl Passage {
    /// Where it goes.
    pub(super) fn routed(&self) -> &Arc<Routed> {
        &self.routed
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.routed.under_way.send_modify(|count| *count -= 1);
    }
}
