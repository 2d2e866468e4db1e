//! The compose file: services, and what they say of the app and its database.

mod dependency;
mod mount;
mod network;

use std::collections::BTreeSet;

use super::fields::{Fields, list, scalar, text, wrong_type};
use super::source::{Located, Source, Spot};
use super::tree::{Node, Value};
use super::{FileError, expand, yaml};
use crate::database::Engine;
pub use dependency::Dependency;
pub use mount::{Mount, Origin};
pub use network::Network;

/// A compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    /// The file.
    pub source: Source,
    /// Its services, in the file's order.
    pub services: Vec<Service>,
    /// The named volumes that somebody else makes or fills.
    pub foreign_volumes: BTreeSet<String>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: Located<String>,
    /// Its image, with variables replaced by their defaults.
    pub image: Option<Located<String>>,
    /// What it is built from, if it is built.
    pub build: Option<Build>,
    /// What replaces the image's command; a shell's line is one word.
    pub command: Option<Vec<Located<String>>>,
    /// What replaces the image's entrypoint.
    pub entrypoint: Option<Vec<Located<String>>>,
    /// Its variables. One without a value is taken from the shell.
    pub environment: Vec<Setting>,
    /// Its files of variables.
    pub env_files: Vec<Located<String>>,
    /// The ports inside the container that it publishes.
    pub ports: Vec<Located<u16>>,
    /// What is mounted inside the container.
    pub mounts: Vec<Mount>,
    /// How others reach it.
    pub network: Network,
    /// Whether it is started again when it ends with an error.
    pub restarts: bool,
    /// What it waits for.
    pub depends_on: Vec<Dependency>,
    /// Its health check.
    pub health_check: Option<HealthCheck>,
}

/// A variable of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: Located<String>,
    /// Its value; `None` if it is taken from the shell.
    pub value: Option<Located<String>>,
}

/// What an image is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The folder; `.` if the file does not say.
    pub context: String,
    /// The Dockerfile (`Dockerfile` if the file does not say).
    pub dockerfile: String,
}

/// A service's health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Where it begins.
    pub spot: Spot,
    /// The command: `CMD` or `CMD-SHELL` first; empty if the file only changes the image's own check.
    pub test: Vec<Located<String>>,
    /// Whether it turns the image's check off.
    pub is_disabled: bool,
}

/// The keys of a service that Compose knows and that say nothing of interest here.
const SERVICE_KEYS: [&str; 77] = [
    "annotations",
    "attach",
    "blkio_config",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "configs",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "driver_opts",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "hostname",
    "init",
    "ipc",
    "isolation",
    "label_file",
    "labels",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "post_start",
    "pre_stop",
    "privileged",
    "profiles",
    "provider",
    "pull_policy",
    "pull_refresh_after",
    "read_only",
    "runtime",
    "scale",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes_from",
    "working_dir",
];

impl Compose {
    /// Reads a compose file.
    ///
    /// # Errors
    /// If it is no YAML, has unknown keys or values of the wrong type, or a service waits for one that does not exist.
    pub fn parse(source: Source) -> Result<Self, FileError> {
        let root = yaml::parse(&source)?;
        let fields = Fields::of(&source, &root, "the compose file")?;
        fields.ignore(&["name", "version", "networks", "configs", "secrets", "include", "models"]);
        let foreign_volumes = mount::foreign(fields.node("volumes"));
        let services = fields.node("services").ok_or_else(|| fields.missing("services"))?;
        fields.finish(is_extension)?;
        let Value::Map(entries) = &services.value else {
            return Err(wrong_type(&source, services, "services", "a map"));
        };
        let services = entries
            .iter()
            .map(|(key, node)| Service::read(&source, &Located { value: key.text.clone(), spot: key.spot }, node))
            .collect::<Result<Vec<_>, _>>()?;
        let names: BTreeSet<&str> = services.iter().map(|service| service.name.value.as_str()).collect();
        let included = root.get("include").is_some();
        for dependency in services.iter().flat_map(|service| &service.depends_on) {
            if !included && !names.contains(dependency.service.value.as_str()) {
                return Err(FileError::Contradiction {
                    place: source.place(dependency.service.spot).into(),
                    problem: format!("there is no service `{}` to wait for", dependency.service.value),
                    help: format!("name one of the services: {}", names.iter().copied().collect::<Vec<_>>().join(", ")),
                });
            }
        }
        Ok(Self { source, services, foreign_volumes })
    }

