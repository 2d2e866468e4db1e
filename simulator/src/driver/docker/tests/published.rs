//! Where the addresses of containers do not answer, as behind a firewall: their ports are published on loopback, and used from there.

use simulator_core::effect::Target;
use simulator_core::elb::{Forwarding, Share};
use simulator_core::observation::ProbeAnswer;

use super::super::reach::Reach;
use super::*;

#[tokio::test]
async fn health_checks_and_requests_go_to_published_ports() {
    let mut scene = Scene::new("published").await;
    let shared = Arc::clone(&scene.driver.shared);
    shared.doors.settle(Reach::PublishedPorts);
    scene.driver.keep_spare_networks(1);
    let (task, address) = scene.task().await;
    scene.start(&task, "app", &serves("hello")).await;
    scene.line("ready").await;

    let target = Target { address, port: 8000 };
    let door = shared.doors.of(&target);
    assert!(door.address.is_loopback() && door.port != 8000, "{door:?}");
    // What is not in the task definition is not published.
    let other = Target { address, port: 8001 };
    assert_eq!(shared.doors.of(&other), other);

    let target_group: simulator_core::Arn = "arn:aws:elasticloadbalancing:r:1:targetgroup/x/1".parse().expect("an ARN");
    let probe = Effect::ProbeTarget {
        target_group: target_group.clone(),
        target: target.clone(),
        path: "/".into(),
        timeout: LONG,
    };
    scene.carry_out(probe).await;
    let answer = |seen: &Observation| match seen {
        Observation::TargetProbed { answer, target: probed, .. } => Some((answer.clone(), probed.clone())),
        _ => None,
    };
    assert_eq!(scene.observe(answer).await, (ProbeAnswer::Status(200), target.clone()));

    let listener: simulator_core::Arn = "arn:aws:elasticloadbalancing:r:1:listener/app/x/1/1".parse().expect("an ARN");
    scene.carry_out(Effect::Route { target_group: target_group.clone(), targets: vec![target.clone()] }).await;
    let shares = vec![Share { target_group: target_group.clone(), weight: 1 }];
    let rules = vec![Forwarding { conditions: Vec::new(), shares }];
    scene.carry_out(Effect::Listen { listener, rules, port: 80 }).await;
    let listens = |seen: &Observation| match seen {
        Observation::Listening { address, .. } => Some(*address),
        _ => None,
    };
    let balancer = scene.observe(listens).await;
    let body = reqwest::get(format!("http://{balancer}/")).await.expect("it is answered").text().await;
    assert_eq!(body.expect("it is text"), "hello");

    scene.carry_out(Effect::Route { target_group: target_group.clone(), targets: Vec::new() }).await;
    scene.carry_out(Effect::DrainTarget { target_group, target: target.clone() }).await;
    let drained = |seen: &Observation| match seen {
        Observation::TargetDrained { target: drained, .. } => Some(drained.clone()),
        _ => None,
    };
    assert_eq!(scene.observe(drained).await, target);
    scene.clear(&task).await;
    assert_eq!(shared.doors.of(&target), target);
    scene.end().await;
}
