//! Repositories.

use simulator_core::ecr::{
    CreateRepository, DeleteRepository, DescribeRepositories, Encryption, RepositoryDescription,
};
use simulator_core::{Home, Page, Refusal};

use super::settings::{encode_filters, mutability, scan_on_push};
use super::{INVALID, own_registry, paged, repository_name, tag};
use crate::service::json::{object, time};
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateRepository", decode_create, |repository, _| document!({"repository": encode(&repository)})),
        row("DescribeRepositories", decode_describe, |page: Page<RepositoryDescription>, _| {
            paged("repositories", &page, encode)
        }),
        row("DeleteRepository", decode_delete, |repository, _| document!({"repository": encode(&repository)})),
    ]
}

fn decode_create(input: &mut Input, home: &Home) -> Result<CreateRepository, Refusal> {
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
        repository: repository_name(input, home)?,
        tags: tag::read(input)?,
        mutability: mutability(input)?,
        scan_on_push: scan_on_push(input)?,
        encryption,
    })
}

fn decode_describe(input: &mut Input, home: &Home) -> Result<DescribeRepositories, Refusal> {
    own_registry(input, home)?;
    Ok(DescribeRepositories {
        repositories: input.texts("repositoryNames")?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn decode_delete(input: &mut Input, home: &Home) -> Result<DeleteRepository, Refusal> {
    let repository = repository_name(input, home)?;
    Ok(DeleteRepository { repository, force: input.boolean("force")?.unwrap_or(false) })
}

fn encode(repository: &RepositoryDescription) -> Document {
    let encryption = match &repository.encryption {
        Encryption::Aes256 => document!({"encryptionType": "AES256"}),
        kms @ Encryption::Kms { key, .. } => {
            object([("encryptionType", document!(kms.kind())), ("kmsKey", document!(key))])
        }
    };
    object([
        ("repositoryArn", document!(repository.arn.as_str())),
        ("registryId", document!(&repository.registry_id)),
        ("repositoryName", document!(&repository.name)),
        ("repositoryUri", document!(&repository.uri)),
        ("createdAt", time(repository.created)),
        ("imageTagMutability", document!(repository.mutability.mode())),
        ("imageTagMutabilityExclusionFilters", encode_filters(&repository.mutability)),
        ("imageScanningConfiguration", document!({"scanOnPush": repository.scan_on_push})),
        ("encryptionConfiguration", encryption),
    ])
}
