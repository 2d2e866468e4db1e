//! ECS's rows, called as the wire calls them.

mod account;
mod deployments;

use serde_json::{Value, json};
use simulator_core::{Refusal, Region, Setup, Timestamp, Timing, World};

use super::service;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_250);

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

/// A task definition that uses everything that is simulated.
fn definition() -> Value {
    json!({
        "family": "news-api",
        "taskRoleArn": "arn:aws:iam::123456789012:role/news-api-task",
        "executionRoleArn": "arn:aws:iam::123456789012:role/news-api-execution",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "runtimePlatform": { "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" },
        "ephemeralStorage": { "sizeInGiB": 21 },
        "containerDefinitions": [
            {
                "name": "init",
                "image": "init:1",
                "essential": false,
                "command": ["prepare"],
                "startTimeout": 60,
                "versionConsistency": "disabled",
            },
            {
                "name": "app",
                "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/news-api:abc",
                "cpu": 128,
                "memory": 256,
                "memoryReservation": 128,
                "essential": true,
                "portMappings": [{ "containerPort": 8000, "hostPort": 8000, "protocol": "tcp", "name": "http", "appProtocol": "http" }],
                "entryPoint": ["/entry"],
                "command": ["serve"],
                "environment": [{ "name": "MODE", "value": "production" }],
                "secrets": [{ "name": "URL", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:url-AbCdEf" }],
                "dependsOn": [{ "containerName": "init", "condition": "SUCCESS" }],
                "stopTimeout": 20,
                "healthCheck": {
                    "command": ["CMD-SHELL", "curl -f localhost:8000/healthz"],
                    "interval": 10, "timeout": 3, "retries": 2, "startPeriod": 15,
                },
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": { "awslogs-group": "/news", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "ecs" },
                },
                "user": "1000",
                "workingDirectory": "/srv",
                "dockerLabels": { "team": "news" },
                "ulimits": [{ "name": "nofile", "softLimit": 1024, "hardLimit": 2048 }],
                "linuxParameters": { "initProcessEnabled": true },
                "readonlyRootFilesystem": true,
                "restartPolicy": { "enabled": true, "ignoredExitCodes": [0, 3], "restartAttemptPeriod": 120 },
                "environmentFiles": [{ "value": "arn:aws:s3:::news-config/production.env", "type": "s3" }],
                "mountPoints": [{ "sourceVolume": "uploads", "containerPath": "/srv/uploads", "readOnly": false }],
                "volumesFrom": [{ "sourceContainer": "init", "readOnly": true }], "systemControls": [],
            },
        ],
        "volumes": [{ "name": "uploads", "host": {} }],
        "placementConstraints": [],
    })
}

/// What is in `given` must be in `shown`; `shown` may have more (defaults).
fn assert_echoed(place: &str, given: &Value, shown: &Value) {
    match (given, shown) {
        (Value::Object(given), Value::Object(shown)) => {
            for (key, value) in given {
                assert_echoed(&format!("{place}.{key}"), value, &shown[key]);
            }
        }
        (Value::Array(given), Value::Array(shown)) => {
            assert_eq!(given.len(), shown.len(), "length of {place}");
            for (index, (given, shown)) in given.iter().zip(shown).enumerate() {
                assert_echoed(&format!("{place}[{index}]"), given, shown);
            }
        }
        (given, shown) => assert_eq!(given, shown, "{place}"),
    }
}

#[test]
fn a_task_definition_is_echoed_whole_and_with_defaults() {
    let mut world = world();
    must(&mut world, "RegisterTaskDefinition", definition());
    let described = must(&mut world, "DescribeTaskDefinition", json!({ "taskDefinition": "news-api" }));
    let shown = &described["taskDefinition"];
    assert_echoed("taskDefinition", &definition(), shown);
    assert_eq!(shown["taskDefinitionArn"], "arn:aws:ecs:eu-central-1:123456789012:task-definition/news-api:1");
    assert_eq!(shown["registeredAt"], json!(1_800_000_000.25));
    assert_eq!(shown["containerDefinitions"][0]["environment"], json!([]), "a default is shown");
}

#[test]
fn what_is_not_simulated_is_refused_by_name() {
    for (path, value, what) in [
        ("/containerDefinitions/0/privileged", json!(true), "privileged"),
        ("/containerDefinitions/0/hostname", json!("here"), "hostname"),
        ("/volumes/0/efsVolumeConfiguration", json!({ "fileSystemId": "fs-1" }), "efsVolumeConfiguration"),
        ("/volumes/0/configuredAtLaunch", json!(true), "configuredAtLaunch"),
        ("/pidMode", json!("task"), "pidMode"),
        ("/containerDefinitions/1/logConfiguration/logDriver", json!("splunk"), "splunk"),
    ] {
        let mut request = definition();
        let (parent, key) = path.rsplit_once('/').expect("a path has a last part");
        request.pointer_mut(parent).expect("the definition has the parent")[key] = value;
        let refusal = call(&mut world(), "RegisterTaskDefinition", request).expect_err(path);
        assert!(matches!(&refusal, Refusal::NotSimulated { what: said } if said.contains(what)), "{path}: {refusal}");
    }
}

/// Facts 4.1, each by the smallest change that brings it about.
#[test]
fn a_wrong_task_definition_is_refused_in_aws_words() {
    for (path, value, message) in [
        ("/networkMode", Value::Null, "Fargate only supports network mode ‘awsvpc’."),
        ("/cpu", Value::Null, "Fargate requires that 'cpu' be defined at the task level."),
        ("/memory", Value::Null, "Fargate requires that 'memory' be defined at the task level."),
        (
            "/memory",
            json!("777"),
            "No Fargate configuration exists for given values: 256 CPU, 777 memory. \
             See the Amazon ECS documentation for the valid values.",
        ),
        ("/cpu", json!("much"), "Invalid 'cpu' setting for task."),
        ("/containerDefinitions/1/image", json!(""), "Container.image should not be null or empty."),
        (
            "/volumes/0/host",
            json!({ "sourcePath": "/srv" }),
            "host.sourcePath should not be set for volumes in Fargate.",
        ),
        ("/volumes", json!([]), "Unknown volume 'uploads'."),
        (
            "/containerDefinitions/1/portMappings/0/hostPort",
            json!(80),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (
            "/executionRoleArn",
            Value::Null,
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ),
        (
            "/containerDefinitions/0/essential",
            json!(true),
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            "/containerDefinitions/1/dependsOn/0/condition",
            json!("HEALTHY"),
            "A dependency container with HEALTHY condition must have health check configured",
        ),
        (
            "/containerDefinitions/1/dependsOn/0/containerName",
            json!("nobody"),
            "Cannot depend on container + 'nobody' because it does not exist",
        ),
        (
            "/containerDefinitions/0/dependsOn",
            json!([{ "containerName": "app", "condition": "START" }]),
            "Container 'init' depends on itself, directly or through others.",
        ),
    ] {
        let mut request = definition();
        let (parent, key) = path.rsplit_once('/').expect("a path has a last part");
        let parent = request.pointer_mut(parent).expect("the definition has the parent");
        match key.parse::<usize>() {
            Ok(index) => parent[index] = value,
            Err(_) => parent[key] = value,
        }
        let refusal = call(&mut world(), "RegisterTaskDefinition", request).expect_err(path);
        assert_eq!(refusal, Refusal::fault("ClientException", message), "{path}");
    }
}

#[test]
fn clusters_are_made_once_and_missing_ones_are_failures() {
    let mut world = world();
    let first =
        must(&mut world, "CreateCluster", json!({ "clusterName": "news", "tags": [{ "key": "a", "value": "b" }] }));
    let again = must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    assert_eq!(first, again);
    let described = must(&mut world, "DescribeClusters", json!({ "clusters": ["news", "olds"], "include": ["TAGS"] }));
    assert_eq!(described["clusters"][0]["tags"], json!([{ "key": "a", "value": "b" }]));
    assert_eq!(
        described["failures"],
        json!([{ "arn": "arn:aws:ecs:eu-central-1:123456789012:cluster/olds", "reason": "MISSING" }])
    );
}

#[test]
fn a_service_is_described_as_it_was_made() {
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    let mut plain = definition();
    plain["taskRoleArn"] = Value::Null;
    must(&mut world, "RegisterTaskDefinition", plain);
    let root = world.root();
    let subnets = world.call(NOW, &root, simulator_core::ec2::DescribeSubnets::default()).expect("root may").items;
    let request = json!({
        "cluster": "news", "serviceName": "news-api", "taskDefinition": "news-api", "desiredCount": 0, "launchType": "FARGATE",
        "networkConfiguration": { "awsvpcConfiguration": {
            "subnets": [subnets[0].id], "securityGroups": [], "assignPublicIp": "ENABLED" } },
        "deploymentConfiguration": {
            "minimumHealthyPercent": 50, "maximumPercent": 150, "strategy": "ROLLING",
            "earlySuccessCriteria": { "enable": true, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED" },
            "alarms": { "alarmNames": ["errors"], "enable": false, "rollback": true },
            "deploymentCircuitBreaker": { "enable": true, "rollback": true, "resetOnHealthyTask": true,
                "thresholdConfiguration": { "type": "BOUNDED_PERCENT", "value": 50 } } },
        "healthCheckGracePeriodSeconds": 60, "propagateTags": "SERVICE", "enableECSManagedTags": true,
        "availabilityZoneRebalancing": "DISABLED",
    });
    must(&mut world, "CreateService", request.clone());
    let again = call(&mut world, "CreateService", request.clone()).expect_err("it exists");
    assert_eq!(again, Refusal::fault("InvalidParameterException", "Creation of service was not idempotent."));
    let described =
        must(&mut world, "DescribeServices", json!({ "cluster": "news", "services": ["news-api", "none"] }));
    let shown = &described["services"][0];
    for key in ["serviceName", "desiredCount", "networkConfiguration", "deploymentConfiguration", "propagateTags"] {
        assert_echoed(key, &request[key], &shown[key]);
    }
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    assert_eq!(shown["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["deployments"][0]["status"], "PRIMARY");
    assert_eq!(shown["deployments"][0]["rolloutState"], "COMPLETED", "nothing is wanted, so it is done");
    let events: Vec<&str> =
        shown["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!(events.first(), Some(&"(service news-api) has reached a steady state."));
}
