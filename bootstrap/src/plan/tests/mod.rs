mod bounding;
mod capacity;
mod cases;
mod deploying;
mod destruction;
mod former_service;
mod handed_over;
mod leftover;
mod model;
mod several;
mod shifting;
mod ssh;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bounding::BOUNDED;
use cases::{CASES, Case};
use deploying::OIDC;
use proptest::prelude::*;
use proptest::sample::subsequence;
use several::SEVERAL;
use shifting::CASES as SHIFTING;

use super::*;
use crate::desired::tests::several::example_several;
use crate::desired::tests::{example, example_bounded, example_canary, example_oidc};
use crate::resource::network::{NetworkState, SubnetState};
use crate::resource::{Kind, Owner, ResourceId, State};

/// An account that nobody has used: a default VPC and nothing else.
fn new_account() -> Observed {
    let subnet =
        |id: &str, zone: &str| SubnetState { id: id.to_owned(), vpc_id: "vpc-1".to_owned(), zone: zone.to_owned() };
    let subnets = vec![subnet("subnet-a", "eu-central-1a"), subnet("subnet-b", "eu-central-1b")];
    let network = State::Network(NetworkState { default_vpc: Some("vpc-1".to_owned()), subnets });
    Observed { found: [(ResourceId::new(Kind::Vpc, ""), network)].into(), surroundings: None }
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
19. create secret `news-api/database-url` without a value: missing; containers read it when a task starts
20. create cluster `news`: missing; the service runs in it (after 1)
21. register the first revision of task definition `news-api`: missing; a service needs a revision to be made (after 7, 9)
22. create service `news/news-api` at desired count 0: missing; deploys update it (after 12, 18, 20, 21)
23. create user `news-api-deploy`: missing; deploys are made as this user
24. write policy of user `news-api-deploy` (2045 of 2048 characters): missing; it is all that the user may do (after 23)
25. create access key of user `news-api-deploy`: missing; deploys sign their requests with it (after 4, 6, 8, 11, 13, 15, 19, 22, 24)
";
    let text = plan(&example(), &new_account()).to_string();
    assert_eq!(text, expected);
}

#[test]
fn an_account_that_is_right_is_left_alone() {
    for desired in [example(), example_canary(), example_oidc(), example_bounded(), example_several()] {
        let plan = plan(&desired, &complete(&desired));
        assert_eq!(plan.to_string(), "nothing to do\n");
        assert!(plan.is_empty());
    }
}

#[test]
fn each_difference_has_its_plan() {
    let mut wrong = String::new();
    for (desired, cases) in [
        (example(), CASES),
        (example_canary(), SHIFTING),
        (example_oidc(), OIDC),
        (example_bounded(), BOUNDED),
        (example_several(), SEVERAL),
    ] {
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
        Kind::Trust | Kind::RolePolicy | Kind::RoleAttachment | Kind::Session | Kind::RoleBoundary => Kind::Role,
        Kind::ProfileRole => Kind::InstanceProfile,
        Kind::PolicyVersion => Kind::ManagedPolicy,
        Kind::Audience => Kind::OidcProvider,
        Kind::Ingress | Kind::Egress => Kind::SecurityGroup,
        Kind::BalancerGroups | Kind::Listener | Kind::ListenerRule => Kind::LoadBalancer,
        Kind::HealthCheck => Kind::TargetGroup,
        Kind::Configuration => Kind::Service,
        Kind::ClusterCapacity => Kind::Cluster,
        Kind::SecretValue => Kind::Secret,
        Kind::ParameterValue => Kind::Parameter,
        Kind::UserPolicy | Kind::UserAttachment | Kind::UserBoundary | Kind::AccessKey => Kind::User,
        Kind::Account
        | Kind::Vpc
        | Kind::Subnets
        | Kind::ServiceLinkedRole
        | Kind::Repository
        | Kind::LogGroup
        | Kind::Role
        | Kind::OidcProvider
        | Kind::InstanceProfile
        | Kind::ManagedPolicy
        | Kind::SecurityGroup
        | Kind::LoadBalancer
        | Kind::TargetGroup
        | Kind::Cluster
        | Kind::TaskDefinition
        | Kind::Service
        | Kind::Secret
        | Kind::Parameter
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
                // Of these it waits only where they are in the plan.
                let order = [
                    Kind::RoleBoundary,
                    Kind::RolePolicy,
                    Kind::RoleAttachment,
                    Kind::UserPolicy,
                    Kind::AccessKey,
                    Kind::UserBoundary,
                    Kind::UserAttachment,
                    Kind::PolicyVersion,
                    Kind::ProfileRole,
                ];
                let there = order.contains(&need.kind) || made.contains(&need) || observed.found.contains_key(&need);
                assert!(there || !plan.blockers().is_empty(), "{need} is neither there nor made before: {step}");
            }
        }
        let owner = changes_what_is(observed, &step.change);
        assert!(matches!(owner, None | Some(Owner::Ours)), "changes what is not ours: {step}");
        made.insert(step.change.resource());
        assert!(!step.to_string().contains('\n'), "not one line: {step}");
    }
}

