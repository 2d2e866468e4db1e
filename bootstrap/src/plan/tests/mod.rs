mod cases;
mod model;
mod shifting;

use std::collections::BTreeSet;

use cases::{CASES, Case};
use proptest::prelude::*;
use proptest::sample::subsequence;
use shifting::CASES as SHIFTING;

use super::change::Needs;
use super::*;
use crate::desired::tests::{example, example_canary};
use crate::resource::network::{NetworkState, SubnetState};
use crate::resource::{Kind, Owner, ResourceId};

/// An account that nobody has used: a default VPC and nothing else.
fn new_account() -> Observed {
    let subnet =
        |id: &str, zone: &str| SubnetState { id: id.to_owned(), vpc_id: "vpc-1".to_owned(), zone: zone.to_owned() };
    let subnets = vec![subnet("subnet-a", "eu-central-1a"), subnet("subnet-b", "eu-central-1b")];
    Observed { network: NetworkState { default_vpc: Some("vpc-1".to_owned()), subnets }, ..Observed::default() }
}

/// The account after a bootstrap.
fn complete(desired: &Desired) -> Observed {
    let new = new_account();
    model::apply(&plan(desired, &new), &new)
}

#[test]
fn a_new_account_gets_everything_in_order() {
    let expected = "\
1. create service-linked role `AWSServiceRoleForECS`: missing; ECS attaches tasks to the network through it
2. create service-linked role `AWSServiceRoleForElasticLoadBalancing`: missing; load balancers attach to the network through it
3. create repository `news-api` with immutable tags: missing; the service's images are pushed to it
4. write lifecycle policy of repository `news-api`: missing; images that no tag points at would pile up (after 3)
5. create log group `/ecs/news-api`: missing; the task definition writes to it
6. set retention of log group `/ecs/news-api` to 30 days: missing; its events would be kept for ever (after 5)
7. create role `news-api-execution`: missing; the task definition names it
8. write policy of role `news-api-execution` (725 of 10240 characters): missing; ECS does what it allows to start a task (after 7)
9. create role `news-api-task`: missing; the task definition names it
10. create security group `news-api-load-balancer` in vpc-1: missing; requests from the internet reach the load balancer
11. let tcp 80 from anywhere into security group `news-api-load-balancer`: missing; nothing gets in without it (after 10)
12. create security group `news-api-service` in vpc-1: missing; the load balancer reaches the tasks of the service
13. let tcp 8000 from security group `news-api-load-balancer` into security group `news-api-service`: missing; nothing gets in without it (after 10, 12)
14. create security group `news-api-database` in vpc-1: missing; the tasks of the service reach the database
15. let tcp 5432 from security group `news-api-service` into security group `news-api-database`: missing; nothing gets in without it (after 12, 14)
16. create load balancer `news-api` in subnet-a, subnet-b: missing; requests reach the service through it (after 2, 10)
17. create target group `news-api`: missing; the service's tasks are registered in it
18. create listener `news-api:80`: missing; the load balancer sends requests nowhere without it (after 16, 17)
19. create cluster `news`: missing; the service runs in it (after 1)
20. register the first revision of task definition `news-api`: missing; a service needs a revision to be made (after 7, 9)
21. create service `news/news-api` at desired count 0: missing; deploys update it (after 12, 18, 19, 20)
22. create user `news-api-deploy`: missing; deploys are made as this user
23. write policy of user `news-api-deploy` (2045 of 2048 characters): missing; it is all that the user may do (after 22)
24. create access key of user `news-api-deploy`: missing; deploys sign their requests with it (after 4, 6, 8, 11, 13, 15, 21, 23)
";
    let text = plan(&example(), &new_account()).to_string();
    assert_eq!(text, expected);
}

#[test]
fn an_account_that_is_right_is_left_alone() {
    for desired in [example(), example_canary()] {
        let plan = plan(&desired, &complete(&desired));
        assert_eq!(plan.to_string(), "nothing to do\n");
        assert!(plan.is_empty());
    }
}

#[test]
fn each_difference_has_its_plan() {
    for (desired, cases) in [(example(), CASES), (example_canary(), SHIFTING)] {
        for Case { name, differ, plan: expected } in cases {
            let mut observed = complete(&desired);
            differ(&mut observed);
            assert_ne!(observed, complete(&desired), "{name}: nothing differs");
            assert_eq!(plan(&desired, &observed).to_string(), *expected, "{name}");
        }
    }
}

