//! S3, as far as tasks read from it: the environment files that lie there.
//!
//! Nothing here answers on the wire. Whoever owns the simulated account says what lies in it with [`World::put_object`]; what has not
//! been put is not there, and a task that needs it fails as on AWS.

use std::collections::BTreeMap;

use crate::iam::Secret;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// The objects of the account, by ARN.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    objects: BTreeMap<String, Secret>,
}

impl World {
    /// Puts an object where `arn` (`arn:aws:s3:::BUCKET/KEY`) says, in place of the one that was there.
    pub fn put_object(&mut self, arn: &str, contents: Secret) {
        self.s3.objects.insert(arn.to_owned(), contents);
    }
}

/// Reads an object, as the agent reads an environment file: the execution role needs `s3:GetObject` on it and
/// `s3:GetBucketLocation` on its bucket (facts 3.10).
#[derive(Clone, Debug)]
pub(crate) struct GetObject {
    /// The object's ARN.
    pub(crate) arn: String,
}

impl GetObject {
    fn bucket(&self) -> &str {
        self.arn.split('/').next().unwrap_or_default()
    }
}

impl Operation for GetObject {
    type Output = Secret;
    const NAME: &'static str = "s3:GetObject";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new("s3:GetBucketLocation", self.bucket()), Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Secret, Refusal> {
        let Authorized { operation, caller, .. } = authorized;
        if let Some(contents) = world.s3.objects.get(&operation.arn) {
            return Ok(contents.clone());
        }
        // Only who may list the bucket is told that there is no such object.
        let status = match world.decide(&caller, &Access::new("s3:ListBucket", operation.bucket())) {
            Ok(()) => 404,
            Err(denial) => return Err(Refusal::Denied(denial)),
        };
        Err(Refusal::Fault { code: "NotFound", status, message: "Not Found".to_owned() })
    }
}
