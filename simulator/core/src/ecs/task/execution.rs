//! What the execution role does for a task: it fetches secrets, makes log streams, asks for a registry token and writes log lines.
//! Each is an API call of its own, which IAM may refuse.

use std::collections::BTreeMap;
use std::fmt;

use super::{Overrides, environment};
use crate::ecr::{self, GetAuthorizationToken};
use crate::ecs::definition::{LogConfiguration, TaskDefinition};
use crate::effect::{Pull, TaskId};
use crate::iam::Secret;
use crate::logs::{CreateLogGroup, CreateLogStream, PutLogEvents};
use crate::operation::Caller;
use crate::refusal::Refusal;
use crate::s3::GetObject;
use crate::secrets::GetSecretValue;
use crate::ssm::InjectParameter;
use crate::world::World;

/// The values that a task's containers are started with and nobody else may see: not in [`fmt::Debug`].
#[derive(Clone, Default)]
pub(in crate::ecs) struct Secrets {
    variables: BTreeMap<String, Vec<(String, String)>>,
    /// What environment files say; the first file's word comes first.
    from_files: BTreeMap<String, Vec<(String, String)>>,
    registry_token: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variables, from_files: _, registry_token: _ } = self;
        f.debug_struct("Secrets").field("containers", &variables.keys()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// The variables of the container called `name`.
    pub(super) fn of(&self, name: &str) -> impl Iterator<Item = (String, String)> + '_ {
        self.variables.get(name).into_iter().flatten().cloned()
    }

    /// What the environment files of the container called `name` say. Of two that set one variable the first holds.
    pub(super) fn of_files(&self, name: &str) -> impl Iterator<Item = (String, String)> + '_ {
        self.from_files.get(name).into_iter().flatten().cloned()
    }

    /// These, unless there is nothing in them.
    fn kept(self) -> Option<Box<Self>> {
        let Self { variables, from_files, registry_token } = &self;
        let files = from_files.values().all(Vec::is_empty);
        let nothing = variables.values().all(Vec::is_empty) && files && registry_token.is_none();
        (!nothing).then(|| Box::new(self))
    }
}

/// Assumes the roles of a task about to be launched, and answers the session of its execution role, which is named after the task.
///
/// # Errors
/// AWS's `ClientException` if a role does not exist or does not trust `ecs-tasks.amazonaws.com`.
pub(super) fn assume_roles(
    world: &mut World,
    definition: &TaskDefinition,
    overrides: &Overrides,
    id: &TaskId,
) -> Result<Option<Caller>, Refusal> {
    let mut assume = |role: Option<&String>| {
        let assumed = role.map(|role| {
            world.assume_for_service(role, "ecs-tasks.amazonaws.com", &id.to_string()).map_err(|_| unassumable(role))
        });
        assumed.transpose()
    };
    assume(overrides.task_role.as_ref().or(definition.task_role.as_ref()))?;
    assume(overrides.execution_role.as_ref().or(definition.execution_role.as_ref()))
}

