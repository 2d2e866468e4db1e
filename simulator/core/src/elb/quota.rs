//! How much of what an account may have, and DescribeAccountLimits.
//!
//! Source: the user guide of Application Load Balancers, quotas, and botocore elbv2, `Limit$Name`.

use super::load_balancer::fault;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Load balancers in a Region.
pub(super) const BALANCERS: usize = 50;
/// Target groups in a Region.
pub(super) const TARGET_GROUPS: usize = 3000;
/// Listeners of a load balancer.
pub(super) const LISTENERS: usize = 50;
/// Rules of a load balancer, default rules not counted.
pub(super) const RULES: usize = 100;
/// Targets of a target group.
pub(super) const TARGETS_PER_GROUP: usize = 1000;
/// Target groups that one action forwards to.
pub(super) const GROUPS_PER_ACTION: usize = 5;
/// Values in the conditions of a rule.
pub(super) const CONDITION_VALUES: usize = 5;

/// Refuses one more where there are `present` already.
pub(super) fn room(present: usize, most: usize, code: &'static str, what: &str) -> Result<(), Refusal> {
    if present < most {
        return Ok(());
    }
    Err(fault(code, format!("The maximum number of {what} has been reached")))
}

/// Reads the account's quotas. They fit one page.
#[derive(Clone, Copy, Debug)]
pub struct DescribeAccountLimits {}

impl Operation for DescribeAccountLimits {
    /// Names and values.
    type Output = Vec<(&'static str, usize)>;
    const NAME: &'static str = "elasticloadbalancing:DescribeAccountLimits";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(_: Authorized<Self>, _: &mut World) -> Result<Self::Output, Refusal> {
        Ok(vec![
            ("application-load-balancers", BALANCERS),
            ("target-groups", TARGET_GROUPS),
            ("targets-per-application-load-balancer", TARGETS_PER_GROUP),
            ("listeners-per-application-load-balancer", LISTENERS),
            ("rules-per-application-load-balancer", RULES),
            ("target-groups-per-action-on-application-load-balancer", GROUPS_PER_ACTION),
            ("condition-values-per-alb-rule", CONDITION_VALUES),
        ])
    }
}
