//! Effects carried out by a real engine.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks the observations that it waits for")]

mod agent;
mod exits;
mod health;
mod memory;
mod published;
mod pulls;
mod reachability;
mod rollouts;
mod starts;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use simulator_core::effect::{ContainerSpec, Pull, TaskSpec};
use simulator_core::id::Uuid;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::engine::trial::{IMAGE, Trial};

/// Nothing that these tests wait for takes as long.
const LONG: Duration = Duration::from_secs(60);

impl Observer for mpsc::UnboundedSender<Observation> {
    fn observe(&self, observation: Observation) {
        // A test that has seen enough listens no more.
        let _ = self.send(observation);
    }
}

/// A driver, and what it has observed.
struct Scene {
    trial: Trial,
    driver: Arc<DockerDriver>,
    observer: Arc<dyn Observer>,
    observed: mpsc::UnboundedReceiver<Observation>,
    tasks: AtomicU32,
}

impl Scene {
    async fn new(name: &str) -> Self {
        Self::with_registry(name, SocketAddr::from(([127, 0, 0, 1], 9))).await
    }

    async fn with_registry(name: &str, address: SocketAddr) -> Self {
        let trial = Trial::with_registry(name, address).await;
        let engine = trial.engine.clone();
        Self::over(trial, engine, address).await
    }

    /// A driver that reaches the engine its own way.
    async fn over(trial: Trial, engine: Engine, registry: SocketAddr) -> Self {
        let registry = Registry { host: HOST.to_owned(), address: registry };
        let (rehearsal, network) = (trial.rehearsal.clone(), trial.network.clone());
        let driver = DockerDriver::new(engine, rehearsal, network, registry, Arc::default()).await.expect("a driver");
        let (sender, observed) = mpsc::unbounded_channel();
        Self { trial, driver: Arc::new(driver), observer: Arc::new(sender), observed, tasks: AtomicU32::new(0) }
    }

    async fn carry_out(&self, effect: Effect) {
        timeout(LONG, self.driver.carry_out(effect, &self.observer)).await.expect("an effect ends");
    }

