//! The Secrets Manager secrets that the task definition names. They are made without a value, and values are never read.
//!
//! A secret that is named by a whole ARN, with the six characters that AWS chose, was made before the file was written: it is
//! looked for, and is nobody's to make.

use std::fmt;

use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::fault::{CallError, Called, Failure, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

/// How long a deleted secret can be restored: what Secrets Manager takes where nothing is said (DeleteSecret).
const RECOVERY_DAYS: i64 = 30;

/// A secret that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name; of one that is named by a whole ARN, the ARN.
    pub name: String,
    /// Whether it is named by a whole ARN.
    pub is_whole: bool,
}

/// A secret that is. Its value is not part of this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to; none where that does not matter, since it is never changed.
    pub owner: Option<Owner>,
    /// Whether its deletion is scheduled.
    pub is_going: bool,
}

/// What can be done about a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `secretsmanager:CreateSecret`, without a value.
    Create(Secret),
    /// `secretsmanager:RestoreSecret`.
    Restore(Secret),
    /// `secretsmanager:PutSecretValue`, with the value that was handed over.
    PutValue(Secret),
    /// `secretsmanager:TagResource`.
    Tag(Secret),
    /// `secretsmanager:DeleteSecret`, with time to restore it.
    Delete(Secret),
}

const SECRET: &[&str] = &["secret:"];
const ABSENT: &[&str] = &["ResourceNotFoundException"];
static DESCRIBE: Action = Action::on("secretsmanager:DescribeSecret", SECRET);
static ACTIONS: [Action; 6] = [
    Action::on("secretsmanager:CreateSecret", SECRET),
    Action::on("secretsmanager:DeleteSecret", SECRET),
    Action::on("secretsmanager:DescribeSecret", SECRET),
    Action::on("secretsmanager:PutSecretValue", SECRET),
    Action::on("secretsmanager:RestoreSecret", SECRET),
    Action::on("secretsmanager:TagResource", SECRET),
];

impl Secret {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Secret, &self.name)
    }
}

impl Managed for Secret {
    type State = SecretState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["value"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<SecretState>, CallError> {
        const OPERATION: &str = "secretsmanager:DescribeSecret";
        let answer = sight.account.secrets.describe_secret().secret_id(&self.name).send().await;
        let Some(found) = unless_absent(answer.called(OPERATION, &Self::id(self)), ABSENT)? else { return Ok(None) };
        let owner = Owner::of(found.tags().iter().map(|tag| (tag.key(), tag.value())), sight.project);
        Ok(Some(SecretState {
            owner: (!self.is_whole).then_some(owner),
            is_going: found.deleted_date().is_some(),
            arn: sent(found.arn, "ARN", OPERATION, &Self::id(self))?,
        }))
    }

    fn owner(state: &mut SecretState) -> Option<&mut Owner> {
        state.owner.as_mut()
    }

    fn identify(&self, state: &SecretState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
    }

    fn compare(&self, found: Option<&SecretState>, _: &Identifiers, draft: &mut Draft) {
        if self.is_whole {
            if draft.has_value(&self.name) {
                draft.unusable(
                    "it is named by a whole ARN and so is not this project's: its owner sets its value".to_owned(),
                );
            }
            if found.is_none_or(|found| found.is_going) {
                draft.lacks("make it and put its ARN into the task definition, or name it without the six characters that end the ARN: it is made for you then");
            }
            return;
        }
        match found {
            None => draft.missing(Change::Create(self.clone()), "containers read it when a task starts"),
            Some(found) if found.is_going => {
                draft.differs(Change::Restore(self.clone()), "deletion", "none", "scheduled");
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

    fn take_away(&self, found: &SecretState, draft: &mut Draft) {
        if self.is_whole {
            draft.stays("it was there before the project's files named it");
        } else if found.is_going {
            draft.stays("it is deleted when the time to restore it is over");
        } else {
            draft.unwanted(Change::Delete(self.clone()), "the project's tasks read it");
        }
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        if self.is_whole {
            return vec![Statement {
                sid: "SeeSecrets",
                purposes: vec!["See whether the secrets are there that the task definition names by their ARNs."],
                actions: vec![&DESCRIBE],
                resources: vec![self.name.clone()],
                conditions: vec![],
            }];
        }
        // Of a secret that is not there Secrets Manager knows the name alone, without the six characters that end its ARN.
        let arn = location.arn("secretsmanager", &format!("secret:{}", self.name));
        vec![Statement {
            sid: "Secrets",
            purposes: vec!["Make, find, fill and delete the secrets that the task definition names; not to read them."],
            actions: ACTIONS.iter().collect(),
            resources: vec![format!("{arn}-??????"), arn],
            conditions: vec![],
        }]
    }
}

impl Change {
    fn secret(&self) -> &Secret {
        match self {
            Self::Create(secret)
            | Self::Restore(secret)
            | Self::PutValue(secret)
            | Self::Tag(secret)
            | Self::Delete(secret) => secret,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::PutValue(secret) => ResourceId::new(Kind::SecretValue, &secret.name),
            Self::Create(_) | Self::Restore(_) | Self::Tag(_) | Self::Delete(_) => self.secret().id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::PutValue(secret) => vec![secret.id()],
            Self::Create(_) | Self::Restore(_) | Self::Tag(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        matches!(self, Self::Delete(_)).then_some("its value, after the 30 days in which it can be restored")
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (secrets, name, resource) = (&hands.account.secrets, self.secret().name.as_str(), self.resource());
        let tag = || aws_sdk_secretsmanager::types::Tag::builder().key(OWNER_TAG).value(hands.project.as_str()).build();
        match self {
            Self::Create(_) => {
                const OPERATION: &str = "secretsmanager:CreateSecret";
                let answer =
                    secrets.create_secret().name(name).tags(tag()).send().await.called(OPERATION, &resource)?;
                let arn = sent(answer.arn, "ARN", OPERATION, &resource)?;
                return Ok(Made::Named(resource, arn));
            }
            Self::Restore(_) => {
                let answer = secrets.restore_secret().secret_id(name).send().await;
                answer.called("secretsmanager:RestoreSecret", &resource)?;
            }
            Self::PutValue(_) => {
                const OPERATION: &str = "secretsmanager:PutSecretValue";
                let value = hands.account.values().expose(name).ok_or_else(|| not_handed_over(OPERATION, &resource))?;
                let answer = secrets.put_secret_value().secret_id(name).secret_string(value).send().await;
                answer.called(OPERATION, &resource)?;
            }
            Self::Tag(_) => {
                let answer = secrets.tag_resource().secret_id(name).tags(tag()).send().await;
                answer.called("secretsmanager:TagResource", &resource)?;
            }
            Self::Delete(_) => {
                let answer =
                    secrets.delete_secret().secret_id(name).recovery_window_in_days(RECOVERY_DAYS).send().await;
                unless_absent(answer.called("secretsmanager:DeleteSecret", &resource), ABSENT)?;
            }
        }
        Ok(Made::Nothing)
    }
}

/// The plan was made with a value at hand, and is carried out without.
pub(super) fn not_handed_over(operation: &'static str, resource: &ResourceId) -> CallError {
    CallError { operation, resource: resource.clone(), failure: Failure::Unresolved { what: resource.clone() } }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create(_) => write!(f, "create {resource} without a value"),
            Self::Restore(_) => write!(f, "restore {resource}"),
            Self::PutValue(_) => write!(f, "write {resource}"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource} in {RECOVERY_DAYS} days"),
        }
    }
}
