//! The keys of `RegisterTaskDefinition`, as a table. A test compares it with the model that the AWS SDK was made from.

use serde_json::{Map, Value};

use super::TaskDefinitionError;

/// What may stand at one place of a task definition.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// An integer.
    Whole,
    /// `true` or `false`.
    Flag,
    /// An array of one kind of thing.
    List(&'static Shape),
    /// An object whose keys the user chooses and whose values are strings.
    Texts,
    /// An object with these keys and no others.
    Keys(&'static [(&'static str, Shape)]),
}

use Shape::{Flag, Keys, List, Text, Texts, Whole};

const TEXT_LIST: Shape = List(&Text);

pub(super) const NAME_AND_VALUE: Shape = Keys(&[("name", Text), ("value", Text)]);

pub(super) const TAG: Shape = Keys(&[("key", Text), ("value", Text)]);

pub(super) const SECRET: Shape = Keys(&[("name", Text), ("valueFrom", Text)]);

pub(super) const PORT_MAPPING: Shape = Keys(&[
    ("containerPort", Whole),
    ("hostPort", Whole),
    ("protocol", Text),
    ("name", Text),
    ("appProtocol", Text),
    ("containerPortRange", Text),
]);

pub(super) const RESTART_POLICY: Shape =
    Keys(&[("enabled", Flag), ("ignoredExitCodes", List(&Whole)), ("restartAttemptPeriod", Whole)]);

pub(super) const ENVIRONMENT_FILE: Shape = Keys(&[("value", Text), ("type", Text)]);

pub(super) const MOUNT_POINT: Shape = Keys(&[("sourceVolume", Text), ("containerPath", Text), ("readOnly", Flag)]);

pub(super) const VOLUME_FROM: Shape = Keys(&[("sourceContainer", Text), ("readOnly", Flag)]);

pub(super) const CAPABILITIES: Shape = Keys(&[("add", TEXT_LIST), ("drop", TEXT_LIST)]);

pub(super) const DEVICE: Shape = Keys(&[("hostPath", Text), ("containerPath", Text), ("permissions", TEXT_LIST)]);

pub(super) const TMPFS: Shape = Keys(&[("containerPath", Text), ("size", Whole), ("mountOptions", TEXT_LIST)]);

pub(super) const LINUX_PARAMETERS: Shape = Keys(&[
    ("capabilities", CAPABILITIES),
    ("devices", List(&DEVICE)),
    ("initProcessEnabled", Flag),
    ("sharedMemorySize", Whole),
    ("tmpfs", List(&TMPFS)),
    ("maxSwap", Whole),
    ("swappiness", Whole),
]);

pub(super) const DEPENDENCY: Shape = Keys(&[("containerName", Text), ("condition", Text)]);

pub(super) const HOST_ENTRY: Shape = Keys(&[("hostname", Text), ("ipAddress", Text)]);

pub(super) const ULIMIT: Shape = Keys(&[("name", Text), ("softLimit", Whole), ("hardLimit", Whole)]);

pub(super) const LOG_CONFIGURATION: Shape =
    Keys(&[("logDriver", Text), ("options", Texts), ("secretOptions", List(&SECRET))]);

pub(super) const HEALTH_CHECK: Shape = Keys(&[
    ("command", TEXT_LIST),
    ("interval", Whole),
    ("timeout", Whole),
    ("retries", Whole),
    ("startPeriod", Whole),
]);

pub(super) const SYSTEM_CONTROL: Shape = Keys(&[("namespace", Text), ("value", Text)]);

pub(super) const NVIDIA_MPS: Shape = Keys(&[("memory", Whole), ("maxComputePercent", Whole)]);

const SHARING_STRATEGY: Shape = Keys(&[("nvidiaMps", NVIDIA_MPS)]);

pub(super) const RESOURCE_REQUIREMENT: Shape =
    Keys(&[("value", Text), ("type", Text), ("sharingStrategy", SHARING_STRATEGY)]);

pub(super) const FIRELENS: Shape = Keys(&[("type", Text), ("options", Texts)]);

pub(super) const CONTAINER: Shape = Keys(&[
    ("name", Text),
    ("image", Text),
    ("repositoryCredentials", Keys(&[("credentialsParameter", Text)])),
    ("cpu", Whole),
    ("memory", Whole),
    ("memoryReservation", Whole),
    ("links", TEXT_LIST),
    ("portMappings", List(&PORT_MAPPING)),
    ("essential", Flag),
    ("restartPolicy", RESTART_POLICY),
    ("entryPoint", TEXT_LIST),
    ("command", TEXT_LIST),
    ("environment", List(&NAME_AND_VALUE)),
    ("environmentFiles", List(&ENVIRONMENT_FILE)),
    ("mountPoints", List(&MOUNT_POINT)),
    ("volumesFrom", List(&VOLUME_FROM)),
    ("linuxParameters", LINUX_PARAMETERS),
    ("secrets", List(&SECRET)),
    ("dependsOn", List(&DEPENDENCY)),
    ("startTimeout", Whole),
    ("stopTimeout", Whole),
    ("versionConsistency", Text),
    ("hostname", Text),
    ("user", Text),
    ("workingDirectory", Text),
    ("disableNetworking", Flag),
    ("privileged", Flag),
    ("readonlyRootFilesystem", Flag),
    ("dnsServers", TEXT_LIST),
    ("dnsSearchDomains", TEXT_LIST),
    ("extraHosts", List(&HOST_ENTRY)),
    ("dockerSecurityOptions", TEXT_LIST),
    ("interactive", Flag),
    ("pseudoTerminal", Flag),
    ("dockerLabels", Texts),
    ("ulimits", List(&ULIMIT)),
    ("logConfiguration", LOG_CONFIGURATION),
    ("healthCheck", HEALTH_CHECK),
    ("systemControls", List(&SYSTEM_CONTROL)),
    ("resourceRequirements", List(&RESOURCE_REQUIREMENT)),
    ("firelensConfiguration", FIRELENS),
    ("credentialSpecs", TEXT_LIST),
]);

