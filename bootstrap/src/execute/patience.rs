//! Which failures pass by themselves. IAM and most other services are eventually consistent: for some seconds after
//! something was made, other calls do not know it. Pure.

use std::time::Duration;

use crate::fault::{CallError, Failure};

/// How long a step waits in all for what was just made to be known everywhere, or for AWS to take more calls.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a refusal is taken for one that passes. A real one should be told soon.
const LONGEST_REFUSAL: Duration = Duration::from_secs(30);

/// How long a step waits in all for what was in use to be free: load balancers give targets five minutes to drain by default.
const LONGEST_DRAINING: Duration = Duration::from_secs(600);

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// A wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) delay: Duration,
    pub(super) reason: &'static str,
}

/// Codes that say that something is not there. Of something that an earlier step made, they say "not yet".
const ABSENT: [&str; 10] = [
    "NoSuchEntity",
    "ParameterNotFound",
    "RepositoryNotFoundException",
    "ResourceNotFoundException",
    "InvalidGroup.NotFound",
    "LoadBalancerNotFound",
    "TargetGroupNotFound",
    "ListenerNotFound",
    "ClusterNotFoundException",
    "InvalidSecurityGroup",
];

/// Messages that mean "not yet", whatever their code.
const NOT_YET: [(&str, &str); 4] = [
    ("Unable to assume the service linked role", "the service-linked role to be usable"),
    ("Role is not valid", "the role to be known"),
    ("does not have an associated load balancer", "the target group to be attached"),
    ("unable to assume the role", "the role to be usable"),
];

/// Codes that say that something is there already.
const PRESENT: [&str; 11] = [
    "EntityAlreadyExists",
    "ParameterAlreadyExists",
    "RepositoryAlreadyExistsException",
    "ResourceExistsException",
    "ResourceAlreadyExistsException",
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
    "DuplicateLoadBalancerName",
    "DuplicateTargetGroupName",
    "DuplicateListener",
    "PriorityInUse",
];

/// How long to wait after a failed try before the next; none if the failure is final.
///
/// `follows` says whether the step came after others of the plan: only then can it have failed because something is new.
pub(super) fn after(error: &CallError, follows: bool, attempt: u32, waited: Duration) -> Option<Wait> {
    let (reason, longest) = passing(&error.failure, follows)?;
    let delay = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_DELAY);
    (waited + delay <= longest).then_some(Wait { delay, reason })
}

/// Whether the failure says that what was to be made is there already.
pub(super) fn is_there_already(error: &CallError) -> bool {
    match &error.failure {
        Failure::Rejected { code, message } => {
            PRESENT.contains(&code.as_str()) || message.contains("Creation of service was not idempotent")
        }
        Failure::Refused { .. }
        | Failure::Throttled { .. }
        | Failure::Unreachable { .. }
        | Failure::Pending { .. }
        | Failure::Unresolved { .. }
        | Failure::Unreadable { .. } => false,
    }
}

/// Codes and words that say that something is in use still, of what is being taken away.
const IN_USE: [(&str, &str, &str); 5] = [
    ("DependencyViolation", "", "the security group to be free"),
    ("ResourceInUse", "", "the target group to be free"),
    ("ClusterContainsTasksException", "", "the cluster's tasks to stop"),
    ("ClusterContainsServicesException", "", "the cluster's services to end"),
    ("InvalidParameterException", "cannot be stopped while", "the service's tasks to stop"),
];

