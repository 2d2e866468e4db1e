//! Where the real service is uncertain or contradicts its documentation: each doubt is a named setting with the documented choice
//! as its default (`facts/aws.md` section 9).

/// The choices made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether tasks that are being stopped count against `maximumPercent`. The API reference says no, the newer guide and an observed
    /// stop-first rollout say yes.
    pub stopping_counts: bool,
    /// Whether the circuit breaker counts a task that ends by itself after it was healthy. Observed: one that ends before is
    /// counted; of those that end after, one source says that they are not.
    pub count_exit_after_healthy: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { stopping_counts: true, count_exit_after_healthy: false }
    }
}
