//! A plan in the making. Resources add to it in the order in which they can be made; the order of the steps and what they
//! wait for follows from what each change needs.

use std::collections::BTreeSet;

use super::{Blocker, Cause, Drift, Needs, Remark, Step};
use crate::resource::inline_policy::Comparison;
use crate::resource::{Change, Owner, ResourceId};

/// A plan in the making.
pub(crate) struct Draft {
    planned: Vec<Planned>,
    blockers: Vec<Blocker>,
    drift: Vec<Drift>,
    remarks: Vec<Remark>,
    /// What is being compared, and whose it is.
    subject: ResourceId,
    owner: Owner,
    holder: ResourceId,
    /// What must go before the subject can: all that needs it.
    dependents: Vec<ResourceId>,
    /// How many changes must be made before the subject can go, whatever they are.
    first: usize,
    /// What asked for the subject, where nothing does any more.
    former: Option<&'static str>,
    /// Whether repositories may be deleted with their images.
    pub(super) empties_repositories: bool,
    /// The access key that the caller can show to have been handed over.
    pub(super) key_in_hand: Option<String>,
    /// Of which secrets and parameters the caller has a value at hand.
    pub(super) values: BTreeSet<String>,
}

struct Planned {
    change: Change,
    cause: Cause,
    /// What must go before.
    dependents: Vec<ResourceId>,
    /// How many changes must be made before, whatever they are.
    first: usize,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            planned: Vec::new(),
            blockers: Vec::new(),
            drift: Vec::new(),
            remarks: Vec::new(),
            subject: ResourceId::account(),
            owner: Owner::Ours,
            holder: ResourceId::account(),
            dependents: Vec::new(),
            first: 0,
            former: None,
            empties_repositories: false,
            key_in_hand: None,
            values: BTreeSet::new(),
        }
    }
}

impl Draft {
    /// What follows is about `subject`, which belongs to `owner` because `holder` does.
    pub(super) fn about(&mut self, subject: ResourceId, holder: ResourceId, owner: Owner) {
        (self.subject, self.holder, self.owner) = (subject, holder, owner);
        self.former = None;
    }

    /// What follows takes the subject away, once all `dependents` are gone.
    pub(super) fn after(&mut self, dependents: Vec<ResourceId>) {
        self.dependents = dependents;
    }

    /// What follows is what nobody asks for any more. All that is asked for comes before it.
    pub(super) fn end_of_wanted(&mut self) {
        self.first = self.planned.len();
    }

    /// What follows is about something that `setting` asked for and that nothing asks for any more.
    pub(super) fn about_former(&mut self, subject: ResourceId, setting: &'static str) {
        self.about(subject.clone(), subject, Owner::Ours);
        self.former = Some(setting);
    }

    /// Whether such a change is in the plan so far.
    pub(super) fn has(&self, wanted: impl Fn(&Change) -> bool) -> bool {
        self.planned.iter().any(|planned| wanted(&planned.change))
    }

    /// Whether what is being compared is this project's.
    pub(crate) fn is_ours(&self) -> bool {
        self.owner == Owner::Ours
    }

    /// Whether repositories may be deleted with their images.
    pub(crate) fn empties_repositories(&self) -> bool {
        self.empties_repositories
    }

    /// The access key that the caller can show to have been handed over.
    pub(crate) fn key_in_hand(&self) -> Option<&str> {
        self.key_in_hand.as_deref()
    }

    /// Whether the caller has a value for a secret or parameter.
    pub(crate) fn has_value(&self, name: &str) -> bool {
        self.values.contains(name)
    }

    /// Something that somebody has asked for.
    pub(crate) fn requested(&mut self, change: impl Into<Change>, because: &'static str) {
        self.if_ours(change.into(), Cause::Requested { because });
    }

    /// The subject is not there, is needed, and is not bootstrap's to make.
    pub(crate) fn lacks(&mut self, help: &'static str) {
        self.remarks.push(Remark::Absent { resource: self.subject.clone(), help });
    }

    /// Something that is missing and is made.
    pub(crate) fn missing(&mut self, change: impl Into<Change>, purpose: &'static str) {
        self.if_ours(change.into(), Cause::Missing { purpose });
    }

