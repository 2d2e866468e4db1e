//! The ECS task definition, as `aws ecs describe-task-definition` prints it or `register-task-definition` takes it.

use std::collections::BTreeSet;

use super::fields::{Fields, wrong_type};
use super::source::{Located, Source, Spot};
use super::tree::{Node, Value};
use super::{FileError, json};

/// A task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// The file.
    pub source: Source,
    /// Its family.
    pub family: Located<String>,
    /// Its containers, in the file's order.
    pub containers: Vec<Container>,
    /// Everything that it says, as a plain value, for whoever registers it: without `taskDefinition` around it, and without what only
    /// AWS writes.
    pub registration: serde_json::Value,
}

/// A container definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Where it begins.
    pub spot: Spot,
    /// Its name.
    pub name: Located<String>,
    /// Its image.
    pub image: Located<String>,
    /// Whether the task stops when it stops. ECS's default is true.
    pub essential: bool,
    /// Its ports (`containerPort`).
    pub ports: Vec<Located<u16>>,
    /// Its plain variables: name and value.
    pub environment: Vec<Variable>,
    /// Its secrets: name and `valueFrom`.
    pub secrets: Vec<Variable>,
    /// Whether it also takes variables from files on S3, whose names nobody knows here.
    pub has_environment_files: bool,
    /// What it waits for.
    pub depends_on: Vec<Dependency>,
    /// Whether `startTimeout` bounds how long others wait for it.
    pub has_start_timeout: bool,
    /// Its health check.
    pub health_check: Option<HealthCheck>,
    /// What replaces the image's CMD.
    pub command: Option<Vec<Located<String>>>,
    /// What replaces the image's ENTRYPOINT.
    pub entry_point: Option<Vec<Located<String>>>,
    /// Whether an init process is its first process.
    pub has_init: bool,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: Located<String>,
    /// Its value, or for a secret where the value comes from.
    pub value: Located<String>,
}

/// One entry of `dependsOn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The container that is waited for.
    pub container: Located<String>,
    /// What is waited for: `START`, `COMPLETE`, `SUCCESS` or `HEALTHY`.
    pub condition: Located<String>,
}

/// A container's health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Where it begins.
    pub spot: Spot,
    /// `CMD` or `CMD-SHELL`, and the command.
    pub command: Vec<Located<String>>,
}

/// What `describe-task-definition` adds and `register-task-definition` refuses.
const WRITTEN_BY_AWS: [&str; 8] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
];

impl TaskDefinition {
    /// Reads a task definition.
    ///
    /// # Errors
    /// If it is no JSON, has unknown keys or values of the wrong type, or contradicts itself.
    pub fn parse(source: Source) -> Result<Self, FileError> {
        let root = json::parse(&source)?;
        let described = root.get("taskDefinition");
        if described.is_some() {
            let outer = Fields::of(&source, &root, "the task definition's file")?;
            outer.ignore(&["taskDefinition", "tags"]);
            outer.finish(|_| false)?;
        }
        let node = described.unwrap_or(&root);
        let fields = Fields::of(&source, node, "the task definition")?;
        let family = fields.required_text("family")?;
        fields.ignore(&WRITTEN_BY_AWS);
        fields.ignore(&[
            "taskRoleArn",
            "executionRoleArn",
            "networkMode",
            "volumes",
            "placementConstraints",
            "requiresCompatibilities",
            "cpu",
            "memory",
            "tags",
            "pidMode",
            "ipcMode",
            "proxyConfiguration",
            "inferenceAccelerators",
            "ephemeralStorage",
            "runtimePlatform",
            "enableFaultInjection",
        ]);
        let nodes = fields.list("containerDefinitions")?;
        if nodes.is_empty() {
            return Err(fields.missing("containerDefinitions"));
        }
        fields.finish(|_| false)?;
        let containers = nodes.iter().map(|node| Container::read(&source, node)).collect::<Result<Vec<_>, _>>()?;
        let mut names = BTreeSet::new();
        if let Some(second) = containers.iter().find(|container| !names.insert(container.name.value.as_str())) {
            return Err(FileError::Contradiction {
                place: source.place(second.name.spot).into(),
                problem: format!("a second container is called `{}`", second.name.value),
                help: "give every container a name of its own".to_owned(),
            });
        }
        let registration = registration(node);
        Ok(Self { source, family, containers, registration })
    }

