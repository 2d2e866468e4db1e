//! The identity provider for GitHub, whose tokens the deploy role trusts. An account has at most one for each issuer, and so
//! projects share it: it is only taken away if this project made it and no other role trusts it.

use std::collections::BTreeSet;
use std::fmt;

use super::inline_policy::decode;
use super::managed::{Alteration, Hands, Managed, Sight};
use super::owner::iam_tag;
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::trust::GITHUB_ISSUER;
use crate::policy::{Action, Statement};

/// The provider that should be. Its thumbprints are IAM's business, which finds them itself (botocore iam,
/// `CreateOpenIDConnectProvider`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// Its ARN.
    pub arn: String,
    /// The audience of the tokens that it takes.
    pub audience: String,
    /// The name of the role that trusts it for this project.
    pub role: String,
}

/// The provider that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProviderState {
    /// Whom it belongs to.
    pub owner: Owner,
    /// The audiences of the tokens that it takes.
    pub audiences: BTreeSet<String>,
    /// The names of other roles that trust it. Only looked for where it is this project's.
    pub trusted_by: BTreeSet<String>,
}

/// What can be done about the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `iam:CreateOpenIDConnectProvider`.
    Create(OidcProvider),
    /// `iam:AddClientIDToOpenIDConnectProvider`.
    AddAudience(OidcProvider),
    /// `iam:TagOpenIDConnectProvider`.
    Tag(OidcProvider),
    /// `iam:DeleteOpenIDConnectProvider`.
    Delete(OidcProvider),
}

const PROVIDER: &[&str] = &["oidc-provider/"];
static ACTIONS: [Action; 5] = [
    Action::on("iam:AddClientIDToOpenIDConnectProvider", PROVIDER),
    Action::on("iam:CreateOpenIDConnectProvider", PROVIDER),
    Action::on("iam:DeleteOpenIDConnectProvider", PROVIDER),
    Action::on("iam:GetOpenIDConnectProvider", PROVIDER),
    Action::on("iam:TagOpenIDConnectProvider", PROVIDER),
];
static LIST_ROLES: Action = Action::everywhere(
    "iam:ListRoles",
    "whoever trusts the identity provider is found among all roles, and it has no resource type",
);

impl OidcProvider {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::OidcProvider, GITHUB_ISSUER)
    }

    async fn trusted_by(&self, account: &Account) -> Result<BTreeSet<String>, CallError> {
        let mut found = BTreeSet::new();
        // The most that IAM takes, so that one call does for most accounts.
        let mut pages = account.iam.list_roles().max_items(1000).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.called("iam:ListRoles", &self.id())?;
            let trusts = |role: &&aws_sdk_iam::types::Role| {
                let trust = role.assume_role_policy_document().map(|text| decode(text).to_string());
                trust.is_some_and(|trust| trust.contains(&self.arn))
            };
            let others = page.roles().iter().filter(trusts).map(|role| role.role_name().to_owned());
            found.extend(others.filter(|name| *name != self.role));
        }
        Ok(found)
    }
}

impl Managed for OidcProvider {
    type State = OidcProviderState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<OidcProviderState>, CallError> {
        let answer = sight.account.iam.get_open_id_connect_provider().open_id_connect_provider_arn(&self.arn).send();
        let answer = answer.await.called("iam:GetOpenIDConnectProvider", &Self::id(self));
        let Some(provider) = unless_absent(answer, &["NoSuchEntity"])? else { return Ok(None) };
        let tags = provider.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value())));
        let owner = Owner::of(tags, sight.project);
        let trusted_by = if owner == Owner::Ours { self.trusted_by(sight.account).await? } else { BTreeSet::new() };
        Ok(Some(OidcProviderState {
            owner,
            audiences: provider.client_id_list().iter().cloned().collect(),
            trusted_by,
        }))
    }

    fn owner(state: &mut OidcProviderState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, _: &OidcProviderState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), self.arn.clone());
    }

    /// Audiences beyond the wanted one are other projects' and do no harm: a role names the one that it takes.
    fn compare(&self, found: Option<&OidcProviderState>, _: &Identifiers, draft: &mut Draft) {
        let Some(found) = found else {
            return draft.missing(Change::Create(self.clone()), "AWS takes the identity tokens of workflows by it");
        };
        if !found.audiences.contains(&self.audience) {
            let audiences: Vec<&str> = found.audiences.iter().map(String::as_str).collect();
            draft.differs(Change::AddAudience(self.clone()), "audiences", &self.audience, &audiences.join(", "));
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, found: &OidcProviderState, draft: &mut Draft) {
        if found.trusted_by.is_empty() {
            return draft.unwanted(Change::Delete(self.clone()), "no role trusts it any more");
        }
        let roles: Vec<String> = found.trusted_by.iter().map(|role| format!("`{role}`")).collect();
        let (noun, verb) = if roles.len() == 1 { ("role", "trusts") } else { ("roles", "trust") };
        draft.stays(format!("{noun} {} {verb} it", roles.join(", ")));
    }

    fn grants(&self, _: &ProjectName, _: &Location) -> Vec<Statement> {
        vec![
            Statement {
                sid: "IdentityProvider",
                purposes: vec![
                    "Make, compare, mend and delete the identity provider whose tokens the deploy role trusts.",
                ],
                actions: ACTIONS.iter().collect(),
                resources: vec![self.arn.clone()],
                conditions: vec![],
            },
            Statement {
                sid: "WhoTrusts",
                purposes: vec!["See whether other projects' roles trust the identity provider, before it is deleted."],
                actions: vec![&LIST_ROLES],
                resources: vec![],
                conditions: vec![],
            },
        ]
    }
}

impl Change {
    fn provider(&self) -> &OidcProvider {
        match self {
            Self::Create(provider) | Self::AddAudience(provider) | Self::Tag(provider) | Self::Delete(provider) => {
                provider
            }
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::AddAudience(_) => ResourceId::new(Kind::Audience, GITHUB_ISSUER),
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => self.provider().id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::AddAudience(provider) => vec![provider.id()],
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (iam, resource, provider) = (&hands.account.iam, self.resource(), self.provider());
        let tag = || iam_tag(hands.project);
        match self {
            Self::Create(_) => {
                const OPERATION: &str = "iam:CreateOpenIDConnectProvider";
                let request = iam.create_open_id_connect_provider().url(format!("https://{GITHUB_ISSUER}")).tags(tag());
                let answer = request.client_id_list(&provider.audience).send().await.called(OPERATION, &resource)?;
                let arn = answer.open_id_connect_provider_arn;
                return Ok(Made::Named(resource.clone(), sent(arn, "OpenIDConnectProviderArn", OPERATION, &resource)?));
            }
            Self::AddAudience(_) => {
                let request = iam.add_client_id_to_open_id_connect_provider();
                let request = request.open_id_connect_provider_arn(&provider.arn).client_id(&provider.audience);
                request.send().await.called("iam:AddClientIDToOpenIDConnectProvider", &resource)?;
            }
            Self::Tag(_) => {
                let request = iam.tag_open_id_connect_provider().open_id_connect_provider_arn(&provider.arn);
                request.tags(tag()).send().await.called("iam:TagOpenIDConnectProvider", &resource)?;
            }
            Self::Delete(_) => {
                let request = iam.delete_open_id_connect_provider().open_id_connect_provider_arn(&provider.arn);
                let answer = request.send().await.called("iam:DeleteOpenIDConnectProvider", &resource);
                unless_absent(answer, &["NoSuchEntity"])?;
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
            Self::AddAudience(provider) => write!(f, "add `{}` to {resource}", provider.audience),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}
