//! Tasks and containers as they start.

use std::fs;

use simulator_core::effect::{Mount, Target};
use simulator_core::observation::ProbeAnswer;

use super::*;
use crate::engine::build::Build;

#[tokio::test]
async fn the_containers_of_a_task_share_one_address_and_localhost() {
    let mut scene = Scene::new("share").await;
    let (task, address) = scene.task().await;
    let (_, other) = scene.task().await;
    assert_ne!(address, other);
    scene.start(&task, "app", &serves("hello")).await;
    scene.line("ready").await;
    let asks = "import urllib.request; print(urllib.request.urlopen('http://localhost:8000').read().decode())";
    scene.start(&task, "sidecar", asks).await;
    scene.line("hello").await;
    let (_, exit_code, _) = scene.exit("sidecar").await;
    assert_eq!(exit_code, Some(0));

    let group: simulator_core::Arn = "arn:aws:elasticloadbalancing:r:1:targetgroup/x/1".parse().expect("an ARN");
    let mut answers = Vec::new();
    for (port, path) in [(8000, "/"), (8000, "/503"), (8000, "/301"), (8001, "/")] {
        let target = Target { address, port };
        let (target_group, path) = (group.clone(), path.to_owned());
        scene.carry_out(Effect::ProbeTarget { target_group, target, path: path.into(), timeout: LONG }).await;
        let answer = |seen: &Observation| match seen {
            Observation::TargetProbed { answer, .. } => Some(answer.clone()),
            _ => None,
        };
        answers.push(scene.observe(answer).await);
    }
    let refused = ProbeAnswer::Failed("connection refused".to_owned());
    let status = ProbeAnswer::Status;
    assert_eq!(answers, [status(200), status(503), status(301), refused]);
    // Nobody accepts what the system lets in here.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = listener.local_addr().expect("bound");
    let target = Target { address: silent.ip(), port: silent.port() };
    let probe =
        Effect::ProbeTarget { target_group: group, target, path: "/".into(), timeout: Duration::from_millis(50) };
    scene.carry_out(probe).await;
    let timed_out = |seen: &Observation| match seen {
        Observation::TargetProbed { answer, .. } => Some(answer.clone()),
        _ => None,
    };
    assert_eq!(scene.observe(timed_out).await, ProbeAnswer::TimedOut);
    scene.end().await;
}

#[tokio::test]
async fn a_network_that_was_made_ahead_is_like_any_other() {
    let mut scene = Scene::new("spare").await;
    scene.driver.keep_spare_networks(1);
    let shared = Arc::clone(&scene.driver.shared);
    let made = timeout(LONG, async {
        while shared.spares.is_empty() {
            tokio::task::yield_now().await;
        }
    });
    made.await.expect("one is made");
    let (task, address) = scene.task().await;
    assert!(shared.spares.is_empty(), "it was taken");
    let (other, other_address) = scene.task().await;
    assert_ne!(address, other_address);
    scene.start(&task, "app", &serves("hello")).await;
    scene.line("ready").await;
    let asks = format!("import urllib.request; print(urllib.request.urlopen('http://{address}:8000').read().decode())");
    scene.start(&other, "app", &asks).await;
    scene.line("hello").await;
    scene.clear(&task).await;
    scene.end().await;
}

#[tokio::test]
async fn health_checks_are_recognised_by_their_agent() {
    let mut scene = Scene::new("agent").await;
    let (task, address) = scene.task().await;
    scene.start(&task, "app", &serves("hello")).await;
    scene.line("ready").await;
    let target_group: simulator_core::Arn = "arn:aws:elasticloadbalancing:r:1:targetgroup/x/1".parse().expect("an ARN");
    let target = Target { address, port: 8000 };
    scene.carry_out(Effect::ProbeTarget { target_group, target, path: "/".into(), timeout: LONG }).await;
    scene.line("ELB-HealthChecker/2.0").await;
    scene.end().await;
}

#[tokio::test]
async fn a_database_beside_the_tasks_is_found_by_its_name() {
    let mut scene = Scene::new("alias").await;
    let docker = scene.trial.engine.docker().clone();
    let body = bollard::models::ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(words(&["python3", "-m", "http.server", "8000"])),
        labels: Some(scene.trial.rehearsal.labels()),
        ..Default::default()
    };
    let options = None::<bollard::query_parameters::CreateContainerOptions>;
    let database = docker.create_container(options, body).await.expect("created").id;
    docker.start_container(&database, None).await.expect("started");
    let name = "news.abc.eu-central-1.rds.amazonaws.com";
    let engine = &scene.trial.engine;
    engine.join_network(&scene.trial.network, &database, &[name, "database"]).await.expect("joined");
    let (task, _) = scene.task().await;
    let asks = format!("import socket; print(len({{socket.gethostbyname(n) for n in ('{name}', 'database')}}))");
    scene.start(&task, "app", &asks).await;
    assert_eq!(scene.exit("app").await, (vec!["1".to_owned()], Some(0), false));
    scene.end().await;
}

