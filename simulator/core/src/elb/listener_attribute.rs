//! Attributes of listeners: DescribeListenerAttributes, ModifyListenerAttributes.
//!
//! Source: botocore elbv2, `ListenerAttribute`, and "Update your HTTP/HTTPS listener" of the ELB user guide: a listener of HTTP has those that
//! change answers, all unset; those that rename headers of requests belong to HTTPS. They are described as what the simulation does, and
//! asking for another value is refused as not simulated.

use super::attribute::keep;
use super::lookup::on;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Headers of answers that a listener can be told to set.
const HEADERS: [&str; 10] = [
    "strict_transport_security",
    "access_control_allow_origin",
    "access_control_allow_methods",
    "access_control_allow_headers",
    "access_control_allow_credentials",
    "access_control_expose_headers",
    "access_control_max_age",
    "content_security_policy",
    "x_content_type_options",
    "x_frame_options",
];

fn listed() -> Vec<(String, String)> {
    let header = |name: &&str| (format!("routing.http.response.{name}.header_value"), String::new());
    let server = ("routing.http.response.server.enabled".to_owned(), "true".to_owned());
    [server].into_iter().chain(HEADERS.iter().map(header)).collect()
}

/// Reads the attributes of a listener.
#[derive(Clone, Debug)]
pub struct DescribeListenerAttributes {
    /// `ListenerArn`.
    pub listener: String,
}

impl Operation for DescribeListenerAttributes {
    type Output = Vec<(String, String)>;
    const NAME: &'static str = "elasticloadbalancing:DescribeListenerAttributes";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        world.elb.named_listener(&authorized.operation.listener)?;
        Ok(listed())
    }
}

/// Changes attributes of a listener: all of them or none.
#[derive(Clone, Debug)]
pub struct ModifyListenerAttributes {
    /// `ListenerArn`.
    pub listener: String,
    /// `Attributes`: key and value.
    pub attributes: Vec<(String, String)>,
}

impl Operation for ModifyListenerAttributes {
    type Output = Vec<(String, String)>;
    const NAME: &'static str = "elasticloadbalancing:ModifyListenerAttributes";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.listener)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { listener, attributes } = authorized.operation;
        world.elb.named_listener(&listener)?;
        let listed = listed();
        attributes.iter().try_for_each(|asked| keep(&listed, asked, "Listener"))?;
        Ok(listed)
    }
}
