//! A plan in the making. Resources add to it in the order in which they can be made; the order of the steps and what they
//! wait for follows from what each change needs.

use std::collections::BTreeSet;

use super::change::Needs;
use super::{Blocker, Cause, Change, Drift, Step};
use crate::resource::{Owner, ResourceId};

#[derive(Default)]
pub(crate) struct Draft {
    planned: Vec<(Change, Cause)>,
    blockers: Vec<Blocker>,
    drift: Vec<Drift>,
}

impl Draft {
    /// Something new, which is ours from the beginning.
    pub(crate) fn create(&mut self, change: Change, purpose: &'static str) {
        self.planned.push((change, Cause::Missing { purpose }));
    }

    /// A missing part of a resource that exists, which is only added if the resource is ours.
    pub(crate) fn add(&mut self, owner: &Owner, resource: ResourceId, change: Change, purpose: &'static str) {
        self.if_ours(owner, resource, change, Cause::Missing { purpose });
    }

    /// A part of a resource that exists and differs, which is only changed if the resource is ours.
    pub(crate) fn mend(&mut self, owner: &Owner, resource: ResourceId, change: Change, what: String) {
        self.if_ours(owner, resource, change, Cause::Differs { what });
    }

    /// Something that stands in the way.
    pub(crate) fn block(&mut self, blocker: Blocker) {
        self.blockers.push(blocker);
    }

    /// Something that differs and is left as it is.
    pub(crate) fn drift(&mut self, resource: ResourceId, field: &'static str, wanted: &str, found: &str) {
        self.drift.push(Drift { resource, field, wanted: wanted.to_owned(), found: found.to_owned() });
    }

    fn if_ours(&mut self, owner: &Owner, resource: ResourceId, change: Change, cause: Cause) {
        match owner {
            Owner::Ours => self.planned.push((change, cause)),
            Owner::Project(_) | Owner::Unknown => {
                let (owner, change) = (owner.clone(), change.to_string());
                self.blockers.push(Blocker::NotOurs { resource, owner, change });
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<Step>, Vec<Blocker>, Vec<Drift>) {
        let makers: Vec<ResourceId> = self.planned.iter().map(|(change, _)| change.resource()).collect();
        let mut before: Vec<BTreeSet<usize>> = Vec::new();
        let mut steps = Vec::new();
        for (index, (change, cause)) in self.planned.into_iter().enumerate() {
            let earlier = 0..index;
            let direct: BTreeSet<usize> = match change.needs() {
                Needs::Everything => earlier.collect(),
                Needs::These(needs) => earlier.filter(|place| needs.contains(&makers[*place])).collect(),
            };
            let further: BTreeSet<usize> = direct.iter().flat_map(|place| &before[*place]).copied().collect();
            let waits_for = direct.difference(&further).map(|place| place + 1).collect();
            before.push(direct.union(&further).copied().collect());
            steps.push(Step { number: index + 1, change, cause, waits_for });
        }
        (steps, self.blockers, self.drift)
    }
}
