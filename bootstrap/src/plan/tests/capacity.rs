//! A project whose cluster has a strategy for its capacity, and whose service is scaled by itself.

use serde_json::json;

use super::model::of;
use super::*;
use crate::desired::tests::{example_config, example_location};

#[test]
fn the_cluster_gets_its_strategy_and_the_service_takes_it() {
    let strategy = json!([{"provider": "FARGATE_SPOT", "weight": 4}, {"provider": "FARGATE", "base": 1, "weight": 1}]);
    let capacity = serde_json::from_value(json!({"strategy": strategy})).expect("a section");
    let mut config = crate::Config { capacity: Some(capacity), ..example_config(|_| ()) };
    config.service.autoscaling = true;
    let desired = Desired::new(&config, &example_location()).expect("no contradictions");
    let first = plan(&desired, &new_account()).to_string();
    for said in [
        "create service-linked role `AWSServiceRoleForApplicationAutoScaling_ECSService`: missing; Application Auto Scaling changes the desired count through it",
        "create cluster `news` on FARGATE with base 1 and weight 1, FARGATE_SPOT with weight 4: missing; the service runs in it",
    ] {
        assert!(first.contains(said), "{first}");
    }
    let mut account = complete(&desired);
    assert!(plan(&desired, &account).is_empty());

    // (what is changed, what is said, whether it can be mended)
    type Case = (fn(&mut Observed), &'static str, bool);
    let cases: [Case; 3] = [
        (
            |account| of!(account, Cluster, Cluster, "news").expect("it was made").strategy.clear(),
            "set capacity of cluster `news`: capacity: wanted FARGATE with base 1 and weight 1, FARGATE_SPOT with weight 4, found no strategy",
            true,
        ),
        (
            |account| {
                of!(account, Cluster, Cluster, "news").expect("it was made").providers.retain(|name| name != "FARGATE");
            },
            "set capacity of cluster `news`: capacity:",
            true,
        ),
        (
            |account| of!(account, Service, Service, "news/news-api").expect("it was made").has_launch_type = true,
            "left as it is: service `news/news-api`: capacity: wanted a strategy, found a launch type",
            false,
        ),
    ];
    for (change, said, mended) in cases {
        change(&mut account);
        let plan = super::plan(&desired, &account);
        assert!(plan.to_string().contains(said), "{plan}");
        account = model::apply(&plan, &account);
        assert_eq!(super::plan(&desired, &account).has_drifted(), !mended, "{said}");
    }
}