    /// The service of a name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name.value == name)
    }

    /// The services that `service` waits for, and those that these wait for.
    #[must_use]
    pub fn awaited(&self, service: &Service) -> BTreeSet<&str> {
        let (mut awaited, mut left) = (BTreeSet::new(), vec![service.name.value.as_str()]);
        while let Some(service) = left.pop().and_then(|name| self.service(name)) {
            let names = service.depends_on.iter().map(|it| &it.service.value).chain(&service.network.links);
            for other in names.filter_map(|name| self.service(name)) {
                if awaited.insert(other.name.value.as_str()) {
                    left.push(&other.name.value);
                }
            }
        }
        awaited
    }

    /// The first service that runs a database of `engine`; its image is the one to rehearse with.
    #[must_use]
    pub fn database(&self, engine: Engine) -> Option<&Service> {
        self.services.iter().find(|service| service.database() == Some(engine))
    }
}

/// Keys that Compose leaves to everybody.
fn is_extension(key: &str) -> bool {
    key.starts_with("x-")
}

impl Service {
    fn read(source: &Source, name: &Located<String>, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, format!("the service `{}`", name.value))?;
        let image = fields.text("image")?.map(|image| {
            let value = expand(&image.value, &|_| None).unwrap_or(image.value);
            Located { value, ..image }
        });
        let env_files = match fields.node("env_file") {
            None => Vec::new(),
            Some(node) => one_or_more(node).iter().map(|node| env_file(source, node)).collect::<Result<_, _>>()?,
        };
        let service = Self {
            name: name.clone(),
            image,
            build: fields.node("build").map(|node| Build::read(source, node)).transpose()?,
            command: fields.node("command").map(|node| words(source, node, "command")).transpose()?,
            entrypoint: fields.node("entrypoint").map(|node| words(source, node, "entrypoint")).transpose()?,
            environment: fields.node("environment").map_or(Ok(Vec::new()), |node| environment(source, node))?,
            env_files,
            ports: fields
                .list("ports")?
                .iter()
                .filter_map(|node| port(source, node).transpose())
                .collect::<Result<_, _>>()?,
            mounts: fields.list("volumes")?.iter().map(|node| Mount::read(source, node)).collect::<Result<_, _>>()?,
            network: Network::read(source, &fields)?,
            restarts: restarts(&fields),
            depends_on: fields.node("depends_on").map_or(Ok(Vec::new()), |node| dependency::read(source, node))?,
            health_check: fields.node("healthcheck").map(|node| HealthCheck::read(source, node)).transpose()?,
        };
        fields.ignore(&SERVICE_KEYS);
        fields.finish(is_extension)?;
        Ok(service)
    }

    /// The database that it runs, as far as its image's name says.
    #[must_use]
    pub fn database(&self) -> Option<Engine> {
        Engine::of_image(&self.image.as_ref()?.value)
    }

    /// A variable's value with variables of the shell replaced by their defaults, if it has one.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let setting = self.environment.iter().find(|setting| setting.name.value == name)?;
        expand(&setting.value.as_ref()?.value, &|_| None)
    }
}

fn one_or_more(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(nodes) => nodes,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => std::slice::from_ref(node),
    }
}

fn env_file(source: &Source, node: &Node) -> Result<Located<String>, FileError> {
    match node.get("path") {
        Some(path) => text(source, path, "path"),
        None => text(source, node, "env_file"),
    }
}