    /// The container of a name.
    ///
    /// # Errors
    /// If there is none; the error names those that there are.
    pub fn container(&self, name: &str) -> Result<&Container, FileError> {
        self.containers.iter().find(|container| container.name.value == name).ok_or_else(|| {
            let names: Vec<String> =
                self.containers.iter().map(|container| format!("`{}`", container.name.value)).collect();
            FileError::Contradiction {
                place: self.source.place(self.family.spot).into(),
                problem: format!("the task definition has no container `{name}`"),
                help: format!("name one of its containers in greenroom.toml: {}", names.join(", ")),
            }
        })
    }
}

impl Container {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "a container definition")?;
        let name = fields.required_text("name")?;
        let image = fields.required_text("image")?;
        let essential = fields.truth("essential")?.unwrap_or(true);
        let ports = fields.list("portMappings")?.iter().filter_map(|node| port(source, node).transpose());
        let variables = |key, value_key| -> Result<Vec<Variable>, FileError> {
            fields.list(key)?.iter().map(|node| Variable::read(source, node, key, value_key)).collect()
        };
        let has_init = fields.node("linuxParameters").and_then(|parameters| parameters.get("initProcessEnabled"));
        fields.ignore(&[
            "repositoryCredentials",
            "cpu",
            "memory",
            "memoryReservation",
            "links",
            "restartPolicy",
            "mountPoints",
            "volumesFrom",
            "stopTimeout",
            "versionConsistency",
            "hostname",
            "user",
            "workingDirectory",
            "disableNetworking",
            "privileged",
            "readonlyRootFilesystem",
            "dnsServers",
            "dnsSearchDomains",
            "extraHosts",
            "dockerSecurityOptions",
            "interactive",
            "pseudoTerminal",
            "dockerLabels",
            "ulimits",
            "logConfiguration",
            "systemControls",
            "resourceRequirements",
            "firelensConfiguration",
            "credentialSpecs",
        ]);
        let container = Self {
            spot: node.spot,
            name,
            image,
            essential,
            ports: ports.collect::<Result<_, _>>()?,
            environment: variables("environment", "value")?,
            secrets: variables("secrets", "valueFrom")?,
            has_environment_files: !fields.list("environmentFiles")?.is_empty(),
            depends_on: fields
                .list("dependsOn")?
                .iter()
                .map(|node| Dependency::read(source, node))
                .collect::<Result<_, _>>()?,
            has_start_timeout: fields.node("startTimeout").is_some(),
            health_check: fields.node("healthCheck").map(|node| HealthCheck::read(source, node)).transpose()?,
            command: fields.texts("command")?,
            entry_point: fields.texts("entryPoint")?,
            has_init: has_init.is_some_and(|node| node.value == Value::Bool(true)),
        };
        fields.finish(|_| false)?;
        Ok(container)
    }

    /// The variable or secret of a name: where its name stands.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.environment.iter().chain(&self.secrets).find(|variable| variable.name.value == name)
    }
}

fn port(source: &Source, node: &Node) -> Result<Option<Located<u16>>, FileError> {
    let fields = Fields::of(source, node, "a port mapping")?;
    fields.ignore(&["hostPort", "protocol", "name", "appProtocol", "containerPortRange"]);
    let port = fields.number("containerPort")?;
    fields.finish(|_| false)?;
    Ok(port)
}

impl Variable {
    fn read(source: &Source, node: &Node, key: &'static str, value_key: &'static str) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, format!("an entry of `{key}`"))?;
        let name = fields.required_text("name")?;
        // ECS takes a variable without a value for an empty one; a secret comes from somewhere.
        let value = match (fields.text(value_key)?, value_key) {
            (Some(value), _) => value,
            (None, "value") => Located { value: String::new(), spot: name.spot },
            (None, _) => return Err(fields.missing(value_key)),
        };
        let variable = Self { name, value };
        fields.finish(|_| false)?;
        Ok(variable)
    }
}

impl Dependency {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "an entry of `dependsOn`")?;
        let dependency =
            Self { container: fields.required_text("containerName")?, condition: fields.required_text("condition")? };
        fields.finish(|_| false)?;
        if !["START", "COMPLETE", "SUCCESS", "HEALTHY"].contains(&dependency.condition.value.as_str()) {
            return Err(FileError::Contradiction {
                place: source.place(dependency.condition.spot).into(),
                problem: format!("`{}` is no condition", dependency.condition.value),
                help: "write START, COMPLETE, SUCCESS or HEALTHY".to_owned(),
            });
        }
        Ok(dependency)
    }
}