fn passing(failure: &Failure, follows: bool) -> Option<(&'static str, Duration)> {
    match failure {
        Failure::Pending { what } => Some((what, LONGEST_DRAINING)),
        Failure::Throttled { .. } => Some(("AWS to take more calls", LONGEST)),
        Failure::Rejected { code, .. }
            if ["OperationAbortedException", "UpdateInProgressException"].contains(&code.as_str()) =>
        {
            Some(("another change to end", LONGEST))
        }
        Failure::Rejected { code, message } => {
            let said = NOT_YET.iter().find(|(words, _)| contains(message, words)).map(|(_, reason)| *reason);
            let absent = ABSENT.contains(&code.as_str()).then_some("AWS to know what was just made");
            let new = said.or(absent).filter(|_| follows).map(|reason| (reason, LONGEST));
            // Whatever used it may have been taken away by an earlier run.
            let longest = if follows { LONGEST_DRAINING } else { LONGEST };
            in_use(code, message).map(|reason| (reason, longest)).or(new)
        }
        // A role that was made a moment ago cannot be passed yet, and IAM says so in the words of a denial.
        Failure::Refused { message, .. } if follows && message.contains("iam:PassRole") => {
            Some(("IAM to know the role", LONGEST_REFUSAL))
        }
        Failure::Refused { .. }
        | Failure::Unreachable { .. }
        | Failure::Unresolved { .. }
        | Failure::Unreadable { .. } => None,
    }
}

fn in_use(code: &str, message: &str) -> Option<&'static str> {
    let said = |(wanted, words, _): &&(&str, &str, &str)| *wanted == code && contains(message, words);
    IN_USE.iter().find(said).map(|(_, _, reason)| *reason)
}

fn contains(text: &str, words: &str) -> bool {
    text.to_ascii_lowercase().contains(&words.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Kind, ResourceId};

    fn rejected(code: &str, message: &str) -> Failure {
        Failure::Rejected { code: code.to_owned(), message: message.to_owned() }
    }

    fn refused(message: &str) -> Failure {
        Failure::Refused { code: "AccessDeniedException".to_owned(), message: message.to_owned() }
    }

    fn error(failure: Failure) -> CallError {
        CallError { operation: "ecs:CreateService", resource: ResourceId::new(Kind::Service, "news/news-api"), failure }
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let slr = "Unable to assume the service linked role. Please verify that the ECS service linked role exists.";
        let pass = "User: x is not authorized to perform: iam:PassRole on resource: y";
        // (failure, whether steps came before, what it waits for)
        let cases: [(Failure, bool, Option<&str>); 9] = [
            (rejected("InvalidParameterException", slr), true, Some("the service-linked role to be usable")),
            (rejected("InvalidParameterException", slr), false, None),
            (rejected("InvalidParameterException", "subnets can not be empty."), true, None),
            (
                rejected("NoSuchEntity", "The role with name x cannot be found."),
                true,
                Some("AWS to know what was just made"),
            ),
            (rejected("NoSuchEntity", "The role with name x cannot be found."), false, None),
            (refused(pass), true, Some("IAM to know the role")),
            (refused(pass), false, None),
            (refused("User: x is not authorized to perform: ecs:CreateService"), true, None),
            (
                Failure::Throttled { code: "Throttling".to_owned(), message: "Rate exceeded".to_owned() },
                false,
                Some("AWS to take more calls"),
            ),
        ];
        for (failure, follows, expected) in cases {
            let wait = after(&error(failure.clone()), follows, 0, Duration::ZERO);
            assert_eq!(wait.map(|wait| wait.reason), expected, "{failure}");
        }
    }

    #[test]
    fn patience_grows_and_ends() {
        let missing = error(rejected("NoSuchEntity", "no"));
        let mut waited = Duration::ZERO;
        let mut attempt = 0;
        while let Some(wait) = after(&missing, true, attempt, waited) {
            assert!(wait.delay <= LONGEST_DELAY);
            waited += wait.delay;
            attempt += 1;
        }
        assert!(waited > LONGEST - LONGEST_DELAY && waited <= LONGEST, "{waited:?}");
    }

    #[test]
    fn what_is_there_already_is_known_by_every_service() {
        assert!(is_there_already(&error(rejected("EntityAlreadyExists", "Role with name x already exists."))));
        assert!(is_there_already(&error(rejected(
            "InvalidParameterException",
            "Creation of service was not idempotent."
        ))));
        assert!(!is_there_already(&error(rejected("LimitExceeded", "Cannot exceed quota"))));
    }
}
