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
        let share = |percent: u32| u64::from(desired) * u64::from(percent);
        let minimum = share(configuration.minimum_healthy_percent).div_ceil(100);
        let maximum = share(configuration.maximum_percent) / 100;
        Self {
            minimum: u32::try_from(minimum).unwrap_or(u32::MAX),
            maximum: u32::try_from(maximum).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_rounds_up_and_the_maximum_rounds_down() {
        for (desired, minimum_percent, maximum_percent, minimum, maximum) in [
            (0, 100, 200, 0, 0),
            (1, 100, 200, 1, 2),
            (1, 50, 150, 1, 1),
            (1, 0, 100, 0, 1),
            (1, 100, 100, 1, 1),
            (2, 75, 200, 2, 4),
            (3, 100, 125, 3, 3),
            (3, 50, 150, 2, 4),
            (4, 50, 200, 2, 8),
            (4, 100, 125, 4, 5),
            (5, 50, 125, 3, 6),
            (10, 75, 125, 8, 12),
            (7, 33, 133, 3, 9),
        ] {
            let configuration = DeploymentConfiguration {
                minimum_healthy_percent: minimum_percent,
                maximum_percent,
                ..DeploymentConfiguration::default()
            };
            let bounds = Bounds::of(desired, &configuration);
            assert_eq!(bounds, Bounds { minimum, maximum }, "{desired} tasks at {minimum_percent}/{maximum_percent}");
        }
    }
}
