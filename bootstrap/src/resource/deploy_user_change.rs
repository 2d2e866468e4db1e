//! What can be done about the user that deploys.

use std::fmt;

use aws_smithy_types::retry::RetryConfig;

use super::deploy_user::HANDED_OVER_TAG;
use super::inline_policy::InlinePolicy;
use super::managed::{Alteration, Hands};
use super::managed_policy::PolicyReference;
use super::{Kind, OWNER_TAG, ResourceId};
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Made;
use crate::outcome::{AccessKey, SecretAccessKey};
use crate::plan::Needs;
use crate::policy::{Action, Quota, quota};

/// One call that changes the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `iam:CreateUser`.
    Create {
        /// The user's name.
        user: String,
        /// The policy that bounds it.
        boundary: Option<PolicyReference>,
    },
    /// `iam:PutUserPermissionsBoundary`.
    SetBoundary {
        /// The user's name.
        user: String,
        /// The policy that bounds it.
        policy: PolicyReference,
    },
    /// `iam:DeleteUserPermissionsBoundary`.
    DropBoundary {
        /// The user's name.
        user: String,
    },
    /// `iam:AttachUserPolicy`.
    Attach {
        /// The user's name.
        user: String,
        /// The managed policy.
        policy: PolicyReference,
    },
    /// `iam:PutUserPolicy`.
    PutPolicy {
        /// The user's name.
        user: String,
        /// The policy.
        policy: InlinePolicy,
    },
    /// `iam:DeleteUserPolicy`.
    DeletePolicy {
        /// The user's name.
        user: String,
        /// The policy's name.
        policy: String,
    },
    /// `iam:DetachUserPolicy`.
    Detach {
        /// The user's name.
        user: String,
        /// The ARN of the managed policy.
        policy: String,
    },
    /// `iam:CreateAccessKey`.
    CreateKey {
        /// The user's name.
        user: String,
    },
    /// `iam:DeleteAccessKey`.
    DeleteKey {
        /// The user's name.
        user: String,
        /// The key's id.
        key: String,
    },
    /// `iam:TagUser`.
    Tag {
        /// The user's name.
        user: String,
    },
    /// `iam:DeleteUser`.
    Delete {
        /// The user's name.
        user: String,
    },
}

const USER: &[&str] = &["user/"];
pub(super) static ACTIONS: [Action; 15] = [
    Action::on("iam:CreateAccessKey", USER),
    Action::on("iam:CreateUser", USER),
    Action::on("iam:DeleteAccessKey", USER),
    Action::on("iam:DeleteUser", USER),
    Action::on("iam:DeleteUserPolicy", USER),
    Action::on("iam:DetachUserPolicy", USER),
    Action::on("iam:GetAccessKeyLastUsed", USER),
    Action::on("iam:GetUser", USER),
    Action::on("iam:GetUserPolicy", USER),
    Action::on("iam:ListAccessKeys", USER),
    Action::on("iam:ListAttachedUserPolicies", USER),
    Action::on("iam:ListUserPolicies", USER),
    Action::on("iam:PutUserPolicy", USER),
    Action::on("iam:TagUser", USER),
    Action::on("iam:UpdateAccessKey", USER),
];

/// For a policy that is too long for one inside a user.
pub(super) static ATTACH: Action = Action::on("iam:AttachUserPolicy", USER);
/// For the permissions boundary, which not every project wants.
pub(super) static SET_BOUNDARY: Action = Action::on("iam:PutUserPermissionsBoundary", USER);
/// For one that was wanted once.
pub(super) static DROP_BOUNDARY: Action = Action::on("iam:DeleteUserPermissionsBoundary", USER);
/// The actions that give a user rights. Each can be confined to users that have a boundary (IAM's condition keys,
/// `iam:PermissionsBoundary`).
pub(super) const RAISING: [&str; 3] = ["iam:AttachUserPolicy", "iam:CreateUser", "iam:PutUserPolicy"];

