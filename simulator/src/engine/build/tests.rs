//! Builds by a real engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::engine::trial::{IMAGE, Trial};
use crate::engine::{EngineError, Rehearsal};

/// A directory with these files in it.
fn context(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("created");
        fs::write(path, content).expect("written");
    }
    directory
}

fn build_of(directory: &Path) -> Build {
    let dockerfile = directory.join("Dockerfile");
    Build { context: directory.to_owned(), dockerfile, arguments: BTreeMap::new(), target: None }
}

/// Builds, and answers with what was shown.
async fn build(trial: &Trial, build: &Build) -> (Result<BuiltImage, BuildError>, Vec<String>) {
    let mut shown = Vec::new();
    let built = trial.engine.build(&trial.rehearsal, build, |progress| shown.push(format!("{progress:?}"))).await;
    (built, shown)
}

#[tokio::test]
async fn an_image_is_built_once_for_the_same_content_and_anew_for_another() {
    let trial = Trial::new("once").await;
    let dockerfile = format!(
        "FROM {IMAGE} AS wheels\nRUN echo one > /one\nFROM {IMAGE}\nCOPY --from=wheels /one /one\nCOPY . /app\n\
         RUN ls -A /app && test ! -e /app/.dockerfile.greenroom -a ! -e /app/.dockerignore\n"
    );
    let directory = context(&[("Dockerfile", &dockerfile), ("main.py", "print(1)")]);
    let (first, shown) = build(&trial, &build_of(directory.path())).await;
    let first = first.expect("it can be built");
    assert!(!first.reused);
    assert!(shown.contains(&r#"Output { line: "main.py" }"#.to_owned()), "{shown:?}");
    assert!(shown.iter().all(|line| !line.contains("LABEL")), "{shown:?}");
    assert_eq!(trial.dangling().await, Vec::<String>::new(), "the first stage's image has a name");

    let copy = context(&[("Dockerfile", &dockerfile), ("main.py", "print(1)")]);
    let (again, shown) = build(&trial, &build_of(copy.path())).await;
    assert_eq!(again.expect("it is there"), BuiltImage { reused: true, ..first.clone() });
    assert_eq!(shown, Vec::<String>::new());

    fs::write(copy.path().join("main.py"), "print(2)").expect("written");
    let (other, shown) = build(&trial, &build_of(copy.path())).await;
    let other = other.expect("it can be built");
    assert!(!other.reused && other.id != first.id);
    assert!(shown.contains(&"Cached".to_owned()), "the first stage is found in the builder's cache: {shown:?}");

    let inspected = trial.engine.docker().inspect_image(&other.id).await.expect("it is there");
    let labels = inspected.config.and_then(|config| config.labels).expect("it has labels");
    assert!(other.reference.ends_with(&labels["greenroom.cache"]), "{labels:?}");
    assert_eq!(trial.dangling().await, Vec::<String>::new());
    trial.end().await;
}

#[tokio::test]
async fn a_failed_step_is_named_with_its_last_words_and_what_led_to_it_is_kept() {
    let trial = Trial::new("fails").await;
    let with = |last: &str| format!("FROM {IMAGE}\nRUN head -c 9 /dev/urandom | od -x > /random\nCOPY a /a\n{last}\n");
    let directory = context(&[("Dockerfile", &with("RUN echo before; echo >&2 cause; exit 3")), ("a", "")]);
    let (failed, _) = build(&trial, &build_of(directory.path())).await;
    let error = failed.expect_err("the last step fails");
    let BuildError::Step { step, message } = &error else { panic!("{error:?}") };
    assert_eq!((step.number, step.total), (4, 4));
    assert_eq!(step.instruction, "RUN echo before; echo >&2 cause; exit 3");
    // The two streams come as the engine reads them.
    let mut output = step.output.clone();
    output.sort();
    assert_eq!(output, ["before", "cause"]);
    assert!(message.ends_with("returned a non-zero code: 3"), "{message}");
    assert!(error.to_string().starts_with("the build failed at step 4 of 4, `RUN echo before"), "{error}");
    assert_eq!(trial.dangling().await, Vec::<String>::new());

    fs::write(directory.path().join("Dockerfile"), with("RUN true")).expect("written");
    let (fixed, shown) = build(&trial, &build_of(directory.path())).await;
    fixed.expect("it can be built now");
    assert_eq!(shown.iter().filter(|line| *line == "Cached").count(), 2, "{shown:?}");
    assert_eq!(trial.dangling().await, Vec::<String>::new());
    trial.end().await;
}

#[tokio::test]
async fn a_build_that_is_broken_off_leaves_no_container_and_no_nameless_image() {
    let trial = Trial::new("broken-off").await;
    let dockerfile = format!("FROM {IMAGE}\nRUN echo done\nRUN echo waiting && sleep 600\n");
    let directory = context(&[("Dockerfile", &dockerfile)]);
    let build = build_of(directory.path());
    let (sender, mut waits) = tokio::sync::mpsc::unbounded_channel();
    {
        let building = trial.engine.build(&trial.rehearsal, &build, move |progress| {
            if progress == (Progress::Output { line: "waiting" }) {
                sender.send(()).expect("somebody listens");
            }
        });
        tokio::select! {
            built = building => panic!("it waits for ten minutes: {built:?}"),
            _ = waits.recv() => {}
        }
    }
    // As after kill -9: the connection is closed, and the engine finds out by itself.
    trial.end().await;
}

#[tokio::test]
async fn the_builds_used_last_are_kept_and_no_more_than_six() {
    let trial = Trial::new("kept").await;
    let directory = context(&[("Dockerfile", "FROM scratch\nCOPY version /\n"), ("version", "")]);
    let set = |version: usize| fs::write(directory.path().join("version"), version.to_string()).expect("written");
    let mut references = Vec::new();
    for version in 0..9 {
        set(version);
        let (built, _) = build(&trial, &build_of(directory.path())).await;
        references.push(built.expect("it can be built").reference);
        // Used again, the first is never the one that was used longest ago.
        set(0);
        let (again, _) = build(&trial, &build_of(directory.path())).await;
        assert!(again.expect("it is there").reused);
    }
    let cached = trial.engine.cached(Some(trial.rehearsal.project())).await.expect("the engine lists");
    let mut kept: Vec<_> = cached.into_iter().map(|image| image.reference).collect();
    let mut expected = [&references[..1], &references[4..]].concat();
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
    assert_eq!(trial.dangling().await, Vec::<String>::new());
    trial.end().await;
}

#[tokio::test]
async fn a_stage_can_be_the_target_and_arguments_make_another_image() {
    let trial = Trial::new("target").await;
    let dockerfile = "ARG TAG=none\nFROM scratch AS one\nARG TAG\nLABEL tag=$TAG\nFROM scratch\nLABEL other=1\n";
    let directory = context(&[("Dockerfile", dockerfile)]);
    let mut of_stage = build_of(directory.path());
    of_stage.target = Some("one".to_owned());
    of_stage.arguments = BTreeMap::from([("TAG".to_owned(), "given".to_owned())]);
    let (built, shown) = build(&trial, &of_stage).await;
    let id = built.expect("it can be built").id;
    assert!(shown.last().expect("steps").contains("number: 4, total: 4"), "{shown:?}");
    let inspected = trial.engine.docker().inspect_image(&id).await.expect("it is there");
    let labels = inspected.config.and_then(|config| config.labels).expect("it has labels");
    assert_eq!(labels["tag"], "given");
    assert!(!labels.contains_key("other"));
    let (whole, _) = build(&trial, &build_of(directory.path())).await;
    assert_ne!(whole.expect("it can be built").id, id);
    trial.end().await;
}

#[tokio::test]
async fn a_base_image_that_no_registry_gives_is_named_with_a_way_out() {
    let trial = Trial::new("base").await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let directory = context(&[("Dockerfile", &format!("FROM {unused}/absent:1\n"))]);
    let (built, shown) = build(&trial, &build_of(directory.path())).await;
    let error = built.expect_err("nothing listens there");
    assert_eq!(
        error.to_string(),
        format!("could not get the image `{unused}/absent:1` that the Dockerfile starts from")
    );
    assert!(error.help().expect("there is a way out").contains("stand-in"));
    assert_eq!(shown.len(), 1, "{shown:?}");
    trial.end().await;
}

#[tokio::test]
async fn a_full_disk_is_told_from_a_failed_step() {
    let trial = Trial::new("full").await;
    // The build's /dev/shm is 64 MiB: a real file system, really full.
    let dockerfile = format!("FROM {IMAGE}\nRUN head -c 100000000 /dev/zero > /dev/shm/much\n");
    let directory = context(&[("Dockerfile", &dockerfile)]);
    let (built, _) = build(&trial, &build_of(directory.path())).await;
    let error = built.expect_err("it does not fit");
    assert!(matches!(&error, BuildError::NoSpace { step } if step.number == 2), "{error:?}");
    assert!(
        error.to_string().starts_with("no space is left on the engine's disk at step 2 of 2, `RUN head"),
        "{error}"
    );
    assert!(error.help().expect("there is a way out").contains("free space"));
    // The engine says so without any step when the context does not fit.
    let error = BuildError::NoSpace { step: FailedStep::default() };
    assert_eq!(error.to_string(), "no space is left on the engine's disk");
    trial.end().await;
}

#[tokio::test]
async fn without_a_dockerfile_or_network_nothing_is_built() {
    let trial = Trial::new("absent").await;
    let directory = context(&[]);
    let (built, _) = build(&trial, &build_of(directory.path())).await;
    let error = built.expect_err("there is no Dockerfile");
    assert!(matches!(error, BuildError::Recipe(RecipeError::Read { .. })), "{error:?}");

    // A rehearsal whose network was never opened has nothing that a sweep would find its containers by.
    let without = Rehearsal::new(trial.rehearsal.project()).expect("/proc");
    let directory = context(&[("Dockerfile", &format!("FROM {IMAGE}\nRUN true\n"))]);
    let files = build_of(directory.path());
    let built = trial.engine.build(&without, &files, |_| {});
    let built = tokio::time::timeout(Duration::from_secs(60), built).await.expect("it ends");
    assert!(matches!(built, Err(BuildError::Step { .. })), "{built:?}");
    let taken = trial.engine.open_network(&without, std::net::SocketAddr::from(([127, 0, 0, 1], 9))).await;
    assert!(!matches!(taken, Err(EngineError::RegistryInUse { .. })));
    trial.engine.sweep(without.id()).await.expect("swept");
    trial.end().await;
}
