mod cases;
mod model;
mod shifting;

use std::collections::BTreeSet;

use cases::{CASES, Case};
use proptest::prelude::*;
use proptest::sample::subsequence;
use shifting::CASES as SHIFTING;

use super::*;
use crate::desired::tests::{example, example_canary};
use crate::resource::network::{NetworkState, SubnetState};
use crate::resource::{Kind, Owner, ResourceId, State};

/// An account that nobody has used: a default VPC and nothing else.
fn new_account() -> Observed {
    let subnet =
        |id: &str, zone: &str| SubnetState { id: id.to_owned(), vpc_id: "vpc-1".to_owned(), zone: zone.to_owned() };
    let subnets = vec![subnet("subnet-a", "eu-central-1a"), subnet("subnet-b", "eu-central-1b")];
    let network = State::Network(NetworkState { default_vpc: Some("vpc-1".to_owned()), subnets });
    Observed { found: [(ResourceId::new(Kind::Vpc, ""), network)].into() }
}

/// The plan of somebody who decides nothing.
fn plan(desired: &Desired, observed: &Observed) -> Plan {
    super::plan(desired, observed, &PlanOptions::default())
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
    let mut wrong = String::new();
    for (desired, cases) in [(example(), CASES), (example_canary(), SHIFTING)] {
        for Case { name, differ, plan: expected } in cases {
            let mut observed = complete(&desired);
            differ(&mut observed);
            assert_ne!(observed, complete(&desired), "{name}: nothing differs");
            let planned = plan(&desired, &observed).to_string();
            if planned != *expected {
                wrong.push_str(&format!("## {name}\n{planned}"));
            }
        }
    }
    assert!(wrong.is_empty(), "these plans are not as expected:\n{wrong}");
}

/// Whose the thing is that a change would change; none for a change that makes something new.
fn changes_what_is(account: &Observed, change: &Change) -> Option<Owner> {
    let resource = change.resource();
    let whole = match resource.kind {
        Kind::LifecyclePolicy | Kind::TagMutability | Kind::Scanning => Kind::Repository,
        Kind::Retention => Kind::LogGroup,
        Kind::Trust | Kind::RolePolicy | Kind::RoleAttachment => Kind::Role,
        Kind::Ingress => Kind::SecurityGroup,
        Kind::BalancerGroups | Kind::Listener | Kind::ListenerRule => Kind::LoadBalancer,
        Kind::HealthCheck => Kind::TargetGroup,
        Kind::Configuration => Kind::Service,
        Kind::UserPolicy | Kind::AccessKey => Kind::User,
        Kind::Account
        | Kind::Vpc
        | Kind::Subnets
        | Kind::ServiceLinkedRole
        | Kind::Repository
        | Kind::LogGroup
        | Kind::Role
        | Kind::SecurityGroup
        | Kind::LoadBalancer
        | Kind::TargetGroup
        | Kind::Cluster
        | Kind::TaskDefinition
        | Kind::Service
        | Kind::User => resource.kind,
    };
    let name = if whole == Kind::LoadBalancer { "news-api" } else { &resource.name };
    account.found.get(&ResourceId::new(whole, name)).cloned().and_then(|mut state| state.owner().cloned())
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
                let there = made.contains(&need) || observed.found.contains_key(&need);
                assert!(there || !plan.blockers().is_empty(), "{need} is neither there nor made before: {step}");
            }
        }
        let owner = changes_what_is(observed, &step.change);
        assert!(matches!(owner, None | Some(Owner::Ours)), "changes what is not ours: {step}");
        made.insert(step.change.resource());
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
            let outcome = crate::execute::outcome(&desired, &second.identifiers);
            prop_assert!(outcome.is_ok(), "{:?}", outcome);
            let end = plan_destruction(&desired, &after, &PlanOptions::default());
            prop_assert!(end.blockers().is_empty(), "{}", end);
            let left = model::apply(&end, &after);
            let ours = |mut state: State| state.owner() == Some(&mut Owner::Ours);
            prop_assert!(!left.found.values().cloned().any(ours), "left:\n{:?}", left);
            let foreign = |(id, state): (&ResourceId, &State)| (id.clone(), state.clone());
            let strangers = |account: &Observed| -> Vec<(ResourceId, State)> {
                let theirs = |(_, state): &(&ResourceId, &State)| {
                    let mut state = (*state).clone();
                    state.owner().is_some_and(|owner| *owner != Owner::Ours)
                };
                account.found.iter().filter(theirs).map(foreign).collect()
            };
            prop_assert_eq!(strangers(&left), strangers(&observed), "what is somebody else's is touched");
        }
    }
}
