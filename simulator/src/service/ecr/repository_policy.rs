//! Policies of repositories.

use simulator_core::ecr::{DeleteRepositoryPolicy, GetRepositoryPolicy, RepositoryPolicy, SetRepositoryPolicy};
use simulator_core::{Home, Refusal};

use super::{INVALID, repository_name};
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("SetRepositoryPolicy", decode_set, encode),
        row(
            "GetRepositoryPolicy",
            |input, home| Ok(GetRepositoryPolicy { repository: repository_name(input, home)? }),
            encode,
        ),
        row(
            "DeleteRepositoryPolicy",
            |input, home| Ok(DeleteRepositoryPolicy { repository: repository_name(input, home)? }),
            encode,
        ),
    ]
}

fn decode_set(input: &mut Input, home: &Home) -> Result<SetRepositoryPolicy, Refusal> {
    // `force` lets a caller lock himself out, which is never refused here.
    input.boolean("force")?;
    Ok(SetRepositoryPolicy {
        repository: repository_name(input, home)?,
        policy: input.required("policyText", INVALID)?,
    })
}

fn encode(policy: RepositoryPolicy, home: &Home) -> Document {
    document!({
        "registryId": home.account().to_string(),
        "repositoryName": policy.repository,
        "policyText": policy.policy,
    })
}
