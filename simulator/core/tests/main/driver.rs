//! The driver in virtual time: what it does with a behaviour, and how it ends.

use std::time::Duration;

use simulator_core::ecs::{Task, TaskStatus};
use simulator_core::elb::{HealthCheck, Reach};
use simulator_core::virtual_time::{Ended, OutOfMemory, Script, Step, Variation, VirtualTime};
use simulator_core::{Timing, World};

use crate::virtual_time::{
    Account, Behaviour, Deploy, Image, container, health_check, secs, until_over, until_running,
};

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Runs one task whose only container behaves so, with `memory` MiB of its own, and says when it ended and how.
fn end_of(behaviour: Behaviour, memory: Option<u32>) -> (Duration, Option<i32>, bool) {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:1", behaviour);
    let mut app = container("app", "app:1");
    app.memory = memory;
    let id = account.run_task(vec![app]);
    until_over(&mut account, &id);
    let app = &account.task(&id).containers[0];
    let lived = app.stopped_at.expect("it is over").since(app.started_at.expect("it ran"));
    (lived, app.exit_code, app.reason.as_deref().is_some_and(|reason| reason.starts_with("OutOfMemoryError")))
}

#[test]
fn a_container_ends_as_its_behaviour_says() {
    let exiting = |after, code| Behaviour::exiting(secs(after), code);
    let peak = Behaviour { peak_memory: Some(300), ..Behaviour::exiting(secs(9), 0) };
    for (behaviour, memory, end) in [
        (exiting(3, 1), None, (secs(3), Some(1), false)),
        (exiting(3, 137), None, (secs(3), Some(137), false)),
        (Behaviour::out_of_memory(secs(4)), None, (secs(4), Some(137), true)),
        (Behaviour { exits: Some((secs(3), 0)), ..Behaviour::out_of_memory(secs(4)) }, None, (secs(3), Some(0), false)),
        (peak.clone(), Some(299), (secs(2), Some(137), true)),
        (peak.clone(), Some(300), (secs(9), Some(0), false)),
        // The task has 512 MiB.
        (peak.clone(), None, (secs(9), Some(0), false)),
        (Behaviour { peak_memory: Some(513), ..peak }, None, (secs(2), Some(137), true)),
    ] {
        assert_eq!(end_of(behaviour.clone(), memory), end, "{behaviour:?} with {memory:?} MiB");
    }
}

/// Only a container that a load balancer sends requests to is under load, and from then on its time counts.
#[test]
fn out_of_memory_under_load_counts_from_the_first_request() {
    let hungry = OutOfMemory { after: secs(30), under_load: true };
    let behaviour = Behaviour { out_of_memory: Some(hungry), ..Behaviour::healthy_after(millis(6_000)) };
    let mut account = Account::new(Timing::rehearsal()).with_load_balancer(HealthCheck::default());
    account.driver.script_in_turn("app:1", vec![behaviour.clone(), Behaviour::healthy()]);
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until("it is sent requests", secs(60), |account| account.driver.routes.values().any(|to| !to.is_empty()));
    let loaded = account.world.now();
    fn first(account: &Account) -> &Task {
        account.world.ecs().tasks()[0]
    }
    account.until("it is killed", secs(60), |account| first(account).containers[0].exit_code == Some(137));
    assert_eq!(account.world.now(), loaded + secs(30));

    let mut account = Account::new(Timing::rehearsal());
    account.driver.script("app:1", behaviour);
    let id = account.run_task(vec![container("app", "app:1")]);
    until_running(&mut account, &id);
    while account.driver.step(&mut account.world) {}
    assert_eq!(account.task(&id).last_status, TaskStatus::Running, "nobody sends it requests");
}

#[test]
fn a_hanging_container_answers_neither_probes_nor_requests() {
    let mut account = Account::new(Timing::aws()).with_load_balancer(HealthCheck::default());
    let hangs = Behaviour { hangs: Some(secs(100)), ..Behaviour::healthy() };
    account.driver.script_in_turn("app:1", vec![hangs, Behaviour::healthy()]);
    let mut app = container("app", "app:1");
    app.health_check = Some(health_check());
    account.register(vec![app]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until_steady();
    account.until("it is replaced", secs(600), |account| account.world.ecs().tasks()[0].stop.is_some());
    let reason = account.world.ecs().tasks()[0].stop.as_ref().map(|stop| stop.reason.clone());
    assert_eq!(reason.as_deref(), Some("Task failed container health checks"));
    assert_eq!(account.world.ecs().tasks()[0].containers[0].health_output, "timed out");
}

/// What a script says is fixed when the image is wanted: two containers that are pulled at once have one turn each.
#[test]
fn containers_take_turns_in_the_order_in_which_their_images_are_wanted() {
    let mut account = Account::new(Timing::aws());
    let slow = Behaviour { image: Image::Pulls(secs(9)), ..Behaviour::exiting(secs(1), 1) };
    account.driver.script_in_turn("app:1", vec![slow, Behaviour::exiting(secs(1), 2)]);
    let one = account.run_task(vec![container("app", "app:1")]);
    let other = account.run_task(vec![container("app", "app:1")]);
    until_over(&mut account, &one);
    until_over(&mut account, &other);
    let code = |id| account.task(id).containers[0].exit_code;
    assert_eq!((code(&one), code(&other)), (Some(1), Some(2)));
}

#[test]
fn a_listener_is_reached_somewhere() {
    let mut account = Account::new(Timing::aws()).with_load_balancer(HealthCheck::default());
    while account.driver.step(&mut account.world) {}
    assert!(account.world.elb().listeners().all(|listener| matches!(listener.reach, Reach::At(_))));
}

#[test]
fn a_run_says_how_it_ended() {
    let mut account = Account::new(Timing::aws());
    let mut virtual_time = VirtualTime::default();
    let id = account.run_task(vec![container("app", "app:1")]);
    let running = |world: &World| world.ecs().task(&id).is_some_and(|task| task.last_status == TaskStatus::Running);
    let start = account.world.now();
    // 100 ms for the network, a second for the image, 500 ms for the start.
    assert_eq!(virtual_time.run_until(&mut account.world, running, start + millis(1_599)), Ended::Late);
    assert_eq!(account.world.now(), start + millis(1_100), "nothing later than allowed has happened");
    assert_eq!(virtual_time.run_until(&mut account.world, running, start + millis(1_600)), Ended::Reached);
    assert_eq!(virtual_time.run_until(&mut account.world, |_| false, start + secs(60)), Ended::Quiet);
    assert_eq!(virtual_time.step(&mut account.world), Step::Quiet);
    assert_eq!(virtual_time.next_at(&mut account.world), None);
}

/// The same script, seed and calls give the same trace; another seed other times.
#[test]
fn variation_repeats() {
    let trace = |seed| {
        let mut script = Script::default();
        script.vary(Variation { percent: 30, seed });
        let mut account = Account::new(Timing::aws());
        account.register(vec![container("app", "app:1")]);
        account.create_service(&Deploy { desired: 4, ..Deploy::default() });
        let until = account.world.now() + secs(300);
        let mut virtual_time = VirtualTime::new(script);
        assert_eq!(virtual_time.run_until(&mut account.world, |_| false, until), Ended::Late);
        format!("{:?}", account.world.events())
    };
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
}
