//! The SSM parameters that the task definition names. Parameter Store has none without a value: they are made with one that says
//! so, and values are never read.

use std::fmt;

use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType, ResourceTypeForTagging, Tag};

use super::managed::{Alteration, Hands, Managed, Sight};
use super::secret::not_handed_over;
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

/// What a parameter holds until somebody sets it.
const PLACEHOLDER: &str = "greenroom: nobody has set this parameter yet";

/// A parameter that should be, encrypted with the account's own key for Parameter Store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, with its leading slash if it has one.
    pub name: String,
}

/// A parameter that is. Its value is not part of this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterState {
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    /// Whom it belongs to.
    pub owner: Owner,
}

/// What can be done about a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `ssm:PutParameter`, with a placeholder.
    Create(Parameter),
    /// `ssm:PutParameter`, with the value that was handed over.
    PutValue(Parameter),
    /// `ssm:AddTagsToResource`.
    Tag(Parameter),
    /// `ssm:DeleteParameter`.
    Delete(Parameter),
}

const PARAMETER: &[&str] = &["parameter/"];
static ACTIONS: [Action; 4] = [
    Action::on("ssm:AddTagsToResource", PARAMETER),
    Action::on("ssm:DeleteParameter", PARAMETER),
    Action::on("ssm:ListTagsForResource", PARAMETER),
    Action::on("ssm:PutParameter", PARAMETER),
];
static DESCRIBE: Action =
    Action::everywhere("ssm:DescribeParameters", "it lists what a filter lets through, and has no resource type");

impl Parameter {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Parameter, &self.name)
    }

    async fn find_kind(&self, account: &Account) -> Result<Option<String>, CallError> {
        let filter = ParameterStringFilter::builder().key("Name").option("Equals").values(&self.name).build();
        let filter = filter.expect("a key is all that a filter must have");
        let mut pages = account.ssm.describe_parameters().parameter_filters(filter).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.called("ssm:DescribeParameters", &self.id())?;
            let same = page.parameters().iter().find(|parameter| parameter.name() == Some(self.name.as_str()));
            if let Some(found) = same {
                return Ok(Some(found.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()));
            }
        }
        Ok(None)
    }

    async fn find_owner(&self, account: &Account, project: &ProjectName) -> Result<Owner, CallError> {
        let request = account.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let answer = request.resource_id(&self.name).send().await.called("ssm:ListTagsForResource", &self.id());
        let answer = unless_absent(answer, &["InvalidResourceId"])?;
        let tags = answer.as_ref().map(|answer| answer.tag_list()).unwrap_or_default();
        Ok(Owner::of(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))), project))
    }
}

impl Managed for Parameter {
    type State = ParameterState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["value"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<ParameterState>, CallError> {
        let (kind, owner) =
            futures_util::try_join!(self.find_kind(sight.account), self.find_owner(sight.account, sight.project))?;
        Ok(kind.map(|kind| ParameterState { kind, owner }))
    }

    fn owner(state: &mut ParameterState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, _: &ParameterState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), self.name.clone());
    }

    /// The type of a parameter changes with its value only, which nobody but its owner knows.
    fn compare(&self, found: Option<&ParameterState>, _: &Identifiers, draft: &mut Draft) {
        match found {
            None => draft.missing(Change::Create(self.clone()), "containers read it when a task starts"),
            Some(found) if draft.is_ours() && found.kind != ParameterType::SecureString.as_str() => {
                draft.left("type", ParameterType::SecureString.as_str(), &found.kind);
            }
            Some(_) => {}
        }
        if draft.has_value(&self.name) {
            draft.requested(Change::PutValue(self.clone()), "its value was handed over");
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, _: &ParameterState, draft: &mut Draft) {
        draft.unwanted(Change::Delete(self.clone()), "the project's tasks read it");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the parameters."],
                actions: vec![&DESCRIBE],
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "Parameters",
                purposes: vec![
                    "Make, fill and delete the parameters that the task definition names; not to read them.",
                ],
                actions: ACTIONS.iter().collect(),
                resources: vec![location.arn("ssm", &format!("parameter/{}", self.name.trim_start_matches('/')))],
                conditions: vec![],
            },
        ]
    }
}

impl Change {
    fn parameter(&self) -> &Parameter {
        match self {
            Self::Create(parameter) | Self::PutValue(parameter) | Self::Tag(parameter) | Self::Delete(parameter) => {
                parameter
            }
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::PutValue(parameter) => ResourceId::new(Kind::ParameterValue, &parameter.name),
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => self.parameter().id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::PutValue(parameter) => vec![parameter.id()],
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        matches!(self, Self::Delete(_)).then_some("its value")
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        const PUT: &str = "ssm:PutParameter";
        let (ssm, name, resource) = (&hands.account.ssm, self.parameter().name.as_str(), self.resource());
        let tag = || {
            let tag = Tag::builder().key(OWNER_TAG).value(hands.project.as_str()).build();
            tag.expect("a key and a value are all that a tag must have")
        };
        match self {
            Self::Create(_) => {
                let request = ssm.put_parameter().name(name).r#type(ParameterType::SecureString).tags(tag());
                request.value(PLACEHOLDER).send().await.called(PUT, &resource)?;
                return Ok(Made::Named(resource, name.to_owned()));
            }
            Self::PutValue(_) => {
                let value = hands.account.values().expose(name).ok_or_else(|| not_handed_over(PUT, &resource))?;
                let request = ssm.put_parameter().name(name).r#type(ParameterType::SecureString).overwrite(true);
                request.value(value).send().await.called(PUT, &resource)?;
            }
            Self::Tag(_) => {
                let request = ssm.add_tags_to_resource().resource_type(ResourceTypeForTagging::Parameter);
                let answer = request.resource_id(name).tags(tag()).send().await;
                answer.called("ssm:AddTagsToResource", &resource)?;
            }
            Self::Delete(_) => {
                let answer = ssm.delete_parameter().name(name).send().await.called("ssm:DeleteParameter", &resource);
                unless_absent(answer, &["ParameterNotFound"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create(_) => write!(f, "create {resource} with a placeholder for its value"),
            Self::PutValue(_) => write!(f, "write {resource}"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}
