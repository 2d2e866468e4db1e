//! Load balancers from their beginning to their end: changes, deletions, tags, quotas, refusals.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::ec2::{CreateSecurityGroup, DeleteSecurityGroup, DescribeSubnets, GroupRef};
use crate::effect::Effect;
use crate::observation::{Observation, ProbeAnswer};
use crate::trial::Trial;

/// An account with a load balancer on port 80 that forwards to one target group.
struct Scene {
    trial: Trial,
    subnets: Vec<String>,
    vpc: String,
    balancer: String,
    group: String,
    listener: String,
}

impl Scene {
    fn new() -> Self {
        let mut trial = Trial::new();
        let mut subnets = trial.done(DescribeSubnets::default()).items;
        subnets.sort_by(|one, other| one.zone.cmp(&other.zone));
        let vpc = subnets[0].vpc.clone();
        let subnets: Vec<String> = subnets.into_iter().map(|subnet| subnet.id).collect();
        let balancer = trial.done(balancer("web", &subnets[..2])).arn.to_string();
        let group = trial.done(group("web", &vpc)).arn.to_string();
        let listen = listen(&balancer, 80, &group);
        let listener = trial.done(listen).arn.to_string();
        trial.world.take_effects();
        Self { trial, subnets, vpc, balancer, group, listener }
    }

    fn another_group(&mut self, name: &str) -> String {
        let create = group(name, &self.vpc);
        self.trial.done(create).arn.to_string()
    }

    fn rule(&mut self, priority: u32, group: &str) -> String {
        let create = CreateRule {
            listener: self.listener.clone(),
            priority,
            conditions: vec![Condition::Path(vec![format!("/{priority}/*")])],
            forward: vec![(group.to_owned(), 1)],
            tags: BTreeMap::new(),
        };
        self.trial.done(create).arn.to_string()
    }

    fn state_of(&mut self, target: &TargetName) -> (TargetState, Option<&'static str>) {
        let described =
            self.trial.done(DescribeTargetHealth { target_group: self.group.clone(), targets: vec![target.clone()] });
        (described[0].state, described[0].reason.as_ref().map(|reason| reason.code))
    }
}

fn balancer(name: &str, subnets: &[String]) -> CreateLoadBalancer {
    CreateLoadBalancer {
        name: name.into(),
        subnets: subnets.to_vec(),
        security_groups: Vec::new(),
        scheme: None,
        tags: BTreeMap::new(),
    }
}

fn group(name: &str, vpc: &str) -> CreateTargetGroup {
    CreateTargetGroup {
        name: name.into(),
        port: 8000,
        vpc: vpc.into(),
        target_type: target_group::TargetType::Ip,
        health_check: HealthCheck::default(),
        tags: BTreeMap::new(),
    }
}

fn listen(load_balancer: &str, port: u16, group: &str) -> CreateListener {
    CreateListener {
        load_balancer: load_balancer.into(),
        port,
        forward: vec![(group.into(), 1)],
        tags: BTreeMap::new(),
    }
}

fn at(address: &str, port: Option<u16>) -> TargetName {
    TargetName { id: address.into(), port }
}

#[test]
fn what_is_deleted_is_gone_with_what_belongs_to_it() {
    let mut scene = Scene::new();
    let Scene { balancer, group, listener, .. } = &scene;
    let (balancer, group, listener) = (balancer.clone(), group.clone(), listener.clone());
    let rule = scene.rule(10, &group);
    let remove_group = DeleteTargetGroup { target_group: group.clone() };
    let in_use = format!("400 ResourceInUse: Target group '{group}' is currently in use by a listener or a rule");
    assert_eq!(scene.trial.refused(remove_group.clone()), in_use);
    scene.trial.world.take_effects();
    scene.trial.done(DeleteListener { listener: listener.clone() });
    let closed = Effect::StopListening { listener: listener.parse().expect("an ARN") };
    assert_eq!(scene.trial.world.take_effects(), [closed]);
    assert_eq!(
        scene.trial.refused(DeleteRule { rule }),
        "400 RuleNotFound: One or more rules not found",
        "a listener's rules go with it"
    );
    assert_eq!(
        scene.trial.refused(DeleteListener { listener }),
        "400 ListenerNotFound: One or more listeners not found"
    );
    let mut unused = scene.trial.done(DescribeTargetGroups::default()).items;
    assert_eq!(unused.remove(0).load_balancer, None);
    scene.trial.done(remove_group.clone());
    scene.trial.done(remove_group);
    scene.trial.done(DeleteLoadBalancer { load_balancer: balancer.clone() });
    scene.trial.done(DeleteLoadBalancer { load_balancer: balancer });
    assert_eq!(scene.trial.done(DescribeLoadBalancers::default()).items, []);
}

