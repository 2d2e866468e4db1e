//! A load balancer's health check of a target: one GET, on a connection of its own.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{CONNECTION, USER_AGENT};
use reqwest::redirect::Policy;
use simulator_core::effect::Target;
use simulator_core::observation::ProbeAnswer;

/// What the real load balancer calls itself in its health checks; applications look for it.
const AGENT: &str = "ELB-HealthChecker/2.0";

/// Makes health checks.
#[derive(Clone, Debug)]
pub struct TargetProbe {
    client: Client,
}

impl TargetProbe {
    /// Without redirects followed and without the proxy that the environment may name: a target is asked directly.
    ///
    /// # Panics
    /// Never: without TLS there is nothing that could fail.
    #[must_use]
    pub fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0).build();
        Self { client: client.expect("a client without TLS can always be built") }
    }

    /// Asks `target` for `path`.
    pub async fn ask(&self, target: &Target, path: &str, timeout: Duration) -> ProbeAnswer {
        let url = format!("http://{}{path}", SocketAddr::new(target.address, target.port));
        let request = self.client.get(url).header(USER_AGENT, AGENT).header(CONNECTION, "close").timeout(timeout);
        match request.send().await {
            Ok(response) => ProbeAnswer::Status(response.status().as_u16()),
            Err(error) if error.is_timeout() => ProbeAnswer::TimedOut,
            Err(error) => ProbeAnswer::Failed(reason(&error)),
        }
    }
}

impl Default for TargetProbe {
    fn default() -> Self {
        Self::new()
    }
}

/// The last of the error's causes: what the connection met.
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset) => "connection reset".to_owned(),
        _ => error.to_string(),
    }
}
