//! Capacity providers on the wire.

use simulator_core::ecs::capacity::{CapacityProvider, StrategyItem};
use simulator_core::ecs::cluster::Failure;
use simulator_core::ecs::{DescribeCapacityProviders, PutClusterCapacityProviders};
use simulator_core::{Home, Page, Refusal};

use super::shape::{self, INVALID, object};
use crate::wire::{Document, Input, document};

/// Takes the capacity provider strategy `key`. Absent is empty.
pub(super) fn strategy(input: &mut Input, key: &str) -> Result<Vec<StrategyItem>, Refusal> {
    let item = |mut item: Input| {
        let read = StrategyItem {
            provider: item.required("capacityProvider", INVALID)?,
            // Of one that is given the weight is 0 by default (BOTO CapacityProviderStrategyItem); one alone cannot be.
            weight: shape::whole(&mut item, "weight")?.unwrap_or(0),
            base: shape::whole(&mut item, "base")?.unwrap_or(0),
        };
        item.finish()?;
        Ok(read)
    };
    input.structures(key)?.into_iter().map(item).collect()
}

/// A capacity provider strategy.
pub(super) fn strategy_json(strategy: &[StrategyItem]) -> Document {
    let item = |StrategyItem { provider, weight, base }: &StrategyItem| document!({ "capacityProvider": provider, "weight": weight, "base": base });
    strategy.iter().map(item).collect()
}

pub(super) fn put(input: &mut Input, _: &Home) -> Result<PutClusterCapacityProviders, Refusal> {
    Ok(PutClusterCapacityProviders {
        cluster: input.required("cluster", INVALID)?,
        providers: input.texts("capacityProviders")?,
        strategy: strategy(input, "defaultCapacityProviderStrategy")?,
    })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeCapacityProviders, Refusal> {
    // Those of Fargate have no tags.
    let _with_tags = shape::includes_tags(input)?;
    Ok(DescribeCapacityProviders {
        providers: input.texts("capacityProviders")?,
        cluster: input.text("cluster")?,
        limit: shape::limit_up_to(input, 10)?,
        token: input.text("nextToken")?,
    })
}

pub(super) fn described((page, failures): &(Page<CapacityProvider>, Vec<Failure>), _: &Home) -> Document {
    let provider = |provider: &CapacityProvider| {
        document!({
            "capacityProviderArn": provider.arn.as_str(),
            "name": provider.name,
            "type": provider.name,
            "status": "ACTIVE",
            "tags": [],
        })
    };
    object([
        ("capacityProviders", page.items.iter().map(provider).collect()),
        ("failures", shape::failures(failures)),
        ("nextToken", document!(&page.next)),
    ])
}
