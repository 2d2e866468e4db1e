//! ELB's rows, called as the wire calls them: every leaf of a request is text.

use serde_json::{Value, json};
use simulator_core::{Refusal, Region, Setup, Timestamp, Timing, World};

use super::service;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn world() -> World {
    let account = "123456789012".parse().expect("twelve digits");
    World::new(Setup { account, region: Region::new("eu-central-1"), seed: 1, timing: Timing::aws(), now: NOW })
}

fn call(world: &mut World, operation: &str, request: Value) -> Result<Value, Refusal> {
    let service = service();
    let row = service.operations.iter().find(|row| row.name == operation).expect("the operation has a row");
    let root = world.root();
    row.handle(world, NOW, &root, request).map(Value::from)
}

fn must(world: &mut World, operation: &str, request: Value) -> Value {
    call(world, operation, request).unwrap_or_else(|refusal| panic!("{operation} was refused: {refusal}"))
}

fn subnets(world: &mut World) -> Vec<simulator_core::ec2::Subnet> {
    let root = world.root();
    world.call(NOW, &root, simulator_core::ec2::DescribeSubnets::default()).expect("root may").items
}

fn group(world: &mut World) -> Value {
    let vpc = subnets(world)[0].vpc.clone();
    json!({
        "Name": "news-api", "Protocol": "HTTP", "Port": "8000", "VpcId": vpc, "TargetType": "ip",
        "HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": "10", "Matcher": { "HttpCode": "200-299" },
        "Tags": [{ "Key": "owner", "Value": "news" }],
    })
}

#[test]
fn a_load_balancer_is_put_together() {
    let mut world = world();
    let request = group(&mut world);
    let made = must(&mut world, "CreateTargetGroup", request.clone());
    let group = &made["TargetGroups"][0];
    assert_eq!(group["HealthCheckTimeoutSeconds"], json!(5));
    assert_eq!(group["Matcher"]["HttpCode"], "200-299");
    assert_eq!(must(&mut world, "CreateTargetGroup", request), made, "the same again is the same");
    let zones: Vec<String> = subnets(&mut world).into_iter().map(|subnet| subnet.id).collect();
    let balancer = must(&mut world, "CreateLoadBalancer", json!({ "Name": "news-api", "Subnets": zones }));
    let balancer = &balancer["LoadBalancers"][0];
    assert_eq!(balancer["CreatedTime"], "2027-01-15T08:00:00Z");
    let listener = must(
        &mut world,
        "CreateListener",
        json!({
            "LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": "80",
            "DefaultActions": [{ "Type": "forward", "TargetGroupArn": group["TargetGroupArn"] }],
        }),
    );
    assert_eq!(listener["Listeners"][0]["DefaultActions"][0]["TargetGroupArn"], group["TargetGroupArn"]);
    let rule = json!({
        "ListenerArn": listener["Listeners"][0]["ListenerArn"], "Priority": "10",
        "Conditions": [
            { "Field": "path-pattern", "Values": ["/api/*"] },
            { "Field": "http-header", "HttpHeaderConfig": { "HttpHeaderName": "X-Test", "Values": ["yes"] } },
        ],
        "Actions": [{ "Type": "forward", "ForwardConfig": {
            "TargetGroups": [{ "TargetGroupArn": group["TargetGroupArn"], "Weight": "5" }],
        } }],
    });
    let made = must(&mut world, "CreateRule", rule)["Rules"][0].clone();
    assert_eq!(made["Conditions"][0]["PathPatternConfig"]["Values"], json!(["/api/*"]));
    assert_eq!(made["Actions"][0]["ForwardConfig"]["TargetGroups"][0]["Weight"], 5);
    let arn = json!({ "ListenerArn": listener["Listeners"][0]["ListenerArn"] });
    let rules = must(&mut world, "DescribeRules", arn)["Rules"].clone();
    assert_eq!((&rules[0], &rules[1]["Priority"], &rules[1]["IsDefault"]), (&made, &json!("default"), &json!(true)));
    assert_eq!(rules[1]["Actions"], listener["Listeners"][0]["DefaultActions"]);
    let moved = json!({ "RulePriorities": [{ "RuleArn": made["RuleArn"], "Priority": "7" }] });
    assert_eq!(must(&mut world, "SetRulePriorities", moved)["Rules"][0]["Priority"], "7");
    assert_eq!(must(&mut world, "DeleteRule", json!({ "RuleArn": made["RuleArn"] })), json!({}));
    let found = must(&mut world, "DescribeTargetGroups", json!({ "LoadBalancerArn": balancer["LoadBalancerArn"] }));
    assert_eq!(found["TargetGroups"][0]["LoadBalancerArns"], json!([balancer["LoadBalancerArn"]]));
    let tags = must(&mut world, "DescribeTags", json!({ "ResourceArns": [group["TargetGroupArn"]] }));
    assert_eq!(tags["TagDescriptions"][0]["Tags"], json!([{ "Key": "owner", "Value": "news" }]));
    let health = must(&mut world, "DescribeTargetHealth", json!({ "TargetGroupArn": group["TargetGroupArn"] }));
    assert_eq!(health["TargetHealthDescriptions"], json!([]));
}

