//! Target groups: what is probed, where requests go, and how tasks leave.

use simulator_core::ecs::UpdateService;
use simulator_core::effect::Target;
use simulator_core::elb::{HealthCheck, ModifyTargetGroupAttributes, TargetState};
use simulator_core::{Effect, EventKind, Timestamp, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};

fn check() -> HealthCheck {
    HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() }
}

fn serving(timing: Timing, deploy: &Deploy) -> Account {
    let mut account = Account::new(timing).with_load_balancer(check());
    account.register(vec![container("app", "app:1")]);
    account.create_service(deploy);
    account.until_steady();
    account
}

fn routed(account: &Account) -> Vec<Target> {
    let group = account.target_group.as_ref().expect("there is a load balancer");
    account.driver.routes.get(group).cloned().unwrap_or_default()
}

/// Addresses of tasks of `revision` that are not being stopped.
fn addresses(account: &Account, revision: u32) -> Vec<std::net::IpAddr> {
    let tasks =
        account.world.ecs().tasks().into_iter().filter(|task| task.definition.revision == revision && !task.stopping);
    let mut addresses: Vec<_> = tasks.filter_map(|task| task.address).collect();
    addresses.sort();
    addresses
}

fn sent_to(account: &Account) -> Vec<std::net::IpAddr> {
    routed(account).iter().map(|target| target.address).collect()
}

#[test]
fn requests_go_to_healthy_targets_alone_and_never_to_leaving_ones() {
    for timing in [Timing::aws(), Timing::rehearsal()] {
        let mut account = serving(timing, &Deploy::default());
        assert_eq!(sent_to(&account), addresses(&account, 1));
        account.register(vec![container("app", "app:2")]);
        account.deploy();
        account.until_steady();
        assert_eq!(sent_to(&account), addresses(&account, 2));
        // A target that drains has left the route before anybody waits for its last request, and its task is stopped only later.
        let wanted = |is_it: &dyn Fn(&Effect) -> bool| -> Vec<(usize, Timestamp)> {
            let effects = account.driver.wanted.iter().enumerate();
            effects.filter(|(_, (_, effect))| is_it(effect)).map(|(place, (at, _))| (place, *at)).collect()
        };
        for (place, _) in wanted(&|effect| matches!(effect, Effect::DrainTarget { .. })) {
            let Effect::DrainTarget { target, .. } = &account.driver.wanted[place].1 else {
                unreachable!("it was filtered")
            };
            let before = account.driver.wanted[..place].iter().rev();
            let route = before
                .clone()
                .find_map(|(_, effect)| if let Effect::Route { targets, .. } = effect { Some(targets) } else { None });
            assert!(!route.expect("routes were announced").contains(target));
        }
        let drains = wanted(&|effect| matches!(effect, Effect::DrainTarget { .. }));
        let stops = wanted(&|effect| matches!(effect, Effect::StopContainer { .. }));
        assert_eq!((drains.len(), stops.len()), (2, 2));
        assert!(stops.iter().all(|(place, _)| *place > drains[1].0));
    }
}

/// AWS waits for the whole deregistration delay; a rehearsal for the last request, and not long for that.
#[test]
fn draining_lasts_as_long_as_the_timing_says() {
    for (timing, delay, least, most) in [
        (Timing::aws(), None, 300_000, 300_000),
        (Timing::aws(), Some(30), 30_000, 30_000),
        (Timing::rehearsal(), None, 300, 300),
        (Timing::rehearsal(), Some(0), 0, 0),
    ] {
        let mut account = serving(timing, &Deploy { desired: 1, ..Deploy::default() });
        if let Some(delay) = delay {
            let target_group = account.target_group.as_ref().expect("there is a load balancer").to_string();
            let attributes = vec![("deregistration_delay.timeout_seconds".to_owned(), delay.to_string())];
            account.must(ModifyTargetGroupAttributes { target_group, attributes });
        }
        account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
        account.until_steady();
        let at = |wanted: &str| {
            let change = |event: &simulator_core::Event| {
                let is_it = matches!(&event.kind, EventKind::TargetHealth { state, .. } if *state == wanted);
                is_it.then_some(event.at)
            };
            account.world.events().iter().rev().find_map(change).expect("the target was in this state")
        };
        let drained = at("unused").since(at("draining")).as_millis();
        assert!((least..=most).contains(&drained), "{drained} ms");
    }
}

/// With no healthy target the load balancer tries all of them.
#[test]
fn fail_open() {
    let mut account = Account::new(Timing::aws()).with_load_balancer(check());
    account.driver.script("app:1", Behaviour { sick: Some(secs(100)), ..Behaviour::healthy() });
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { grace: Some(secs(3600)), ..Deploy::default() });
    account.until_steady();
    let group = account.target_group.clone().expect("there is a load balancer");
    let in_state = |account: &Account, wanted: TargetState| {
        let group = account.world.elb().target_group(&group).expect("it was made");
        group.targets().filter(|target| target.state == wanted).count()
    };
    account.until("both are unhealthy", secs(600), |account| in_state(account, TargetState::Unhealthy) == 2);
    assert_eq!(routed(&account).len(), 2);
    let why = account
        .world
        .elb()
        .target_group(&group)
        .and_then(|group| group.targets().next())
        .and_then(|target| target.reason);
    assert_eq!(why.map(|reason| reason.code), Some("Target.FailedHealthChecks"));
}

/// Facts 1.7 and 3.2: what is said of a task that its target group gives up, and why it stops.
#[test]
fn a_task_that_fails_the_load_balancers_checks_is_replaced() {
    let mut account = Account::new(Timing::aws()).with_load_balancer(check());
    account.driver.script("app:1", Behaviour { serves: None, ..Behaviour::healthy() });
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, grace: Some(secs(60)), ..Deploy::default() });
    account.until("it is given up", secs(600), |account| account.world.ecs().tasks()[0].stopping);
    let task = account.world.ecs().tasks()[0].clone();
    let group = account.target_group.as_ref().expect("there is a load balancer");
    let said = format!(
        "(service news-api) (task {}) (port 8000) is unhealthy in (target-group {group}) due to (reason Health checks failed).",
        task.id
    );
    assert!(account.service().events.iter().any(|event| event.message == said), "{}", account.story());
    let stop = task.stop.expect("it is being stopped");
    assert_eq!(stop.reason, format!("Task failed ELB health checks in (target-group {group})"));
    let ran_for = task.stopping_at.expect("it is being stopped").since(task.started_at.expect("it ran"));
    assert!(ran_for >= secs(60), "not within the grace period: {ran_for:?}");
}

/// A security group that lets nobody in makes targets time out, whatever the container does.
#[test]
fn a_target_behind_a_closed_security_group_times_out() {
    use simulator_core::ec2::CreateSecurityGroup;
    let mut account = Account::new(Timing::aws()).with_load_balancer(check());
    let vpc = account.vpc();
    let closed = account.must(CreateSecurityGroup {
        name: "closed".to_owned(),
        description: "lets nobody in".to_owned(),
        vpc: Some(vpc),
        tags: std::collections::BTreeMap::new(),
    });
    account.network.security_groups = vec![closed.id];
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until("it is given up", secs(600), |account| account.world.ecs().tasks()[0].stopping);
    let timed_out = account.world.events().iter().any(|event| {
        matches!(&event.kind, EventKind::TargetHealth { state: "unhealthy", reason: Some(("Target.Timeout", _)), .. })
    });
    assert!(timed_out);
    let probed = account.driver.wanted.iter().any(|(_, effect)| matches!(effect, Effect::ProbeTarget { .. }));
    assert!(!probed, "nothing gets through");
}
