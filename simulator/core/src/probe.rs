//! When to probe: the declared schedule of a health check, and extra probes in between that can only find health sooner.

use std::time::Duration;

use crate::time::{Millis, Timestamp};

/// The probes of one container or target. At most one is under way at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    interval: Millis,
    timeout: Millis,
    spacing: Spacing,
    due: Timestamp,
    early: Option<Early>,
    running: Option<Probe>,
}

/// From where the interval to the next declared probe is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spacing {
    /// From the end of the one before, as Docker counts.
    FromEnd,
    /// From the beginning of the one before, as load balancers count.
    FromBeginning,
}

/// Extra probes, while health is still looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Early {
    every: Millis,
    next: Timestamp,
}

/// A probe under way, or that has just ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// When it began; for a declared one, when it was due.
    pub(crate) begun: Timestamp,
    /// Whether it belongs to the declared schedule: only then does its failure count.
    pub(crate) declared: bool,
    actually: Timestamp,
}

impl Schedule {
    /// A schedule whose first declared probe is due at `first`.
    pub(crate) fn new(interval: Duration, timeout: Duration, spacing: Spacing, first: Timestamp) -> Self {
        let (interval, timeout) = (interval.into(), timeout.into());
        Self { interval, timeout, spacing, due: first, early: None, running: None }
    }

    /// The same with extra probes every `every`, the first at `first`, until [`Schedule::found`].
    pub(crate) fn seeking(mut self, every: Option<Duration>, first: Timestamp) -> Self {
        self.early = every.map(|every| Early { every: every.into(), next: first });
        self
    }

    /// The declared probes have other times from now on. One that is under way is ended by its own.
    pub(crate) fn retime(&mut self, interval: Duration, timeout: Duration, now: Timestamp) {
        (self.interval, self.timeout) = (interval.into(), timeout.into());
        self.due = self.due.min(now + interval);
    }

    /// Health has been found, or given up: no more extra probes.
    pub(crate) fn found(&mut self) {
        self.early = None;
    }

    /// When the next probe is to begin; not while one is under way.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        if self.running.is_some() {
            return None;
        }
        match self.early {
            // An extra probe must be over when the declared one is due, and one that has no time to succeed is pointless.
            Some(early) if early.next + early.every.into() <= self.due => Some(early.next),
            Some(_) | None => Some(self.due),
        }
    }

    /// Begins the probe that is due by `now`, if one is, and answers its timeout.
    pub(crate) fn begin(&mut self, now: Timestamp) -> Option<Duration> {
        if self.next()? > now {
            return None;
        }
        if now >= self.due {
            self.running = Some(Probe { begun: self.due, declared: true, actually: now });
            return Some(self.timeout.into());
        }
        self.running = Some(Probe { begun: now, declared: false, actually: now });
        Some(Duration::from(self.timeout).min(self.due.since(now)))
    }

    /// Ends the probe under way; none if there was none, as after a late answer.
    pub(crate) fn end(&mut self, now: Timestamp) -> Option<Probe> {
        let ended = self.running.take()?;
        if ended.declared {
            let took = match self.spacing {
                Spacing::FromEnd => now.since(ended.actually),
                Spacing::FromBeginning => Duration::ZERO,
            };
            self.due = self.due + took + self.interval.into();
        }
        if let Some(early) = &mut self.early {
            early.next = now + early.every.into();
        }
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(0);
    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// Runs `schedule` for a minute with probes that take `takes`, and lists when each began, in milliseconds; extra ones negative.
    fn probes(mut schedule: Schedule, takes: Duration) -> Vec<i64> {
        let mut begun = Vec::new();
        while let Some(at) = schedule.next().filter(|at| *at <= START + secs(60)) {
            let timeout = schedule.begin(at).expect("a probe is due when it says so");
            let ended = at + takes.min(timeout);
            let probe = schedule.end(ended).expect("it was under way");
            let at = i64::try_from(at.as_millis()).expect("a minute fits");
            begun.push(if probe.declared { at } else { -at });
        }
        begun
    }

    #[test]
    fn docker_counts_the_interval_from_the_end_and_load_balancers_from_the_beginning() {
        let docker = Schedule::new(secs(20), secs(5), Spacing::FromEnd, START + secs(20));
        assert_eq!(probes(docker, secs(1)), [20_000, 41_000]);
        let balancer = Schedule::new(secs(20), secs(5), Spacing::FromBeginning, START);
        assert_eq!(probes(balancer, secs(1)), [0, 20_000, 40_000, 60_000]);
    }

    #[test]
    fn extra_probes_never_move_the_declared_ones() {
        for takes in [Duration::ZERO, Duration::from_millis(700), secs(3), secs(9)] {
            let schedule = Schedule::new(secs(10), secs(4), Spacing::FromBeginning, START + secs(10));
            let with_extra = probes(schedule.clone().seeking(Some(secs(2)), START), takes);
            let declared: Vec<_> = with_extra.iter().copied().filter(|at| *at > 0).collect();
            assert_eq!(declared, probes(schedule, takes), "with probes that take {takes:?}");
            assert!(with_extra.iter().any(|at| *at < 0), "extra probes were made");
        }
    }
}