#[tokio::test]
async fn entry_point_and_command_replace_the_images_as_ecs_has_it() {
    let mut scene = Scene::new("entry").await;
    let directory = tempfile::tempdir().expect("a directory");
    let dockerfile = directory.path().join("Dockerfile");
    let text = format!(
        "FROM {IMAGE}\nENTRYPOINT [\"echo\", \"entry\"]\nCMD [\"cmd\"]\nHEALTHCHECK --interval=1s CMD touch /checked\n"
    );
    fs::write(&dockerfile, text).expect("written");
    let build = Build { context: directory.path().to_owned(), dockerfile, arguments: BTreeMap::new(), target: None };
    let image = scene.trial.engine.build(&scene.trial.rehearsal, &build, |_| {}).await.expect("built").reference;
    let (task, _) = scene.task().await;
    for (at, (entry_point, command, expected)) in [
        (&[][..], &[][..], "entry cmd"),
        (&[], &["given"], "entry given"),
        (&["echo", "other"], &[], "other"),
        (&["echo", "other"], &["given"], "other given"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("container-{at}");
        let spec = ContainerSpec { entry_point: words(entry_point), ..spec(&task, &name, &image, command) };
        let id = scene.start_spec(spec).await;
        assert_eq!(scene.exit(&name).await, (vec![expected.to_owned()], Some(0), false));
        let state = scene.inspect(&id).await.state.expect("a state");
        assert!(state.health.is_none_or(|health| health.log.is_none()), "the image's HEALTHCHECK is ignored");
    }
    scene.end().await;
}

#[tokio::test]
async fn everything_a_task_definition_says_of_a_container_holds_in_it() {
    let mut scene = Scene::new("settings").await;
    let (task, _) = scene.task_with(Some(512), Some(256)).await;
    let program = "import os, resource, socket\n\
                   print(os.environ['SECRET'], os.getcwd(), os.getuid(), os.getgid())\n\
                   print(resource.getrlimit(resource.RLIMIT_NOFILE), os.getpid() == 1)\n\
                   try: open('/file', 'w')\n\
                   except OSError as error: print(error.strerror)";
    let spec = ContainerSpec {
        environment: BTreeMap::from([("SECRET".to_owned(), "a=b \"c\"".to_owned())]),
        labels: BTreeMap::from([
            ("com.amazonaws.ecs.container-name".to_owned(), "app".to_owned()),
            ("greenroom.rehearsal".to_owned(), "somebody-elses".to_owned()),
        ]),
        user: Some("1000:1001".to_owned()),
        working_directory: Some("/tmp".to_owned()),
        cpu: 256,
        memory: Some(128),
        init_process: true,
        read_only_root: true,
        ulimits: vec![("nofile".to_owned(), 100, 200)],
        ..python(&task, "app", program)
    };
    let id = scene.start_spec(spec).await;
    let (lines, exit_code, _) = scene.exit("app").await;
    assert_eq!(exit_code, Some(0), "{lines:?}");
    assert_eq!(lines, ["a=b \"c\" /tmp 1000 1001", "(100, 200) False", "Read-only file system"]);

    let inspected = scene.inspect(&id).await;
    let host = inspected.host_config.expect("it has one");
    assert_eq!((host.memory, host.memory_swap), (Some(128 << 20), Some(128 << 20)));
    assert_eq!((host.nano_cpus, host.cpu_shares), (Some(512 * 976_562), Some(256)));
    let labels = inspected.config.and_then(|config| config.labels).expect("labels");
    assert_eq!(labels["com.amazonaws.ecs.container-name"], "app");
    assert_eq!(labels["greenroom.rehearsal"], scene.trial.rehearsal.id().as_str(), "ours cannot be taken away");
    scene.end().await;
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let mut scene = Scene::new("not-started").await;
    let (task, _) = scene.task().await;
    let unknown = TaskId::new(u128::MAX);
    for (spec, words) in [
        (spec(&task, "absent", "greenroom-test/absent:1", &[]), "No such image: greenroom-test/absent:1"),
        (spec(&task, "command", IMAGE, &["no-such-program"]), "executable file not found in $PATH"),
        (ContainerSpec { user: Some("nobody-here".to_owned()), ..python(&task, "user", "0") }, "nobody-here"),
        (python(&unknown, "network", "0"), "the task has no network"),
    ] {
        let name = spec.name.clone();
        scene.carry_out(Effect::StartContainer(Box::new(spec))).await;
        let message = scene
            .observe(|observation| match observation {
                Observation::ContainerNotStarted { container, message, .. } if *container == name => {
                    Some(message.clone())
                }
                _ => None,
            })
            .await;
        assert!(message.contains(words), "{name}: {message}");
    }
    // A container that did not start can be started again under its name.
    scene.start(&task, "command", "print('now')").await;
    assert_eq!(scene.exit("command").await.1, Some(0));
    scene.end().await;
}

/// A volume is shared by the containers that mount it, empty for each task, and gone with it.
#[tokio::test]
async fn containers_share_volumes_that_go_with_their_task() {
    let mut scene = Scene::new("volumes").await;
    let mount = |read_only| vec![Mount { volume: "data".to_owned(), path: "/data".to_owned(), read_only }];
    let mut names = Vec::new();
    for _ in 0..2 {
        let (task, _) = scene.task().await;
        let writes = "import os; print(os.listdir('/data')); open('/data/x', 'w').write('hello'); print('written')";
        scene.start_spec(ContainerSpec { mounts: mount(false), ..python(&task, "writer", writes) }).await;
        let (lines, code, _) = scene.exit("writer").await;
        assert_eq!((lines, code), (vec!["[]".to_owned(), "written".to_owned()], Some(0)));
        let reads = "print(open('/data/x').read()); open('/data/x', 'w')";
        let id = scene.start_spec(ContainerSpec { mounts: mount(true), ..python(&task, "reader", reads) }).await;
        let (lines, code, _) = scene.exit("reader").await;
        // What is said and what is complained of come by two ways, in either order.
        assert!(lines.iter().any(|line| line == "hello"), "{lines:?}");
        assert_eq!(code, Some(1), "it may only read");
        let mounted = scene.inspect(&id).await.mounts.unwrap_or_default();
        names.extend(mounted.into_iter().filter_map(|mount| mount.name));
        scene.clear(&task).await;
    }
    assert_eq!(names.len(), 2);
    for name in &names {
        let docker = scene.trial.engine.docker();
        assert!(docker.inspect_volume(name).await.is_err(), "{name} is gone");
    }
    scene.end().await;
}

/// A container may have the volumes of another one, in the same places; also of one that has ended.
#[tokio::test]
async fn a_container_has_the_volumes_of_another() {
    let mut scene = Scene::new("volumes-from").await;
    let (task, _) = scene.task().await;
    let mounts = vec![Mount { volume: "data".to_owned(), path: "/data".to_owned(), read_only: false }];
    let writes = "open('/data/x', 'w').write('hello')";
    scene.start_spec(ContainerSpec { mounts, ..python(&task, "writer", writes) }).await;
    assert_eq!(scene.exit("writer").await.1, Some(0));
    let reads = "print(open('/data/x').read()); open('/data/x', 'w')";
    for (name, read_only, code) in [("reader", true, 1), ("other", false, 0)] {
        let volumes_from = vec![("writer".to_owned(), read_only)];
        scene.start_spec(ContainerSpec { volumes_from, ..python(&task, name, reads) }).await;
        let (lines, ended, _) = scene.exit(name).await;
        assert!(lines.iter().any(|line| line == "hello"), "{lines:?}");
        assert_eq!(ended, Some(code), "{name}");
    }
    scene.clear(&task).await;
    scene.end().await;
}

/// A restart keeps what the container has written to its disk.
#[tokio::test]
async fn a_container_that_has_ended_is_started_again_as_it_is() {
    let mut scene = Scene::new("again").await;
    let (task, _) = scene.task().await;
    let counts = "import os; n = len(os.listdir('/var/tmp')); open(f'/var/tmp/{n}', 'w'); print('run', n); exit(n)";
    let mut ids = Vec::new();
    for run in 0..3 {
        ids.push(scene.start(&task, "app", counts).await);
        assert_eq!(scene.exit("app").await, (vec![format!("run {run}")], Some(run), false));
    }
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    scene.clear(&task).await;
    scene.end().await;
}
