//! As whom deploys are made.

use crate::config;
use crate::config::name::ProjectName;
use crate::location::Location;
use crate::policy::trust::{audience, github_provider};
use crate::policy::{Policy, Quota, TrustPolicy, deploy};
use crate::resource::ResourceId;
use crate::resource::deploy_user::DeployUser;
use crate::resource::inline_policy::InlinePolicy;
use crate::resource::managed_policy::{ManagedPolicy, PolicyReference, Use};
use crate::resource::oidc_provider::OidcProvider;
use crate::resource::role::{Purpose, Role};

/// As whom deploys are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployer {
    /// A user with an access key, and its policy if that is too long for one inside it.
    User(DeployUser, Option<ManagedPolicy>),
    /// A role that jobs of a workflow take with their identity token.
    Role(OidcProvider, Role),
}

/// The name of the user or role.
pub(super) fn name(project: &ProjectName) -> String {
    format!("{project}-deploy")
}

impl Deployer {
    /// As configured, with the rights that deploys of this scope take, within `boundary`.
    pub(super) fn new(
        configured: &config::Deployer,
        project: &ProjectName,
        scope: &deploy::Scope<'_>,
        boundary: Option<PolicyReference>,
    ) -> Self {
        let (location, name): (&Location, String) = (scope.location, name(project));
        match configured {
            config::Deployer::User => {
                let short = deploy::policy(scope, Quota::UserInline);
                let fits = Quota::UserInline.check(&short.to_text()).is_ok();
                let long = (!fits).then(|| managed(&name, location, &deploy::policy(scope, Quota::Managed)));
                let user = DeployUser {
                    arn: location.iam_arn(&format!("user/{name}")),
                    policy: fits.then(|| InlinePolicy::of(name.clone(), &short)),
                    managed: long.as_ref().map(ManagedPolicy::reference),
                    boundary,
                    name,
                };
                Self::User(user, long)
            }
            config::Deployer::Workflow(workflow) => {
                let provider = OidcProvider {
                    arn: github_provider(location),
                    audience: audience(location).to_owned(),
                    role: name.clone(),
                };
                let role = Role {
                    purpose: Purpose::Deploys,
                    arn: location.iam_arn(&format!("role/{name}")),
                    path: "/".to_owned(),
                    trust: TrustPolicy::for_workflow(location, workflow),
                    policy: Some(InlinePolicy::of(name.clone(), &deploy::policy(scope, Quota::RoleInline))),
                    managed: None,
                    longest_session: Some(workflow.session.seconds()),
                    boundary,
                    name,
                };
                Self::Role(provider, role)
            }
        }
    }

    /// The user, if it is one.
    #[must_use]
    pub fn user(&self) -> Option<&DeployUser> {
        match self {
            Self::User(user, _) => Some(user),
            Self::Role(..) => None,
        }
    }

    /// The role, if it is one.
    #[must_use]
    pub fn role(&self) -> Option<&Role> {
        match self {
            Self::User(..) => None,
            Self::Role(_, role) => Some(role),
        }
    }

    /// The identity provider whose tokens the role trusts, if it is one.
    #[must_use]
    pub fn provider(&self) -> Option<&OidcProvider> {
        match self {
            Self::User(..) => None,
            Self::Role(provider, _) => Some(provider),
        }
    }

    /// The policy of the user, where it is too long for one inside it.
    #[must_use]
    pub fn policy(&self) -> Option<&ManagedPolicy> {
        match self {
            Self::User(_, policy) => policy.as_ref(),
            Self::Role(..) => None,
        }
    }

    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        match self {
            Self::User(user, _) => user.id(),
            Self::Role(_, role) => role.id(),
        }
    }
}

fn managed(name: &str, location: &Location, policy: &Policy) -> ManagedPolicy {
    ManagedPolicy {
        purpose: Use::Deploys,
        name: name.to_owned(),
        arn: location.iam_arn(&format!("policy/{name}")),
        document: policy.to_json(),
        wildcards: policy.wildcards().map(|(action, because)| (action.to_owned(), because)).collect(),
        holders: [name.to_owned()].into(),
    }
}
