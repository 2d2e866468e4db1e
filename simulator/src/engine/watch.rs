//! The watcher: a process of its own that removes what a rehearsal leaves, whatever ended it.
//!
//! It is this same program, started again with a hidden subcommand that calls [`run`]. Its standard input is a pipe whose
//! other end only the rehearsal holds, so that the end of the rehearsal, kill -9 included, is the end of that input. It
//! lives in a session of its own, out of reach of the terminal and of its signals.
//!
//! What it cannot survive is the end of everything around it: of its container, of its systemd unit, of the machine. What
//! is left then is removed by the next rehearsal, or by `greenroom clean`.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::setsid;
use thiserror::Error;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};

use super::connect::Engine;
use super::rehearsal::RehearsalId;
use super::sweep::Sweeper;

/// What the watcher writes once no signal to its parent's terminal or group can reach it.
const READY: &str = "greenroom: the watcher is ready";

/// The watcher goes on until the engine has shown nothing of the rehearsal for this long: a container whose creation was
/// under way when the rehearsal was killed appears only when the engine is done with it.
const SETTLE: Duration = Duration::from_secs(15);

/// Between two looks while something may still be there.
const PAUSE: Duration = Duration::from_millis(250);

/// Between two looks while nothing has been: another rehearsal may want the engine's time.
const QUIET_PAUSE: Duration = Duration::from_secs(1);

/// An engine that stays away this long is not waited for any more. What it holds is then left to `greenroom clean`.
const GIVE_UP: Duration = Duration::from_secs(600);

/// A watcher that waits for this process to end. Dropping it tells the watcher that the rehearsal is over: it makes sure
/// that nothing is left and ends.
#[derive(Debug)]
pub struct Watcher {
    /// Closed when dropped, and by the kernel whatever ends this process.
    input: Option<ChildStdin>,
    child: Child,
}

impl Watcher {
    /// The watcher's process number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the watcher without its having removed anything.
    pub fn stand_down(mut self) {
        // It is ours, and if it has ended by itself there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.input.take());
        // Reaped if it has ended already; otherwise it outlives this process, as it is meant to.
        let _ = self.child.try_wait();
    }
}

/// Why there is no watcher.
#[derive(Debug, Error)]
pub enum WatchError {
    /// The program could not be started again.
    #[error("could not start the watcher")]
    Start(#[source] io::Error),
    /// It ended before it was ready.
    #[error("the watcher ended before it was ready")]
    Ended,
    /// It could not leave this process's session.
    #[error("could not detach the watcher from the terminal")]
    Detach(#[source] io::Error),
    /// The engine did not let it finish.
    #[error("the watcher of rehearsal {0} gave up: the engine did not answer")]
    GaveUp(RehearsalId),
}

/// Starts the watcher of the rehearsal `id`: `program` with `arguments`, which must lead to [`run`]. It is ready when this
/// returns, so nothing of the rehearsal may be created before.
///
/// `program` is best `/proc/self/exe`, which is this program even after its file has been replaced.
///
/// # Errors
/// The program cannot be started, or does not lead to [`run`].
pub fn spawn<A: AsRef<OsStr>>(id: &RehearsalId, program: &Path, arguments: &[A]) -> Result<Watcher, WatchError> {
    let mut command = Command::new(program);
    // An own working directory would keep the user's from being removed or unmounted.
    command.args(arguments).arg(id.as_str()).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(WatchError::Start)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let output = output.expect("the output was asked to be a pipe");
    let ready = BufReader::new(output).lines().map_while(Result::ok).any(|line| line.ends_with(READY));
    if ready {
        return Ok(Watcher { input, child });
    }
    drop(input);
    child.wait().map_err(WatchError::Start)?;
    Err(WatchError::Ended)
}

/// The hidden subcommand: waits until standard input ends, then removes what the rehearsal `id` has left, and what it
/// still leaves while the engine finishes what it was asked for.
///
/// # Errors
/// The process cannot detach itself, or the engine stays away.
pub async fn run(id: &RehearsalId) -> Result<(), WatchError> {
    setsid().map_err(|error| WatchError::Detach(error.into()))?;
    // Under another name than the program's, `killall greenroom` spares it.
    let _ = std::fs::write("/proc/self/comm", "gr-watcher");
    let announced = writeln!(io::stdout(), "{READY}").and_then(|()| io::stdout().flush());
    announced.map_err(WatchError::Detach)?;
    // The engine is found now, so that no time is lost later.
    let engine = Engine::connect().await.ok();
    let mut input = tokio::io::stdin();
    let mut buffer = [0; 64];
    // Whatever is not more input is its end.
    while matches!(input.read(&mut buffer).await, Ok(read) if read > 0) {}
    clear_up(id, engine).await
}

async fn clear_up(id: &RehearsalId, mut engine: Option<Engine>) -> Result<(), WatchError> {
    let began = Instant::now();
    let mut sweeper = Sweeper::new(id);
    let mut quiet_since = None;
    loop {
        if engine.is_none() {
            engine = Engine::connect().await.ok();
        }
        let found = match &engine {
            Some(connected) => sweeper.sweep(connected).await.ok(),
            None => None,
        };
        match found {
            Some(swept) if swept.is_nothing() => {
                if quiet_since.get_or_insert_with(Instant::now).elapsed() >= SETTLE {
                    return Ok(());
                }
            }
            Some(_) => quiet_since = None,
            // The engine may be restarting: what it held is still there when it is back.
            None if began.elapsed() > GIVE_UP => return Err(WatchError::GaveUp(id.clone())),
            None => {
                quiet_since = None;
                engine = None;
            }
        }
        sleep(if quiet_since.is_some() { QUIET_PAUSE } else { PAUSE }).await;
    }
}

#[cfg(test)]
mod tests;
