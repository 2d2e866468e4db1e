//! Whatever ends a rehearsal, nothing of it is left behind.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::app::App;
use crate::engine::Engine;
use crate::whole::whole;

/// How long after the end nothing may be left.
const BOUND: Duration = Duration::from_secs(10);

/// A rehearsal takes about so long; moments beyond its end are no test.
const SPAN: Duration = Duration::from_secs(20);

fn end_by(signal: Signal, after: Duration) {
    let app = App::check_out("v2");
    let engine = Engine::connect();
    let mut child = app.command("postgres").spawn().expect("greenroom can be run");
    let owner = child.id();
    let begun = Instant::now();
    // The moment is what is tested: there is no condition to wait for but the clock, or the end of the program.
    while begun.elapsed() < after && child.try_wait().expect("the child is ours").is_none() {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let status = signal_and_reap(&mut child, signal);
    if signal == Signal::INT {
        // Zero where the rehearsal was over first; the signal itself where the program had only just begun.
        let begun = after > Duration::from_secs(1);
        assert!(matches!(status.code(), Some(130 | 0)) || !begun, "after {after:?}: {status}");
    }
    let ended = Instant::now();
    loop {
        let left = engine.left_by(owner);
        if left.is_empty() {
            break;
        }
        assert!(ended.elapsed() < BOUND, "{signal:?} after {after:?}: {left:#?}");
        std::thread::park_timeout(Duration::from_millis(100));
    }
    // What was under way in the engine when the program ended must not come up later.
    let settled = Instant::now();
    while settled.elapsed() < Duration::from_secs(2) {
        std::thread::park_timeout(Duration::from_millis(200));
        let left = engine.left_by(owner);
        assert!(left.is_empty() || ended.elapsed() < BOUND, "{signal:?} after {after:?}, late: {left:#?}");
    }
}

fn signal_and_reap(child: &mut Child, signal: Signal) -> ExitStatus {
    if let Some(pid) = Pid::from_raw(i32::try_from(child.id()).expect("process ids fit an i32")) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(pid, signal);
    }
    child.wait().expect("the child is ours")
}

/// Moments spread over the whole rehearsal; where exactly differs from run to run with the time of day.
fn moments(count: u32) -> Vec<Duration> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let step = SPAN / count;
    let offset = step.mul_f64(f64::from(now.subsec_millis()) / 1000.0);
    (0..count).map(|index| step * index + offset).collect()
}

#[test]
fn kill_9_at_whatever_moment_leaves_nothing() {
    for moment in moments(if whole() { 20 } else { 5 }) {
        end_by(Signal::KILL, moment);
    }
}

#[test]
fn an_interrupt_leaves_nothing() {
    for moment in moments(3) {
        end_by(Signal::INT, moment);
    }
}
