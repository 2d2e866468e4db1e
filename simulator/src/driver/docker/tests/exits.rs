//! Containers as they write and end.

use super::*;

#[tokio::test]
async fn every_line_is_observed_before_the_end_and_in_order() {
    let mut scene = Scene::new("lines").await;
    let (task, _) = scene.task().await;
    let program = "import sys\n\
                   for number in range(3000): print('line', number)\n\
                   print('x' * 300_000)\n\
                   print('error', file=sys.stderr)\n\
                   sys.stdout.write('no end')\n\
                   sys.exit(7)";
    scene.start(&task, "app", program).await;
    let (lines, exit_code, out_of_memory) = scene.exit("app").await;
    assert_eq!((exit_code, out_of_memory), (Some(7), false));
    let out: Vec<_> = lines.iter().filter(|line| *line != "error").collect();
    let numbered = out.iter().take(3000).enumerate();
    assert!(numbered.into_iter().all(|(number, line)| **line == format!("line {number}")));
    assert_eq!(out[3000].len() + out[3001].len(), 300_000);
    assert_eq!(out[3002], "no end");
    assert_eq!((out.len(), lines.len()), (3003, 3004));
    scene.end().await;
}

#[tokio::test]
async fn containers_that_end_at_once_lose_nothing() {
    let mut scene = Scene::new("at-once").await;
    let (task, _) = scene.task().await;
    for number in 0..8 {
        let name = format!("app-{number}");
        scene.start_spec(spec(&task, &name, IMAGE, &["echo", &name])).await;
        assert_eq!(scene.exit(&name).await, (vec![name.clone()], Some(0), false));
    }
    scene.end().await;
}

#[tokio::test]
async fn a_container_whose_lines_nobody_wants_is_followed_all_the_same() {
    let mut scene = Scene::new("unlogged").await;
    let (task, _) = scene.task().await;
    let spec = ContainerSpec { logged: false, ..python(&task, "app", "print('unseen'); exit(3)") };
    scene.start_spec(spec).await;
    assert_eq!(scene.exit("app").await, (vec![], Some(3), false));
    scene.end().await;
}

#[tokio::test]
async fn a_container_that_needs_more_memory_than_it_has_is_known_by_it() {
    let mut scene = Scene::new("memory").await;
    let (task, _) = scene.task_with(None, Some(64)).await;
    for number in 0..3 {
        let name = format!("app-{number}");
        scene.start(&task, &name, "print('allocating'); b'x' * (1 << 30)").await;
        let (lines, exit_code, out_of_memory) = scene.exit(&name).await;
        assert_eq!((lines.as_slice(), exit_code, out_of_memory), (&["allocating".to_owned()][..], Some(137), true));
    }
    scene.end().await;
}

#[tokio::test]
async fn a_container_is_asked_to_end_and_then_killed() {
    let mut scene = Scene::new("stop").await;
    let (task, _) = scene.task().await;
    scene.start(&task, "listens", WAITS).await;
    scene.line("ready").await;
    scene.stop(&task, "listens", LONG).await;
    assert_eq!(scene.exit("listens").await, (vec![], Some(0), false));

    scene.start(&task, "deaf", DEAF).await;
    scene.line("ready").await;
    let before = tokio::time::Instant::now();
    scene.stop(&task, "deaf", Duration::from_millis(700)).await;
    assert_eq!(scene.exit("deaf").await, (vec![], Some(137), false));
    assert!(before.elapsed() >= Duration::from_millis(700));

    // What has ended, or never was, cannot be stopped; only what never was is answered once more.
    scene.stop(&task, "deaf", LONG).await;
    scene.stop(&task, "unknown", LONG).await;
    assert_eq!(scene.exit("unknown").await, (vec![], None, false));
    scene.end().await;
}

#[tokio::test]
async fn the_images_own_stop_signal_is_sent() {
    let mut scene = Scene::new("signal").await;
    let directory = tempfile::tempdir().expect("a directory");
    let dockerfile = directory.path().join("Dockerfile");
    std::fs::write(&dockerfile, format!("FROM {IMAGE}\nSTOPSIGNAL SIGUSR1\n")).expect("written");
    let (context, arguments) = (directory.path().to_owned(), BTreeMap::new());
    let build = crate::engine::build::Build { context, dockerfile, arguments, target: None };
    let image = scene.trial.engine.build(&scene.trial.rehearsal, &build, |_| {}).await.expect("built").reference;
    let (task, _) = scene.task().await;
    let program = "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: exit(9))\nprint('ready')\nsignal.pause()";
    scene.start_spec(ContainerSpec { image, ..python(&task, "app", program) }).await;
    scene.line("ready").await;
    scene.stop(&task, "app", LONG).await;
    assert_eq!(scene.exit("app").await.1, Some(9));
    scene.end().await;
}

