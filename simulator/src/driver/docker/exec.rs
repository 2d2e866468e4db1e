//! A command in a running container.

use std::fs;
use std::time::Duration;

use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

use super::follow::Output;
use crate::engine::{Engine, said};

/// A command's exit code may become known this long after its output has ended.
const EXIT_CODE: Duration = Duration::from_secs(2);

/// Between two questions for it.
const PAUSE: Duration = Duration::from_millis(5);

/// A command under way.
pub(super) struct Exec<'a> {
    engine: &'a Engine,
    id: String,
    container: &'a str,
    stream: Output,
    output: Vec<u8>,
}

impl<'a> Exec<'a> {
    /// Starts `command` in `container`.
    pub(super) async fn start(engine: &'a Engine, container: &'a str, command: Vec<String>) -> Result<Self, String> {
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command),
            ..CreateExecOptions::default()
        };
        let docker = engine.docker();
        let id = docker.create_exec(container, options).await.map_err(|error| said(&error))?.id;
        match docker.start_exec(&id, None::<StartExecOptions>).await.map_err(|error| said(&error))? {
            StartExecResults::Attached { output, .. } => {
                Ok(Self { engine, id, container, stream: output, output: Vec::new() })
            }
            StartExecResults::Detached => Err("the engine did not attach to the command".to_owned()),
        }
    }

    /// Reads what the command writes, to the end, and keeps as much as `most` bytes of it. Cancelling it is safe.
    pub(super) async fn read(&mut self, most: usize) {
        while let Some(Ok(piece)) = self.stream.next().await {
            let piece = piece.into_bytes();
            let room = most.saturating_sub(self.output.len());
            self.output.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    /// What it has written so far.
    pub(super) fn output(&self) -> String {
        String::from_utf8_lossy(&self.output).trim_end().to_owned()
    }

    /// Its exit code, if it has ended.
    pub(super) async fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + EXIT_CODE;
        loop {
            let inspected = self.engine.docker().inspect_exec(&self.id).await.ok()?;
            if inspected.running == Some(false) {
                return inspected.exit_code.and_then(|code| i32::try_from(code).ok());
            }
            // The output has ended a moment before the engine notes the end of the process.
            if Instant::now() > deadline {
                return None;
            }
            sleep(PAUSE).await;
        }
    }

    /// Kills it and what it has started, as far as that is possible.
    pub(super) async fn kill(&mut self) {
        kill(self.engine, &self.id, self.container).await;
    }
}

/// Kills the command `id` in `container` and what it has started, as far as that is possible: the engine's API has no way to.
pub(super) async fn kill(engine: &Engine, id: &str, container: &str) {
    let docker = engine.docker();
    let inspected = docker.inspect_exec(id).await.ok();
    let Some(pid) = inspected.filter(|exec| exec.running == Some(true)).and_then(|exec| exec.pid) else { return };
    let Some(inner) = inner_pid(pid, container) else { return };
    // The command leads a process group of its own. Whoever may, kills it from outside.
    let group = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if group.is_some_and(|group| kill_process_group(group, Signal::KILL).is_ok()) {
        return;
    }
    // Otherwise the container has to lend its shell.
    let command = CreateExecOptions {
        cmd: Some(vec!["/bin/sh".to_owned(), "-c".to_owned(), format!("kill -9 -{inner} || kill -9 {inner}")]),
        user: Some("0".to_owned()),
        ..CreateExecOptions::default()
    };
    if let Ok(created) = docker.create_exec(container, command).await {
        let options = StartExecOptions { detach: true, ..StartExecOptions::default() };
        // A container without a shell keeps the process until it ends itself.
        let _ = docker.start_exec(&created.id, Some(options)).await;
    }
}

/// The number that process `pid` of this machine has inside `container`; none if it is not a process of that container.
fn inner_pid(pid: i64, container: &str) -> Option<u32> {
    let cgroup = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    if !cgroup.contains(container) {
        return None;
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_whitespace().next_back()?.parse().ok()
}
