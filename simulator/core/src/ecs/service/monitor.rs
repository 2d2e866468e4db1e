//! What may fail a service deployment: the circuit breaker and alarms, and how each has done.

/// `status` of what may fail a service deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonitorStatus {
    /// It is not used.
    Disabled,
    /// It watches.
    Monitoring,
    /// It has failed the deployment.
    Triggered,
    /// The deployment has ended, and not because of it.
    MonitoringComplete,
}

impl MonitorStatus {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Monitoring => "MONITORING",
            Self::Triggered => "TRIGGERED",
            Self::MonitoringComplete => "MONITORING_COMPLETE",
        }
    }

    /// The deployment has ended.
    pub(super) const fn ended(self) -> Self {
        match self {
            Self::Monitoring => Self::MonitoringComplete,
            Self::Disabled | Self::Triggered | Self::MonitoringComplete => self,
        }
    }
}

/// `deploymentCircuitBreaker` of a service deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerMonitor {
    /// `status`.
    pub status: MonitorStatus,
    /// `failureCount`.
    pub failures: u32,
    /// `threshold`.
    pub threshold: u32,
}

/// `alarms` of a service deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmMonitor {
    /// `status`.
    pub status: MonitorStatus,
    /// `alarmNames`.
    pub names: Vec<String>,
    /// `triggeredAlarmNames`.
    pub triggered: Vec<String>,
}
