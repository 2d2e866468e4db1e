//! The section `[capacity]`: on which of Fargate's two kinds of capacity the tasks of the cluster run.
//!
//! Source of ranges: ECS `CapacityProviderStrategyItem` (botocore ecs).

use std::fmt;

use serde::Deserialize;

/// The section `[capacity]`: the cluster's default strategy, which the service then takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Capacity {
    strategy: Vec<Share>,
}

/// One of `[capacity] strategy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Share {
    /// The kind of capacity.
    pub provider: Provider,
    /// So many tasks, at least, run on it.
    #[serde(default)]
    pub base: u32,
    /// Its part of all further tasks, in proportion to the others'.
    #[serde(default)]
    pub weight: u16,
}

/// A kind of capacity that Fargate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Provider {
    /// Tasks run until they are stopped.
    #[serde(rename = "FARGATE")]
    Fargate,
    /// Tasks are cheaper, and AWS may take them away with two minutes' notice.
    #[serde(rename = "FARGATE_SPOT")]
    FargateSpot,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    strategy: Vec<Share>,
}

/// ECS would not take the strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CapacityError {
    /// Nothing would ever run.
    #[error("at least one provider of `strategy` needs a `weight` greater than 0")]
    NoWeight,
    /// A provider is there twice.
    #[error("`{0}` is in `strategy` twice")]
    Twice(Provider),
    /// Two providers have a base.
    #[error("one provider of `strategy` alone can have a `base`")]
    Bases,
    /// A number is out of range.
    #[error("of `{0}` the `weight` must be at most 1,000 and the `base` at most 100,000")]
    Range(Provider),
}

impl TryFrom<Written> for Capacity {
    type Error = CapacityError;

    fn try_from(Written { mut strategy }: Written) -> Result<Self, CapacityError> {
        strategy.sort();
        if let Some(share) = strategy.iter().find(|share| share.weight > 1_000 || share.base > 100_000) {
            return Err(CapacityError::Range(share.provider));
        }
        if let Some([share, _]) = strategy.array_windows().find(|[one, other]| one.provider == other.provider) {
            return Err(CapacityError::Twice(share.provider));
        }
        if strategy.iter().all(|share| share.weight == 0) {
            return Err(CapacityError::NoWeight);
        }
        if strategy.iter().filter(|share| share.base > 0).count() > 1 {
            return Err(CapacityError::Bases);
        }
        Ok(Self { strategy })
    }
}

impl Capacity {
    /// The strategy, each provider once, in the order of their names.
    #[must_use]
    pub fn strategy(&self) -> &[Share] {
        &self.strategy
    }
}

impl Provider {
    /// The provider's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fargate => "FARGATE",
            Self::FargateSpot => "FARGATE_SPOT",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_strategy_is_one_that_ecs_takes() {
        let cases: [(Value, &str); 6] = [
            (json!([{"provider": "FARGATE", "base": 1, "weight": 1}, {"provider": "FARGATE_SPOT", "weight": 4}]), ""),
            (json!([]), "needs a `weight`"),
            (json!([{"provider": "FARGATE", "base": 1}]), "needs a `weight`"),
            (
                json!([{"provider": "FARGATE", "weight": 1}, {"provider": "FARGATE", "weight": 2}]),
                "`FARGATE` is in `strategy` twice",
            ),
            (
                json!([{"provider": "FARGATE", "base": 1, "weight": 1}, {"provider": "FARGATE_SPOT", "base": 1}]),
                "one provider of `strategy` alone",
            ),
            (json!([{"provider": "FARGATE_SPOT", "weight": 1001}]), "of `FARGATE_SPOT` the `weight` must be"),
        ];
        for (strategy, expected) in cases {
            let read = serde_json::from_value::<Capacity>(json!({"strategy": strategy}));
            let said = read.map_or_else(|error| error.to_string(), |_| String::new());
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{strategy}: {said}");
        }
    }
}
