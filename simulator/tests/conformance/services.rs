//! Services whose containers fail.

use std::time::Duration;

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::RolloutState;
use simulator_core::virtual_time::Behaviour;
use simulator_core::{EventKind, World};

use crate::account::{
    LONG, create_service, deploy, health_check, quiet, register, said, secs, service, until_steady, with,
};
use crate::stage::Stage;

fn checked(definition: ContainerDefinition) -> ContainerDefinition {
    ContainerDefinition { health_check: Some(health_check()), ..definition }
}

pub(crate) async fn a_container_that_is_never_healthy_is_replaced(stage: &mut impl Stage) {
    let app = with(stage, "app", &Behaviour { healthy: None, ..quiet() }, checked);
    register(stage, vec![app]);
    create_service(stage, None, None);
    let stopped = |world: &World| {
        let tasks = world.ecs().tasks();
        let stop = tasks.first()?.stop.clone()?;
        Some((stop.code.as_str(), stop.reason.clone(), tasks.len()))
    };
    let stop = stage.until("the first task is stopped", secs(20), stopped).await;
    assert_eq!(stop.0, "ServiceSchedulerInitiated");
    assert_eq!(stop.1, "Task failed container health checks");
    assert_eq!(stop.2, 2, "the replacement starts first");
    assert_eq!(
        said(stage)[..3],
        [
            ") has started 1 tasks: (task A).",
            ") (task A) failed container health checks.",
            ") has started 1 tasks: (task B). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        ]
    );
}

pub(crate) async fn a_deployment_that_fails_is_rolled_back(stage: &mut impl Stage) {
    let good = with(stage, "good", &quiet(), checked);
    register(stage, vec![good]);
    create_service(stage, None, None);
    until_steady(stage).await;
    let old = stage.look(|world| service(world).primary().id.clone());
    let bad = Behaviour { exits: Some((Duration::from_millis(300), 1)), healthy: None, ..quiet() };
    let bad = with(stage, "bad", &bad, checked);
    register(stage, vec![bad]);
    let new = deploy(stage);
    let back = |world: &World| {
        let primary = service(world).primary();
        (primary.id == old && primary.rollout_state == RolloutState::Completed).then_some(())
    };
    stage.until("the old deployment is back", LONG, back).await;
    until_steady(stage).await;
    let counted = |kind: &EventKind| match kind {
        EventKind::BreakerCounted { deployment, failures, threshold, .. } if *deployment == new => {
            Some((*failures, *threshold))
        }
        _ => None,
    };
    let counted: Vec<(u32, u32)> =
        stage.look(|world| world.events().iter().filter_map(|event| counted(&event.kind)).collect());
    assert_eq!(counted, [(1, 3), (2, 3), (3, 3)]);
    let states = |kind: &EventKind| match kind {
        EventKind::Deployment { id, rollout_state, .. } => Some((*id == new, *rollout_state)),
        _ => None,
    };
    let states: Vec<(bool, &str)> =
        stage.look(|world| world.events().iter().filter_map(|event| states(&event.kind)).collect());
    assert_eq!(
        states,
        [
            (false, "IN_PROGRESS"),
            (false, "COMPLETED"),
            (true, "IN_PROGRESS"),
            (true, "FAILED"),
            (false, "IN_PROGRESS"),
            (false, "COMPLETED"),
        ]
    );
    let newest: Vec<String> = stage.look(|world| {
        let newest = service(world).events.iter().take(4).rev();
        newest.map(|event| event.message.trim_start_matches("(service news").to_owned()).collect()
    });
    assert_eq!(
        newest,
        [
            format!(") (deployment {new}) deployment failed: tasks failed to start."),
            format!(") rolling back to deployment {old}."),
            format!(") (deployment {old}) deployment completed."),
            ") has reached a steady state.".to_owned(),
        ]
    );
    stage.look(|world| {
        let tasks: Vec<_> = world.ecs().tasks_of(service(world)).collect();
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0].definition.revision, 1, "the old revision serves, and was never stopped");
        assert!(tasks[0].stop.is_none());
    });
}