/// Whether the account has the resource.
fn has(account: &Observed, resource: &ResourceId) -> bool {
    let vpc = account.network.default_vpc.as_deref();
    let named = |name: &str| resource.name == name;
    match resource.kind {
        Kind::ServiceLinkedRole => account.service_linked_roles.iter().any(|role| named(role.name())),
        Kind::Repository => account.repository.is_some(),
        Kind::LogGroup => account.log_groups.contains_key(&resource.name),
        Kind::Role => account.roles.contains_key(&resource.name),
        Kind::SecurityGroup => {
            account.security_groups.iter().any(|group| named(&group.name) && vpc == Some(group.vpc_id.as_str()))
        }
        Kind::LoadBalancer => account.load_balancer.is_some(),
        Kind::TargetGroup if resource.name.ends_with("-alt") => account.alternate_target_group.is_some(),
        Kind::TargetGroup => account.target_group.is_some(),
        Kind::Listener => account.listener.is_some(),
        Kind::ListenerRule => account.listener_rules.contains_key(&resource.name),
        Kind::Cluster => account.cluster.is_some(),
        Kind::TaskDefinition => account.task_definition.is_some(),
        Kind::Service => account.service.is_some(),
        Kind::User => account.user.is_some(),
        Kind::Account
        | Kind::Vpc
        | Kind::Subnets
        | Kind::LifecyclePolicy
        | Kind::Retention
        | Kind::RolePolicy
        | Kind::RoleAttachment
        | Kind::Ingress
        | Kind::UserPolicy
        | Kind::AccessKey => panic!("nothing needs the {resource}"),
    }
}

/// Whose the thing is that a change would change; none for a change that makes something new.
fn changes_what_is(account: &Observed, change: &Change) -> Option<Owner> {
    let group = |name: &str| account.security_groups.iter().find(|group| group.name == name).map(|group| &group.owner);
    match change {
        Change::CreateServiceLinkedRole(_)
        | Change::CreateRepository(_)
        | Change::CreateLogGroup(_)
        | Change::PutRetentionPolicy(_)
        | Change::CreateRole(_)
        | Change::CreateSecurityGroup { .. }
        | Change::CreateLoadBalancer { .. }
        | Change::CreateTargetGroup { .. }
        | Change::CreateCluster(_)
        | Change::RegisterTaskDefinition(_)
        | Change::CreateService { .. }
        | Change::CreateUser { .. } => None,
        Change::PutLifecyclePolicy(_) => account.repository.as_ref().map(|found| &found.owner),
        Change::PutRolePolicy { role, policy: _ } | Change::AttachRolePolicy { role, policy: _ } => {
            account.roles.get(role).map(|found| &found.owner)
        }
        Change::AuthorizeIngress { group: name, rules: _ } => group(name),
        Change::CreateListener(_) | Change::CreateRule(_) => account.load_balancer.as_ref().map(|found| &found.owner),
        Change::PutUserPolicy { .. } | Change::CreateAccessKey { .. } => {
            account.user.as_ref().map(|found| &found.owner)
        }
    }
    .cloned()
}

/// What must hold of any plan.
fn check(observed: &Observed, plan: &Plan) {
    let mut made = BTreeSet::new();
    for (index, step) in plan.steps().iter().enumerate() {
        assert_eq!(step.number, index + 1);
        assert!(
            step.waits_for.iter().all(|number| (1..step.number).contains(number)),
            "waits for what comes later: {step}"
        );
        if let Needs::These(needs) = step.change.needs() {
            for need in needs {
                let there = made.contains(&need) || has(observed, &need);
                assert!(there || !plan.blockers().is_empty(), "{need} is neither there nor made before: {step}");
            }
        }
        let owner = changes_what_is(observed, &step.change);
        assert!(matches!(owner, None | Some(Owner::Ours)), "changes what is not ours: {step}");
        assert!(made.insert(step.change.resource()), "makes it twice: {step}");
        assert!(!step.to_string().contains('\n'), "not one line: {step}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// In whatever state an account is: the plan makes nothing before what it needs, touches nothing that is not ours, and
    /// once it is carried out nothing is left to do; and what a deploy needs to know is known then.
    #[test]
    fn plans_are_sound(
        chosen in subsequence((0..CASES.len()).collect::<Vec<_>>(), 0..=CASES.len()),
        shifting in subsequence((0..SHIFTING.len()).collect::<Vec<_>>(), 0..=SHIFTING.len()),
        new in any::<bool>(),
        canary in any::<bool>(),
    ) {
        let desired = if canary { example_canary() } else { example() };
        let mut observed = if new { new_account() } else { complete(&desired) };
        let shifting = if canary { shifting } else { Vec::new() };
        let cases = chosen.into_iter().map(|index| &CASES[index]);
        for case in cases.chain(shifting.into_iter().map(|index| &SHIFTING[index])) {
            (case.differ)(&mut observed);
        }
        let first = plan(&desired, &observed);
        check(&observed, &first);
        prop_assert_eq!(&plan(&desired, &observed), &first, "the same account twice");
        if first.blockers().is_empty() {
            let after = model::apply(&first, &observed);
            let second = plan(&desired, &after);
            prop_assert!(second.steps().is_empty() && second.blockers().is_empty(), "left to do:\n{}", second);
            let outcome = crate::execute::outcome(&desired, second.identifiers);
            prop_assert!(outcome.is_ok(), "{:?}", outcome);
        }
    }
}
