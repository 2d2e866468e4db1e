//! How many tasks a service may and must have (`facts/aws.md` 1.1). The minimum rounds up and the maximum rounds down.

use crate::ecs::service::DeploymentConfiguration;

/// The bounds of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// At least so many tasks stay healthy while the scheduler can choose.
    pub(crate) minimum: u32,
    /// At most so many tasks run or are about to.
    pub(crate) maximum: u32,
}

impl Bounds {
    /// The bounds for `desired` tasks.
    pub(crate) fn of(desired: u32, configuration: &DeploymentConfiguration) -> Self {
        Self { minimum: configuration.minimum_of(desired), maximum: configuration.maximum_of(desired) }
    }
}

impl DeploymentConfiguration {
    /// How many of `desired` tasks must stay healthy: `minimumHealthyPercent`, rounded up.
    #[must_use]
    pub fn minimum_of(&self, desired: u32) -> u32 {
        let share = u64::from(desired) * u64::from(self.minimum_healthy_percent);
        u32::try_from(share.div_ceil(100)).unwrap_or(u32::MAX)
    }

    /// How many tasks there may be where `desired` are wanted: `maximumPercent`, rounded down.
    #[must_use]
    pub fn maximum_of(&self, desired: u32) -> u32 {
        let share = u64::from(desired) * u64::from(self.maximum_percent);
        u32::try_from(share / 100).unwrap_or(u32::MAX)
    }
}
