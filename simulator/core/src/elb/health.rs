//! When a target counts as healthy (`facts/aws.md` section 8).

use crate::observation::ProbeAnswer;

/// `TargetHealth.State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetState {
    /// Registered; not yet judged.
    Initial,
    /// Passing its health checks.
    Healthy,
    /// Failing them.
    Unhealthy,
    /// Deregistered, finishing what it has.
    Draining,
    /// In a target group that no listener uses.
    Unused,
}

impl TargetState {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
            Self::Unused => "unused",
        }
    }
}

/// `TargetHealth.Reason` and `Description`. A healthy target has neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Such as `Target.Timeout`.
    pub code: &'static str,
    /// Such as `Request timed out`.
    pub description: String,
}

impl Reason {
    /// The reason `code` with AWS's description of it.
    pub(super) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { code, description: description.into() }
    }

    pub(super) fn initial() -> Self {
        Self::new("Elb.InitialHealthChecking", "Initial health checks in progress")
    }

    pub(super) fn draining() -> Self {
        Self::new("Target.DeregistrationInProgress", "Target deregistration is in progress")
    }

    pub(super) fn not_registered() -> Self {
        Self::new("Target.NotRegistered", "Target is not registered to the target group")
    }

    pub(super) fn not_in_use() -> Self {
        let description = "Target group is not configured to receive traffic from the load balancer";
        Self::new("Target.NotInUse", description)
    }
}

/// The health of one target, as a state machine over its probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) state: TargetState,
    pub(super) reason: Option<Reason>,
    successes: u32,
    failures: u32,
}

/// `HealthyThresholdCount` and `UnhealthyThresholdCount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thresholds {
    pub(super) healthy: u32,
    pub(super) unhealthy: u32,
}

impl Health {
    pub(super) const fn new(state: TargetState, reason: Option<Reason>) -> Self {
        Self { state, reason, successes: 0, failures: 0 }
    }

    /// A probe passed. After registration one success is enough; a target that was unhealthy needs the whole threshold.
    pub(super) fn passed(&mut self, thresholds: Thresholds) {
        self.failures = 0;
        self.successes = self.successes.saturating_add(1);
        let enough = match self.state {
            TargetState::Initial => true,
            TargetState::Unhealthy => self.successes >= thresholds.healthy,
            TargetState::Healthy | TargetState::Draining | TargetState::Unused => false,
        };
        if enough {
            self.state = TargetState::Healthy;
            self.reason = None;
        }
    }

    /// A probe of the declared schedule failed because of `why`.
    pub(super) fn failed(&mut self, why: Reason, thresholds: Thresholds) {
        self.successes = 0;
        self.failures = self.failures.saturating_add(1);
        match self.state {
            TargetState::Initial | TargetState::Healthy if self.failures >= thresholds.unhealthy => {
                self.state = TargetState::Unhealthy;
                self.reason = Some(why);
            }
            TargetState::Unhealthy => self.reason = Some(why),
            TargetState::Initial | TargetState::Healthy | TargetState::Draining | TargetState::Unused => {}
        }
    }
}

/// Whether `answer` satisfies `matcher` (`200`, `200,202` or `200-299`), and if not, why.
pub(super) fn judge(matcher: &str, answer: &ProbeAnswer) -> Result<(), Reason> {
    match answer {
        ProbeAnswer::Status(status) if matches(matcher, *status) => Ok(()),
        ProbeAnswer::Status(status) => {
            let description = format!("Health checks failed with these codes: [{status}]");
            Err(Reason::new("Target.ResponseCodeMismatch", description))
        }
        ProbeAnswer::TimedOut => Err(Reason::new("Target.Timeout", "Request timed out")),
        ProbeAnswer::Failed(_) => Err(Reason::new("Target.FailedHealthChecks", "Health checks failed")),
    }
}

/// Whether `status` is one of the codes that `matcher` lists.
pub(super) fn matches(matcher: &str, status: u16) -> bool {
    // Mostly it is one code, and every probe asks.
    if let Ok(code) = matcher.parse::<u16>() {
        return code == status;
    }
    matcher.split(',').filter_map(range).any(|(low, high)| (low..=high).contains(&status))
}

/// The ranges of codes in `matcher`, if it is written as AWS wants it.
pub(super) fn codes(matcher: &str) -> Option<Vec<(u16, u16)>> {
    matcher.split(',').map(range).collect()
}

/// The codes that `part` of a matcher means.
fn range(part: &str) -> Option<(u16, u16)> {
    let (low, high) = part.split_once('-').unwrap_or((part, part));
    Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds { healthy: 3, unhealthy: 2 };

    /// Applies probes written as `+` (passed) and `-` (failed) to a fresh target.
    fn after(probes: &str) -> TargetState {
        let mut health = Health::new(TargetState::Initial, Some(Reason::initial()));
        for probe in probes.chars() {
            match probe {
                '+' => health.passed(THRESHOLDS),
                _ => health.failed(Reason::new("Target.Timeout", "Request timed out"), THRESHOLDS),
            }
        }
        assert_eq!(
            health.reason.is_none(),
            health.state == TargetState::Healthy,
            "only a healthy target has no reason"
        );
        health.state
    }

    #[test]
    fn thresholds_count_in_a_row_and_the_first_success_after_registration_suffices() {
        for (probes, state) in [
            ("", TargetState::Initial),
            ("-", TargetState::Initial),
            ("+", TargetState::Healthy),
            ("-+", TargetState::Healthy),
            ("--", TargetState::Unhealthy),
            ("+-", TargetState::Healthy),
            ("+-+-", TargetState::Healthy),
            ("+--", TargetState::Unhealthy),
            ("--++", TargetState::Unhealthy),
            ("--++-++", TargetState::Unhealthy),
            ("--+++", TargetState::Healthy),
        ] {
            assert_eq!(after(probes), state, "after {probes}");
        }
    }

    #[test]
    fn answers_are_judged_by_the_matcher() {
        for (matcher, status, passes) in [
            ("200", 200, true),
            ("200", 204, false),
            ("200,204", 204, true),
            ("200-299", 250, true),
            ("200-299", 300, false),
        ] {
            assert_eq!(judge(matcher, &ProbeAnswer::Status(status)).is_ok(), passes, "{status} against {matcher}");
        }
        let mismatch = judge("200", &ProbeAnswer::Status(503)).expect_err("503 is not 200");
        assert_eq!(mismatch.description, "Health checks failed with these codes: [503]");
        let refused = judge("200", &ProbeAnswer::Failed("refused".to_owned())).expect_err("no connection");
        assert_eq!(refused.code, "Target.FailedHealthChecks");
    }
}
