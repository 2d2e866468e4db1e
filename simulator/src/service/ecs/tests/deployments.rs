//! The history of services, CodeDeploy's services, tags and deletion on the wire.

use serde_json::{Value, json};
use simulator_core::ec2::{DescribeSubnets, Subnet};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheck};
use simulator_core::{Refusal, World};

use super::{NOW, call, definition, must, world};

/// An account with a cluster and a task definition, and its subnets.
fn prepared() -> (World, Vec<Subnet>) {
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    let mut plain = definition();
    plain["taskRoleArn"] = Value::Null;
    must(&mut world, "RegisterTaskDefinition", plain);
    let root = world.root();
    let subnets = world.call(NOW, &root, DescribeSubnets::default()).expect("root may").items;
    (world, subnets)
}

#[test]
fn the_history_of_a_service_is_listed_and_described() {
    let (mut world, subnets) = prepared();
    let created = must(
        &mut world,
        "CreateService",
        json!({
            "cluster": "news", "serviceName": "news-api", "taskDefinition": "news-api", "desiredCount": 0,
            "launchType": "FARGATE", "networkConfiguration": { "awsvpcConfiguration": { "subnets": [subnets[0].id] } },
        }),
    );
    let arn = created["service"]["currentServiceDeployment"].clone();
    let revision = created["service"]["currentServiceRevisions"][0]["arn"].clone();
    let now = json!(1_800_000_000.25);
    let brief = json!({
        "serviceDeploymentArn": arn,
        "serviceArn": "arn:aws:ecs:eu-central-1:123456789012:service/news/news-api",
        "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/news",
        "createdAt": now, "startedAt": now, "finishedAt": now,
        "status": "SUCCESSFUL",
        "targetServiceRevisionArn": revision,
    });
    let ask = json!({ "cluster": "news", "service": "news-api", "status": ["SUCCESSFUL"], "createdAt": { "after": 1_700_000_000 } });
    let listed = must(&mut world, "ListServiceDeployments", ask);
    assert_eq!(listed, json!({ "serviceDeployments": [brief] }));
    let described = must(&mut world, "DescribeServiceDeployments", json!({ "serviceDeploymentArns": [arn] }));
    let shown = &described["serviceDeployments"][0];
    assert_eq!(shown["deploymentCircuitBreaker"], json!({ "status": "DISABLED", "failureCount": 0, "threshold": 3 }));
    assert_eq!(
        shown["targetServiceRevision"],
        json!({ "arn": revision, "requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0 })
    );
    assert_eq!((&shown["sourceServiceRevisions"], shown.get("lifecycleStage")), (&json!([]), None));
    let described = must(&mut world, "DescribeServiceRevisions", json!({ "serviceRevisionArns": [revision] }));
    let shown = &described["serviceRevisions"][0];
    assert_eq!(shown["taskDefinition"], "arn:aws:ecs:eu-central-1:123456789012:task-definition/news-api:1");
    assert_eq!(shown["containerImages"][0], json!({ "containerName": "init", "image": "init:1" }));

    let stop = json!({ "serviceDeploymentArn": arn, "stopType": "ROLLBACK" });
    let message = "The service deployment is in the SUCCESSFUL state and cannot be stopped.";
    assert_eq!(call(&mut world, "StopServiceDeployment", stop), Err(Refusal::fault("ConflictException", message)));

    for (key, value) in
        [("status", json!(["DONE"])), ("maxResults", json!(101)), ("createdAt", json!({ "after": "x" }))]
    {
        let mut request = json!({ "cluster": "news", "service": "news-api" });
        request[key] = value;
        assert!(call(&mut world, "ListServiceDeployments", request).is_err(), "{key}");
    }
}

#[test]
fn what_was_made_is_tagged_and_deleted() {
    let (mut world, subnets) = prepared();
    let mut request = json!({
        "cluster": "news", "serviceName": "news-api", "taskDefinition": "news-api", "desiredCount": 0,
        "launchType": "FARGATE", "networkConfiguration": { "awsvpcConfiguration": { "subnets": [subnets[0].id] } },
    });
    for kind in ["EXTERNAL", "CODE_DEPLOY", "OTHER"] {
        request["deploymentController"] = json!({ "type": kind });
        let refusal = call(&mut world, "CreateService", request.clone()).expect_err(kind);
        assert_eq!(matches!(refusal, Refusal::NotSimulated { .. }), kind == "EXTERNAL", "{refusal}");
    }
    request["deploymentController"] = json!({ "type": "ECS" });
    must(&mut world, "CreateService", request);

    let arn = "arn:aws:ecs:eu-central-1:123456789012:service/news/news-api";
    let tags = json!([{ "key": "team", "value": "a" }]);
    assert_eq!(must(&mut world, "TagResource", json!({ "resourceArn": arn, "tags": tags })), json!({}));
    assert_eq!(must(&mut world, "ListTagsForResource", json!({ "resourceArn": arn })), json!({ "tags": tags }));
    assert_eq!(must(&mut world, "UntagResource", json!({ "resourceArn": arn, "tagKeys": ["team"] })), json!({}));
    assert_eq!(must(&mut world, "ListTagsForResource", json!({ "resourceArn": arn })), json!({ "tags": [] }));

    let refusal = call(&mut world, "DeleteCluster", json!({ "cluster": "news" })).expect_err("a service is in it");
    assert!(matches!(refusal, Refusal::Fault { code: "ClusterContainsServicesException", .. }), "{refusal}");
    let deleted = must(&mut world, "DeleteService", json!({ "cluster": "news", "service": arn, "force": true }));
    assert_eq!(
        (&deleted["service"]["status"], &deleted["service"]["deployments"]),
        (&json!("INACTIVE"), &json!([])),
        "it had no tasks"
    );
    let deleted = must(&mut world, "DeleteCluster", json!({ "cluster": "news" }));
    assert_eq!(deleted["cluster"]["status"], "INACTIVE");
}

/// A service that CodeDeploy deploys.
fn of_codedeploy() -> (World, Value) {
    let (mut world, subnets) = prepared();
    let root = world.root();
    let (name, tags) = ("news".to_owned(), std::collections::BTreeMap::new());
    let subnet_ids = subnets.iter().map(|subnet| subnet.id.clone()).collect();
    let group = CreateTargetGroup {
        name: name.clone(),
        port: 8000,
        vpc: subnets[0].vpc.clone(),
        target_type: TargetType::Ip,
        health_check: HealthCheck::default(),
        tags: tags.clone(),
    };
    let group = world.call(NOW, &root, group).expect("root may").arn.to_string();
    let balancer =
        CreateLoadBalancer { name, subnets: subnet_ids, security_groups: Vec::new(), scheme: None, tags: tags.clone() };
    let load_balancer = world.call(NOW, &root, balancer).expect("root may").arn.to_string();
    let listener = CreateListener { load_balancer, port: 80, forward: vec![(group.clone(), 1)], tags };
    world.call(NOW, &root, listener).expect("root may");
    let balancers = json!([{ "targetGroupArn": group, "containerName": "app", "containerPort": 8000 }]);
    let created = must(
        &mut world,
        "CreateService",
        json!({
            "cluster": "news", "serviceName": "news-api", "taskDefinition": "news-api", "desiredCount": 0,
            "launchType": "FARGATE", "deploymentController": { "type": "CODE_DEPLOY" }, "loadBalancers": balancers,
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": [subnets[0].id] } },
        }),
    );
    (world, created["service"].clone())
}

#[test]
fn a_service_of_codedeploy_shows_its_task_set() {
    let (_, service) = of_codedeploy();
    assert_eq!(
        (&service["deployments"], &service["deploymentController"]["type"]),
        (&json!([]), &json!("CODE_DEPLOY"))
    );
    assert_eq!((service.get("currentServiceDeployment"), &service["currentServiceRevisions"]), (None, &json!([])));
    let set = &service["taskSets"][0];
    let id = set["id"].as_str().expect("it has an id");
    assert_eq!(set["taskSetArn"], format!("arn:aws:ecs:eu-central-1:123456789012:task-set/news/news-api/{id}"));
    assert_eq!((&set["status"], &set["loadBalancers"]), (&json!("PRIMARY"), &service["loadBalancers"]));
    assert_eq!(service["loadBalancers"][0]["containerPort"], 8000);
}

#[test]
fn task_sets_are_codedeploys_own() {
    let (mut world, service) = of_codedeploy();
    let at = json!({ "cluster": "news", "service": "news-api" });
    let id = &service["taskSets"][0]["id"];
    let mut asked = at.clone();
    asked["taskSets"] = json!([id, "ecs-svc/1"]);
    let described = must(&mut world, "DescribeTaskSets", asked);
    assert_eq!(described["taskSets"], service["taskSets"]);
    assert_eq!(
        described["failures"],
        json!([{ "arn": "arn:aws:ecs:eu-central-1:123456789012:task-set/news/news-api/ecs-svc/1", "reason": "MISSING" }])
    );
    let scale = json!({ "value": 50.0, "unit": "PERCENT" });
    for (operation, more, expected) in [
        (
            "CreateTaskSet",
            json!({ "taskDefinition": "news-api", "launchType": "FARGATE", "scale": scale }),
            "create a task set",
        ),
        ("UpdateTaskSet", json!({ "taskSet": id, "scale": scale }), "update a task set"),
        ("DeleteTaskSet", json!({ "taskSet": id, "force": true }), "delete a task set"),
        ("UpdateServicePrimaryTaskSet", json!({ "primaryTaskSet": id }), "update the primary task set"),
    ] {
        let mut request = at.clone();
        for (key, value) in more.as_object().expect("an object") {
            request[key] = value.clone();
        }
        let refusal = call(&mut world, operation, request).expect_err(operation).to_string();
        let words = format!(
            "InvalidParameterException: Unable to {expected} on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to \
             trigger a new deployment."
        );
        assert_eq!(refusal, words);
    }
    let mut gone = at;
    gone["service"] = json!("gone");
    let refusal = call(&mut world, "DescribeTaskSets", gone).expect_err("it is gone").to_string();
    assert_eq!(refusal, "ServiceNotFoundException: Service not found.");
}
