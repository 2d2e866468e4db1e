//! Deadlines, ordered by time and, at the same instant, by the order in which they were set.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// What is due when.
#[derive(Clone, Debug)]
pub(crate) struct Agenda<T> {
    due: BTreeMap<Deadline, T>,
    /// The first of them: it is asked for much more often than it changes.
    first: Option<Deadline>,
    set: u64,
}

/// A deadline, kept by what it is for: so it is found again without a search for whom it is. One that has passed stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline {
    at: Timestamp,
    /// Its place in the order in which they were set, from 1. Zero for one that never was.
    number: u64,
}

impl<T> Agenda<T> {
    /// Sets `deadline`, in place of what it was, at which `what` is due.
    pub(crate) fn set(&mut self, deadline: &mut Deadline, what: T, at: Timestamp) {
        self.cancel(deadline);
        self.set += 1;
        *deadline = Deadline { at, number: self.set };
        self.due.insert(*deadline, what);
        self.first = Some(self.first.map_or(*deadline, |first| first.min(*deadline)));
    }

    /// The same, unless `deadline` is earlier already.
    pub(crate) fn bring_forward(&mut self, deadline: &mut Deadline, what: T, at: Timestamp) {
        if at < deadline.at || !self.due.contains_key(deadline) {
            self.set(deadline, what, at);
        }
    }

    /// Forgets what is due at `deadline`.
    pub(crate) fn cancel(&mut self, deadline: &mut Deadline) {
        let former = std::mem::take(deadline);
        // Most have passed, and then stand before all that is due.
        if self.first.is_none_or(|first| former < first) {
            return;
        }
        self.due.remove(&former);
        if self.first == Some(former) {
            self.find_first();
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.first.map(|deadline| deadline.at)
    }

    /// Takes the first thing that is due by `now`.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<T> {
        self.first.filter(|first| first.at <= now)?;
        let (_, what) = self.due.pop_first()?;
        self.find_first();
        Some(what)
    }

    fn find_first(&mut self) {
        self.first = self.due.first_key_value().map(|(first, _)| *first);
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), first: None, set: 0 }
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
        let mut deadlines = [Deadline::default(); 4];
        let [late, second, third, first] = &mut deadlines;
        agenda.set(late, "late", START + Duration::from_secs(2));
        agenda.set(second, "second", START);
        agenda.set(third, "third", START);
        agenda.set(first, "first", Timestamp::from_millis(0));
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop_due(START)).collect();
        assert_eq!(order, ["first", "second", "third"]);
        assert_eq!(agenda.next(), Some(START + Duration::from_secs(2)));
    }

    #[test]
    fn a_deadline_is_one_however_often_it_is_set() {
        let (mut agenda, mut deadline) = (Agenda::default(), Deadline::default());
        agenda.set(&mut deadline, "due", START);
        agenda.bring_forward(&mut deadline, "due", START + Duration::from_secs(1));
        assert_eq!(agenda.next(), Some(START), "a later deadline does not put an earlier one off");
        agenda.set(&mut deadline, "due", START + Duration::from_secs(1));
        assert_eq!(agenda.next(), Some(START + Duration::from_secs(1)));
        agenda.cancel(&mut deadline);
        assert_eq!(agenda.next(), None);
    }

    #[test]
    fn a_deadline_that_has_passed_stands_for_none() {
        let (mut agenda, mut deadline, mut other) = (Agenda::default(), Deadline::default(), Deadline::default());
        agenda.set(&mut deadline, "due", START);
        agenda.set(&mut other, "other", START + Duration::from_secs(5));
        assert_eq!(agenda.pop_due(START), Some("due"));
        agenda.cancel(&mut deadline.clone());
        assert_eq!(agenda.next(), Some(START + Duration::from_secs(5)), "nothing else is forgotten");
        agenda.bring_forward(&mut deadline, "again", START + Duration::from_secs(1));
        assert_eq!(agenda.next(), Some(START + Duration::from_secs(1)));
    }
}
