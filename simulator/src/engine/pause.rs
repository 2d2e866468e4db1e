//! The image of the container that holds a task's network open: one program of a few instructions that waits for ever.

use bollard::body_full;
use bollard::errors::Error as ApiError;
use bollard::query_parameters::ImportImageOptionsBuilder;
use futures_util::TryStreamExt;
use serde_json::json;
use thiserror::Error;

use super::connect::Engine;
use super::digest::Digest;
use super::label;
use super::said::is_absent;

/// The image's name. It is made once per engine and kept.
pub const IMAGE: &str = "greenroom-cache/pause:1";

/// Where the program's segment is loaded: the customary address of programs that are not relocated.
const BASE: u64 = 0x40_0000;

/// Why there is no pause image.
#[derive(Debug, Error)]
pub enum PauseError {
    /// The engine's architecture is not one of those that ECS runs on.
    #[error("cannot make a pause container for architecture `{0}`: only amd64 and arm64 are known")]
    Architecture(String),
    /// The engine does not take the image.
    #[error("could not import the image `{IMAGE}`")]
    Import(#[source] ApiError),
}

impl Engine {
    /// Makes sure that [`IMAGE`] is there.
    ///
    /// # Errors
    /// The engine does not take it, or has an architecture that ECS does not have.
    pub async fn ensure_pause_image(&self) -> Result<(), PauseError> {
        match self.docker().inspect_image(IMAGE).await {
            Ok(_) => return Ok(()),
            Err(error) if is_absent(&error) => {}
            Err(source) => return Err(PauseError::Import(source)),
        }
        let archive = archive(&self.facts().architecture)?;
        let options = ImportImageOptionsBuilder::default().quiet(true).build();
        let progress = self.docker().import_image(options, body_full(archive.into()), None);
        progress.try_for_each(|_| async { Ok(()) }).await.map_err(PauseError::Import)
    }
}

/// The image as `docker save` would write it. The same bytes every time, so that two rehearsals that make it at once make
/// the same image.
fn archive(architecture: &str) -> Result<Vec<u8>, PauseError> {
    let program = program(architecture).ok_or_else(|| PauseError::Architecture(architecture.to_owned()))?;
    let layer = tar(&[("pause", 0o755, &program)]);
    let digest = Digest::of(&layer);
    let configuration = json!({
        "architecture": architecture,
        "os": "linux",
        "created": "2000-01-01T00:00:00Z",
        "config": { "Entrypoint": ["/pause"], "Labels": { label::CACHE: digest.short() } },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
        "history": [{ "created": "2000-01-01T00:00:00Z", "created_by": "greenroom" }],
    });
    let configuration = configuration.to_string().into_bytes();
    let configuration_name = format!("{}.json", Digest::of(&configuration));
    let manifest = json!([{ "Config": configuration_name, "RepoTags": [IMAGE], "Layers": ["layer.tar"] }]);
    Ok(tar(&[
        (&configuration_name, 0o644, &configuration),
        ("layer.tar", 0o644, &layer),
        ("manifest.json", 0o644, manifest.to_string().as_bytes()),
    ]))
}

/// A tar of `files`: name, mode, content.
fn tar(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, mode, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(*mode);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, *content).expect("writing a short name into memory cannot fail");
    }
    builder.into_inner().expect("writing into memory cannot fail")
}

/// A static ELF program for `architecture` that waits for a signal, again and again. As the first process of its pid
/// namespace it is spared every signal that it has no handler for; SIGKILL from outside ends it.
pub(crate) fn program(architecture: &str) -> Option<Vec<u8>> {
    let (machine, code): (u16, &[u8]) = match architecture {
        // mov eax, 34 (pause); syscall; jmp to the start.
        "amd64" => (62, &[0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]),
        // mov x0..x3, 0; mov x8, 73 (ppoll, without anything to poll nor a limit); svc 0; b to the start.
        "arm64" => (
            183,
            &[
                0x00, 0x00, 0x80, 0xd2, 0x01, 0x00, 0x80, 0xd2, 0x02, 0x00, 0x80, 0xd2, 0x03, 0x00, 0x80, 0xd2, //
                0x28, 0x09, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0xfa, 0xff, 0xff, 0x17,
            ],
        ),
        _ => return None,
    };
    const FILE_HEADER: u16 = 64;
    const PROGRAM_HEADER: u16 = 56;
    let length = u64::from(FILE_HEADER + PROGRAM_HEADER) + code.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(2_u16.to_le_bytes()); // An executable
    file.extend(machine.to_le_bytes());
    file.extend(1_u32.to_le_bytes()); // of version 1,
    file.extend((BASE + u64::from(FILE_HEADER + PROGRAM_HEADER)).to_le_bytes()); // which begins behind the headers,
    file.extend(u64::from(FILE_HEADER).to_le_bytes()); // the program header following this one,
    file.extend(0_u64.to_le_bytes()); // without sections
    file.extend(0_u32.to_le_bytes()); // or flags.
    for field in [FILE_HEADER, PROGRAM_HEADER, 1, 0, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend(1_u32.to_le_bytes()); // A segment to load,
    file.extend(5_u32.to_le_bytes()); // readable and executable:
    for field in [0, BASE, BASE, length, length, 0x1_0000] {
        file.extend(field.to_le_bytes());
    }
    file.extend(code);
    Some(file)
}

#[cfg(test)]
mod tests {
    use bollard::models::{ContainerCreateBody, HostConfig};
    use bollard::query_parameters::CreateContainerOptions;

    use super::*;
    use crate::engine::Rehearsal;

    #[test]
    fn the_image_is_the_same_bytes_every_time_and_other_architectures_are_refused() {
        for architecture in ["amd64", "arm64"] {
            assert_eq!(archive(architecture).expect("known"), archive(architecture).expect("known"));
            assert!(program(architecture).expect("known").len() < 160);
        }
        assert!(matches!(archive("s390x"), Err(PauseError::Architecture(name)) if name == "s390x"));
    }

    #[tokio::test]
    async fn a_container_of_it_runs_and_waits() {
        let engine = Engine::connect().await.expect("these tests need a Docker engine");
        engine.ensure_pause_image().await.expect("the engine takes the image");
        engine.ensure_pause_image().await.expect("a second time it is there");
        let rehearsal = Rehearsal::new("pause-test").expect("/proc");
        let body = ContainerCreateBody {
            image: Some(IMAGE.to_owned()),
            labels: Some(rehearsal.labels()),
            host_config: Some(HostConfig { network_mode: Some("none".to_owned()), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let docker = engine.docker();
        let id = docker.create_container(None::<CreateContainerOptions>, body).await.expect("created").id;
        docker.start_container(&id, None).await.expect("started");
        // `pause` on x86-64, `poll` as the kernel names where ppoll waits: either way it sleeps and uses no processor.
        let state = docker.inspect_container(&id, None).await.expect("inspected").state.expect("it has a state");
        assert_eq!(state.running, Some(true));
        let status = std::fs::read_to_string(format!("/proc/{}/status", state.pid.expect("it has a process")));
        assert!(status.expect("the engine is local").contains("State:\tS (sleeping)"));
        let swept = engine.sweep(rehearsal.id()).await.expect("swept");
        assert_eq!(swept.containers, 1);
    }
}
