//! Deadlines: one per key, ordered by time and, at the same instant, by the order in which they were set.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// What is due when. A key has at most one deadline.
#[derive(Clone, Debug)]
pub(crate) struct Agenda<K> {
    by_time: BTreeMap<(Timestamp, u64), K>,
    by_key: BTreeMap<K, (Timestamp, u64)>,
    sequence: u64,
}

impl<K: Ord + Clone> Agenda<K> {
    /// Sets the deadline of `key`, in place of any it had.
    pub(crate) fn set(&mut self, key: K, at: Timestamp) {
        self.cancel(&key);
        self.sequence += 1;
        self.by_time.insert((at, self.sequence), key.clone());
        self.by_key.insert(key, (at, self.sequence));
    }

    /// Sets the deadline of `key` unless it has an earlier one already.
    pub(crate) fn bring_forward(&mut self, key: K, at: Timestamp) {
        if self.by_key.get(&key).is_none_or(|(set, _)| at < *set) {
            self.set(key, at);
        }
    }

    /// Forgets the deadline of `key`.
    pub(crate) fn cancel(&mut self, key: &K) {
        if let Some(slot) = self.by_key.remove(key) {
            self.by_time.remove(&slot);
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_time.keys().next().map(|(at, _)| *at)
    }

    /// Takes the first key whose deadline is not after `now`.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }
}

impl<K> Default for Agenda<K> {
    fn default() -> Self {
        Self { by_time: BTreeMap::new(), by_key: BTreeMap::new(), sequence: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn deadlines_come_by_time_then_in_the_order_they_were_set() {
        let mut agenda = Agenda::default();
        agenda.set("late", START + Duration::from_secs(2));
        agenda.set("second", START);
        agenda.set("third", START);
        agenda.set("first", Timestamp::from_millis(0));
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop_due(START)).collect();
        assert_eq!(order, ["first", "second", "third"]);
        assert_eq!(agenda.next(), Some(START + Duration::from_secs(2)));
    }

    #[test]
    fn a_key_has_one_deadline() {
        let mut agenda = Agenda::default();
        agenda.set("key", START);
        agenda.bring_forward("key", START + Duration::from_secs(1));
        assert_eq!(agenda.next(), Some(START), "a later deadline does not put an earlier one off");
        agenda.set("key", START + Duration::from_secs(1));
        assert_eq!(agenda.next(), Some(START + Duration::from_secs(1)));
        agenda.cancel(&"key");
        assert_eq!(agenda.next(), None);
    }
}
