//! How a container of some image behaves.

use std::time::Duration;

/// What becomes of a wish for the image.
#[derive(Clone, Debug)]
pub(crate) enum Image {
    /// It is there after so long.
    Pulls(Duration),
    /// The registry refuses it, in these words.
    Refused(&'static str),
    /// Nothing ever comes.
    Hangs,
}

/// How a container behaves, from the wish for its image to its end. Times count from the container's start.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    /// The image.
    pub(crate) image: Image,
    /// From the wish to start it to its running.
    pub(crate) starts_in: Duration,
    /// It does not start, in the engine's words.
    pub(crate) cannot_start: Option<&'static str>,
    /// It ends by itself after so long, with this exit code; 137 stands for the kernel's killing it for its memory.
    pub(crate) exits: Option<(Duration, i32)>,
    /// From when its health command passes.
    pub(crate) healthy: Option<Duration>,
    /// Its health command fails again from then on.
    pub(crate) sick: Option<Duration>,
    /// From when it answers HTTP requests with 200.
    pub(crate) serves: Option<Duration>,
    /// How long it takes to stop when told to; none means that it has to be killed.
    pub(crate) stops_in: Option<Duration>,
    /// How long its health command and its answers take.
    pub(crate) answers_in: Duration,
}

impl Behaviour {
    /// A server that is up and healthy two seconds after its start and lives for ever.
    pub(crate) fn healthy() -> Self {
        let up = Some(Duration::from_secs(2));
        Self {
            image: Image::Pulls(Duration::from_secs(1)),
            starts_in: Duration::from_millis(500),
            cannot_start: None,
            exits: None,
            healthy: up,
            sick: None,
            serves: up,
            stops_in: Some(Duration::from_secs(1)),
            answers_in: Duration::from_millis(10),
        }
    }

    /// A program that ends after `after` with `code`.
    pub(crate) fn exiting(after: Duration, code: i32) -> Self {
        Self { exits: Some((after, code)), ..Self::healthy() }
    }

    /// A server whose health command never passes, and that serves nobody.
    pub(crate) fn unhealthy() -> Self {
        Self { healthy: None, serves: None, ..Self::healthy() }
    }

    /// A server that is up and healthy `after` its start.
    pub(crate) fn healthy_after(after: Duration) -> Self {
        Self { healthy: Some(after), serves: Some(after), ..Self::healthy() }
    }
}