impl Change {
    /// The user's name.
    pub(crate) fn user(&self) -> &str {
        match self {
            Self::Create { user, .. }
            | Self::SetBoundary { user, .. }
            | Self::Attach { user, .. }
            | Self::PutPolicy { user, .. }
            | Self::DeletePolicy { user, .. }
            | Self::Detach { user, .. }
            | Self::DropBoundary { user }
            | Self::CreateKey { user }
            | Self::DeleteKey { user, .. }
            | Self::Tag { user }
            | Self::Delete { user } => user,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        let kind = match self {
            Self::Create { .. } | Self::Tag { .. } | Self::Delete { .. } => Kind::User,
            Self::PutPolicy { .. } | Self::DeletePolicy { .. } | Self::Detach { .. } => Kind::UserPolicy,
            Self::Attach { .. } => Kind::UserAttachment,
            Self::SetBoundary { .. } | Self::DropBoundary { .. } => Kind::UserBoundary,
            Self::CreateKey { .. } | Self::DeleteKey { .. } => Kind::AccessKey,
        };
        ResourceId::new(kind, self.user())
    }

    fn needs(&self) -> Needs {
        let part = |kind| ResourceId::new(kind, self.user());
        Needs::These(match self {
            Self::Create { user: _, boundary } => boundary.iter().filter_map(PolicyReference::needs).collect(),
            Self::Tag { .. } => Vec::new(),
            Self::SetBoundary { user: _, policy } => policy.needs().into_iter().chain([part(Kind::User)]).collect(),
            Self::Attach { user: _, policy } => {
                policy.needs().into_iter().chain([part(Kind::User), part(Kind::UserBoundary)]).collect()
            }
            Self::PutPolicy { .. } => vec![part(Kind::User), part(Kind::UserBoundary)],
            // What it may do now is there before what it might do is taken away.
            Self::DeletePolicy { .. } | Self::Detach { .. } => vec![part(Kind::User), part(Kind::UserAttachment)],
            Self::DropBoundary { .. } | Self::DeleteKey { .. } => vec![part(Kind::User)],
            Self::Delete { .. } => vec![part(Kind::UserPolicy), part(Kind::AccessKey)],
            // Made last: a run that fails half-way leaves no key whose secret half nobody has.
            Self::CreateKey { .. } => return Needs::Everything,
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (iam, resource) = (&hands.account.iam, self.resource());
        match self {
            Self::Create { user, boundary } => {
                const OPERATION: &str = "iam:CreateUser";
                let request = iam.create_user().user_name(user).tags(tag(OWNER_TAG, hands.project.as_str()));
                let request = request.set_permissions_boundary(boundary.as_ref().map(|boundary| boundary.arn.clone()));
                let answer = request.send().await.called(OPERATION, &resource)?;
                let arn = sent(answer.user, "User", OPERATION, &resource)?.arn;
                return Ok(Made::Named(resource, arn));
            }
            Self::SetBoundary { user, policy } => {
                let request = iam.put_user_permissions_boundary().user_name(user);
                let answer = request.permissions_boundary(&policy.arn).send().await;
                answer.called("iam:PutUserPermissionsBoundary", &resource)?;
            }
            Self::DropBoundary { user } => {
                let answer = iam.delete_user_permissions_boundary().user_name(user).send().await;
                unless_absent(answer.called("iam:DeleteUserPermissionsBoundary", &resource), &["NoSuchEntity"])?;
            }
            Self::Attach { user, policy } => {
                let answer = iam.attach_user_policy().user_name(user).policy_arn(&policy.arn).send().await;
                answer.called("iam:AttachUserPolicy", &resource)?;
            }
            Self::PutPolicy { user, policy } => {
                let request = iam.put_user_policy().user_name(user).policy_name(&policy.name);
                let answer = request.policy_document(policy.to_text()).send().await;
                answer.called("iam:PutUserPolicy", &resource)?;
            }
            Self::DeletePolicy { user, policy } => {
                let answer = iam.delete_user_policy().user_name(user).policy_name(policy).send().await;
                unless_absent(answer.called("iam:DeleteUserPolicy", &resource), &["NoSuchEntity"])?;
            }
            Self::Detach { user, policy } => {
                let answer = iam.detach_user_policy().user_name(user).policy_arn(policy).send().await;
                unless_absent(answer.called("iam:DetachUserPolicy", &resource), &["NoSuchEntity"])?;
            }
            Self::CreateKey { user } => return create_key(hands.account, user).await.map(Made::AccessKey),
            Self::DeleteKey { user, key } => delete_key(hands.account, user, key).await?,
            Self::Tag { user } => {
                let answer = iam.tag_user().user_name(user).tags(tag(OWNER_TAG, hands.project.as_str())).send().await;
                answer.called("iam:TagUser", &resource)?;
            }
            Self::Delete { user } => {
                let answer = iam.delete_user().user_name(user).send().await;
                unless_absent(answer.called("iam:DeleteUser", &resource), &["NoSuchEntity"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

fn tag(key: &str, value: &str) -> aws_sdk_iam::types::Tag {
    let tag = aws_sdk_iam::types::Tag::builder().key(key).value(value).build();
    tag.expect("a tag with key and value is complete")
}

/// Makes an access key. This is the only time that AWS shows its secret half. It is asked for once: asked again after an
/// answer that was lost, AWS would make another.
pub(crate) async fn create_key(account: &Account, user: &str) -> Result<AccessKey, CallError> {
    const OPERATION: &str = "iam:CreateAccessKey";
    let id = ResourceId::new(Kind::AccessKey, user);
    let once = aws_sdk_iam::config::Config::builder().retry_config(RetryConfig::disabled());
    let request = account.iam.create_access_key().user_name(user).customize().config_override(once);
    let answer = request.send().await.called(OPERATION, &id)?;
    let key = sent(answer.access_key, "AccessKey", OPERATION, &id)?;
    Ok(AccessKey { id: key.access_key_id, secret: SecretAccessKey::new(key.secret_access_key) })
}

/// Deletes an access key; that it is gone already is fine.
pub(crate) async fn delete_key(account: &Account, user: &str, key: &str) -> Result<(), CallError> {
    let answer = account.iam.delete_access_key().user_name(user).access_key_id(key).send().await;
    let answer = answer.called("iam:DeleteAccessKey", &ResourceId::new(Kind::AccessKey, user));
    unless_absent(answer, &["NoSuchEntity"]).map(drop)
}

/// Switches an access key off.
pub(crate) async fn switch_off(account: &Account, user: &str, key: &str) -> Result<(), CallError> {
    let request = account.iam.update_access_key().user_name(user).access_key_id(key);
    let answer = request.status(aws_sdk_iam::types::StatusType::Inactive).send().await;
    answer.called("iam:UpdateAccessKey", &ResourceId::new(Kind::AccessKey, user)).map(drop)
}

/// Notes which keys of the user have been handed over.
pub(crate) async fn note_handed_over(account: &Account, user: &str, keys: &[&str]) -> Result<(), CallError> {
    let answer = account.iam.tag_user().user_name(user).tags(tag(HANDED_OVER_TAG, &keys.join(" "))).send().await;
    answer.called("iam:TagUser", &ResourceId::new(Kind::User, user)).map(drop)
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create { .. } | Self::CreateKey { .. } => write!(f, "create {resource}"),
            Self::SetBoundary { .. } => write!(f, "set {resource}"),
            Self::DropBoundary { .. } => write!(f, "take away {resource}"),
            Self::Attach { user, policy } => write!(f, "give user `{user}` the managed policy `{}`", policy.arn),
            Self::PutPolicy { user: _, policy } => {
                let size = quota::size(&policy.to_text());
                write!(f, "write {resource} ({size} of {} characters)", Quota::UserInline.limit())
            }
            Self::DeletePolicy { user, policy } => write!(f, "delete policy `{policy}` of user `{user}`"),
            Self::Detach { user, policy } => write!(f, "take the managed policy `{policy}` from user `{user}`"),
            Self::DeleteKey { user, key } => write!(f, "delete access key `{key}` of user `{user}`"),
            Self::Tag { .. } => write!(f, "tag {resource} as the project's"),
            Self::Delete { .. } => write!(f, "delete {resource}"),
        }
    }
}