#[tokio::test]
async fn what_somebody_removes_by_hand_has_ended() {
    let mut scene = Scene::new("by-hand").await;
    let (task, _) = scene.task().await;
    let id = scene.start(&task, "app", WAITS).await;
    scene.line("ready").await;
    let options = bollard::query_parameters::RemoveContainerOptionsBuilder::default().force(true).build();
    scene.trial.engine.docker().remove_container(&id, Some(options)).await.expect("removed");
    let (_, exit_code, _) = scene.exit("app").await;
    assert!(matches!(exit_code, None | Some(137)), "{exit_code:?}");
    scene.stop(&task, "app", LONG).await;
    scene.clear(&task).await;
    scene.end().await;
}

#[tokio::test]
async fn a_task_that_is_cleared_is_gone_whatever_it_was_doing() {
    let mut scene = Scene::new("clear").await;
    let (task, _) = scene.task().await;
    scene.start(&task, "app", DEAF).await;
    scene.line("ready").await;
    // One more is on its way while the task is cleared: it starts before, or not at all.
    let late = Effect::StartContainer(Box::new(python(&task, "late", DEAF)));
    let clear = Effect::ClearTask { task };
    tokio::join!(scene.carry_out(late), scene.carry_out(clear));
    scene.observe(|observation| (*observation == Observation::TaskCleared { task }).then_some(())).await;
    let of_ours = format!("greenroom.rehearsal={}", scene.trial.rehearsal.id());
    let filters = std::collections::HashMap::from([("label", vec![format!("greenroom.task={task}"), of_ours])]);
    let options =
        bollard::query_parameters::ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let left = scene.trial.engine.docker().list_containers(Some(options)).await.expect("the engine lists");
    assert!(left.is_empty(), "{left:?}");
    // A second time there is nothing to do.
    scene.clear(&task).await;
    scene.end().await;
}

#[tokio::test]
async fn an_engine_that_goes_away_leaves_no_effect_without_an_answer() {
    let trial = Trial::new("engine-gone").await;
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("docker.sock");
    let listener = tokio::net::UnixListener::bind(&socket).expect("bound");
    // Between the driver and the engine stands a proxy that can be taken away.
    let proxy = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (mut client, _) = listener.accept().await.expect("it can accept");
            connections.spawn(async move {
                let mut engine = tokio::net::UnixStream::connect("/var/run/docker.sock").await.expect("the engine");
                let _ = tokio::io::copy_bidirectional(&mut client, &mut engine).await;
            });
        }
    });
    let engine = Engine::connect_to(&format!("unix://{}", socket.display())).await.expect("by the proxy");
    let mut scene = Scene::over(trial, engine, SocketAddr::from(([127, 0, 0, 1], 9))).await;
    let (task, _) = scene.task().await;
    scene.start(&task, "app", WAITS).await;
    scene.line("ready").await;
    proxy.abort();
    let _ = proxy.await;
    std::fs::remove_file(&socket).expect("removed");

    // The container's end: nobody knows how.
    assert_eq!(scene.exit("app").await, (vec![], None, false));
    let spec = TaskSpec {
        task: TaskId::new(1),
        family: "news".into(),
        service: None,
        cpu: None,
        memory: None,
        ports: Vec::new(),
    };
    scene.carry_out(Effect::PrepareTask(spec)).await;
    scene.carry_out(Effect::StartContainer(Box::new(python(&task, "other", "0")))).await;
    let (container, image) = ("app".to_owned(), "nginx".to_owned());
    scene
        .carry_out(Effect::PullImage(Pull { task, container: container.into(), image, digest: None, token: None }))
        .await;
    let (container, command) = ("app".to_owned(), words(&["true"]));
    scene
        .carry_out(Effect::ProbeHealth { task, container: container.into(), command: command.into(), timeout: LONG })
        .await;
    let mut messages = Vec::new();
    for _ in 0..4 {
        let message = scene.observe(|observation| match observation {
            Observation::TaskNotPrepared { message, .. }
            | Observation::ContainerNotStarted { message, .. }
            | Observation::ImageNotPulled { message, .. } => Some(message.clone()),
            Observation::HealthProbed { exit_code: None, output, .. } => Some(output.to_string()),
            _ => None,
        });
        messages.push(message.await);
    }
    assert!(messages.iter().all(|message| message.contains("no such file or directory")), "{messages:?}");
    scene.stop(&task, "app", LONG).await;
    scene.clear(&task).await;
    scene.end().await;
}
