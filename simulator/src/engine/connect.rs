//! Finding an engine and talking to it.

use std::env;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bollard::errors::Error as ApiError;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use thiserror::Error;
use tokio::net::{TcpListener, UnixStream};

use super::said::{innermost, without_code};

/// The oldest API that is spoken: Docker 20.10, which Debian 12 packages.
const OLDEST_API: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };

/// An engine that does not answer within this many seconds is not there. A busy machine's takes its time with the first question.
const CONNECT_SECONDS: u64 = 30;

/// The longest that the engine may take to begin its answer, in seconds: the largest build context has to be sent first.
const REQUEST_SECONDS: u64 = 3600;

/// A Docker engine that answered, whose containers this process can reach. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    facts: Facts,
}

/// What the engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Where it was found, such as `unix:///var/run/docker.sock`.
    pub host: String,
    /// Its release, such as `20.10.24`.
    pub release: String,
    /// The API version that is spoken with it, such as `1.41`.
    pub api: String,
    /// Its architecture as images name it, such as `amd64`.
    pub architecture: String,
    /// Processors that its containers can use.
    pub processors: u32,
}

impl Engine {
    /// The engine that `DOCKER_HOST` names, or else the one on a default socket.
    ///
    /// # Errors
    /// There is none, it is too old, or its containers cannot be reached from this machine.
    pub async fn connect() -> Result<Self, EngineError> {
        match env::var("DOCKER_HOST") {
            Ok(host) if !host.is_empty() => Self::connect_to(&host).await,
            _ => Self::connect_to_first(&default_hosts()).await,
        }
    }

    /// The engine at `host`, written as `DOCKER_HOST` is.
    ///
    /// # Errors
    /// As [`Engine::connect`].
    pub async fn connect_to(host: &str) -> Result<Self, EngineError> {
        Self::connect_to_first(&[host.to_owned()]).await
    }

    /// The connection itself.
    #[must_use]
    pub const fn docker(&self) -> &Docker {
        &self.docker
    }

    /// What the engine says of itself.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn connect_to_first(hosts: &[String]) -> Result<Self, EngineError> {
        let mut tried = Vec::new();
        for host in hosts {
            match open(host).await? {
                Ok(docker) => return Self::recognise(host, docker).await,
                Err(why) => tried.push(Attempt { host: host.clone(), why }),
            }
        }
        Err(EngineError::Find { tried })
    }

    /// Asks the engine what it is, and refuses those that cannot carry a rehearsal.
    async fn recognise(host: &str, docker: Docker) -> Result<Self, EngineError> {
        let asked = |source| EngineError::Ask { attempt: "ask the engine for its version", source };
        let version = docker.version().await.map_err(asked)?;
        let docker = docker.negotiate_version().await.map_err(asked)?;
        let api = docker.client_version();
        if api < OLDEST_API {
            let release = version.version.unwrap_or_default();
            return Err(EngineError::TooOld { host: host.to_owned(), release, api: api.to_string() });
        }
        let info = docker.info().await.map_err(asked)?;
        if info.operating_system.as_deref() == Some("Docker Desktop") {
            return Err(EngineError::Elsewhere { host: host.to_owned(), place: "in Docker Desktop's virtual machine" });
        }
        if info.security_options.unwrap_or_default().iter().any(|option| option.contains("name=rootless")) {
            return Err(EngineError::Elsewhere { host: host.to_owned(), place: "in a rootless engine's own network" });
        }
        if let Some(gateway) = gateway(&docker).await?
            && TcpListener::bind((gateway, 0)).await.is_err()
        {
            let place = "on a network that this process is not on";
            return Err(EngineError::Elsewhere { host: host.to_owned(), place });
        }
        let facts = Facts {
            host: host.to_owned(),
            release: version.version.unwrap_or_default(),
            api: api.to_string(),
            architecture: version.arch.unwrap_or_default(),
            processors: info.ncpu.and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
        };
        Ok(Self { docker: docker.with_timeout(Duration::from_secs(REQUEST_SECONDS)), facts })
    }
}

