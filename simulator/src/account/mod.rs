//! The one simulated account of this process: the World, a clock, and the bells that ring when it changes and when it wants something.
//!
//! One that is to outlive the process keeps a journal of what its World is told ([`Origin::open`]).

mod administrator;
mod input;
mod journal;
mod open;
mod outstanding;

use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use simulator_core::effect::TaskId;
use simulator_core::iam::AccessKey;
use simulator_core::sts::TemporaryCredentials;
use simulator_core::virtual_time::{Step, VirtualTime};
use simulator_core::{Caller, Effect, Event, Home, Observation, Operation, Refusal, Timestamp, World};
use tokio::sync::Notify;

use self::journal::Journal;
use crate::report::trace;
use crate::service::Service;
use crate::wire::row::{Call, Write};
use crate::wire::{Document, Row};

pub(crate) use input::{Input, PushCall};
pub use journal::JournalError;
pub use open::Origin;

/// The simulated account, shared by the endpoint, the registry and the driver.
#[derive(Debug)]
pub struct Account {
    kept: Mutex<Kept>,
    home: Home,
    /// Whether it has a journal.
    lasts: bool,
    stirred: Notify,
    wanting: Notify,
}

/// The World, and what it was told.
#[derive(Debug)]
struct Kept {
    world: World,
    /// None in an account that ends with the process.
    journal: Option<Journal>,
    /// What was wanted of a driver that is gone, and still is.
    again: Vec<Effect>,
    /// The key of the administrator, once there is one.
    administrator: Option<AccessKey>,
}

impl Kept {
    /// Writes down that the World is told `input` now.
    fn note(&mut self, now: Timestamp, input: impl FnOnce() -> Input) -> Result<(), JournalError> {
        let Self { world, journal, .. } = self;
        journal.as_mut().map_or(Ok(()), |journal| journal.write(world.drawn(), now, input()))
    }
}