#[test]
fn a_load_balancer_goes_with_its_listeners_and_frees_its_security_group() {
    let mut scene = Scene::new();
    let create = CreateSecurityGroup { name: "lb".into(), description: "d".into(), ..CreateSecurityGroup::default() };
    let id = scene.trial.done(create).id;
    let load_balancer = scene.balancer.clone();
    let set = SetSecurityGroups { load_balancer: load_balancer.clone(), security_groups: vec![id.clone()] };
    assert_eq!(scene.trial.done(set), std::slice::from_ref(&id));
    let delete = DeleteSecurityGroup { group: GroupRef::Id(id.clone()) };
    let held = format!("400 DependencyViolation: resource {id} has a dependent object");
    assert_eq!(scene.trial.refused(delete.clone()), held);
    let protect = |value: &str| ModifyLoadBalancerAttributes {
        load_balancer: load_balancer.clone(),
        attributes: vec![("deletion_protection.enabled".into(), value.into())],
    };
    scene.trial.done(protect("true"));
    assert_eq!(
        scene.trial.refused(DeleteLoadBalancer { load_balancer: load_balancer.clone() }),
        format!(
            "400 OperationNotPermitted: Load balancer '{load_balancer}' cannot be deleted because deletion protection is enabled"
        )
    );
    scene.trial.done(protect("false"));
    scene.trial.done(DeleteLoadBalancer { load_balancer: load_balancer.clone() });
    let listener = scene.listener.parse().expect("an ARN");
    assert!(scene.trial.world.take_effects().contains(&Effect::StopListening { listener }));
    assert_eq!(scene.trial.done(DescribeListeners::default()).items, []);
    scene.trial.done(delete);
}

#[test]
fn a_listener_gets_another_port_and_another_group() {
    let mut scene = Scene::new();
    let other = scene.another_group("other");
    let arn: Arn = scene.listener.parse().expect("an ARN");
    let (listener, load_balancer) = (scene.listener.clone(), scene.balancer.clone());
    let modify = ModifyListener { listener, port: Some(8080), forward: Some(vec![(other.clone(), 1)]) };
    assert_eq!(scene.trial.done(modify.clone()).port, 8080);
    let effects = scene.trial.world.take_effects();
    let place = |wanted: &dyn Fn(&Effect) -> bool| effects.iter().position(wanted).expect("it was wanted");
    let closed = place(&|effect| matches!(effect, Effect::StopListening { listener } if *listener == arn));
    let opened = place(&|effect| matches!(effect, Effect::Listen { listener, port: 8080, .. } if *listener == arn));
    assert!(closed < opened);
    let used = |scene: &mut Scene, arn: &str| {
        let describe = DescribeTargetGroups { arns: vec![arn.to_owned()], ..DescribeTargetGroups::default() };
        scene.trial.done(describe).items.remove(0).load_balancer.map(|arn| arn.to_string())
    };
    let former = scene.group.clone();
    assert_eq!((used(&mut scene, &other), used(&mut scene, &former)), (Some(load_balancer.clone()), None));
    scene.trial.done(listen(&load_balancer, 80, &other));
    assert_eq!(
        scene.trial.refused(ModifyListener { port: Some(80), ..modify }),
        format!(
            "400 DuplicateListener: A listener already exists on this port for this load balancer '{load_balancer}'"
        )
    );
}

#[test]
fn a_health_check_changes_without_a_target_losing_its_health() {
    let mut scene = Scene::new();
    let target = at("172.31.0.9", None);
    let target_group = scene.group.clone();
    scene.trial.done(RegisterTargets { target_group: target_group.clone(), targets: vec![target.clone()] });
    assert_eq!(scene.state_of(&target), (TargetState::Initial, Some("Elb.InitialHealthChecking")));
    let path_of = |effects: Vec<Effect>| {
        let mut probes = effects.into_iter().filter(|effect| matches!(effect, Effect::ProbeTarget { .. }));
        let Some(Effect::ProbeTarget { path, timeout, .. }) = probes.next() else { panic!("the target is not probed") };
        (path.to_string(), timeout)
    };
    assert_eq!(path_of(scene.trial.world.take_effects()).0, "/");
    let answered = Observation::TargetProbed {
        target_group: target_group.parse().expect("an ARN"),
        target: Target { address: "172.31.0.9".parse().expect("an address"), port: 8000 },
        answer: ProbeAnswer::Status(200),
    };
    scene.trial.world.observe(scene.trial.now, answered);
    let modify = ModifyTargetGroup {
        target_group,
        path: Some("/healthz".into()),
        interval: Some(Duration::from_secs(10)),
        timeout: Some(Duration::from_secs(3)),
        ..ModifyTargetGroup::default()
    };
    let changed = scene.trial.done(modify.clone()).health_check;
    assert_eq!((changed.healthy_threshold, changed.matcher.as_str()), (5, "200"), "the rest stays");
    assert_eq!(scene.state_of(&target), (TargetState::Healthy, None));
    scene.trial.world.take_effects();
    scene.trial.wait(Duration::from_secs(10));
    assert_eq!(path_of(scene.trial.world.take_effects()), ("/healthz".to_owned(), Duration::from_secs(3)));
    assert_eq!(
        scene.trial.refused(ModifyTargetGroup { interval: Some(Duration::from_secs(3)), ..modify }),
        "400 ValidationError: Health check interval must be between 5 and 300"
    );
}

