//! Health commands.

use super::*;

/// Runs `command` in the container called `app`.
async fn probe(scene: &mut Scene, task: &TaskId, command: &[&str], limit: Duration) -> (Option<i32>, String) {
    let (container, command) = ("app".to_owned(), words(command));
    scene
        .carry_out(Effect::ProbeHealth {
            task: *task,
            container: container.into(),
            command: command.into(),
            timeout: limit,
        })
        .await;
    scene
        .observe(|observation| match observation {
            Observation::HealthProbed { exit_code, output, .. } => Some((*exit_code, output.to_string())),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_health_command_runs_in_the_container_and_answers_with_its_exit_code_and_output() {
    let mut scene = Scene::new("health").await;
    let (task, _) = scene.task().await;
    let spec = ContainerSpec {
        environment: BTreeMap::from([("NAME".to_owned(), "value".to_owned())]),
        ..python(&task, "app", WAITS)
    };
    scene.start_spec(spec).await;
    scene.line("ready").await;
    for (command, exit_code, output) in [
        (&["/bin/sh", "-c", "echo $NAME; exit 0"][..], Some(0), "value"),
        (&["/bin/sh", "-c", "echo one; echo >&2 two; exit 4"], Some(4), "one\ntwo"),
        (&["true"], Some(0), ""),
        (&["/bin/sh", "-c", "sleep 600 & echo done; exit 2"], Some(2), "done"),
    ] {
        let probed = probe(&mut scene, &task, command, Duration::from_secs(3)).await;
        // The two streams come as the engine reads them.
        let mut lines: Vec<_> = probed.1.lines().collect();
        lines.sort_unstable();
        assert_eq!((probed.0, lines.join("\n").as_str()), (exit_code, output), "{command:?}");
    }
    let (_, output) = probe(&mut scene, &task, &["python3", "-c", "print('é' * 5000)"], LONG).await;
    assert_eq!(output, "é".repeat(1024));
    let (exit_code, output) = probe(&mut scene, &task, &["no-such-program"], LONG).await;
    assert!(exit_code != Some(0) && output.contains("executable file not found"), "{exit_code:?} {output}");
    scene.end().await;
}

#[tokio::test]
async fn a_health_command_that_takes_too_long_is_killed_with_what_it_started() {
    let mut scene = Scene::new("health-late").await;
    let (task, _) = scene.task().await;
    scene.start(&task, "app", WAITS).await;
    scene.line("ready").await;
    let limit = Duration::from_millis(2500);
    let probed = probe(&mut scene, &task, &["/bin/sh", "-c", "echo trying; sleep 600; true"], limit).await;
    assert_eq!(probed, (None, "Health check exceeded timeout (2.5s): trying".to_owned()));
    let list = "import glob; print([n for n in glob.glob('/proc/[0-9]*/cmdline') if open(n, 'rb').read().startswith(b'sleep')])";
    let lists = timeout(LONG, async {
        while probe(&mut scene, &task, &["python3", "-c", list], LONG).await != (Some(0), "[]".to_owned()) {}
    });
    lists.await.expect("it is gone in the end");
    scene.end().await;
}

#[tokio::test]
async fn a_container_that_does_not_run_is_not_healthy() {
    let mut scene = Scene::new("health-ended").await;
    let (task, _) = scene.task().await;
    let probed = probe(&mut scene, &task, &["true"], LONG).await;
    assert_eq!(probed, (None, "the container does not run".to_owned()));
    scene.start(&task, "app", "0").await;
    scene.exit("app").await;
    let (exit_code, output) = probe(&mut scene, &task, &["true"], LONG).await;
    assert_eq!(exit_code, None);
    assert!(output.contains("is not running"), "{output}");
    scene.end().await;
}
