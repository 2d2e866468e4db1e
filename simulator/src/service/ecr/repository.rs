//! Repositories.

use serde_json::{Value, json};
use simulator_core::ecr::{
    CreateRepository, DeleteRepository, DescribeRepositories, Encryption, RepositoryDescription,
};
use simulator_core::{Page, Refusal, World};

use super::settings::{encode_filters, mutability, scan_on_push};
use super::{INVALID, own_registry, paged, repository_name, tag};
use crate::service::json::{object, time};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateRepository", decode_create, |repository, _| json!({"repository": encode(&repository)})),
        row("DescribeRepositories", decode_describe, |page: Page<RepositoryDescription>, _| {
            paged("repositories", &page, encode)
        }),
        row("DeleteRepository", decode_delete, |repository, _| json!({"repository": encode(&repository)})),
    ]
}

fn decode_create(input: &mut Input, world: &World) -> Result<CreateRepository, Refusal> {
    let encryption = match input.structure("encryptionConfiguration")? {
        None => Encryption::default(),
        Some(mut encryption) => {
            let kind = encryption.required("encryptionType", INVALID)?;
            let parsed = Encryption::parse(&kind, encryption.text("kmsKey")?)?;
            encryption.finish()?;
            parsed
        }
    };
    Ok(CreateRepository {
        repository: repository_name(input, world)?,
        tags: tag::read(input)?,
        mutability: mutability(input)?,
        scan_on_push: scan_on_push(input)?,
        encryption,
    })
}

fn decode_describe(input: &mut Input, world: &World) -> Result<DescribeRepositories, Refusal> {
    own_registry(input, world)?;
    Ok(DescribeRepositories {
        repositories: input.texts("repositoryNames")?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn decode_delete(input: &mut Input, world: &World) -> Result<DeleteRepository, Refusal> {
    let repository = repository_name(input, world)?;
    Ok(DeleteRepository { repository, force: input.boolean("force")?.unwrap_or(false) })
}

fn encode(repository: &RepositoryDescription) -> Value {
    let encryption = match &repository.encryption {
        Encryption::Aes256 => json!({"encryptionType": "AES256"}),
        kms @ Encryption::Kms { key, .. } => object([("encryptionType", json!(kms.kind())), ("kmsKey", json!(key))]),
    };
    object([
        ("repositoryArn", json!(repository.arn.as_str())),
        ("registryId", json!(repository.registry_id)),
        ("repositoryName", json!(repository.name)),
        ("repositoryUri", json!(repository.uri)),
        ("createdAt", time(repository.created)),
        ("imageTagMutability", json!(repository.mutability.mode())),
        ("imageTagMutabilityExclusionFilters", encode_filters(&repository.mutability)),
        ("imageScanningConfiguration", json!({"scanOnPush": repository.scan_on_push})),
        ("encryptionConfiguration", encryption),
    ])
}
