//! What is due to happen, ordered by time and, at the same instant, by the order in which it was settled on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smol_str::SmolStr;

use crate::effect::TaskId;
use crate::observation::Observation;
use crate::time::Timestamp;

/// Something that is due.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// The World is told.
    Observation(Observation),
    /// A container ends, unless something else has ended it before.
    Exit(Exit),
}

/// The end of a container.
#[derive(Clone, Debug)]
pub(super) struct Exit {
    pub(super) task: TaskId,
    pub(super) container: SmolStr,
    /// Which start of the container it belongs to.
    pub(super) run: u64,
    pub(super) code: i32,
    pub(super) out_of_memory: bool,
}

/// Room for so many things is never given back.
pub(super) const SMALL: usize = 1_024;

/// What is due, the earliest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    /// What the entries stand for, which is too large to be moved about in the heap.
    kept: Vec<Option<Due>>,
    /// Places in it that are free.
    free: Vec<u32>,
    sequence: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Timestamp,
    /// No two have the same.
    sequence: u64,
    /// Where what is due is kept.
    place: u32,
}

impl Queue {
    /// Adds `due` at `at`.
    pub(super) fn push(&mut self, at: Timestamp, due: Due) {
        self.sequence += 1;
        let place = self.keep(due);
        self.heap.push(Reverse(Entry { at, sequence: self.sequence, place }));
    }

    /// When the next thing is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next thing.
    pub(super) fn pop(&mut self) -> Option<Due> {
        let Reverse(entry) = self.heap.pop()?;
        let due = self.take(entry.place);
        self.free.push(entry.place);
        // A large rollout begins with as many things due as it has tasks, and then has few.
        if self.heap.len() < self.kept.len() / 8 && self.kept.len() > SMALL {
            self.shrink();
        }
        due
    }

    fn keep(&mut self, due: Due) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.kept[place as usize] = Some(due);
                place
            }
            None => {
                self.kept.push(Some(due));
                u32::try_from(self.kept.len() - 1).expect("what is due fits memory")
            }
        }
    }

    fn take(&mut self, place: u32) -> Option<Due> {
        self.kept.get_mut(place as usize).and_then(Option::take)
    }

    /// Keeps what is due in little more room than it needs, without having both at a time.
    fn shrink(&mut self) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        let within = |place: u32| (place as usize) < entries.len();
        self.free.retain(|place| within(*place));
        let beyond: Vec<usize> = (0..entries.len()).filter(|at| !within(entries[*at].0.place)).collect();
        for at in beyond {
            let Reverse(entry) = &mut entries[at];
            let due = self.take(entry.place);
            // As many places are free below as are taken beyond.
            if let Some(place) = self.free.pop() {
                self.kept[place as usize] = due;
                entry.place = place;
            }
        }
        self.kept.truncate(entries.len());
        self.free.shrink_to_fit();
        self.kept.shrink_to(entries.len() * 2);
        entries.shrink_to(entries.len() * 2);
        self.heap = entries.into();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::effect::TaskId;

    /// What is due comes by time, then in the order in which it was settled on, also once there was very much of it.
    #[test]
    fn what_is_due_comes_in_order_however_much_there_is() {
        let start = Timestamp::from_millis(1_000);
        let mut queue = Queue::default();
        for number in 0..20_000_u64 {
            let task = TaskId::new(u128::from(number));
            let at = start + Duration::from_millis(number % 7);
            queue.push(at, Due::Observation(Observation::TaskCleared { task }));
        }
        let mut came = Vec::new();
        while let Some(at) = queue.next() {
            let Some(Due::Observation(Observation::TaskCleared { task })) = queue.pop() else { continue };
            came.push((at, task));
        }
        let mut expected: Vec<(Timestamp, TaskId)> = (0..20_000_u64)
            .map(|number| (start + Duration::from_millis(number % 7), TaskId::new(number.into())))
            .collect();
        expected.sort_by_key(|(at, task)| (*at, *task));
        assert_eq!(came, expected);
        assert!(queue.kept.capacity() <= 2 * SMALL, "room for very much is given back");
    }
}