impl Account {
    /// An account around `world`, which ends with the process.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self::around(Kept { world, journal: None, again: Vec::new(), administrator: None })
    }

    fn around(kept: Kept) -> Self {
        let (home, lasts) = (kept.world.home(), kept.journal.is_some());
        Self { kept: Mutex::new(kept), home, lasts, stirred: Notify::new(), wanting: Notify::new() }
    }

    /// One API call at the present time. In an account that is kept, only for what changes nothing.
    ///
    /// # Errors
    /// IAM's denial, or the service's own refusal.
    pub fn call<O: Operation>(&self, caller: &Caller, operation: O) -> Result<O::Output, Refusal> {
        self.stir(|world, now| world.call(now, caller, operation))
    }

    /// One API call that a push comes to, at the present time.
    ///
    /// # Errors
    /// IAM's denial, or the service's own refusal.
    pub(crate) fn push<O>(&self, caller: &Caller, operation: O) -> Result<O::Output, Refusal>
    where
        O: Operation + Clone + Into<PushCall>,
    {
        let mut kept = self.lock();
        let now = now();
        let noted = kept.note(now, || Input::Push { caller: caller.clone(), call: operation.clone().into() });
        noted.map_err(|error| not_kept(&error))?;
        self.stir_locked(&mut kept, now, |world, now| world.call(now, caller, operation))
    }

    /// One API call over the wire at the present time: `row` of `service`, by `caller`.
    ///
    /// # Errors
    /// What the row refuses, or the call cannot be written down.
    pub(crate) fn answer(
        &self,
        service: &Service,
        row: &Row,
        caller: &Caller,
        parameters: Value,
    ) -> Result<Document, Refusal> {
        // Reading and writing take longer than the call itself, and are done beside other calls.
        let told = (self.lasts && !row.reads()).then(|| Input::Call {
            service: service.signing_name.to_owned(),
            operation: row.name.to_owned(),
            caller: caller.clone(),
            parameters: parameters.clone(),
        });
        let call = row.read(parameters, &self.home);
        let write = self.carry_out(row, call, caller, told)?;
        Ok(write(&self.home))
    }

    fn carry_out(
        &self,
        row: &Row,
        call: Result<Box<dyn Call>, Refusal>,
        caller: &Caller,
        told: Option<Input>,
    ) -> Result<Write, Refusal> {
        let mut kept = self.lock();
        let now = now();
        let noted = if let Some(told) = told {
            kept.note(now, || told)
        } else if kept.world.next_deadline().is_some_and(|deadline| deadline <= now) {
            // What only looks need not be written down, but whatever is due by now takes effect with it.
            kept.note(now, || Input::Woken)
        } else {
            Ok(())
        };
        noted.map_err(|error| not_kept(&error))?;
        self.stir_locked(&mut kept, now, |world, now| row.carry_out(call, world, now, caller))
    }

    /// Where the account is.
    pub(crate) const fn home(&self) -> &Home {
        &self.home
    }

    /// The present credentials of the role of `task`, for its containers.
    pub(crate) fn task_credentials(&self, task: &TaskId) -> Option<(String, TemporaryCredentials)> {
        let given = self.stir_noting(|| Input::TaskCredentials(*task), |world, now| world.task_credentials(now, task));
        given.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a task gets no credentials");
            None
        })
    }

    /// Tells the World a fact at the present time.
    pub fn observe(&self, observation: Observation) {
        if let Err(error) = self.tell(observation) {
            tracing::error!(error = &error as &dyn std::error::Error, "the account is not kept any more");
        }
    }

    fn tell(&self, observation: Observation) -> Result<(), JournalError> {
        let mut kept = self.lock();
        let now = now();
        kept.note(now, || Input::Observed(observation.clone()))?;
        self.stir_locked(&mut kept, now, |world, now| world.observe(now, observation));
        Ok(())
    }

    /// Wakes the World for a deadline.
    pub fn tick(&self) {
        if let Err(error) = self.stir_noting(|| Input::Woken, World::tick) {
            tracing::error!(error = &error as &dyn std::error::Error, "the account is not kept any more");
        }
    }

    /// Looks at the World without changing it.
    pub fn look<R>(&self, at: impl FnOnce(&World) -> R) -> R {
        at(&self.lock().world)
    }

    /// Changes the World at the present time, and wakes whoever waits in [`Account::stirred`]. In an account that is kept, only for what
    /// need not last.
    pub fn stir<R>(&self, change: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        self.stir_locked(&mut self.lock(), now(), change)
    }

    /// The same, after it has been written down that the World is told `input`; where it cannot be, nothing changes.
    fn stir_noting<R>(
        &self,
        input: impl FnOnce() -> Input,
        change: impl FnOnce(&mut World, Timestamp) -> R,
    ) -> Result<R, JournalError> {
        let mut kept = self.lock();
        let now = now();
        kept.note(now, input)?;
        Ok(self.stir_locked(&mut kept, now, change))
    }

    fn stir_locked<R>(&self, kept: &mut Kept, now: Timestamp, change: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let world = &mut kept.world;
        let seen = world.events().last().map_or(0, |event| event.sequence.get().into());
        let deadline = world.next_deadline();
        let result = change(world, now);
        if tracing::enabled!(tracing::Level::DEBUG) {
            for event in world.events_after(seen) {
                tracing::debug!("{}", trace::event(event));
            }
        }
        self.stirred.notify_waiters();
        if world.wants_something() || world.next_deadline() != deadline {
            self.wanting.notify_waiters();
        }
        result
    }

    /// Lets happen what `driver` has due, and answers when the next thing is.
    pub(crate) fn play(&self, driver: &mut VirtualTime) -> Option<Timestamp> {
        let mut kept = self.lock();
        let Kept { world, journal, again, .. } = &mut *kept;
        // In virtual time nothing listens and nothing is routed: there is nothing to do again.
        again.clear();
        let now = now();
        let mut happened = false;
        while driver.next_at(world).is_some_and(|at| at <= now) {
            let drawn = world.drawn();
            let step = driver.step(world);
            drop(driver.take_wanted());
            for (at, told) in driver.take_told() {
                let input = told.map_or(Input::Woken, Input::Observed);
                if let Some(Err(error)) = journal.as_mut().map(|journal| journal.write(drawn, at, input)) {
                    tracing::error!(error = &error as &dyn std::error::Error, "the account is not kept any more");
                }
            }
            if step != Step::Happened {
                break;
            }
            happened = true;
        }
        if happened {
            self.stirred.notify_waiters();
        }
        driver.next_at(world)
    }

    /// Lets the oldest entries of the trace go, until `most` are left.
    pub fn forget_events(&self, most: usize) {
        self.lock().world.forget_events(most);
    }

    /// What the World wants done, and when it next wants to be woken.
    pub fn take_effects(&self) -> (Vec<Effect>, Option<Timestamp>) {
        let Kept { world, again, .. } = &mut *self.lock();
        let mut effects = std::mem::take(again);
        effects.extend(world.take_effects());
        (effects, world.next_deadline())
    }

    /// The entries of the trace after the first `seen`.
    #[must_use]
    pub fn events_after(&self, seen: usize) -> Vec<Event> {
        self.lock().world.events().get(seen..).unwrap_or_default().to_vec()
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

    /// A future that ends when the World wants something, or wants to be woken at another time. Most calls only look, and leave whoever
    /// carries wishes out asleep. Created before looking, it misses nothing.
    pub fn wanting(&self) -> tokio::sync::futures::Notified<'_> {
        self.wanting.notified()
    }

    /// A panic while the World was locked is our bug and has been reported; what was written before it is still readable.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock()
    }
}

/// What a client is told whose call cannot be written down.
fn not_kept(error: &JournalError) -> Refusal {
    tracing::error!(error = error as &dyn std::error::Error, "the account is not kept any more");
    let message = "the account's state cannot be written to the disk".to_owned();
    Refusal::Fault { code: "ServiceUnavailable", status: 503, message }
}

/// The present time of the machine.
#[must_use]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
