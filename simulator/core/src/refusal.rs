//! Refusals: what AWS answers when it does not do what was asked. A refusal is a result, not a failure of ours.

use std::collections::BTreeMap;
use std::fmt;

use crate::iam::decision::Cause;

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
    /// What the decision was made of; none where it was not made by policies of ours.
    pub evidence: Option<Box<Evidence>>,
}

/// What a denial was made of: for the trace, for whoever decodes EC2's message, and for advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The caller's unique id, `AIDA…` or `AROA…:session`.
    pub principal_id: String,
    /// The statement that denied, or the kind of policy in which one was missing.
    pub cause: Cause,
    /// The request's own condition keys (as AWS spells them) and their values.
    pub context: BTreeMap<String, Vec<String>>,
}

/// What AWS refuses without a reason: why an identity token does not suit a trust policy is nobody's business (facts/aws.md 6.3).
const TIGHT_LIPPED: &str = "sts:AssumeRoleWithWebIdentity";

/// What AWS's sentence names no resource for, unlike for other actions that have none.
const UNPLACED: &str = "secretsmanager:ListSecrets";

impl fmt::Display for Denial {
    /// AWS's own sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caller, action, resource, reason, evidence: _ } = self;
        if action == TIGHT_LIPPED {
            return write!(f, "Not authorized to perform {action}");
        }
        write!(f, "User: {caller} is not authorized to perform: {action}")?;
        if action != UNPLACED {
            write!(f, " on resource: {resource}")?;
        }
        write!(f, " {reason}")
    }
}
