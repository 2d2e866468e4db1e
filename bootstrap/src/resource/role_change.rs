//! What can be done about a role.

use std::fmt;

use super::inline_policy::InlinePolicy;
use super::managed::{Alteration, Hands};
use super::owner::iam_tag;
use super::role::Role;
use super::{Kind, ResourceId};
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Made;
use crate::plan::Needs;
use crate::policy::{Action, Quota, quota};

/// One call that changes a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `iam:CreateRole`.
    Create(Role),
    /// `iam:UpdateAssumeRolePolicy`.
    SetTrust(Role),
    /// `iam:PutRolePermissionsBoundary`.
    SetBoundary(Role),
    /// `iam:DeleteRolePermissionsBoundary`.
    DropBoundary {
        /// The role's name.
        role: String,
    },
    /// `iam:UpdateRole`.
    SetSession(Role),
    /// `iam:PutRolePolicy`.
    PutPolicy {
        /// The role's name.
        role: String,
        /// The policy.
        policy: InlinePolicy,
    },
    /// `iam:DeleteRolePolicy`.
    DeletePolicy {
        /// The role's name.
        role: String,
        /// The policy's name.
        policy: String,
    },
    /// `iam:AttachRolePolicy`.
    Attach {
        /// The role's name.
        role: String,
        /// The ARN of the managed policy.
        policy: String,
    },
    /// `iam:DetachRolePolicy`.
    Detach {
        /// The role's name.
        role: String,
        /// The ARN of the managed policy.
        policy: String,
    },
    /// `iam:TagRole`.
    Tag {
        /// The role's name.
        role: String,
    },
    /// `iam:DeleteRole`.
    Delete {
        /// The role's name.
        role: String,
    },
}

const ROLE: &[&str] = &["role/"];
pub(super) static ACTIONS: [Action; 12] = [
    Action::on("iam:AttachRolePolicy", ROLE),
    Action::on("iam:CreateRole", ROLE),
    Action::on("iam:DeleteRole", ROLE),
    Action::on("iam:DeleteRolePolicy", ROLE),
    Action::on("iam:DetachRolePolicy", ROLE),
    Action::on("iam:GetRole", ROLE),
    Action::on("iam:GetRolePolicy", ROLE),
    Action::on("iam:ListAttachedRolePolicies", ROLE),
    Action::on("iam:ListRolePolicies", ROLE),
    Action::on("iam:PutRolePolicy", ROLE),
    Action::on("iam:TagRole", ROLE),
    Action::on("iam:UpdateAssumeRolePolicy", ROLE),
];
/// For the longest session, which only the role of deploys has one of.
pub(super) static UPDATE: Action = Action::on("iam:UpdateRole", ROLE);
/// For the permissions boundary, which not every project wants.
pub(super) static SET_BOUNDARY: Action = Action::on("iam:PutRolePermissionsBoundary", ROLE);
/// For one that was wanted once.
pub(super) static DROP_BOUNDARY: Action = Action::on("iam:DeleteRolePermissionsBoundary", ROLE);
/// The actions that give a role rights. Each can be confined to roles that have a boundary (IAM's condition keys,
/// `iam:PermissionsBoundary`).
pub(super) const RAISING: [&str; 3] = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy"];
pub(super) static PASS: Action = Action::on("iam:PassRole", ROLE);

