//! Why a deployment fails, and what is said of it.

/// What fails a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The circuit breaker: too many tasks have failed.
    Breaker,
    /// A CloudWatch alarm.
    Alarm,
    /// StopServiceDeployment.
    Request,
}

impl Cause {
    /// `rolloutStateReason` of the deployment that has failed. The circuit breaker's is known; an alarm's is
    /// inferred from the service event; the third is ours.
    #[must_use]
    pub const fn failed(self) -> &'static str {
        match self {
            Self::Breaker => "ECS deployment circuit breaker: tasks failed to start.",
            Self::Alarm => "ECS deployment failed: alarm detected.",
            Self::Request => "ECS deployment stopped by request.",
        }
    }

    /// `rolloutStateReason` of the deployment that comes back. The circuit breaker's is known; the others follow it.
    #[must_use]
    pub fn rolling_back(self, id: &str) -> String {
        let by = match self {
            Self::Breaker => "circuit breaker",
            Self::Alarm => "alarm",
            Self::Request => "stop request",
        };
        format!("ECS deployment {by}: rolling back to deploymentId {id}.")
    }

    /// `statusReason` of a service deployment that is rolled back. The circuit breaker's has been observed; the others
    /// follow it.
    #[must_use]
    pub const fn rolled_back(self) -> &'static str {
        match self {
            Self::Breaker => "Service deployment rolled back because the circuit breaker threshold was exceeded.",
            Self::Alarm => "Service deployment rolled back because an alarm was detected.",
            Self::Request => "Service deployment rolled back because it was requested.",
        }
    }

    /// `statusReason` of a service deployment after which nothing is rolled back. The texts are ours.
    #[must_use]
    pub const fn stopped(self) -> &'static str {
        match self {
            Self::Breaker => "Service deployment stopped because the circuit breaker threshold was exceeded.",
            Self::Alarm => "Service deployment stopped because an alarm was detected.",
            Self::Request => "Service deployment stopped because it was requested.",
        }
    }
}
