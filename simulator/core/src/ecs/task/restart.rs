//! `restartPolicy`: whether a container that has ended is started again (`facts/aws.md` 3.7, the agent's restart tracker).

use super::container::Container;
use crate::ecs::definition::RestartPolicy;
use crate::time::Timestamp;

/// Whether `container`, which has ended with `exit_code` at `now` while nobody wanted it to, is restarted: it has a policy that does not
/// ignore its exit code, and as long as the policy says has passed since it was last restarted, or else since it was first started.
///
/// So a container that dies soon after its first start is not restarted at all.
pub(super) fn is_due(
    policy: Option<&RestartPolicy>,
    container: &Container,
    exit_code: Option<i32>,
    now: Timestamp,
) -> bool {
    let (Some(policy), Some(code)) = (policy, exit_code) else { return false };
    let since = container.restarted_at.or(container.started_at);
    !policy.ignored_exit_codes.contains(&code) && since.is_some_and(|since| now >= since + policy.attempt_period)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::id::{IdKind, IdStream, Uuid};

    /// A container started at 0 s, restarted at the second given, that ends at the second given; the policy ignores 0 and 2 and has a
    /// period of 60 s.
    #[test]
    fn a_container_is_restarted_when_it_has_lasted_and_its_code_is_not_ignored() {
        for (restarted, ends, code, due) in [
            (None, 59, Some(1), false),
            (None, 60, Some(1), true),
            (None, 600, Some(1), true),
            (None, 600, Some(0), false),
            (None, 600, Some(2), false),
            (None, 600, Some(137), true),
            (None, 600, None, false),
            (Some(100), 159, Some(1), false),
            (Some(100), 160, Some(1), true),
        ] {
            let at = |seconds: u64| Timestamp::from_millis(seconds * 1_000);
            let mut container =
                Container::new("app".into(), Uuid::draw(&mut IdStream::new(0), IdKind::Container), None);
            container.started_at = Some(at(0));
            container.restarted_at = restarted.map(at);
            let policy = RestartPolicy { ignored_exit_codes: vec![0, 2], attempt_period: Duration::from_secs(60) };
            let said = is_due(Some(&policy), &container, code, at(ends));
            assert_eq!(said, due, "restarted {restarted:?}, ends at {ends} with {code:?}");
            assert!(!is_due(None, &container, code, at(ends)), "without a policy");
        }
    }
}
