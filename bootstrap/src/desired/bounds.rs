//! The permissions boundary of the project's roles and user.

use std::collections::BTreeSet;

use crate::config::Boundary;
use crate::config::name::ProjectName;
use crate::location::Location;
use crate::policy::boundary::BoundaryPolicy;
use crate::policy::{Policy, Quota, deploy};
use crate::resource::managed_policy::{ManagedPolicy, PolicyReference, Use};

/// What bounds the project's roles and user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The boundary of the roles that tasks have or are started with, and of the user or role that deploys.
    pub(super) own: Option<PolicyReference>,
    /// The boundary of all other roles: what an organisation demands, it demands of every role.
    pub(super) others: Option<PolicyReference>,
    /// The policy, where bootstrap makes it.
    pub(super) made: Option<ManagedPolicy>,
}

impl Bounds {
    pub(super) fn new(
        boundary: Option<&Boundary>,
        project: &ProjectName,
        deploying: &deploy::Scope<'_>,
        starting: &Policy,
        holders: BTreeSet<String>,
    ) -> Self {
        match boundary {
            None => Self::default(),
            Some(Boundary::Demanded(arn)) => {
                let demanded = Some(PolicyReference { arn: arn.clone(), is_own: false });
                Self { own: demanded.clone(), others: demanded, made: None }
            }
            Some(Boundary::Made { services }) => {
                let location: &Location = deploying.location;
                let policy = BoundaryPolicy::around(&deploy::policy(deploying, Quota::Managed), starting, services);
                let name = format!("{project}-boundary");
                let made = ManagedPolicy {
                    purpose: Use::Boundary,
                    arn: location.iam_arn(&format!("policy/{name}")),
                    name,
                    document: policy.to_json(),
                    wildcards: policy.wildcards(),
                    holders,
                };
                Self { own: Some(made.reference()), others: None, made: Some(made) }
            }
        }
    }
}
