//! Services behind a load balancer.

use simulator_core::ecs::definition::{ContainerDefinition, PortMapping};
use simulator_core::effect::Target;
use simulator_core::virtual_time::Behaviour;
use simulator_core::{Arn, EventKind, World};

use crate::account::{
    container, create_service, deploy, health_check, load_balancer, quiet, register, said, secs, server, statuses,
    until_steady, with,
};
use crate::stage::Stage;

/// A container that is reached on port 8000.
fn open(definition: ContainerDefinition) -> ContainerDefinition {
    let port = PortMapping {
        container_port: 8000,
        host_port: None,
        protocol: "tcp".to_owned(),
        name: None,
        app_protocol: None,
    };
    ContainerDefinition { port_mappings: vec![port], ..definition }
}

/// The states that the `place`th target of `group`, in the order of registration, went through.
fn target_states(stage: &impl Stage, group: &Arn, place: usize) -> Vec<&'static str> {
    let mut targets: Vec<Target> = Vec::new();
    let mut states = Vec::new();
    stage.look(|world| {
        for event in world.events() {
            let EventKind::TargetHealth { target_group, target, state, .. } = &event.kind else { continue };
            if target_group == group && !targets.contains(target) {
                targets.push(target.clone());
            }
            if targets.get(place) == Some(target) {
                states.push(*state);
            }
        }
    });
    states
}

pub(crate) async fn a_clean_rollout(stage: &mut impl Stage) {
    let group = load_balancer(stage);
    let app = with(stage, "app", &server(), open);
    register(stage, vec![app]);
    create_service(stage, Some(&group), None);
    until_steady(stage).await;
    let app = with(stage, "app", &server(), open);
    register(stage, vec![app]);
    deploy(stage);
    until_steady(stage).await;
    assert_eq!(
        said(stage),
        [
            ") has started 1 tasks: (task A).",
            ") registered 1 targets in (target-group B)",
            ") (deployment ecs-svc/C) deployment completed.",
            ") has reached a steady state.",
            ") has started 1 tasks: (task D).",
            ") registered 1 targets in (target-group B)",
            ") has stopped 1 running tasks: (task A).",
            ") deregistered 1 targets in (target-group B)",
            ", taskSet ecs-svc/C) has begun draining connections on 1 tasks.",
            ") (deployment ecs-svc/E) deployment completed.",
            ") has reached a steady state.",
        ]
    );
    assert_eq!(target_states(stage, &group, 0), ["initial", "healthy", "draining", "unused"]);
    assert_eq!(target_states(stage, &group, 1), ["initial", "healthy"]);
    let (old, new) = stage.look(|world| {
        let tasks = world.ecs().tasks();
        (tasks[0].id, tasks[1].id)
    });
    let all = ["PROVISIONING", "PENDING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];
    assert_eq!(statuses(stage, &old), all);
    assert_eq!(statuses(stage, &new), all[..3]);
    let stop = stage.look(|world| world.ecs().task(&old).and_then(|task| task.stop.clone()));
    assert_eq!(stop.map(|stop| stop.code.as_str()), Some("ServiceSchedulerInitiated"));
}

/// The load balancer asks the app's port, on which another container of the task listens.
pub(crate) async fn the_containers_of_a_task_share_one_network(stage: &mut impl Stage) {
    let group = load_balancer(stage);
    let app = with(stage, "app", &quiet(), open);
    let proxy = container(stage, "proxy", &server());
    register(stage, vec![app, proxy]);
    create_service(stage, Some(&group), None);
    until_steady(stage).await;
    assert_eq!(target_states(stage, &group, 0), ["initial", "healthy"]);
}

/// A container is unhealthy after five seconds, but its task is not replaced before the grace period is over.
pub(crate) async fn the_grace_period_puts_off_the_replacement(stage: &mut impl Stage) {
    let group = load_balancer(stage);
    let app = with(stage, "app", &Behaviour { healthy: None, ..server() }, |definition| ContainerDefinition {
        health_check: Some(health_check()),
        ..open(definition)
    });
    register(stage, vec![app]);
    let grace = secs(8);
    create_service(stage, Some(&group), Some(grace));
    let replaced = |world: &World| {
        let first = *world.ecs().tasks().first()?;
        let stop = first.stop.clone()?;
        Some((stop.code.as_str(), stop.reason.clone(), first.stopping_at?.since(first.started_at?)))
    };
    let (code, reason, after) = stage.until("it is replaced", secs(30), replaced).await;
    assert_eq!((code, reason.as_str()), ("ServiceSchedulerInitiated", "Task failed container health checks"));
    assert!(after >= grace, "replaced after {after:?}");
    let turned = stage.look(|world| {
        let first = *world.ecs().tasks().first()?;
        let unhealthy = |kind: &EventKind| {
            matches!(kind, EventKind::ContainerHealth { task, status, .. } if *task == first.id && *status == "UNHEALTHY")
        };
        let turned = world.events().iter().find(|event| unhealthy(&event.kind))?;
        Some(turned.at.since(first.started_at?))
    });
    let turned = turned.expect("it was unhealthy before");
    assert!(turned + secs(1) < grace, "it was unhealthy after {turned:?} only");
}
