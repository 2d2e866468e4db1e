//! `earlySuccessCriteria`: a rolling deployment that is done before every task is replaced (`facts/aws.md` 1.8).

use crate::refusal::Refusal;

/// When a rolling deployment is successful. What is left to do is done afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlySuccess {
    /// `enable`, false by default: the deployment is done when everything is replaced.
    pub enable: bool,
    /// `healthyPercent`: so much of the desired count must be healthy in the new revision.
    pub healthy_percent: u32,
    /// `sourceServiceRevisionCleanup`.
    pub cleanup: Cleanup,
}

/// `sourceServiceRevisionCleanup`: when the tasks of the revisions before go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Before the deployment is successful.
    Blocking,
    /// Before or after it, as it comes.
    Deferred,
}

impl Cleanup {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocking => "BLOCKING",
            Self::Deferred => "DEFERRED",
        }
    }
}

impl Default for EarlySuccess {
    fn default() -> Self {
        Self { enable: false, healthy_percent: 100, cleanup: Cleanup::Blocking }
    }
}

impl EarlySuccess {
    /// Checks the percentage against `minimumHealthyPercent`. The texts are ours.
    pub(super) fn check(self, minimum_healthy_percent: u32) -> Result<(), Refusal> {
        let invalid = |message: &str| Err(Refusal::fault("InvalidParameterException", message));
        if !self.enable {
            return Ok(());
        }
        if self.healthy_percent > 100 {
            return invalid("healthyPercent must be between 0 and 100.");
        }
        if self.healthy_percent < minimum_healthy_percent {
            return invalid("healthyPercent must be greater than or equal to minimumHealthyPercent.");
        }
        Ok(())
    }

    /// Whether `healthy` new tasks of `desired` are enough, with those before them gone or not. The share rounds up, as the minimum does.
    pub(in crate::ecs) fn is_met(self, healthy: u32, desired: u32, alone: bool) -> bool {
        let wanted = (u64::from(desired) * u64::from(self.healthy_percent)).div_ceil(100);
        let cleaned = match self.cleanup {
            Cleanup::Blocking => alone,
            Cleanup::Deferred => true,
        };
        self.enable && u64::from(healthy) >= wanted && cleaned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_rounds_up_and_blocking_waits_for_the_old_tasks() {
        for (percent, cleanup, healthy, desired, alone, met) in [
            (50, Cleanup::Deferred, 1, 2, false, true),
            (50, Cleanup::Deferred, 1, 3, false, false),
            (50, Cleanup::Deferred, 2, 3, false, true),
            (50, Cleanup::Blocking, 2, 3, false, false),
            (50, Cleanup::Blocking, 2, 3, true, true),
            (100, Cleanup::Deferred, 2, 3, true, false),
            (0, Cleanup::Deferred, 0, 3, false, true),
        ] {
            let early = EarlySuccess { enable: true, healthy_percent: percent, cleanup };
            assert_eq!(early.is_met(healthy, desired, alone), met, "{percent} {cleanup:?} {healthy}/{desired}");
            assert!(!EarlySuccess { enable: false, ..early }.is_met(healthy, desired, alone));
        }
    }
}
