//! A plan as JSON, and as a file that is applied later.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Cause, Plan};
use crate::observe::Observed;
use crate::resource::State;

/// The version of the JSON. It rises when a reader of the old form would be misled.
pub const VERSION: u32 = 1;

/// A plan as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRecord {
    /// The version of this form: 1.
    pub version: u32,
    /// The account's number.
    pub account: String,
    /// The region.
    pub region: String,
    /// The project.
    pub project: String,
    /// What will be done, in order.
    pub changes: Vec<ChangeRecord>,
    /// What stands in the way, a sentence each. Nothing is done while there is any.
    pub blockers: Vec<String>,
    /// What differs and is left as it is.
    pub drift: Vec<FieldRecord>,
    /// What else is worth knowing, a sentence each.
    pub notes: Vec<String>,
}

/// One change of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeRecord {
    /// Its place in the plan, from 1.
    pub number: usize,
    /// The kind of resource, in words.
    pub kind: String,
    /// The resource's name.
    pub name: String,
    /// What is done, in words.
    pub change: String,
    /// Why.
    pub cause: CauseRecord,
    /// What is lost by it and cannot be brought back, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destroys: Option<String>,
    /// The numbers of the changes that come before it.
    pub waits_for: Vec<usize>,
}

/// Why a change is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "why")]
pub enum CauseRecord {
    /// The account has no such thing.
    Missing {
        /// What it is for.
        purpose: String,
    },
    /// A field has another value.
    Field(FieldRecord),
    /// A policy says something else.
    Policy {
        /// Every grant that it lacks.
        lacking: Vec<String>,
        /// Every grant that it has beyond those that are wanted.
        beyond: Vec<String>,
    },
    /// It belongs to somebody else, and is to be this project's from now on.
    Adopted {
        /// Whose it is.
        owner: String,
    },
    /// Somebody has asked for it.
    Requested {
        /// How.
        because: String,
    },
    /// Nobody wants it any more.
    Unwanted {
        /// Why not.
        because: String,
    },
}

/// A field that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldRecord {
    /// Whose field it is, where that is not said around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The field.
    pub field: String,
    /// What it should be.
    pub wanted: String,
    /// What it is.
    pub found: String,
}

/// A plan in a file: it can be applied as long as there is nothing else to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// The plan.
    pub plan: PlanRecord,
    /// What was found in the account, as one number.
    pub observed: String,
    /// What is desired, as one number.
    pub desired: String,
}

impl Plan {
    /// The plan as JSON. It holds no secret.
    #[must_use]
    pub fn record(&self) -> PlanRecord {
        let location = &self.desired.location;
        let changes = self.steps.iter().map(|step| {
            let resource = step.change.resource();
            ChangeRecord {
                number: step.number,
                kind: resource.kind.to_string(),
                name: resource.name,
                change: step.change.to_string(),
                cause: CauseRecord::of(&step.cause),
                destroys: step.destroys().map(str::to_owned),
                waits_for: step.waits_for.clone(),
            }
        });
        let drift = self.drift.iter().map(|drift| FieldRecord {
            resource: Some(drift.resource.to_string()),
            field: drift.field.to_owned(),
            wanted: drift.wanted.clone(),
            found: drift.found.clone(),
        });
        PlanRecord {
            version: VERSION,
            account: location.account.to_string(),
            region: location.region.to_string(),
            project: self.desired.project.to_string(),
            changes: changes.collect(),
            blockers: self.blockers.iter().map(ToString::to_string).collect(),
            drift: drift.collect(),
            notes: self.remarks.iter().map(ToString::to_string).collect(),
        }
    }

    /// The plan as a file, made from what was observed.
    #[must_use]
    pub fn save(&self, observed: &Observed) -> Saved {
        let documents = self.desired.first_revisions().map(|revision| revision.document.to_json());
        let documents: Vec<String> = documents.collect();
        Saved {
            plan: self.record(),
            observed: fingerprint(&settled(observed)),
            desired: fingerprint(&format!("{:?}{:?}", self.desired, documents)),
        }
    }
}

impl Saved {
    /// Whether the plan is still what there is to do.
    ///
    /// # Errors
    /// If it is not; says what has changed.
    pub fn check(&self, now: &Plan, observed: &Observed) -> Result<(), String> {
        let fresh = now.save(observed);
        let Self { plan, observed, desired } = self;
        if plan.version != fresh.plan.version {
            return Err(format!("it is of version {}, and this program's is {VERSION}", plan.version));
        }
        if (&plan.account, &plan.region) != (&fresh.plan.account, &fresh.plan.region) {
            let [then, now] = [plan, &fresh.plan].map(|plan| format!("account {} in {}", plan.account, plan.region));
            return Err(format!("it is for {then}, and the credentials are for {now}"));
        }
        if *desired != fresh.desired {
            return Err("what is desired has changed since it was saved".to_owned());
        }
        if *observed != fresh.observed || *plan != fresh.plan {
            return Err("the account has changed since it was saved".to_owned());
        }
        Ok(())
    }
}

/// What was observed, but for what changes by itself or is a deploy's.
fn settled(observed: &Observed) -> String {
    // What the surroundings come to is in the plan; they themselves are others' to change.
    let mut observed = Observed { surroundings: None, ..observed.clone() };
    for state in observed.found.values_mut() {
        match state {
            State::LoadBalancer(balancer) => balancer.state.clear(),
            State::Role(role) => role.is_recent = false,
            State::Repository(repository) => repository.has_images = false,
            State::Service(service) => service.tasks = 0,
            State::TaskDefinition(family) => {
                family.active.truncate(1);
                family.inactive.clear();
            }
            State::LogGroup(group) => group.is_old = false,
            State::ManagedPolicy(policy) => policy.used_by.clear(),
            State::OidcProvider(provider) => provider.trusted_by.clear(),
            State::ServiceLinkedRole(_)
            | State::Network(_)
            | State::SecurityGroup(_)
            | State::InstanceProfile(_)
            | State::TargetGroup(_)
            | State::Listener(_)
            | State::ListenerRule(_)
            | State::Cluster(_)
            | State::Secret(_)
            | State::Parameter(_) => {}
            State::User(user) => user.keys.iter_mut().for_each(|key| key.used = None),
        }
    }
    format!("{observed:?}")
}

fn fingerprint(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl CauseRecord {
    fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Missing { purpose } => Self::Missing { purpose: (*purpose).to_owned() },
            Cause::Field { field, wanted, found } => Self::Field(FieldRecord {
                resource: None,
                field: (*field).to_owned(),
                wanted: wanted.clone(),
                found: found.clone(),
            }),
            Cause::Policy { what: _, lacking, beyond } => {
                Self::Policy { lacking: lacking.clone(), beyond: beyond.clone() }
            }
            Cause::Adopted { owner } => Self::Adopted { owner: owner.to_string() },
            Cause::Requested { because } => Self::Requested { because: (*because).to_owned() },
            Cause::Former { setting: _ } => Self::Unwanted { because: cause.to_string() },
            Cause::Unwanted { because } => Self::Unwanted { because: (*because).to_owned() },
        }
    }
}
