//! The one simulated account of this process: the World, a clock, and a bell that rings when the World wants something.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use simulator_core::{Caller, Effect, Event, Observation, Operation, Refusal, Timestamp, World};
use tokio::sync::Notify;

use crate::report::trace;

/// The simulated account, shared by the endpoint, the registry and the driver.
#[derive(Debug)]
pub struct Account {
    world: Mutex<World>,
    stirred: Notify,
}

impl Account {
    /// An account around `world`.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self { world: Mutex::new(world), stirred: Notify::new() }
    }

    /// One API call at the present time.
    ///
    /// # Errors
    /// IAM's denial, or the service's own refusal.
    pub fn call<O: Operation>(&self, caller: &Caller, operation: O) -> Result<O::Output, Refusal> {
        self.stir(|world, now| world.call(now, caller, operation))
    }

    /// Tells the World a fact at the present time.
    pub fn observe(&self, observation: Observation) {
        self.stir(|world, now| world.observe(now, observation));
    }

    /// Wakes the World for a deadline.
    pub fn tick(&self) {
        self.stir(World::tick);
    }

    /// Looks at the World without changing it.
    pub fn look<R>(&self, at: impl FnOnce(&World) -> R) -> R {
        at(&self.lock())
    }

    /// Changes the World at the present time, and wakes whoever waits in [`Account::stirred`].
    pub fn stir<R>(&self, change: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let result = {
            let mut world = self.lock();
            let seen = world.events().last().map_or(0, |event| event.sequence);
            let result = change(&mut world, now());
            if tracing::enabled!(tracing::Level::DEBUG) {
                for event in world.events_after(seen) {
                    tracing::debug!("{}", trace::event(event));
                }
            }
            result
        };
        self.stirred.notify_waiters();
        result
    }

    /// Changes the World at the present time, and wakes whoever waits in [`Account::stirred`] only if `change` says that something
    /// happened.
    pub fn look_after<R>(&self, change: impl FnOnce(&mut World, Timestamp) -> (bool, R)) -> R {
        let (happened, result) = change(&mut self.lock(), now());
        if happened {
            self.stirred.notify_waiters();
        }
        result
    }

    /// What the World wants done, and when it next wants to be woken.
    pub fn take_effects(&self) -> (Vec<Effect>, Option<Timestamp>) {
        let mut world = self.lock();
        (world.take_effects(), world.next_deadline())
    }

    /// The entries of the trace after the first `seen`.
    #[must_use]
    pub fn events_after(&self, seen: usize) -> Vec<Event> {
        self.lock().events().get(seen..).unwrap_or_default().to_vec()
    }

    /// Waits until `condition` answers something, looking again whenever the World has changed. Cancelling it is safe.
    pub async fn until<R>(&self, mut condition: impl FnMut(&World) -> Option<R>) -> R {
        loop {
            let stirred = self.stirred.notified();
            tokio::pin!(stirred);
            // Registered before looking, so that a change in between is not missed.
            stirred.as_mut().enable();
            if let Some(result) = self.look(&mut condition) {
                return result;
            }
            stirred.await;
        }
    }

    /// A future that ends at the next change of the World. Created before looking, it misses nothing.
    pub fn stirred(&self) -> tokio::sync::futures::Notified<'_> {
        self.stirred.notified()
    }

    /// A panic while the World was locked is our bug and has been reported; what was written before it is still readable.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The present time of the machine.
#[must_use]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
