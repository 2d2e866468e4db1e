//! What can go wrong with a call to AWS, and the kinds of failure that a caller tells apart.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::resource::ResourceId;

/// Whose turn it is after a failure. Every error of this crate answers with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The user's configuration or task definition has to change.
    Input,
    /// IAM, or the check of credentials before it, said no.
    Refused,
    /// AWS could not be reached, or did not answer as it should after several tries.
    Unreachable,
    /// Something in the account stands in the way; nothing was changed.
    Blocked,
    /// The account is no longer as it was when the plan was made; a new plan is needed.
    MovedOn,
    /// Somebody asked for an end.
    Stopped,
    /// AWS rejected a request for a reason of its own, such as a quota.
    Rejected,
    /// A mistake of ours.
    Bug,
}

/// One call to AWS that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("`{operation}` for {resource}: {failure}")]
pub struct CallError {
    /// The call as IAM names its action, for example `iam:CreateRole`.
    pub operation: &'static str,
    /// What it was for.
    pub resource: ResourceId,
    /// What happened.
    pub failure: Failure,
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not allowed, or the credentials were not accepted.
    #[error("refused: {message} ({code})")]
    Refused {
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// Too many calls, after the SDK's own tries.
    #[error("throttled: {message} ({code})")]
    Throttled {
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// Any other answer that is an error.
    #[error("{message} ({code})")]
    Rejected {
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// No answer, or a server error that stayed.
    #[error("no answer from AWS: {reason}")]
    Unreachable {
        /// What the connection said.
        reason: String,
    },
    /// What is waited for has not happened yet.
    #[error("it still waits for {what}")]
    Pending {
        /// What it waits for.
        what: &'static str,
    },
    /// The call was not made, since it takes an id that is not known.
    #[error("it takes the id of {what}, which is not known")]
    Unresolved {
        /// What the id is of.
        what: ResourceId,
    },
    /// An answer that cannot be understood, or that lacks what it must hold.
    #[error("an answer that cannot be used: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl CallError {
    /// Whose turn it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self.failure {
            Failure::Refused { .. } => Fault::Refused,
            Failure::Throttled { .. } | Failure::Unreachable { .. } | Failure::Pending { .. } => Fault::Unreachable,
            Failure::Rejected { .. } => Fault::Rejected,
            Failure::Unresolved { .. } | Failure::Unreadable { .. } => Fault::Bug,
        }
    }

    /// The action that the caller may not take, if that is what failed: often the call itself, and sometimes one that it
    /// takes besides, such as `iam:PassRole`.
    #[must_use]
    pub fn lacks(&self) -> Option<&str> {
        const WORDS: &str = "is not authorized to perform: ";
        match &self.failure {
            Failure::Refused { code, message } if DENIALS.contains(&code.as_str()) => {
                let named = message.split_once(WORDS).and_then(|(_, rest)| rest.split_whitespace().next());
                Some(named.map_or(self.operation, |action| action.trim_end_matches([',', '.'])))
            }
            Failure::Refused { .. }
            | Failure::Throttled { .. }
            | Failure::Rejected { .. }
            | Failure::Unreachable { .. }
            | Failure::Pending { .. }
            | Failure::Unresolved { .. }
            | Failure::Unreadable { .. } => None,
        }
    }

    /// AWS's error code, if AWS answered with one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.failure {
            Failure::Refused { code, .. } | Failure::Throttled { code, .. } | Failure::Rejected { code, .. } => {
                Some(code)
            }
            Failure::Unreachable { .. }
            | Failure::Pending { .. }
            | Failure::Unresolved { .. }
            | Failure::Unreadable { .. } => None,
        }
    }
}

/// Codes of answers that mean "you may not" or "I do not know you". Services differ in what they call it.
const REFUSALS: [&str; 18] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthFailure",
    "AuthorizationError",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes among them that mean "I know you, and you may not".
const DENIALS: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"];

/// Codes of answers that mean "not so fast".
const THROTTLES: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "EC2ThrottledException",
];

