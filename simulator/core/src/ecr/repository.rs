//! Repositories.

use std::collections::BTreeMap;

use super::mutability::TagMutability;
use super::{
    Repository, bad_token, invalid, no_repository, page_size, registry_host, repository_access, repository_arn, tag,
};
use crate::arn::Arn;
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// How a repository's layers are encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Encryption {
    /// By ECR.
    #[default]
    Aes256,
    /// By KMS, with this key or AWS's own; the flag says whether twice (`KMS_DSSE`).
    Kms {
        /// The key's ARN or alias.
        key: Option<String>,
        /// Whether in two layers.
        dual: bool,
    },
}

impl Encryption {
    /// Reads `encryptionType` and `kmsKey`.
    ///
    /// # Errors
    /// AWS's complaint about a word that is no type, or a key where none belongs.
    pub fn parse(kind: &str, key: Option<String>) -> Result<Self, Refusal> {
        match (kind, key) {
            ("AES256", None) => Ok(Self::Aes256),
            ("AES256", Some(_)) => Err(invalid("encryptionConfiguration", "kmsKey must not be set with AES256")),
            ("KMS", key) => Ok(Self::Kms { key, dual: false }),
            ("KMS_DSSE", key) => Ok(Self::Kms { key, dual: true }),
            _ => Err(invalid("encryptionType", "must be one of AES256, KMS, KMS_DSSE")),
        }
    }

    /// The type as AWS writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Aes256 => "AES256",
            Self::Kms { dual: false, .. } => "KMS",
            Self::Kms { dual: true, .. } => "KMS_DSSE",
        }
    }
}

/// A repository as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryDescription {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Arn,
    /// The registry's id: the account's number.
    pub registry_id: String,
    /// What images in it are called before the colon.
    pub uri: String,
    /// When it was made.
    pub created: Timestamp,
    /// Whether image tags can be moved.
    pub mutability: TagMutability,
    /// Whether images are to be scanned when pushed.
    pub scan_on_push: bool,
    /// How layers are encrypted.
    pub encryption: Encryption,
}

fn describe(world: &World, name: &str, repository: &Repository) -> RepositoryDescription {
    RepositoryDescription {
        name: name.to_owned(),
        arn: repository_arn(world, name),
        registry_id: world.account.to_string(),
        uri: format!("{}/{name}", registry_host(world)),
        created: repository.created,
        mutability: repository.mutability.clone(),
        scan_on_push: repository.scan_on_push,
        encryption: repository.encryption.clone(),
    }
}

/// Makes a repository.
#[derive(Clone, Debug, Default)]
pub struct CreateRepository {
    /// Its name.
    pub repository: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether image tags can be moved.
    pub mutability: TagMutability,
    /// Whether images are to be scanned when pushed.
    pub scan_on_push: bool,
    /// How layers are encrypted. Recorded only.
    pub encryption: Encryption,
}

impl Operation for CreateRepository {
    type Output = RepositoryDescription;
    const NAME: &'static str = "ecr:CreateRepository";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let create = repository_access(world, Self::NAME, &self.repository).tagging(&self.tags);
        let tag = repository_access(world, "ecr:TagResource", &self.repository).tagging(&self.tags);
        Ok(if self.tags.is_empty() { vec![create] } else { vec![create, tag] })
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository: name, tags, mutability, scan_on_push, encryption } = authorized.operation;
        check_name(&name)?;
        tag::check(&tags)?;
        if world.ecr.repositories.contains_key(&name) {
            let account = &world.account;
            let message =
                format!("The repository with name '{name}' already exists in the registry with id '{account}'");
            return Err(Refusal::fault("RepositoryAlreadyExistsException", message));
        }
        let encryption = match encryption {
            Encryption::Kms { key: None, dual } => Encryption::Kms { key: Some(default_key(world)), dual },
            given @ (Encryption::Aes256 | Encryption::Kms { .. }) => given,
        };
        let repository = Repository {
            created: world.now,
            tags,
            mutability,
            scan_on_push,
            encryption,
            policy: None,
            lifecycle: None,
            preview: None,
            layers: BTreeMap::new(),
            uploads: BTreeMap::new(),
            images: BTreeMap::new(),
            image_tags: BTreeMap::new(),
        };
        let answer = describe(world, &name, &repository);
        world.ecr.repositories.insert(name, repository);
        Ok(answer)
    }
}

/// Describes repositories: those named, or all by name.
#[derive(Clone, Debug, Default)]
pub struct DescribeRepositories {
    /// Which; empty means all.
    pub repositories: Vec<String>,
    /// Where the page before ended. Not together with names.
    pub next_token: Option<String>,
    /// Most repositories of a page: 1 to 1000. Not together with names.
    pub limit: Option<i64>,
}

impl Operation for DescribeRepositories {
    type Output = Page<RepositoryDescription>;
    const NAME: &'static str = "ecr:DescribeRepositories";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        if self.repositories.is_empty() {
            return Ok(vec![repository_access(world, Self::NAME, "*")]);
        }
        Ok(self.repositories.iter().map(|name| repository_access(world, Self::NAME, name)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repositories, next_token, limit } = authorized.operation;
        if repositories.is_empty() {
            let all = world.ecr.repositories.iter().map(|(name, found)| (name, describe(world, name, found)));
            return page(all, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token);
        }
        let described = repositories.iter().map(|name| Ok(describe(world, name, world.repository(name)?)));
        Ok(Page { items: described.collect::<Result<_, Refusal>>()?, next: None })
    }
}

/// Deletes a repository.
#[derive(Clone, Debug)]
pub struct DeleteRepository {
    /// Its name.
    pub repository: String,
    /// Whether also with images in it.
    pub force: bool,
}

impl Operation for DeleteRepository {
    type Output = RepositoryDescription;
    const NAME: &'static str = "ecr:DeleteRepository";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository: name, force } = authorized.operation;
        let repository = world.ecr.repositories.get(&name).ok_or_else(|| no_repository(world, &name))?;
        if !repository.images.is_empty() && !force {
            let account = &world.account;
            let message = format!(
                "The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still contains images"
            );
            return Err(Refusal::fault("RepositoryNotEmptyException", message));
        }
        let answer = describe(world, &name, repository);
        world.ecr.repositories.remove(&name);
        Ok(answer)
    }
}

/// The rule of names (facts/aws.md section 5): 2 to 256 characters, parts of lower-case letters and digits joined by `.`, `_`,
/// `__` or hyphens, and slashes between them.
fn check_name(name: &str) -> Result<(), Refusal> {
    if !(2..=256).contains(&name.len()) || !name.split('/').all(is_part) {
        return Err(invalid(
            "repositoryName",
            "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'",
        ));
    }
    Ok(())
}

fn is_part(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let joins = part.split(plain).filter(|join| !join.is_empty());
    part.starts_with(plain)
        && part.ends_with(plain)
        && joins.into_iter().all(|join| matches!(join, "." | "_" | "__") || join.chars().all(|c| c == '-'))
}

fn default_key(world: &mut World) -> String {
    if let Some(key) = &world.ecr.kms_key {
        return key.clone();
    }
    let parts = [8, 4, 4, 4, 12].map(|length| world.ids.hex(IdKind::Registry, length));
    let key = Arn::new("kms", &world.region, &world.account, &format!("key/{}", parts.join("-"))).to_string();
    world.ecr.kms_key = Some(key.clone());
    key
}
