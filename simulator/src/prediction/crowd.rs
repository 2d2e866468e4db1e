//! How many tasks of the old and of the new revision run at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use simulator_core::effect::TaskId;
use simulator_core::{Timestamp, World};

/// Old and new tasks while a deployment goes on. Those count whose container behind the load balancer runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// How long old and new ones run side by side.
    pub overlap: Duration,
    /// The largest number of both at any instant.
    pub most: usize,
    /// From the deployment's beginning until the last old one stops; none if an old one runs at the end.
    pub old_gone: Option<Duration>,
    /// From the deployment's beginning until the first new one runs; none if none does.
    pub first_new: Option<Duration>,
    /// How many old and how many new ones run at once: every pair that occurs and is not exceeded by another in both.
    pub mixes: BTreeSet<(usize, usize)>,
}

impl Crowd {
    /// The instant at which all tasks together hold the most of something of which an old one holds `old` and a new one `new`: how much
    /// that is, and how many of each run then.
    #[must_use]
    pub fn worst(&self, old: u32, new: u32) -> (u64, (usize, usize)) {
        let held = |tasks: usize, each: u32| u64::try_from(tasks).unwrap_or(u64::MAX).saturating_mul(u64::from(each));
        let sum = |&(olds, news): &(usize, usize)| held(olds, old).saturating_add(held(news, new));
        self.mixes.iter().map(|mix| (sum(mix), *mix)).max().unwrap_or_default()
    }
}

/// The tasks of services in `world` whose container called `container` runs at `began` or later; `new` tells which are new.
pub(super) fn crowd(world: &World, container: &str, began: Timestamp, new: impl Fn(&TaskId) -> bool) -> Crowd {
    let mut changes = Vec::new();
    for task in world.ecs().tasks().into_iter().filter(|task| task.origin.service.is_some()) {
        let Some(container) = task.containers.iter().find(|it| it.name == container) else { continue };
        let Some(started) = container.started_at else { continue };
        if container.stopped_at.is_some_and(|at| at < began) {
            continue;
        }
        let is_new = new(&task.id);
        changes.push(Change { at: started.max(began), ends: false, is_new });
        changes.extend(container.stopped_at.map(|at| Change { at, ends: true, is_new }));
    }
    let (old_gone, first_new) = turn(&changes);
    let since = |at: Timestamp| at.since(began);
    Crowd { old_gone: old_gone.map(since), first_new: first_new.map(since), ..count(changes, world.now()) }
}

/// At one instant, what starts comes before what ends: the two may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    at: Timestamp,
    ends: bool,
    is_new: bool,
}

/// When the last old one stops, if each does, and when the first new one starts.
fn turn(changes: &[Change]) -> (Option<Timestamp>, Option<Timestamp>) {
    let old = |ends: bool| changes.iter().filter(move |it| !it.is_new && it.ends == ends);
    let all_end = old(true).count() == old(false).count();
    let news = changes.iter().filter(|it| it.is_new && !it.ends);
    (old(true).map(|it| it.at).max().filter(|_| all_end), news.map(|it| it.at).min())
}

fn count(mut changes: Vec<Change>, until: Timestamp) -> Crowd {
    changes.sort_unstable();
    let (mut old, mut new) = (0_usize, 0_usize);
    let mut crowd = Crowd::default();
    let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
    let mut since = None;
    for Change { at, ends, is_new } in changes {
        if let Some(from) = since {
            crowd.overlap += at.since(from);
        }
        let count = if is_new { &mut new } else { &mut old };
        *count = if ends { count.saturating_sub(1) } else { *count + 1 };
        crowd.most = crowd.most.max(old + new);
        let most_new = reached.entry(old).or_default();
        *most_new = (*most_new).max(new);
        since = (old > 0 && new > 0).then_some(at);
    }
    if let Some(from) = since {
        crowd.overlap += until.since(from);
    }
    // From the most old ones down, only those with more new ones than any before say something new.
    let mut most_new = None;
    for (old, new) in reached.into_iter().rev() {
        if most_new.is_none_or(|most| new > most) {
            most_new = Some(new);
            crowd.mixes.insert((old, new));
        }
    }
    crowd
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tasks as `o1-9 n3-`: an old one that runs from 1 s to 9 s, and a new one from 3 s on. It is 20 s at the end.
    fn of(tasks: &str) -> Crowd {
        count(changes(tasks), Timestamp::from_millis(20_000))
    }

    fn changes(tasks: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        let at = |text: &str| Some(Timestamp::from_millis(text.parse::<u64>().ok()? * 1000));
        for task in tasks.split_whitespace() {
            let (is_new, (from, to)) = (task.starts_with('n'), task[1..].split_once('-').expect("from and to"));
            changes.push(Change { at: at(from).expect("a start"), ends: false, is_new });
            changes.extend(at(to).map(|at| Change { at, ends: true, is_new }));
        }
        changes
    }

    #[test]
    fn the_turn_is_over_when_no_old_one_is_left() {
        for (tasks, old_gone, first_new) in
            [("o0-9 o0-7 n3- n5-", Some(9), Some(3)), ("o0-9 o0- n3-", None, Some(3)), ("o0-", None, None)]
        {
            let seconds = |at: Option<Timestamp>| at.map(|at| at.since(Timestamp::from_millis(0)).as_secs());
            let (gone, first) = turn(&changes(tasks));
            assert_eq!((seconds(gone), seconds(first)), (old_gone, first_new), "{tasks}");
        }
    }

    #[test]
    fn tasks_are_counted_at_every_instant() {
        for (tasks, overlap, most, mixes) in [
            ("", 0, 0, &[][..]),
            ("o0-", 0, 1, &[(1, 0)]),
            ("o0-9 n3-", 6, 2, &[(1, 1)]),
            // Stopped first: they never meet.
            ("o0-3 n4-", 0, 1, &[(0, 1), (1, 0)]),
            // They meet at one instant.
            ("o0-3 n3-", 0, 2, &[(1, 1)]),
            ("o0-5 o0-9 n4-6 n8-", 3, 3, &[(2, 1)]),
            // One after the other.
            ("o0-5 o0-9 n4- n8-", 5, 3, &[(1, 2), (2, 1)]),
            ("o0- n5-7 n9-11", 4, 2, &[(1, 1)]),
            ("o0- n15-", 5, 2, &[(1, 1)]),
        ] {
            let crowd = of(tasks);
            assert_eq!((crowd.overlap.as_secs(), crowd.most), (overlap, most), "{tasks}");
            assert_eq!(crowd.mixes, mixes.iter().copied().collect(), "{tasks}");
        }
    }

    #[test]
    fn the_worst_instant_depends_on_what_each_holds() {
        let crowd = of("o0-5 o0-9 n4- n8-");
        for (old, new, expected) in [(10, 1, (21, (2, 1))), (1, 10, (21, (1, 2))), (0, 0, (0, (2, 1)))] {
            assert_eq!(crowd.worst(old, new), expected, "{old} {new}");
        }
        assert_eq!(Crowd::default().worst(3, 3), (0, (0, 0)));
    }
}
