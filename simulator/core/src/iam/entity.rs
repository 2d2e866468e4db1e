//! What users and roles have in common: a name, tags, policies, a boundary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use super::State;
use super::decision::Named;
use super::policy::Document;
use super::tag::Tagging;
use super::validate::{NameRule, no_such};
use crate::arn::{AccountId, Arn};
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// A user or a role: what policies can be put on. Only [`super::User`] and [`super::Role`] are: what the trait is made of can be
/// named in IAM's own files alone.
pub trait Entity: Debug + Sized + 'static {
    /// `user` or `role`, as ARNs and messages have it.
    const NOUN: &'static str;
    /// The IAM actions of the operations that both kinds have.
    const ACTIONS: Actions;
    /// What the names and quotas of the kind are.
    const RULES: Rules;

    /// All of the kind.
    fn table(state: &State) -> &Table<Self>;

    /// All of the kind, to be changed.
    fn table_mut(state: &mut State) -> &mut Table<Self>;

    /// The common part.
    fn profile(&self) -> &Profile;

    /// The common part, to be changed.
    fn profile_mut(&mut self) -> &mut Profile;
}

/// The IAM actions of operations that users and roles both have.
#[derive(Clone, Copy, Debug)]
pub struct Actions {
    pub(super) put_policy: &'static str,
    pub(super) get_policy: &'static str,
    pub(super) delete_policy: &'static str,
    pub(super) list_policies: &'static str,
    pub(super) attach_policy: &'static str,
    pub(super) detach_policy: &'static str,
    pub(super) list_attached_policies: &'static str,
    pub(super) put_boundary: &'static str,
    pub(super) delete_boundary: &'static str,
    pub(super) tagging: Tagging,
}

/// Names and quotas of a kind (facts/aws.md 6.4).
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub(super) name: NameRule,
    /// Most characters of all inline policies together, white space not counted.
    pub(super) inline_size: usize,
    /// Most managed policies, and what AWS calls that quota.
    pub(super) attached: (usize, &'static str),
    /// Most entities of the kind, and what AWS calls that quota.
    pub(super) per_account: (usize, &'static str),
}

/// The common part of a user or a role.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) arn: Arn,
    pub(super) created: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) inline: BTreeMap<String, PolicyText>,
    /// ARNs of managed policies.
    pub(super) attached: BTreeSet<String>,
    /// ARN of the managed policy that caps what the others allow.
    pub(super) boundary: Option<String>,
}

/// A policy as it was written and as it was understood.
#[derive(Clone, Debug)]
pub(super) struct PolicyText {
    pub(super) text: String,
    pub(super) document: Document,
}

/// A user or a role as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityDescription {
    /// Its name.
    pub name: String,
    /// Its path, such as `/`.
    pub path: String,
    /// Its unique id, `AIDA…` or `AROA…`.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was made.
    pub created: Timestamp,
    /// ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Profile {
    pub(super) fn describe(&self) -> EntityDescription {
        let Self { name, path, id, arn, created, tags, inline: _, attached: _, boundary } = self;
        EntityDescription {
            name: name.clone(),
            path: path.clone(),
            id: id.clone(),
            arn: arn.clone(),
            created: *created,
            boundary: boundary.clone(),
            tags: tags.clone(),
        }
    }

    /// Every policy that gives the entity permissions.
    pub(super) fn policies<'s>(&'s self, state: &'s State) -> Vec<Named<'s>> {
        let inline = self.inline.iter().map(|(name, policy)| Named { name, document: &policy.document });
        let attached = self.attached.iter().filter_map(|arn| state.managed(arn));
        inline.chain(attached).collect()
    }
}

/// Entities by name. No two names differ in case alone.
#[derive(Clone, Debug)]
pub struct Table<E>(BTreeMap<String, E>);

impl<E> Default for Table<E> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<E: Entity> Table<E> {
    /// The entity called exactly so.
    pub(super) fn get(&self, name: &str) -> Option<&E> {
        self.0.get(&name.to_lowercase()).filter(|entity| entity.profile().name == name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut E> {
        self.0.get_mut(&name.to_lowercase()).filter(|entity| entity.profile().name == name)
    }

    /// Whether a new entity may not be called so.
    pub(super) fn taken(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }

    pub(super) fn insert(&mut self, entity: E) {
        self.0.insert(entity.profile().name.to_lowercase(), entity);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(&name.to_lowercase());
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All in the order of their names, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut E> {
        self.0.values_mut()
    }

    /// All in the order of their names, with what they are ordered by.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &E)> {
        self.0.iter()
    }
}

impl State {
    /// The user or role called `name`.
    pub(super) fn entity<E: Entity>(&self, name: &str) -> Result<&E, Refusal> {
        E::table(self).get(name).ok_or_else(|| missing::<E>(name))
    }

    pub(super) fn entity_mut<E: Entity>(&mut self, name: &str) -> Result<&mut E, Refusal> {
        E::table_mut(self).get_mut(name).ok_or_else(|| missing::<E>(name))
    }
}

fn missing<E: Entity>(name: &str) -> Refusal {
    no_such(format!("The {} with name {name} cannot be found.", E::NOUN))
}

/// The ARN of a user or role, whether it exists or not.
pub(super) fn entity_arn<E: Entity>(account: &AccountId, path: &str, name: &str) -> Arn {
    Arn::global("iam", account, &format!("{}{path}{name}", E::NOUN))
}

/// The actions on a user or role that carry its permissions boundary as a condition key (service authorization reference).
const BOUNDED: [&str; 19] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPermissionsBoundary",
    "iam:DeleteUserPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachUserPolicy",
    "iam:GetRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
];

/// `action` on the user or role called `name`, with the keys that tell of it.
pub(super) fn entity_access<E: Entity>(world: &World, action: &'static str, name: &str) -> Access {
    match E::table(&world.iam).get(name) {
        None => Access::new(action, entity_arn::<E>(&world.account, "/", name).as_str()),
        Some(entity) => {
            let profile = entity.profile();
            let access = Access::new(action, profile.arn.as_str());
            match profile.boundary.as_ref().filter(|_| BOUNDED.contains(&action)) {
                Some(boundary) => access.with("iam:PermissionsBoundary", boundary),
                None => access,
            }
        }
    }
}

impl State {
    /// The first user or role of this account, `account`, that `document` names and that there is not.
    pub(crate) fn missing_principal<'d>(&self, account: &AccountId, document: &'d Document) -> Option<&'d str> {
        let own = format!("arn:aws:iam::{account}:");
        document.principal_arns().find(|arn| {
            let Some((kind, rest)) = arn.strip_prefix(&own).and_then(|resource| resource.split_once('/')) else {
                return false;
            };
            let name = rest.rsplit('/').next().unwrap_or_default();
            let profile = match kind {
                "user" => self.users.get(name).map(Entity::profile),
                "role" => self.roles.get(name).map(Entity::profile),
                _ => None,
            };
            profile.is_none_or(|profile| profile.arn.as_str() != *arn)
        })
    }
}