impl HealthCheck {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "a health check")?;
        for key in ["interval", "timeout", "retries", "startPeriod"] {
            fields.number::<u32>(key)?;
        }
        let command = fields.texts("command")?.ok_or_else(|| fields.missing("command"))?;
        fields.finish(|_| false)?;
        match command.first() {
            None => Err(wrong_type(source, node, "command", "a list that begins with CMD or CMD-SHELL")),
            Some(first) if !["CMD", "CMD-SHELL", "NONE"].contains(&first.value.as_str()) => {
                Err(FileError::Contradiction {
                    place: source.place(first.spot).into(),
                    problem: format!("a health check's command cannot begin with `{}`", first.value),
                    help: "begin it with \"CMD\" or \"CMD-SHELL\"".to_owned(),
                })
            }
            Some(_) => Ok(Self { spot: node.spot, command }),
        }
    }
}

fn registration(node: &Node) -> serde_json::Value {
    let mut value = node.to_json();
    if let Some(members) = value.as_object_mut() {
        members.retain(|key, value| !WRITTEN_BY_AWS.contains(&key.as_str()) && !value.is_null());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TaskDefinition, FileError> {
        TaskDefinition::parse(Source { name: "task.json".to_owned(), text: text.to_owned() })
    }

    fn check(text: &str, message: &str, help: &str) {
        let error = parse(text).expect_err("it is wrong");
        assert_eq!((error.to_string().as_str(), error.help().as_str()), (message, help));
    }

    #[test]
    fn a_described_definition_reads_as_a_registered_one() {
        let bare = r#"{"family":"f","cpu":"256","containerDefinitions":[{"name":"a","image":"i","portMappings":[{"containerPort":80}]}]}"#;
        let described = format!(
            r#"{{"taskDefinition":{},"tags":[]}}"#,
            bare.replacen('{', r#"{"revision":3,"status":"ACTIVE","#, 1)
        );
        let (bare, described) = (parse(bare).expect("it is right"), parse(&described).expect("it is right"));
        assert_eq!(bare.registration, described.registration);
        assert_eq!(described.containers[0].ports[0].value, 80);
        assert!(described.containers[0].essential);
        assert!(described.container("b").expect_err("there is none").help().contains("`a`"));
    }

    #[test]
    fn mistakes_are_placed_and_helped_with() {
        let container = |rest: &str| {
            format!("{{\"family\":\"f\",\"containerDefinitions\":[{{\"name\":\"a\",\n\"image\":\"i\",\n{rest}}}]}}")
        };
        check(
            &container("\"enviroment\": []"),
            "task.json:3:2: unknown key `enviroment` in a container definition",
            "did you mean `environment`?",
        );
        check(
            &container("\"essential\": \"yes\""),
            "task.json:3:15: `essential` must be true or false, and is a text",
            "write true or false for `essential`",
        );
        check(
            &container("\"portMappings\": [{\"containerPort\": 80000}]"),
            "task.json:3:36: `containerPort` must be a whole number in its range, and is a number",
            "write a whole number in its range for `containerPort`",
        );
        check(
            &container("\"dependsOn\": [{\"containerName\": \"b\", \"condition\": \"READY\"}]"),
            "task.json:3:52: `READY` is no condition",
            "write START, COMPLETE, SUCCESS or HEALTHY",
        );
        check(
            &container("\"healthCheck\": {\"command\": [\"curl\", \"localhost\"]}"),
            "task.json:3:30: a health check's command cannot begin with `curl`",
            "begin it with \"CMD\" or \"CMD-SHELL\"",
        );
        check(
            &container("\"secrets\": [{\"name\": \"A\"}]"),
            "task.json:3:13: an entry of `secrets` has no `valueFrom`",
            "add `valueFrom`",
        );
        check(
            "{\"family\": \"f\"}",
            "task.json:1:1: the task definition has no `containerDefinitions`",
            "add `containerDefinitions`",
        );
        check(
            "[]",
            "task.json:1:1: `the task definition` must be a map, and is a list",
            "write a map for `the task definition`",
        );
    }
}
