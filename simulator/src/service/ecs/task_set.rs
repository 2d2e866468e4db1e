//! Task sets on the wire.

use simulator_core::ecs::cluster::Failure;
use simulator_core::ecs::{
    CreateTaskSet, DeleteTaskSet, DescribeTaskSets, InService, ServiceKey, UpdateServicePrimaryTaskSet, UpdateTaskSet,
};
use simulator_core::{Home, Refusal, World};

use super::shape::{self, INVALID};
use super::{capacity, deployment};
use crate::wire::{Document, Input, document};

fn at(input: &mut Input) -> Result<InService, Refusal> {
    Ok(InService { cluster: input.required("cluster", INVALID)?, service: input.required("service", INVALID)? })
}

/// Takes `scale`, which nothing is done with: no task set can be scaled here.
fn scale(input: &mut Input) -> Result<(), Refusal> {
    let Some(mut scale) = input.structure("scale")? else { return Ok(()) };
    let (_value, _unit) = (scale.decimal("value")?, scale.text("unit")?);
    scale.finish()
}

/// Reads the whole request: what is wrong with it is said before that there are no task sets to make.
pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateTaskSet, Refusal> {
    let _external = input.text("externalId")?;
    let _network = shape::network(input)?;
    let _balancers = deployment::load_balancers(input)?;
    let _launch_type = shape::launch_type(input)?;
    let _strategy = capacity::strategy(input, "capacityProviderStrategy")?;
    shape::platform_version(input)?;
    scale(input)?;
    let _token = input.text("clientToken")?;
    let _tags = shape::tags(input)?;
    Ok(CreateTaskSet { at: at(input)?, task_definition: input.required("taskDefinition", INVALID)? })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeTaskSets, Refusal> {
    // CodeDeploy's have no tags.
    let _with_tags = shape::includes_tags(input)?;
    Ok(DescribeTaskSets { at: at(input)?, task_sets: input.texts("taskSets")? })
}

pub(super) fn described((key, found, failures): &(ServiceKey, Vec<String>, Vec<Failure>), world: &World) -> Document {
    let view = world.ecs();
    let service = view.service(&key.cluster, &key.service);
    let sets = service.map(|service| {
        let wanted = view.deployments_of(service).filter(|set| found.contains(&set.id));
        wanted.map(|set| deployment::task_set_json(view, service, set)).collect::<Vec<_>>()
    });
    document!({ "taskSets": sets.unwrap_or_default(), "failures": shape::failures(failures) })
}

pub(super) fn update(input: &mut Input, _: &Home) -> Result<UpdateTaskSet, Refusal> {
    scale(input)?;
    Ok(UpdateTaskSet { at: at(input)?, task_set: input.required("taskSet", INVALID)? })
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteTaskSet, Refusal> {
    let _force = input.boolean("force")?;
    Ok(DeleteTaskSet { at: at(input)?, task_set: input.required("taskSet", INVALID)? })
}

pub(super) fn make_primary(input: &mut Input, _: &Home) -> Result<UpdateServicePrimaryTaskSet, Refusal> {
    let _task_set = input.required("primaryTaskSet", INVALID)?;
    Ok(UpdateServicePrimaryTaskSet { at: at(input)? })
}
