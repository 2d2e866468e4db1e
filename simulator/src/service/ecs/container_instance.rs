//! Container instances on the wire.

use simulator_core::ecs::cluster::Failure;
use simulator_core::ecs::{DescribeContainerInstances, ListContainerInstances};
use simulator_core::{Home, Page, Refusal};

use super::shape;
use crate::wire::{Document, Input, document};

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListContainerInstances, Refusal> {
    // Whatever is asked of instances, there is none.
    let (_filter, _status) = (input.text("filter")?, input.text("status")?);
    Ok(ListContainerInstances {
        cluster: input.text("cluster")?,
        limit: shape::limit(input, 100)?,
        token: input.text("nextToken")?,
    })
}

pub(super) fn listed(page: &Page<String>, _: &Home) -> Document {
    shape::page("containerInstanceArns", page)
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeContainerInstances, Refusal> {
    let _include = input.texts("include")?;
    Ok(DescribeContainerInstances { cluster: input.text("cluster")?, instances: input.texts("containerInstances")? })
}

pub(super) fn described(failures: &[Failure], _: &Home) -> Document {
    document!({ "containerInstances": [], "failures": shape::failures(failures) })
}
