use aws_sdk_ecs::types;
use serde_json::json;

use super::shape::{self, Shape};
use super::*;

fn minimal() -> Value {
    json!({
        "family": "news-api",
        "containerDefinitions": [{"name": "app", "image": "app:v1"}],
    })
}

fn parse(value: &Value) -> Result<TaskDefinition, TaskDefinitionError> {
    TaskDefinition::parse(&value.to_string())
}

#[test]
fn a_description_and_a_bare_definition_are_the_same() {
    let bare = parse(&minimal()).expect("a definition");
    let mut described = minimal();
    described["taskDefinitionArn"] = json!("arn:aws:ecs:eu-central-1:123456789012:task-definition/news-api:7");
    described["revision"] = json!(7);
    described["status"] = json!("ACTIVE");
    described["requiresAttributes"] = json!([{"name": "com.amazonaws.ecs.capability.ecr-auth"}]);
    described["compatibilities"] = json!(["EC2", "FARGATE"]);
    described["registeredAt"] = json!(1_790_000_000.5);
    described["registeredBy"] = json!("arn:aws:iam::123456789012:root");
    described["pidMode"] = Value::Null;
    let wrapped = parse(&json!({"taskDefinition": described, "tags": []})).expect("a description");
    assert_eq!(bare.document, wrapped.document);
    assert_eq!(bare.facts, wrapped.facts);
}

#[test]
fn tags_of_a_description_are_registered_again() {
    let tags = json!([{"key": "team", "value": "news"}]);
    let wrapped = parse(&json!({"taskDefinition": minimal(), "tags": tags})).expect("a description");
    assert_eq!(wrapped.document.keys()["tags"], tags);
    assert!(wrapped.facts().tagged);
}

