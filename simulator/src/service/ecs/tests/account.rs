//! Clusters, capacity providers, account settings, families and what the account has none of, on the wire.

use serde_json::{Value, json};

use super::{call, definition, must, world};

fn refusal(operation: &str, request: Value) -> String {
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    call(&mut world, operation, request).expect_err(operation).to_string()
}

#[test]
fn a_cluster_is_made_changed_and_shown() {
    let mut world = world();
    let spot = json!({ "capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0 });
    let created = must(
        &mut world,
        "CreateCluster",
        json!({
            "clusterName": "news", "settings": [{ "name": "containerInsights", "value": "enhanced" }],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [{ "capacityProvider": "FARGATE_SPOT", "weight": 1 }],
        }),
    );
    assert_eq!(created["cluster"]["capacityProviders"], json!(["FARGATE", "FARGATE_SPOT"]));
    assert_eq!(created["cluster"]["defaultCapacityProviderStrategy"], json!([spot]));

    let log = json!({ "cloudWatchLogGroupName": "/exec", "cloudWatchEncryptionEnabled": false, "s3EncryptionEnabled": false });
    let execute = json!({ "executeCommandConfiguration": { "logging": "OVERRIDE", "logConfiguration": log } });
    must(&mut world, "UpdateCluster", json!({ "cluster": "news", "configuration": execute }));
    let off = json!([{ "name": "containerInsights", "value": "disabled" }]);
    must(&mut world, "UpdateClusterSettings", json!({ "cluster": "news", "settings": off }));
    must(
        &mut world,
        "PutClusterCapacityProviders",
        json!({ "cluster": "news", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [] }),
    );
    let all = ["SETTINGS", "CONFIGURATIONS", "STATISTICS", "TAGS", "ATTACHMENTS"];
    let described = must(&mut world, "DescribeClusters", json!({ "clusters": ["news"], "include": all }));
    let shown = &described["clusters"][0];
    assert_eq!(shown["settings"], off);
    assert_eq!(shown["configuration"], execute);
    assert_eq!(shown["capacityProviders"], json!(["FARGATE"]));
    assert_eq!(shown["statistics"][1], json!({ "name": "runningFargateTasksCount", "value": "0" }));
    let described = must(&mut world, "DescribeClusters", json!({ "clusters": ["news"] }));
    let shown = &described["clusters"][0];
    assert_eq!((&shown["settings"], shown.get("configuration")), (&json!([]), None), "only what is asked for");
}

#[test]
fn capacity_providers_are_those_of_fargate() {
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news", "capacityProviders": ["FARGATE"] }));
    let described = must(&mut world, "DescribeCapacityProviders", json!({ "maxResults": 1 }));
    assert_eq!(described["capacityProviders"][0]["name"], "FARGATE");
    let next = json!({ "maxResults": 1, "nextToken": described["nextToken"] });
    let described = must(&mut world, "DescribeCapacityProviders", next);
    assert_eq!(described["capacityProviders"][0]["name"], "FARGATE_SPOT");
    assert_eq!(described.get("nextToken"), None);
    let described = must(&mut world, "DescribeCapacityProviders", json!({ "capacityProviders": ["mine"] }));
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    let described = must(&mut world, "DescribeCapacityProviders", json!({ "cluster": "news" }));
    assert_eq!(described["capacityProviders"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_cannot_be_is_refused() {
    let strategy = |items: Value| json!({ "cluster": "news", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": items });
    let invalid = "InvalidParameterException: ";
    for (operation, request, expected) in [
        (
            "PutClusterCapacityProviders",
            json!({ "cluster": "news", "capacityProviders": ["mine"] }),
            "'mine' was not found",
        ),
        (
            "PutClusterCapacityProviders",
            strategy(json!([{ "capacityProvider": "FARGATE_SPOT", "weight": 1 }])),
            "not associated with the cluster",
        ),
        ("PutClusterCapacityProviders", strategy(json!([{ "capacityProvider": "FARGATE" }])), "weight greater than 0"),
        ("UpdateClusterSettings", json!({ "cluster": "news" }), "settings can not be empty"),
        (
            "UpdateCluster",
            json!({ "cluster": "news", "settings": [{ "name": "containerInsights", "value": "on" }] }),
            "Valid values: enhanced, enabled, disabled.",
        ),
        (
            "UpdateCluster",
            json!({ "cluster": "news", "configuration": { "executeCommandConfiguration": { "logging": "OVERRIDE" } } }),
            "logConfiguration must be provided",
        ),
        ("PutAccountSetting", json!({ "name": "dark", "value": "on" }), "dark should be one of [awsvpcTrunking,"),
        (
            "PutAccountSettingDefault",
            json!({ "name": "taskLongArnFormat", "value": "disabled" }),
            "You can no longer disable Long Arn settings",
        ),
        ("PutAccountSetting", json!({ "name": "guardDutyActivate", "value": "on" }), "read-only"),
        (
            "PutAccountSetting",
            json!({ "name": "containerInsights", "value": "on" }),
            "Valid values: enabled, disabled, enhanced.",
        ),
        ("ListAccountSettings", json!({ "value": "enabled" }), "must specify an account setting name"),
        ("ListAccountSettings", json!({ "maxResults": 11 }), "between 1 and 10"),
        ("DeleteTaskDefinitions", json!({ "taskDefinitions": [] }), "can not be empty"),
        ("DescribeContainerInstances", json!({ "cluster": "news" }), "Container instance cannot be empty"),
        (
            "RunTask",
            json!({ "cluster": "news", "taskDefinition": "a", "propagateTags": "SERVICE" }),
            "cannot get the tags of one",
        ),
    ] {
        let said = refusal(operation, request);
        assert!(said.starts_with(invalid) && said.contains(expected), "{operation}: {said}");
    }
    let said = refusal("UpdateCluster", json!({ "cluster": "gone" }));
    assert_eq!(said, "ClusterNotFoundException: Cluster not found.");
    let said = refusal("ListServicesByNamespace", json!({ "namespace": "internal" }));
    assert_eq!(said, "NamespaceNotFoundException: The specified namespace wasn't found.");
}

#[test]
fn account_settings_have_defaults_that_can_be_changed_and_taken_back() {
    let mut world = world();
    assert_eq!(must(&mut world, "ListAccountSettings", json!({})), json!({ "settings": [] }));
    let effective = |world: &mut _, name: &str| {
        let listed = must(world, "ListAccountSettings", json!({ "name": name, "effectiveSettings": true }));
        let [setting] = listed["settings"].as_array().expect("a list").as_slice() else { panic!("one: {listed}") };
        (setting["value"].as_str().expect("text").to_owned(), setting["type"].as_str().expect("text").to_owned())
    };
    let user = |value: &str| (value.to_owned(), "user".to_owned());
    assert_eq!(effective(&mut world, "serviceLongArnFormat"), user("enabled"));
    assert_eq!(effective(&mut world, "defaultLogDriverMode"), user("non-blocking"));
    assert_eq!(effective(&mut world, "guardDutyActivate"), ("off".to_owned(), "aws_managed".to_owned()));
    let listed = must(&mut world, "ListAccountSettings", json!({ "effectiveSettings": true }));
    assert_eq!((listed["settings"].as_array().map(Vec::len), listed["nextToken"].is_string()), (Some(10), true));

    let put = must(&mut world, "PutAccountSettingDefault", json!({ "name": "containerInsights", "value": "enhanced" }));
    assert_eq!(put["setting"]["principalArn"], "arn:aws:iam::123456789012:root");
    assert_eq!(effective(&mut world, "containerInsights"), user("enhanced"));
    let created = must(&mut world, "CreateCluster", json!({ "clusterName": "watched" }));
    assert_eq!(created["cluster"]["settings"][0]["value"], "enhanced", "clusters are made so");
    must(&mut world, "DeleteAccountSetting", json!({ "name": "containerInsights" }));
    assert_eq!(effective(&mut world, "containerInsights"), user("disabled"));
}

#[test]
fn revisions_are_deleted_once_they_are_deregistered() {
    let mut world = world();
    for _ in 0..2 {
        must(&mut world, "RegisterTaskDefinition", definition());
    }
    must(&mut world, "RegisterTaskDefinition", {
        let mut other = definition();
        other["family"] = json!("other");
        other
    });
    let delete =
        |world: &mut _, what: &[&str]| must(world, "DeleteTaskDefinitions", json!({ "taskDefinitions": what }));
    let answer = delete(&mut world, &["news-api:1", "nothing:7"]);
    assert_eq!(answer["taskDefinitions"], json!([]));
    let reasons: Vec<&str> = (0..2).filter_map(|place| answer["failures"][place]["reason"].as_str()).collect();
    assert!(reasons[0].contains("still in ACTIVE status") && reasons[1] == "MISSING", "{reasons:?}");
    must(&mut world, "DeregisterTaskDefinition", json!({ "taskDefinition": "news-api:1" }));
    let answer = delete(&mut world, &["news-api:1"]);
    assert_eq!(answer["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert!(answer["taskDefinitions"][0]["deleteRequestedAt"].is_number());
    let listed = must(&mut world, "ListTaskDefinitions", json!({ "status": "DELETE_IN_PROGRESS" }));
    assert_eq!(listed["taskDefinitionArns"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        must(&mut world, "ListTaskDefinitions", json!({ "status": "INACTIVE" })),
        json!({ "taskDefinitionArns": [] })
    );

    must(&mut world, "DeregisterTaskDefinition", json!({ "taskDefinition": "news-api:2" }));
    for (asked, expected) in [
        (json!({}), json!(["news-api", "other"])),
        (json!({ "status": "ACTIVE" }), json!(["other"])),
        (json!({ "status": "INACTIVE" }), json!(["news-api"])),
        (json!({ "familyPrefix": "oth" }), json!(["other"])),
    ] {
        assert_eq!(must(&mut world, "ListTaskDefinitionFamilies", asked)["families"], expected);
    }
    // The number is not given again.
    let registered = must(&mut world, "RegisterTaskDefinition", definition());
    assert_eq!(registered["taskDefinition"]["revision"], 3);
}

#[test]
fn there_are_no_container_instances() {
    let mut world = world();
    must(&mut world, "CreateCluster", json!({ "clusterName": "news" }));
    let listed = must(&mut world, "ListContainerInstances", json!({ "cluster": "news", "status": "ACTIVE" }));
    assert_eq!(listed, json!({ "containerInstanceArns": [] }));
    let asked = json!({ "cluster": "news", "containerInstances": ["0123"] });
    let arn = "arn:aws:ecs:eu-central-1:123456789012:container-instance/news/0123";
    assert_eq!(
        must(&mut world, "DescribeContainerInstances", asked),
        json!({ "containerInstances": [], "failures": [{ "arn": arn, "reason": "MISSING" }] })
    );
}