#[test]
fn wrong_requests_are_refused_in_aws_words() {
    let mut world = world();
    let request = group(&mut world);
    must(&mut world, "CreateTargetGroup", request.clone());
    for (key, value, code, message) in [
        (
            "Port",
            "9000",
            "DuplicateTargetGroupName",
            "A target group with the same name 'news-api' exists, but with different settings",
        ),
        (
            "HealthCheckIntervalSeconds",
            "5",
            "ValidationError",
            "Health check interval must be greater than the timeout.",
        ),
        ("VpcId", "vpc-0", "ValidationError", "The VPC ID 'vpc-0' is not found"),
        (
            "Name",
            "news_api",
            "ValidationError",
            "Target group name 'news_api' can only contain characters that are alphanumeric characters and hyphens(-)",
        ),
    ] {
        let mut request = request.clone();
        request[key] = json!(value);
        assert_eq!(
            call(&mut world, "CreateTargetGroup", request),
            Err(Refusal::fault(code, message)),
            "{key} = {value}"
        );
    }
}

#[test]
fn what_was_put_together_is_changed_and_taken_apart() {
    let mut world = world();
    let request = group(&mut world);
    let group = must(&mut world, "CreateTargetGroup", request)["TargetGroups"][0]["TargetGroupArn"].clone();
    let zones: Vec<String> = subnets(&mut world).into_iter().map(|subnet| subnet.id).collect();
    let mapped: Vec<Value> = zones.iter().map(|zone| json!({ "SubnetId": zone })).collect();
    let made = must(&mut world, "CreateLoadBalancer", json!({ "Name": "news-api", "SubnetMappings": mapped }));
    let balancer = made["LoadBalancers"][0]["LoadBalancerArn"].clone();
    let listener = json!({
        "LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": "80",
        "DefaultActions": [{ "Type": "forward", "TargetGroupArn": group }],
    });
    let listener = must(&mut world, "CreateListener", listener)["Listeners"][0]["ListenerArn"].clone();
    let target = json!([{ "Id": "172.31.0.9", "AvailabilityZone": "all" }]);
    for (operation, request, at, expected) in [
        (
            "ModifyTargetGroup",
            json!({ "TargetGroupArn": group, "HealthCheckPath": "/up", "Matcher": { "HttpCode": "204" } }),
            "/TargetGroups/0/Matcher/HttpCode",
            json!("204"),
        ),
        ("ModifyListener", json!({ "ListenerArn": listener, "Port": "8080" }), "/Listeners/0/Port", json!(8080)),
        (
            "SetSubnets",
            json!({ "LoadBalancerArn": balancer, "Subnets": zones[1..] }),
            "/AvailabilityZones/0/SubnetId",
            json!(zones[1]),
        ),
        (
            "ModifyLoadBalancerAttributes",
            json!({ "LoadBalancerArn": balancer, "Attributes": [{ "Key": "deletion_protection.enabled", "Value": "false" }] }),
            "/Attributes/7",
            json!({ "Key": "deletion_protection.enabled", "Value": "false" }),
        ),
        ("RegisterTargets", json!({ "TargetGroupArn": group, "Targets": target }), "", json!({})),
        (
            "DescribeTargetHealth",
            json!({ "TargetGroupArn": group }),
            "/TargetHealthDescriptions/0/TargetHealth/State",
            json!("initial"),
        ),
        ("DeregisterTargets", json!({ "TargetGroupArn": group, "Targets": target }), "", json!({})),
        ("AddTags", json!({ "ResourceArns": [listener], "Tags": [{ "Key": "a", "Value": "1" }] }), "", json!({})),
        ("DescribeTags", json!({ "ResourceArns": [listener] }), "/TagDescriptions/0/Tags/0/Key", json!("a")),
        ("RemoveTags", json!({ "ResourceArns": [listener], "TagKeys": ["a"] }), "", json!({})),
        ("DescribeAccountLimits", json!({}), "/Limits/0", json!({ "Name": "application-load-balancers", "Max": "50" })),
        ("DeleteListener", json!({ "ListenerArn": listener }), "", json!({})),
        ("DeleteTargetGroup", json!({ "TargetGroupArn": group }), "", json!({})),
        ("DescribeLoadBalancers", json!({ "PageSize": "1" }), "/LoadBalancers/0/LoadBalancerArn", balancer.clone()),
        ("DeleteLoadBalancer", json!({ "LoadBalancerArn": balancer }), "", json!({})),
        ("DescribeLoadBalancers", json!({}), "", json!({ "LoadBalancers": [] })),
    ] {
        let answer = must(&mut world, operation, request);
        assert_eq!(answer.pointer(at), Some(&expected), "{operation}: {answer}");
    }
}