#[test]
fn nothing_that_ecs_does_not_know_is_dropped_in_silence() {
    let cases = [
        (json!({"famly": "x"}), "`task definition` has the key `famly`, which ECS does not know"),
        (
            json!({"containerDefinitions": [{"name": "app", "image": "x", "portMappings": [{"port": 1}]}]}),
            "`containerDefinitions[0].portMappings[0]` has the key `port`, which ECS does not know",
        ),
        (json!({"cpu": 256}), "`cpu` is a whole number, ECS wants a string"),
        (
            json!({"containerDefinitions": [{"name": "app", "image": "x", "cpu": "256"}]}),
            "`containerDefinitions[0].cpu` is a string, ECS wants a whole number",
        ),
        (
            json!({"containerDefinitions": [{"name": "app", "image": "x", "dockerLabels": {"a": 1}}]}),
            "`containerDefinitions[0].dockerLabels.a` is a whole number, ECS wants a string",
        ),
        (json!({"containerDefinitions": []}), "`containerDefinitions[0]` is missing"),
        (json!({"containerDefinitions": [{"name": "app"}]}), "`containerDefinitions[0].image` is missing"),
        (
            json!({"family": "news api"}),
            "`family` is `news api`, which is not the name of a family: 1 to 255 letters, digits, hyphens and underscores",
        ),
        (
            json!({"containerDefinitions": [{"name": "app", "image": "x",
                "secrets": [{"name": "URL", "valueFrom": "mysql://news:canary-4711@db/news"}]}]}),
            "`containerDefinitions[0].secrets[0].valueFrom` is neither the ARN of a Secrets Manager secret nor the ARN or name of an SSM parameter",
        ),
        (json!({"taskRoleArn": "a role"}), "`taskRoleArn` is `a role`, which is not the ARN or name of a role"),
    ];
    for (change, expected) in cases {
        let mut definition = minimal();
        for (key, value) in change.as_object().expect("an object") {
            definition[key] = value.clone();
        }
        let error = parse(&definition).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_facts_are_what_the_file_names() {
    let definition = parse(&json!({
        "family": "news-api",
        "executionRoleArn": "arn:aws:iam::123456789012:role/news-api-execution",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{
            "name": "app", "image": "app:v1",
            "portMappings": [{"containerPort": 8000, "protocol": "tcp"}, {"containerPort": 53, "protocol": "udp"}],
            "secrets": [{"name": "DATABASE_URL", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db:url::"}],
            "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket/app.env"}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/news-api", "awslogs-region": "eu-central-1"}},
        }, {
            "name": "proxy", "image": "nginx",
            "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "splunk-token", "valueFrom": "token"}]},
        }],
    }))
    .expect("a definition");
    let facts = definition.facts();
    assert_eq!(facts.containers[0].ports, [8000]);
    assert_eq!(facts.log_groups.len(), 1);
    assert_eq!(facts.secrets.len(), 2);
    assert_eq!(facts.environment_files.len(), 1);
    assert_eq!(facts.execution_role.as_ref().map(|role| role.name.as_str()), Some("news-api-execution"));
    assert_eq!(facts.task_role, None);
}

#[test]
fn an_image_is_placed_wherever_the_same_image_stood() {
    let definition = parse(&json!({"family": "f", "containerDefinitions": [
        {"name": "migrate", "image": "app:v1"}, {"name": "proxy", "image": "nginx"}, {"name": "app", "image": "app:v1"},
    ]}))
    .expect("a definition");
    let images = |document: &Document| -> Vec<String> {
        let containers = objects(document.keys(), "containerDefinitions");
        containers.filter_map(|container| text(container, "image")).map(str::to_owned).collect()
    };
    assert_eq!(images(&definition.with_image("app", "new:v2")), ["new:v2", "nginx", "new:v2"]);
    assert_eq!(images(&definition.with_image("proxy", "new:v2")), ["app:v1", "new:v2", "app:v1"]);
    assert_eq!(images(&definition.with_image("absent", "new:v2")), ["app:v1", "nginx", "app:v1"]);
}

#[test]
fn the_environment_is_not_shown_by_debug() {
    let mut definition = minimal();
    definition["containerDefinitions"][0]["environment"] = json!([{"name": "TOKEN", "value": "canary-4711"}]);
    let definition = parse(&definition).expect("a definition");
    assert!(!format!("{definition:?}").contains("canary-4711"));
    assert!(definition.document.to_json().contains("canary-4711"));
}

/// The keys in the table are the members of the model that AWS generates its SDK from: a key that ECS learns with an SDK
/// update fails here until the table has it.
#[test]
fn the_table_has_the_keys_of_the_sdk() {
    macro_rules! same {
        ($($shape:ident = $sdk:ty),* $(,)?) => {$(
            let Shape::Keys(keys) = shape::$shape else { panic!("{} is not an object", stringify!($shape)) };
            let mut table: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
            let mut model: Vec<&str> = <$sdk>::SCHEMA.members().iter().filter_map(|member| member.member_name()).collect();
            table.sort_unstable();
            model.sort_unstable();
            assert_eq!(table, model, "{}", stringify!($shape));
        )*};
    }
    same! {
        TASK_DEFINITION = aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput,
        CONTAINER = types::ContainerDefinition,
        PORT_MAPPING = types::PortMapping,
        RESTART_POLICY = types::ContainerRestartPolicy,
        MOUNT_POINT = types::MountPoint,
        LINUX_PARAMETERS = types::LinuxParameters,
        LOG_CONFIGURATION = types::LogConfiguration,
        HEALTH_CHECK = types::HealthCheck,
        RESOURCE_REQUIREMENT = types::ResourceRequirement,
        SECRET = types::Secret,
        TAG = types::Tag,
        VOLUME = types::Volume,
        DOCKER_VOLUME = types::DockerVolumeConfiguration,
        EFS_VOLUME = types::EfsVolumeConfiguration,
        S3_FILES_VOLUME = types::S3FilesVolumeConfiguration,
        FSX_VOLUME = types::FSxWindowsFileServerVolumeConfiguration,
        PROXY = types::ProxyConfiguration,
        NAME_AND_VALUE = types::KeyValuePair,
        ENVIRONMENT_FILE = types::EnvironmentFile,
        VOLUME_FROM = types::VolumeFrom,
        CAPABILITIES = types::KernelCapabilities,
        DEVICE = types::Device,
        TMPFS = types::Tmpfs,
        DEPENDENCY = types::ContainerDependency,
        HOST_ENTRY = types::HostEntry,
        ULIMIT = types::Ulimit,
        SYSTEM_CONTROL = types::SystemControl,
        NVIDIA_MPS = types::NvidiaMpsAllocation,
        FIRELENS = types::FirelensConfiguration,
    }
}
