//! The driver in virtual time, which is not here but in the core.
//!
//! Carrying effects out in virtual time needs no machine: it is a queue and a script, as pure as the World, and the core's own tests and
//! benchmarks run on it. It has its own loop instead of [`super::drive`], because that one sleeps until a deadline has come where this one
//! makes it come. Behaviours are read from the user's file by [`crate::behaviours`].
//!
//! [`drive_as_time_goes_by`] holds it to the clock on the wall, for an account that others use meanwhile.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::account::{Account, now};

pub use simulator_core::virtual_time::{Behaviour, Ended, Image, OutOfMemory, Script, Step, Variation, VirtualTime};

/// The clock is looked at again after this long, in case somebody set it.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Lets happen in `account` what `driver` makes of its wishes, when it is due by the clock. It goes on until it is dropped.
pub async fn drive_as_time_goes_by(account: Arc<Account>, mut driver: VirtualTime) -> Infallible {
    loop {
        let wanting = account.wanting();
        tokio::pin!(wanting);
        // Registered before looking, so that a change in between is not missed.
        wanting.as_mut().enable();
        let next = account.play(&mut driver);
        let alarm = async {
            match next {
                // Never at once: a World that asks for the same time again must not starve everybody else.
                Some(next) => sleep(next.since(now()).clamp(Duration::from_millis(1), LONGEST_SLEEP)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = wanting => {}
            () = alarm => {}
        }
    }
}
