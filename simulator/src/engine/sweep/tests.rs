//! What a sweep removes, and what it leaves alone.

use bollard::Docker;
use bollard::models::{ContainerCreateBody, NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptionsBuilder, RemoveVolumeOptions, TagImageOptionsBuilder,
};

use super::*;
use crate::engine::trial::{IMAGE, Trial};
use crate::engine::{EngineError, Rehearsal, is_absent};

/// A running container with these labels.
async fn container(docker: &Docker, labels: HashMap<String, String>) -> String {
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(vec!["sleep".to_owned(), "600".to_owned()]),
        labels: Some(labels),
        volumes: Some(vec!["/data".to_owned()]),
        ..ContainerCreateBody::default()
    };
    let id = docker.create_container(None::<CreateContainerOptions>, body).await.expect("created").id;
    docker.start_container(&id, None).await.expect("started");
    id
}

async fn volume_of(docker: &Docker, container: &str) -> String {
    let inspected = docker.inspect_container(container, None).await.expect("it is there");
    let mount = inspected.mounts.unwrap_or_default().into_iter().next().expect("it has a volume");
    mount.name.expect("the volume has a name")
}

#[tokio::test]
async fn everything_of_a_rehearsal_goes_and_nothing_of_anybody_else() {
    let trial = Trial::new("sweep").await;
    let (engine, docker) = (trial.engine.clone(), trial.engine.docker().clone());
    // Somebody else's things, one of them in the middle of ours; and those of another rehearsal of the same project.
    let theirs = container(&docker, HashMap::from([("their.label".to_owned(), "1".to_owned())])).await;
    let connect = NetworkConnectRequest { container: theirs.clone(), endpoint_config: None };
    docker.connect_network(&trial.network.id, connect).await.expect("connected");
    let their_volume = docker.create_volume(VolumeCreateRequest::default()).await.expect("created").name;
    let other = Rehearsal::new(trial.rehearsal.project()).expect("/proc");
    let others = container(&docker, other.labels()).await;

    let ours = container(&docker, trial.rehearsal.labels()).await;
    let anonymous = volume_of(&docker, &ours).await;
    let labelled = VolumeCreateRequest { labels: Some(trial.rehearsal.labels()), ..VolumeCreateRequest::default() };
    let volume = docker.create_volume(labelled).await.expect("created").name;
    let second = NetworkCreateRequest {
        name: format!("{}-second", trial.network.name),
        labels: Some(trial.rehearsal.labels()),
        ..NetworkCreateRequest::default()
    };
    docker.create_network(second).await.expect("created");

    let swept = engine.sweep(trial.rehearsal.id()).await.expect("everything can be removed");
    // Of images a sweep may find some that a dead build of another project left.
    let Swept { containers, networks, volumes, images: _ } = swept;
    assert_eq!((containers, networks, volumes), (1, 2, 1));
    let Swept { containers, networks, volumes, images: _ } = engine.sweep(trial.rehearsal.id()).await.expect("swept");
    assert_eq!((containers, networks, volumes), (0, 0, 0));
    for gone in [anonymous, volume] {
        assert!(is_absent(&docker.inspect_volume(&gone).await.expect_err("it is gone")), "{gone}");
    }
    for left in [&theirs, &others] {
        let state = docker.inspect_container(left, None).await.expect("it is there").state.expect("it has a state");
        assert_eq!(state.running, Some(true), "somebody else's container was touched");
    }
    docker.inspect_volume(&their_volume).await.expect("it is there");

    docker.remove_volume(&their_volume, None::<RemoveVolumeOptions>).await.expect("removed");
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    docker.remove_container(&theirs, Some(options)).await.expect("removed");
    engine.sweep(other.id()).await.expect("swept");
    trial.end().await;
}

