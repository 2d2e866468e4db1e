//! The gate every call passes: an operation says what it touches, IAM decides, and only then can it be performed.

use std::collections::BTreeMap;

use crate::arn::{AccountId, Arn};
use crate::refusal::Refusal;
use crate::world::World;

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Caller {
    /// The account that the principal belongs to.
    pub account: AccountId,
    /// The principal's ARN as it appears in messages: a user's, or `arn:aws:sts::…:assumed-role/ROLE/SESSION`.
    pub arn: Arn,
    /// What kind of principal it is.
    pub principal: Principal,
    /// The access key that signed the call; none where no signature was needed, as for a service that has assumed a role.
    pub access_key: Option<String>,
}

/// The kinds of principal that can call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Principal {
    /// The account's root user: allowed everything.
    Root,
    /// An IAM user.
    User {
        /// The user's name.
        name: String,
    },
    /// A session of an IAM role.
    Role {
        /// The role's name.
        name: String,
        /// The session's name; for a task's execution role, the task id.
        session: String,
    },
    /// Nobody that an access key stands for: who calls shows an identity token, which the operation carries.
    Anonymous,
}

/// One thing that a call must be allowed: an action on a resource, with the condition keys the request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The IAM action, such as `iam:PassRole`.
    pub action: &'static str,
    /// The ARN it touches, or `*` where the action has no resource type.
    pub resource: String,
    /// Condition keys (as AWS spells them) and their values.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Access {
    /// `action` on `resource`, without condition keys.
    #[must_use]
    pub fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into(), context: BTreeMap::new() }
    }

    /// The same with the condition key `key` set to `value`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.entry(key.to_owned()).or_default().push(value.into());
        self
    }
}

/// An API operation, already decoded.
pub trait Operation: Sized {
    /// What it answers.
    type Output;

    /// The service and operation as IAM and CloudTrail write them, such as `ecs:UpdateService`.
    const NAME: &'static str;

    /// Everything the caller must be allowed. An empty list means that AWS lets anyone do it (`sts:GetCallerIdentity`).
    ///
    /// # Errors
    /// Refusals that AWS makes before it authorises, such as a family without any revision.
    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal>;

    /// Carries it out.
    ///
    /// # Errors
    /// The service's own refusals.
    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal>;
}

/// An operation that IAM has let through. Only [`World::call`] makes one.
#[derive(Debug)]
pub struct Authorized<T> {
    /// The operation.
    pub operation: T,
    /// Who was allowed to do it.
    pub caller: Caller,
    gate: Gate,
}

impl<T> Authorized<T> {
    /// The same permission for the operation that `T` wraps, whose accesses are those of `T`.
    pub(crate) fn unwrapped<U>(self, inner: impl FnOnce(T) -> U) -> Authorized<U> {
        let Self { operation, caller, gate } = self;
        Authorized { operation: inner(operation), caller, gate }
    }
}

/// Keeps [`Authorized`] from being built anywhere but here.
#[derive(Debug)]
struct Gate;

impl World {
    /// One API call by `caller` at the present time of the World.
    ///
    /// # Errors
    /// IAM's denial, or the service's own refusal.
    pub(crate) fn pass<O: Operation>(&mut self, caller: &Caller, operation: O) -> Result<O::Output, Refusal> {
        self.iam.check_session_may_call(caller, O::NAME)?;
        for access in operation.accesses(self)? {
            self.note_asked(caller, &access);
            self.decide(caller, &access).map_err(Refusal::Denied)?;
        }
        let before = self.iam_before(O::NAME);
        let output = O::perform(Authorized { operation, caller: caller.clone(), gate: Gate }, self)?;
        if let Some(before) = before {
            self.hide_write(before);
        }
        Ok(output)
    }
}
