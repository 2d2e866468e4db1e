//! Where tasks are kept.

use std::collections::BTreeSet;
use std::ops::Index;

use super::Task;
use crate::effect::TaskId;

/// Every task there ever was.
///
/// They lie one after the other in the order of their creation, and their ids say where: there may be very many, and most of what
/// happens is about one of them.
#[derive(Clone, Debug, Default)]
pub(in crate::ecs) struct Tasks {
    all: Vec<Task>,
    /// Each says the place of its task.
    by_id: BTreeSet<TaskId>,
}

impl Tasks {
    /// The place of the next task.
    pub(in crate::ecs) const fn next_place(&self) -> usize {
        self.all.len()
    }

    /// Keeps `task`, whose id says the next place, from now on.
    pub(in crate::ecs) fn push(&mut self, task: Task) {
        self.by_id.insert(task.id);
        self.all.push(task);
    }

    /// The task called `id`.
    pub(in crate::ecs) fn get(&self, id: &TaskId) -> Option<&Task> {
        self.all.get(self.place(id)?)
    }

    /// The same, to be changed.
    pub(in crate::ecs) fn get_mut(&mut self, id: &TaskId) -> Option<&mut Task> {
        let place = self.place(id)?;
        self.all.get_mut(place)
    }

    /// Every task, in the order of creation.
    pub(in crate::ecs) fn iter(&self) -> impl Iterator<Item = &Task> {
        self.all.iter()
    }

    /// Every task, in the order of their ids.
    pub(in crate::ecs) fn by_id(&self) -> impl Iterator<Item = &Task> {
        self.by_id.iter().filter_map(|id| self.all.get(id.place()?))
    }

    /// The tasks at `places`.
    pub(in crate::ecs) fn at<'a>(
        &'a self,
        places: impl Iterator<Item = &'a usize> + Clone,
    ) -> impl Iterator<Item = &'a Task> + Clone {
        places.filter_map(|place| self.all.get(*place))
    }

    /// An id from elsewhere does not know the place, or another World's.
    fn place(&self, id: &TaskId) -> Option<usize> {
        let known = id.place().filter(|place| self.all.get(*place).is_some_and(|task| task.id == *id));
        known.or_else(|| self.by_id.get(id)?.place())
    }
}

impl Index<&TaskId> for Tasks {
    type Output = Task;

    fn index(&self, id: &TaskId) -> &Task {
        self.get(id).expect("whoever names a task has found it")
    }
}