#[tokio::test]
async fn references_to_the_rehearsals_registry_go_and_the_image_stays() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let registry = listener.local_addr().expect("bound");
    let trial = Trial::with_registry("references", registry).await;
    let docker = trial.engine.docker().clone();
    for repository in ["news", "team/news"] {
        let options = TagImageOptionsBuilder::default().repo(&format!("{registry}/{repository}")).tag("1").build();
        docker.tag_image(IMAGE, Some(options)).await.expect("tagged");
    }
    // A second rehearsal cannot claim what stands there already.
    let other = Rehearsal::new("other").expect("/proc");
    let refused = trial.engine.open_network(&other, registry).await.expect_err("images are there");
    assert!(matches!(&refused, EngineError::RegistryInUse { .. }), "{refused:?}");
    assert!(refused.help().is_some());

    let mut sweeper = Sweeper::new(trial.rehearsal.id());
    let swept = sweeper.sweep(&trial.engine).await.expect("swept");
    assert!(swept.networks == 1 && swept.images >= 2, "{swept:?}");
    assert_eq!(trial.engine.references_under(registry).await.expect("asked"), Vec::<String>::new());
    // What was under way comes up when the network is gone that said whose it is.
    let options = TagImageOptionsBuilder::default().repo(&format!("{registry}/news")).tag("late").build();
    docker.tag_image(IMAGE, Some(options)).await.expect("tagged");
    assert!(sweeper.sweep(&trial.engine).await.expect("swept").images >= 1);
    assert_eq!(trial.engine.references_under(registry).await.expect("asked"), Vec::<String>::new());
    assert!(trial.engine.image_id(IMAGE).await.expect("asked").is_some());
    trial.end().await;
}

#[tokio::test]
async fn what_the_dead_left_is_removed_and_what_the_living_have_is_not() {
    let trial = Trial::new("dead").await;
    let (engine, docker) = (trial.engine.clone(), trial.engine.docker().clone());
    // A process that has ended, another that has its number now, an earlier boot of this machine, and nobody at all.
    let mut ended = std::process::Command::new("true").spawn().expect("it starts");
    ended.wait().expect("it ends");
    let mut dead = Vec::new();
    for (label, value) in [
        (label::OWNER, format!("{}@{}", ended.id(), trial.rehearsal.owner().boot_id)),
        (label::OWNER_STARTED, "1".to_owned()),
        (label::OWNER, format!("{}@another-boot", std::process::id())),
    ] {
        let rehearsal = Rehearsal::new("dead").expect("/proc");
        let mut labels = rehearsal.labels();
        labels.insert(label.to_owned(), value);
        docker
            .create_volume(VolumeCreateRequest { labels: Some(labels), ..Default::default() })
            .await
            .expect("created");
        dead.push(rehearsal.id().clone());
    }
    let unknown = HashMap::from([(label::REHEARSAL.to_owned(), "not-an-id-of-ours".to_owned())]);
    let unknown = VolumeCreateRequest { labels: Some(unknown), ..Default::default() };
    let unknown = docker.create_volume(unknown).await.expect("created").name;

    let kept = Rehearsal::new("kept").expect("/proc").kept();
    let mut labels = kept.labels();
    labels.insert(label::OWNER.to_owned(), format!("{}@another-boot", std::process::id()));
    docker.create_volume(VolumeCreateRequest { labels: Some(labels), ..Default::default() }).await.expect("created");

    engine.sweep_dead(Kept::Stay).await.expect("everything can be removed");
    let left = engine.rehearsals().await.expect("the engine lists");
    assert!(left.contains_key(kept.id()), "it was to stay");
    assert!(dead.iter().all(|id| !left.contains_key(id)), "{left:?}");
    assert!(left.contains_key(trial.rehearsal.id()), "this process is alive");
    engine.sweep_dead(Kept::Go).await.expect("everything can be removed");
    assert!(!engine.rehearsals().await.expect("the engine lists").contains_key(kept.id()), "it was to go now");
    docker.inspect_volume(&unknown).await.expect("a label that we did not write is not ours");
    docker.remove_volume(&unknown, None::<RemoveVolumeOptions>).await.expect("removed");
    trial.end().await;
}