    /// A field that differs and is changed.
    pub(crate) fn differs(&mut self, change: impl Into<Change>, field: &'static str, wanted: &str, found: &str) {
        let cause = Cause::Field { field, wanted: wanted.to_owned(), found: found.to_owned() };
        self.if_ours(change.into(), cause);
    }

    /// A policy that says something else and is written again; nothing if it says the same.
    pub(crate) fn policy_differs(&mut self, change: impl Into<Change>, comparison: &Comparison) {
        let Some(what) = comparison.words() else { return };
        let (lacking, beyond) = comparison.sides();
        self.if_ours(change.into(), Cause::Policy { what, lacking, beyond });
    }

    /// Something that nobody wants any more and that is taken away.
    pub(crate) fn unwanted(&mut self, change: impl Into<Change>, because: &'static str) {
        let cause = self.former.map_or(Cause::Unwanted { because }, |setting| Cause::Former { setting });
        self.if_ours(change.into(), cause);
    }

    /// Makes the subject this project's.
    pub(super) fn adopt(&mut self, change: Change, owner: Owner) {
        let (dependents, first) = (Vec::new(), self.first);
        self.planned.push(Planned { change, cause: Cause::Adopted { owner }, dependents, first });
    }

    /// The subject has the wanted name and cannot serve.
    pub(crate) fn unusable(&mut self, why: String) {
        self.blockers.push(Blocker::Unusable { resource: self.subject.clone(), why });
    }

    /// Something else that stands in the way.
    pub(crate) fn block(&mut self, blocker: Blocker) {
        match (self.former, blocker) {
            // What is asked for is made all the same.
            (Some(setting), Blocker::Undeletable { resource, why }) => {
                self.remarks.push(Remark::LeftOver { resource, setting, why });
            }
            (_, blocker) => self.blockers.push(blocker),
        }
    }

    /// A field of the subject that differs and is left as it is, since changing it would destroy something or cannot be done.
    pub(crate) fn left(&mut self, field: &'static str, wanted: &str, found: &str) {
        let resource = self.subject.clone();
        self.drift.push(Drift { resource, field, wanted: wanted.to_owned(), found: found.to_owned() });
    }

    /// The subject stays where everything of the project is taken away.
    pub(crate) fn stays(&mut self, why: impl Into<String>) {
        let (resource, why) = (self.subject.clone(), why.into());
        self.remarks.push(match self.former {
            Some(setting) => Remark::LeftOver { resource, setting, why },
            None => Remark::Stays { resource, why },
        });
    }

    /// Something worth saying that is neither done nor in the way.
    pub(super) fn remark(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    fn if_ours(&mut self, change: Change, cause: Cause) {
        match &self.owner {
            Owner::Ours => {
                let (dependents, first) = (self.dependents.clone(), self.first);
                self.planned.push(Planned { change, cause, dependents, first });
            }
            owner @ (Owner::Project(_) | Owner::Unknown) => {
                let (resource, owner, change) = (self.holder.clone(), owner.clone(), change.to_string());
                self.blockers.push(Blocker::NotOurs { resource, owner, change });
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<Step>, Vec<Blocker>, Vec<Drift>, Vec<Remark>) {
        let makers: Vec<ResourceId> = self.planned.iter().map(|planned| planned.change.resource()).collect();
        let mut before: Vec<BTreeSet<usize>> = Vec::new();
        let mut steps = Vec::new();
        for (index, Planned { change, cause, dependents, first }) in self.planned.into_iter().enumerate() {
            let earlier = 0..index;
            let direct: BTreeSet<usize> = match change.needs() {
                Needs::Everything => earlier.collect(),
                Needs::These(mut needs) => {
                    needs.extend(dependents);
                    earlier.filter(|place| *place < first || needs.contains(&makers[*place])).collect()
                }
            };
            let further: BTreeSet<usize> = direct.iter().flat_map(|place| &before[*place]).copied().collect();
            let waits_for = direct.difference(&further).map(|place| place + 1).collect();
            before.push(direct.union(&further).copied().collect());
            steps.push(Step { number: index + 1, change, cause, waits_for });
        }
        (steps, self.blockers, self.drift, self.remarks)
    }
}
