//! ECS's rows, called as the wire calls them.

use serde_json::{Value, json};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheck};
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
    (row.handle)(world, NOW, &root, request)
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
                "mountPoints": [], "volumesFrom": [], "systemControls": [],
            },
        ],
        "volumes": [],
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
        (
            "/containerDefinitions/0/mountPoints",
            json!([{ "sourceVolume": "data", "containerPath": "/data" }]),
            "mountPoints",
        ),
        ("/volumes", json!([{ "name": "data" }]), "volumes"),
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

#[test]
fn the_history_of_a_service_is_listed_and_described() {
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    let mut plain = definition();
    plain["taskRoleArn"] = Value::Null;
    must(&mut world, "RegisterTaskDefinition", plain);
    let root = world.root();
    let subnets = world.call(NOW, &root, simulator_core::ec2::DescribeSubnets::default()).expect("root may").items;
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
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    let mut plain = definition();
    plain["taskRoleArn"] = Value::Null;
    must(&mut world, "RegisterTaskDefinition", plain);
    let root = world.root();
    let subnets = world.call(NOW, &root, simulator_core::ec2::DescribeSubnets::default()).expect("root may").items;
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

#[test]
fn a_service_of_codedeploy_shows_its_task_set() {
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    let mut plain = definition();
    plain["taskRoleArn"] = Value::Null;
    must(&mut world, "RegisterTaskDefinition", plain);
    let root = world.root();
    let subnets = world.call(NOW, &root, simulator_core::ec2::DescribeSubnets::default()).expect("root may").items;
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
    let listener = CreateListener { load_balancer, port: 80, target_group: group.clone(), tags };
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
    let service = &created["service"];
    assert_eq!(
        (&service["deployments"], &service["deploymentController"]["type"]),
        (&json!([]), &json!("CODE_DEPLOY"))
    );
    assert_eq!((service.get("currentServiceDeployment"), &service["currentServiceRevisions"]), (None, &json!([])));
    let set = &service["taskSets"][0];
    let id = set["id"].as_str().expect("it has an id");
    assert_eq!(set["taskSetArn"], format!("arn:aws:ecs:eu-central-1:123456789012:task-set/news/news-api/{id}"));
    assert_eq!((&set["status"], &set["loadBalancers"]), (&json!("PRIMARY"), &balancers));
}
