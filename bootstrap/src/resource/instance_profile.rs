//! The instance profile, by which an EC2 instance has its role. It holds one role at most (IAM quotas).

use std::fmt;

use aws_smithy_types::retry::RetryConfig;

use super::managed::{Alteration, Hands, Managed, Sight};
use super::owner::iam_tag;
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

/// The instance profile that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceProfile {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name of its role.
    pub role: String,
}

/// The instance profile that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceProfileState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// The name of its role, if it has one.
    pub role: Option<String>,
}

/// What can be done about an instance profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `iam:CreateInstanceProfile`.
    Create(InstanceProfile),
    /// `iam:AddRoleToInstanceProfile`.
    AddRole(InstanceProfile),
    /// `iam:RemoveRoleFromInstanceProfile`.
    RemoveRole {
        /// The profile's name.
        profile: String,
        /// The role's name.
        role: String,
    },
    /// `iam:TagInstanceProfile`.
    Tag(InstanceProfile),
    /// `iam:DeleteInstanceProfile`.
    Delete(InstanceProfile),
}

const PROFILE: &[&str] = &["instance-profile/"];
static ACTIONS: [Action; 6] = [
    Action::on("iam:AddRoleToInstanceProfile", PROFILE),
    Action::on("iam:CreateInstanceProfile", PROFILE),
    Action::on("iam:DeleteInstanceProfile", PROFILE),
    Action::on("iam:GetInstanceProfile", PROFILE),
    Action::on("iam:RemoveRoleFromInstanceProfile", PROFILE),
    Action::on("iam:TagInstanceProfile", PROFILE),
];

impl InstanceProfile {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::InstanceProfile, &self.name)
    }
}

impl Managed for InstanceProfile {
    type State = InstanceProfileState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        vec![ResourceId::new(Kind::Role, &self.role)]
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<InstanceProfileState>, CallError> {
        let answer = sight.account.iam.get_instance_profile().instance_profile_name(&self.name).send().await;
        let answer = unless_absent(answer.called("iam:GetInstanceProfile", &Self::id(self)), &["NoSuchEntity"])?;
        let Some(profile) = answer.and_then(|answer| answer.instance_profile) else { return Ok(None) };
        let tags = profile.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value())));
        Ok(Some(InstanceProfileState {
            owner: Owner::of(tags, sight.project),
            role: profile.roles.first().map(|role| role.role_name.clone()),
            arn: profile.arn,
        }))
    }

    fn owner(state: &mut InstanceProfileState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &InstanceProfileState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
    }

    fn compare(&self, found: Option<&InstanceProfileState>, _: &Identifiers, draft: &mut Draft) {
        let add = Change::AddRole(self.clone());
        let add_for = "instances get the role's credentials by it";
        let Some(found) = found else {
            draft.missing(Change::Create(self.clone()), "the EC2 instance that the project runs on is started with it");
            return draft.missing(add, add_for);
        };
        match &found.role {
            Some(role) if *role == self.role => {}
            Some(other) => {
                let remove = Change::RemoveRole { profile: self.name.clone(), role: other.clone() };
                let (wanted, other) = (format!("`{}`", self.role), format!("`{other}`"));
                draft.differs(remove, "role", &wanted, &other);
                draft.differs(add, "role", &wanted, &other);
            }
            None => draft.missing(add, add_for),
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, found: &InstanceProfileState, draft: &mut Draft) {
        if let Some(role) = &found.role {
            let remove = Change::RemoveRole { profile: self.name.clone(), role: role.clone() };
            draft.unwanted(remove, "it goes with its instance profile");
        }
        draft.unwanted(Change::Delete(self.clone()), "the project's instances were started with it");
    }

    fn grants(&self, _: &ProjectName, _: &Location) -> Vec<Statement> {
        vec![Statement {
            sid: "InstanceProfile",
            purposes: vec!["Make, compare, mend and delete the instance profile of the project's EC2 instance."],
            actions: ACTIONS.iter().collect(),
            resources: vec![self.arn.clone()],
            conditions: vec![],
        }]
    }
}

impl Change {
    pub(crate) fn profile(&self) -> &str {
        match self {
            Self::Create(profile) | Self::AddRole(profile) | Self::Tag(profile) | Self::Delete(profile) => {
                &profile.name
            }
            Self::RemoveRole { profile, role: _ } => profile,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        let kind = match self {
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => Kind::InstanceProfile,
            Self::AddRole(_) | Self::RemoveRole { .. } => Kind::ProfileRole,
        };
        ResourceId::new(kind, self.profile())
    }

    fn needs(&self) -> Needs {
        let part = |kind| ResourceId::new(kind, self.profile());
        Needs::These(match self {
            Self::Create(_) | Self::Tag(_) => Vec::new(),
            Self::RemoveRole { .. } => vec![part(Kind::InstanceProfile)],
            Self::AddRole(profile) => {
                vec![part(Kind::InstanceProfile), part(Kind::ProfileRole), ResourceId::new(Kind::Role, &profile.role)]
            }
            Self::Delete(_) => vec![part(Kind::ProfileRole)],
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (iam, resource) = (&hands.account.iam, self.resource());
        let tag = || iam_tag(hands.project);
        match self {
            Self::Create(profile) => {
                const OPERATION: &str = "iam:CreateInstanceProfile";
                let request = iam.create_instance_profile().instance_profile_name(&profile.name).tags(tag());
                let answer = request.send().await.called(OPERATION, &resource)?.instance_profile;
                let made = sent(answer, "InstanceProfile", OPERATION, &resource)?;
                return Ok(Made::Named(resource, made.arn));
            }
            Self::AddRole(profile) => {
                // Asked again after an answer that was lost, IAM says that the profile is full.
                let once = aws_sdk_iam::config::Config::builder().retry_config(RetryConfig::disabled());
                let request = iam.add_role_to_instance_profile().instance_profile_name(&profile.name);
                let request = request.role_name(&profile.role).customize().config_override(once);
                request.send().await.called("iam:AddRoleToInstanceProfile", &resource)?;
            }
            Self::RemoveRole { profile, role } => {
                let request = iam.remove_role_from_instance_profile().instance_profile_name(profile).role_name(role);
                let answer = request.send().await.called("iam:RemoveRoleFromInstanceProfile", &resource);
                unless_absent(answer, &["NoSuchEntity"])?;
            }
            Self::Tag(profile) => {
                let request = iam.tag_instance_profile().instance_profile_name(&profile.name).tags(tag());
                request.send().await.called("iam:TagInstanceProfile", &resource)?;
            }
            Self::Delete(profile) => {
                let answer = iam.delete_instance_profile().instance_profile_name(&profile.name).send().await;
                unless_absent(answer.called("iam:DeleteInstanceProfile", &resource), &["NoSuchEntity"])?;
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
            Self::AddRole(profile) => write!(f, "put role `{}` into instance profile `{}`", profile.role, profile.name),
            Self::RemoveRole { profile, role } => write!(f, "take role `{role}` out of instance profile `{profile}`"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}