/// The answers of the SDK, with the call they belong to.
pub(crate) trait Called<T> {
    /// Says which call it was and what for.
    fn called(self, operation: &'static str, resource: &ResourceId) -> Result<T, CallError>;
}

impl<T, E> Called<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn called(self, operation: &'static str, resource: &ResourceId) -> Result<T, CallError> {
        self.map_err(|error| CallError { operation, resource: resource.clone(), failure: Failure::of(&error) })
    }
}

/// Turns an answer that means "there is none" into none.
pub(crate) fn unless_absent<T>(answer: Result<T, CallError>, absent: &[&str]) -> Result<Option<T>, CallError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(&error.failure, Failure::Rejected { code, .. } if absent.contains(&code.as_str())) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A member of an answer that AWS always sends.
pub(crate) fn sent<T>(
    member: Option<T>,
    name: &'static str,
    operation: &'static str,
    resource: &ResourceId,
) -> Result<T, CallError> {
    member.ok_or_else(|| CallError {
        operation,
        resource: resource.clone(),
        failure: Failure::Unreadable { reason: format!("it has no `{name}`") },
    })
}

impl Failure {
    fn of<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                Self::answered(status, answer.err().code(), answer.err().message())
            }
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Self::Unreachable { reason: chain(error) },
            // A server that fails often says nothing that could be read, and may have done what it was asked.
            SdkError::ResponseError(answer) if answer.raw().status().as_u16() >= 500 => {
                Self::Unreachable { reason: format!("HTTP {}", answer.raw().status().as_u16()) }
            }
            SdkError::ResponseError(_) | SdkError::ConstructionFailure(_) => Self::Unreadable { reason: chain(error) },
            // The SDK may add kinds of failure; whatever they are, there was no answer to act on.
            _ => Self::Unreadable { reason: chain(error) },
        }
    }

    fn answered(status: u16, code: Option<&str>, message: Option<&str>) -> Self {
        let message = message.filter(|text| !text.is_empty()).unwrap_or("no reason given").to_owned();
        let Some(code) = code.map(str::to_owned) else {
            // AWS puts a code into every error. What has none comes from something on the way, such as a proxy.
            return Self::Unreachable { reason: format!("something that is not AWS answered with HTTP {status}") };
        };
        if REFUSALS.contains(&code.as_str()) {
            Self::Refused { code, message }
        } else if THROTTLES.contains(&code.as_str()) || status == 429 {
            Self::Throttled { code, message }
        } else if status >= 500 {
            Self::Unreachable { reason: format!("{message} ({code})") }
        } else {
            Self::Rejected { code, message }
        }
    }
}

/// An error and its causes on one line, each once.
fn chain(error: &dyn Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Kind;

    #[test]
    fn answers_are_told_apart_by_their_codes() {
        let cases: [(u16, Option<&str>, Fault); 8] = [
            (403, Some("AccessDenied"), Fault::Refused),
            (400, Some("AccessDeniedException"), Fault::Refused),
            (403, Some("UnauthorizedOperation"), Fault::Refused),
            (400, Some("UnrecognizedClientException"), Fault::Refused),
            (403, None, Fault::Unreachable),
            (400, Some("ThrottlingException"), Fault::Unreachable),
            (503, Some("ServiceUnavailable"), Fault::Unreachable),
            (409, Some("LimitExceeded"), Fault::Rejected),
        ];
        for (status, code, fault) in cases {
            let resource = ResourceId::new(Kind::Role, "x");
            let failure = Failure::answered(status, code, Some("why"));
            let error = CallError { operation: "iam:CreateRole", resource, failure };
            assert_eq!(error.fault(), fault, "{error}");
        }
    }

    #[test]
    fn an_error_is_one_readable_line() {
        let error = CallError {
            operation: "iam:CreateRole",
            resource: ResourceId::new(Kind::Role, "news-api-task"),
            failure: Failure::answered(
                403,
                Some("AccessDenied"),
                Some("User: x is not authorized to perform: iam:CreateRole"),
            ),
        };
        assert_eq!(
            error.to_string(),
            "`iam:CreateRole` for role `news-api-task`: refused: User: x is not authorized to perform: iam:CreateRole (AccessDenied)"
        );
    }
}
