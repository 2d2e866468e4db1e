//! The role of the EC2 instance that the project runs on, where there is one.

use crate::config::Host;
use crate::config::name::ProjectName;
use crate::policy::{TrustPolicy, host};
use crate::resource::inline_policy::InlinePolicy;
use crate::resource::instance_profile::InstanceProfile;
use crate::resource::managed_policy::PolicyReference;
use crate::resource::role::{Purpose, Role};

/// The role, and the profile by which an instance has it.
pub(super) fn of(
    configured: Host,
    project: &ProjectName,
    scope: &host::Scope<'_>,
    boundary: Option<PolicyReference>,
) -> (InstanceProfile, Role) {
    let (name, location) = (format!("{project}-host"), scope.location);
    let role = Role {
        purpose: Purpose::Instance,
        arn: location.iam_arn(&format!("role/{name}")),
        path: "/".to_owned(),
        trust: TrustPolicy::for_instances(location),
        policy: Some(InlinePolicy::of(name.clone(), &host::policy(configured.runs, scope))),
        managed: None,
        longest_session: None,
        boundary,
        name: name.clone(),
    };
    let profile =
        InstanceProfile { arn: location.iam_arn(&format!("instance-profile/{name}")), role: name.clone(), name };
    (profile, role)
}