#[test]
fn targets_are_registered_by_hand_and_leave_after_the_delay() {
    let mut scene = Scene::new();
    let target_group = scene.group.clone();
    let (one, other) = (at("172.31.0.9", None), at("10.0.0.1", Some(9000)));
    let targets = vec![one.clone(), other.clone()];
    scene.trial.done(RegisterTargets { target_group: target_group.clone(), targets: targets.clone() });
    assert_eq!(scene.state_of(&other), (TargetState::Initial, Some("Elb.InitialHealthChecking")));
    for (targets, refused) in [
        (
            vec![at("8.8.8.8", None)],
            "400 InvalidTarget: The IP address '8.8.8.8' is not within the address ranges that can be registered as targets",
        ),
        (vec![at("i-0123", None)], "400 ValidationError: The IP address 'i-0123' is not valid"),
        (Vec::new(), "400 ValidationError: At least one target must be specified"),
    ] {
        let register = RegisterTargets { target_group: target_group.clone(), targets };
        assert_eq!(scene.trial.refused(register), refused);
    }
    scene.trial.done(DeregisterTargets { target_group: target_group.clone(), targets });
    assert_eq!(scene.state_of(&one), (TargetState::Draining, Some("Target.DeregistrationInProgress")));
    scene.trial.wait(Duration::from_secs(300));
    assert_eq!(scene.state_of(&one), (TargetState::Unused, Some("Target.NotRegistered")));
    scene.trial.done(DeregisterTargets { target_group, targets: vec![one] });
}

#[test]
fn rules_change_places_all_at_once() {
    let mut scene = Scene::new();
    let group = scene.group.clone();
    let (one, other) = (scene.rule(10, &group), scene.rule(20, &group));
    let swap = SetRulePriorities { priorities: vec![(one.clone(), 20), (other.clone(), 10)] };
    let moved: Vec<Priority> = scene.trial.done(swap).into_iter().map(|rule| rule.priority).collect();
    assert_eq!(moved, [Priority::At(20), Priority::At(10)]);
    let listener = Some(scene.listener.clone());
    let rules = scene.trial.done(DescribeRules { listener, ..DescribeRules::default() }).items;
    let order: Vec<String> = rules.iter().map(|rule| rule.arn.to_string()).collect();
    assert_eq!(order[..2], [other.clone(), one.clone()]);
    let default = order[2].clone();
    for (priorities, refused) in [
        (vec![(one.clone(), 10)], "400 PriorityInUse: Priority '10' is currently in use".to_owned()),
        (vec![(one.clone(), 30), (other, 30)], "400 PriorityInUse: Priority '30' is currently in use".to_owned()),
        (vec![(one.clone(), 0)], "400 ValidationError: Priority '0' must be between 1 and 50000".to_owned()),
        (
            vec![(one.clone(), 1), (one.clone(), 2)],
            format!("400 ValidationError: Rule '{one}' is specified more than once"),
        ),
        (
            vec![(default.clone(), 1)],
            format!("400 OperationNotPermitted: Priority of default rule '{default}' cannot be modified"),
        ),
    ] {
        assert_eq!(scene.trial.refused(SetRulePriorities { priorities }), refused);
    }
}

#[test]
fn a_load_balancer_moves_to_other_subnets() {
    let mut scene = Scene::new();
    let load_balancer = scene.balancer.clone();
    let subnets = vec![scene.subnets[1].clone(), scene.subnets[2].clone()];
    let zones = scene.trial.done(SetSubnets { load_balancer: load_balancer.clone(), subnets: subnets.clone() });
    let zones: Vec<&str> = zones.iter().map(|(_, zone)| zone.as_str()).collect();
    assert_eq!(zones, ["eu-central-1b", "eu-central-1c"]);
    let only = SetSubnets { load_balancer: load_balancer.clone(), subnets: subnets[..1].to_vec() };
    assert!(scene.trial.refused(only).contains("At least two subnets in two different Availability Zones"));
    let none = SetSecurityGroups { load_balancer, security_groups: vec!["sg-1".into()] };
    assert_eq!(scene.trial.refused(none), "400 InvalidSecurityGroup: The security group 'sg-1' does not exist");
}

