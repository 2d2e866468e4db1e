//! What bootstrap needs to know of a task definition.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::reference::{Arn, RoleReference, SecretReference};
use super::{Document, TaskDefinitionError, objects, text};
use crate::config::name::Family;

/// What bootstrap learns from a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinitionFacts {
    /// The family.
    pub family: Family,
    /// The role that starts the task: pulls images, reads secrets, writes logs.
    pub execution_role: Option<RoleReference>,
    /// The role that the app itself has.
    pub task_role: Option<RoleReference>,
    /// The network mode as written.
    pub network_mode: Option<String>,
    /// What the task definition must be compatible with, as written.
    pub requires_compatibilities: Vec<String>,
    /// The containers in the order of the file.
    pub containers: Vec<ContainerFacts>,
    /// The CloudWatch log groups that containers write to, with the driver `awslogs`.
    pub log_groups: BTreeSet<LogGroupReference>,
    /// Every secret that is read when a task starts.
    pub secrets: BTreeSet<SecretReference>,
    /// The ARNs of the S3 objects that `environmentFiles` names.
    pub environment_files: BTreeSet<String>,
    /// Whether the definition carries tags, which takes a permission of its own to register.
    pub tagged: bool,
}

/// What bootstrap learns of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Its name.
    pub name: String,
    /// Its image as written.
    pub image: String,
    /// The TCP ports it listens on.
    pub ports: Vec<u16>,
}

/// A CloudWatch log group as a log configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogGroupReference {
    /// The group's name.
    pub name: String,
    /// The region it is in, where the configuration says so.
    pub region: Option<String>,
}

impl TaskDefinitionFacts {
    pub(super) fn read(document: &Document) -> Result<Self, TaskDefinitionError> {
        let keys = document.keys();
        let family = required(keys, "", "family")?;
        let mut facts = Self {
            family: Family::parse(family).map_err(|_| TaskDefinitionError::NotAReference {
                path: "family".to_owned(),
                text: family.to_owned(),
                expected: "the name of a family: 1 to 255 letters, digits, hyphens and underscores",
            })?,
            execution_role: role(keys, "executionRoleArn")?,
            task_role: role(keys, "taskRoleArn")?,
            network_mode: text(keys, "networkMode").map(str::to_owned),
            requires_compatibilities: texts(keys, "requiresCompatibilities"),
            containers: Vec::new(),
            log_groups: BTreeSet::new(),
            secrets: BTreeSet::new(),
            environment_files: BTreeSet::new(),
            tagged: objects(keys, "tags").next().is_some(),
        };
        for (index, container) in objects(keys, "containerDefinitions").enumerate() {
            facts.read_container(container, &format!("containerDefinitions[{index}]"))?;
        }
        if facts.containers.is_empty() {
            return Err(TaskDefinitionError::Missing { path: "containerDefinitions[0]".to_owned() });
        }
        Ok(facts)
    }

    fn read_container(&mut self, container: &Map<String, Value>, path: &str) -> Result<(), TaskDefinitionError> {
        self.containers.push(ContainerFacts {
            name: required(container, path, "name")?.to_owned(),
            image: required(container, path, "image")?.to_owned(),
            ports: objects(container, "portMappings").filter_map(tcp_port).collect(),
        });
        self.read_secrets(container, "secrets", path)?;
        if let Some(credentials) = container.get("repositoryCredentials").and_then(Value::as_object) {
            let path = format!("{path}.repositoryCredentials");
            let text = required(credentials, &path, "credentialsParameter")?;
            self.secrets.insert(secret(text, &format!("{path}.credentialsParameter"))?);
        }
        for (index, file) in objects(container, "environmentFiles").enumerate() {
            let path = format!("{path}.environmentFiles[{index}]");
            let arn = required(file, &path, "value")?;
            if Arn::parse(arn).is_none_or(|parts| parts.service != "s3" || !parts.resource.contains('/')) {
                return Err(TaskDefinitionError::NotAReference {
                    path: format!("{path}.value"),
                    text: arn.to_owned(),
                    expected: "the ARN of an S3 object",
                });
            }
            self.environment_files.insert(arn.to_owned());
        }
        match container.get("logConfiguration").and_then(Value::as_object) {
            Some(log) => self.read_log(log, &format!("{path}.logConfiguration")),
            None => Ok(()),
        }
    }

    fn read_log(&mut self, log: &Map<String, Value>, path: &str) -> Result<(), TaskDefinitionError> {
        self.read_secrets(log, "secretOptions", path)?;
        if text(log, "logDriver") == Some("awslogs") {
            let none = Map::new();
            let options = log.get("options").and_then(Value::as_object).unwrap_or(&none);
            self.log_groups.insert(LogGroupReference {
                name: required(options, &format!("{path}.options"), "awslogs-group")?.to_owned(),
                region: text(options, "awslogs-region").map(str::to_owned),
            });
        }
        Ok(())
    }

    fn read_secrets(&mut self, owner: &Map<String, Value>, key: &str, path: &str) -> Result<(), TaskDefinitionError> {
        for (index, entry) in objects(owner, key).enumerate() {
            let path = format!("{path}.{key}[{index}]");
            let text = required(entry, &path, "valueFrom")?;
            self.secrets.insert(secret(text, &format!("{path}.valueFrom"))?);
        }
        Ok(())
    }
}

fn required<'a>(object: &'a Map<String, Value>, path: &str, key: &str) -> Result<&'a str, TaskDefinitionError> {
    text(object, key).filter(|text| !text.is_empty()).ok_or_else(|| TaskDefinitionError::Missing {
        path: if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") },
    })
}

fn role(keys: &Map<String, Value>, key: &str) -> Result<Option<RoleReference>, TaskDefinitionError> {
    text(keys, key)
        .map(|text| {
            RoleReference::parse(text).ok_or_else(|| TaskDefinitionError::NotAReference {
                path: key.to_owned(),
                text: text.to_owned(),
                expected: "the ARN or name of a role",
            })
        })
        .transpose()
}

fn secret(text: &str, path: &str) -> Result<SecretReference, TaskDefinitionError> {
    SecretReference::parse(text).ok_or_else(|| TaskDefinitionError::NotASecretReference { path: path.to_owned() })
}

fn texts(object: &Map<String, Value>, key: &str) -> Vec<String> {
    let items = object.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The container port of a mapping for TCP, which is the protocol where none is given.
fn tcp_port(mapping: &Map<String, Value>) -> Option<u16> {
    match text(mapping, "protocol") {
        None | Some("tcp") => {
            mapping.get("containerPort").and_then(Value::as_u64).and_then(|port| port.try_into().ok())
        }
        Some(_) => None,
    }
}
