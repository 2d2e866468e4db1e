//! Access keys of users.

use super::credential::{AccessKey, KeyRecord, draw_key};
use super::user::{user_access, user_name};
use super::validate::{bad_marker, limit, no_such, page_size, validation};
use super::{Secret, State, User};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Most access keys of a user (facts/aws.md 6.4).
pub(super) const PER_USER: usize = 2;

/// Makes an access key for a user, or for the one who calls.
#[derive(Clone, Debug, Default)]
pub struct CreateAccessKey {
    /// The user; none means the caller.
    pub user: Option<String>,
}

/// The answer to [`CreateAccessKey`]: the one time that the secret is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAccessKeyOutput {
    /// The user; none means the root user.
    pub user: Option<String>,
    /// The key and its secret.
    pub key: AccessKey,
    /// When it was made.
    pub created: Timestamp,
}

impl Operation for CreateAccessKey {
    type Output = CreateAccessKeyOutput;
    const NAME: &'static str = "iam:CreateAccessKey";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![user_access(world, Self::NAME, self.user.as_deref())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let user = owner(&world.iam, user_name(authorized.operation.user, &authorized.caller)?)?;
        if world.iam.keys.values().filter(|key| key.user == user).count() >= PER_USER {
            return Err(limit(format!("Cannot exceed quota for AccessKeysPerUser: {PER_USER}")));
        }
        let key = draw_key(&mut world.ids, "AKIA");
        let created = world.now;
        let record =
            KeyRecord { user: user.clone(), secret: Secret::new(&key.secret), active: true, created, used: None };
        world.iam.keys.insert(key.id.clone(), record);
        Ok(CreateAccessKeyOutput { user, key, created })
    }
}

/// Lists the access keys of a user, or of the one who calls.
#[derive(Clone, Debug, Default)]
pub struct ListAccessKeys {
    /// The user; none means the caller.
    pub user: Option<String>,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most keys of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

/// An access key as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeyDescription {
    /// The user; none means the root user.
    pub user: Option<String>,
    /// The access key id.
    pub id: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was made.
    pub created: Timestamp,
}

impl Operation for ListAccessKeys {
    type Output = Page<AccessKeyDescription>;
    const NAME: &'static str = "iam:ListAccessKeys";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![user_access(world, Self::NAME, self.user.as_deref())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation: Self { user, marker, max_items }, caller, .. } = authorized;
        let user = owner(&world.iam, user_name(user, &caller)?)?;
        let keys = world.iam.keys.iter().filter(|(_, key)| key.user == user);
        let described = keys.map(|(id, key)| {
            let KeyRecord { user, secret: _, active, created, used: _ } = key;
            (id, AccessKeyDescription { user: user.clone(), id: id.clone(), active: *active, created: *created })
        });
        page(described, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// Switches an access key on or off.
#[derive(Clone, Debug)]
pub struct UpdateAccessKey {
    /// The user; none means the caller.
    pub user: Option<String>,
    /// The access key id.
    pub id: String,
    /// `Active` or `Inactive`.
    pub status: String,
}

impl Operation for UpdateAccessKey {
    type Output = ();
    const NAME: &'static str = "iam:UpdateAccessKey";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![user_access(world, Self::NAME, self.user.as_deref())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Authorized { operation: Self { user, id, status }, caller, .. } = authorized;
        let active = match status.as_str() {
            "Active" => true,
            "Inactive" => false,
            _ => {
                return Err(validation(format!(
                    "1 validation error detected: Value '{status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]"
                )));
            }
        };
        let user = owner(&world.iam, user_name(user, &caller)?)?;
        let key = world.iam.keys.get_mut(&id).filter(|key| key.user == user).ok_or_else(|| no_key(&id))?;
        key.active = active;
        Ok(())
    }
}

/// Deletes an access key.
#[derive(Clone, Debug)]
pub struct DeleteAccessKey {
    /// The user; none means the caller.
    pub user: Option<String>,
    /// The access key id.
    pub id: String,
}

impl Operation for DeleteAccessKey {
    type Output = ();
    const NAME: &'static str = "iam:DeleteAccessKey";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![user_access(world, Self::NAME, self.user.as_deref())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Authorized { operation: Self { user, id }, caller, .. } = authorized;
        let user = owner(&world.iam, user_name(user, &caller)?)?;
        if world.iam.keys.get(&id).is_none_or(|key| key.user != user) {
            return Err(no_key(&id));
        }
        world.iam.keys.remove(&id);
        Ok(())
    }
}

/// What an access key was last used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// When.
    pub at: Timestamp,
    /// The service, such as `ecs`.
    pub service: String,
    /// The Region.
    pub region: String,
}

/// Asks when an access key was last used. The action is one on its user.
#[derive(Clone, Debug)]
pub struct GetAccessKeyLastUsed {
    /// The access key id.
    pub id: String,
}

impl Operation for GetAccessKeyLastUsed {
    /// The key's user (none for the root user) and its last use, if it was ever used.
    type Output = (Option<String>, Option<KeyUse>);
    const NAME: &'static str = "iam:GetAccessKeyLastUsed";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let user = world.iam.keys.get(&self.id).and_then(|key| key.user.as_deref());
        Ok(vec![user_access(world, Self::NAME, Some(user.unwrap_or("*")))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { id } = authorized.operation;
        let key = world.iam.keys.get(&id).ok_or_else(|| no_key(&id))?;
        Ok((key.user.clone(), key.used.clone()))
    }
}

impl State {
    /// Notes that the lasting key `id` signed a call of `operation`.
    pub(crate) fn note_key_use(&mut self, id: &str, operation: &str, region: &str, at: Timestamp) {
        let Some(key) = self.keys.get_mut(id) else { return };
        let service = operation.split(':').next().unwrap_or_default();
        let region = if service == "iam" { "us-east-1" } else { region };
        key.used = Some(KeyUse { at, service: service.to_owned(), region: region.to_owned() });
    }
}

/// The same user, who must exist.
fn owner(state: &State, user: Option<String>) -> Result<Option<String>, Refusal> {
    if let Some(name) = &user {
        state.entity::<User>(name)?;
    }
    Ok(user)
}

fn no_key(id: &str) -> Refusal {
    no_such(format!("The Access Key with id {id} cannot be found."))
}
