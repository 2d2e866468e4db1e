//! Skeleton.

/// State.
#[derive(Debug, Default)]
pub struct State {}
