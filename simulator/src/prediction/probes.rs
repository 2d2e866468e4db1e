//! What a container's probes tell of it. A probe tells of an instant; what lay between two of them nobody saw, so that whatever changed
//! is taken to have changed halfway. Then a probe that comes a little sooner or later meets the same.

use std::time::Duration;

use simulator_core::Timestamp;

/// A probe that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    /// When it began.
    pub(super) begun: Timestamp,
    /// When it ended.
    pub(super) ended: Timestamp,
    /// What it met.
    pub(super) met: Met,
}

/// What a probe met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It passed.
    Success,
    /// It failed.
    Failure,
    /// Its timeout.
    Nothing,
}

/// What the probes of a container tell. Times count from the container's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// From when on they passed.
    pub(super) up: Option<Duration>,
    /// From when on they failed again, after they had passed.
    pub(super) sick: Option<Duration>,
    /// The same, where none of them was answered.
    pub(super) hangs: Option<Duration>,
    /// How long those took that passed, in the middle.
    pub(super) takes: Option<Duration>,
}

/// What `probes` tell, which are in order, of a container that was started at `started`. `at` says which instant of a probe counts.
pub(super) fn tell(probes: &[Probe], started: Timestamp, at: fn(&Probe) -> Timestamp) -> Told {
    let passed = |probe: &Probe| probe.met == Met::Success;
    let Some(first) = probes.iter().position(passed) else { return Told::default() };
    let last = probes.iter().rposition(passed).unwrap_or(first);
    let before = first.checked_sub(1).map_or(started, |before| at(&probes[before]));
    let since = |at: Timestamp| at.since(started);
    let turned = probes.get(last + 1).map(|failed| halfway(since(at(&probes[last])), since(at(failed))));
    let unanswered = probes[last + 1..].iter().all(|probe| probe.met == Met::Nothing);
    Told {
        up: Some(halfway(since(before), since(at(&probes[first])))),
        sick: turned.filter(|_| !unanswered),
        hangs: turned.filter(|_| unanswered),
        takes: middle(probes.iter().filter(|probe| passed(probe)).map(|probe| probe.ended.since(probe.begun))),
    }
}

fn halfway(from: Duration, to: Duration) -> Duration {
    from + to.saturating_sub(from) / 2
}

fn middle(durations: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut sorted: Vec<Duration> = durations.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probes every ten seconds that take a second each: `+` passes, `-` fails, `?` is not answered.
    fn probes(met: &str) -> Vec<Probe> {
        let probe = |(place, met): (usize, char)| {
            let begun = Timestamp::from_millis(1_000_000 + 10_000 * (place as u64 + 1));
            let met = match met {
                '+' => Met::Success,
                '-' => Met::Failure,
                _ => Met::Nothing,
            };
            Probe { begun, ended: begun + Duration::from_secs(1), met }
        };
        met.chars().enumerate().map(probe).collect()
    }

    #[test]
    fn what_changed_between_two_probes_changed_halfway() {
        let started = Timestamp::from_millis(1_000_000);
        let secs = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        for (met, up, sick, hangs) in [
            ("", None, None, None),
            ("---", None, None, None),
            // Nobody looked before ten seconds had passed.
            ("+++", Some(5), None, None),
            ("--+", Some(25), None, None),
            ("+--", Some(5), Some(15), None),
            ("-+??", Some(15), None, Some(25)),
            ("+?-", Some(5), Some(15), None),
            // It came back: then it is not sick for good.
            ("+-+", Some(5), None, None),
        ] {
            let told = tell(&probes(met), started, |probe| probe.begun);
            assert_eq!((told.up, told.sick, told.hangs), (secs(up), secs(sick), secs(hangs)), "{met}");
            assert_eq!(told.takes, met.contains('+').then_some(Duration::from_secs(1)), "{met}");
        }
        let told = tell(&probes("-+"), started, |probe| probe.ended);
        assert_eq!(told.up, secs(Some(16)));
    }
}
