//! Attributes of load balancers: DescribeLoadBalancerAttributes, ModifyLoadBalancerAttributes.
//!
//! Source: botocore elbv2, `LoadBalancerAttribute`. Only deletion protection can be changed. The others are described with AWS's
//! defaults, as far as those are what the simulation does, and asking for another value is refused as not simulated.

use super::attribute::keep;
use super::load_balancer::{LoadBalancer, fault};
use super::lookup::on;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const DELETION_PROTECTION: &str = "deletion_protection.enabled";

/// What is kept of a load balancer's attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalancerAttributes {
    /// `deletion_protection.enabled`.
    pub deletion_protection: bool,
}

impl BalancerAttributes {
    fn listed(&self) -> Vec<(String, String)> {
        let protection = self.deletion_protection.to_string();
        [
            ("access_logs.s3.enabled", "false"),
            ("access_logs.s3.bucket", ""),
            ("access_logs.s3.prefix", ""),
            ("connection_logs.s3.enabled", "false"),
            ("connection_logs.s3.bucket", ""),
            ("connection_logs.s3.prefix", ""),
            ("idle_timeout.timeout_seconds", "60"),
            (DELETION_PROTECTION, protection.as_str()),
            ("load_balancing.cross_zone.enabled", "true"),
            ("routing.http.drop_invalid_header_fields.enabled", "false"),
            ("routing.http.xff_header_processing.mode", "append"),
            ("routing.http.preserve_host_header.enabled", "false"),
            ("routing.http.xff_client_port.enabled", "false"),
            ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
            ("waf.fail_open.enabled", "false"),
            ("zonal_shift.config.enabled", "false"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
    }
}

/// Reads the attributes of a load balancer.
#[derive(Clone, Debug)]
pub struct DescribeLoadBalancerAttributes {
    /// `LoadBalancerArn`.
    pub load_balancer: String,
}

impl Operation for DescribeLoadBalancerAttributes {
    type Output = Vec<(String, String)>;
    const NAME: &'static str = "elasticloadbalancing:DescribeLoadBalancerAttributes";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let LoadBalancer { attributes, .. } = world.elb.named_balancer(&authorized.operation.load_balancer)?;
        Ok(attributes.listed())
    }
}

/// Changes attributes of a load balancer: all of them or none.
#[derive(Clone, Debug)]
pub struct ModifyLoadBalancerAttributes {
    /// `LoadBalancerArn`.
    pub load_balancer: String,
    /// `Attributes`: key and value.
    pub attributes: Vec<(String, String)>,
}

impl Operation for ModifyLoadBalancerAttributes {
    type Output = Vec<(String, String)>;
    const NAME: &'static str = "elasticloadbalancing:ModifyLoadBalancerAttributes";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.load_balancer)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { load_balancer, attributes: asked } = authorized.operation;
        let balancer = world.elb.named_balancer(&load_balancer)?;
        let (arn, mut attributes) = (balancer.arn.clone(), balancer.attributes.clone());
        let known = attributes.listed();
        for (key, value) in asked {
            match key.as_str() {
                DELETION_PROTECTION => {
                    let wrong = || format!("Load balancer attribute '{key}' must be 'true' or 'false': '{value}'");
                    attributes.deletion_protection =
                        value.parse().map_err(|_| fault("InvalidConfigurationRequest", wrong()))?;
                }
                _ => keep(&known, &(key, value), "Load balancer")?,
            }
        }
        let listed = attributes.listed();
        world.elb.balancers.get_mut(&arn).expect("it was just found").attributes = attributes;
        Ok(listed)
    }
}
