//! Why a deployment fails, and what is said of it.

use crate::ecs::Rules;

/// What fails a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The circuit breaker: too many tasks have failed.
    Breaker,
    /// A CloudWatch alarm.
    Alarm,
    /// StopServiceDeployment.
    Request,
    /// A lifecycle stage of a deployment that shifts traffic did not end well: why, in the words of `statusReason`.
    Stage(String),
}

impl Cause {
    /// `rolloutStateReason` of the deployment that has failed. The circuit breaker's is known; an alarm's is
    /// inferred from the service event; that of a request is ours.
    #[must_use]
    pub fn failed(&self, rules: &Rules) -> &str {
        match self {
            Self::Breaker => rules.breaker_reason,
            Self::Alarm => "ECS deployment failed: alarm detected.",
            Self::Request => "ECS deployment stopped by request.",
            Self::Stage(why) => why,
        }
    }

    /// `rolloutStateReason` of the deployment that comes back. The circuit breaker's is known; the others follow it, but
    /// for that of a stage, of which nothing is known.
    #[must_use]
    pub fn rolling_back(&self, id: &str, rules: &Rules) -> String {
        let by = match self {
            Self::Breaker => "circuit breaker",
            Self::Alarm => "alarm",
            Self::Request => "stop request",
            Self::Stage(_) => return format!("ECS deployment {id} in progress."),
        };
        format!("ECS deployment {by}: rolling back to deploymentId {id}{}", rules.rolling_back_ends_in)
    }

    /// `statusReason` of a service deployment that is rolled back. The circuit breaker's has been observed; the others
    /// follow it.
    #[must_use]
    pub fn rolled_back(&self) -> &str {
        match self {
            Self::Breaker => "Service deployment rolled back because the circuit breaker threshold was exceeded.",
            Self::Alarm => "Service deployment rolled back because an alarm was detected.",
            Self::Request => "Service deployment rolled back because it was requested.",
            Self::Stage(why) => why,
        }
    }

    /// `statusReason` of a service deployment after which nothing is rolled back. The texts are ours.
    #[must_use]
    pub fn stopped(&self) -> String {
        let why = match self {
            Self::Breaker => "Service deployment stopped because the circuit breaker threshold was exceeded.",
            Self::Alarm => "Service deployment stopped because an alarm was detected.",
            Self::Request => "Service deployment stopped because it was requested.",
            Self::Stage(why) => return why.replacen("Service deployment rolled back", "Service deployment stopped", 1),
        };
        why.to_owned()
    }
}
