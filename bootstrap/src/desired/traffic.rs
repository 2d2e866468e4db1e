//! What a service needs besides, where a deploy moves requests from one target group to another.

use crate::config::Shift;
use crate::config::name::ProjectName;
use crate::location::Location;
use crate::policy::{TrustPolicy, hooks};
use crate::resource::inline_policy::InlinePolicy;
use crate::resource::listener::Listener;
use crate::resource::listener_rule::{ListenerRule, Requests};
use crate::resource::managed_policy::PolicyReference;
use crate::resource::role::{Purpose, Role};
use crate::resource::traffic::Traffic;

/// The policy that lets ECS change listener rules (AWS managed policy reference).
const INFRASTRUCTURE_POLICY: &str = "AmazonECSInfrastructureRolePolicyForLoadBalancers";

/// The name of the second target group.
pub(super) fn alternate(project: &ProjectName) -> String {
    format!("{project}-alt")
}

/// How requests move, and the roles that ECS takes for it.
pub(super) fn of(
    shift: &Shift,
    project: &ProjectName,
    location: &Location,
    listener: &Listener,
    boundary: Option<&PolicyReference>,
) -> (Traffic, Vec<Role>) {
    let role = |purpose: Purpose, suffix: &str, policy: Option<InlinePolicy>, managed: Option<String>| {
        let name = format!("{project}-{suffix}");
        let (arn, path) = (location.iam_arn(&format!("role/{name}")), "/".to_owned());
        Role {
            purpose,
            name,
            path,
            arn,
            trust: TrustPolicy::for_ecs(),
            policy,
            managed,
            longest_session: None,
            boundary: boundary.cloned(),
        }
    };
    let managed = format!("arn:{}:iam::aws:policy/{INFRASTRUCTURE_POLICY}", location.region.partition());
    let mut roles = vec![role(Purpose::Infrastructure, "infrastructure", None, Some(managed))];
    let infrastructure_role = roles[0].name.clone();
    let arn = |function: &str| location.arn("lambda", &format!("function:{function}"));
    let functions: Vec<String> = shift.hooks.iter().map(|hook| arn(hook.function.as_str())).collect();
    let functions = (!functions.is_empty()).then(|| {
        let policy = InlinePolicy::of(format!("{project}-hooks"), &hooks::policy(&functions));
        let hooks = role(Purpose::Hooks, "hooks", Some(policy), None);
        let name = hooks.name.clone();
        roles.push(hooks);
        (name, functions)
    });
    let alternate = alternate(project);
    let target_groups = [listener.target_group.clone(), alternate.clone()];
    let rule = |requests| ListenerRule { listener: listener.clone(), requests, target_groups: target_groups.clone() };
    let traffic = Traffic {
        shift: shift.clone(),
        alternate,
        production: rule(Requests::Production),
        test: shift.test_header.clone().map(|header| rule(Requests::Test(header))),
        infrastructure_role,
        functions,
    };
    (traffic, roles)
}
