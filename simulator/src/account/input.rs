//! What the World of an account is told, in a form that can be written down and told again.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulator_core::ecr::{BatchDeleteImage, CompleteLayerUpload, InitiateLayerUpload, PutImage, UploadLayerPart};
use simulator_core::effect::TaskId;
use simulator_core::iam::AccessKey;
use simulator_core::{Caller, Observation, Timestamp, World};

use crate::service::Service;

/// One thing that the World is told. What changes nothing is not among them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Input {
    /// A call over the wire, authenticated and decoded.
    Call {
        /// The service's signing name.
        service: String,
        /// The operation's name on the wire.
        operation: String,
        /// Who calls.
        caller: Caller,
        /// The request.
        parameters: Value,
    },
    /// A call that a push comes to.
    Push {
        /// Whose token came with it.
        caller: Caller,
        /// The call.
        call: PushCall,
    },
    /// A task's containers ask for the credentials of their role.
    TaskCredentials(TaskId),
    /// The administrator is made.
    Administrator,
    /// A fact from outside.
    Observed(Observation),
    /// A deadline has come.
    Woken,
}

/// The calls of a push that change the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum PushCall {
    Begin(InitiateLayerUpload),
    Part(UploadLayerPart),
    Complete(CompleteLayerUpload),
    Put(PutImage),
    Delete(BatchDeleteImage),
}

impl From<InitiateLayerUpload> for PushCall {
    fn from(call: InitiateLayerUpload) -> Self {
        Self::Begin(call)
    }
}

impl From<UploadLayerPart> for PushCall {
    fn from(call: UploadLayerPart) -> Self {
        Self::Part(call)
    }
}

impl From<CompleteLayerUpload> for PushCall {
    fn from(call: CompleteLayerUpload) -> Self {
        Self::Complete(call)
    }
}

impl From<PutImage> for PushCall {
    fn from(call: PutImage) -> Self {
        Self::Put(call)
    }
}

impl From<BatchDeleteImage> for PushCall {
    fn from(call: BatchDeleteImage) -> Self {
        Self::Delete(call)
    }
}

impl Input {
    /// Tells it to `world`, which answered it once already, so that the answer concerns nobody but who asks for the administrator's key.
    ///
    /// # Errors
    /// The operation is none of `services`.
    pub(super) fn tell(
        self,
        world: &mut World,
        at: Timestamp,
        services: &[Service],
    ) -> Result<Option<AccessKey>, String> {
        match self {
            Self::Call { service, operation, caller, parameters } => {
                let named = services.iter().find(|it| it.signing_name == service);
                let row = named.and_then(|service| service.operations.iter().find(|row| row.name == operation));
                let row = row.ok_or_else(|| format!("the operation {service}:{operation} is not known"))?;
                drop(row.handle(world, at, &caller, parameters));
            }
            Self::Push { caller, call } => match call {
                PushCall::Begin(call) => drop(world.call(at, &caller, call)),
                PushCall::Part(call) => drop(world.call(at, &caller, call)),
                PushCall::Complete(call) => drop(world.call(at, &caller, call)),
                PushCall::Put(call) => drop(world.call(at, &caller, call)),
                PushCall::Delete(call) => drop(world.call(at, &caller, call)),
            },
            Self::TaskCredentials(task) => drop(world.task_credentials(at, &task)),
            Self::Administrator => return Ok(super::administrator::make(world, at).ok()),
            Self::Observed(observation) => world.observe(at, observation),
            Self::Woken => world.tick(at),
        }
        Ok(None)
    }
}