#[test]
fn tags_come_and_go_and_are_limited() {
    let mut scene = Scene::new();
    let rule = {
        let group = scene.group.clone();
        scene.rule(1, &group)
    };
    let arns = vec![scene.balancer.clone(), scene.group.clone(), scene.listener.clone(), rule];
    let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    scene.trial.done(AddTags { arns: arns.clone(), tags: tags(&[("a", "1"), ("b", "2")]) });
    scene.trial.done(RemoveTags { arns: arns.clone(), keys: vec!["a".into(), "x".into()] });
    for (_, left) in scene.trial.done(DescribeTags { arns: arns.clone() }) {
        assert_eq!(left, tags(&[("b", "2")]));
    }
    let many = (0..50).map(|number| (number.to_string(), String::new())).collect();
    for (arn, tags, refused) in [
        (&arns[0], many, "400 TooManyTags: The maximum number of tags per resource is '50'".to_owned()),
        (&arns[0], tags(&[("aws:x", "1")]), "400 ValidationError: Tag key 'aws:x' cannot begin with 'aws:'".to_owned()),
        (&arns[0], tags(&[("a,b", "1")]), "400 ValidationError: Tag 'a,b' is not valid".to_owned()),
        (&format!("{}0", arns[1]), tags(&[("a", "1")]), format!("400 TargetGroupNotFound: '{}0' not found", arns[1])),
    ] {
        assert_eq!(scene.trial.refused(AddTags { arns: vec![arn.clone()], tags }), refused);
    }
}

#[test]
fn listings_come_in_pages() {
    let mut scene = Scene::new();
    for name in ["b", "c", "d"] {
        scene.another_group(name);
    }
    let window = |marker, size| Window { marker, size: Some(size) };
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let describe = DescribeTargetGroups { window: window(marker, 3), ..DescribeTargetGroups::default() };
        let page = scene.trial.done(describe);
        names.extend(page.items.into_iter().map(|group| group.name));
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    names.sort();
    assert_eq!(names, ["b", "c", "d", "web"]);
    for (window, refused) in [
        (
            window(None, 0),
            "400 ValidationError: 1 validation error detected: Value '0' at 'pageSize' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (window(Some("x".into()), 1), "400 ValidationError: Invalid marker"),
    ] {
        let describe = DescribeLoadBalancers { window, ..DescribeLoadBalancers::default() };
        assert_eq!(scene.trial.refused(describe), refused);
    }
}

#[test]
fn what_cannot_be_named_or_had_is_refused() {
    let mut scene = Scene::new();
    let (balancer, group) = (scene.balancer.clone(), scene.group.clone());
    assert_eq!(
        scene.trial.refused(DeleteLoadBalancer { load_balancer: group.clone() }),
        format!("400 ValidationError: '{group}' is not a valid load balancer ARN")
    );
    assert_eq!(
        scene.trial.refused(DeleteTargetGroup { target_group: "web".into() }),
        "400 ValidationError: 'web' is not a valid target group ARN"
    );
    for (attribute, refused) in [
        (
            ("deletion_protection.enabled", "yes"),
            "400 InvalidConfigurationRequest: Load balancer attribute 'deletion_protection.enabled' must be 'true' or 'false': 'yes'",
        ),
        (("colour", "red"), "400 ValidationError: Load balancer attribute key 'colour' is not recognized"),
        (
            ("idle_timeout.timeout_seconds", "30"),
            "greenroom does not simulate load balancer attribute `idle_timeout.timeout_seconds` = `30`",
        ),
    ] {
        let attributes = vec![(attribute.0.to_owned(), attribute.1.to_owned())];
        let modify = ModifyLoadBalancerAttributes { load_balancer: balancer.clone(), attributes };
        assert_eq!(scene.trial.refused(modify), refused);
    }
    for port in 81..130 {
        scene.trial.done(listen(&balancer, port, &group));
    }
    assert_eq!(
        scene.trial.refused(listen(&balancer, 130, &group)),
        "400 TooManyListeners: The maximum number of listeners for this load balancer has been reached"
    );
    for priority in 1..=100 {
        scene.rule(priority, &group);
    }
    let one_more = CreateRule {
        listener: scene.listener.clone(),
        priority: 101,
        conditions: vec![Condition::Path(vec!["/".into()])],
        forward: vec![(group, 1)],
        tags: BTreeMap::new(),
    };
    assert_eq!(
        scene.trial.refused(one_more),
        "400 TooManyRules: The maximum number of rules for this load balancer has been reached"
    );
    let limits = scene.trial.done(DescribeAccountLimits {});
    assert!(limits.contains(&("listeners-per-application-load-balancer", 50)));
}
