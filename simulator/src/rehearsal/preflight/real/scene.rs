//! Containers of one image that has nginx, OpenSSH and sudo, on one network.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, EndpointSettings, HostConfig, NetworkingConfig};
use bollard::query_parameters::{
    CreateContainerOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder, WaitContainerOptions,
};
use futures_util::{StreamExt, TryStreamExt};

use crate::engine::trial::Trial;

/// A network, and the image that all its containers have.
pub(super) struct Scene {
    trial: Trial,
    image: String,
}

/// How a container ended, and what it said.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i64,
    pub(super) said: String,
}

/// A container that runs.
pub(super) struct Running {
    id: String,
    /// Where it is reached from here.
    pub(super) address: String,
}

impl Scene {
    pub(super) async fn new(name: &str) -> Self {
        let trial = Trial::new(name).await;
        let image = trial.tool_image("host").await;
        Self { trial, image }
    }

    pub(super) async fn end(self) {
        self.trial.end().await;
    }

    /// Runs a script of bash to its end.
    pub(super) async fn run(&self, script: &str) -> Ended {
        let id = self.create("", script).await;
        self.ended(Running { id, address: String::new() }).await
    }

    /// Starts a script of bash in a container that the others know as `alias`.
    pub(super) async fn start(&self, alias: &str, script: &str) -> Running {
        let id = self.create(alias, script).await;
        let docker = self.trial.engine.docker();
        let inspected = docker.inspect_container(&id, None).await.expect("it is there");
        let networks = inspected.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let address = networks.into_values().find_map(|network| network.ip_address).unwrap_or_default();
        Running { id, address }
    }

    /// How a container ends, which is removed then.
    pub(super) async fn ended(&self, running: Running) -> Ended {
        let docker = self.trial.engine.docker();
        let code = match docker.wait_container(&running.id, None::<WaitContainerOptions>).next().await {
            Some(Ok(answer)) => answer.status_code,
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => code,
            other => panic!("the engine does not tell how it ended: {other:?}"),
        };
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
        let lines: Vec<_> = docker.logs(&running.id, Some(options)).try_collect().await.expect("it has a log");
        self.remove(running).await;
        Ended { code, said: lines.iter().map(ToString::to_string).collect() }
    }

    pub(super) async fn remove(&self, running: Running) {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        self.trial.engine.docker().remove_container(&running.id, Some(options)).await.expect("it can be removed");
    }

    async fn create(&self, alias: &str, script: &str) -> String {
        let docker = self.trial.engine.docker();
        let endpoint = EndpointSettings { aliases: Some(vec![alias.to_owned()]), ..EndpointSettings::default() };
        let endpoints = HashMap::from([(self.trial.network.name.clone(), endpoint)]);
        let body = ContainerCreateBody {
            image: Some(self.image.clone()),
            cmd: Some(["bash", "-c", script].map(str::to_owned).to_vec()),
            labels: Some(self.trial.rehearsal.labels()),
            host_config: Some(HostConfig {
                network_mode: Some(self.trial.network.name.clone()),
                ..HostConfig::default()
            }),
            networking_config: (!alias.is_empty()).then_some(NetworkingConfig { endpoints_config: Some(endpoints) }),
            ..ContainerCreateBody::default()
        };
        let created = docker.create_container(None::<CreateContainerOptions>, body).await;
        let id = created.expect("the engine makes it").id;
        docker.start_container(&id, None).await.expect("it starts");
        id
    }
}

impl Running {
    /// What it answers on a port, if anything: the status and the body.
    pub(super) async fn answer(&self, port: u16, path: &str) -> Option<(u16, String)> {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let answer = client.get(format!("http://{}:{port}{path}", self.address)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Waits until it answers so.
    pub(super) async fn until(&self, port: u16, path: &str, wanted: &str) {
        let asked = async {
            while self.answer(port, path).await.is_none_or(|(_, body)| body != wanted) {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(30);
        tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| panic!("{path} is not answered with {wanted}"));
    }
}
