//! A service behind two target groups, and what can be seen of its deployments.

use std::collections::{BTreeMap, BTreeSet};

use simulator_core::ecs::UpdateService;
use simulator_core::ecs::service::hook::DEFAULT_TIMEOUT;
use simulator_core::ecs::service::{
    AdvancedConfiguration, AskedShifting, HookAction, HookTarget, LifecycleHook, LifecycleStage, Percent, RolloutState,
    Shifting, Strategy,
};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{
    Condition, CreateListener, CreateRule, CreateTargetGroup, DescribeLoadBalancers, DescribeRules, HealthCheck,
    TargetState,
};
use simulator_core::iam::{CreateRole, PutInlinePolicy, Role};
use simulator_core::{Arn, Event, EventKind, Timestamp, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};

pub(super) const HOUR: std::time::Duration = secs(3600);
pub(super) const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:check";

/// The strategy with which most tests deploy: all at once, with five minutes of baking.
pub(super) fn blue_green() -> Shifting {
    Shifting { strategy: Strategy::BlueGreen, bake_minutes: Some(5), hooks: Vec::new() }
}

/// Steps of `tenths` tenths of a percent.
pub(super) fn linear(tenths: u32, bake_minutes: u32) -> Shifting {
    let strategy = Strategy::Linear { step: Percent::of_tenths(tenths), bake_minutes };
    Shifting { strategy, bake_minutes: Some(5), hooks: Vec::new() }
}

/// A canary of `tenths` tenths of a percent.
pub(super) fn canary(tenths: u32, bake_minutes: u32) -> Shifting {
    let strategy = Strategy::Canary { percent: Percent::of_tenths(tenths), bake_minutes };
    Shifting { strategy, bake_minutes: Some(5), hooks: Vec::new() }
}

/// A hook that calls [`FUNCTION`] in `stages`.
pub(super) fn function(stages: &[LifecycleStage]) -> LifecycleHook {
    hook(HookTarget::Lambda { function: FUNCTION.to_owned(), role: None, details: None }, stages)
}

/// A hook that waits in `stages`.
pub(super) fn pause(stages: &[LifecycleStage]) -> LifecycleHook {
    hook(HookTarget::Pause, stages)
}

fn hook(target: HookTarget, stages: &[LifecycleStage]) -> LifecycleHook {
    let stages: BTreeSet<LifecycleStage> = stages.iter().copied().collect();
    LifecycleHook { target, stages, timeout_minutes: DEFAULT_TIMEOUT, timeout_action: HookAction::RollBack }
}

/// An account with a production rule over two target groups, a test listener, and the role with which ECS may change both.
pub(super) fn account(timing: Timing, seed: u64) -> Account {
    let check = HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() };
    let mut account = Account::seeded(timing, seed).with_load_balancer(check.clone());
    let primary = account.target_group.clone().expect("there is a load balancer");
    let (vpc, tags) = (account.vpc(), BTreeMap::new());
    let (name, target_type) = ("news-api-alternate".to_owned(), TargetType::Ip);
    let group = CreateTargetGroup { name, port: 8000, vpc, target_type, health_check: check, tags: tags.clone() };
    let alternate = account.must(group).arn;
    let listener = account.world.elb().listeners().next().expect("it was made").arn.to_string();
    let production_rule = account.must(CreateRule {
        listener,
        priority: 10,
        conditions: vec![Condition::Path(vec!["*".to_owned()])],
        forward: vec![(primary.to_string(), 100), (alternate.to_string(), 0)],
        tags: tags.clone(),
    });
    let load_balancer = account.must(DescribeLoadBalancers::default()).items.remove(0).arn.to_string();
    let forward = vec![(primary.to_string(), 1)];
    let test = account.must(CreateListener { load_balancer, port: 8080, forward, tags }).arn.to_string();
    let test_rule = account.must(DescribeRules { listener: Some(test), ..DescribeRules::default() }).items.remove(0);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = account.must(CreateRole {
        name: "infrastructure".to_owned(),
        path: None,
        trust_policy: trust.to_owned(),
        description: None,
        max_session_seconds: None,
        boundary: None,
        tags: Vec::new(),
    });
    allow(&mut account, "elasticloadbalancing:*");
    account.advanced = Some(AdvancedConfiguration {
        alternate,
        production_rule: production_rule.arn,
        test_rule: Some(test_rule.arn),
        role: role.entity.arn.to_string(),
    });
    account
}

/// Lets the role with which ECS changes rules do `action` and nothing else.
pub(super) fn allow(account: &mut Account, action: &str) {
    let document =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
    account.must(PutInlinePolicy::<Role>::new("infrastructure".to_owned(), "elb".to_owned(), document));
}

