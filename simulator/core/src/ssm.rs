//! Systems Manager's Parameter Store, as far as tasks read secrets from it.
//!
//! Nothing here answers on the wire. Whoever owns the simulated account says what is in the store with [`World::put_parameter`]; what
//! has not been put is not there, and a task that needs it fails as on AWS.

use std::collections::BTreeMap;

use crate::arn::Arn;
use crate::iam::Secret;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// The parameters of the account, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    parameters: BTreeMap<String, Secret>,
}

impl World {
    /// Puts the parameter that `reference` names (`/news/url`, or its ARN), in place of the one that was there.
    pub fn put_parameter(&mut self, reference: &str, value: Secret) {
        self.ssm.parameters.insert(key(reference).to_owned(), value);
    }
}

/// Reads one parameter, which is named as `valueFrom` names it: by name, or by ARN.
#[derive(Clone, Debug)]
pub(crate) struct GetParameter {
    /// The name or ARN.
    pub(crate) reference: String,
}

/// What a parameter is kept under: its name without the slash that begins one in a hierarchy, which ARNs leave out.
fn key(reference: &str) -> &str {
    reference.rsplit_once(":parameter/").map_or(reference, |(_, path)| path).trim_start_matches('/')
}

impl Operation for GetParameter {
    type Output = Secret;
    const NAME: &'static str = "ssm:GetParameters";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        if self.reference.starts_with("arn:") {
            return Ok(vec![Access::new(Self::NAME, &self.reference)]);
        }
        let path = format!("parameter/{}", key(&self.reference));
        Ok(vec![Access::new(Self::NAME, Arn::new("ssm", &world.region, &world.account, &path).as_str())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Secret, Refusal> {
        let found = world.ssm.parameters.get(key(&authorized.operation.reference));
        found.cloned().ok_or_else(|| Refusal::fault("ParameterNotFound", "The parameter does not exist."))
    }
}
