//! The loop between the account and a driver.

use std::convert::Infallible;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use simulator_core::{Effect, Observation};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::lane::Lanes;
use crate::account::{Account, now};

/// The clock is looked at again after this long, in case somebody set it.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Whoever is told what happened outside.
pub trait Observer: Send + Sync + 'static {
    /// Takes in one fact.
    fn observe(&self, observation: Observation);
}

impl Observer for Account {
    fn observe(&self, observation: Observation) {
        Self::observe(self, observation);
    }
}

/// What makes effects real.
#[async_trait]
pub trait Driver: Send + Sync + 'static {
    /// Carries `effect` out, as far as later effects on the same thing have to wait for it, and tells `observer` what came
    /// of it, now or later. Every effect that has an answer gets one, whatever goes wrong.
    async fn carry_out(&self, effect: Effect, observer: &Arc<dyn Observer>);
}

#[async_trait]
impl<D: Driver + ?Sized> Driver for Arc<D> {
    async fn carry_out(&self, effect: Effect, observer: &Arc<dyn Observer>) {
        D::carry_out(self, effect, observer).await;
    }
}

/// Carries out what the World of `account` wants and wakes it at its deadlines. It goes on until it is dropped; what is
/// under way then is given up.
///
/// # Panics
/// If the driver panics, which is our bug: going on without the answer would look like a deploy that hangs.
pub async fn drive(account: Arc<Account>, driver: Arc<dyn Driver>) -> Infallible {
    let observer: Arc<dyn Observer> = Arc::clone(&account) as _;
    let lanes = Arc::new(Lanes::default());
    let mut workers = JoinSet::new();
    loop {
        let wanting = account.wanting();
        tokio::pin!(wanting);
        // Registered before looking, so that a change in between is not missed.
        wanting.as_mut().enable();
        let (effects, deadline) = account.take_effects();
        for effect in effects {
            if let Some((lane, first)) = lanes.enter(effect) {
                let (lanes, driver, observer) = (Arc::clone(&lanes), Arc::clone(&driver), Arc::clone(&observer));
                workers.spawn(async move {
                    let mut next = Some(first);
                    while let Some(effect) = next {
                        driver.carry_out(effect, &observer).await;
                        next = lanes.next(&lane);
                    }
                });
            }
        }
        let alarm = async {
            match deadline {
                Some(deadline) => sleep(deadline.since(now()).min(LONGEST_SLEEP)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = wanting => {}
            () = alarm => {
                if deadline.is_some_and(|deadline| deadline <= now()) {
                    account.tick();
                    // A World that wants to be woken at once, again and again, must not starve everybody else.
                    tokio::task::yield_now().await;
                }
            }
            Some(ended) = workers.join_next() => {
                if let Err(error) = ended && error.is_panic() {
                    resume_unwind(error.into_panic());
                }
            }
        }
    }
}
