//! Who is given the account: a user that may do everything.

use simulator_core::iam::{self, AccessKey, AttachPolicy, CreateAccessKey, CreateUser};
use simulator_core::{Refusal, Timestamp, World};

use super::{Account, Input};

/// Not root: what root may not do, such as assuming roles, is what people expect to work.
const NAME: &str = "administrator";
const POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

impl Account {
    /// The access key of the account's administrator, who is made when this is first called, as an account's owner does first of all.
    ///
    /// # Errors
    /// The account refuses it: somebody else has made a user of this name.
    pub fn administrator_key(&self) -> Result<AccessKey, Refusal> {
        if let Some(key) = self.lock().administrator.clone() {
            return Ok(key);
        }
        let made = self.stir_noting(|| Input::Administrator, make);
        let key = made.map_err(|error| super::not_kept(&error))??;
        self.lock().administrator = Some(key.clone());
        Ok(key)
    }
}

/// Makes the administrator of `world`.
pub(super) fn make(world: &mut World, now: Timestamp) -> Result<AccessKey, Refusal> {
    let root = world.root();
    world.call(now, &root, CreateUser { name: NAME.to_owned(), ..CreateUser::default() })?;
    world.call(now, &root, AttachPolicy::<iam::User>::new(NAME.to_owned(), POLICY.to_owned()))?;
    let key = world.call(now, &root, CreateAccessKey { user: Some(NAME.to_owned()) })?.key;
    world.let_iam_settle();
    Ok(key)
}