/// Each example with the account after its bootstrap.
static COMPLETE: LazyLock<Vec<(Desired, Observed)>> = LazyLock::new(|| {
    let examples = [example(), example_canary(), example_oidc(), example_bounded(), example_several()];
    examples.into_iter().map(|desired| (complete(&desired), desired)).map(|(whole, desired)| (desired, whole)).collect()
});

/// Some of the ways in which an account may differ: few as often as many, since many together mostly stand in the way of any plan.
fn some_of(cases: &[Case]) -> impl Strategy<Value = Vec<usize>> {
    let all: Vec<usize> = (0..cases.len()).collect();
    prop_oneof![subsequence(all.clone(), 0..=2), subsequence(all, 0..=cases.len())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// In whatever state an account is: the plan makes nothing before what it needs, touches nothing that is not ours, and
    /// once it is carried out nothing is left to do; and what a deploy needs to know is known then.
    #[test]
    fn plans_are_sound(
        chosen in some_of(CASES),
        shifting in some_of(SHIFTING),
        deploying in some_of(OIDC),
        new in any::<bool>(),
        bounding in some_of(BOUNDED),
        several in some_of(SEVERAL),
        example in 0..5_usize,
        before in 0..10_usize,
        strangers in proptest::collection::vec(any::<bool>(), 16),
    ) {
        let (desired, whole) = &COMPLETE[example];
        let mut observed = if new { new_account() } else { whole.clone() };
        // Half of the accounts were made by settings that may be others than now, and some of what those left has changed hands since.
        if let Some((_, before)) = COMPLETE.get(before) {
            observed = leftover::seen_by(desired, before);
            leftover::give_away(desired, &mut observed, &strangers);
        }
        let cases = chosen.into_iter().map(|index| &CASES[index]);
        let shifting = shifting.into_iter().map(|index| &SHIFTING[index]).filter(|_| example == 1);
        let deploying = deploying.into_iter().map(|index| &OIDC[index]).filter(|_| example == 2);
        let bounding = bounding.into_iter().map(|index| &BOUNDED[index]).filter(|_| example == 3);
        let several = several.into_iter().map(|index| &SEVERAL[index]).filter(|_| example == 4);
        for case in cases.chain(shifting).chain(deploying).chain(bounding).chain(several) {
            (case.differ)(&mut observed);
        }
        let first = plan(desired, &observed);
        check(&observed, &first);
        prop_assert_eq!(&plan(desired, &observed), &first, "the same account twice");
        if first.blockers().is_empty() {
            let after = model::apply(&first, &observed);
            let theirs = |account: &Observed| leftover::not_ours(desired, account);
            prop_assert_eq!(theirs(&after), theirs(&observed), "what is somebody else's is touched");
            let second = plan(desired, &after);
            prop_assert!(second.steps().is_empty() && second.blockers().is_empty(), "left to do:\n{}", second);
            let outcome = crate::execute::outcome(desired, &second.identifiers);
            prop_assert!(outcome.is_ok(), "{:?}", outcome);
            let end = plan_destruction(desired, &after, &PlanOptions::default());
            prop_assert!(end.blockers().is_empty(), "{}", end);
            let left = model::apply(&end, &after);
            // Of a secret stays what can be restored for a while.
            let going = |state: &State| matches!(state, State::Secret(secret) if secret.is_going);
            let ours = |mut state: State| state.owner() == Some(&mut Owner::Ours) && !going(&state);
            // What somebody else's has or trusts stays, and is named.
            let is_named = |id: &ResourceId| {
                end.remarks().iter().any(|remark| matches!(remark, Remark::Stays { resource, .. } if resource == id))
            };
            let unnamed = left.found.iter().filter(|(id, _)| !is_named(id));
            let unnamed: Vec<_> = unnamed.filter(|(_, state)| ours((*state).clone())).collect();
            prop_assert!(unnamed.is_empty(), "left:\n{:?}", unnamed);
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
