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
const SMALL: usize = 1_024;

/// What is due, the earliest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    at: Timestamp,
    sequence: u64,
    due: Due,
}

impl Queue {
    /// Adds `due` at `at`.
    pub(super) fn push(&mut self, at: Timestamp, due: Due) {
        self.sequence += 1;
        self.heap.push(Reverse(Entry { at, sequence: self.sequence, due }));
    }

    /// When the next thing is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next thing.
    pub(super) fn pop(&mut self) -> Option<Due> {
        let due = self.heap.pop().map(|Reverse(entry)| entry.due);
        // A large rollout begins with as many things due as it has tasks, and then has few.
        if self.heap.len() < self.heap.capacity() / 8 && self.heap.capacity() > SMALL {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        due
    }
}

impl Entry {
    const fn key(&self) -> (Timestamp, u64) {
        (self.at, self.sequence)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