impl Change {
    /// The role's name.
    pub(crate) fn role(&self) -> &str {
        match self {
            Self::Create(role) | Self::SetTrust(role) | Self::SetBoundary(role) | Self::SetSession(role) => &role.name,
            Self::PutPolicy { role, .. }
            | Self::DeletePolicy { role, .. }
            | Self::Attach { role, .. }
            | Self::Detach { role, .. }
            | Self::DropBoundary { role }
            | Self::Tag { role }
            | Self::Delete { role } => role,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        let kind = match self {
            Self::Create(_) | Self::Tag { .. } | Self::Delete { .. } => Kind::Role,
            Self::SetTrust(_) => Kind::Trust,
            Self::SetSession(_) => Kind::Session,
            Self::SetBoundary(_) | Self::DropBoundary { .. } => Kind::RoleBoundary,
            Self::PutPolicy { .. } | Self::DeletePolicy { .. } => Kind::RolePolicy,
            Self::Attach { .. } | Self::Detach { .. } => Kind::RoleAttachment,
        };
        ResourceId::new(kind, self.role())
    }

    fn needs(&self) -> Needs {
        let part = |kind| ResourceId::new(kind, self.role());
        Needs::These(match self {
            Self::Create(role) => role.after(),
            Self::Tag { .. } => Vec::new(),
            Self::SetTrust(_)
            | Self::SetSession(_)
            | Self::DropBoundary { .. }
            | Self::DeletePolicy { .. }
            | Self::Detach { .. } => vec![part(Kind::Role)],
            Self::SetBoundary(role) => role.after().into_iter().chain([part(Kind::Role)]).collect(),
            Self::PutPolicy { .. } | Self::Attach { .. } => vec![part(Kind::Role), part(Kind::RoleBoundary)],
            Self::Delete { .. } => vec![part(Kind::RolePolicy), part(Kind::RoleAttachment)],
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (iam, resource) = (&hands.account.iam, self.resource());
        let tag = || iam_tag(hands.project);
        match self {
            Self::Create(role) => {
                const OPERATION: &str = "iam:CreateRole";
                let request = iam.create_role().role_name(&role.name).path(&role.path).tags(tag());
                let request = request.set_max_session_duration(role.longest_session);
                let boundary = role.boundary.as_ref().map(|boundary| boundary.arn.clone());
                let request = request.set_permissions_boundary(boundary);
                let answer = request.assume_role_policy_document(role.trust.to_text()).send().await;
                let made = sent(answer.called(OPERATION, &resource)?.role, "Role", OPERATION, &resource)?;
                return Ok(Made::Named(resource, made.arn));
            }
            Self::SetTrust(role) => {
                let request = iam.update_assume_role_policy().role_name(&role.name);
                let answer = request.policy_document(role.trust.to_text()).send().await;
                answer.called("iam:UpdateAssumeRolePolicy", &resource)?;
            }
            Self::SetBoundary(role) => {
                let boundary = role.boundary.as_ref().map(|boundary| boundary.arn.clone());
                let request = iam.put_role_permissions_boundary().role_name(&role.name);
                let answer = request.set_permissions_boundary(boundary).send().await;
                answer.called("iam:PutRolePermissionsBoundary", &resource)?;
            }
            Self::DropBoundary { role } => {
                let answer = iam.delete_role_permissions_boundary().role_name(role).send().await;
                unless_absent(answer.called("iam:DeleteRolePermissionsBoundary", &resource), &["NoSuchEntity"])?;
            }
            Self::SetSession(role) => {
                let request = iam.update_role().role_name(&role.name);
                let answer = request.set_max_session_duration(role.longest_session).send().await;
                answer.called("iam:UpdateRole", &resource)?;
            }
            Self::PutPolicy { role, policy } => {
                let request = iam.put_role_policy().role_name(role).policy_name(&policy.name);
                let answer = request.policy_document(policy.to_text()).send().await;
                answer.called("iam:PutRolePolicy", &resource)?;
            }
            Self::DeletePolicy { role, policy } => {
                let answer = iam.delete_role_policy().role_name(role).policy_name(policy).send().await;
                unless_absent(answer.called("iam:DeleteRolePolicy", &resource), &["NoSuchEntity"])?;
            }
            Self::Attach { role, policy } => {
                let answer = iam.attach_role_policy().role_name(role).policy_arn(policy).send().await;
                answer.called("iam:AttachRolePolicy", &resource)?;
            }
            Self::Detach { role, policy } => {
                let answer = iam.detach_role_policy().role_name(role).policy_arn(policy).send().await;
                unless_absent(answer.called("iam:DetachRolePolicy", &resource), &["NoSuchEntity"])?;
            }
            Self::Tag { role } => {
                let answer = iam.tag_role().role_name(role).tags(tag()).send().await;
                answer.called("iam:TagRole", &resource)?;
            }
            Self::Delete { role } => {
                let answer = iam.delete_role().role_name(role).send().await;
                unless_absent(answer.called("iam:DeleteRole", &resource), &["NoSuchEntity"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create(_) => write!(f, "create {resource}"),
            Self::SetTrust(_) => write!(f, "write {resource}"),
            Self::SetBoundary(_) => write!(f, "set {resource}"),
            Self::DropBoundary { .. } => write!(f, "take away {resource}"),
            Self::SetSession(role) => {
                write!(f, "set {resource} to {} s", role.longest_session.unwrap_or_default())
            }
            Self::PutPolicy { role: _, policy } => {
                let size = quota::size(&policy.to_text());
                write!(f, "write {resource} ({size} of {} characters)", Quota::RoleInline.limit())
            }
            Self::DeletePolicy { role, policy } => write!(f, "delete policy `{policy}` of role `{role}`"),
            Self::Attach { role, policy } => write!(f, "give role `{role}` the managed policy `{policy}`"),
            Self::Detach { role, policy } => write!(f, "take the managed policy `{policy}` from role `{role}`"),
            Self::Tag { .. } => write!(f, "tag {resource} as the project's"),
            Self::Delete { .. } => write!(f, "delete {resource}"),
        }
    }
}