fn unassumable(role: &str) -> Refusal {
    let message = format!(
        "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has \
         the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    );
    Refusal::fault("ClientException", message)
}

/// Fetches what a task needs before its first container.
///
/// # Errors
/// AWS's `ResourceInitializationError` text.
pub(super) fn initialise(world: &mut World, id: &TaskId) -> Result<(), String> {
    let task = world.ecs.task_mut(id);
    let definition = task.definition.clone();
    // Registration has seen to it that what needs an execution role has one.
    let Some(execution) = task.execution.clone() else { return Ok(()) };
    let mut secrets = Secrets::default();
    if definition.containers.iter().any(|container| ecr::is_private(world, &container.image)) {
        let token = world.pass(&execution, GetAuthorizationToken {}).map_err(|refusal| {
            unable_to_pull(&format!(
                "unable to retrieve ecr registry auth: service call has been retried 1 time(s): {}",
                said(&refusal)
            ))
        })?;
        secrets.registry_token = Some(token.password);
    }
    for container in &definition.containers {
        let mut variables = Vec::new();
        for secret in &container.secrets {
            variables.push((secret.name.clone(), fetch(world, &execution, &secret.value_from)?));
        }
        secrets.variables.insert(container.name.clone(), variables);
    }
    for (place, container) in definition.containers.iter().enumerate() {
        let mut variables = Vec::new();
        for file in environment::files(&world.ecs.tasks[id], place) {
            variables.extend(environment::parse(download(world, &execution, file)?.expose()));
        }
        secrets.from_files.insert(container.name.clone(), variables);
    }
    for container in &definition.containers {
        if let Some(log) = &container.log {
            make_stream(world, &execution, log, &log.stream(&container.name, &id.to_string()))?;
        }
    }
    world.ecs.task_mut(id).secrets = secrets.kept();
    Ok(())
}

/// The contents of the environment file at `arn`.
fn download(world: &mut World, execution: &Caller, arn: String) -> Result<Secret, String> {
    world.pass(execution, GetObject { arn }).map_err(|refusal| {
        let (status, error) = match refusal {
            Refusal::Fault { status: 404, .. } => (404, "NotFound: Not Found"),
            Refusal::Denied(_) | Refusal::Fault { .. } | Refusal::NotSimulated { .. } => (403, "Forbidden: Forbidden"),
        };
        format!(
            "ResourceInitializationError: failed to download env files: service call has been retried 1 time(s): operation error \
             S3: HeadObject, https response error StatusCode: {status}, api error {error}"
        )
    })
}

/// The value that `valueFrom` names: a parameter by name or ARN, or a secret by ARN.
fn fetch(world: &mut World, execution: &Caller, value_from: &str) -> Result<String, String> {
    if value_from.starts_with("arn:aws:ssm:") || !value_from.starts_with("arn:") {
        return fetch_parameter(world, execution, value_from);
    }
    fetch_secret(world, execution, value_from)
}

fn fetch_parameter(world: &mut World, execution: &Caller, reference: &str) -> Result<String, String> {
    let found = world.pass(execution, InjectParameter { reference: reference.to_owned() }).map_err(|refusal| {
        let why = match refusal {
            Refusal::Denied(_) => said(&refusal),
            Refusal::Fault { .. } | Refusal::NotSimulated { .. } => format!("invalid ssm parameters: {reference}"),
        };
        unable_to_pull(&format!("unable to retrieve secrets from ssm: service call has been retried 1 time(s): {why}"))
    })?;
    Ok(found.expose().to_owned())
}

/// The value of a secret: `arn:…:secret:NAME[:json-key:version-stage:version-id]`.
fn fetch_secret(world: &mut World, execution: &Caller, value_from: &str) -> Result<String, String> {
    let mut parts = value_from.split(':');
    let secret_id = parts.by_ref().take(7).collect::<Vec<_>>().join(":");
    let mut part = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
    let (json_key, version_stage, version_id) = (part(), part(), part());
    let asm = |what: String| {
        unable_to_pull(&format!("unable to retrieve secret from asm: service call has been retried 1 time(s): {what}"))
    };
    let asked = GetSecretValue { secret_id: secret_id.clone(), version_id, version_stage };
    let value = world.pass(execution, asked).map_err(|refusal| {
        asm(format!("failed to fetch secret {secret_id} from secrets manager: {}", said(&refusal)))
    })?;
    // The agent reads `SecretString` alone (amazon-ecs-agent, `agent/asm/asm.go`).
    let text = value.value.text().unwrap_or_default();
    let Some(key) = json_key else { return Ok(text.to_owned()) };
    // The value itself must not get into the message.
    let parsed: serde_json::Value = serde_json::from_str(text)
        .map_err(|_| asm("retrieved secret from Secrets Manager is not valid JSON".to_owned()))?;
    match parsed.get(&key) {
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(asm(format!("retrieved secret from Secrets Manager did not contain json key {key}"))),
    }
}

fn make_stream(world: &mut World, execution: &Caller, log: &LogConfiguration, stream: &str) -> Result<(), String> {
    let group = log.group().to_owned();
    if log.creates_group() {
        match world.pass(execution, CreateLogGroup { group: group.clone(), tags: BTreeMap::new() }) {
            Ok(()) | Err(Refusal::Fault { code: "ResourceAlreadyExistsException", .. }) => {}
            Err(refusal) => {
                let text = "failed to validate logger args: create group has been retried 1 times: failed to create Cloudwatch log group";
                return Err(format!("ResourceInitializationError: {text}: {}", said(&refusal)));
            }
        }
    }
    world.pass(execution, CreateLogStream { group, stream: stream.to_owned() }).map_err(|refusal| {
        let text = "failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream";
        format!("ResourceInitializationError: {text}: {}", said(&refusal))
    })
}

/// The pull of the image of the container at `place`.
pub(super) fn pull(world: &World, id: &TaskId, place: usize) -> Pull {
    let task = &world.ecs.tasks[id];
    let definition = &task.definition.containers[place];
    let token = if ecr::is_private(world, &definition.image) {
        task.secrets.as_ref().and_then(|secrets| secrets.registry_token.clone())
    } else {
        None
    };
    Pull {
        task: *id,
        container: task.containers[place].name.clone(),
        image: definition.image.clone(),
        digest: task.containers[place].digest.clone(),
        token,
    }
}

/// Fargate's text for a pull of `image` that failed with `message`. Where the tag was settled to `digest`, it is that which is pulled, and
/// named (facts/failures.md, G-04).
pub(super) fn cannot_pull(image: &str, digest: Option<&str>, message: &str) -> String {
    let image = digest.map_or_else(|| image.to_owned(), |digest| format!("{}@{digest}", ecr::without_tag(image)));
    let lower = message.to_lowercase();
    let absent = ["manifest unknown", "not found", "name unknown"].iter().any(|sign| lower.contains(sign));
    let (retries, why) = if absent { (7, format!("{image}: not found")) } else { (1, message.to_owned()) };
    format!(
        "CannotPullContainerError: pull image manifest has been retried {retries} time(s): failed to resolve ref {image}: {why}"
    )
}

/// Writes a line of the container at `place` to its log stream. A refusal loses the line, as the log driver does.
pub(super) fn log(world: &mut World, id: &TaskId, place: usize, line: String) {
    let now = world.now;
    let task = &world.ecs.tasks[id];
    if let (Some(log), Some(execution)) = (task.containers[place].log.clone(), task.execution.clone()) {
        let (group, stream) = *log;
        let put = PutLogEvents { group, stream, events: vec![(now, line)] };
        let _lost = world.pass(&execution, put).is_err();
    }
}

fn unable_to_pull(what: &str) -> String {
    format!(
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: {what}"
    )
}

/// A refusal as the SDK in the agent prints it.
fn said(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied(denial) => format!("AccessDeniedException: {denial}"),
        Refusal::Fault { .. } | Refusal::NotSimulated { .. } => refusal.to_string(),
    }
}
