//! ListServicesByNamespace: Cloud Map is not simulated, so the account has no namespace to list by.

use std::convert::Infallible;

use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Lists the services of a Cloud Map namespace.
#[derive(Clone, Debug)]
pub struct ListServicesByNamespace {
    /// `namespace`: name or ARN.
    pub namespace: String,
}

impl Operation for ListServicesByNamespace {
    /// It is always refused.
    type Output = Infallible;
    const NAME: &'static str = "ecs:ListServicesByNamespace";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*").with("ecs:namespace", &self.namespace)])
    }

    fn perform(_: Authorized<Self>, _: &mut World) -> Result<Infallible, Refusal> {
        Err(Refusal::fault("NamespaceNotFoundException", "The specified namespace wasn't found."))
    }
}
