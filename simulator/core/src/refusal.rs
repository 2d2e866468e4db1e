//! Refusals: what AWS answers when it does not do what was asked. A refusal is a result, not a failure of ours.

use std::fmt;

/// Why a call was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// IAM does not allow it. Each service wraps this in a code of its own (`AccessDeniedException`, `UnauthorizedOperation`).
    Denied(Denial),
    /// The service's own error, with its code as AWS spells it.
    Fault {
        /// AWS's error code, such as `RepositoryNotFoundException`.
        code: &'static str,
        /// HTTP status that goes with the code.
        status: u16,
        /// AWS's message.
        message: String,
    },
    /// greenroom does not simulate this. Never dressed up as an answer of AWS's.
    NotSimulated {
        /// What was asked for, such as ``parameter `capacityProviders` of ecs:CreateCluster``.
        what: String,
    },
}

impl Refusal {
    /// A refusal with HTTP status 400, which most services' errors carry.
    #[must_use]
    pub fn fault(code: &'static str, message: impl Into<String>) -> Self {
        Self::Fault { code, status: 400, message: message.into() }
    }

    /// The refusal of a call too many (ECS API reference, common errors). SDKs make the call again by themselves.
    pub(crate) fn throttled() -> Self {
        Self::fault("ThrottlingException", "Rate exceeded")
    }

    /// Whether the same call may be answered a little later.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        matches!(self, Self::Fault { code: "ThrottlingException", .. })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => write!(f, "{denial}"),
            Self::Fault { code, message, .. } => write!(f, "{code}: {message}"),
            Self::NotSimulated { what } => write!(f, "greenroom does not simulate {what}"),
        }
    }
}

/// An IAM decision against the caller, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// ARN of whoever asked.
    pub caller: String,
    /// The IAM action, such as `ecs:UpdateService`.
    pub action: String,
    /// The ARN asked for, or `*` where the action has no resource.
    pub resource: String,
    /// AWS's ending of the message, such as `because no identity-based policy allows the ecs:UpdateService action`.
    pub reason: String,
}

impl fmt::Display for Denial {
    /// AWS's own sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caller, action, resource, reason } = self;
        write!(f, "User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}")
    }
}
