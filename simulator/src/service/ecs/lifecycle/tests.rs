//! Strategies, hooks and load balancers that shift traffic, called as the wire calls them.

use serde_json::{Value, json};
use simulator_core::{Refusal, Region, Setup, Timestamp, Timing, World};

use crate::service::{Service, ecs, elasticloadbalancing};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn world() -> World {
    let account = "123456789012".parse().expect("twelve digits");
    World::new(Setup { account, region: Region::new("eu-central-1"), seed: 1, timing: Timing::aws(), now: NOW })
}

fn call(world: &mut World, service: &Service, operation: &str, request: Value) -> Result<Value, Refusal> {
    let row = service.operations.iter().find(|row| row.name == operation).expect("the operation has a row");
    let root = world.root();
    row.handle(world, NOW, &root, request).map(Value::from)
}

fn must(world: &mut World, service: &Service, operation: &str, request: Value) -> Value {
    call(world, service, operation, request).unwrap_or_else(|refusal| panic!("{operation} was refused: {refusal}"))
}

/// A service behind two target groups, as it is asked for.
fn service(world: &mut World) -> Value {
    let (ecs, elb) = (ecs::service(), elasticloadbalancing::service());
    let root = world.root();
    let subnets = world.call(NOW, &root, simulator_core::ec2::DescribeSubnets::default()).expect("root may").items;
    let zones: Vec<&str> = subnets.iter().map(|subnet| subnet.id.as_str()).collect();
    let mut group = |name: &str| {
        let request =
            json!({ "Name": name, "Protocol": "HTTP", "Port": "80", "VpcId": subnets[0].vpc, "TargetType": "ip" });
        must(world, &elb, "CreateTargetGroup", request)["TargetGroups"][0]["TargetGroupArn"].clone()
    };
    let (blue, green) = (group("blue"), group("green"));
    let balancer = must(world, &elb, "CreateLoadBalancer", json!({ "Name": "news", "Subnets": zones }));
    let weighted = json!([{ "Type": "forward", "ForwardConfig": { "TargetGroups": [
        { "TargetGroupArn": blue, "Weight": "100" }, { "TargetGroupArn": green, "Weight": "0" },
    ] } }]);
    let request = json!({
        "LoadBalancerArn": balancer["LoadBalancers"][0]["LoadBalancerArn"], "Protocol": "HTTP", "Port": "80",
        "DefaultActions": weighted,
    });
    let listener = must(world, &elb, "CreateListener", request)["Listeners"][0].clone();
    assert_eq!(listener["DefaultActions"][0]["TargetGroupArn"], Value::Null, "there are two");
    let rules = must(world, &elb, "DescribeRules", json!({ "ListenerArn": listener["ListenerArn"] }));
    must(world, &ecs, "CreateCluster", json!({ "clusterName": "news" }));
    let definition = json!({
        "family": "news-api", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{ "name": "app", "image": "app", "portMappings": [{ "containerPort": 80 }] }],
    });
    must(world, &ecs, "RegisterTaskDefinition", definition);
    json!({
        "cluster": "news", "serviceName": "news-api", "taskDefinition": "news-api", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": [zones[0]], "securityGroups": [], "assignPublicIp": "ENABLED" } },
        "loadBalancers": [{
            "targetGroupArn": blue, "containerName": "app", "containerPort": 80,
            "advancedConfiguration": {
                "alternateTargetGroupArn": green,
                "productionListenerRule": rules["Rules"][0]["RuleArn"],
                "roleArn": "arn:aws:iam::123456789012:role/infrastructure",
            },
        }],
        "deploymentConfiguration": {
            "strategy": "CANARY", "bakeTimeInMinutes": 5, "minimumHealthyPercent": 100, "maximumPercent": 200,
            "canaryConfiguration": { "canaryPercent": 2.5, "canaryBakeTimeInMinutes": 15 },
            "lifecycleHooks": [
                {
                    "hookTargetArn": "arn:aws:lambda:eu-central-1:123456789012:function:f",
                    "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"], "hookDetails": { "bucket": "b" },
                },
                {
                    "targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP", "POST_SCALE_UP"],
                    "timeoutConfiguration": { "timeoutInMinutes": 30, "action": "CONTINUE" },
                },
            ],
        },
    })
}

#[test]
fn a_service_that_shifts_traffic_is_described_as_it_was_made() {
    let (mut world, ecs) = (world(), ecs::service());
    let request = service(&mut world);
    must(&mut world, &ecs, "CreateService", request.clone());
    let shown = must(&mut world, &ecs, "DescribeServices", json!({ "cluster": "news", "services": ["news-api"] }));
    let shown = &shown["services"][0];
    assert_eq!(shown["loadBalancers"], request["loadBalancers"]);
    let (given, shown) = (&request["deploymentConfiguration"], &shown["deploymentConfiguration"]);
    for key in ["strategy", "bakeTimeInMinutes", "canaryConfiguration"] {
        assert_eq!(shown[key], given[key], "{key}");
    }
    assert_eq!(shown["lifecycleHooks"][0]["targetType"], "AWS_LAMBDA");
    assert_eq!(shown["lifecycleHooks"][0]["hookDetails"], json!({ "bucket": "b" }));
    let default = json!({ "timeoutInMinutes": 1440, "action": "ROLLBACK" });
    assert_eq!(shown["lifecycleHooks"][0]["timeoutConfiguration"], default);
    for key in ["targetType", "lifecycleStages", "timeoutConfiguration"] {
        assert_eq!(shown["lifecycleHooks"][1][key], given["lifecycleHooks"][1][key], "{key}");
    }
    let nothing = json!({ "serviceDeploymentArn": "arn:aws:ecs:eu-central-1:123456789012:service-deployment/news/x/1", "hookId": "ecs-pause-x" });
    let refused = call(&mut world, &ecs, "ContinueServiceDeployment", nothing).expect_err("there is none");
    let text = "The service deployment does not exist.";
    assert_eq!(refused, Refusal::fault("ServiceDeploymentNotFoundException", text));
}

#[test]
fn wrong_strategies_are_refused_by_what_is_wrong() {
    for (path, value, text) in [
        ("strategy", json!("SLOWLY"), "Invalid strategy 'SLOWLY'."),
        (
            "canaryConfiguration/canaryPercent",
            json!(0.05),
            "Invalid canaryPercent: `0.05` is not a multiple of 0.1 from 0 to 100.",
        ),
        (
            "canaryConfiguration/canaryBakeTimeInMinutes",
            json!(1441),
            "canaryBakeTimeInMinutes must be between 0 and 1440, not 1441.",
        ),
        ("lifecycleHooks/0/targetType", json!("HOPE"), "Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE"),
        ("lifecycleHooks/0/lifecycleStages/0", json!("BAKE_TIME"), "Invalid lifecycle stage 'BAKE_TIME'."),
        (
            "lifecycleHooks/1/lifecycleStages/0",
            json!("TEST_TRAFFIC_SHIFT"),
            "Invalid lifecycle stage provided for Pause Hook",
        ),
    ] {
        let mut world = world();
        let mut request = service(&mut world);
        *request.pointer_mut(&format!("/deploymentConfiguration/{path}")).unwrap_or(&mut Value::Null) = value.clone();
        if path.ends_with("targetType") {
            request["deploymentConfiguration"]["lifecycleHooks"][0]["targetType"] = value;
        }
        let refused = call(&mut world, &ecs::service(), "CreateService", request).expect_err(path);
        assert_eq!(refused, Refusal::fault("InvalidParameterException", text), "{path}");
    }
}
