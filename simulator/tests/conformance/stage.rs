//! What a case plays on.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::virtual_time::Behaviour;
use simulator_core::{Operation, World};

/// A simulated account whose containers really are whatever the driver makes them.
pub(crate) trait Stage {
    /// Changes `definition` so that its containers behave so, from now on.
    fn perform(&mut self, definition: ContainerDefinition, behaviour: &Behaviour) -> ContainerDefinition;

    /// A call by the account's owner, which must be answered.
    fn must<O: Operation>(&mut self, operation: O) -> O::Output;

    /// Looks at the World.
    fn look<R>(&self, at: impl FnOnce(&World) -> R) -> R;

    /// Waits until `condition` answers something, which it must within `limit`; `what` says what is waited for.
    async fn until<R>(&mut self, what: &str, limit: Duration, condition: impl FnMut(&World) -> Option<R>) -> R;

    /// Removes everything that is left.
    async fn close(self);
}

/// Plays `case` on `stage`, and clears the stage however it ends.
pub(crate) async fn play<S: Stage>(mut stage: S, case: impl AsyncFnOnce(&mut S)) {
    let played = AssertUnwindSafe(case(&mut stage)).catch_unwind().await;
    stage.close().await;
    if let Err(panic) = played {
        resume_unwind(panic);
    }
}
