//! Policies of repositories.

use simulator_core::ecr::{DeleteRepositoryPolicy, GetRepositoryPolicy, RepositoryPolicy, SetRepositoryPolicy};
use simulator_core::{Refusal, World};

use super::{INVALID, repository_name};
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("SetRepositoryPolicy", decode_set, encode),
        row(
            "GetRepositoryPolicy",
            |input, world| Ok(GetRepositoryPolicy { repository: repository_name(input, world)? }),
            encode,
        ),
        row(
            "DeleteRepositoryPolicy",
            |input, world| Ok(DeleteRepositoryPolicy { repository: repository_name(input, world)? }),
            encode,
        ),
    ]
}

fn decode_set(input: &mut Input, world: &World) -> Result<SetRepositoryPolicy, Refusal> {
    // `force` lets a caller lock himself out, which is never refused here.
    input.boolean("force")?;
    Ok(SetRepositoryPolicy {
        repository: repository_name(input, world)?,
        policy: input.required("policyText", INVALID)?,
    })
}

fn encode(policy: RepositoryPolicy, world: &World) -> Document {
    document!({
        "registryId": world.account().to_string(),
        "repositoryName": policy.repository,
        "policyText": policy.policy,
    })
}