/// The engine's own address on its default network, if it has one. It is an address of this process' network exactly if that is the
/// engine's too: not in a container that was given the engine's socket, and not beside an engine in a virtual machine.
async fn gateway(docker: &Docker) -> Result<Option<IpAddr>, EngineError> {
    match docker.inspect_network("bridge", None).await {
        Ok(network) => {
            let configurations = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
            Ok(configurations.into_iter().find_map(|entry| match entry.gateway {
                Some(gateway) => gateway.parse().ok(),
                // An engine that chose the subnet itself does not say which address of it is its own: it is the first.
                None => first_address(&entry.subnet?),
            }))
        }
        Err(ApiError::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(source) => Err(EngineError::Ask { attempt: "ask the engine for its default network", source }),
    }
}

/// The first address of a subnet written as `172.17.0.0/16`.
fn first_address(subnet: &str) -> Option<IpAddr> {
    let (network, _) = subnet.split_once('/')?;
    let network: Ipv4Addr = network.parse().ok()?;
    Some(IpAddr::V4(Ipv4Addr::from_bits(network.to_bits().checked_add(1)?)))
}

/// Where an engine listens when nobody says otherwise: the system's socket, then a rootless engine's.
fn default_hosts() -> Vec<String> {
    let mut hosts = vec!["unix:///var/run/docker.sock".to_owned()];
    if let Ok(directory) = env::var("XDG_RUNTIME_DIR") {
        hosts.push(format!("unix://{directory}/docker.sock"));
    }
    hosts
}

/// A client for `host`. The inner error says why nothing answers there; the outer one, why nothing there could be used.
async fn open(host: &str) -> Result<Result<Docker, String>, EngineError> {
    if let Some(path) = host.strip_prefix("unix://") {
        if let Err(error) = UnixStream::connect(path).await {
            return Ok(Err(without_code(&error)));
        }
        return client(host, Docker::connect_with_unix(path, CONNECT_SECONDS, API_DEFAULT_VERSION));
    }
    let Some(address) = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://")) else {
        return Err(EngineError::Scheme { host: host.to_owned() });
    };
    if !is_loopback(address) {
        return Err(EngineError::Elsewhere { host: host.to_owned(), place: "on another machine" });
    }
    if env::var("DOCKER_TLS_VERIFY").is_ok_and(|verify| !verify.is_empty()) {
        return Err(EngineError::Tls { host: host.to_owned() });
    }
    let opened = client(host, Docker::connect_with_http(host, CONNECT_SECONDS, API_DEFAULT_VERSION))?;
    let Ok(docker) = opened else { return Ok(opened) };
    match docker.ping().await {
        Ok(_) => Ok(Ok(docker)),
        Err(error) => Ok(Err(innermost(&error))),
    }
}

fn client(host: &str, docker: Result<Docker, ApiError>) -> Result<Result<Docker, String>, EngineError> {
    match docker {
        Ok(docker) => Ok(Ok(docker)),
        Err(error) => Ok(Err(format!("`{host}` cannot be used: {}", innermost(&error)))),
    }
}

fn is_loopback(address: &str) -> bool {
    let address = address.trim_end_matches('/');
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A place where no engine answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The place, written as `DOCKER_HOST` is.
    pub host: String,
    /// Why not.
    pub why: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.host, self.why)
    }
}

/// Why there is no engine to work with.
#[derive(Debug, Error)]
pub enum EngineError {
    /// Nothing answers.
    #[error("found no Docker engine ({})", tried.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Find {
        /// Every place that was tried.
        tried: Vec<Attempt>,
    },
    /// `DOCKER_HOST` has a scheme that is not spoken.
    #[error("cannot speak to a Docker engine at `{host}`: only unix:// and tcp:// are supported")]
    Scheme {
        /// `DOCKER_HOST`.
        host: String,
    },
    /// `DOCKER_TLS_VERIFY` is set.
    #[error("cannot speak TLS with the Docker engine at `{host}`")]
    Tls {
        /// `DOCKER_HOST`.
        host: String,
    },
    /// The engine is older than API 1.41.
    #[error("the Docker engine at `{host}` is too old (release {release}, API {api}; needed: API {OLDEST_API})")]
    TooOld {
        /// Where it is.
        host: String,
        /// Its release.
        release: String,
        /// Its API version.
        api: String,
    },
    /// Its containers run where this process cannot reach them.
    #[error("the containers of the Docker engine at `{host}` run {place} and cannot be reached from here")]
    Elsewhere {
        /// Where it is.
        host: String,
        /// Where its containers run.
        place: &'static str,
    },
    /// The engine has no subnet left for one more network.
    #[error("the Docker engine has no subnet left for another network")]
    Subnets {
        /// What the engine said.
        #[source]
        source: ApiError,
    },
    /// Images stand under the address that the rehearsal's registry was given.
    #[error("the engine already has images of another registry at `{registry}`")]
    RegistryInUse {
        /// `host:port`.
        registry: String,
    },
    /// The engine refused something or went away.
    #[error("could not {attempt}")]
    Ask {
        /// What was attempted.
        attempt: &'static str,
        /// What the engine said.
        #[source]
        source: ApiError,
    },
}

