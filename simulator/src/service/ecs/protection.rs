//! Task protection on the wire.

use simulator_core::ecs::cluster::Failure;
use simulator_core::ecs::task::ProtectedTask;
use simulator_core::ecs::{GetTaskProtection, UpdateTaskProtection};
use simulator_core::{Home, Refusal};

use super::shape::{self, INVALID, object};
use crate::wire::{Document, Input, document};

pub(super) fn get(input: &mut Input, _: &Home) -> Result<GetTaskProtection, Refusal> {
    Ok(GetTaskProtection { cluster: input.required("cluster", INVALID)?, tasks: input.texts("tasks")? })
}

pub(super) fn update(input: &mut Input, _: &Home) -> Result<UpdateTaskProtection, Refusal> {
    let missing = || Refusal::fault(INVALID, "The request must contain the parameter protectionEnabled");
    Ok(UpdateTaskProtection {
        cluster: input.required("cluster", INVALID)?,
        tasks: input.texts("tasks")?,
        enabled: input.boolean("protectionEnabled")?.ok_or_else(missing)?,
        minutes: shape::whole(input, "expiresInMinutes")?,
    })
}

pub(super) fn shown((tasks, failures): &(Vec<ProtectedTask>, Vec<Failure>), _: &Home) -> Document {
    let task = |ProtectedTask { arn, until }: &ProtectedTask| {
        object([
            ("taskArn", document!(arn)),
            ("protectionEnabled", document!(until.is_some())),
            ("expirationDate", document!(until.map(shape::seconds_of))),
        ])
    };
    document!({ "protectedTasks": tasks.iter().map(task).collect::<Vec<_>>(), "failures": shape::failures(failures) })
}
