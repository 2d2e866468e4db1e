//! IAM: users, roles, policies and the decision whether a call is allowed.
//!
//! Reading order: [`policy`] (what a document says), [`decision`] (what follows for a request), `gate` (which policies and
//! condition keys a call meets), then the operations, one file per kind of thing.
//!
//! Deliberately absent: groups, login profiles, MFA devices, certificates, SAML; organisations and their policies.

mod access_key;
mod account;
mod advice;
mod asked;
mod attachment;
mod aws_managed;
mod boundary;
pub(crate) mod credential;
pub mod decision;
mod entity;
mod gate;
mod inline_policy;
mod instance_profile;
mod linked_role_deletion;
mod managed_policy;
mod oidc_provider;
pub mod policy;
mod policy_version;
mod propagation;
mod rename;
mod role;
mod secret;
mod service_linked_role;
pub(crate) mod session;
mod simulation;
pub(crate) mod tag;
#[cfg(test)]
mod tests;
mod told;
mod user;
mod validate;

use std::collections::BTreeMap;

pub use access_key::{
    AccessKeyDescription, CreateAccessKey, CreateAccessKeyOutput, DeleteAccessKey, GetAccessKeyLastUsed, KeyUse,
    ListAccessKeys, UpdateAccessKey,
};
pub use account::{EntityKind, GetAccountSummary, ListEntitiesForPolicy, ListGroupsForUser, PolicyEntities, PolicyUse};
pub use advice::{Advice, smallest_statement};
pub(crate) use asked::Ledger;
pub use asked::{Asked, Fared, allowing_statements, fare, needed_statement};
pub use attachment::{AttachPolicy, AttachedPolicy, DetachPolicy, ListAttachedPolicies};
pub use boundary::{DeletePermissionsBoundary, PutPermissionsBoundary};
pub use credential::{AccessKey, Credential};
pub use entity::{Entity, EntityDescription};
pub use gate::CALLER;
pub(crate) use gate::FEDERATED_PROVIDER;
pub use inline_policy::{DeleteInlinePolicy, GetInlinePolicy, InlinePolicy, ListInlinePolicies, PutInlinePolicy};
pub use instance_profile::{
    AddRoleToInstanceProfile, CreateInstanceProfile, DeleteInstanceProfile, GetInstanceProfile, InstanceProfile,
    InstanceProfileDescription, ListInstanceProfiles, ListInstanceProfilesForRole, RemoveRoleFromInstanceProfile,
};
pub use linked_role_deletion::{DeleteServiceLinkedRole, DeletionStatus, GetServiceLinkedRoleDeletionStatus};
pub use managed_policy::{
    CreatePolicy, DeletePolicy, GetPolicy, ListPolicies, ManagedPolicy, PolicyDescription, PolicyScope,
};
pub use oidc_provider::{
    AddClientId, CreateOidcProvider, DeleteOidcProvider, GetOidcProvider, ListOidcProviders, OidcProvider,
    OidcProviderDescription, RemoveClientId, UpdateThumbprints,
};
pub use policy_version::{
    CreatePolicyVersion, DeletePolicyVersion, GetPolicyVersion, ListPolicyVersions, PolicyVersionDescription,
    SetDefaultPolicyVersion,
};
pub(crate) use propagation::Past;
pub use rename::UpdateUser;
pub use role::{
    CreateRole, DeleteRole, GetRole, ListRoles, Role, RoleDescription, UpdateAssumeRolePolicy, UpdateRole,
    UpdateRoleDescription,
};
pub use secret::Secret;
pub use service_linked_role::CreateServiceLinkedRole;
pub use simulation::{
    Evaluation, MatchedStatement, Outcome, SimulateCustomPolicy, SimulatePrincipalPolicy, Simulation,
};
pub use tag::{ListTags, TagEntity, Tagged, UntagEntity};
pub use told::{Judged, Near, Told, judge, read_told};
pub use user::{CreateUser, DeleteUser, GetUser, ListUsers, User};

use credential::KeyRecord;
use entity::Table;
use session::Session;

/// Everything IAM and STS know of the account.
#[derive(Clone, Debug, Default)]
pub struct State {
    users: Table<User>,
    roles: Table<Role>,
    /// Managed policies that the account made, by ARN.
    policies: BTreeMap<String, ManagedPolicy>,
    /// OpenID Connect providers by ARN.
    oidc_providers: BTreeMap<String, OidcProvider>,
    /// Instance profiles by name in lower case.
    instance_profiles: BTreeMap<String, InstanceProfile>,
    /// What became of deletions of service-linked roles, by task id.
    deletions: BTreeMap<String, DeletionStatus>,
    /// Lasting access keys by id.
    keys: BTreeMap<String, KeyRecord>,
    /// Temporary credentials by access key id.
    sessions: BTreeMap<String, Session>,
}
