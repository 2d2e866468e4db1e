//! Prediction against truth: rollouts with real containers and with AWS's own delays end as virtual time predicts from how those
//! containers behaved, and take as long.
//!
//! AWS's delays are shortened by nothing but configuration: short intervals, low thresholds, short draining. All rollouts go on side by
//! side, since they mostly wait; a prediction from the measured behaviour holds on a busy machine too, because what makes the containers
//! slow is measured with them.
//!
//! What was predicted and what was seen of each is always printed: `cargo test --test truth -- --nocapture`.
//!
//! In reading order: what is rolled out ([`cases`]), where ([`scene`]), and how a behaviour becomes a program ([`program`], of the
//! conformance suite).

mod cases;
#[path = "../conformance/program.rs"]
mod program;
mod scene;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use simulator::prediction::{Prediction, RolloutEnd};

use crate::cases::Case;
use crate::scene::{Images, Scene};

/// A prediction may be wrong by this share of the truth.
const TOLERANCE: f64 = 0.10;

/// One rollout, as it was predicted and as it was seen.
struct Both {
    case: Case,
    predicted: Prediction,
    seen: Prediction,
}

#[expect(clippy::print_stdout, reason = "the figures are wanted of a test that passes, too")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollouts_on_docker_end_as_virtual_time_predicts_and_take_as_long() {
    let images = Images::name().await;
    let both = join_all(cases::all().into_iter().map(|case| async {
        let played = AssertUnwindSafe(Scene::play(&case, &images)).catch_unwind().await;
        played.map(|(predicted, seen)| Both { case, predicted, seen })
    }))
    .await;
    images.forget().await;
    let both = both.into_iter().map(|played| played.unwrap_or_else(|panic| resume_unwind(panic)));
    let both: Vec<Both> = both.collect();
    let table: Vec<String> = both.iter().map(Both::line).collect();
    println!("{}", table.join("\n"));
    let wrong: Vec<String> = both.iter().flat_map(Both::differences).collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), table.join("\n"));
}

impl Both {
    /// What is printed of it.
    fn line(&self) -> String {
        let Self { case, predicted, seen } = self;
        let (predicted_time, seen_time) = (time(predicted).as_secs_f64(), time(seen).as_secs_f64());
        let off = 100.0 * (predicted_time - seen_time) / seen_time;
        let name = case.name;
        format!(
            "{name}: predicted {predicted_time:.1} s, seen {seen_time:.1} s ({off:+.1} %)\n    predicted {predicted:?}\n    seen      {seen:?}"
        )
    }

    /// Where the prediction was wrong.
    fn differences(&self) -> Vec<String> {
        let Self { case, predicted, seen } = self;
        let name = case.name;
        let mut wrong = Vec::new();
        if how(seen) != case.ends {
            wrong.push(format!("{name}: it was to be {}, and is {}", case.ends, how(seen)));
        }
        let facts = |it: &Prediction| (how(it), it.crowd.most, it.killed_for_health, it.failed);
        if facts(predicted) != facts(seen) {
            wrong.push(format!("{name}: predicted {:?}, seen {:?}", facts(predicted), facts(seen)));
        }
        for (what, predicted, seen) in [
            ("the rollout", time(predicted), time(seen)),
            ("old and new side by side", predicted.crowd.overlap, seen.crowd.overlap),
        ] {
            if predicted.abs_diff(seen).as_secs_f64() > TOLERANCE * seen.as_secs_f64() {
                wrong.push(format!("{name}: {what}: predicted {predicted:?}, seen {seen:?}"));
            }
        }
        wrong
    }
}

fn how(prediction: &Prediction) -> &'static str {
    match prediction.end {
        RolloutEnd::Completed { .. } => "completed",
        RolloutEnd::Failed { steady: Some(_), .. } => "failed and rolled back",
        RolloutEnd::Failed { steady: None, .. } => "failed",
        RolloutEnd::Never => "never over",
    }
}

/// From UpdateService until all is over: the rollback too.
fn time(prediction: &Prediction) -> Duration {
    match prediction.end {
        RolloutEnd::Completed { after } => after,
        RolloutEnd::Failed { after, steady, .. } => steady.unwrap_or(after),
        RolloutEnd::Never => Duration::MAX,
    }
}
