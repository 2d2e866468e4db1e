//! How a container behaves, from the wish for its image to its end.

use std::time::Duration;

/// What becomes of a wish for the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// It is there after so long.
    Pulls(Duration),
    /// The registry refuses it, in these words.
    Refused(String),
    /// Nothing ever comes.
    Hangs,
}

/// When a container needs more memory than it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// After so long.
    pub after: Duration,
    /// Whether that counts from the moment a load balancer first sends it requests; otherwise from its start. A container that no
    /// load balancer sends requests to is never under load.
    pub under_load: bool,
}

/// How a container behaves. Where nothing else is said, times count from the container's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// The image.
    pub image: Image,
    /// From the wish to start it to its running.
    pub starts_in: Duration,
    /// It does not start, in the engine's words.
    pub cannot_start: Option<String>,
    /// It ends by itself after so long, with this exit code.
    pub exits: Option<(Duration, i32)>,
    /// The kernel kills it then for its memory.
    pub out_of_memory: Option<OutOfMemory>,
    /// The most memory it uses, in MiB, which it does once it is up ([`Behaviour::up`]). If its limit, or else its task's, is below
    /// that, the kernel kills it then.
    pub peak_memory: Option<u32>,
    /// From when its health command passes; none means never.
    pub healthy: Option<Duration>,
    /// From when it answers HTTP requests with 200; none means never: the connection is refused.
    pub serves: Option<Duration>,
    /// From then on its health command fails and connections to it are refused.
    pub sick: Option<Duration>,
    /// From then on neither its health command nor a request ends before its timeout.
    pub hangs: Option<Duration>,
    /// From then on, for so long, it answers requests with 503, although its health command passes.
    pub unready: Option<(Duration, Duration)>,
    /// How long it takes to stop when told to; none means that it ignores SIGTERM and has to be killed.
    pub stops_in: Option<Duration>,
    /// Its exit code when it stops because it is told to.
    pub stop_code: i32,
    /// How long its health command and its answers take.
    pub answers_in: Duration,
}

impl Behaviour {
    /// A server that is up and healthy two seconds after its start and lives for ever.
    #[must_use]
    pub fn healthy() -> Self {
        let up = Some(Duration::from_secs(2));
        Self {
            image: Image::Pulls(Duration::from_secs(1)),
            starts_in: Duration::from_millis(500),
            cannot_start: None,
            exits: None,
            out_of_memory: None,
            peak_memory: None,
            healthy: up,
            serves: up,
            sick: None,
            hangs: None,
            unready: None,
            stops_in: Some(Duration::from_secs(1)),
            stop_code: 0,
            answers_in: Duration::from_millis(10),
        }
    }

    /// A program that ends after `after` with `code`.
    #[must_use]
    pub fn exiting(after: Duration, code: i32) -> Self {
        Self { exits: Some((after, code)), ..Self::healthy() }
    }

    /// A server whose health command never passes, and that serves nobody.
    #[must_use]
    pub fn unhealthy() -> Self {
        Self { healthy: None, serves: None, ..Self::healthy() }
    }

    /// A server that is up and healthy `after` its start.
    #[must_use]
    pub fn healthy_after(after: Duration) -> Self {
        Self { healthy: Some(after), serves: Some(after), ..Self::healthy() }
    }

    /// A program that the kernel kills for its memory `after` its start.
    #[must_use]
    pub fn out_of_memory(after: Duration) -> Self {
        Self { out_of_memory: Some(OutOfMemory { after, under_load: false }), ..Self::healthy() }
    }

    /// A container whose image the registry refuses in these `words`.
    #[must_use]
    pub fn refused(words: impl Into<String>) -> Self {
        Self { image: Image::Refused(words.into()), ..Self::healthy() }
    }

    /// A container that the engine cannot start, in these `words`.
    #[must_use]
    pub fn cannot_start(words: impl Into<String>) -> Self {
        Self { cannot_start: Some(words.into()), ..Self::healthy() }
    }

    /// When it is up: it serves, or else is healthy, or else has started.
    #[must_use]
    pub fn up(&self) -> Duration {
        self.serves.or(self.healthy).unwrap_or_default()
    }
}

impl Default for Behaviour {
    /// [`Behaviour::healthy`].
    fn default() -> Self {
        Self::healthy()
    }
}
