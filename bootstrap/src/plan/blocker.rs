//! What stands in the way of a plan, and what differs from it but is left alone.

use crate::preflight::Obstacle;
use crate::resource::{Owner, ResourceId};

/// Something that must be settled by a person before anything is executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocker {
    /// The account lacks something around the project.
    #[error(transparent)]
    Account(#[from] Obstacle),
    /// There is no network to build in.
    #[error("the region has no default VPC; `aws ec2 create-default-vpc` makes one")]
    NoDefaultVpc,
    /// The network has too few availability zones for a load balancer.
    #[error(
        "VPC `{vpc_id}` has default subnets in too few availability zones ({zones}, a load balancer takes {needed}); `aws ec2 create-default-subnet` makes one"
    )]
    TooFewZones {
        /// The VPC.
        vpc_id: String,
        /// In how many zones it has default subnets.
        zones: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A resource would have to be changed that is not this project's.
    #[error("{resource} is {owner}, so it is not touched; wanted: {change}; `--adopt` makes it this project's")]
    NotOurs {
        /// The resource.
        resource: ResourceId,
        /// Whose it is.
        owner: Owner,
        /// The change that it would take.
        change: String,
    },
    /// A resource cannot be deleted as it is.
    #[error("{resource} cannot be deleted: {why}")]
    Undeletable {
        /// The resource.
        resource: ResourceId,
        /// Why not.
        why: String,
    },
    /// A resource has the wanted name and cannot serve.
    #[error("{resource} cannot be used: {why}")]
    Unusable {
        /// The resource.
        resource: ResourceId,
        /// Why not.
        why: String,
    },
}

/// A field that is not as it should be and that no step of the plan changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{resource}: {field}: wanted {wanted}, found {found}")]
pub struct Drift {
    /// The resource.
    pub resource: ResourceId,
    /// The field.
    pub field: &'static str,
    /// What it should be.
    pub wanted: String,
    /// What it is.
    pub found: String,
}

/// Something worth knowing that is neither done nor in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// A resource of the wanted name is as wanted and is used, although it is somebody else's.
    #[error("{resource} is {owner}; it is used as it is")]
    Used {
        /// The resource.
        resource: ResourceId,
        /// Whose it is.
        owner: Owner,
    },
    /// A resource that tasks need is not there, and is not bootstrap's to make.
    #[error("{resource} is not there, and no task starts without it: {help}")]
    Absent {
        /// The resource.
        resource: ResourceId,
        /// What to do about it.
        help: &'static str,
    },
    /// What is made of which the account may only have so much, without its having been checked.
    #[error(
        "not checked, since no call tells it: whether the account has room for {}; `aws service-quotas list-service-quotas --service-code` tells the limits for {}", .what.join(", "), .services.join(", ")
    )]
    Unchecked {
        /// Of what, in the plural.
        what: Vec<&'static str>,
        /// The services whose quotas these are, by their codes.
        services: Vec<&'static str>,
    },
    /// A resource that nobody asks for any more stays.
    #[error("{resource} is no longer in greenroom.toml, where {setting} asked for it, and stays: {why}")]
    LeftOver {
        /// The resource.
        resource: ResourceId,
        /// What asked for it.
        setting: &'static str,
        /// Why it stays.
        why: String,
    },
    /// A resource stays where everything of the project is taken away.
    #[error("{resource} stays: {why}")]
    Stays {
        /// The resource.
        resource: ResourceId,
        /// Why.
        why: String,
    },
}
