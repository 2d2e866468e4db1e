//! ECR: repositories, images and the tokens that open the registry.

mod token;

use std::collections::BTreeMap;

pub use token::{AuthorizationData, GetAuthorizationToken};

use crate::iam::Secret;
use crate::iam::policy::Document;
use crate::world::World;
use token::Token;

/// Everything ECR knows of the account.
#[derive(Debug, Default)]
pub struct State {
    tokens: BTreeMap<Secret, Token>,
    repositories: BTreeMap<String, Repository>,
}

/// A repository.
#[derive(Debug)]
struct Repository {
    tags: BTreeMap<String, String>,
    policy: Option<Document>,
}

impl State {
    /// The tags of the repository that an ARN's resource part names.
    pub(crate) fn tags(&self, resource: &str) -> Option<&BTreeMap<String, String>> {
        let name = resource.strip_prefix("repository/")?;
        self.repositories.get(name).map(|repository| &repository.tags)
    }

    /// The policy of the repository with the ARN `arn`.
    pub(crate) fn policy(&self, arn: &str) -> Option<&Document> {
        let name = arn.splitn(6, ':').nth(5)?.strip_prefix("repository/")?;
        self.repositories.get(name)?.policy.as_ref()
    }
}

/// The registry's host name.
fn registry_host(world: &World) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com", world.account, world.region)
}
