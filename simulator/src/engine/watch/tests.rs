//! Rehearsals that end in every way, in processes of their own: this test program, started again.

use std::collections::BTreeMap;
use std::env;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::sync::Arc;

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListContainersOptionsBuilder, TagImageOptionsBuilder};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};
use simulator_core::Effect;
use simulator_core::effect::{ContainerSpec, TaskId, TaskSpec};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::*;
use crate::driver::docker::{DockerDriver, Registry};
use crate::driver::{Driver, Observer};
use crate::engine::build::Build;
use crate::engine::trial::IMAGE;
use crate::engine::{Rehearsal, label};

/// Set for a process that is to be killed: it rehearses for ever.
const VICTIM: &str = "GREENROOM_TEST_VICTIM";

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn only_a_program_that_leads_to_the_watcher_is_one() {
    // This test is also what the watchers of the other tests are: then the id of their rehearsal comes last.
    let arguments: Vec<_> = env::args().collect();
    if arguments.contains(&"--exact".to_owned())
        && let Some(id) = arguments.last().and_then(|last| last.parse().ok())
    {
        run(&id).await.expect("the watcher finishes");
        return;
    }
    let id = RehearsalId::random().expect("random numbers");
    let error = spawn::<&str>(&id, Path::new("/bin/true"), &[]).expect_err("it says nothing");
    assert!(matches!(error, WatchError::Ended), "{error:?}");
    let error = spawn::<&str>(&id, Path::new("/nonexistent"), &[]).expect_err("it is not there");
    assert!(matches!(error, WatchError::Start(_)), "{error:?}");
}

#[tokio::test]
async fn a_rehearsal_that_ends_in_order_leaves_nothing_and_its_watcher_ends() {
    let engine = Engine::connect().await.expect("these tests need a Docker engine");
    let rehearsal = Rehearsal::new(&format!("trial-{}", RehearsalId::random().expect("random"))).expect("/proc");
    let id = rehearsal.id().clone();
    let watcher = watch(&id);
    let pid = watcher.pid();
    let victim = env::var_os(VICTIM).is_some();
    if victim {
        say(&format!("victim {id} {} {pid}\n", rehearsal.project()));
    }
    loop {
        rehearse(&engine, &rehearsal).await;
        engine.sweep(&id).await.expect("everything can be removed");
        if !victim {
            break;
        }
    }
    assert_eq!(left_of(&engine, &id, rehearsal.project()).await, Vec::<String>::new());
    engine.clear_cache(Some(rehearsal.project())).await.expect("the cache can be removed");
    drop(watcher);
    assert_ends(pid).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_that_is_killed_at_any_moment_leaves_nothing_within_ten_seconds_or_later() {
    let engine = Engine::connect().await.expect("these tests need a Docker engine");
    let random = RehearsalId::random().expect("random numbers");
    let moments = random.as_str().bytes().take(6).enumerate();
    let killings = moments.map(|(number, byte)| {
        let engine = engine.clone();
        // Anywhere between the first step and the middle of the second round.
        let moment = Duration::from_millis(u64::from(byte) * 37 % 128 * 31);
        async move {
            let Victim { mut child, id, project, watcher } = spawn_blocking(start_victim).await.expect("no panic");
            sleep(moment).await;
            if number % 2 == 0 {
                child.kill().expect("it runs");
            } else {
                // As a terminal or a CI runner that takes everything down with it.
                let group = Pid::from_child(&child);
                kill_process_group(group, Signal::KILL).expect("it runs");
            }
            child.wait().expect("it was killed");
            let killed = Instant::now();
            loop {
                let left = left_of(&engine, &id, &project).await;
                if left.is_empty() {
                    break;
                }
                assert!(killed.elapsed() < Duration::from_secs(10), "killed after {moment:?}, left: {left:?}");
                sleep(PAUSE).await;
            }
            assert_ends(watcher).await;
            let left = left_of(&engine, &id, &project).await;
            assert!(left.is_empty(), "killed after {moment:?}, came later: {left:?}");
            engine.clear_cache(Some(&project)).await.expect("the cache can be removed");
        }
    });
    futures_util::future::join_all(killings).await;
}

/// A process that rehearses for ever.
struct Victim {
    child: Child,
    id: RehearsalId,
    project: String,
    watcher: u32,
}

fn start_victim() -> Victim {
    let test = "engine::watch::tests::a_rehearsal_that_ends_in_order_leaves_nothing_and_its_watcher_ends";
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", test, "--nocapture"]).env(VICTIM, "1").process_group(0);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let line = lines.find_map(|line| Some(line.split_once("victim ")?.1.to_owned())).expect("it says who it is");
    let mut words = line.split(' ');
    let mut word = || words.next().expect("three words");
    let (id, project, watcher) = (word().parse().expect("an id"), word().to_owned(), word().parse().expect("a pid"));
    // What it says from now on nobody reads; it must not wait for that.
    std::thread::spawn(move || lines.for_each(drop));
    Victim { child, id, project, watcher }
}

fn watch(id: &RehearsalId) -> Watcher {
    let test = "engine::watch::tests::only_a_program_that_leads_to_the_watcher_is_one";
    spawn(id, Path::new("/proc/self/exe"), &["--exact", test, "--nocapture"]).expect("it starts")
}

fn say(text: &str) {
    io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()).expect("somebody reads");
}

