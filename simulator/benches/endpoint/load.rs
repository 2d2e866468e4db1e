//! How many calls are answered in a second.

use std::error::Error;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::calls::Calls;

/// Calls of `operation` that are answered in a second, made one after the other on each of `connections` for as long as `span`.
pub(super) async fn rate(
    calls: &Calls,
    operation: &'static str,
    connections: usize,
    span: Duration,
) -> Result<f64, Box<dyn Error>> {
    let mut workers = JoinSet::new();
    let started = Instant::now();
    for _ in 0..connections {
        let calls = calls.apart()?;
        workers.spawn(async move {
            let mut answered = 0_u32;
            while started.elapsed() < span {
                calls.call(operation).await.map_err(|error| error.to_string())?;
                answered += 1;
            }
            Ok::<u32, String>(answered)
        });
    }
    let mut answered = 0;
    while let Some(worker) = workers.join_next().await {
        answered += worker??;
    }
    Ok(f64::from(answered) / started.elapsed().as_secs_f64())
}
