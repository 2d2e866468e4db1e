//! A command in a running container that has a terminal, for whoever enters the container.

use std::pin::Pin;

use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::exec::kill;
use super::follow::Output;
use crate::engine::{Engine, said};

/// What programs take the terminal for, and the language where the container says nothing, as the agent sets both
/// (amazon-ssm-agent, `agent/session/shell`).
const TERMINAL: &str = "TERM=xterm-256color";
const LANGUAGE: (&str, &str) = ("LANG=", "LANG=C.UTF-8");

/// A command under way.
pub(crate) struct Terminal {
    /// What it shows.
    pub(crate) screen: Screen,
    /// What is typed.
    pub(crate) keyboard: Keyboard,
    /// The process.
    pub(crate) process: Process,
}

/// What a terminal shows.
pub(crate) struct Screen(Output);

/// What is typed into a terminal.
pub(crate) struct Keyboard {
    input: Pin<Box<dyn AsyncWrite + Send>>,
    process: Process,
}

/// The process in a terminal.
#[derive(Clone)]
pub(crate) struct Process {
    engine: Engine,
    id: String,
    container: String,
}

impl Terminal {
    /// Starts `words` in the container `container` as root, who the agent is also "even when you specify a user ID for the container"
    /// (ECS developer guide, considerations for using ECS Exec).
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn open(engine: &Engine, container: &str, words: Vec<String>) -> Result<Self, String> {
        let docker = engine.docker();
        let known = docker.inspect_container(container, None).await.map_err(|error| said(&error))?;
        let variables = known.config.and_then(|config| config.env).unwrap_or_default();
        let mut environment = vec![TERMINAL.to_owned()];
        if !variables.iter().any(|variable| variable.starts_with(LANGUAGE.0)) {
            environment.push(LANGUAGE.1.to_owned());
        }
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(true),
            user: Some("0".to_owned()),
            env: Some(environment),
            cmd: Some(words),
            ..CreateExecOptions::default()
        };
        let id = docker.create_exec(container, options).await.map_err(|error| said(&error))?.id;
        let options = StartExecOptions { tty: true, ..StartExecOptions::default() };
        match docker.start_exec(&id, Some(options)).await.map_err(|error| said(&error))? {
            StartExecResults::Attached { output, input } => {
                let process = Process { engine: engine.clone(), id, container: container.to_owned() };
                let keyboard = Keyboard { input, process: process.clone() };
                Ok(Self { screen: Screen(output), keyboard, process })
            }
            StartExecResults::Detached => Err("the engine did not attach to the command".to_owned()),
        }
    }
}

impl Screen {
    /// What it shows next; none at the end. Cancelling it is safe.
    pub(crate) async fn read(&mut self) -> Option<Bytes> {
        // An error is the end of what can be read.
        self.0.next().await?.ok().map(bollard::container::LogOutput::into_bytes)
    }
}

impl Keyboard {
    /// Types `keys`, which waits while nobody reads them.
    pub(crate) async fn write(&mut self, keys: &[u8]) -> std::io::Result<()> {
        self.input.write_all(keys).await?;
        self.input.flush().await
    }

    /// Gives the terminal another size. One that has just closed keeps its own.
    pub(crate) async fn resize(&mut self, (width, height): (u16, u16)) {
        let Process { engine, id, container: _ } = &self.process;
        if let Err(error) = engine.docker().resize_exec(id, ResizeExecOptions { height, width }).await {
            tracing::debug!(error = %said(&error), "a terminal keeps its size");
        }
    }
}

impl Process {
    /// Ends it, if it still runs.
    pub(crate) async fn kill(&self) {
        kill(&self.engine, &self.id, &self.container).await;
    }
}