impl Build {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let (context, dockerfile) = match &node.value {
            Value::Text(_) => (Some(text(source, node, "build")?), None),
            Value::Map(_) => {
                let named = |key| node.get(key).map(|node| text(source, node, key)).transpose();
                (named("context")?, named("dockerfile")?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
                return Err(wrong_type(source, node, "build", "a path or a map"));
            }
        };
        let context =
            context.as_ref().map_or("", |context| context.value.trim_start_matches("./").trim_end_matches('/'));
        Ok(Self {
            context: if context.is_empty() { "." } else { context }.to_owned(),
            dockerfile: dockerfile.map_or_else(|| "Dockerfile".to_owned(), |name| name.value),
        })
    }
}

/// A command as a list, or as a shell's line in one word.
fn words(source: &Source, node: &Node, key: &str) -> Result<Vec<Located<String>>, FileError> {
    one_or_more(node).iter().map(|node| scalar(source, node, key)).collect()
}

fn environment(source: &Source, node: &Node) -> Result<Vec<Setting>, FileError> {
    if let Value::Map(entries) = &node.value {
        return entries
            .iter()
            .map(|(key, node)| {
                let name = Located { value: key.text.clone(), spot: key.spot };
                let value = (node.value != Value::Null).then(|| scalar(source, node, &key.text)).transpose()?;
                Ok(Setting { name, value })
            })
            .collect();
    }
    list(source, node, "environment")?
        .iter()
        .map(|node| {
            let entry = text(source, node, "environment")?;
            Ok(match entry.value.split_once('=') {
                None => Setting { name: entry, value: None },
                Some((name, value)) => Setting {
                    name: Located { value: name.to_owned(), spot: entry.spot },
                    value: Some(Located { value: value.to_owned(), spot: entry.spot }),
                },
            })
        })
        .collect()
}

/// The port inside the container of `8000`, `"80:8000"`, `"127.0.0.1:80:8000/tcp"` or `{target: 8000}`. Ranges have none.
fn port(source: &Source, node: &Node) -> Result<Option<Located<u16>>, FileError> {
    let written = match node.get("target") {
        Some(target) => scalar(source, target, "target")?,
        None => scalar(source, node, "ports")?,
    };
    let Some(expanded) = expand(&written.value, &|_| None) else { return Ok(None) };
    let inside = expanded.rsplit(':').next().unwrap_or_default().split('/').next().unwrap_or_default();
    if inside.contains('-') {
        return Ok(None);
    }
    let number = inside.parse().map_err(|_| FileError::Contradiction {
        place: source.place(written.spot).into(),
        problem: format!("`{}` is no port", written.value),
        help: "write \"HOST:CONTAINER\", in quotes".to_owned(),
    })?;
    Ok(Some(Located { value: number, spot: written.spot }))
}

/// Whether `restart`, or `deploy.restart_policy` where it is absent, says anything but no.
fn restarts(fields: &Fields<'_>) -> bool {
    let policy = fields.node("deploy").and_then(|deploy| deploy.get("restart_policy")?.get("condition"));
    match fields.node("restart").or(policy).map(|node| &node.value) {
        Some(Value::Text(policy)) => !["no", "none"].contains(&policy.as_str()),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_)) | None => false,
    }
}

impl HealthCheck {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "a health check")?;
        fields.ignore(&["interval", "timeout", "retries", "start_period", "start_interval"]);
        let disabled = fields.truth("disable")?.unwrap_or(false);
        let mut test = fields.node("test").map_or(Ok(Vec::new()), |node| words(source, node, "test"))?;
        if let Some(Node { value: Value::Text(_), spot }) = fields.node("test") {
            test.insert(0, Located { value: "CMD-SHELL".to_owned(), spot: *spot });
        }
        fields.finish(is_extension)?;
        let is_none = test.first().is_some_and(|first| first.value == "NONE");
        Ok(Self { spot: node.spot, test, is_disabled: disabled || is_none })
    }
}

#[cfg(test)]
mod tests;
