//! Following a container to its end: its output line by line, and then how it ended.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error as ApiError;
use bollard::query_parameters::WaitContainerOptionsBuilder;
use futures_util::{Stream, StreamExt};
use simulator_core::Observation;
use simulator_core::effect::TaskId;
use tokio::time::{Instant, sleep, timeout};

use super::lines::Lines;
use super::task::Container;
use crate::driver::Observer;
use crate::engine::{Engine, is_absent};

/// The two streams of a container's output.
pub(super) type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, ApiError>> + Send>>;

/// The last of a container's output may come this long after its end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// An engine that goes away may be back within this time, and then knows how the container ended.
const ENGINE_RETURNS: Duration = Duration::from_secs(10);

/// Between two questions to an engine that does not answer.
const PAUSE: Duration = Duration::from_millis(200);

/// A container that runs.
pub(super) struct Followed {
    pub(super) task: TaskId,
    pub(super) name: String,
    pub(super) container: Arc<Container>,
    /// Its output, if each line is to be observed.
    pub(super) output: Option<Output>,
}

/// How a container ended, as far as the engine knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct End {
    exit_code: Option<i32>,
    out_of_memory: bool,
}

/// Observes every line and then the end.
pub(super) async fn follow(engine: Engine, followed: Followed, observer: Arc<dyn Observer>) {
    let Followed { task, name, container, output } = followed;
    let mut reading = Box::pin(read(output, |line| {
        observer.observe(Observation::Logged { task, container: name.as_str().into(), line });
    }));
    let mut ending = Box::pin(end_of(&engine, &container.id));
    let end = tokio::select! {
        end = &mut ending => {
            // Every line is observed before the end. A stream that does not close does not hold it up for ever.
            let _ = timeout(LAST_WORDS, &mut reading).await;
            end
        }
        // A process may close its output and go on.
        () = &mut reading => ending.await,
    };
    drop(reading);
    container.ended.send_replace(true);
    let End { exit_code, out_of_memory } = end;
    observer.observe(Observation::ContainerExited { task, container: name.into(), exit_code, out_of_memory });
}

async fn read(output: Option<Output>, mut pass_on: impl FnMut(String)) {
    let Some(mut output) = output else { return };
    let (mut out, mut err) = (Lines::default(), Lines::default());
    // An error is the end of what can be read.
    while let Some(Ok(piece)) = output.next().await {
        match piece {
            LogOutput::StdErr { message } => err.take(&message, &mut pass_on),
            LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
                out.take(&message, &mut pass_on);
            }
        }
    }
    out.end(&mut pass_on);
    err.end(&mut pass_on);
}

/// Waits for the container's end. A container that somebody removed has ended, nobody knows how; so has one of an engine
/// that does not come back.
async fn end_of(engine: &Engine, id: &str) -> End {
    let mut exit_code = None;
    let mut silent_since: Option<Instant> = None;
    loop {
        let condition = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let mut waiting = Box::pin(engine.docker().wait_container(id, Some(condition)));
        match waiting.next().await {
            Some(Ok(answer)) => exit_code = i32::try_from(answer.status_code).ok(),
            Some(Err(ApiError::DockerContainerWaitError { code, .. })) => exit_code = i32::try_from(code).ok(),
            Some(Err(error)) if is_absent(&error) => return End { exit_code, out_of_memory: false },
            Some(Err(_)) | None => {}
        }
        match engine.docker().inspect_container(id, None).await {
            Ok(inspected) => {
                let state = inspected.state.unwrap_or_default();
                silent_since = None;
                if state.running != Some(true) {
                    let known = state.exit_code.and_then(|code| i32::try_from(code).ok());
                    return End { exit_code: known.or(exit_code), out_of_memory: state.oom_killed == Some(true) };
                }
            }
            Err(error) if is_absent(&error) => return End { exit_code, out_of_memory: false },
            Err(_) if silent_since.get_or_insert_with(Instant::now).elapsed() > ENGINE_RETURNS => {
                return End { exit_code, out_of_memory: false };
            }
            Err(_) => {}
        }
        sleep(PAUSE).await;
    }
}
