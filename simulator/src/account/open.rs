//! Opening an account that is kept: its World is told again what it was told.

use std::cell::RefCell;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use simulator_core::World;
use simulator_core::world::Setup;

use super::journal::{Head, Journal};
use super::outstanding::Outstanding;
use super::{Account, Input, JournalError, Kept, now};
use crate::service::Service;

/// What the World of an account started from, as far as it must be the same when the account is opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The account's number.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// AWS's delays, and how long IAM's writes stay hidden, in words of whoever made it.
    pub timing: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, timing } = self;
        write!(f, "account {account} in {region}, timing {timing}")
    }
}

impl Origin {
    /// The account whose state is in `directory`, or, if none is there yet, one whose World is set up as `setup` says and has its registry
    /// at `registry`. `services` are those that it is called by. What ran when it was last open has been killed since.
    ///
    /// # Errors
    /// The state cannot be read or written, or it is of another origin.
    pub fn open(
        &self,
        directory: &Path,
        setup: &Setup,
        registry: &str,
        services: &[Service],
    ) -> Result<Account, JournalError> {
        let begun = RefCell::new(None);
        let (mut outstanding, mut administrator) = (Outstanding::default(), None);
        let journal = Journal::open(
            directory,
            || Head::new(self.clone(), setup.seed, registry.to_owned(), setup.now),
            |head| {
                if head.origin != *self {
                    return Err(head.origin.to_string());
                }
                let as_then = Setup { seed: head.seed, now: head.created, ..setup.clone() };
                *begun.borrow_mut() = Some(World::new(as_then).with_registry_at(&head.registry));
                Ok(())
            },
            |entry| {
                let mut begun = begun.borrow_mut();
                let world = begun.as_mut().ok_or("the first line is missing")?;
                if entry.drawn != world.drawn() {
                    return Err(
                        "this release makes something else of the lines before than the one that wrote them".to_owned()
                    );
                }
                if let Input::Observed(observation) = &entry.input {
                    outstanding.told(observation);
                }
                if let Some(key) = entry.input.tell(world, entry.at, services)? {
                    administrator = Some(key);
                }
                world.take_effects().into_iter().for_each(|effect| outstanding.want(effect));
                Ok(())
            },
        )?;
        let world = begun.into_inner().expect("the journal begins with its head").with_registry_at(registry);
        let (lost, again) = outstanding.settle();
        let account = Account::around(Kept { world, journal: Some(journal), again, administrator });
        for observation in lost {
            account.tell(observation)?;
        }
        tracing::debug!(at = %now().as_millis(), "the account is open");
        Ok(account)
    }
}