impl EngineError {
    /// What the reader can do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Find { tried } if tried.iter().any(|attempt| attempt.why == "permission denied") => Some(
                "add yourself to the group that owns the socket (`sudo usermod -aG docker $USER`, then log in again)",
            ),
            Self::Find { .. } => Some(
                "start the engine (`sudo systemctl start docker`), install one (Debian and Ubuntu: `sudo apt install \
                 docker.io`), or set DOCKER_HOST to where it listens",
            ),
            Self::Scheme { .. } | Self::Tls { .. } => {
                Some("set DOCKER_HOST to a socket on this machine, such as unix:///var/run/docker.sock")
            }
            Self::TooOld { .. } => Some("install Docker 20.10 or later"),
            Self::Elsewhere { .. } => Some(
                "use an engine that runs on this machine itself, as root: unset DOCKER_HOST, or set it to \
                 unix:///var/run/docker.sock; in a container, share the engine's network (`docker run --network host`)",
            ),
            Self::Subnets { .. } => Some("remove networks that nothing uses (`docker network prune`)"),
            Self::RegistryInUse { .. } => Some("run it again: the registry gets another port"),
            Self::Ask { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(host: &str) -> EngineError {
        Engine::connect_to(host).await.expect_err("there is no engine there")
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_named_with_the_reason_and_a_way_out() {
        let error = refusal("unix:///nonexistent/docker.sock").await;
        assert_eq!(
            error.to_string(),
            "found no Docker engine (`unix:///nonexistent/docker.sock`: no such file or directory)"
        );
        assert!(error.help().expect("there is a way out").contains("systemctl start docker"));

        let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
        let error = refusal(&format!("tcp://{unused}")).await;
        assert_eq!(error.to_string(), format!("found no Docker engine (`tcp://{unused}`: connection refused)"));
    }

    #[tokio::test]
    async fn a_socket_that_is_not_ours_to_open_says_what_to_do() {
        let error =
            EngineError::Find { tried: vec![Attempt { host: "unix:///x".into(), why: "permission denied".into() }] };
        assert!(error.help().expect("there is a way out").contains("usermod"));
    }

    #[tokio::test]
    async fn remote_engines_are_refused_before_anything_is_sent() {
        for (host, words) in [
            ("tcp://192.0.2.7:2376", "run on another machine"),
            ("ssh://user@192.0.2.7", "only unix:// and tcp://"),
            ("nonsense", "only unix:// and tcp://"),
        ] {
            let error = refusal(host).await;
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.to_string().contains(host), "{error}");
            assert!(error.help().is_some());
        }
    }

    #[tokio::test]
    async fn the_engine_of_this_machine_is_found_and_recognised() {
        let engine = Engine::connect().await.expect("these tests need a Docker engine");
        let facts = engine.facts();
        assert!(facts.api.starts_with("1."), "{facts:?}");
        assert!(!facts.architecture.is_empty() && facts.processors > 0, "{facts:?}");
    }

    #[test]
    fn the_first_address_of_a_subnet_follows_its_name() {
        assert_eq!(first_address("172.18.0.0/16"), Some(IpAddr::V4(Ipv4Addr::new(172, 18, 0, 1))));
        for none in ["172.18.0.0", "fd00::/64", "255.255.255.255/32"] {
            assert_eq!(first_address(none), None, "{none}");
        }
    }

    #[test]
    fn loopback_has_many_spellings() {
        for address in ["127.0.0.1:2375", "localhost:2375", "[::1]:2375", "127.9.9.9"] {
            assert!(is_loopback(address), "{address}");
        }
        for address in ["10.0.0.1:2375", "docker:2375", "127.0.0.1.example.com:1"] {
            assert!(!is_loopback(address), "{address}");
        }
    }
}
