//! Containers replaced behind the load balancer, under load.

use simulator_core::Arn;
use simulator_core::effect::Target;
use simulator_core::elb::{Forwarding, Share};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_of_containers_under_load_loses_no_request() {
    let mut scene = Scene::new("rollout").await;
    let listener: Arn = "arn:aws:elasticloadbalancing:r:1:listener/app/x/1/2".parse().expect("an ARN");
    let group: Arn = "arn:aws:elasticloadbalancing:r:1:targetgroup/x/1".parse().expect("an ARN");
    let shares = vec![Share { target_group: group.clone(), weight: 1 }];
    let rules = vec![Forwarding { conditions: Vec::new(), shares }];
    scene.carry_out(Effect::Listen { listener: listener.clone(), rules, port: 80 }).await;
    let address = scene.observe(|observation| match observation {
        Observation::Listening { listener: it, address } if *it == listener => Some(*address),
        _ => None,
    });
    let url = format!("http://{}", address.await);

    let (mut old, address) = scene.task().await;
    scene.start(&old, "app", &serves("first")).await;
    scene.line("ready").await;
    let mut target = Target { address, port: 8000 };
    scene.carry_out(Effect::Route { target_group: group.clone(), targets: vec![target.clone()] }).await;

    let over = tokio::sync::watch::Sender::new(false);
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        let (url, over) = (url.clone(), over.subscribe());
        clients.spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let mut answers = Vec::new();
            while !*over.borrow() {
                let response = client.get(&url).send().await.expect("the load balancer answers");
                answers.push((response.status().as_u16(), response.text().await.expect("text")));
            }
            answers
        });
    }
    for version in ["second", "third"] {
        let (task, address) = scene.task().await;
        scene.start(&task, "app", &serves(version)).await;
        scene.line("ready").await;
        let next = Target { address, port: 8000 };
        let before = std::mem::replace(&mut target, next.clone());
        scene.carry_out(Effect::Route { target_group: group.clone(), targets: vec![next] }).await;
        scene.carry_out(Effect::DrainTarget { target_group: group.clone(), target: before.clone() }).await;
        let drained = |seen: &Observation| match seen {
            Observation::TargetDrained { target, .. } if *target == before => Some(()),
            _ => None,
        };
        scene.observe(drained).await;
        scene.stop(&old, "app", Duration::from_secs(1)).await;
        scene.clear(&old).await;
        old = task;
    }
    over.send_replace(true);
    let answers = clients.join_all().await.concat();
    let failed: Vec<_> = answers.iter().filter(|(status, _)| *status != 200).collect();
    assert_eq!(
        failed,
        Vec::<&(u16, String)>::new(),
        "of {}: {:?}",
        answers.len(),
        scene.driver.load_balancer.failures()
    );
    for version in ["first", "second", "third"] {
        assert!(answers.iter().any(|(_, text)| text == version), "{version} never answered");
    }
    scene.end().await;
}