    /// The next observation that `wanted` picks, with those before it passed over.
    async fn observe<R>(&mut self, mut wanted: impl FnMut(&Observation) -> Option<R>) -> R {
        let mut passed_over = Vec::new();
        let found = timeout(LONG, async {
            loop {
                let observation = self.observed.recv().await.expect("the driver lives");
                if let Some(found) = wanted(&observation) {
                    return found;
                }
                passed_over.push(observation);
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!("never observed; instead: {passed_over:#?}"),
        }
    }

    /// A new task with a network, and its address.
    async fn task(&mut self) -> (TaskId, IpAddr) {
        self.task_with(None, None).await
    }

    async fn task_with(&mut self, cpu: Option<u32>, memory: Option<u32>) -> (TaskId, IpAddr) {
        let task = TaskId::new(u128::from(self.tasks.fetch_add(1, Ordering::Relaxed)) << 80);
        let spec = TaskSpec { task, family: "news".into(), service: None, cpu, memory, ports: vec![8000] };
        self.carry_out(Effect::PrepareTask(spec)).await;
        let address = self.observe(|observation| match observation {
            Observation::TaskPrepared { task: prepared, address } if *prepared == task => Some(*address),
            _ => None,
        });
        let address = address.await;
        (task, address)
    }

    /// Starts a container that runs `program` with Python.
    async fn start(&mut self, task: &TaskId, name: &str, program: &str) -> String {
        self.start_spec(python(task, name, program)).await
    }

    async fn start_spec(&mut self, spec: ContainerSpec) -> String {
        let (task, name) = (spec.task, spec.name.clone());
        self.carry_out(Effect::StartContainer(Box::new(spec))).await;
        self.observe(|observation| match observation {
            Observation::ContainerStarted { task: of, container, runtime_id } if *of == task && *container == name => {
                Some(runtime_id.to_string())
            }
            Observation::ContainerNotStarted { message, .. } => panic!("{name} did not start: {message}"),
            _ => None,
        })
        .await
    }

    /// Waits for a line that contains `words`.
    async fn line(&mut self, words: &str) {
        let wanted = |observation: &Observation| match observation {
            Observation::Logged { line, .. } if line.contains(words) => Some(()),
            _ => None,
        };
        self.observe(wanted).await;
    }

    /// Waits for a container's end: its lines since, its exit code, whether it ran out of memory.
    async fn exit(&mut self, name: &str) -> (Vec<String>, Option<i32>, bool) {
        let mut lines = Vec::new();
        let (exit_code, out_of_memory) = self
            .observe(|observation| match observation {
                Observation::Logged { container, line, .. } if container == name => {
                    lines.push(line.clone());
                    None
                }
                Observation::ContainerExited { container, exit_code, out_of_memory, .. } if container == name => {
                    Some((*exit_code, *out_of_memory))
                }
                _ => None,
            })
            .await;
        (lines, exit_code, out_of_memory)
    }

    async fn stop(&self, task: &TaskId, name: &str, grace: Duration) {
        let (task, container) = (*task, name.to_owned());
        self.carry_out(Effect::StopContainer { task, container: container.into(), timeout: grace }).await;
    }

    async fn clear(&mut self, task: &TaskId) {
        self.carry_out(Effect::ClearTask { task: *task }).await;
        self.observe(|observation| (*observation == Observation::TaskCleared { task: *task }).then_some(())).await;
    }

    async fn inspect(&self, container: &str) -> bollard::models::ContainerInspectResponse {
        self.trial.engine.docker().inspect_container(container, None).await.expect("it is there")
    }

    async fn end(self) {
        drop(self.driver);
        self.trial.end().await;
    }
}

/// The simulated ECR's name.
const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

fn python(task: &TaskId, name: &str, program: &str) -> ContainerSpec {
    spec(task, name, IMAGE, &["python3", "-u", "-c", program])
}

fn spec(task: &TaskId, name: &str, image: &str, command: &[&str]) -> ContainerSpec {
    ContainerSpec {
        task: *task,
        name: name.into(),
        id: Uuid::new(0),
        has_role: false,
        image: image.to_owned(),
        digest: None,
        entry_point: Vec::new(),
        command: words(command),
        environment: BTreeMap::new(),
        labels: BTreeMap::new(),
        user: None,
        working_directory: None,
        cpu: 0,
        memory: None,
        memory_reservation: None,
        init_process: false,
        read_only_root: false,
        ulimits: Vec::new(),
        mounts: Vec::new(),
        volumes_from: Vec::new(),
        logged: true,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A program that says that it is there and waits to be told to end.
const WAITS: &str = "import signal, sys\n\
                     signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n\
                     print('ready')\n\
                     signal.pause()";

/// One that does not listen.
const DEAF: &str = "import signal\n\
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n\
                    print('ready')\n\
                    while True: signal.pause()";

/// One that answers HTTP requests on port 8000 with what it is given.
fn serves(answer: &str) -> String {
    format!(
        "import http.server\n\
         class Handler(http.server.BaseHTTPRequestHandler):\n\
         \x20   protocol_version = 'HTTP/1.1'\n\
         \x20   def do_GET(self):\n\
         \x20       status = 503 if self.path == '/503' else 301 if self.path == '/301' else 200\n\
         \x20       body = (self.headers['User-Agent'] if self.path == '/agent' else '{answer}').encode()\n\
         \x20       self.send_response(status)\n\
         \x20       self.send_header('Content-Length', str(len(body)))\n\
         \x20       if status == 301: self.send_header('Location', '/')\n\
         \x20       self.end_headers()\n\
         \x20       self.wfile.write(body)\n\
         \x20   def log_message(self, *_): print(self.headers['User-Agent'])\n\
         server = http.server.ThreadingHTTPServer(('', 8000), Handler)\n\
         print('ready')\n\
         server.serve_forever()"
    )
}
