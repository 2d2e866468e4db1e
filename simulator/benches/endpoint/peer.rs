//! A server under measurement, as a process.

use std::error::Error;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::calls::Calls;

/// A server that has not answered after this long is not waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often one that does not listen yet is tried.
const PAUSE: Duration = Duration::from_millis(1);

/// A server that runs.
pub(super) struct Peer {
    child: Child,
    pub(super) endpoint: String,
    pub(super) access_key_id: String,
    pub(super) secret: String,
    /// Whether it told the credentials that it wants.
    pub(super) checks_signatures: bool,
    /// From the start of the process to its first answer.
    pub(super) started_in: Duration,
}

impl Peer {
    /// Starts `command` and waits for its first answer.
    pub(super) async fn start(command: &str) -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let command = command.replace("{port}", &port.to_string());
        let started = Instant::now();
        let mut child = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server's output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut peer = Self {
            child,
            endpoint: format!("http://127.0.0.1:{port}"),
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            checks_signatures: command.contains("greenroom"),
            started_in: Duration::ZERO,
        };
        if peer.checks_signatures {
            let line = timeout(PATIENCE, lines.next_line()).await??.ok_or("the server ended")?;
            let ready: Value = serde_json::from_str(&line)?;
            let text = |name: &str| ready[name].as_str().map(str::to_owned).ok_or(format!("it printed no `{name}`"));
            peer.endpoint = text("endpoint")?;
            peer.access_key_id = text("access_key_id")?;
            peer.secret = text("secret_access_key")?;
        }
        // What it goes on to print is not ours to read, but must not block it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let calls = Calls::new(&peer)?;
        timeout(PATIENCE, async {
            while calls.call("ListClusters").await.is_err() {
                sleep(PAUSE).await
            }
        })
        .await?;
        peer.started_in = started.elapsed();
        Ok(peer)
    }

    /// Its resident memory, in MiB.
    pub(super) fn resident(&self) -> Result<f64, Box<dyn Error>> {
        let pid = self.child.id().ok_or("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// Ends it.
    pub(super) async fn stop(mut self) -> Result<(), Box<dyn Error>> {
        self.child.kill().await?;
        Ok(())
    }
}