/// A bit of everything that rehearsals make.
async fn rehearse(engine: &Engine, rehearsal: &Rehearsal) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("bound");
    let network = engine.open_network(rehearsal, address).await.expect("a network");
    let volume = VolumeCreateRequest { labels: Some(rehearsal.labels()), ..VolumeCreateRequest::default() };
    engine.docker().create_volume(volume).await.expect("a volume");
    let options = TagImageOptionsBuilder::default().repo(&format!("{address}/news")).tag("1").build();
    engine.docker().tag_image(IMAGE, Some(options)).await.expect("an image");

    let directory = tempfile::tempdir().expect("a directory");
    let dockerfile = directory.path().join("Dockerfile");
    let random = RehearsalId::random().expect("random numbers");
    let text =
        format!("FROM {IMAGE} AS one\nRUN echo {random} > /one\nFROM {IMAGE}\nCOPY --from=one /one /\nVOLUME /data\n");
    std::fs::write(&dockerfile, text).expect("written");
    let context = directory.path().to_owned();
    let build = Build { context, dockerfile, arguments: BTreeMap::new(), target: None };
    let image = engine.build(rehearsal, &build, |_| {}).await.expect("it can be built").reference;

    let registry = Registry { host: "ecr".to_owned(), address };
    let driver = DockerDriver::new(engine.clone(), rehearsal.clone(), network, registry, Arc::default());
    let driver = driver.await.expect("a driver");
    let (sender, mut observed) = mpsc::unbounded_channel();
    let observer: Arc<dyn Observer> = Arc::new(sender);
    let task = TaskId::new(0);
    let spec = TaskSpec { task, family: "news".into(), service: None, cpu: None, memory: None, ports: Vec::new() };
    driver.carry_out(Effect::PrepareTask(spec), &observer).await;
    for name in ["app", "sidecar"] {
        let spec = ContainerSpec {
            task,
            name: name.into(),
            id: simulator_core::id::Uuid::new(0),
            has_role: false,
            image: image.clone(),
            digest: None,
            entry_point: Vec::new(),
            command: ["python3", "-c", "print('ready', flush=True); import signal; signal.pause()"]
                .map(String::from)
                .into(),
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
        };
        driver.carry_out(Effect::StartContainer(Box::new(spec)), &observer).await;
    }
    let mut ready = 0;
    while ready < 2 {
        let observation = timeout(LONG, observed.recv()).await.expect("they start").expect("the driver lives");
        ready += usize::from(matches!(observation, simulator_core::Observation::Logged { .. }));
    }
}

/// Whatever the engine has of the rehearsal and its builds.
async fn left_of(engine: &Engine, id: &RehearsalId, project: &str) -> Vec<String> {
    let mut left = Vec::new();
    let all = ListContainersOptionsBuilder::default().all(true).build();
    for container in engine.docker().list_containers(Some(all)).await.expect("the engine lists") {
        let labels = container.labels.unwrap_or_default();
        let has = |label: &str, value: &str| labels.get(label).is_some_and(|found| found == value);
        if has(label::REHEARSAL, id.as_str()) || has(label::BUILD, project) {
            left.push(format!("container {:?} {:?}", container.names, container.state));
        }
    }
    if left.is_empty() && engine.rehearsals().await.expect("the engine lists").contains_key(id) {
        left.push("a network, volume or image".to_owned());
    }
    let images = engine.docker().list_images(None::<bollard::query_parameters::ListImagesOptions>).await;
    for image in images.expect("the engine lists") {
        let nameless = image.repo_tags.iter().all(|name| name == "<none>:<none>");
        if nameless && image.labels.get(label::BUILD).is_some_and(|of| of == project) {
            left.push(format!("image {}", image.id));
        }
    }
    left
}

/// Waits until the process is gone. Its parent may be, so nobody can be told when.
async fn assert_ends(pid: u32) {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process number");
    let ends = timeout(LONG, async {
        while test_kill_process(number).is_ok() && !is_zombie(pid) {
            sleep(PAUSE).await;
        }
    });
    ends.await.expect("the watcher ends when there is nothing left to do");
}

fn is_zombie(pid: u32) -> bool {
    let mut text = String::new();
    let read = std::fs::File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read_to_string(&mut text));
    read.is_err() || text.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"))
}