/// A service that runs `app:1` in a steady state; `app:2` is registered.
pub(super) fn serving(timing: Timing, shifting: &Shifting, second: Behaviour) -> Account {
    let mut account = account(timing, 7);
    account.driver.script("app:2", second);
    account.register(vec![container("app", "app:1")]);
    // Hooks are for the deployment that is looked at, and not for this one.
    let hooks = AskedShifting { hooks: Some(shifting.hooks.clone()), ..AskedShifting::default() };
    let first = Shifting { hooks: Vec::new(), ..shifting.clone() };
    account.create_service(&Deploy { shifting: first, ..Deploy::default() });
    account.until_steady();
    account.update(UpdateService { shifting: hooks, ..UpdateService::default() });
    account.until_steady();
    account.register(vec![container("app", "app:2")]);
    account
}

/// The stages that the deployment called `id` went through: each with its shares of production and test requests.
pub(super) fn stages(account: &Account, id: &str) -> Vec<String> {
    let line = |event: &Event| {
        if let EventKind::Lifecycle { deployment, stage, rolling_back, production, test, .. } = &event.kind
            && **deployment == *id
        {
            let back = if *rolling_back { "back " } else { "" };
            return Some(format!("{back}{stage} {production}/{test}"));
        }
        None
    };
    account.world.events().iter().filter_map(line).collect()
}

/// When the deployment called `id` entered each stage.
pub(super) fn entered(account: &Account, id: &str) -> Vec<(&'static str, Timestamp)> {
    let entered = |event: &Event| {
        if let EventKind::Lifecycle { deployment, stage, .. } = &event.kind
            && **deployment == *id
        {
            return Some((*stage, event.at));
        }
        None
    };
    account.world.events().iter().filter_map(entered).collect()
}

/// When deployments failed, and the reasons that AWS would give.
pub(super) fn failures(account: &Account) -> Vec<(Timestamp, String)> {
    let failure = |event: &Event| {
        if let EventKind::Deployment { rollout_state: "FAILED", reason, .. } = &event.kind {
            return Some((event.at, reason.clone()));
        }
        None
    };
    account.world.events().iter().filter_map(failure).collect()
}

/// The stage in which the service's shift of traffic is, if one is under way.
pub(super) fn stage(account: &Account) -> Option<&'static str> {
    let service = account.service();
    service.deployments[service.shifting()?].lifecycle_stage()
}

/// The weights of the production rule and of the test rule: of the primary and of the alternate target group.
pub(super) fn weights(account: &Account) -> ((u32, u32), (u32, u32)) {
    let advanced = account.advanced.as_ref().expect("the scene has it");
    let primary = account.target_group.as_ref().expect("there is a load balancer");
    let of = |rule: &Arn| {
        let rule = account.world.elb().rule(rule).expect("it was made");
        let weight =
            |group: &Arn| rule.shares.iter().find(|share| share.target_group == *group).map_or(0, |share| share.weight);
        (weight(primary), weight(&advanced.alternate))
    };
    (of(&advanced.production_rule), advanced.test_rule.as_ref().map_or((0, 0), of))
}

/// How many targets are healthy in the primary and in the alternate target group.
pub(super) fn healthy(account: &Account) -> (usize, usize) {
    targets(account, |state| state == TargetState::Healthy)
}

/// How many targets are there to stay, healthy or not.
pub(super) fn staying(account: &Account) -> (usize, usize) {
    targets(account, |state| state != TargetState::Draining)
}

fn targets(account: &Account, counts: impl Fn(TargetState) -> bool) -> (usize, usize) {
    let of = |group: &Arn| {
        let group = account.world.elb().target_group(group).expect("it was made");
        group.targets().filter(|target| counts(target.state)).count()
    };
    let primary = account.target_group.as_ref().expect("there is a load balancer");
    (of(primary), of(&account.advanced.as_ref().expect("the scene has it").alternate))
}

/// Revisions of the tasks that run and that nobody stops, in order.
pub(super) fn revisions(account: &Account) -> Vec<u32> {
    let tasks = account.world.ecs().tasks_of(account.service());
    let mut revisions: Vec<u32> = tasks.filter(|task| !task.stopping).map(|task| task.definition.revision).collect();
    revisions.sort_unstable();
    revisions
}

/// Time passes until nothing shifts and the primary deployment is done.
pub(super) fn until_over(account: &mut Account) {
    account.until("the deployment is over", 48 * HOUR, |account| {
        let service = account.service();
        service.shifting().is_none() && service.primary().rollout_state != RolloutState::InProgress
    });
}