pub(super) const DOCKER_VOLUME: Shape =
    Keys(&[("scope", Text), ("autoprovision", Flag), ("driver", Text), ("driverOpts", Texts), ("labels", Texts)]);

pub(super) const EFS_VOLUME: Shape = Keys(&[
    ("fileSystemId", Text),
    ("rootDirectory", Text),
    ("transitEncryption", Text),
    ("transitEncryptionPort", Whole),
    ("authorizationConfig", Keys(&[("accessPointId", Text), ("iam", Text)])),
]);

pub(super) const S3_FILES_VOLUME: Shape = Keys(&[
    ("fileSystemArn", Text),
    ("rootDirectory", Text),
    ("transitEncryptionPort", Whole),
    ("accessPointArn", Text),
]);

pub(super) const FSX_VOLUME: Shape = Keys(&[
    ("fileSystemId", Text),
    ("rootDirectory", Text),
    ("authorizationConfig", Keys(&[("credentialsParameter", Text), ("domain", Text)])),
]);

pub(super) const VOLUME: Shape = Keys(&[
    ("name", Text),
    ("host", Keys(&[("sourcePath", Text)])),
    ("dockerVolumeConfiguration", DOCKER_VOLUME),
    ("efsVolumeConfiguration", EFS_VOLUME),
    ("s3filesVolumeConfiguration", S3_FILES_VOLUME),
    ("fsxWindowsFileServerVolumeConfiguration", FSX_VOLUME),
    ("configuredAtLaunch", Flag),
]);

pub(super) const PROXY: Shape = Keys(&[("type", Text), ("containerName", Text), ("properties", List(&NAME_AND_VALUE))]);

pub(super) const TASK_DEFINITION: Shape = Keys(&[
    ("family", Text),
    ("taskRoleArn", Text),
    ("executionRoleArn", Text),
    ("networkMode", Text),
    ("containerDefinitions", List(&CONTAINER)),
    ("volumes", List(&VOLUME)),
    ("placementConstraints", List(&Keys(&[("type", Text), ("expression", Text)]))),
    ("requiresCompatibilities", TEXT_LIST),
    ("cpu", Text),
    ("memory", Text),
    ("tags", List(&TAG)),
    ("pidMode", Text),
    ("ipcMode", Text),
    ("proxyConfiguration", PROXY),
    ("inferenceAccelerators", List(&Keys(&[("deviceName", Text), ("deviceType", Text)]))),
    ("ephemeralStorage", Keys(&[("sizeInGiB", Whole)])),
    ("runtimePlatform", Keys(&[("cpuArchitecture", Text), ("operatingSystemFamily", Text)])),
    ("enableFaultInjection", Flag),
]);

/// Holds the table against a document.
pub(super) fn check(document: &Map<String, Value>) -> Result<(), TaskDefinitionError> {
    match TASK_DEFINITION {
        Keys(keys) => check_keys(document, keys, ""),
        Text | Whole | Flag | List(_) | Texts => Ok(()),
    }
}

fn check_value(value: &Value, shape: Shape, path: &str) -> Result<(), TaskDefinitionError> {
    let wrong =
        |expected| Err(TaskDefinitionError::WrongType { path: path.to_owned(), expected, found: kind_of(value) });
    match (shape, value) {
        (Text, Value::String(_)) | (Flag, Value::Bool(_)) => Ok(()),
        (Whole, Value::Number(number)) if number.as_i64().is_some() => Ok(()),
        (List(item), Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check_value(value, *item, &format!("{path}[{index}]"))),
        (Texts, Value::Object(map)) => {
            map.iter().try_for_each(|(key, value)| check_value(value, Text, &join(path, key)))
        }
        (Keys(keys), Value::Object(map)) => check_keys(map, keys, path),
        (Text, _) => wrong("a string"),
        (Whole, _) => wrong("a whole number"),
        (Flag, _) => wrong("`true` or `false`"),
        (List(_), _) => wrong("a list"),
        (Texts | Keys(_), _) => wrong("an object"),
    }
}

fn check_keys(
    map: &Map<String, Value>,
    keys: &'static [(&'static str, Shape)],
    path: &str,
) -> Result<(), TaskDefinitionError> {
    map.iter().try_for_each(|(key, value)| match keys.iter().find(|(known, _)| known == key) {
        Some((_, shape)) => check_value(value, *shape, &join(path, key)),
        None => Err(TaskDefinitionError::UnknownKey {
            path: if path.is_empty() { "task definition".to_owned() } else { path.to_owned() },
            key: key.clone(),
            known: keys.iter().map(|(known, _)| *known).collect(),
        }),
    })
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What a value is, with its article.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "`true` or `false`",
        Value::Number(number) if number.as_i64().is_some() => "a whole number",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
